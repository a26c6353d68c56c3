"""The files that the rules look at: what git tracks or would track, or every file of a planted tree."""

import functools
import pathlib
import re
import subprocess

CXX = (".cpp", ".hpp", ".h", ".c")
NOT_CODE = re.compile(
    r"""//[^\n]* | /\*.*?\*/ | R"\w*\(.*?\)\w*" | "(?:\\.|[^"\\\n])*" | (?<!\w)'(?:\\.|[^'\\\n])+'""",
    re.DOTALL | re.VERBOSE,
)


class Tree:
    def __init__(self, root):
        self.root = pathlib.Path(root)

    @functools.cached_property
    def paths(self):
        if (self.root / ".git").exists():
            listed = subprocess.run(
                ["git", "-c", "safe.directory=*", "ls-files", "-co", "--exclude-standard", "-z"],
                cwd=self.root, capture_output=True, text=True, check=True,
            ).stdout.split("\0")
            return sorted({path for path in listed if path and (self.root / path).is_file()})
        return sorted(str(path.relative_to(self.root)) for path in self.root.rglob("*") if path.is_file())

    def files(self, *suffixes, under=()):
        """Paths relative to the root that end in one of `suffixes`, in one of the folders `under` if there are any."""
        return [p for p in self.paths if p.endswith(suffixes) and (not under or p.startswith(tuple(under)))]

    def text(self, path):
        return (self.root / path).read_text(encoding="utf-8", errors="replace")

    def lines(self, path):
        """(number, line) of a text file; nothing for a binary one."""
        text = self.text(path)
        return [] if "\0" in text else list(enumerate(text.split("\n"), 1))

    def code_lines(self, path):
        """The same without comments and without what stands in quotes, except the name in an #include."""
        text = self.text(path)

        def blank(match):
            before = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
            if re.fullmatch(r"\s*#\s*include\s*", before):
                return match.group()
            return "\n" * match.group().count("\n")

        return list(enumerate(NOT_CODE.sub(blank, text).split("\n"), 1))


def at(path, number, message):
    return f"{path}:{number}: {message}"
