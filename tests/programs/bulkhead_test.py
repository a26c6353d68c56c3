"""Bulkheads from outside: workers, a real sekid and sekictl; what they show of permits and waiters, and what deaths and changes leave."""

import contextlib
import json
import os
import unittest

from protections import ProtectionTest
from sekid_harness import DEADLINE, Sekid, eventually

DATABASE = "[bulkhead.database]\nmax_concurrent = 3\n"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"
LONG = int(DEADLINE * 1000)  # ms


class BulkheadTest(ProtectionTest):
    def setUp(self):
        super().setUp()
        self.configure(DATABASE)

    def metric(self, sekid, name):
        return sekid.samples()[f'seki_bulkhead_{name}{{bulkhead="database"}}']

    def use(self, sekid):
        return tuple(self.metric(sekid, name) for name in ("in_use", "max", "waiting"))

    def counts(self, sekid):
        return tuple(self.metric(sekid, name) for name in ("acquired_total", "rejected_total", "reclaimed_total"))

    def holder(self, permits):
        worker = self.worker()
        for _ in range(permits):
            self.assertEqual(worker("acquire database"), "held")
        return worker

    def waiter(self, sekid):
        worker = self.worker()
        before = self.metric(sekid, "waiting")
        worker.begin(f"acquire database {LONG}")
        eventually("it waits", lambda: self.metric(sekid, "waiting") == before + 1)
        return worker


class Metrics(BulkheadTest):
    def test_series_exist_before_any_call(self):
        """Fails when a rate() over a series that is not there yet would miss the first refusals."""
        sekid = self.start()
        self.assertEqual((self.use(sekid), self.counts(sekid)), ((0, 3, 0), (0, 0, 0)))
        self.assertEqual(self.metric(sekid, "wait_seconds_count"), 0)
        self.assertEqual(self.metric(sekid, "wait_seconds_sum"), 0)
        self.check_metrics(sekid)

    def test_permits_of_all_processes_are_one_count(self):
        """Fails when each process has a bulkhead of its own, or a call is counted twice, as another, or not at all."""
        sekid = self.start()
        first, second = self.holder(2), self.holder(1)
        third = self.worker()
        self.assertEqual(third("acquire database"), "refused bulkhead_full")
        self.assertEqual((self.use(sekid), self.counts(sekid)), ((3, 3, 0), (3, 1, 0)))
        self.assertEqual(first("release"), "released")
        self.assertEqual(third("acquire database"), "held")
        self.assertEqual(second("release"), "released")
        self.assertEqual((self.use(sekid), self.counts(sekid)), ((2, 3, 0), (4, 1, 0)))
        self.check_metrics(sekid)

    def test_waits_are_a_histogram(self):
        """Fails when a wait is not measured, in other units, or who did not wait is in it."""
        sekid = self.start()
        holder = self.holder(3)
        self.assertEqual(self.worker()("acquire database 40"), "refused timeout")
        waiter = self.waiter(sekid)
        self.assertEqual(self.use(sekid), (3, 3, 1))
        self.assertEqual(holder("release"), "released")
        self.assertEqual(waiter.answer(), "held")
        self.assertEqual((self.use(sekid), self.counts(sekid)), ((3, 3, 0), (4, 1, 0)))
        begin = 'seki_bulkhead_wait_seconds_bucket{bulkhead="database",le="'
        samples = sekid.samples()
        buckets = {float(name[len(begin) : -2]): value for name, value in samples.items() if name.startswith(begin)}
        counts = [buckets[bound] for bound in sorted(buckets)]
        self.assertEqual(counts, sorted(counts))
        self.assertEqual((buckets[float("inf")], self.metric(sekid, "wait_seconds_count")), (2, 2))
        self.assertLessEqual(max(count for bound, count in buckets.items() if bound < 0.04), 1)
        self.assertGreaterEqual(self.metric(sekid, "wait_seconds_sum"), 0.04)
        self.assertEqual(sekid.one("bulkhead", "database")["waits"]["count"], 2)
        self.check_metrics(sekid)

    def test_open_metrics_have_the_same_numbers(self):
        """Fails when the two formats disagree, or a counter or histogram has not the names that OpenMetrics asks for."""
        sekid = self.start()
        self.holder(2)
        body = self.same_in_open_metrics(sekid, "seki_bulkhead_")
        for line in ("# TYPE seki_bulkhead_reclaimed counter", "# TYPE seki_bulkhead_wait_seconds histogram"):
            self.assertIn(line + "\n", body)


class Deaths(BulkheadTest):
    def test_permits_of_a_killed_holder_come_back_by_sekid_alone(self):
        """Fails when a permit is lost with its process, or comes back only when somebody asks for one. Nobody does here."""
        sekid = self.start()
        killed, living = self.holder(2), self.holder(1)
        killed.kill()
        eventually("back", lambda: self.use(sekid) == (1, 3, 0))
        self.assertEqual(self.counts(sekid), (3, 0, 2))
        sekid.wait_log("gave back 2 permits of dead processes")
        self.assertEqual(living("release"), "released")
        self.assertEqual((self.use(sekid), self.counts(sekid)), ((0, 3, 0), (3, 0, 2)))

    def test_a_sekid_whose_words_nobody_reads_gives_them_back_all_the_same(self):
        """Fails when sekid waits for who does not read what it says: a pager, say, or a container's log that stands still."""
        path = os.path.join(self.folder, "http")
        self.configure(DATABASE, sekid=f'listen = "unix:{path}"')
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        os.set_blocking(writing, False)
        with contextlib.suppress(BlockingIOError):
            while os.write(writing, bytes(4096)):
                pass
        os.set_blocking(writing, True)
        sekid = Sekid(self.folder, "--config", self.config, stderr=writing)
        os.close(writing)
        self.addCleanup(sekid.kill)
        sekid.address = lambda: f"unix:{path}"
        killed = self.holder(2)
        killed.kill()
        eventually("back", lambda: self.use(sekid) == (0, 3, 0))
        self.assertEqual(self.counts(sekid), (2, 0, 2))
        os.set_blocking(reading, False)
        with contextlib.suppress(BlockingIOError):
            while os.read(reading, 4096):
                pass
        sekid.reload()
        said = os.read(reading, 4096).decode()
        self.assertRegex(said, r"^[^\n]*\[\d+ messages before this one are missing: nobody read them\] [^\n]+\n")
        self.assertEqual(sekid.stop(), 0)

    def test_a_killed_holder_lets_in_who_waits(self):
        """Fails when who waits is not woken for a permit that came back from the dead."""
        sekid = self.start()
        killed = self.holder(3)
        waiter = self.waiter(sekid)
        killed.kill()
        self.assertEqual(waiter.answer(), "held")
        eventually("all are back", lambda: self.use(sekid) == (1, 3, 0))

    def test_a_killed_waiter_leaves_its_place_in_the_queue(self):
        """Fails when the dead wait for good, and keep others from waiting."""
        sekid = self.start()
        self.holder(3)
        waiter = self.waiter(sekid)
        waiter.kill()
        eventually("nobody waits", lambda: self.use(sekid) == (3, 3, 0))
        self.assertEqual(self.counts(sekid), (3, 0, 0))

    def test_permits_and_counts_outlive_sekid(self):
        """Fails when sekid takes permits away that are held, forgets who died while it was away, or keeps a count that only it knows."""
        sekid = self.start()
        killed, living = self.holder(2), self.holder(1)
        self.assertEqual(living("acquire database"), "refused bulkhead_full")
        before = self.counted(sekid)
        sekid.kill()
        killed.kill()
        sekid = self.start()
        eventually("back", lambda: self.use(sekid) == (1, 3, 0))
        self.assertEqual(self.counts(sekid), (3, 1, 2))
        self.assertEqual(self.holds(living), {("bulkhead", "database"): {"permits": 1}})
        after = self.counted(sekid)
        self.assertEqual([name for name in before if after[name] < before[name]], [])
        self.assertEqual(living("release"), "released")


class Operating(BulkheadTest):
    def test_what_each_worker_holds_and_waits_for_is_shown(self):
        """Fails when nobody can see who keeps a bulkhead full, or what is shown stays after it was given back."""
        self.configure(DATABASE + "[bulkhead.cache]\n")
        sekid = self.start()
        holder = self.holder(3)
        self.assertEqual(holder("acquire cache"), "held")
        waiter = self.waiter(sekid)
        self.assertEqual(
            self.holds(holder), {("bulkhead", "database"): {"permits": 3}, ("bulkhead", "cache"): {"permits": 1}}
        )
        self.assertEqual(self.holds(waiter), {("bulkhead", "database"): {"waiting": 1}})
        self.assertTrue(self.line_of(holder).endswith("  3 of database, 1 of cache"))
        self.assertTrue(self.line_of(waiter).endswith("  waits for database"))
        self.same_state_everywhere(sekid)
        self.assertEqual(holder("release"), "released")
        self.assertEqual(waiter.answer(), "held")
        self.assertTrue(self.line_of(holder).endswith("  2 of database, 1 of cache"))
        self.assertEqual(self.holds(waiter), {("bulkhead", "database"): {"permits": 1}})

    def test_a_bulkhead_from_creation_to_deletion(self):
        """Fails when an option that is created, set and shown is not the same, as text or as JSON."""
        self.start()
        made = self.json("create", "bulkhead", "mail", "--max-concurrent", "2", "--max_wait", "250ms", "--max-waiting", "0")
        self.assertEqual((made["bulkhead"], made["created"]), ("mail", True))
        self.assertEqual(made["options"], {"max_concurrent": 2, "max_wait_seconds": 0.25, "max_waiting": 0})
        worker = self.worker()
        self.assertEqual(worker("acquire mail"), "held")
        changed = self.json("set", "bulkhead", "mail", "max_concurrent", "5", "max_waiting", "7")
        self.assertEqual((changed["changed"], changed["options"]["max_concurrent"]), (True, 5))
        shown = self.json("show", "bulkhead", "mail")
        self.assertEqual((shown["options"], shown["made_with"]), (changed["options"], made["options"]))
        self.assertEqual((shown["in_use"], shown["max_concurrent"], shown["waiting"]), (1, 5, 0))
        self.assertEqual(shown["counters"], {"acquired": 1, "rejected": 0, "reclaimed": 0})
        text = self.fine("show", "bulkhead", "mail")
        for line in (r"max_wait +250ms", r"in use +1 of 5", r"waiting +0 of 7", r"acquired +1", r"reclaimed +0"):
            self.assertRegex(text, rf"(?m)^{line}$")
        self.assertRegex(self.fine("status"), r"(?m)^BULKHEAD +IN USE[^\n]*\ndatabase +0/3 [^\n]*\nmail +1/5 +0/7 +250ms +1 ")
        self.assertEqual(self.json("delete", "bulkhead", "mail"), {"schema": 1, "bulkhead": "mail", "deleted": True})
        self.assertEqual([each["name"] for each in self.json("status")["bulkheads"]], ["database"])
        self.assertEqual(worker("acquire mail"), "error not_found")

    def test_a_lowered_maximum_drains_and_a_raised_one_lets_in_who_waits(self):
        """Fails when a change takes permits away, lets more in than it says, or nobody is told that there is room."""
        sekid = self.start()
        holder = self.holder(3)
        self.fine("set", "bulkhead", "database", "max_concurrent", "1")
        self.assertEqual(self.use(sekid), (3, 1, 0))
        self.assertEqual(holder("release"), "released")
        self.assertEqual(holder("release"), "released")
        self.assertEqual(self.worker()("acquire database"), "refused bulkhead_full")
        waiter = self.waiter(sekid)
        self.fine("set", "bulkhead", "database", "max_concurrent", "2")
        self.assertEqual(waiter.answer(), "held")
        self.assertEqual(self.use(sekid), (2, 2, 0))


class Mistakes(BulkheadTest):
    def test_wrong_input_is_one_clear_sentence(self):
        """Fails when a mistake passes, its exit code is another, or what is accepted is not said. Nothing may have changed."""
        sekid = self.start()
        before = sekid.one("bulkhead", "database")["options"]
        for code, words, said in (
            (1, "show bulkhead nothing", 'bulkhead "nothing"'),
            (2, "show bulkhed database", '"bulkhed" is unknown: there are limiters, breakers, bulkheads, adaptives, shedders, retries'),
            (1, "set bulkhead database max_concurrent 0", 'bulkhead "database": max_concurrent 0 is too small: 1 to 65535'),
            (1, "set bulkhead database max_concurrent 65536", "max_concurrent 65536 is too large: 1 to 65535"),
            (1, "set bulkhead database max_concurrent 2000", "max_concurrent 2000 is too large for the room that it was created with: at most 1024"),
            (1, "set bulkhead database max_concurrent many", 'max_concurrent "many" is not a whole number: 1 to 65535'),
            (1, "set bulkhead database max_wait 5", 'max_wait "5" has no unit'),
            (1, "set bulkhead database max_wait 2d", "max_wait 2d is too long: 0s (do not wait) to 1d"),
            (2, "set bulkhead database max_waitng 5", 'did you mean "max_waiting"?'),
            (1, "set bulkhead database max_concurrent 5 max_waiting -1", "max_waiting -1 is too small: 0 to 65535"),
            (1, "set bulkhead nothing max_concurrent 5", 'bulkhead "nothing"'),
            (2, "set bulkhead database max_concurrent", "has no value"),
            (2, "create bulkhead mail --max-concurent 5", '"--max-concurrent"'),
            (1, "create bulkhead mail --max-concurrent 0", 'bulkhead "mail": max_concurrent 0 is too small'),
            (1, "create bulkhead database --max-concurrent 4", "max_concurrent is 3, not 4"),
            (2, "create bulkhead", "NAME"),
            (1, "delete bulkhead nothing", 'bulkhead "nothing"'),
        ):
            with self.subTest(words):
                self.assertIn(said, self.wrong(code, *words.split()))
        self.assertEqual(sekid.one("bulkhead", "database")["options"], before)
        self.assertEqual([each["name"] for each in sekid.state()["bulkheads"]], ["database"])


class Reloading(BulkheadTest):
    def test_options_change_in_place_while_permits_are_out(self):
        """Fails when a reload makes it anew: then the permits would be nobody's, and three more would be let in."""
        sekid = self.start()
        holder = self.holder(3)
        self.configure(DATABASE.replace("3", "4") + 'max_wait = "10ms"\n')
        sekid.reload()
        self.assertEqual(self.use(sekid), (3, 4, 0))
        other = self.worker()
        self.assertEqual(other("acquire database"), "held")
        self.assertEqual(other("acquire database"), "refused timeout")
        self.configure(DATABASE.replace("3", "2"))
        self.fine("reload")
        eventually("reloaded", lambda: self.use(sekid) == (4, 2, 0))
        self.assertEqual(other("acquire database"), "refused bulkhead_full")
        for _ in range(3):
            self.assertEqual(holder("release"), "released")
        self.assertEqual(other("release"), "released")
        self.assertEqual((self.use(sekid), self.counts(sekid)), ((0, 2, 0), (4, 2, 0)))

    def test_a_bad_file_changes_nothing(self):
        """Fails when it is applied in part, or a mistake is not logged with its place. Twice: by a mistake, and by what there is no room for."""
        sekid = self.start()
        self.holder(2)
        self.configure(DATABASE.replace("3", "5") + 'max_wait = 5\n[bulkhead.other]\nmax_wating = 1\n')
        sekid.reload()
        sekid.wait_log('sekid.toml:12:12: bulkhead "database": max_wait 5 is a number, not a duration in quotes')
        sekid.wait_log('sekid.toml:14:1: bulkhead "other": key "max_wating" is unknown: did you mean "max_waiting"?')
        self.assertEqual(self.use(sekid), (2, 3, 0))
        self.configure(DATABASE.replace("3", "5") + "max_waiting = 60000\n[bulkhead.other]\n")
        sekid.reload()
        sekid.wait_log("max_waiting 60000 is too large for the room that it was created with: at most ")
        self.assertEqual(self.use(sekid), (2, 3, 0))
        self.assertEqual([each["name"] for each in sekid.state()["bulkheads"]], ["database"])


class Events(BulkheadTest):
    def test_refusals_are_told_with_the_trace_of_who_was_refused(self):
        """Fails when a refusal gets lost between worker and listener, or a part of it does."""
        self.start()
        text, lines = self.follow(), self.follow("--json")
        self.holder(3)
        worker = self.worker()
        self.assertEqual(worker(f"trace 00-{TRACE}-{SPAN}-01"), "traced")

        def refused():
            worker("acquire database")
            return all("seki.bulkhead.rejected" in each.out.text() for each in (text, lines))

        eventually("both see it", refused)
        line = text.out.wait(r".*seki\.bulkhead\.rejected.*\n")[0]
        self.assertIn(' bulkhead "database" current=3 available=0 ', line)
        self.assertIn(f" pid={worker.process.pid} trace={TRACE} span={SPAN}\n", line)
        event = json.loads(lines.out.wait(r".*rejected.*\n")[0])
        self.assertEqual((event["schema"], event["name"], event["kind"], event["primitive"]), (1, "seki.bulkhead.rejected", "bulkhead", "database"))
        self.assertEqual((event["measurements"], event["metadata"]), ({"current": 3, "available": 0}, {"name": "database"}))
        self.assertEqual((event["trace_id"], event["span_id"], event["trace_flags"]), (TRACE, SPAN, 1))
        self.assertEqual(event["worker"]["pid"], worker.process.pid)

    def test_permits_are_told_when_asked_for(self):
        """Fails when permits are not told of unless event_sample says so, or what is left is told wrongly."""
        self.start()
        lines = self.follow("--json", "--match", "seki.bulkhead.*")
        worker = self.holder(2)
        self.assertEqual(worker("release"), "released")
        lines.out.wait(r"(.*\n){3}")
        self.assertEqual(
            [(each["name"], each["measurements"]) for each in lines.objects()],
            [
                ("seki.bulkhead.acquire", {"current": 1, "available": 2}),
                ("seki.bulkhead.acquire", {"current": 2, "available": 1}),
                ("seki.bulkhead.release", {"current": 1, "available": 2}),
            ],
        )

    def test_permits_of_the_dead_are_remembered_though_nobody_listened(self):
        """Fails when who looks after the fact cannot see that a process died with permits, or with how many."""
        sekid = self.start()
        self.holder(2).kill()
        eventually("both are told", lambda: len(self.remembered("seki.bulkhead.*")) == 2)
        for event in self.remembered("seki.bulkhead.*"):
            self.assertEqual((event["name"], event["primitive"]), ("seki.bulkhead.reclaimed", "database"))
            self.assertEqual(set(event["measurements"]), {"current", "available"})
        self.assertIn("seki.bulkhead.reclaimed", sekid.get("/api/v1/events?recent=1&follow=0"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
