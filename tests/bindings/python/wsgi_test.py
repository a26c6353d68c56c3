"""WSGI middleware, against the standard library's validator. Fails when it breaks the protocol, or tells clients something else than the decision."""

import io
import logging
import math
import unittest
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import seki
from support import SegmentTest


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]


def get(app, address="203.0.113.7", **more):
    """Status, headers and body of a request, with the validator on both sides of the middleware."""
    environ = {"REMOTE_ADDR": address, "QUERY_STRING": "", **more}
    setup_testing_defaults(environ)
    environ["wsgi.errors"], environ["wsgi.input"] = io.StringIO(), io.BytesIO()
    answered = []
    response = validator(app)(environ, lambda status, headers, exc_info=None: answered.append((status, dict(headers))))
    try:
        body = b"".join(response)
    finally:
        response.close()
    return (*answered[0], body)


class Limited(SegmentTest):
    def setUp(self):
        super().setUp()
        self.logins = self.shop.limiter("logins", limit=2, window="1h")

    def test_what_is_allowed_is_answered_with_the_fields_of_the_draft(self):
        status, headers, body = get(seki.wsgi.RateLimit(validator(application), self.logins))
        self.assertEqual((status, body), ("200 OK", b"hello"))
        self.assertEqual(headers["RateLimit-Policy"], '"logins";q=2;w=3600')
        self.assertEqual(headers["RateLimit"], '"logins";r=1;t=1800')
        self.assertNotIn("Retry-After", headers)

    def test_what_is_denied_is_answered_429_and_when_to_come_back(self):
        app = seki.wsgi.RateLimit(validator(application), self.logins, key=lambda environ: environ["REMOTE_ADDR"])
        self.assertEqual([get(app)[0] for _ in range(3)], ["200 OK", "200 OK", "429 Too Many Requests"])
        status, headers, body = get(app)
        self.assertEqual(body, b"Too Many Requests\n")
        self.assertEqual(headers["Retry-After"], "1800")
        self.assertEqual(headers["RateLimit"], '"logins";r=0;t=1800')
        self.assertEqual(get(app, "203.0.113.8")[0], "200 OK")

    def test_times_are_rounded_up_and_never_zero(self):
        fast = self.shop.limiter("fast", limit=1, window="100ms", algorithm="fixed_window")
        app = seki.wsgi.RateLimit(application, fast)
        seen = {get(app)[0] for _ in range(50)}
        self.assertEqual(seen, {"200 OK", "429 Too Many Requests"})
        while (answer := get(app))[0] != "429 Too Many Requests":
            pass
        self.assertEqual((answer[1]["Retry-After"], answer[1]["RateLimit"], answer[1]["RateLimit-Policy"]), ("1", '"fast";r=0;t=1', '"fast";q=1;w=1'))

    def test_no_time_is_told_where_none_helps(self):
        app = seki.wsgi.RateLimit(application, self.logins, cost=lambda environ: 3)
        status, headers, _ = get(app)
        self.assertEqual((status, headers["RateLimit"]), ("429 Too Many Requests", '"logins";r=2'))
        self.assertNotIn("Retry-After", headers)

    def test_an_application_answers_denials_itself_and_sees_the_decision(self):
        def denied(environ, start_response, decision):
            self.assertIs(environ["seki.decision"], decision)
            start_response("420 Enhance", [("Content-Type", "text/plain")])
            return [b"%d" % decision.limit]

        app = seki.wsgi.RateLimit(application, self.logins, cost=lambda environ: 3, denied=denied, fields=False)
        self.assertEqual(get(app)[::2], ("420 Enhance", b"2"))
        app = seki.wsgi.RateLimit(application, self.logins, fields=False)
        self.assertEqual(list(get(app)[1]), ["Content-Type"])
        unlimited = seki.wsgi.RateLimit(application, self.logins, key=lambda environ: None)
        self.assertEqual({get(unlimited)[0] for _ in range(5)}, {"200 OK"})

    def test_nobody_gets_around_the_limit_by_what_he_sends(self):
        """Fails when a key above 4096 bytes or an absurd cost is let through as if nothing could be decided, or two such keys are one."""
        app = seki.wsgi.RateLimit(application, self.logins, key=lambda environ: environ["REMOTE_ADDR"])
        for long in ("x" * 5000 + "a", "x" * 5000 + "b", "\xe9" * 2500, "\ud800", "\ud800" * 1366):
            self.assertEqual([get(app, long)[0] for _ in range(3)], ["200 OK", "200 OK", "429 Too Many Requests"])
        exact = seki.wsgi.RateLimit(application, self.logins, key=lambda environ: "y" * 4096)
        self.assertEqual([get(exact)[0] for _ in range(3)], ["200 OK", "200 OK", "429 Too Many Requests"])
        self.assertFalse(self.logins.check("y" * 4096))
        costs = seki.wsgi.RateLimit(application, self.logins, cost=lambda environ: int(environ["QUERY_STRING"]))
        for absurd in ("3", str(2**63 - 1), str(2**63), "9" * 30):
            self.assertEqual(get(costs, QUERY_STRING=absurd)[0], "429 Too Many Requests", absurd)
        for on_error in ("allow", "deny"):
            negative = seki.wsgi.RateLimit(application, self.logins, cost=lambda environ: -1, on_error=on_error)
            self.says(seki.InvalidArgument, "cost", get, negative)
            far_below = seki.wsgi.RateLimit(application, self.logins, cost=lambda environ: -(2**70), on_error=on_error)
            self.says(seki.InvalidArgument, "cost", get, far_below)

    def test_an_empty_key_is_not_counted(self):
        """Fails when those of whom nothing is known, as on a unix socket, are one."""
        app = seki.wsgi.RateLimit(application, self.logins)
        self.assertEqual({get(app, "")[0] for _ in range(5)}, {"200 OK"})
        for empty in ("", b"", bytearray(), memoryview(b"")):
            app = seki.wsgi.RateLimit(application, self.logins, key=lambda environ, empty=empty: empty)
            self.assertNotIn("RateLimit", get(app)[1])
        self.says(TypeError, "a key is a str or bytes, not int", get, seki.wsgi.RateLimit(application, self.logins, key=lambda environ: 0))

    def test_a_limiter_that_only_watches_is_not_spoken_of_and_a_burst_is(self):
        """Fails when clients are told otherwise than by nginx."""
        watching = self.shop.limiter("watching", limit=1, window="1h", mode="shadow")
        app = seki.wsgi.RateLimit(application, watching)
        self.assertEqual([(status, sorted(headers)) for status, headers, _ in (get(app), get(app))], [("200 OK", ["Content-Type"])] * 2)
        bursty = self.shop.limiter("bursty", limit=10, window="1500ms", burst=25)
        self.assertEqual(get(seki.wsgi.RateLimit(application, bursty))[1]["RateLimit-Policy"], '"bursty";q=10;w=2;seki-burst=25')

    def test_headers_that_an_application_keeps_do_not_grow(self):
        kept = [("Content-Type", "text/plain")]

        def keeps(environ, start_response):
            start_response("200 OK", kept)
            return [b""]

        get(seki.wsgi.RateLimit(keeps, self.logins))
        self.assertEqual(len(kept), 1)

    def test_an_error_after_the_start_is_handed_on(self):
        def starts_twice(environ, start_response):
            start_response("200 OK", [("Content-Type", "text/plain")])
            try:
                raise ValueError("late")
            except ValueError:
                import sys

                start_response("500 Oh", [("Content-Type", "text/plain")], sys.exc_info())
            return [b"oh"]

        self.assertEqual(get(seki.wsgi.RateLimit(validator(starts_twice), self.logins))[2], b"oh")

    def test_while_nothing_can_be_decided_it_does_as_it_was_told(self):
        apps = {what: seki.wsgi.RateLimit(application, self.logins, on_error=what) for what in ("allow", "deny", "raise")}
        self.shop.remove_limiter("logins")
        with self.assertLogs("seki", logging.ERROR) as logs:
            self.assertEqual([get(apps["allow"])[0] for _ in range(3)], ["200 OK"] * 3)
            self.assertEqual(get(apps["deny"])[0], "503 Service Unavailable")
        self.assertEqual(len(logs.output), 2)
        self.assertIn("requests are let through", logs.output[0])
        self.says(seki.Deleted, "logins", get, apps["raise"])
        self.says(ValueError, '"maybe" is none of: allow, deny, raise', seki.wsgi.RateLimit, application, self.logins, on_error="maybe")


class Confined(SegmentTest):
    def setUp(self):
        super().setUp()
        self.database = self.shop.bulkhead("database", max_concurrent=1)

    def test_a_permit_is_held_until_the_response_is_closed(self):
        def streams(environ, start_response):
            start_response("200 OK", [("Content-Type", "text/plain")])
            for _ in range(2):
                yield b"%d" % self.database.status.in_use

        app = seki.wsgi.Bulkhead(validator(streams), self.database)
        self.assertEqual(get(app)[2], b"11")
        self.assertEqual(self.database.status.in_use, 0)
        response = seki.wsgi.Bulkhead(application, self.database)({}, lambda status, headers: None)
        self.assertEqual(self.database.status.in_use, 1)
        response.close()
        self.assertEqual(self.database.status.in_use, 0)
        with self.database:
            status, headers, _ = get(app)
            self.assertEqual((status, headers["Retry-After"]), ("503 Service Unavailable", "1"))

    def test_a_permit_comes_back_when_the_application_fails(self):
        def fails(environ, start_response):
            raise ValueError("no")

        def fails_later(environ, start_response):
            start_response("200 OK", [("Content-Type", "text/plain")])
            yield b"a"
            raise ValueError("no")

        for app in (fails, fails_later):
            self.says(ValueError, "no", get, seki.wsgi.Bulkhead(app, self.database))
            self.assertEqual(self.database.status.in_use, 0)


class Timed(SegmentTest):
    """Fails when a request has no deadline, more time than its client gives it, or that of another."""

    def setUp(self):
        super().setUp()
        self.seen = []

    def application(self, environ, start_response):
        self.seen.append(seki.deadline.remaining())
        start_response("200 OK", [("Content-Type", "text/plain")])
        return self.parts()

    def parts(self):
        for part in (b"hel", b"lo"):
            self.seen.append(seki.deadline.remaining())
            yield part

    def ask(self, app, said=None):
        self.seen.clear()
        answer = get(app, **({} if said is None else {"HTTP_X_DEADLINE_REMAINING": said}))
        self.assertEqual(seki.deadline.remaining(), math.inf)
        return answer

    def test_a_response_that_sets_itself_one_leaves_none_between_two_parts(self):
        """Fails when a generator that is inside of a `with seki.deadline()` leaves its thread under its client's deadline, or is not inside of it any more."""

        def parts():
            with seki.deadline("1s"):
                for part in (b"1", b"2"):
                    self.seen.append(seki.deadline.remaining() <= 1)
                    yield part
            self.seen.append(1 < seki.deadline.remaining() <= 60)
            yield b"3"

        def application(environ, start_response):
            start_response("200 OK", [("Content-Type", "text/plain")])
            return parts()

        app = seki.wsgi.Deadline(seki.wsgi.Deadline(application, default="1m"))
        request = {"HTTP_X_DEADLINE_REMAINING": "50000"}
        between = []
        for part in app(request, lambda status, headers: None):
            between.append((part, seki.deadline.remaining()))
        self.assertEqual(between, [(part, math.inf) for part in (b"1", b"2", b"3")])
        self.assertEqual((self.seen, seki.deadline.remaining()), ([True] * 3, math.inf))
        dropped = app(request, lambda status, headers: None)
        self.assertEqual(next(dropped), b"1")
        with seki.deadline("1h"):
            del dropped
            self.assertGreater(seki.deadline.remaining(), 3500)
        self.assertEqual(seki.deadline.remaining(), math.inf)

    def test_it_has_the_time_that_its_client_says_also_while_its_response_is_iterated(self):
        app = seki.wsgi.Deadline(validator(self.application))
        self.assertEqual(self.ask(app, "60000")[::2], ("200 OK", b"hello"))
        self.assertEqual(len(self.seen), 3)
        self.assertTrue(all(0 < left <= 60 for left in self.seen), self.seen)

    def test_who_says_none_or_nonsense_or_more_has_the_default(self):
        app = seki.wsgi.Deadline(self.application, default="1m")
        for said in (None, "nonsense", "-5", "600000"):
            self.assertEqual(self.ask(app, said)[0], "200 OK")
            self.assertTrue(all(0 < left <= 60 for left in self.seen), (said, self.seen))
        self.ask(seki.wsgi.Deadline(self.application))
        self.assertEqual(self.seen, [math.inf] * 3)

    def test_who_does_not_wait_any_more_is_not_served(self):
        status, _, body = self.ask(seki.wsgi.Deadline(self.application), "0")
        self.assertEqual((status, body, self.seen), ("504 Gateway Timeout", b"Gateway Timeout\n", []))

    def test_a_wrong_default_is_refused_when_it_is_made(self):
        self.says(seki.InvalidArgument, "default: -1 is negative", seki.wsgi.Deadline, self.application, default=-1)


if __name__ == "__main__":
    unittest.main()
