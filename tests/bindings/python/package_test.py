"""The package as it is handed on: installed by CMake, as a wheel, as an sdist, each without the network; and what type checkers see of it.

Fails when a file of it is missing, when it finds no libseki, or when its type hints contradict its code.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import zipfile

from support import BUILD, SOURCE

USE = """if True:
    import sys, seki
    limiter = seki.open(sys.argv[1]).limiter("api", limit=1, window="1d")
    print(seki.__version__, seki.__file__, limiter.check("a").allowed, limiter.check("a").allowed)
"""


def must(command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


class Packages(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="seki-python-package-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "SEKI_SEGMENT")}

    def install(self):
        for component in ("library", "development", "python"):
            must(["cmake", "--install", BUILD, "--prefix", self.folder / "staged", "--component", component])
        # An installed tree may be moved.
        (self.folder / "staged").rename(self.folder / "installed")
        return self.folder / "installed"

    def use(self, python_path, **environment):
        said = must([sys.executable, "-c", USE, self.folder / "a.seg"], env={**self.environment, "PYTHONPATH": str(python_path), **environment})
        version, where, *answers = said.split()
        project = (SOURCE / "CMakeLists.txt").read_text(encoding="utf-8")
        self.assertIn(f"project(seki VERSION {version} ", project)
        self.assertTrue(pathlib.Path(where).is_relative_to(self.folder), where)
        self.assertEqual(answers, ["True", "False"])
        (self.folder / "a.seg").unlink()

    def pip(self, *arguments, **environment):
        return must([sys.executable, "-m", "pip", *arguments, "--no-index", "--no-deps"], env={**self.environment, "PIP_DISABLE_PIP_VERSION_CHECK": "1", **environment})

    def test_cmake_installs_it_where_python_looks_and_it_finds_its_library(self):
        (native,) = self.install().glob("**/seki/_native.*.so")
        self.assertTrue((native.parent / "py.typed").is_file())
        self.use(native.parent.parent)

    def test_a_wheel_and_an_sdist_are_made_without_the_network(self):
        installed = self.install()
        source = self.folder / "python"
        shutil.copytree(SOURCE / "bindings/python", source, ignore=shutil.ignore_patterns("build", "*.egg-info", "dist"))
        (source / "VERSION").write_text("0.1.0\n", encoding="utf-8")
        made = "import setuptools.build_meta as backend; print(backend.build_sdist(%r))" % str(self.folder)
        must([sys.executable, "-c", made], cwd=source, env={**self.environment, "SEKI_PREFIX": str(installed)})
        (sdist,) = self.folder.glob("*.tar.gz")
        # The wheel is made of the sdist alone.
        self.pip("wheel", "--no-build-isolation", "--wheel-dir", self.folder, sdist, SEKI_PREFIX=str(installed))
        (wheel,) = self.folder.glob("*.whl")
        names = {pathlib.Path(name).name for name in zipfile.ZipFile(wheel).namelist()}
        self.assertTrue({"py.typed", "_native.pyi", "wsgi.py", "asgi.py", "__init__.py"} <= names, names)
        self.pip("install", "--target", self.folder / "target", wheel)
        self.use(self.folder / "target")

    def test_the_line_of_the_guide_works_in_a_fresh_checkout(self):
        """Fails when pip only works where something was built before, or not in an environment as the guide makes it."""
        guide = (SOURCE / "docs/guide/python.md").read_text(encoding="utf-8")
        (lines,) = re.findall(r"^((?:    .*\n)+)\n", guide[: guide.index("pip install") + 200], re.MULTILINE)
        self.assertIn("pip install --no-index --no-build-isolation ./bindings/python", lines)
        installed, checkout = self.install(), self.folder / "checkout"
        for file in must(["git", "ls-files", "CMakeLists.txt", "bindings/python"], cwd=SOURCE).splitlines():
            (checkout / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(SOURCE / file, checkout / file)
        must(["bash", "-euc", lines], cwd=checkout, env={**self.environment, "SEKI_PREFIX": str(installed), "PATH": f"/usr/bin:{os.environ['PATH']}"})
        said = must([checkout / "venv/bin/python", "-c", USE, self.folder / "b.seg"], env=self.environment)
        version, where, *answers = said.split()
        self.assertEqual((version, answers), ("0.1.0", ["True", "False"]))
        self.assertTrue(where.startswith(str(checkout / "venv")), where)

    def test_without_a_library_it_says_what_to_install(self):
        source = self.folder / "python"
        shutil.copytree(SOURCE / "bindings/python", source)
        environment = {**self.environment, "PKG_CONFIG_LIBDIR": str(self.folder), "PKG_CONFIG_PATH": ""}
        done = subprocess.run([sys.executable, "setup.py", "--version"], cwd=source, env=environment, capture_output=True, text=True)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("there is no installed libseki", done.stderr)


class Types(unittest.TestCase):
    def test_the_hints_are_strict_and_a_program_that_errs_is_told(self):
        mypy = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", os.devnull]
        must([*mypy, SOURCE / "bindings/python/seki"])
        with tempfile.TemporaryDirectory() as folder:
            program = pathlib.Path(folder, "program.py")
            right = "import seki\nlogins = seki.open().limiter('a', limit=1, window='1m')\nleft: int = logins.check('a').remaining\n"
            right += "paid: str = seki.open().retry('b').call(str, 5, retry_on=(OSError, KeyError))\nwith seki.deadline('2s'):\n    seconds: float = seki.deadline.remaining()\n"
            program.write_text(right, encoding="utf-8")
            environment = {**os.environ, "MYPYPATH": str(SOURCE / "bindings/python")}
            must([*mypy, program], env=environment)
            program.write_text(right + "logins.check(5)\nlogins.check('a', cost='b')\nlogins.chekc('a')\nseki.open().retry('b').call(str, retry_on=5)\nseki.deadline([])\n", encoding="utf-8")
            done = subprocess.run([*mypy, program], env=environment, capture_output=True, text=True, check=False)
            self.assertEqual(done.stdout.count("error:"), 5, done.stdout)

    def test_the_stub_of_the_extension_is_what_it_is(self):
        """Fails when an argument of a function in C has another name, place or default in the stub than in its text, or there is one that the stub lacks."""
        must([sys.executable, "-m", "mypy.stubtest", "seki._native"], env={**os.environ, "MYPYPATH": str(SOURCE / "bindings/python")})

    def test_a_method_tells_its_signature(self):
        """Fails when its first argument is taken for `self`, or one that has no name for one that has."""
        import inspect

        import seki

        signatures = {
            seki.Limiter.check: "(self, /, key, cost=1)",
            seki.Limiter.reset: "(self, key, /)",
            seki.Bulkhead.acquire: "(self, /, timeout=None)",
            seki.Breaker.call: "(self, function, /, *arguments, **named)",
            seki.Permit.release: "(self, /)",
            seki.Segment.remove_limiter: "(self, name, /)",
            seki.check_all: "(*demands)",
        }
        self.assertEqual({str(inspect.signature(each)): text for each, text in signatures.items()}, {text: text for text in signatures.values()})

    def test_everything_public_has_a_docstring_and_a_stub(self):
        import ast
        import inspect

        import seki
        from seki import _native

        stub = ast.parse((SOURCE / "bindings/python/seki/_native.pyi").read_text(encoding="utf-8"))
        classes = {node.name: {part.name for part in node.body if isinstance(part, ast.FunctionDef)} for node in stub.body if isinstance(node, ast.ClassDef)}
        functions = {node.name for node in stub.body if isinstance(node, ast.FunctionDef)}
        for name, what in vars(_native).items():
            if inspect.isclass(what):
                own = {each for each in vars(what) if not each.startswith("__")}
                self.assertEqual(own, {each for each in classes[name] if not each.startswith("__")}, name)
            elif callable(what):
                self.assertIn(name, functions)
        for name in seki.__all__:
            what = getattr(seki, name)
            if inspect.isclass(what) or inspect.isfunction(what) or inspect.ismodule(what):
                self.assertTrue(what.__doc__, name)
            for member, value in vars(what).items() if inspect.isclass(what) else ():
                if not member.startswith("_") and (callable(value) or isinstance(value, property)):
                    self.assertTrue(inspect.getdoc(getattr(what, member)), f"{name}.{member}")


if __name__ == "__main__":
    unittest.main()
