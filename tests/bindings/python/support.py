"""What the tests of the Python package share: a segment in a folder of its own, and waiting for something without a fixed sleep."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

import seki

BUILD = pathlib.Path(os.environ["SEKI_BUILD"])
SOURCE = pathlib.Path(os.environ["SEKI_SOURCE"])
LONG = 60.0  # longer than anything that works takes


def eventually(condition, what):
    """Waits until it holds; fails when that takes unreasonably long."""
    end = time.monotonic() + LONG
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"did not come about: {what}")
        time.sleep(0.002)


def python(code, *arguments, **options):
    """Runs a program in another interpreter."""
    return subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=LONG, **options)


class SegmentTest(unittest.TestCase):
    """A test with a segment, `shop`, that nobody else has."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="seki-python-", dir="/dev/shm")
        self.addCleanup(shutil.rmtree, self.folder)
        self.path = f"{self.folder}/shop.seg"
        self.shop = seki.open(self.path, segment_size=64 << 20, max_workers=64)

    def says(self, kind, sentence, function, *arguments, **named):
        """That a call raises an exception of that kind, with that in its text."""
        with self.assertRaises(kind) as caught:
            function(*arguments, **named)
        self.assertIn(sentence, str(caught.exception))
        return caught.exception

    def in_child(self, body):
        """Forks; whether body() raised nothing in the child."""
        child = os.fork()
        if child == 0:
            code = 1
            try:
                body()
                code = 0
            except BaseException:
                sys.excepthook(*sys.exc_info())
            finally:
                os._exit(code)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 0)
