"""Changes of a breaker's state from outside: several workers make them all the time, and who follows sekid's events is told of each once."""

import json
import threading
import unittest

from breakers import BreakerTest
from sekid_harness import Follower, eventually

# Trips at the second error, and may try again at once.
RESTLESS = '[breaker.payments]\nminimum_calls = 2\nwait_duration = "1ms"\nhalf_open_requests = 1\n'
ENOUGH = 400


class StateChanges(BreakerTest):
    def setUp(self):
        super().setUp()
        self.configure(RESTLESS)

    def stream(self, sekid):
        """What curl prints of the changes from now on."""
        address = sekid.address() + "/api/v1/events?match=seki.breaker.state_change"
        curl = Follower("curl", "--silent", "--show-error", "--no-buffer", address)
        self.addCleanup(curl.end)
        curl.out.wait(r":\n\n")
        return curl

    @staticmethod
    def told_by(curl):
        lines = [line for line in list(curl.out.lines) if line.startswith("data: ") and line.endswith("\n")]
        return [json.loads(line[len("data: ") :]) for line in lines]

    def storm(self, sekid, workers):
        """Each worker trips the breaker and closes it, against the others, until there were enough changes."""
        over = threading.Event()

        def act(worker):
            while not over.is_set():
                worker("call payments error 3")
                worker("call payments ok 3")

        threads = [threading.Thread(target=act, args=[worker]) for worker in workers]
        for thread in threads:
            thread.start()
        try:
            eventually("there were enough changes", lambda: sum(self.transitions(sekid).values()) >= ENOUGH)
        finally:
            over.set()
            for thread in threads:
                thread.join()

    def judge(self, told, made, dropped):
        total = sum(made.values())
        self.assertEqual(len(told) + dropped, total)
        # Generations run over at 2^32; the first that was told is within a few of the earliest.
        first = told[0]["measurements"]["generation"] - 2**31
        by_generation = {(each["measurements"]["generation"] - first) % 2**32: each["metadata"] for each in told}
        self.assertEqual(len(by_generation), len(told), "one was told twice")
        in_order = [by_generation[generation] for generation in sorted(by_generation)]
        if dropped == 0:
            self.assertEqual(max(by_generation) - min(by_generation) + 1, total, "there is a gap, and nothing was dropped")
            for before, after in zip(in_order, in_order[1:]):
                self.assertEqual(before["to"], after["from"])
            for step, times in made.items():
                self.assertEqual(sum((each["from"], each["to"]) == step for each in in_order), times, step)
        by_worker = {}
        for each in told:
            if each["worker"] is None:  # told by sekid, for one that stood still for a second
                continue
            by_worker.setdefault(each["worker"]["pid"], []).append((each["measurements"]["generation"] - first) % 2**32)
        for pid, generations in by_worker.items():
            self.assertEqual(generations, sorted(generations), f"out of order, of worker {pid}")
        return set(by_worker)

    def test_each_is_told_once_and_in_order_to_all_who_follow(self):
        """Fails when a change is told twice, not at all without being counted as dropped, by who did not make it, or before an earlier one of that worker."""
        sekid = self.start()
        followers = [self.stream(sekid), self.stream(sekid)]
        workers = [self.worker() for _ in range(3)]
        self.storm(sekid, workers)
        made = self.transitions(sekid)
        told = [[], []]

        def all_came():
            dropped = sekid.samples()["seki_events_dropped_total"]
            told[:] = [self.told_by(each) for each in followers]
            return all(len(each) + dropped >= sum(made.values()) for each in told)

        eventually("all were told, or counted as dropped", all_came)
        dropped = sekid.samples()["seki_events_dropped_total"]
        for each in told:
            makers = self.judge(each, made, dropped)
            self.assertLessEqual(makers, {worker.process.pid for worker in workers})
        self.assertEqual(told[0], told[1])


if __name__ == "__main__":
    unittest.main(verbosity=2)
