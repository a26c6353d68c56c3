"""Breakers from outside: workers, a real sekid and sekictl; what they show of calls, trips and probes, and what deaths leave."""

import json
import unittest

from breakers import PAYMENTS, BreakerTest
from sekid_harness import eventually

USUAL = {("closed", "open"), ("open", "half_open"), ("half_open", "open"), ("half_open", "closed")}
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"


class Metrics(BreakerTest):
    def test_series_exist_before_any_call(self):
        """Fails when a rate() over a series that is not there yet would miss the first calls or the first trip."""
        sekid = self.start()
        samples = sekid.samples()
        self.assertEqual(self.state(sekid), "closed")
        self.assertEqual(self.calls(sekid), (0, 0, 0, 0, 0))
        begin = "seki_breaker_transitions_total{"
        self.assertEqual(
            {name for name in samples if name.startswith(begin)},
            {f'{begin}breaker="payments",from="{a}",to="{b}"}}' for a, b in USUAL},
        )
        for name in ("failure_ratio", "slow_ratio", "call_duration_seconds_count", "call_duration_seconds_sum", "would_open_total"):
            self.assertEqual(samples[f'seki_breaker_{name}{{breaker="payments"}}'], 0, name)
        self.check_metrics(sekid)

    def test_calls_of_several_processes_are_counted_by_what_they_came_to(self):
        """Fails when a call is not counted, twice, or as another, or when the window is not the host's."""
        self.configure(PAYMENTS.replace("minimum_calls = 2", "minimum_calls = 20"))
        sekid = self.start()
        first, second, third = self.worker(), self.worker(), self.worker()
        self.assertEqual(first("call payments ok 5"), "called 5")
        self.assertEqual(second("call payments error 2"), "called 2")
        self.assertEqual(second("call payments throw 1"), "called 1")
        self.assertEqual(third("call payments ignore 4"), "called 4")
        self.assertEqual(third("call payments slow 1"), "called 1")
        self.fine("set", "breaker", "payments", "slow_call_duration", "1ms")
        self.assertEqual(third("call payments ok 1 2"), "called 1")  # it takes long enough to be slow
        self.assertEqual(self.calls(sekid), (5, 3, 2, 4, 0))
        samples = sekid.samples()
        self.assertEqual(samples['seki_breaker_failure_ratio{breaker="payments"}'], 0.3)
        self.assertEqual(samples['seki_breaker_slow_ratio{breaker="payments"}'], 0.2)
        self.assertEqual(self.state(sekid), "closed")
        self.assertEqual(samples["seki_workers"], 3)
        self.check_metrics(sekid)

    def test_durations_are_a_histogram(self):
        """Fails when a bucket counts what belongs to another, the sum is in other units, or refused calls are in it."""
        sekid = self.start()
        self.assertEqual(self.worker()("call payments ok 3 30"), "called 3")
        self.assertEqual(self.worker()("call payments error 9"), "called 3", "half of six are enough")
        samples = sekid.samples()
        begin = 'seki_breaker_call_duration_seconds_bucket{breaker="payments",le="'
        buckets = {float(name[len(begin) : -2]): value for name, value in samples.items() if name.startswith(begin)}
        self.assertEqual(buckets[float("inf")], samples['seki_breaker_call_duration_seconds_count{breaker="payments"}'])
        self.assertEqual(buckets[float("inf")], 6)
        counts = [buckets[bound] for bound in sorted(buckets)]
        self.assertEqual(counts, sorted(counts))
        quick = max(count for bound, count in buckets.items() if bound <= 0.03)
        self.assertLessEqual(quick, 3, "three took 30 ms at least")
        self.assertGreaterEqual(samples['seki_breaker_call_duration_seconds_sum{breaker="payments"}'], 0.09)
        shown = sekid.one("breaker", "payments")["durations"]
        self.assertEqual((shown["count"], sum(each["count"] for each in shown["buckets"])), (6, 6))
        self.assertEqual(shown["buckets"][-1]["up_to_seconds"], None)

    def test_open_metrics_have_the_same_numbers(self):
        """Fails when the two formats disagree, or a counter or histogram has not the names that OpenMetrics asks for."""
        sekid = self.start()
        self.tripped()
        body = self.same_in_open_metrics(sekid, "seki_breaker_")
        for line in ("# TYPE seki_breaker_calls counter", "# TYPE seki_breaker_call_duration_seconds histogram"):
            self.assertIn(line + "\n", body)

    def test_one_worker_trips_it_for_all_and_probes_close_it(self):
        """Fails when a worker goes on calling what another found broken, a transition is counted twice, or more probes are let in than there are."""
        sekid = self.start()
        self.tripped()
        other = self.worker()
        self.assertEqual(other("call payments ok 3"), "called 0")
        self.assertEqual((self.state(sekid), self.calls(sekid)), ("open", (0, 2, 0, 0, 6)))
        self.assertRegex(other("admit payments"), r"\Arefused circuit_open 3[56]\d{11}\Z")
        self.half_open(other, probes=2)
        self.assertEqual(self.state(sekid), "half_open")
        self.assertRegex(self.worker()("admit payments"), r"\Arefused circuit_open \d+\Z")
        self.assertEqual(sekid.one("breaker", "payments")["probes"], {"under_way": 2, "ok": 0})
        other("tell ok")
        self.assertEqual(sekid.one("breaker", "payments")["probes"], {"under_way": 1, "ok": 1})
        other("tell ok")
        self.assertEqual(self.state(sekid), "closed")
        self.assertEqual(
            self.transitions(sekid), {("closed", "open"): 1, ("open", "half_open"): 1, ("half_open", "closed"): 1}
        )
        self.assertEqual(sekid.one("breaker", "payments")["window"]["calls"], 0)

    def test_counts_outlive_workers_and_sekid(self):
        """Fails when a count goes with who counted, or sekid keeps one that only it knows."""
        sekid = self.start()
        worker = self.tripped()
        worker("call payments ok 3")
        before = self.counted(sekid)
        worker.kill()
        eventually("reaped", lambda: sekid.samples()["seki_workers_reaped_total"] == 1)
        sekid.kill()
        other = self.worker()
        self.assertEqual(other("call payments ok 1"), "called 0")
        sekid = self.start()
        self.assertEqual((self.state(sekid), self.calls(sekid)), ("open", (0, 2, 0, 0, 7)))
        after = self.counted(sekid)
        self.assertEqual([name for name in before if after[name] < before[name]], [])


class Probes(BreakerTest):
    def test_what_a_worker_probes_is_shown_with_it(self):
        """Fails when nobody can see who holds up a breaker."""
        sekid = self.start()
        worker = self.tripped()
        self.half_open(worker, probes=2)
        self.assertEqual(self.holds(worker), {("breaker", "payments"): {"probes": 2}})
        self.assertTrue(self.line_of(worker).endswith("  2 probes of payments"))
        worker("tell ok")
        self.assertTrue(self.line_of(worker).endswith("  1 probe of payments"))
        (process,) = sekid.state()["workers"]["processes"]
        self.assertEqual([(has["name"], has["probes"]) for has in process["holds"]], [("payments", 1)])
        self.assertIn("1 under way, 1 of 2 ok", self.fine("show", "breaker", "payments"))

    def test_the_place_of_a_killed_probe_comes_back_by_sekid_alone(self):
        """Fails when a place is lost with its process, or comes back only when somebody calls. Nobody does here."""
        sekid = self.start()
        worker = self.tripped()
        self.half_open(worker, probes=2)
        worker.kill()
        eventually("back", lambda: sekid.one("breaker", "payments")["probes"]["under_way"] == 0)
        sekid.wait_log("gave back the places of 2 probes")
        self.assertEqual(self.state(sekid), "half_open")
        self.assertEqual(self.transitions(sekid), {("closed", "open"): 1, ("open", "half_open"): 1})
        other = self.worker()
        self.assertEqual(other("call payments ok 2"), "called 2")
        self.assertEqual(self.state(sekid), "closed")


class Events(BreakerTest):
    def test_a_trip_is_told_once_with_the_trace_of_who_made_it(self):
        """Fails when a transition is told twice or not at all, by another worker, or without its trace."""
        self.start()
        lines = self.follow("--json", "--match", "seki.breaker.*")
        worker = self.worker()
        self.assertEqual(worker(f"trace 00-{TRACE}-{SPAN}-01"), "traced")
        self.assertEqual(worker("call payments error 3"), "called 2")
        lines.out.wait(r".*rejected.*\n")
        told = {}
        for event in lines.objects():
            told.setdefault((event["name"], event["metadata"].get("outcome")), []).append(event)
        (change,) = told["seki.breaker.state_change", None]
        self.assertEqual(change["metadata"], {"name": "payments", "from": "closed", "to": "open"})
        self.assertEqual(set(change["measurements"]), {"system_time", "generation"})
        errors = told["seki.breaker.call", "error"]
        self.assertEqual(len(errors), 2)
        self.assertEqual([each["metadata"]["state"] for each in errors], ["closed", "closed"])
        self.assertTrue(0 <= errors[0]["measurements"]["duration"] < 3600)
        (refused,) = told["seki.breaker.call", "rejected"]
        self.assertEqual(refused["metadata"], {"name": "payments", "state": "open", "outcome": "rejected"})
        for event in (change, *errors, refused):
            self.assertEqual((event["kind"], event["primitive"]), ("breaker", "payments"))
            self.assertEqual((event["trace_id"], event["span_id"], event["trace_flags"]), (TRACE, SPAN, 1))
            self.assertEqual(event["worker"]["pid"], worker.process.pid)
        text = self.fine("events", "--match", "seki.breaker.*")
        self.assertRegex(text, r' seki\.breaker\.state_change breaker "payments" from="closed" to="open" system_time=1')
        self.assertTrue(text.endswith(f" pid={worker.process.pid} trace={TRACE} span={SPAN}\n"), text)

    def test_transitions_are_remembered_though_nobody_listened(self):
        """Fails when who looks after the fact cannot see what happened, or sees other than what the counters say."""
        sekid = self.start()
        worker = self.tripped()
        self.half_open(worker, probes=2)
        worker("tell ok")
        worker("tell error")
        self.fine("breaker", "payments", "close")
        wanted = ["closed open", "open half_open", "half_open open", "open forced_closed"]

        def told():
            return [f"{each['metadata']['from']} {each['metadata']['to']}" for each in self.remembered("seki.breaker.*")]

        eventually("all are remembered", lambda: len(told()) >= len(wanted))
        self.assertEqual(told(), wanted)
        self.assertEqual(sum(self.transitions(sekid).values()), 4)
        generations = [each["measurements"]["generation"] for each in self.remembered("seki.breaker.state_change")]
        self.assertEqual(len(set(generations)), 4)
        stream = sekid.get("/api/v1/events?match=seki.breaker.*&recent=1&follow=0")
        self.assertEqual(stream.count('"seki.breaker.state_change"'), 4)

    def test_calls_that_were_ok_are_told_when_asked_for(self):
        """Fails when event_sample means limiters alone, or they are told where it says that they should not be."""
        self.configure(PAYMENTS, sekid='listen = "127.0.0.1:0"\nevent_sample = 0.0')
        sekid = self.start()
        lines = self.follow("--json")
        worker = self.worker()
        worker("call payments ok 3")
        self.configure(PAYMENTS, sekid='listen = "127.0.0.1:0"')
        sekid.reload()
        worker("call payments ok 1 2")
        event = json.loads(lines.out.wait(r".*\n")[0])
        self.assertEqual((event["name"], event["metadata"]), ("seki.breaker.call", {"name": "payments", "state": "closed", "outcome": "ok"}))
        self.assertGreaterEqual(event["measurements"]["duration"], 0.002)


if __name__ == "__main__":
    unittest.main(verbosity=2)
