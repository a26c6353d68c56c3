"""Breakers operated from outside: by an operator's word, by options that change while they run, and by a configuration that is read again."""

import unittest

from breakers import PAYMENTS, BreakerTest


class Operating(BreakerTest):
    def test_each_word_does_what_it_says_to_all(self):
        """Fails when a word does something else, is not counted as a transition, or its JSON differs from the manual."""
        sekid = self.start()
        worker = self.worker()
        worker("call payments error 1")
        for word, state, passes in (
            ("open", "forced_open", 0),
            ("close", "forced_closed", 4),
            ("observe", "observe", 4),
            ("auto", "closed", 2),  # the second error opens it
            ("reset", "closed", 2),
        ):
            told = self.json("breaker", "payments", word)
            self.assertEqual((told["breaker"], told["told"], told["state"]), ("payments", word, state))
            self.assertEqual(self.state(sekid), state)
            self.assertEqual(worker("call payments error 4"), f"called {passes}", word)
        self.assertEqual(self.fine("breaker", "payments", "reset"), "")
        self.assertEqual(
            self.transitions(sekid),
            {
                ("closed", "forced_open"): 1,
                ("forced_open", "forced_closed"): 1,
                ("forced_closed", "observe"): 1,
                ("observe", "closed"): 1,
                ("closed", "open"): 2,
                ("open", "closed"): 2,
            },
        )
        self.assertGreater(sekid.samples()['seki_breaker_would_open_total{breaker="payments"}'], 0)
        self.check_metrics(sekid)

    def test_a_breaker_from_creation_to_deletion(self):
        """Fails when an option that is created, set and shown is not the same, as text or as JSON."""
        self.start()
        options = ("--window-type", "time", "--window-size", "90s", "--wait_multiplier", "1.5", "--failure-threshold", "30")
        made = self.json("create", "breaker", "billing", *options)
        self.assertEqual((made["breaker"], made["created"]), ("billing", True))
        shown = self.json("show", "breaker", "billing")
        self.assertEqual(shown["options"], made["options"])
        self.assertEqual(shown["options"]["window_seconds"], 90)
        self.assertIsNone(shown["options"]["window_calls"])
        self.assertEqual(shown["options"]["wait_multiplier"], 1.5)
        changed = self.json("set", "breaker", "billing", "wait_multiplier", "2", "wait_duration", "5s")
        self.assertEqual((changed["changed"], changed["options"]["wait_multiplier"]), (True, 2))
        shown = self.json("show", "breaker", "billing")
        self.assertEqual((shown["options"]["wait_duration_seconds"], shown["made_with"]["wait_duration_seconds"]), (5, 30))
        text = self.fine("show", "breaker", "billing")
        for line in (r"window_size +90s", r"wait_multiplier +2", r"state +closed for", r"window +0 calls", r"mode +auto"):
            self.assertRegex(text, rf"(?m)^{line}")
        self.assertRegex(self.fine("status"), r"(?m)^BREAKER +STATE +FOR[^\n]*\npayments +closed [^\n]*\nbilling +closed ")
        self.assertEqual(self.json("delete", "breaker", "billing"), {"schema": 1, "breaker": "billing", "deleted": True})
        self.assertEqual([each["name"] for each in self.json("status")["breakers"]], ["payments"])

    def test_setting_the_mode_tells_the_breaker(self):
        """Fails when `set ... mode` is kept but not done, as `breaker NAME open` would have; also where it is as it was set before that."""
        sekid = self.start()
        self.assertEqual(self.json("set", "breaker", "payments", "mode", "forced_open")["options"]["mode"], "forced_open")
        self.assertEqual(self.state(sekid), "forced_open")
        self.assertRegex(self.worker()("admit payments"), r"\Arefused circuit_open 9223372036854775807\Z")
        self.assertIsNone(self.json("show", "breaker", "payments")["retry_after_seconds"])
        for _ in range(2):
            self.fine("set", "breaker", "payments", "mode", "auto")
            self.assertEqual(self.state(sekid), "closed")
            self.fine("breaker", "payments", "open")

    def test_a_tripped_breaker_is_shown_as_such(self):
        """Fails when text or JSON hides that calls are refused, since when, or for how long."""
        self.start()
        self.tripped()
        shown = self.json("show", "breaker", "payments")
        self.assertEqual((shown["state"], shown["reopened"]), ("open", 0))
        self.assertTrue(3500 < shown["retry_after_seconds"] <= 3600, shown)
        self.assertEqual(shown["counters"], {"ok": 0, "error": 2, "slow": 0, "ignored": 0, "rejected": 3, "would_open": 0})
        self.assertEqual(shown["transitions"], [{"from": "closed", "to": "open", "count": 1}])
        text = self.fine("show", "breaker", "payments")
        self.assertRegex(text, r"(?m)^state +open for \S+, a probe in \S+$")
        self.assertRegex(text, r"(?m)^calls +0 ok, 2 errors, 0 slow, 0 ignored$")
        self.assertRegex(text, r"(?m)^rejected +3$")

    def test_both_programs_tell_the_same_state(self):
        """Fails when a reader of the one needs another reader for the other."""
        sekid = self.start()
        self.half_open(self.tripped())
        state = self.same_state_everywhere(sekid)
        self.assertEqual(state["breakers"][0]["state"], "half_open")
        self.assertEqual(state["breakers"][0]["counters"], sekid.one("breaker", "payments")["counters"])


class Mistakes(BreakerTest):
    def test_wrong_input_is_one_clear_sentence(self):
        """Fails when a mistake passes, its exit code is another, or what is accepted is not said. Nothing may have changed."""
        sekid = self.start()
        before = sekid.one("breaker", "payments")["options"]
        for code, words, said in (
            (2, "breaker payments opne", '"opne" is unknown: open, close, reset, auto or observe'),
            (2, "breaker payments", "WORD"),
            (2, "breaker", "NAME"),
            (1, "breaker nothing open", 'breaker "nothing"'),
            (1, "show breaker nothing", 'breaker "nothing"'),
            (2, "show braker payments", '"braker" is unknown: there are limiters, breakers, bulkheads, adaptives, shedders, retries'),
            (1, "set breaker payments failure_threshold 0", "failure_threshold 0 is too small: 1 to 100 %"),
            (1, "set breaker payments failure_threshold 101", "failure_threshold 101 is too large: 1 to 100 %"),
            (1, "set breaker payments minimum_calls 21", "minimum_calls 21 is more than the window has, which is 20"),
            (1, "set breaker payments window_size 60s", "window_size 1m is a duration, and window_type is count"),
            (1, "set breaker payments window_size 65536", "more than was made room for at its creation: at most 240"),
            (1, "set breaker payments half_open_requests 100", "more than was made room for at its creation: at most 20"),
            (1, "set breaker payments wait_multiplier twice", 'wait_multiplier "twice" is not a number: 1.0 to 100.0'),
            (1, "set breaker payments wait_multiplier 1e9", "wait_multiplier 1000000000 is too large: 1.0 to 100.0"),
            (1, "set breaker payments mode open", '"open" is unknown: auto, forced_open, forced_closed or observe'),
            (2, "set breaker payments failure_treshold 5", 'did you mean "failure_threshold"?'),
            (1, "set breaker payments failure_threshold 60 minimum_calls 0", "minimum_calls 0 is too small"),
            (2, "set breaker payments failure_threshold", "has no value"),
            (2, "create breaker billing --wait-durations 5s", '"--wait-duration"'),
            (1, "create breaker billing --window-size 0", 'breaker "billing": window_size 0 is too small'),
            (1, "create breaker bil/ling", "letters, digits"),
            (1, "create breaker payments --minimum-calls 7", "minimum_calls is 2, not 7"),
            (1, "delete breaker nothing", 'breaker "nothing"'),
            (2, "delete breaker", "NAME"),
        ):
            with self.subTest(words):
                self.assertIn(said, self.wrong(code, *words.split()))
        self.assertEqual(sekid.one("breaker", "payments")["options"], before)
        self.assertEqual([each["name"] for each in sekid.state()["breakers"]], ["payments"])


class Reloading(BreakerTest):
    def reloads(self, sekid):
        """Both ways to ask for it."""
        yield sekid.reload

        def by_sekictl():
            self.assertIn(self.run_it("reload").returncode, (0, 1))  # sekictl_test.py asks which
            sekid.wait_notification("RELOADING=1")
            sekid.wait_notification("READY=1")

        yield by_sekictl

    def test_options_change_in_place_while_it_is_open(self):
        """Fails when a reload closes it, forgets a count, or leaves the old options in force."""
        sekid = self.start()
        self.tripped()
        for wait, reload in zip(("2h", "30m"), self.reloads(sekid)):
            self.configure(PAYMENTS.replace("1h", wait, 1))
            reload()
            shown = sekid.one("breaker", "payments")
            self.assertEqual(shown["options"]["wait_duration_seconds"], {"2h": 7200, "30m": 1800}[wait])
            self.assertEqual((shown["state"], shown["counters"]["error"]), ("open", 2))
            self.assertTrue(0 < shown["options"]["wait_duration_seconds"] - shown["retry_after_seconds"] < 600)
        self.assertEqual(self.transitions(sekid), {("closed", "open"): 1})

    def test_a_reload_leaves_what_an_operator_said(self):
        """Fails when any change of the file lifts a force, or a change of its mode does not."""
        sekid = self.start()
        self.fine("breaker", "payments", "open")
        self.configure(PAYMENTS.replace("1h", "2h", 1))
        sekid.reload()
        self.assertEqual(self.state(sekid), "forced_open")
        self.configure(PAYMENTS + 'mode = "observe"\n')
        sekid.reload()
        self.assertEqual(self.state(sekid), "observe")

    def test_a_bad_file_changes_nothing(self):
        """Fails when it is applied in part, or a mistake is not logged with its place."""
        sekid = self.start()
        self.tripped()
        before = sekid.one("breaker", "payments")["options"]
        for reload in self.reloads(sekid):
            self.configure(PAYMENTS.replace("1h", "2h", 1) + "failure_threshold = 101\n[breaker.other]\nmode = 'of'\n")
            reload()
            sekid.wait_log('sekid.toml:15:21: breaker "payments": failure_threshold 101 is too large')
            sekid.wait_log('sekid.toml:17:8: breaker "other": mode "of" is unknown')
            self.assertEqual(sekid.one("breaker", "payments")["options"], before)
            self.assertEqual((self.state(sekid), len(sekid.state()["breakers"])), ("open", 1))

    def test_what_it_has_no_room_for_is_refused_as_a_whole(self):
        """Fails when the other changes of the file are made all the same."""
        sekid = self.start()
        self.configure(PAYMENTS.replace("1h", "2h", 1) + "window_size = 241\n[breaker.other]\n")
        sekid.reload()
        sekid.wait_log("window_size 241 is more than was made room for at its creation: at most 240")
        self.assertEqual(sekid.one("breaker", "payments")["options"]["wait_duration_seconds"], 3600)
        self.assertEqual(len(sekid.state()["breakers"]), 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
