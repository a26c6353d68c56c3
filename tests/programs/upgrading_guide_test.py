"""docs/guide/upgrading.md: what it says of workers is what they notice, with this version and with one that has another layout."""

import signal
import struct
import unittest

import guides
from sekid_harness import SekictlTest, eventually

# Of identity::version (src/layout/header.hpp), and a version that there is not.
VERSION_OFFSET = 8
ANOTHER_VERSION = 77
LIMIT = '[limiter.login]\nalgorithm = "fixed_window"\nlimit = 3\nwindow = "30d"\nmax_keys = 64\n'


class Upgrading(SekictlTest):
    def set_version(self, version):
        """As if a Seki with another layout had made the segment; what it was before."""
        with open(self.segment, "r+b") as file:
            file.seek(VERSION_OFFSET)
            (before,) = struct.unpack("<Q", file.read(8))
            file.seek(VERSION_OFFSET)
            file.write(struct.pack("<Q", version))
        return before

    def test_a_worker_does_not_notice_that_sekid_is_restarted(self):
        """Fails when a restart of sekid, however it ends, loses a count or leaves a worker without an answer."""
        self.configure(LIMIT)
        sekid, worker = self.start(), self.worker()
        self.assertEqual(worker("check login somebody"), "allow 2")
        sekid.stop(signal.SIGTERM)
        self.assertEqual(worker("check login somebody"), "allow 1")
        sekid = self.start()
        sekid.wait_log("adopted segment")
        self.assertEqual(worker("check login somebody"), "allow 0")
        sekid.kill()
        self.start()
        self.assertTrue(worker("check login somebody").startswith("deny"))

    def test_sekictl_tells_that_a_segment_has_another_layout(self):
        """Fails when what the guide has people look for is not what they see, or the way out without sekid is none."""
        self.configure(LIMIT)
        self.start().stop()
        self.fine("status")
        self.set_version(ANOTHER_VERSION)
        said = self.wrong(1, "status")
        told = "has layout ..., and this library reads layout ..."
        self.assertIn(told, guides.page("upgrading.md"))
        self.assertRegex(said, told.replace("...", r"\d+ \([0-9a-f]{16}\)"))
        self.fine("destroy")

    def test_the_new_sekid_replaces_a_segment_of_another_layout(self):
        """Fails when sekid does not start on what an older version left, or workers that can read the new one stay behind."""
        self.configure(LIMIT)
        sekid, worker = self.start(), self.worker()
        self.assertEqual(worker("check login somebody"), "allow 2")
        sekid.stop()
        self.set_version(ANOTHER_VERSION)
        self.start().wait_log(f"replaced what was there: segment \"{self.segment}\" has layout {ANOTHER_VERSION}")
        eventually("the worker has moved over", lambda: worker("check login somebody") == "allow 2")

    def test_a_worker_with_another_library_gets_no_decision_until_it_is_restarted(self):
        """Fails when it decides by bytes that it cannot read, or in a segment that nobody else uses any more."""
        self.configure(LIMIT)
        sekid, worker = self.start(), self.worker()
        self.assertEqual(worker("check login somebody"), "allow 2")
        sekid.stop()
        self.fine("destroy")
        self.assertEqual(worker("check login somebody"), "error superseded")
        self.start().stop()
        this_version = self.set_version(ANOTHER_VERSION)
        self.assertEqual([worker("check login somebody") for _ in range(3)], ["error superseded"] * 3)
        # As its successor, whose library reads it.
        self.set_version(this_version)
        self.assertEqual(self.worker()("check login somebody"), "allow 2")


if __name__ == "__main__":
    unittest.main(verbosity=2)
