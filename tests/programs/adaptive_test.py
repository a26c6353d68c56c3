"""Adaptive limits from outside: workers, a real sekid and sekictl; what they show of the limit that all processes move."""

import unittest

from protections import ProtectionTest

BACKEND = '[adaptive.backend]\nalgorithm = "aimd"\ninitial_limit = 10\nmax_limit = 50\nwindow = 10\n'


class AdaptiveTest(ProtectionTest):
    def setUp(self):
        super().setUp()
        self.configure(BACKEND)

    def sample(self, sekid, what):
        return sekid.samples()[f'seki_adaptive_{what}{{name="backend"}}']


class Metrics(AdaptiveTest):
    def test_all_processes_move_one_limit(self):
        """Fails when a limit does not move by what calls of other processes come to, or is not shown as it is."""
        sekid = self.start()
        self.assertEqual(self.sample(sekid, "limit"), 10)
        self.check_metrics(sekid)
        for worker in (self.worker(), self.worker()):
            self.assertEqual(worker("adapt backend error 25"), "let in 25")
        # Every other window settles: 10, 9, 8.1 ...
        self.assertEqual(self.sample(sekid, "limit"), 8)
        self.assertEqual((self.sample(sekid, "in_use"), self.sample(sekid, "acquired_total")), (0, 50))
        self.same_state_everywhere(sekid)

    def test_limit_outlives_workers_and_sekid(self):
        """Fails when the limit begins anew because somebody died."""
        sekid = self.start()
        worker = self.worker()
        worker("adapt backend error 50")
        worker.kill()
        sekid.kill()
        self.assertEqual(self.sample(self.start(), "limit"), 8)


class Operating(AdaptiveTest):
    def test_a_limit_from_creation_to_deletion(self):
        """Fails when one of the commands does not do what it says, or its JSON says something else."""
        self.start()
        made = self.json("create", "adaptive", "mail", "--max-limit", "30", "--tolerance", "2", "--timeout", "1s")
        self.assertEqual((made["adaptive"], made["created"]), ("mail", True))
        options = {
            "algorithm": "gradient", "min_limit": 1, "max_limit": 30, "initial_limit": 20, "backoff_ratio": 0.9, "tolerance": 2.0,
            "smoothing": 0.2, "window": 100, "timeout_seconds": 1.0, "probe_interval_seconds": 60.0, "max_wait_seconds": 0.0,
            "max_waiting": 100,
        }
        self.assertEqual(made["options"], options)
        changed = self.json("set", "adaptive", "mail", "max_limit", "12", "initial_limit", "12", "algorithm", "vegas")
        self.assertEqual(changed["options"], options | {"max_limit": 12, "initial_limit": 12, "algorithm": "vegas"})
        shown = self.json("show", "adaptive", "mail")
        self.assertEqual((shown["limit"], shown["in_use"], shown["probing"], shown["made_with"]), (12, 0, False, options))
        text = self.fine("show", "adaptive", "mail")
        for line in (r"algorithm +vegas", r"limit +12", r"in flight +0", r"acquired +0"):
            self.assertRegex(text, rf"(?m)^{line}")
        self.assertRegex(self.fine("status"), r"(?m)^ADAPTIVE +ALGORITHM[^\n]*\nbackend +aimd +0/10 +1 to 50 +- +0 +0 +0\nmail +vegas +0/12 ")
        self.assertEqual(self.json("delete", "adaptive", "mail"), {"schema": 1, "adaptive": "mail", "deleted": True})
        self.assertEqual([each["name"] for each in self.json("status")["adaptives"]], ["backend"])

    def test_mistakes_are_told_and_change_nothing(self):
        """Fails when a mistake is taken, or its sentence does not say what is accepted."""
        self.start()
        for code, line, says in (
            (1, "show adaptive nothing", 'adaptive "nothing": segment'),
            (1, "set adaptive backend min_limit 60", "min_limit 60 is above max_limit 50"),
            (1, "set adaptive backend algorithm bbr", 'algorithm "bbr" is unknown: aimd, gradient or vegas'),
            (1, "set adaptive backend smoothing 2", "smoothing 2 is too large: 0.01 to 1.0"),
            (1, "set adaptive backend max_limit 2000", "max_limit 2000 is too large for the room that it was created with"),
            (2, "set adaptive backend tolerence 2", 'did you mean "tolerance"?'),
        ):
            with self.subTest(line):
                self.assertIn(says, self.wrong(code, *line.split()))


class Events(AdaptiveTest):
    def test_listeners_are_told(self):
        """Fails when a change of the limit is not told, or with other numbers."""
        self.start()
        lines = self.follow("--json", "--match", "seki.adaptive.limit_change")
        self.worker()("adapt backend error 50")
        lines.out.wait(r"(.*\n){2}")
        told = [each["measurements"] for each in lines.objects()]
        self.assertEqual(told, [{"old": 10, "new": 9}, {"old": 9, "new": 8}])


if __name__ == "__main__":
    unittest.main(verbosity=2)
