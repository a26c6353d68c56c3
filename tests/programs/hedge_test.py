"""Hedges from outside: workers, a real sekid and sekictl; what they show of calls, extra attempts and the budget of the host."""

import unittest

from protections import ProtectionTest

SEARCH = '[hedge.search]\ndelay = "0s"\n'
NAMES = ("calls_total", "requests_total", "wins_total", "failed_total", "budget_denied_total")


class HedgeTest(ProtectionTest):
    def setUp(self):
        super().setUp()
        self.configure(SEARCH)

    def counts(self, sekid):
        return tuple(sekid.samples()[f'seki_hedge_{name}{{hedge="search"}}'] for name in NAMES)


class Metrics(HedgeTest):
    def test_series_exist_before_any_call(self):
        """Fails when a rate() over a series that is not there yet would miss the first extra attempts."""
        sekid = self.start()
        self.assertEqual(self.counts(sekid), (0, 0, 0, 0, 0))
        self.assertEqual(sekid.samples()['seki_hedge_budget_left{hedge="search"}'], 10)
        self.assertEqual(sekid.samples()['seki_hedge_delay_seconds{hedge="search"}'], 0)
        self.check_metrics(sekid)

    def test_calls_of_all_processes_are_one_count(self):
        """Fails when each process has a count of its own, or an attempt or a win is counted twice, as another, or not at all."""
        sekid = self.start()
        first, second = self.worker(), self.worker()
        self.assertEqual(first("hedge search 1 3"), "answered 3 none")
        self.assertEqual(second("hedge search 1 2"), "answered 2 none")
        self.fine("set", "hedge", "search", "delay", "1h")
        self.assertEqual(second("hedge search 0 4"), "answered 4 none")
        self.assertEqual(second("hedge search 9 1"), "answered 0 call_failed")
        self.assertEqual(self.counts(sekid), (10, 5, 5, 1, 0))
        state = sekid.one("hedge", "search")
        self.assertEqual(
            state["counters"], {"calls": 10, "requests": 5, "wins": 5, "failed": 1, "budget_denied": 0}
        )
        self.assertEqual((state["memory_bytes"], state["delay_seconds"]), (12288, 3600.0))
        self.assertGreaterEqual(state["measured"], 9)

    def test_counts_outlive_workers_and_sekid(self):
        """Fails when a count goes down because somebody who counted died."""
        sekid = self.start()
        worker = self.worker()
        self.assertEqual(worker("hedge search 1 2"), "answered 2 none")
        worker.kill()
        sekid.kill()
        again = self.start()
        self.assertEqual(self.counts(again), (2, 2, 2, 0, 0))


class Operating(HedgeTest):
    def test_a_hedge_from_creation_to_deletion(self):
        """Fails when one of the commands does not do what it says, or its JSON says something else."""
        self.start()
        made = self.json("create", "hedge", "mail", "--max-extra", "2", "--percentile", "95", "--min_delay", "5ms", "--ratio", "0.5")
        self.assertEqual((made["hedge"], made["created"]), ("mail", True))
        options = {
            "max_extra": 2, "delay_seconds": 0.1, "percentile": 95.0, "min_delay_seconds": 0.005, "ratio": 0.5,
            "min_per_second": 10,
        }
        self.assertEqual(made["options"], options)
        changed = self.json("set", "hedge", "mail", "max_extra", "0", "percentile", "99.9")
        self.assertEqual(changed["options"], options | {"max_extra": 0, "percentile": 99.9})
        shown = self.json("show", "hedge", "mail")
        self.assertEqual((shown["name"], shown["options"], shown["made_with"]), ("mail", changed["options"], options))
        self.assertEqual(self.worker()("hedge mail 9 1"), "answered 0 call_failed")
        text = self.fine("show", "hedge", "mail")
        for line in (r"max_extra +0", r"percentile +99\.9", r"delay now +100ms, 0 calls", r"failed +1", r"budget +10 left in the window"):
            self.assertRegex(text, rf"(?m)^{line}")
        self.assertRegex(self.fine("status"), r"(?m)^HEDGE +DELAY[^\n]*\nsearch +[^\n]*\nmail +100ms +50 % \+ 10/s +1 +0 +0 +1 +0$")
        self.assertEqual(self.json("delete", "hedge", "mail"), {"schema": 1, "hedge": "mail", "deleted": True})
        self.assertEqual([each["name"] for each in self.json("status")["hedges"]], ["search"])

    def test_mistakes_are_told_and_change_nothing(self):
        """Fails when a mistake is taken, or its sentence does not say what is accepted."""
        sekid = self.start()
        before = sekid.one("hedge", "search")["options"]
        for code, line, says in (
            (1, "show hedge nothing", 'hedge "nothing": segment'),
            (1, "set hedge search max_extra 11", "max_extra 11 is too large: 0 to 10"),
            (1, "set hedge search percentile 100", "percentile 100 is too large: 0.0 (off) to 99.9"),
            (1, "set hedge search delay 2h", "delay 2h is too long: 0s to 1h"),
            (1, "set hedge search ratio much", 'ratio "much" is not a number: 0.0 to 100.0'),
            (2, "set hedge search max_extras 2", 'did you mean "max_extra"?'),
            (1, "create hedge search --max-extra 4", "max_extra is 1, not 4"),
            (1, "delete hedge nothing", 'hedge "nothing"'),
        ):
            with self.subTest(line):
                self.assertIn(says, self.wrong(code, *line.split()))
        self.assertEqual(sekid.one("hedge", "search")["options"], before)

    def test_a_mistake_in_the_file_is_told_with_its_place(self):
        """Fails when a file with a mistake is taken, or the mistake is not found by what is told."""
        self.configure(SEARCH + "percentile = 100\n")
        code, said = self.refused("--config", self.config)
        self.assertNotEqual(code, 0)
        self.assertRegex(said, r':\d+:14: hedge "search": percentile 100 is too large: 0\.0 \(off\) to 99\.9')


class Events(HedgeTest):
    def test_listeners_are_told(self):
        """Fails when an event is not told, or with other numbers than those of the call."""
        self.start()
        lines = self.follow("--json", "--match", "seki.hedge.*")
        self.worker()("hedge search 1 1")
        lines.out.wait(r"(.*\n){1}")
        self.worker()("hedge search 9 1")
        lines.out.wait(r"(.*\n){2}")
        told = [(each["name"], each["measurements"]["count"], each["metadata"]) for each in lines.objects()]
        self.assertEqual(told[0], ("seki.hedge.complete", 2, {"name": "search", "status": "extra"}))
        self.assertEqual((told[1][0], told[1][2]), ("seki.hedge.complete", {"name": "search", "status": "call_failed"}))


if __name__ == "__main__":
    unittest.main(verbosity=2)
