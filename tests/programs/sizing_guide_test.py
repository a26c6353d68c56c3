"""docs/guide/sizing.md: its figures are what sekictl prints of segments that are made as it says."""

import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest

import guides
from sekid_harness import DEADLINE, SEKICTL, SekidTest

GUIDE = "sizing.md"
ASKED, PRINTED = guides.blocks(GUIDE, "sh")[0].splitlines()


class Sizing(SekidTest):
    def setUp(self):
        super().setUp()
        # Larger than the /dev/shm of a container may be.
        folder = tempfile.mkdtemp(prefix="seki-sizing-")
        self.addCleanup(shutil.rmtree, folder)
        self.segment = os.path.join(folder, "trial.seg")

    def lines(self, command):
        """A line of the guide, on the segment of this test."""
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", command.replace("/dev/shm/trial.seg", self.segment)],
                              env=dict(os.environ, PATH=os.path.dirname(SEKICTL) + ":" + os.environ["PATH"]),
                              capture_output=True, text=True, timeout=DEADLINE, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def made_of(self, segment, primitives):
        """What the first line of the guide prints of it; and sekid."""
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(f'[segment]\npath = "{self.segment}"\n{segment}\n[sekid]\nlisten = "127.0.0.1:0"\nlog = "stderr"\n{primitives}\n')
        sekid = self.start()
        return json.loads(self.lines(ASKED)), sekid

    def test_each_primitive_takes_what_the_table_says(self):
        """Fails when the table was left behind by the layout, or the line of the guide prints something else."""
        rows, declared = guides.table(GUIDE, "declared"), []
        for number, (code, _) in enumerate(rows):
            table, *options = re.findall(r"`([^`]+)`", code)
            needed = 'limit = 5\nwindow = "1m"\n' if "limiter" in table else ""
            declared.append(table.replace("NAME", f"n{number}") + "\n" + needed + "\n".join(options) + "\n")
        self.assertGreater(len(rows), 12)
        self.made_of("", "".join(declared))
        printed = dict(line.split() for line in self.lines(PRINTED).splitlines())
        self.assertEqual({f"n{number}": taken for number, (_, taken) in enumerate(rows)}, printed)

    def test_workers_take_what_the_table_and_the_sentence_below_it_say(self):
        """Fails when a slot of a worker has another size than is told."""
        used = {}
        for workers, primitives, taken in guides.table(GUIDE, "`max_workers`"):
            segment, sekid = self.made_of(f"max_workers = {workers}\nmax_primitives = {primitives}", "")
            self.assertEqual(sekid.stop(), 0)
            self.assertEqual(segment["used_bytes"], int(taken), (workers, primitives))
            used[int(workers), int(primitives)] = int(taken)
            subprocess.run([SEKICTL, "--segment", self.segment, "destroy"], check=True, timeout=DEADLINE, capture_output=True)
        each, ring, counts = (int(number) for number in re.search(
            r"(\d+) bytes for each worker, of which the ring of 64 events takes (\d+), and (\d+) for each primitive", guides.page(GUIDE)).groups())
        page = 4096
        for primitives in (32, 256):
            for_workers = used[512, primitives] - used[64, primitives]
            self.assertLessEqual(abs(for_workers - (512 - 64) * (each + counts * primitives)), 2 * page)
        self.assertEqual(ring, 65 * 128)  # static_assert of src/layout/event.hpp

    def test_a_segment_that_is_too_small_is_said_to_be(self):
        """Fails when a reload that does not fit changes something, or the way out that the guide shows is none."""
        limiter = '[limiter.login]\nlimit = 5\nwindow = "1m"\n'
        segment, sekid = self.made_of("", limiter)
        self.assertGreaterEqual(segment["size_bytes"] - segment["used_bytes"], 20 << 20)
        with open(self.config, "a", encoding="utf-8") as file:
            file.write(limiter.replace("login", "anonymous") + "max_keys = 1000000\n")
        sekid.reload()
        sekid.wait_log("nothing was reloaded")
        self.assertEqual([each["name"] for each in sekid.state()["limiters"]], ["login"])
        worker = self.worker()
        self.assertTrue(worker("check login somebody").startswith("allow"))

        sekid.stop()
        self.assertEqual(self.refused("--config", self.config)[0], 1)
        (way_out,) = re.findall(r"^    systemctl stop sekid && (.*) && systemctl start sekid", guides.page(GUIDE), re.MULTILINE)
        self.lines(way_out.replace("sekictl", f"sekictl --segment {self.segment}"))
        self.start()
        self.assertTrue(worker("check anonymous somebody").startswith("allow"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
