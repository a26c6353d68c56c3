"""Shedders from outside: workers, a real sekid and sekictl; what they show of what all processes have in flight."""

import unittest

from protections import ProtectionTest


class ShedderTest(ProtectionTest):
    def setUp(self):
        super().setUp()
        self.configure("[shedder.front]\nmax_in_flight = 10\n")

    def test_each_priority_is_counted(self):
        """Fails when what is let in or shed is not counted under its priority."""
        sekid = self.start()
        worker = self.worker()
        self.check_metrics(sekid)
        for priority, let_in in ((0, 12), (1, 9), (2, 8), (3, 7)):
            self.assertEqual(worker(f"shed front {priority} 12"), f"let in {let_in}")
        samples = sekid.samples()
        for what, counts in (("admitted", (12, 9, 8, 7)), ("shed", (0, 3, 4, 5))):
            found = tuple(samples[f'seki_shedder_{what}_total{{name="front",priority="{p}"}}'] for p in range(4))
            self.assertEqual(found, counts)
        self.assertEqual(samples['seki_shedder_in_use{name="front"}'], 0)
        self.assertEqual(samples['seki_shedder_dropping{name="front"}'], 0)
        self.assertEqual(sekid.one("shedder", "front")["counters"]["shed"], [0, 3, 4, 5])
        self.same_state_everywhere(sekid)

    def test_a_shedder_from_creation_to_deletion(self):
        """Fails when one of the commands does not do what it says, or its JSON says something else."""
        self.start()
        made = self.json("create", "shedder", "mail", "--target", "20ms")
        options = {"max_in_flight": 100, "target_seconds": 0.02, "interval_seconds": 0.1}
        self.assertEqual((made["shedder"], made["created"], made["options"]), ("mail", True, options))
        changed = self.json("set", "shedder", "mail", "max_in_flight", "20", "interval", "1s")
        self.assertEqual(changed["options"], options | {"max_in_flight": 20, "interval_seconds": 1.0})
        shown = self.json("show", "shedder", "mail")
        self.assertEqual((shown["in_flight"], shown["max_in_flight"], shown["dropping"]), (0, 20, False))
        text = self.fine("show", "shedder", "mail")
        for line in (r"max_in_flight +20", r"in flight +0 of 20", r"CoDel +sheds nothing, 0 dropped", r"priority 3 +0 admitted, 0 shed"):
            self.assertRegex(text, rf"(?m)^{line}")
        self.assertRegex(self.fine("status"), r"(?m)^SHEDDER +IN FLIGHT[^\n]*\nfront +0/10 +- +0 +0 +0\nmail +0/20 ")
        self.assertIn("max_in_flight 0 is too small: 1 to 65535", self.wrong(1, "set", "shedder", "mail", "max_in_flight", "0"))
        self.assertEqual(self.json("delete", "shedder", "mail"), {"schema": 1, "shedder": "mail", "deleted": True})


if __name__ == "__main__":
    unittest.main(verbosity=2)
