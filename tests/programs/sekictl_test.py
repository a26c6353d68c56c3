"""sekictl from outside: every command as text and as JSON, exit codes, and one sentence for each mistake."""

import os
import shutil
import signal
import subprocess
import unittest

from sekid_harness import DEADLINE, SEKICTL, SekictlTest, eventually


class LoginTest(SekictlTest):
    def make(self):
        self.worker().close()
        self.fine("create", "limiter", "login", "--limit", "2", "--window", "30d", "--max-keys", "100")


class Commands(LoginTest):
    def test_a_limiter_from_creation_to_deletion(self):
        """Fails when a command does not do what it says, or its exit code is another."""
        self.make()
        self.assertIn("allowed: 1 of 2 left", self.fine("check", "login", "alice"))
        self.assertEqual(self.json("check", "login", "alice")["remaining"], 0)
        self.assertFalse(self.json("check", "login", "alice", code=1)["allowed"])
        self.assertIsNone(self.json("peek", "login", "alice", "--cost", "9", code=1)["retry_after_seconds"])
        (key,) = self.json("keys", "login", "--match", "al*")["keys"]
        self.assertEqual((key["key"], key["remaining"]), ("alice", 0))
        self.assertIn("alice", self.fine("keys", "login", "--top", "1"))
        self.assertTrue(self.json("reset", "login", "alice")["reset"])
        self.assertEqual(self.json("set", "limiter", "login", "limit", "9")["options"]["limit"], 9)
        self.assertEqual(self.json("show", "limiter", "login")["counters"]["allow"], 2)
        self.assertIn("login", self.fine("status"))
        self.assertEqual(self.json("workers")["workers"], [])
        self.assertTrue(self.json("delete", "limiter", "login")["deleted"])
        self.assertIn("login", self.wrong(1, "check", "login", "alice"))
        self.assertTrue(self.json("destroy")["destroyed"])
        self.wrong(3, "status")

    def test_a_burst_that_was_asked_for_stays_when_the_limit_comes_to_it(self):
        """Fails when a burst of its own is taken for none once it equals the limit, or one that follows the limit stops doing so."""
        self.worker().close()
        for name, burst in (("own", 200), ("following", None)):
            asked = [] if burst is None else ["--burst", str(burst)]
            self.fine("create", "limiter", name, "--limit", "100", "--window", "1m", "--max-keys", "100", *asked)
            for limit in (200, 300):
                self.assertEqual(self.json("set", "limiter", name, "limit", str(limit))["options"]["burst"], burst or limit)

    def test_a_burst_of_its_own_can_be_taken_back(self):
        """Fails when a burst that was set once never follows the limit again, by sekictl or by a configuration."""
        self.configure('[limiter.login]\nlimit = 5\nwindow = "1m"\nburst = 0\nmax_keys = 100')
        self.start()
        for burst in ("7", "5"):
            self.fine("set", "limiter", "login", "limit", "5", "burst", burst)
            self.assertEqual(self.json("set", "limiter", "login", "limit", "6")["options"]["burst"], int(burst))
            self.assertEqual(self.json("set", "limiter", "login", "burst", "0")["options"]["burst"], 6)
            self.assertEqual(self.json("set", "limiter", "login", "limit", "9")["options"]["burst"], 9)

    def test_what_is_there_already_is_not_called_created(self):
        """Fails when creating it again says that it did, or shows options that are not in force."""
        self.make()
        self.fine("set", "limiter", "login", "limit", "9")
        again = self.json("create", "limiter", "login", "--limit", "2", "--window", "30d", "--max-keys", "100")
        self.assertEqual((again["created"], again["options"]["limit"]), (False, 9))
        self.assertIn("limit is 9, not 3", self.wrong(1, "create", "limiter", "login", "--limit", "3", "--window", "30d", "--max-keys", "100"))

    def test_the_busiest_and_the_most_denied_keys(self):
        """Fails when who is denied most is not first where that is asked, or another order than these two is taken."""
        self.worker().close()
        self.fine("create", "limiter", "login", "--limit", "4000", "--window", "30d", "--max-keys", "100")
        self.fine("check", "login", "greedy", "--cost", "4000")
        worker = self.worker()
        self.assertEqual(worker("repeat 4000 login busy"), "allowed 4000")
        self.assertEqual(worker("repeat 1000 login greedy"), "allowed 0")
        for by, first in (("busy", "busy"), ("denied", "greedy")):
            told = self.json("keys", "login", "--by", by, "--top", "1")
            self.assertEqual((told["by"], [key["key"] for key in told["keys"]]), (by, [first]))
        self.assertEqual(self.json("keys", "login")["by"], "busy")
        self.assertIn("greedy", self.fine("keys", "login", "--by", "denied").splitlines()[1])
        self.assertIn("busy or denied", self.wrong(2, "keys", "login", "--by", "age"))

    def test_a_pattern_that_is_none_is_refused(self):
        """Fails when one that is not finished silently matches nothing, or one that is finished is refused."""
        self.make()
        for key in ("[a,b]", "b", "]", "a\\"):
            self.fine("check", "login", key)
        for pattern in ("[", "[!", "[]", "a[b-", "[[:alpha:]"):
            self.assertIn('has no "]"', self.wrong(2, "keys", "login", "--match", pattern))
        for pattern, why in (("[a\\]", 'has no "]"'), ("a\\", "has nothing behind it")):
            self.assertIn(why, self.json("keys", "login", "--match", pattern, code=2)["error"]["message"])
        for pattern, found in (("\\[*", ["[a,b]"]), ("[[]*", ["[a,b]"]), ("[[:alpha:]]", ["b"]), ("[]]", ["]"]), ("[!]a[]", ["b"]), ("a\\\\", ["a\\"]), ("]", ["]"])):
            self.assertEqual([key["key"] for key in self.json("keys", "login", "--match", pattern)["keys"]], found, pattern)

    def test_keys_of_any_bytes(self):
        """Fails when a key makes output that a terminal obeys or a reader of JSON refuses."""
        self.make()
        for key in (b"\xff\x01", b"\x1b[31m", b"[a,b]", b""):
            self.json("check", "login", key)
            self.json("reset", "login", key)
            self.json("check", "login", key)
        self.assertEqual(len(self.json("keys", "login")["keys"]), 4)
        self.assertNotIn("\x1b", self.fine("keys", "login"))

    def test_bench_leaves_nothing_behind_even_of_one_that_was_killed(self):
        """Fails when a limiter of a bench stays."""
        self.make()
        self.fine("create", "limiter", "sekictl-bench-4194999", "--limit", "1", "--window", "1m", "--max-keys", "16")
        self.assertGreater(self.json("bench")["check_nanoseconds"], 0)
        self.assertEqual([each["name"] for each in self.json("status")["limiters"]], ["login"])

    def test_doctor_finds_and_mends(self):
        """Fails when what is broken is not named, or not mended."""
        self.make()
        self.assertTrue(self.json("doctor")["sound"])
        with open(self.segment, "r+b") as file:
            file.seek(4096 + 2 * 8)  # the kind of the first entry of the directory
            file.write((77).to_bytes(8, "little"))
        found = self.json("doctor", code=4)["findings"][0]
        self.assertEqual((found["number"], found["invariant"], found["where"]), (2, "entry_known", "directory entry 0"))
        self.assertGreater(self.json("doctor", "--repair")["repaired"], 0)
        self.assertIn("is sound", self.fine("doctor"))

    def test_reload_needs_a_sekid_and_reaches_it(self):
        """Fails when the request gets lost."""
        self.configure('[limiter.login]\nlimit = 5\nwindow = "1m"\nmax_keys = 100')
        sekid = self.start()
        self.configure('[limiter.login]\nlimit = 6\nwindow = "1m"\nmax_keys = 100')
        self.fine("reload")
        eventually("reloaded", lambda: sekid.limiter("login")["options"]["limit"] == 6)
        self.assertEqual(self.json("status")["sekid"]["pid"], sekid.process.pid)
        sekid.stop()
        self.assertIn("no sekid", self.wrong(1, "reload"))

    def test_reload_tells_what_came_of_it(self):
        """Fails when what sekid refused is called done, by its text or by its exit code, or what was asked before is told again."""
        self.configure('[limiter.login]\nlimit = 5\nwindow = "1m"\nmax_keys = 100')
        sekid = self.start()
        self.assertEqual(self.json("reload")["reload"], "done")
        self.configure('[limiter.login]\nlimit = 0\nwindow = "1m"\nmax_keys = 100\nbrust = 1')
        said = self.wrong(1, "reload")
        self.assertIn(f'{self.segment}: nothing was reloaded: {self.config}:11:9: limiter "login": limit 0 is too small', said)
        self.assertRegex(said, r'; \S+:14:1: limiter "login": key "brust" is unknown')
        self.assertEqual(sekid.limiter("login")["options"]["limit"], 5)
        self.configure('[limiter.login]\nlimit = 6\nwindow = "1m"\nmax_keys = 100')
        self.fine("reload")
        self.assertEqual(sekid.limiter("login")["options"]["limit"], 6)  # it waited
        sekid.stop()
        self.start("--segment", self.segment, "--listen", "127.0.0.1:0")
        self.assertIn("without --config", self.wrong(1, "reload"))

    def test_reload_does_not_wait_for_ever(self):
        """Fails when a sekid that stands still is one that reloaded, or keeps who asks."""
        self.configure("")
        sekid = self.start()
        sekid.process.send_signal(signal.SIGSTOP)
        done = self.run_it("reload")
        sekid.process.send_signal(signal.SIGCONT)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("did not say within", done.stderr)

    def test_peek_needs_no_permission_to_write(self):
        """Fails when who may read the segment may look at everything but what a check would answer."""
        self.make()
        os.chmod(self.folder, 0o755)
        os.chmod(self.segment, 0o444)
        program = shutil.copy(SEKICTL, self.folder)
        who = {"user": 65534, "group": 65534, "extra_groups": []} if os.getuid() == 0 else {}

        def run(*arguments):
            return subprocess.run([program, "--segment", self.segment, *arguments], capture_output=True, text=True, timeout=DEADLINE, check=False, **who)

        peeked = run("peek", "login", "alice")
        self.assertEqual((peeked.returncode, peeked.stderr), (0, ""))
        self.assertIn("allowed: 1 of 2 left", peeked.stdout)
        refused = run("check", "login", "alice")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("no permission", refused.stderr)


class Mistakes(LoginTest):
    def test_destroy_is_refused_while_a_sekid_runs(self):
        """Fails when the workers lose their segment to an operator who only gets it back anew."""
        self.configure("")
        sekid = self.start()
        self.assertIn("stop that first", self.wrong(1, "destroy"))
        self.assertTrue(self.json("status")["sekid"]["running"])
        sekid.stop()
        self.assertTrue(self.json("destroy")["destroyed"])
        self.assertEqual([name for name in os.listdir(self.folder) if name.startswith("test.seg")], [])

    def test_wrong_usage_names_what_was_meant(self):
        """Fails when a typing mistake is a page, or not a 2."""
        self.make()
        self.assertIn('"status"', self.wrong(2, "stats"))
        self.assertIn('"--limit"', self.wrong(2, "create", "limiter", "x", "--limt", "5"))
        self.assertIn("--window", self.wrong(2, "create", "limiter", "x", "--limit", "5"))
        self.assertIn("whole number", self.wrong(2, "check", "login", "a", "--cost", "abc"))
        self.assertIn("KEY", self.wrong(2, "check", "login"))
        self.wrong(2)
        self.assertIn('"window"', self.wrong(2, "set", "limiter", "login", "windw", "1h"))
        self.assertIn('"window"', self.wrong(2, "set", "limiter", "nobody", "limit", "5", "windw", "1h"))
        self.assertIn('"limit"', self.wrong(2, "set", "limiter", "login", "limt", "0"))
        self.assertIn("too small", self.wrong(1, "set", "limiter", "login", "limit", "0"))

    def test_a_key_that_is_too_long_is_named_with_its_size(self):
        """Fails when it is left to the reader whether the key or the cost is wrong."""
        self.make()
        for command in ("check", "peek", "reset"):
            self.assertIn('limiter "login": the key has 4097 bytes: 0 to 4096 are accepted', self.wrong(1, command, "login", 4097 * "x"))
            self.fine(command, "login", 4096 * "x")
            self.fine("reset", "login", 4096 * "x")
        self.assertIn('--cost: "-1" is not a whole number from 0 to', self.wrong(2, "check", "login", "a", "--cost", "-1"))

    def test_the_right_word_is_blamed(self):
        """Fails when what follows a kind that there is not is blamed, an option that is known is called unknown, or of two values the last is taken."""
        self.make()
        self.assertIn('kind "limitr" is unknown: did you mean "limiter"?', self.wrong(2, "create", "limitr", "x", "--limit", "5"))
        self.assertIn('command "statsu" is unknown: did you mean "status"?', self.wrong(2, "statsu", "--top", "5"))
        self.assertIn('"--limit" stands after --', self.wrong(2, "create", "limiter", "--", "-x", "--limit", "5"))
        self.assertIn('option "limit" is given twice', self.wrong(2, "set", "limiter", "login", "limit", "5", "limit", "9"))
        self.assertEqual(self.json("show", "limiter", "login")["options"]["limit"], 2)

    def test_an_empty_value_is_blamed_itself(self):
        """Fails when the word after it is taken for the value of an option that ends with =, and another one blamed."""
        self.make()
        self.assertIn('limit "" is not a whole number', self.wrong(1, "create", "limiter", "x", "--limit=", "--window", "1d"))
        self.assertIn('window "" ', self.wrong(1, "create", "limiter", "x", "--limit", "5", "--window="))
        self.assertIn('--cost: "" is not a whole number', self.wrong(2, "check", "login", "a", "--cost="))
        self.assertIn("allowed", self.fine("check", "login", "--", "--cost="))

    def test_a_name_that_there_is_not_is_answered_by_some_that_there_are(self):
        """Fails when the sentence is as long as the segment has names."""
        self.make()
        for number in range(12):
            self.fine("create", "retry", f"r{number}")
        said = self.wrong(1, "show", "retry", "nothing")
        self.assertRegex(said, r"has none of that name: it has r0, r1, r2, r3, r4, r5, r6, r7, r8, r9 and 2 more$")

    def test_files_that_are_no_segments(self):
        """Fails when one of them is taken for another, or changed, or somebody is told to remove a file of which nothing is known."""
        for content in (b"", b"a letter", b"\xff" * 8192, bytes(8192)):
            with open(self.segment, "wb") as file:
                file.write(content)
            os.chmod(self.segment, 0o660)
            for command in (["status"], ["doctor"], ["check", "a", "b"], ["destroy"]):
                said = self.wrong(4, *command)
                self.assertIn("is not a segment", said)
                self.assertTrue(said.endswith(": choose another path\n"), said)
            with open(self.segment, "rb") as file:
                self.assertEqual(file.read(), content)
        os.unlink(self.segment)
        os.mkdir(self.segment)
        self.wrong(4, "status")
        os.rmdir(self.segment)
        os.symlink("nowhere", self.segment)
        self.wrong(1, "status")

    def test_a_reader_that_left_is_no_crash(self):
        """Fails when a closed pipe ends it by an exception."""
        self.make()
        for restore in (True, False):
            reading, writing = os.pipe()
            os.close(reading)
            done = subprocess.run(
                [SEKICTL, "--segment", self.segment, "status"], stdout=writing, stderr=subprocess.PIPE,
                restore_signals=restore, timeout=DEADLINE, check=False,
            )
            os.close(writing)
            self.assertIn(done.returncode, (1, -13))
            self.assertEqual(done.stderr, b"")


if __name__ == "__main__":
    unittest.main(verbosity=2)
