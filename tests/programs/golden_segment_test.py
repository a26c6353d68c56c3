"""A segment that was kept as some build of Seki left it: whoever has that layout reads all of it and goes on with it, whoever has another refuses it in a sentence.

    golden_segment_test.py --make       after a change of the layout: makes and keeps one (golden/layout-HASH.seg.gz, and in .json what it holds)

Two are kept: of this layout, and of the one before.
"""

import gzip
import itertools
import json
import pathlib
import sys
import unittest

from sekid_harness import SekictlTest, eventually

KEPT = pathlib.Path(__file__).parent / "golden"

# Of header::boot_id and what follows it (src/layout/header.hpp).
BOOT_ID_OFFSET = 128

# One of each kind. Windows of years: where the kept times lie in somebody's past, or to come, is nothing to them.
CONFIGURATION = """
[limiter.logins]
algorithm = "fixed_window"
limit = 5
window = "365d"
max_keys = 64
[limiter.pages]
limit = 100
window = "1s"
max_keys = 64
mode = "shadow"
[breaker.payments]
window_size = 8
failure_threshold = 50
[bulkhead.database]
max_concurrent = 10
[adaptive.search]
[shedder.front]
[retry.calls]
[hedge.reads]
[policy.checkout]
limiter = "logins"
breaker = "payments"
bulkhead = "database"
"""
CALLS = (
    ("check logins alice 2", "allow 3"),
    ("check logins bob 1", "allow 4"),
    ("call payments ok 3", "called 3"),
    ("call payments error 1", "called 1"),
    ("adapt search ok 2", "let in 2"),
    ("shed front 2 2", "let in 2"),
    ("retry calls 1 1", "called 2 none"),
    ("hedge reads 0 2", "answered 2 none"),
    ("follow checkout carol 0 2", "called 2 none"),
    ("acquire database", "held"),
    ("release", "released"),
)
# Of what sekictl tells of a primitive: what neither the time nor the host that looks has a part in.
LASTING = ("name", "options", "made_with", "counters", "keys", "keys_max", "state", "in_use", "parts")
KINDS = ("limiters", "breakers", "bulkheads", "adaptives", "shedders", "retries", "hedges", "policies")


class Golden(SekictlTest):
    def setUp(self):
        super().setUp()
        opener = self.worker()
        opener("check nobody nothing")
        with open(self.segment, "rb") as file:
            self.host = file.read()[BOOT_ID_OFFSET : BOOT_ID_OFFSET + 24]
        self.layout = self.json("status")["segment"]["layout_hash"]
        opener.close()
        self.fine("destroy")

    def contents(self):
        state = self.json("status")
        return {kind: [{word: one[word] for word in LASTING if word in one} for one in state[kind]] for kind in KINDS}

    def put(self, kept, layout=None):
        """The kept segment, as if this host had made it since it booted; with another hash of its layout where one is given."""
        segment = bytearray(gzip.decompress(kept.read_bytes()))
        segment[BOOT_ID_OFFSET : BOOT_ID_OFFSET + len(self.host)] = self.host
        if layout is not None:
            at = segment.index(int(self.layout, 16).to_bytes(8, "little"), 0, 4096)
            segment[at : at + 8] = layout.to_bytes(8, "little")
        pathlib.Path(self.segment).write_bytes(segment)

    @staticmethod
    def kept(layout):
        return KEPT / f"layout-{layout}.seg.gz"

    def of_this_layout(self):
        kept = self.kept(self.layout)
        self.assertTrue(kept.exists(), f"the layout is a new one: golden_segment_test.py --make keeps {kept.name}; remove the older of the others")
        return kept

    def make(self):
        self.configure(CONFIGURATION)
        sekid, worker = self.start(), self.worker()
        for command, answer in CALLS:
            self.assertEqual(worker(command), answer, command)
        worker.close()
        sekid.stop()
        kept = self.kept(self.layout)
        kept.write_bytes(gzip.compress(pathlib.Path(self.segment).read_bytes(), mtime=0))
        kept.with_suffix("").with_suffix(".json").write_text(json.dumps(self.contents(), indent=1) + "\n", encoding="utf-8")

    def test_a_segment_of_this_layout_is_read_as_it_was_written(self):
        """Fails when a word of the layout means something else than it did, with the same hash of its sizes and offsets."""
        kept = self.of_this_layout()
        self.put(kept)
        self.assertIn("is sound", self.fine("doctor"))
        self.assertEqual(self.contents(), json.loads(kept.with_suffix("").with_suffix(".json").read_text(encoding="utf-8")))
        keys = self.json("keys", "logins")["keys"]
        self.assertEqual({key["key"]: key["remaining"] for key in keys}, {"alice": 3, "bob": 4, "carol": 3})

    def test_one_goes_on_with_it(self):
        """Fails when a worker or sekid does not go on where those of an earlier build left off."""
        self.put(self.of_this_layout())
        worker = self.worker()
        self.assertEqual(worker("check logins alice 1"), "allow 2")
        self.configure(CONFIGURATION)
        self.start().wait_log("adopted segment")
        self.assertEqual(worker("check logins alice 2"), "allow 0")
        self.assertTrue(worker("check logins alice 1").startswith("deny"))
        self.assertIn("is sound", self.fine("doctor"))

    def test_keys_that_come_to_it_are_shown(self):
        """Fails when the texts that a build left without marks (src/shm/key_text.hpp) stay without them."""
        self.put(self.of_this_layout())
        worker = self.worker()
        self.configure(CONFIGURATION)
        self.start().wait_log("adopted segment")
        guests = itertools.count()

        def the_next_is_shown():
            guest = f"guest-{next(guests)}"
            self.assertEqual(worker(f"check logins {guest} 1"), "allow 4")
            return guest in {key["key"] for key in self.json("keys", "logins")["keys"]}

        eventually("a key with its text", the_next_is_shown)
        self.assertIn("is sound", self.fine("doctor"))

    def test_one_of_another_layout_is_refused_in_a_sentence(self):
        """Fails when an older segment, as it really was, or one of a layout that is yet to come, is taken for one of ours, or is in sekid's way."""
        for kept in set(KEPT.glob("layout-*.seg.gz")) - {self.kept(self.layout)}:
            with self.subTest(kept.name):
                self.refused(kept)
        with self.subTest("of another hash"):
            self.refused(self.of_this_layout(), layout=int(self.layout, 16) ^ 1)

    def refused(self, kept, layout=None):
        self.put(kept, layout)
        self.assertRegex(self.wrong(1, "status"), r"has layout \d+ \([0-9a-f]{16}\), and this library reads layout")
        self.configure(CONFIGURATION)
        sekid = self.start()
        sekid.wait_log("replaced what was there")
        self.assertEqual(self.worker()("check logins alice 1"), "allow 4")
        sekid.stop()
        self.fine("destroy")


if __name__ == "__main__":
    if sys.argv[1:] == ["--make"]:
        making = unittest.TextTestRunner().run(Golden("make"))
        sys.exit(not making.wasSuccessful())
    unittest.main()
