"""Policies from outside: workers that know a name alone, and what a new configuration makes of it while they run."""

import unittest

from protections import ProtectionTest

PARTS = """
[limiter.api]
limit = 3
window = "1h"
max_keys = 64
[breaker.payments]
[retry.payments]
max_attempts = 2
base_delay = "0s"
max_delay = "0s"
"""
CHECKOUT = '[policy.checkout]\ndeadline = "1m"\nlimiter = "api"\nbreaker = "payments"\n'


class PolicyTest(ProtectionTest):
    def setUp(self):
        super().setUp()
        self.configure(PARTS + CHECKOUT)

    def test_workers_follow_what_the_configuration_says(self):
        """Fails when a part is not asked, or a reload does not reach the handle of a worker that runs."""
        sekid = self.start()
        first, second = self.worker(), self.worker()
        self.assertEqual(first("follow checkout alice 0 2"), "called 2 none")
        self.assertEqual(second("follow checkout alice 0 2"), "called 1 rate_limited")
        self.assertEqual(second("follow checkout bob 1 2"), "called 2 call_failed")
        self.assertEqual(sekid.one("breaker", "payments")["window"]["calls"], 5)

        self.configure(PARTS + '[policy.checkout]\nretry = "payments"\n')
        sekid.reload()
        self.assertEqual(first("follow checkout alice 1 2"), "called 4 call_failed")
        self.assertEqual(sekid.one("breaker", "payments")["window"]["calls"], 5)
        self.same_state_everywhere(sekid)

    def test_a_file_with_a_part_that_there_is_not_changes_nothing(self):
        """Fails when a slip of the pen takes the protection away, or is not told with its place."""
        sekid = self.start()
        before = sekid.one("policy", "checkout")["options"]
        self.configure(PARTS + '[policy.checkout]\nbreaker = "paiments"\n')
        sekid.reload()
        sekid.wait_log('policy "checkout": breaker "paiments" is unknown: did you mean "payments"?')
        self.assertEqual(sekid.one("policy", "checkout")["options"], before)

    def test_a_policy_from_creation_to_deletion(self):
        """Fails when one of the commands does not do what it says, or its JSON or a metric says something else."""
        sekid = self.start()
        nothing = {"deadline_seconds": 0.0} | dict.fromkeys(
            ("limiter", "shedder", "bulkhead", "adaptive", "breaker", "retry")
        )
        made = self.json("create", "policy", "mail", "--breaker", "payments")
        self.assertEqual((made["policy"], made["created"], made["options"]), ("mail", True, nothing | {"breaker": "payments"}))
        changed = self.json("set", "policy", "mail", "breaker", "", "deadline", "20ms", "retry", "payments")
        self.assertEqual(changed["options"], nothing | {"retry": "payments", "deadline_seconds": 0.02})
        self.assertEqual(self.json("show", "policy", "mail")["made_with"], nothing | {"breaker": "payments"})
        text = self.fine("show", "policy", "mail")
        self.assertRegex(text, r"(?m)^deadline +20ms\nretry +payments\nmemory ")
        status = self.fine("status")
        self.assertRegex(status, r"(?m)^POLICY +DEADLINE +PARTS\ncheckout +1m +limiter api, breaker payments\nmail +20ms +retry payments$")
        self.assertEqual(self.worker()("follow mail x 1 1"), "called 2 call_failed")
        refused = self.wrong(1, "set", "policy", "mail", "bulkhead", "a", "adaptive", "b")
        self.assertIn('adaptive "b" and bulkhead "a" are both given: one of them', refused)
        self.assertEqual(self.json("show", "policy", "mail")["missing"], [])
        self.fine("set", "policy", "mail", "limiter", "letters")
        self.assertEqual(self.json("show", "policy", "mail")["missing"], ["limiter letters"])
        missing = {name: value for name, value in sekid.samples().items() if name.startswith("seki_policy_missing_parts{")}
        self.assertEqual(missing, {'seki_policy_missing_parts{policy="checkout"}': 0, 'seki_policy_missing_parts{policy="mail"}': 1})
        self.assertRegex(self.fine("show", "policy", "mail"), r"(?m)^missing +limiter letters: nobody gets through until it is made$")
        self.assertEqual(self.worker()("follow mail x"), "error not_found")
        self.assertEqual(self.json("delete", "policy", "mail"), {"schema": 1, "policy": "mail", "deleted": True})
        self.assertEqual(self.worker()("follow mail x"), "error not_found")


if __name__ == "__main__":
    unittest.main(verbosity=2)
