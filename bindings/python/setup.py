"""Builds the extension for a wheel or an sdist. It needs libseki and its headers: what pkg-config knows as `seki`, or what lies below $SEKI_PREFIX."""

import os
import pathlib
import re
import shlex
import subprocess

from setuptools import Extension, setup

HERE = pathlib.Path(__file__).resolve().parent  # pip runs it as setup.py, of this folder


def version():
    """One number for the whole project: CMakeLists.txt has it. An sdist, which stands alone, keeps it beside this file."""
    kept, project = HERE / "VERSION", HERE.parent.parent / "CMakeLists.txt"
    text = project.read_text(encoding="utf-8") if project.exists() else ""
    if found := re.search(r"project\(seki VERSION ([\d.]+)", text):
        kept.write_text(found.group(1) + "\n", encoding="utf-8")
    return kept.read_text(encoding="utf-8").strip()


def flags():
    """How to compile and to link. An installed libseki that is not where the loader looks is found again where it was found now."""
    environment = dict(os.environ)
    if prefix := os.environ.get("SEKI_PREFIX"):
        folders = [str(path.parent) for path in pathlib.Path(prefix).glob("lib*/**/seki.pc")]
        environment["PKG_CONFIG_PATH"] = os.pathsep.join([*folders, environment.get("PKG_CONFIG_PATH", "")])

    def ask(what):
        try:
            return shlex.split(subprocess.check_output(["pkg-config", what, "seki"], text=True, env=environment))
        except (OSError, subprocess.CalledProcessError) as problem:
            raise SystemExit(f"there is no installed libseki ({problem}): install libseki-dev, or set SEKI_PREFIX to where it was installed") from None

    link = ask("--libs")
    if os.environ.get("SEKI_PREFIX"):
        link += [f"-Wl,-rpath,{flag[2:]}" for flag in link if flag.startswith("-L")]
    return ask("--cflags"), link


compile_flags, link_flags = flags()
setup(
    version=version(),
    packages=["seki"],
    package_data={"seki": ["py.typed", "*.pyi"]},
    ext_modules=[
        Extension(
            "seki._native",
            sources=sorted(str(path.relative_to(HERE)) for path in HERE.glob("native/*.c")),
            depends=["native/kind.h", "native/native.h"],
            extra_compile_args=["-fvisibility=hidden", *compile_flags],
            extra_link_args=link_flags,
        )
    ],
)
