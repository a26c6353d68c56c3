"""Telemetry events from outside: a worker, sekid, and who listens there with sekictl or curl."""

import contextlib
import http.client
import json
import re
import signal
import socket
import unittest

from breakers import PAYMENTS
from sekid_harness import DEADLINE, SEKICTL, Follower, SekictlTest, eventually

# event_hub::most_subscribers.
MOST = 8

LOGIN = '[limiter.login]\nlimit = 1\nwindow = "30d"\nmax_keys = 100\n'
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"


class EventsTest(SekictlTest):
    def setUp(self):
        super().setUp()
        self.configure(LOGIN)

    def deny_until_seen(self, worker, *by):
        """For several followers: that somebody listens says only that one of them does."""

        def seen():
            worker("repeat 2 login alice")
            return all("seki.rate_limit.deny" in follower.out.text() for follower in by)

        eventually("all see it", seen)

    def stream(self, sekid, path="/api/v1/events"):
        """Status and the open answer; what it says first has been read, so whatever happens from now on is told."""
        connection = sekid.connection()
        self.addCleanup(connection.close)
        connection.request("GET", path)
        response = connection.getresponse()
        if response.status == 200:
            self.assertEqual(response.readline(), b":\n")
        return connection, response


class Listening(EventsTest):
    def test_a_denial_is_told_with_its_key_and_trace(self):
        """Fails when an event gets lost between worker and listener, or a part of it does."""
        self.start()
        worker = self.worker()
        self.assertEqual(worker("check login alice 1"), "allow 0")
        text = self.follow()
        lines = self.follow("--json")
        self.assertEqual(worker(f"trace 00-{TRACE}-{SPAN}-01"), "traced")
        self.deny_until_seen(worker, text, lines)
        line = text.out.wait(r".*seki\.rate_limit\.deny.*\n")[0]
        self.assertIn(' limiter "login" ', line)
        self.assertIn(' key="alice" ', line)
        self.assertIn(f" pid={worker.process.pid} trace={TRACE} span={SPAN}\n", line)
        event = json.loads(lines.out.wait(r".*\n")[0])
        self.assertEqual(event["schema"], 1)
        self.assertEqual((event["name"], event["primitive"]), ("seki.rate_limit.deny", "login"))
        self.assertEqual((event["metadata"]["name"], event["metadata"]["key"], event["metadata"]["key_whole"]), ("login", "alice", True))
        self.assertEqual((event["trace_id"], event["span_id"], event["trace_flags"]), (TRACE, SPAN, 1))
        self.assertEqual(event["worker"]["pid"], worker.process.pid)
        self.assertEqual(event["measurements"]["cost"], 1)
        self.assertGreater(event["measurements"]["retry_after"], 1_000_000)
        self.assertRegex(event["time"], r"\A20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z\Z")

    def test_curl_sees_server_sent_events(self):
        """Fails when what is sent is not what the standard says, or an allow is told unasked."""
        sekid = self.start()
        worker = self.worker()
        curl = Follower("curl", "--silent", "--show-error", "--no-buffer", "--include", sekid.address() + "/api/v1/events")
        self.addCleanup(curl.end)
        curl.out.wait(r"HTTP/1.1 200 OK\n")
        curl.out.wait(r"Content-Type: text/event-stream\n")
        curl.out.wait(r"\n\n:\n\n")
        worker("repeat 3 login alice")
        first = curl.out.wait(r"\nid: (\d+)\ndata: (\{.*\})\n\n")
        second = curl.out.wait(r"\nid: %d\ndata: (\{.*\})\n\n" % (int(first[1]) + 1))
        self.assertEqual(json.loads(first[2])["name"], "seki.rate_limit.deny")
        self.assertEqual(json.loads(second[1])["name"], "seki.rate_limit.deny")

    def test_workers_stop_telling_when_nobody_listens_any_more(self):
        """Fails when calls go on paying for who left."""
        self.start()
        worker = self.worker()
        follower = self.follow()
        worker("repeat 2 login alice")
        follower.out.wait(r"deny")
        follower.end()
        eventually("nobody listens", lambda: self.listening() == 0)

    def test_who_wants_rare_events_costs_ordinary_calls_nothing(self):
        """Fails when workers are made to tell of calls that nobody asked for."""
        sekid = self.start()
        self.stream(sekid, "/api/v1/events?match=seki.breaker.state_change")
        self.worker()("repeat 5 login alice")
        self.assertEqual(self.listening(), 0)
        self.assertEqual(sekid.samples()["seki_events_total"], 0)

    def test_allows_are_told_as_far_as_they_are_asked_for(self):
        """Fails when event_sample has no effect, or not before sekid starts anew."""
        self.configure("[limiter.login]\nlimit = 1000000\nwindow = '30d'\nmax_keys = 100\n")
        sekid = self.start()
        follower = self.follow()
        worker = self.worker()
        worker("repeat 100 login alice")
        self.configure("", sekid='listen = "127.0.0.1:0"\nevent_sample = 1.0')
        sekid.reload()
        worker("repeat 3 login bob")
        told = follower.out.wait(r"(.*\n){3}")[0]
        self.assertEqual(told.count("seki.rate_limit.allow"), 3)
        self.assertEqual(told.count('key="bob"'), 3)

    def test_events_are_counted(self):
        """Fails when the counters are not there from the start, do not move, or go down with sekid."""
        sekid = self.start()
        self.assertEqual(sekid.samples()["seki_events_total"], 0)
        self.assertEqual(sekid.samples()["seki_events_dropped_total"], 0)
        follower = self.follow()
        self.worker()("repeat 4 login alice")
        follower.out.wait(r"(.*deny.*\n){3}")
        self.assertEqual(sekid.samples()["seki_events_total"], 3)
        self.assertEqual(sekid.state()["events"], {"total": 3, "dropped": 0})
        sekid.kill()
        self.assertEqual(self.start().samples()["seki_events_total"], 3)

    def test_a_flood_is_told_in_part_and_counted_whole(self):
        """Fails when a flood holds up the worker or sekid, or events are neither told nor counted."""
        sekid = self.start()
        follower = self.follow("--json")
        worker = self.worker()
        self.assertEqual(worker("repeat 200001 login alice"), "allowed 1")

        def all_there():
            told = follower.objects()
            missed = sum(each.get("missed", 0) for each in told)
            samples = sekid.samples()
            told = sum(1 for each in told if "name" in each)
            return (
                samples["seki_events_total"] == 200000
                and told + samples["seki_events_dropped_total"] == 200000
                and missed <= samples["seki_events_dropped_total"]
            )

        eventually("all are told or counted", all_there)

    def test_only_so_many_may_listen_and_the_others_are_answered(self):
        """Fails when listeners use up the threads that answer everybody else, or a place is lost when one leaves."""
        sekid = self.start()
        listeners = [self.stream(sekid) for _ in range(MOST)]
        for _, response in listeners:
            self.assertEqual(response.status, 200)
        _, refused = self.stream(sekid)
        self.assertEqual(refused.status, 503)
        self.assertIn(b"8 clients listen already", refused.read())
        self.assertEqual(sekid.get("/healthz"), "alive\n")
        self.assertEqual(sekid.get("/readyz"), "ready\n")
        done = self.run_it("events", "--follow")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("8 clients listen already", done.stderr)
        for connection, response in listeners:
            response.close()
            connection.close()
        eventually("there is a place again", lambda: self.stream(sekid)[1].status == 200)

    def test_a_unix_socket_serves_as_well(self):
        """Fails when sekictl cannot find or use a sekid that listens on a path."""
        self.configure(LOGIN, sekid=f'listen = "unix:{self.folder}/http.sock"')
        self.start()
        follower = self.follow()
        self.worker()("repeat 2 login alice")
        follower.out.wait(r"deny")


class Endings(EventsTest):
    def test_sekid_stops_though_somebody_listens(self):
        """Fails when an open stream keeps sekid from stopping, or its end looks like an end of the events."""
        sekid = self.start()
        follower = self.follow()
        self.assertEqual(sekid.stop(), 0)
        self.assertEqual(follower.process.wait(DEADLINE), 1)
        follower.err.wait(r"sekictl: sekid at http://127.0.0.1:\d+ ended, and its events with it: follow again when it runs\n")
        self.assertEqual(self.listening(), 0)

    def test_a_change_of_state_just_before_sekid_stops_is_told(self):
        """Fails when events that sekid took, or that wait for it, are thrown away by its stop. It stands still, so that both come at once."""
        self.configure(PAYMENTS)
        sekid = self.start()
        follower = self.follow("--json")
        worker = self.worker()
        sekid.process.send_signal(signal.SIGSTOP)
        self.assertEqual(worker("call payments error 5"), "called 2")
        sekid.process.send_signal(signal.SIGTERM)
        sekid.process.send_signal(signal.SIGCONT)
        self.assertEqual(sekid.process.wait(DEADLINE), 0)
        self.assertEqual(follower.process.wait(DEADLINE), 1)
        follower.end()
        self.assertIn('"seki.breaker.state_change"', follower.out.text())

    def test_a_sekid_that_is_killed_leaves_nobody_telling_for_good(self):
        """Fails when a worker tells on for a listener who is dead, or the next sekid cannot listen."""
        sekid = self.start()
        self.follow()
        sekid.kill()
        worker = self.worker()
        eventually("nobody listens", lambda: worker("repeat 1 login alice") and self.listening() == 0)
        self.start()
        follower = self.follow()
        worker("repeat 2 login alice")
        follower.out.wait(r"deny")

    def test_a_stopped_listener_holds_up_nobody(self):
        """Fails when sekid waits for a client that does not read."""
        sekid = self.start()
        follower = self.follow()
        follower.process.send_signal(signal.SIGSTOP)
        self.deny_until_seen(self.worker(), self.follow())
        self.assertEqual(sekid.get("/readyz"), "ready\n")
        self.assertEqual(sekid.stop(), 0)


class Mistakes(EventsTest):
    def test_without_sekid_there_are_no_events(self):
        """Fails when the message does not say why."""
        self.worker().close()
        for arguments in (["events"], ["events", "--follow"]):
            done = self.run_it(*arguments)
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertIn("no sekid looks after it, and only sekid hands out events", done.stderr)

    def test_without_a_segment(self):
        """Fails when the exit code is not the one for a missing segment."""
        self.assertEqual(self.run_it("events").returncode, 3)

    def test_a_pattern_that_matches_nothing(self):
        """Fails when a mistake in a name goes unnoticed."""
        sekid = self.start()
        done = self.run_it("events", "--match", "seki.breakr.*")
        self.assertEqual(done.returncode, 2)
        self.assertIn('pattern "seki.breakr.*" matches no event: there are seki.rate_limit.allow', done.stderr)
        status, body, _ = sekid.ask("/api/v1/events?match=seki.breakr.*")
        self.assertEqual(status, 400)
        self.assertIn("matches no event", body)

    def test_an_address_where_no_sekid_is(self):
        """Fails when it is not said what could not be reached."""
        self.start()
        for address in ("http://127.0.0.1:1", "unix:/dev/shm/none.sock", "nonsense", "http://127.0.0.1"):
            done = self.run_it("events", "--sekid", address)
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertIn(f"cannot listen to sekid at {address}", done.stderr)

    def test_an_address_where_nobody_answers(self):
        """Fails when sekictl waits for ever: for an answer, or for somebody to take its connection."""
        self.start()
        silent = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(silent.close)
        path = f"{self.folder}/full.sock"
        full = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.addCleanup(full.close)
        full.bind(path)
        full.listen(0)
        waiting = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.addCleanup(waiting.close)
        waiting.connect(path)  # the one that may
        addresses = (f"http://127.0.0.1:{silent.getsockname()[1]}", f"unix:{path}")
        asking = [Follower(SEKICTL, "--segment", self.segment, "events", "--sekid", each) for each in addresses]
        for address, each in zip(addresses, asking):
            self.addCleanup(each.end)
            self.assertEqual(each.process.wait(DEADLINE), 1)
            each.err.wait(re.escape(f"sekictl: cannot listen to sekid at {address}: no answer within 5 s"))

    def test_what_is_remembered_is_answered_at_once(self):
        """Fails when a question that does not follow waits for events, or HEAD takes a place of a listener."""
        sekid = self.start()
        self.assertEqual(sekid.get("/api/v1/events?recent=1&follow=0"), "")
        for _ in range(2 * MOST):
            self.assertEqual(sekid.ask("/api/v1/events", method="HEAD")[0], 200)
        done = self.run_it("events")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        with contextlib.closing(sekid.connection()) as connection:
            connection.request("GET", "/api/v1/events")
            self.assertEqual(connection.getresponse().status, http.client.OK)


if __name__ == "__main__":
    unittest.main()
