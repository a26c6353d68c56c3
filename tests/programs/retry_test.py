"""Retries from outside: workers, a real sekid and sekictl; what they show of calls, retries and the budget of the host."""

import unittest

from protections import ProtectionTest
from sekid_harness import eventually

PAYMENTS = '[retry.payments]\nmax_attempts = 3\nbase_delay = "0s"\nmax_delay = "0s"\n'
NAMES = ("calls_total", "attempts_total", "recovered_total", "exhausted_total", "budget_denied_total")


class RetryTest(ProtectionTest):
    def setUp(self):
        super().setUp()
        self.configure(PAYMENTS)

    def counts(self, sekid):
        return tuple(sekid.samples()[f'seki_retry_{name}{{retry="payments"}}'] for name in NAMES)


class Metrics(RetryTest):
    def test_series_exist_before_any_call(self):
        """Fails when a rate() over a series that is not there yet would miss the first retries."""
        sekid = self.start()
        self.assertEqual(self.counts(sekid), (0, 0, 0, 0, 0))
        self.assertEqual(sekid.samples()['seki_retry_budget_left{retry="payments"}'], 10)
        self.check_metrics(sekid)

    def test_calls_of_all_processes_are_one_count(self):
        """Fails when each process has a budget of its own, or an attempt is counted twice, as another, or not at all."""
        sekid = self.start()
        first, second = self.worker(), self.worker()
        self.assertEqual(first("retry payments 0 100"), "called 100 none")
        self.assertEqual(second("retry payments 1 2"), "called 4 none")
        self.assertEqual(second("retry payments 9 1"), "called 3 call_failed")
        self.assertEqual(self.counts(sekid), (103, 107, 2, 1, 0))
        state = sekid.one("retry", "payments")
        self.assertEqual(
            state["counters"], {"calls": 103, "retries": 4, "recovered": 2, "exhausted": 1, "budget_denied": 0}
        )
        self.assertEqual(state["memory_bytes"], 4096)
        self.same_state_everywhere(sekid)

    def test_one_budget_for_all(self):
        """Fails when two workers get twice the retries that one gets, or a call that was denied one is not counted so."""
        self.configure(PAYMENTS + "ratio = 0.0\nmin_per_second = 0\n")
        sekid = self.start()
        for worker in (self.worker(), self.worker()):
            self.assertEqual(worker("retry payments 9 3"), "called 3 budget_spent")
        self.assertEqual(self.counts(sekid), (6, 6, 0, 0, 6))
        self.fine("set", "retry", "payments", "min_per_second", "5")
        worker = self.worker()
        eventually("another window begins", lambda: worker("retry payments 1 1") == "called 2 none")

    def test_counts_outlive_workers_and_sekid(self):
        """Fails when a count goes down because somebody who counted died."""
        sekid = self.start()
        worker = self.worker()
        self.assertEqual(worker("retry payments 1 2"), "called 4 none")
        worker.kill()
        sekid.kill()
        again = self.start()
        self.assertEqual(self.counts(again), (2, 4, 2, 0, 0))


class Operating(RetryTest):
    def test_a_retry_from_creation_to_deletion(self):
        """Fails when one of the commands does not do what it says, or its JSON says something else."""
        self.start()
        made = self.json(
            "create", "retry", "mail", "--max-attempts", "5", "--backoff", "linear", "--jitter", "none", "--base_delay", "1ms",
            "--ratio", "0.5",
        )
        self.assertEqual((made["retry"], made["created"]), ("mail", True))
        options = {
            "max_attempts": 5, "backoff": "linear", "jitter": "none", "base_delay_seconds": 0.001, "max_delay_seconds": 30.0,
            "ratio": 0.5, "min_per_second": 10,
        }
        self.assertEqual(made["options"], options)
        changed = self.json("set", "retry", "mail", "max_attempts", "2", "ratio", "0.25")
        self.assertEqual(changed["options"], options | {"max_attempts": 2, "ratio": 0.25})
        shown = self.json("show", "retry", "mail")
        self.assertEqual((shown["name"], shown["options"], shown["made_with"]), ("mail", changed["options"], options))
        self.assertEqual(self.worker()("retry mail 9 1"), "called 2 call_failed")
        text = self.fine("show", "retry", "mail")
        for line in (r"max_attempts +2", r"jitter +none", r"ratio +0\.25", r"retries +1", r"exhausted +1", r"budget +9 left in the window"):
            self.assertRegex(text, rf"(?m)^{line}")
        self.assertRegex(self.fine("status"), r"(?m)^RETRY +ATTEMPTS[^\n]*\npayments +3 [^\n]*\nmail +2 +25 % \+ 10/s +1 +1 +0 +1 +0$")
        self.assertEqual(self.json("delete", "retry", "mail"), {"schema": 1, "retry": "mail", "deleted": True})
        self.assertEqual([each["name"] for each in self.json("status")["retries"]], ["payments"])

    def test_mistakes_are_told_and_change_nothing(self):
        """Fails when a mistake is taken, or its sentence does not say what is accepted."""
        sekid = self.start()
        before = sekid.one("retry", "payments")["options"]
        for code, line, says in (
            (1, "show retry nothing", 'retry "nothing": segment'),
            (1, "show retry nothing", "it has payments"),
            (1, "set retry payments max_attempts 0", "max_attempts 0 is too small: 1 to 100"),
            (1, "set retry payments ratio 101", "ratio 101 is too large: 0.0 to 100.0"),
            (1, "set retry payments ratio much", 'ratio "much" is not a number: 0.0 to 100.0'),
            (1, "set retry payments backoff square", 'backoff "square" is unknown: constant, linear or exponential'),
            (1, "set retry payments base_delay 1s", "base_delay 1s is longer than max_delay 0s"),
            (2, "set retry payments max_attemps 2", 'did you mean "max_attempts"?'),
            (1, "create retry payments --max-attempts 4", "max_attempts is 3, not 4"),
            (2, "create retry", "NAME"),
            (1, "delete retry nothing", 'retry "nothing"'),
        ):
            with self.subTest(line):
                self.assertIn(says, self.wrong(code, *line.split()))
        self.assertEqual(sekid.one("retry", "payments")["options"], before)

    def test_a_mistake_in_the_file_is_told_with_its_place(self):
        """Fails when a file with a mistake is taken, or the mistake is not found by what is told."""
        self.configure(PAYMENTS + "ratio = 200\n")
        code, said = self.refused("--config", self.config)
        self.assertNotEqual(code, 0)
        self.assertRegex(said, r':\d+:9: retry "payments": ratio 200 is too large: 0\.0 to 100\.0')


class Events(RetryTest):
    def test_listeners_are_told(self):
        """Fails when an event is not told, or with other numbers than those of the call."""
        self.start()
        lines = self.follow("--json", "--match", "seki.retry.*")
        self.worker()("retry payments 1 1")
        self.worker()("retry payments 9 1")
        lines.out.wait(r"(.*\n){10}")
        told = [(each["name"].rpartition(".")[2], each["measurements"], each["metadata"]) for each in lines.objects()]
        of = {"name": "payments"}
        failed = {**of, "error": "call_failed"}
        self.assertEqual(
            told,
            [
                ("attempt", {"attempt": 1}, failed),
                ("retry", {"attempt": 1, "delay": 0}, failed),
                ("attempt", {"attempt": 2}, of),
                ("success", {"attempt": 2}, of),
                ("attempt", {"attempt": 1}, failed),
                ("retry", {"attempt": 1, "delay": 0}, failed),
                ("attempt", {"attempt": 2}, failed),
                ("retry", {"attempt": 2, "delay": 0}, failed),
                ("attempt", {"attempt": 3}, failed),
                ("exhausted", {"attempts": 3}, failed),
            ],
        )


if __name__ == "__main__":
    unittest.main(verbosity=2)
