"""Shows that the rules can fail: plants a violation of each in a tree of its own, and beside it what is allowed."""

import pathlib
import tempfile

from . import text_rules
from .tree import Tree

LAYERS = "seki_layer(layout)\nseki_layer(algorithm)\nseki_layer(shm)\nseki_layer(client)\n"
TABLE = "| what | cost |\n| --- | --- |\n| check | 30 ns |\n| denial | 28 ns |\n"

# rule: [(path, text that must be found, text that must not)]
PLANTS = {
    text_rules.atomics: [
        ("src/shm/a.hpp", "#include <atomic>\n", "// std::atomic is named in memory.hpp\n"),
        ("src/daemon/a.cpp", "static std::atomic<bool> stop;\n", 'const char* text = "std::atomic";\n'),
        ("tools/a.cpp", "__sync_synchronize();\n", "int synchronize();\n"),
    ],
    text_rules.no_volatile: [("src/shm/a.hpp", "volatile int a;\n", "int a;  // not volatile\n")],
    text_rules.layers: [
        ("src/layout/a.hpp", '#include "shm/memory.hpp"\n', '#include "layout/word.hpp"\n'),
        ("src/shm/a.hpp", '#include "client/x.hpp"\n', '#include "algorithm/gcra.hpp"\n'),
        ("include/seki/a.hpp", '#include "layout/word.hpp"\n', "#include <seki/error.hpp>\n"),
        ("include/seki/b.hpp", "#include <fmt/format.h>\n", "#include <vector>\n"),
    ],
    text_rules.unfinished: [
        ("src/a.cpp", "// TO" "DO\n", "// to do\n"),
        ("tests/a.cpp", "TEST(A, DIS" "ABLED_B) {}\n", "TEST(A, B) {}\n"),
        ("tests/b.cpp", "GTEST_" "SKIP();\n", "return;\n"),
    ],
    text_rules.long_files: [("src/a.cpp", "\n" * 601, "\n" * 600)],
    text_rules.blanks: [
        ("src/a.cpp", "int a; \n", "int a;\n"),
        ("README.md", "text", "text\n"),
        ("src/b.cpp", "\tint a;\n", "    int a;\n"),
        ("src/c.cpp", "int a;\n\n", "int a;\n"),
    ],
    text_rules.figures: [
        ("README.md", TABLE, TABLE + "\nprinted by `bench/run`\n"),
        ("docs/a.md", TABLE + "\n" * 11 + "`bench/run`\n", "    tools/bench\n\n" + TABLE),
        ("docs/b.md", TABLE, TABLE.replace("ns", "limits")),
    ],
}


def findings_in(rule, path, text):
    with tempfile.TemporaryDirectory() as folder:
        planted = pathlib.Path(folder, path)
        planted.parent.mkdir(parents=True, exist_ok=True)
        planted.write_text(text, encoding="utf-8")
        layers = pathlib.Path(folder, "src/CMakeLists.txt")
        layers.parent.mkdir(exist_ok=True)
        layers.write_text(LAYERS, encoding="utf-8")
        return rule(Tree(folder))


def self_test(rules):
    unplanted = [rule.__name__ for rule in rules if rule not in PLANTS]
    failures = [f"{name}: nothing is planted for it in tools/house/self_test.py" for name in unplanted]
    for rule, plants in PLANTS.items():
        for path, bad, good in plants:
            if not findings_in(rule, path, bad):
                failures.append(f"{rule.__name__} overlooks in {path}: {bad!r}")
            for finding in findings_in(rule, path, good):
                failures.append(f"{rule.__name__} refuses without reason: {finding}")
    return failures
