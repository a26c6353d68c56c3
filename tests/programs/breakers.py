"""What the tests of breakers share: one that all of them use, and what its metrics say."""

from protections import ProtectionTest
from sekid_harness import eventually

# Opens at the second error, and then nothing happens by itself while a test runs.
PAYMENTS = '[breaker.payments]\nminimum_calls = 2\nwait_duration = "1h"\nmax_half_open_duration = "1h"\nhalf_open_requests = 2\n'
STATES = ("closed", "open", "half_open", "forced_open", "forced_closed", "observe")
OUTCOMES = ("ok", "error", "slow", "ignored", "rejected")


class BreakerTest(ProtectionTest):
    def setUp(self):
        super().setUp()
        self.configure(PAYMENTS)

    def state(self, sekid):
        """What the metric says, which names exactly one."""
        samples = sekid.samples()
        values = {state: samples[f'seki_breaker_state{{breaker="payments",state="{state}"}}'] for state in STATES}
        self.assertEqual(sorted(values.values()), [0] * 5 + [1], values)
        return max(values, key=values.get)

    def calls(self, sekid):
        samples = sekid.samples()
        return tuple(samples[f'seki_breaker_calls_total{{breaker="payments",outcome="{each}"}}'] for each in OUTCOMES)

    def transitions(self, sekid):
        """Those that were made."""
        begin = 'seki_breaker_transitions_total{breaker="payments",from="'
        made = {name[len(begin) : -2]: value for name, value in sekid.samples().items() if name.startswith(begin)}
        return {tuple(name.split('",to="')): value for name, value in made.items() if value}

    def tripped(self):
        worker = self.worker()
        self.assertEqual(worker("call payments error 5"), "called 2")
        return worker

    def half_open(self, worker, probes=1):
        """Lets probes in, and the worker have them."""
        self.fine("set", "breaker", "payments", "wait_duration", "1ms")
        eventually("a probe is let in", lambda: worker("admit payments") == "admitted")
        for _ in range(probes - 1):
            self.assertEqual(worker("admit payments"), "admitted")
