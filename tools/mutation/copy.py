"""The mutated copy of the tree, and its build."""

import dataclasses
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from . import points, schemata

HERE = pathlib.Path(__file__).resolve().parent
SPARE = 50  # numbers of a file that has no mutants yet; of another what is missing to the next so many


@dataclasses.dataclass(frozen=True)
class Mutant:
    number: int
    point: points.Point
    line: int
    text: str  # of that line

    @property
    def folder(self):
        return self.point.file.split("/")[1]

    @property
    def key(self):
        """What says which one it is when lines have moved."""
        return self.point.file, self.text, self.point.change

    def __str__(self):
        return f"{self.number:5} {self.point.file}:{self.line}: {self.point.kind}: {self.point.change}: {self.text}"


class Copy:
    def __init__(self, root, where, layers):
        self.root, self.where, self.layers = root, where, layers
        self.source, self.build = where / "source", where / "build"
        self.known_file = where / "points.json"

    def find(self):
        """All points of the layers, but those that the compiler has refused."""
        headers = [str(path.relative_to(self.root)) for layer in self.layers for path in sorted((self.root / "src" / layer).glob("*.hpp"))]
        units = [str(path.relative_to(self.root)) for layer in self.layers for path in sorted((self.root / "src" / layer).glob("*.cpp"))]
        self.texts = {each: (self.root / each).read_text(encoding="utf-8") for each in headers + units}
        self.stamps = {each: hashlib.sha256(text.encode() + (HERE / "points.py").read_bytes()).hexdigest() for each, text in self.texts.items()}
        known = json.loads(self.known_file.read_text(encoding="utf-8")) if self.known_file.exists() else {}
        as_before = {name for name, stamp in known.get("sources", {}).items() if self.stamps.get(name) == stamp}
        self.refused = {tuple(each) for each in known.get("refused", []) if each[0] in as_before}
        self.number(self.read_again(headers, units, known))
        return self.mutants()

    def number(self, found):
        """Each file has numbers to spare, so that those of the others last when it changes, and what is made of them is not built again."""
        self.all, next_one = [], 1
        for file in sorted(self.texts):
            first = next_one
            for number, point in enumerate(sorted((each for each in found if each.file == file), key=lambda each: (each.start, each.end, each.change)), first):
                line = self.texts[file].count("\n", 0, point.start) + 1
                self.all.append(Mutant(number, point, line, self.texts[file].splitlines()[line - 1].strip()))
                next_one = number + 1
            next_one = first + (next_one - first + SPARE) // SPARE * SPARE

    def read_again(self, headers, units, known):
        """Takes a minute, so what was found is kept: of the headers, which are read as one, and of each unit whose own text has not changed."""
        before = known.get("sources", {})
        self.found = [points.Point(**each) for each in known.get("found", [])]
        changed = {name for name in {*before, *self.stamps} if before.get(name) != self.stamps.get(name)}
        if not changed:
            return self.found
        again = set(units) & changed
        if any(name.endswith(".hpp") for name in changed):
            again |= set(headers)
        self.found = [each for each in self.found if each.file in self.stamps and each.file not in again]
        if again & set(headers):
            self.found += points.find(self.root, headers, unit_text="".join(f'#include "{each.removeprefix("src/")}"\n' for each in headers))
        for unit in sorted(again & set(units)):
            self.found += points.find(self.root, [unit], unit=unit)
        self.keep()
        return self.found

    def keep(self):
        kept = {"sources": self.stamps, "found": [dataclasses.asdict(each) for each in self.found], "refused": sorted(self.refused)}
        self.known_file.write_text(json.dumps(kept), encoding="utf-8")

    def mutants(self):
        return [each for each in self.all if self.place(each) not in self.refused]

    @staticmethod
    def place(mutant):
        point = mutant.point
        return point.file, point.start, point.end, point.change

    def write(self):
        """Writes what has changed since it was last written."""
        self.put(self.source / "include/seki_mutant.hpp", (HERE / "seki_mutant.hpp").read_bytes())
        by_file = {}
        for mutant in self.mutants():
            by_file.setdefault(mutant.point.file, []).append((mutant.number, mutant.point))
        listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=self.root, check=True, capture_output=True, text=True).stdout.splitlines()
        for name in listed:
            original, copied = self.root / name, self.source / name
            if not original.is_file():
                continue
            if name in by_file:
                content = schemata.with_all(self.texts[name], by_file[name]).encode()
            else:
                content = original.read_bytes()
            if name.startswith("tests/shm/planted"):
                # An error is planted in what the source says, not in what is made of it.
                content = content.replace(b"${PROJECT_SOURCE_DIR}/src", f"{self.root}/src".encode())
            self.put(copied, content)
            shutil.copymode(original, copied)
        for old in set(self.written()) - set(listed) - {"include/seki_mutant.hpp"}:
            (self.source / old).unlink()

    def written(self):
        return [str(path.relative_to(self.source)) for path in self.source.rglob("*") if path.is_file()]

    @staticmethod
    def put(path, content):
        """What is as it was keeps its time, and is not built again."""
        if not path.exists() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    def configure(self):
        self.write()
        environment = dict(os.environ)
        if shutil.which("ccache"):
            environment |= {"CMAKE_C_COMPILER_LAUNCHER": "ccache", "CMAKE_CXX_COMPILER_LAUNCHER": "ccache", "CCACHE_SLOPPINESS": "pch_defines,time_macros"}
        flags = "-O1 -DNDEBUG -w -Wno-narrowing"
        command = ["cmake", "-S", self.source, "-B", self.build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug", f"-DCMAKE_CXX_FLAGS_DEBUG={flags}"]
        subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)

    def compile(self, targets):
        """Builds them, and before them the layers: what is no program there needs no test to find it, and then all tests once more without it."""
        units = {"shm": "src/seki_shm", "primitives": "src/seki_primitives"}
        for some in ([units[layer] for layer in self.layers if layer in units], targets):
            while some and not self.is_built(some):
                self.write()

    def is_built(self, targets):
        """Or else some of the changes are no program, and are known for that now."""
        ended = subprocess.run(["ninja", "-C", self.build, "-k", "0", *targets], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
        if ended.returncode == 0:
            return True
        bad = self.blamed(ended.stdout)
        if not bad:
            sys.exit(ended.stdout[-6000:] + "tools/mutants: the mutated copy cannot be built, and no mutant is to blame")
        self.refused |= bad
        self.keep()
        print(f"  {len(bad)} changes make no program: built again without them", flush=True)
        return False

    def is_refused(self, mutant):
        """Whether the compiler refuses it where nothing else is changed: what it computes itself, as for a static_assert, no mutant of the copy changes."""
        point, text = mutant.point, self.texts[mutant.point.file]
        changed = text[: point.start] + (f"({point.into})" if point.into else "") + text[point.end :]  # of a statement the semicolon stays
        with tempfile.TemporaryDirectory(dir=self.where) as folder:
            alone = pathlib.Path(folder, point.file)
            self.put(alone, changed.encode())
            command = ["g++", "-std=c++23", "-mcx16", "-fsyntax-only", "-w", "-x", "c++", f"-I{folder}/src", f"-I{self.root}/src", f"-I{self.root}/include", alone]
            return subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode != 0

    def blamed(self, said):
        """Those in the lines that the compiler complains of; of an error elsewhere, in the lines that led to it."""
        lines = {}
        for mutant in self.mutants():
            lines.setdefault((mutant.point.file, mutant.line), []).append(mutant)
        bad = set()
        for block in re.split(r"(?m)^(?=.*(?:In file included from|In function|In instantiation|In member function|error:))", said):
            if "error:" not in block and "required from" not in block:
                continue
            places = re.findall(r"(?m)(?:^|[ /])((?:src|[\w-]+)/[\w./-]+\.[ch]pp):(\d+):\d+: +(error:|.*required from)", block)
            errors = [each for each in places if each[2] == "error:"] or places
            for name, line, _ in errors:
                name = "src/" + "/".join(name.split("/")[-2:])
                bad |= {self.place(each) for each in lines.get((name, int(line) - 1), [])}
        return bad
