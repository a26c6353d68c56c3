"""Whose the care of a segment is: one sekid's, for as long as it has the lock and the segment surely stands."""

import ctypes
import fcntl
import os
import signal
import unittest

from sekid_harness import DEADLINE, SekidTest, eventually
from sekid_test import HEARTBEAT_OFFSET, LOGIN

# Of identity::superseded (src/layout/header.hpp).
SUPERSEDED_OFFSET = 32
EMPTIED = 2


def exchange(one, other):
    """Two names in one step, so that neither is missing in between."""
    here, swap = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    if ctypes.CDLL(None, use_errno=True).renameat2(here, os.fsencode(one), here, os.fsencode(other), swap) != 0:
        raise OSError(ctypes.get_errno(), one)


def word(segment, offset):
    segment.seek(offset)
    return int.from_bytes(segment.read(8), "little")


class Locking(SekidTest):
    def test_a_second_sekid_refuses_and_names_the_first(self):
        """Fails when two look after one segment, or the second harms the first."""
        self.configure(LOGIN.format(5))
        sekid = self.start()
        status, said = self.refused("--config", self.config)
        self.assertEqual(status, 1)
        self.assertIn(f"pid {sekid.process.pid}", said)
        self.assertEqual(len(said.strip().splitlines()), 1, said)
        self.assertEqual(sekid.get("/readyz"), "ready\n")

    def test_a_lock_that_was_removed_is_taken_again(self):
        """Fails when a second sekid can start beside one whose lock file somebody removed, or sekictl does not find that one any more."""
        self.configure(LOGIN.format(5))
        sekid = self.start()
        owner = self.segment + ".owner"
        with open(owner, encoding="utf-8") as file:
            told = file.read()
        os.remove(owner)
        sekid.wait_log("was removed: made it anew")
        with open(owner, encoding="utf-8") as file:
            self.assertEqual(file.read(), told)
        status, said = self.refused("--config", self.config)
        self.assertEqual((status, f"pid {sekid.process.pid}" in said), (1, True), said)
        self.assertEqual(sekid.stop(), 0)
        self.assertFalse(os.path.exists(owner))

    def test_who_lost_its_lock_to_another_ends(self):
        """Fails when two go on that both believe that they look after one segment, or the first takes what is the second's with it."""
        self.configure(LOGIN.format(5))
        sekid = self.start()
        owner = self.segment + ".owner"
        with open(owner + ".other", "w", encoding="utf-8") as other:
            other.write("4711\n")
            other.flush()
            fcntl.lockf(other, fcntl.LOCK_EX)
            os.chmod(other.name, 0o660)
            os.rename(other.name, owner)
            sekid.wait_log("is looked after by another sekid, pid 4711")
            self.assertEqual(sekid.process.wait(DEADLINE), 1)
            self.assertTrue(os.path.exists(owner))

    def lose_its_lock_standing_still(self, sekid):
        sekid.process.send_signal(signal.SIGSTOP)
        os.waitpid(sekid.process.pid, os.WUNTRACED)
        os.remove(self.segment + ".owner")

    def go_on_and_end(self, sekid):
        sekid.process.send_signal(signal.SIGCONT)
        self.assertEqual(sekid.process.wait(DEADLINE), 1)
        sekid.stop()

    def test_who_lost_its_lock_to_another_leaves_the_segment_of_that_one_alone(self):
        """Fails when a sekid that was stopped meanwhile puts its own limits into force in the segment of another, or replaces that, or leaves workers in what was taken away."""
        self.configure(LOGIN.format(5))
        first = self.start()
        with open(self.segment, "rb", buffering=0) as taken_away:
            self.lose_its_lock_standing_still(first)
            os.remove(self.segment)
            self.configure(LOGIN.format(8))
            second = self.start()
            made = os.stat(self.segment).st_ino
            self.go_on_and_end(first)
            self.assertIn(f"is looked after by another sekid, pid {second.process.pid}", first.log.text())
            taken_away.seek(SUPERSEDED_OFFSET)
            self.assertEqual(int.from_bytes(taken_away.read(8), "little"), 1)
        self.assertNotIn("taking up what is there now", first.log.text())
        self.assertEqual(os.stat(self.segment).st_ino, made)
        self.assertEqual(second.limiter("login")["options"]["limit"], 8)
        self.assertEqual(second.stop(), 0)

    def test_who_lost_its_lock_to_another_reloads_nothing(self):
        """Fails when a sekid that was stopped meanwhile puts its own limits into force in the segment of another, because a reload was waiting for it."""
        self.configure(LOGIN.format(5))
        first = self.start()
        self.lose_its_lock_standing_still(first)
        firsts, self.config = self.config, os.path.join(self.folder, "second.toml")
        self.configure(LOGIN.format(8))
        second = self.start()
        os.replace(self.config, firsts + ".seconds")
        self.config = firsts
        self.configure(LOGIN.format(9))
        first.process.send_signal(signal.SIGHUP)
        self.go_on_and_end(first)
        self.assertIn(f"is looked after by another sekid, pid {second.process.pid}", first.log.text())
        self.assertEqual(second.limiter("login")["options"]["limit"], 8)
        self.assertEqual(second.stop(), 0)

    def test_who_lost_its_lock_and_its_memory_leaves_what_is_another_s_alone(self):
        """Fails when a sekid that finds its segment cut off makes it anew before it looks whether it is still its own."""
        self.configure(LOGIN.format(5))
        first = self.start()
        self.lose_its_lock_standing_still(first)
        os.truncate(self.segment, 0)
        self.configure(LOGIN.format(8))
        second = self.start()
        self.go_on_and_end(first)
        self.assertNotIn("taking up what is there now", first.log.text())
        self.assertEqual(second.limiter("login")["options"]["limit"], 8)
        self.assertEqual(second.stop(), 0)


class Seeing(SekidTest):
    def in_a_folder(self, name):
        folder = os.path.join(self.folder, name)
        os.mkdir(folder)
        self.segment = os.path.join(folder, "test.seg")
        return folder

    def ticks_twice(self, segment):
        """What sekid was about to do to the segment in this file is done when it has ticked again."""
        for _ in range(2):
            before = word(segment, HEARTBEAT_OFFSET)
            eventually(
                "a tick", lambda: word(segment, HEARTBEAT_OFFSET) != before or word(segment, SUPERSEDED_OFFSET) != 0
            )

    def test_a_folder_that_is_not_to_be_seen_for_a_moment_costs_nobody_the_segment(self):
        """Fails when a segment is given up though nothing proves that it was taken away: what is held there would not be counted any more."""
        folder = self.in_a_folder("run")
        self.configure(LOGIN.format(5))
        sekid = self.start()
        worker = self.worker()
        self.assertEqual(worker("check login alice 1"), "allow 4")
        generation = sekid.state()["segment"]["generation"]
        with open(self.segment, "rb", buffering=0) as segment:
            os.symlink("run", folder + ".away")  # leads nowhere once it stands there itself
            exchange(folder, folder + ".away")
            sekid.wait_log("keeps to its segment")
            self.ticks_twice(segment)
            self.assertEqual(word(segment, SUPERSEDED_OFFSET), 0)
        exchange(folder, folder + ".away")
        self.assertEqual(worker("check login alice 1"), "allow 3")
        self.assertEqual(sekid.state()["segment"]["generation"], generation)
        self.assertEqual(sekid.stop(), 0)

    def test_who_keeps_to_its_segment_keeps_its_lock(self):
        """Fails when a sekid whose path leads elsewhere by now gives the lock of its segment away, so that two tend that, or takes one where it looks after nothing."""
        old, link = self.in_a_folder("old"), os.path.join(self.folder, "current")
        new = self.in_a_folder("new")
        os.symlink("old", link)
        self.segment = os.path.join(link, "test.seg")
        self.configure(LOGIN.format(5))
        first = self.start()
        os.symlink("new", link + ".next")
        os.replace(link + ".next", link)
        first.log.wait("keeps to its segment|made it anew")
        self.assertEqual(os.listdir(new), [])
        second = self.start()
        self.assertEqual(second.stop(), 0)
        self.segment = os.path.join(old, "test.seg")
        self.configure(LOGIN.format(5))
        status, said = self.refused("--config", self.config)
        self.assertEqual((status, f"pid {first.process.pid}" in said), (1, True), said)
        self.assertEqual(first.log.text().count("keeps to its segment"), 1)
        self.assertEqual(first.stop(), 0)

    def test_a_segment_that_is_back_before_it_is_given_up_stays(self):
        """Fails when sekid gives up a segment by a look from before it had the lock."""
        self.configure(LOGIN.format(5))
        sekid = self.start()
        generation = sekid.state()["segment"]["generation"]
        with open(self.segment, "rb", buffering=0) as segment, open(self.segment + ".lock", "r+b") as lock:
            fcntl.lockf(lock, fcntl.LOCK_EX)
            os.rename(self.segment, self.segment + ".away")
            os.remove(self.segment + ".owner")
            sekid.wait_log("was removed: made it anew")  # it has a look
            self.ticks_twice(segment)
            os.rename(self.segment + ".away", self.segment)
            fcntl.lockf(lock, fcntl.LOCK_UN)
            self.assertEqual(word(segment, SUPERSEDED_OFFSET), 0)
            os.remove(self.segment + ".owner")
            eventually("another look", lambda: os.path.exists(self.segment + ".owner"))
            self.ticks_twice(segment)
            self.assertEqual(word(segment, SUPERSEDED_OFFSET), 0)
        self.assertEqual(sekid.state()["segment"]["generation"], generation)
        self.assertEqual(sekid.stop(), 0)

    def test_what_was_emptied_stays_so(self):
        """Fails when a sekid that comes late says of a segment whose memory was given back that it has it, and who ends late reads that."""
        self.configure(LOGIN.format(5))
        sekid = self.start()
        with open(self.segment, "r+b", buffering=0) as segment:
            segment.seek(SUPERSEDED_OFFSET)
            segment.write(EMPTIED.to_bytes(8, "little"))
            sekid.wait_log("replaced or destroyed")
            eventually("another", lambda: os.stat(self.segment).st_ino != os.fstat(segment.fileno()).st_ino)
            eventually("ready", lambda: sekid.ask("/readyz")[0] == 200)
            self.assertEqual(word(segment, SUPERSEDED_OFFSET), EMPTIED)
        self.assertEqual(sekid.stop(), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
