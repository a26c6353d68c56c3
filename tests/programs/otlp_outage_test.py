"""A collector that is down, slow, or says no: what sekid was to export is sent, or counted, and nothing else takes any notice."""

import os
import signal
import unittest

from breakers import PAYMENTS
from otlp_harness import LOGIN, OtlpTest
from sekid_harness import eventually


class OutageTest(OtlpTest):
    def start_telling(self, otlp="", **often):
        """sekid, and a worker of whose refusals it tells from here on; so many were told already."""
        self.export(LOGIN, "metrics = false\n" + otlp, **often)
        sekid = self.start()
        worker = self.worker()
        return sekid, worker, self.listens(sekid, worker)

    def records_of(self, collector, key):
        return [record for record, said in collector.records() if said.get("seki.key") == key]

    def waits(self, sekid):
        """Records that are neither sent, failed nor dropped."""
        return self.denied(sekid) - sum(self.told_by(sekid, "logs"))

    def retries(self, sekid, signal_name="logs"):
        return sekid.samples()[f'seki_otlp_retries_total{{signal="{signal_name}"}}']


class Down(OutageTest):
    def test_it_costs_nothing_but_drops(self):
        """Fails when sekid or a worker waits for a collector that is not there, more is kept than may be, or something is not counted."""
        sekid, worker, _ = self.start_telling("max_batch = 10\nmax_queue = 50\n")
        self.collector.down()
        self.assertEqual(worker("repeat 1 login bob"), "allowed 1")
        eventually("the queue is full", lambda: self.deny(worker, 20, "bob") or self.told_by(sekid, "logs")[2] > 0)
        self.assertEqual(sekid.get("/readyz"), "ready\n")
        eventually("what waits is bounded", lambda: self.waits(sekid) == 50)
        sekid.wait_log(f"cannot export logs to {self.collector.url}: ")
        self.collector.up()
        total = self.settled(sekid)
        sent, failed, dropped = self.told_by(sekid, "logs")
        self.assertEqual((sent + dropped, failed), (total, 0))
        self.assertGreaterEqual(len(self.records_of(self.collector, "bob")), 50)
        sekid.wait_log(f"exports logs to {self.collector.url}")
        self.check_metrics(sekid)

    def test_one_that_comes_back_gets_all_that_had_room(self):
        """Fails when an outage loses what the queue held, or brings it twice."""
        sekid, worker, before = self.start_telling()
        self.collector.down()
        self.deny(worker, 31, "bob")
        eventually("it was tried", lambda: self.retries(sekid) > 2)
        self.deny(worker, 30, "bob")
        self.collector.up()
        self.assertEqual(self.settled(sekid), before + 60)
        self.assertEqual(self.told_by(sekid, "logs")[1:], [0, 0])
        self.assertEqual(len(self.records_of(self.collector, "bob")), 60)

    def test_metrics_that_could_not_be_sent_make_room_for_newer_ones(self):
        """Fails when old numbers are kept for a collector that is down, their loss is not counted, or the log has a line for each."""
        self.export(LOGIN, "events = false\n", metrics="10ms")
        self.collector.down()
        sekid = self.start()
        eventually("some were dropped", lambda: self.told_by(sekid, "metrics")[2] > 100 and self.retries(sekid, "metrics") > 9)
        self.assertEqual(sekid.log.text().count("cannot export metrics"), 1)
        self.worker()("repeat 7 login alice")
        self.collector.up()

        def denied():
            metric = self.collector.metrics().get("seki_limiter_decisions_total")
            return metric and {point.attributes[1].value.string_value: point.as_int for point in metric.sum.data_points}["deny"]

        self.assertEqual(eventually("the latest numbers", denied), 6)

    def test_one_that_dies_with_a_request_gets_it_again(self):
        """Fails when what a collector took with it is taken for sent."""
        sekid, worker, _ = self.start_telling()
        self.collector.answer("logs", hold=True)
        self.deny(worker, 2, "bob")
        eventually("it is there", lambda: self.records_of(self.collector, "bob"))
        self.collector.down()
        self.collector.up()
        self.settled(sekid)
        self.assertEqual(len(self.records_of(self.collector, "bob")), 2)
        self.assertEqual(self.told_by(sekid, "logs")[1:], [0, 0])


class Slow(OutageTest):
    def test_sekid_and_workers_do_not_wait_for_it(self):
        """Fails when an answer that does not come holds up the loop, a call, or for ever what comes after it."""
        sekid, worker, _ = self.start_telling('timeout = "50ms"\n')
        self.collector.answer("logs", always=True, hold=True)
        self.assertEqual(worker("repeat 3 login bob"), "allowed 1")
        eventually("no answer in time", lambda: self.retries(sekid) > 2)
        self.assertEqual(sekid.get("/readyz"), "ready\n")
        sekid.wait_log("trying again")
        self.collector.release()
        self.settled(sekid)
        self.assertEqual(self.told_by(sekid, "logs")[1:], [0, 0])
        requests = [request.sent for request in self.collector.of("logs")]
        self.assertGreater(requests.count(requests[-1]), 2)


class SaysNo(OutageTest):
    def test_what_may_be_sent_again_is_sent_again(self):
        """Fails when 429, 502, 503 or 504 loses a batch, or the next one goes before it."""
        sekid, worker, before = self.start_telling()
        for status in (429, 502, 503, 504):
            self.collector.answer("logs", status)
        self.deny(worker, 4, "bob")
        self.assertEqual(self.settled(sekid), before + 3)
        self.assertEqual(self.told_by(sekid, "logs"), [before + 3, 0, 0])
        self.assertEqual(self.retries(sekid), 4)
        self.assertEqual([request.status for request in self.collector.of("logs")][-5:][:4], [429, 502, 503, 504])
        tried = [request.sent for request in self.collector.of("logs") if request.status != 200]
        self.assertEqual({tried.count(each) for each in tried}, {4})
        sekid.wait_log("HTTP status 429; trying again")

    def test_what_may_not_be_is_counted_and_what_follows_goes_on(self):
        """Fails when a batch that the collector will never take is sent for ever, or vanishes without a word."""
        sekid, worker, before = self.start_telling()
        for status in (400, 500):
            self.collector.answer("logs", status, body=b"\x12\x0cwrong\x1b[1mtea")
            self.deny(worker, 2, f"bob{status}")
            before += 1
            self.assertEqual(self.settled(sekid), before)
        self.deny(worker, 2, "carol")
        self.assertEqual(self.settled(sekid), before + 1)
        self.assertEqual(self.told_by(sekid, "logs"), [before + 1 - 2, 2, 0])
        self.assertEqual(self.retries(sekid), 0)
        sekid.wait_log("HTTP status 400: wrong\\x1b[1mtea; not again")

    def test_a_partial_success_is_no_whole_one(self):
        """Fails when what the collector threw away counts as sent."""
        sekid, worker, before = self.start_telling()
        # ExportLogsServiceResponse: 2 were rejected, because of "full".
        self.collector.answer("logs", body=b"\x0a\x08\x08\x02\x12\x04full")
        self.deny(worker, 4, "bob")
        self.settled(sekid)
        self.assertEqual(self.told_by(sekid, "logs"), [before + 1, 2, 0])
        sekid.wait_log("full; not again")

    def test_when_to_come_again_is_the_collectors_to_say(self):
        """Fails when a collector that asks to be left alone for a second is not."""
        sekid, worker, _ = self.start_telling()
        self.collector.answer("logs", 429, Retry_After="1")
        self.deny(worker, 2, "bob")
        self.settled(sekid)
        refused, taken = self.collector.of("logs")[-2:]
        self.assertEqual((refused.status, taken.status, refused.sent), (429, 200, taken.sent))
        self.assertGreaterEqual(taken.at - refused.at, 1)

    def test_a_batch_is_given_up_after_a_time(self):
        """Fails when one batch keeps all others waiting for ever, or the log has a line for each that is given up."""
        sekid, worker, before = self.start_telling('retry_for = "100ms"\n')
        self.collector.answer("logs", 503, always=True)
        self.deny(worker, 3, "bob")
        self.assertEqual(self.settled(sekid), before + 2)
        self.assertEqual(self.told_by(sekid, "logs"), [before, 0, 2])
        for times in (2, 3):
            self.deny(worker, 1, "bob")
            self.assertEqual(self.settled(sekid), before + 1 + times)
        self.assertEqual(self.told_by(sekid, "logs"), [before, 0, 4])
        sekid.stop()
        self.assertEqual(sekid.log.text().count("HTTP status 503"), 1)


class Reload(OutageTest):
    def test_what_waits_goes_to_the_new_collector(self):
        """Fails when a reload loses or doubles what the old collector did not take."""
        sekid, worker, before = self.start_telling("max_batch = 10\n")
        self.collector.answer("logs", 503, always=True)
        self.deny(worker, 31, "bob")
        eventually("it was tried", lambda: self.retries(sekid) > 0)
        other = self.another()
        self.export(LOGIN, "metrics = false\n", collector=other)
        sekid.reload()
        self.assertEqual(self.settled(sekid), before + 30)
        self.assertEqual(self.told_by(sekid, "logs")[1:], [0, 0])
        self.assertEqual((len(self.records_of(self.collector, "bob")), len(self.records_of(other, "bob"))), (0, 30))

    def test_events_that_come_meanwhile_are_not_lost(self):
        """Fails when a reload makes sekid deaf for a moment."""
        sekid, worker, before = self.start_telling()

        def unheard():
            samples = sekid.samples()
            return samples['seki_limiter_decisions_total{limiter="login",decision="deny"}'] - samples["seki_events_total"]

        unheard_before = unheard()
        other = self.another()
        for n in range(6):
            self.export(LOGIN, f"metrics = false\nmax_batch = {10 + n}\n", collector=other if n % 2 == 0 else self.collector)
            worker.begin("repeat 21 login bob")
            sekid.reload()
            worker.answer()
        self.assertEqual(unheard(), unheard_before)
        count = self.settled(sekid) - before  # what the worker's ring had room for
        self.assertGreater(count, 21)
        self.assertEqual(self.told_by(sekid, "logs")[1:], [0, 0])
        self.assertEqual(len(self.records_of(self.collector, "bob")) + len(self.records_of(other, "bob")), count)

    def test_export_that_is_switched_off_ends_with_what_there_was_and_can_be_switched_on(self):
        """Fails when records that wait for their interval are thrown away, workers go on telling, or sekid cannot begin again."""
        sekid, worker, _ = self.start_telling()
        self.export(LOGIN, "metrics = false\n", events="1h")
        sekid.reload()
        self.deny(worker, 4, "bob")
        eventually("they wait", lambda: self.waits(sekid) == 3)
        self.configure(LOGIN)
        sekid.reload()
        total = self.settled(sekid)
        self.assertEqual(len(self.records_of(self.collector, "bob")), 3)
        eventually("nobody listens", lambda: not self.hears(sekid, worker))
        self.export(LOGIN)
        sekid.reload()
        eventually("metrics", self.collector.metrics)
        eventually("records", lambda: self.deny(worker, 1, "carol") or self.records_of(self.collector, "carol"))
        eventually("they are counted", lambda: sum(self.told_by(sekid, "logs")) > total)

    def test_sekid_stops_where_export_was_switched_off(self):
        """Fails when the thread that exported waits for ever for something to export, as it did after [otlp] was removed."""
        sekid, _, _ = self.start_telling()
        self.configure(LOGIN)
        sekid.reload()
        self.assertEqual(sekid.stop(), 0)
        self.assertNotIn("were not exported", sekid.log.text())

    def test_sekid_stops_where_export_was_never_switched_on(self):
        """Fails when a reload that is refused leaves a thread that waits for ever for somewhere to export to."""
        self.configure(LOGIN)
        sekid = self.start()
        self.export(LOGIN.replace("max_keys = 100", "max_keys = 200"))
        sekid.reload()
        sekid.wait_log("nothing was reloaded")
        self.assertEqual(sekid.stop(), 0)

    def hears(self, sekid, worker):
        before = self.denied(sekid)
        self.deny(worker, 1)
        return self.denied(sekid) != before

    def test_a_file_with_a_mistake_changes_nothing(self):
        """Fails when a collector that works is left for one that cannot be."""
        sekid, worker, _ = self.start_telling()
        self.export(LOGIN, 'metrics = false\ntimeout = "1"\n', collector=self.another())
        sekid.reload()
        sekid.wait_log('[otlp]: timeout "1" has no unit')
        self.export(LOGIN, 'metrics = false\nca_file = "/nowhere.pem"\n', collector=self.another())
        with open(self.config, encoding="utf-8") as file:
            text = file.read().replace("http://", "https://")
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(text)
        sekid.reload()
        sekid.wait_log('[otlp]: ca_file "/nowhere.pem": cannot be read: No such file or directory')
        code, said = self.refused("--check", self.config)
        self.assertEqual(code, 1)
        self.assertRegex(said, r'\A\S+/sekid\.toml:\d+:11: \[otlp\]: ca_file "/nowhere.pem": cannot be read: No such file or directory: [^\n]+\n\Z')
        self.deny(worker, 2, "bob")
        eventually("the old one gets it", lambda: self.records_of(self.collector, "bob"))
        self.assertEqual(sekid.stop(), 0)


class Stop(OutageTest):
    def test_what_waits_is_sent_before_sekid_ends(self):
        """Fails when the last minute of a host is missing: its refusals, its change of state, or its last numbers."""
        self.export(LOGIN + PAYMENTS, metrics="1h", events="1h")
        sekid = self.start()
        worker = self.worker()
        eventually("the first numbers", self.collector.metrics)
        eventually("it listens", lambda: self.deny(worker, 1, "first") or self.waits(sekid))
        self.deny(worker, 5, "bob")
        sekid.process.send_signal(signal.SIGSTOP)
        self.assertEqual(worker("call payments error 5"), "called 2")
        sekid.process.send_signal(signal.SIGTERM)
        sekid.process.send_signal(signal.SIGCONT)
        self.assertEqual(sekid.stop(), 0)
        self.assertEqual(len(self.records_of(self.collector, "bob")), 4)
        told = [said["event.name"] for _, said in self.collector.records()]
        self.assertIn("seki.breaker.state_change", told)
        states = self.collector.metrics()["seki_breaker_state"].gauge.data_points
        self.assertEqual([point.attributes[1].value.string_value for point in states if point.as_double == 1], ["open"])

    def test_a_collector_that_does_not_answer_keeps_sekid_no_longer_than_it_may(self):
        """Fails when sekid hangs at its end, or does not say what it could not send."""
        for down in (False, True):
            with self.subTest(down=down):
                self.export(LOGIN, 'metrics = false\nflush_timeout = "100ms"\n', events="1h")
                sekid = self.start()
                worker = self.worker()
                eventually("it listens", lambda: self.deny(worker, 1, "first") or self.waits(sekid) > 0)
                if down:
                    self.collector.down()
                else:
                    self.collector.answer("logs", always=True, hold=True)
                self.assertEqual(sekid.stop(), 0)
                self.assertRegex(sekid.log.text(), r"[1-9]\d* log records were not exported")
                os.unlink(self.segment)


if __name__ == "__main__":
    unittest.main()
