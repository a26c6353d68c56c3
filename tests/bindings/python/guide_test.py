"""docs/guide/python.md, as a reader pastes it. Fails when what it shows is not what happens."""

import contextlib
import io
import os
import re
import socket
import subprocess
import unittest

from support import LONG, SOURCE, SegmentTest

GUIDE = (SOURCE / "docs/guide/python.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(python|text|sh)\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)


class Guide(SegmentTest):
    def test_python_prints_what_stands_below_it(self):
        names, shown = {"__name__": "guide"}, []
        for kind, text in BLOCKS:
            if kind == "python":
                with contextlib.redirect_stdout(io.StringIO()) as said:
                    exec(compile(text.replace('"shop"', repr(f"{self.folder}/guide.seg")), "guide", "exec"), names)
                shown.append(said.getvalue())
            elif kind == "text":
                self.assertEqual(shown.pop(), text)
        self.assertEqual([each for each in shown if each], [])

    def test_the_server_answers_as_it_says(self):
        (lines,) = [text for kind, text in BLOCKS if kind == "sh"]
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        lines = lines.replace("=shop", f"={self.folder}/served.seg").replace(":8000", f":{port}")
        environment = {**os.environ, "PATH": f"/usr/bin:{os.environ['PATH']}"}
        done = subprocess.run(["bash", "-m"], input=lines, cwd=SOURCE, env=environment, capture_output=True, text=True, timeout=LONG)
        self.assertEqual(done.stdout.count("welcome, alice"), 5, done.stdout + done.stderr)
        self.assertIn('limiter "logins": denied, again in', done.stdout)
        self.assertIn('RateLimit-Policy: "pages";q=100;w=60', done.stdout)


class Readme(SegmentTest):
    def test_its_python_runs(self):
        readme = (SOURCE / "README.md").read_text(encoding="utf-8")
        blocks = re.findall(r"^```python\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)
        self.assertTrue(blocks)
        for text in blocks:
            names = {"ip": "203.0.113.7", "charge": lambda card: "paid", "card": "4111", "query": lambda: [1], "application": None}
            exec(compile(text.replace('"shop"', repr(f"{self.folder}/readme.seg")), "README.md", "exec"), names)


if __name__ == "__main__":
    unittest.main()
