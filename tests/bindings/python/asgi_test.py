"""ASGI middleware, against a validator of the protocol. Fails when it breaks the protocol, blocks the loop, or says something else than WSGI's."""

import asyncio
import math
import unittest

import seki
from support import LONG, SegmentTest


def validated(app):
    """Holds an application to the messages that the specification (3.0, HTTP and websockets 2.3) allows of it, in their order."""

    async def checked(scope, receive, send):
        state = "begun"

        async def checked_send(message):
            nonlocal state
            assert isinstance(message, dict), message
            step = (state, message["type"])
            if step == ("begun", "http.response.start"):
                assert isinstance(message["status"], int) and 100 <= message["status"] < 600, message
                for name, value in message.get("headers", ()):
                    assert isinstance(name, bytes) and isinstance(value, bytes) and name == name.lower(), (name, value)
                state = "started"
            elif step == ("started", "http.response.body"):
                assert isinstance(message.get("body", b""), bytes)
                state = "started" if message.get("more_body", False) else "over"
            elif step == ("begun", "websocket.accept"):
                state = "accepted"
            elif message["type"] == "websocket.close" and state in ("begun", "accepted"):
                assert isinstance(message.get("code", 1000), int)
                state = "over"
            elif message["type"].startswith("lifespan."):
                pass
            else:
                raise AssertionError(f"{message['type']} after {state}")
            await send(message)

        await app(scope, receive, checked_send)
        assert scope["type"] == "lifespan" or state in ("over", "accepted"), f"{scope['type']} ended as {state}"

    return checked


async def application(scope, receive, send):
    if scope["type"] == "lifespan":
        await send({"type": "lifespan.startup.complete"})
        return
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"hel", "more_body": True})
    await send({"type": "http.response.body", "body": b"lo"})


async def get(app, kind="http", address="203.0.113.7", path="/", headers=()):
    """What an application sends for a request."""
    sent = []

    async def receive():
        return {"type": {"http": "http.request", "websocket": "websocket.connect", "lifespan": "lifespan.startup"}[kind]}

    async def send(message):
        sent.append(message)

    scope = {"type": kind, "asgi": {"version": "3.0"}}
    if kind != "lifespan":
        scope.update(method="GET", path=path, headers=list(headers), client=(address, 1))
    await validated(app)(scope, receive, send)
    return sent


class Limited(SegmentTest, unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        super().setUp()
        self.logins = self.shop.limiter("logins", limit=2, window="1h")
        self.app = seki.asgi.RateLimit(validated(application), self.logins)

    async def test_what_is_allowed_is_answered_with_the_fields_of_the_draft(self):
        start, *bodies = await get(self.app)
        self.assertEqual((start["status"], b"".join(body["body"] for body in bodies)), (200, b"hello"))
        headers = dict(start["headers"])
        self.assertEqual(headers[b"ratelimit-policy"], b'"logins";q=2;w=3600')
        self.assertEqual(headers[b"ratelimit"], b'"logins";r=1;t=1800')

    async def test_what_is_denied_is_answered_429_and_when_to_come_back(self):
        statuses = [(await get(self.app))[0]["status"] for _ in range(3)]
        self.assertEqual(statuses, [200, 200, 429])
        start, body = await get(self.app)
        self.assertEqual((dict(start["headers"])[b"retry-after"], body["body"]), (b"1800", b"Too Many Requests\n"))
        self.assertEqual((await get(self.app, address="203.0.113.8"))[0]["status"], 200)

    async def test_websockets_are_limited_and_lifespans_are_not(self):
        for _ in range(3):
            self.assertEqual((await get(self.app, "lifespan"))[0]["type"], "lifespan.startup.complete")
        kinds = [(await get(self.app, "websocket"))[0]["type"] for _ in range(3)]
        self.assertEqual(kinds, ["websocket.accept", "websocket.accept", "websocket.close"])

    async def test_an_application_answers_denials_itself_and_sees_the_decision(self):
        async def denied(scope, receive, send, decision):
            self.assertIs(scope["seki.decision"], decision)
            await send({"type": "http.response.start", "status": 420})
            await send({"type": "http.response.body", "body": b""})

        app = seki.asgi.RateLimit(application, self.logins, cost=lambda scope: 3, denied=denied, fields=False)
        self.assertEqual((await get(app))[0]["status"], 420)

    async def test_nobody_gets_around_the_limit_by_what_he_sends(self):
        """Fails when a key above 4096 bytes or an absurd cost is let through as if nothing could be decided, or an empty key is counted."""
        statuses = [(await get(self.app, address="x" * 5000))[0]["status"] for _ in range(3)]
        self.assertEqual(statuses, [200, 200, 429])
        costs = seki.asgi.RateLimit(application, self.logins, cost=lambda scope: int(scope["path"]))
        self.assertEqual([(await get(costs, path=path))[0]["status"] for path in ("3", "9" * 30)], [429, 429])
        with self.assertRaises(seki.InvalidArgument):
            await get(costs, path="-1")
        self.assertEqual({(await get(self.app, address=""))[0]["status"] for _ in range(5)}, {200})

    async def test_a_limiter_that_only_watches_is_not_spoken_of(self):
        """Fails when clients are told otherwise than by nginx."""
        watching = self.shop.limiter("watching", limit=1, window="1h", mode="shadow")
        start = (await get(seki.asgi.RateLimit(application, watching)))[0]
        self.assertEqual([name for name, _ in start["headers"]], [b"content-type"])

    async def test_while_nothing_can_be_decided_it_does_as_it_was_told(self):
        apps = {what: seki.asgi.RateLimit(application, self.logins, on_error=what) for what in ("allow", "deny", "raise")}
        self.shop.remove_limiter("logins")
        with self.assertLogs("seki"):
            self.assertEqual((await get(apps["allow"]))[0]["status"], 200)
            self.assertEqual((await get(apps["deny"]))[0]["status"], 503)
        with self.assertRaises(seki.Deleted):
            await get(apps["raise"])

    async def test_a_bulkhead_is_waited_for_without_blocking_the_loop(self):
        database = self.shop.bulkhead("database", max_concurrent=1)
        leave, most = asyncio.Event(), 0

        async def slow(scope, receive, send):
            nonlocal most
            most = max(most, database.status.in_use)
            await leave.wait()
            await application(scope, receive, send)

        app = seki.asgi.Bulkhead(slow, database, timeout=LONG)
        requests = [asyncio.create_task(get(app)) for _ in range(4)]
        while database.status.waiting != 3:
            await asyncio.sleep(0.001)
        refused = await get(seki.asgi.Bulkhead(slow, database))
        self.assertEqual((refused[0]["status"], dict(refused[0]["headers"])[b"retry-after"]), (503, b"1"))
        leave.set()
        self.assertEqual([answer[0]["status"] for answer in await asyncio.gather(*requests)], [200] * 4)
        self.assertEqual((most, database.status.in_use), (1, 0))


class Timed(SegmentTest, unittest.IsolatedAsyncioTestCase):
    """Fails when a request has no deadline, more time than its client gives it, or that of another."""

    async def test_each_request_has_the_time_that_its_client_says_at_most_the_default(self):
        entered, leave = [], asyncio.Event()

        async def application_that_looks(scope, receive, send):
            entered.append(None)
            await leave.wait()
            entered[int(scope["path"])] = seki.deadline.remaining()
            await application(scope, receive, send)

        app = seki.asgi.Deadline(validated(application_that_looks), default="1h")
        said = [[(b"x-deadline-remaining", value)] for value in (b"60000", b"nonsense", b"99999999")] + [[]]
        requests = [asyncio.create_task(get(app, path=str(number), headers=headers)) for number, headers in enumerate(said)]
        while len(entered) < len(said):
            await asyncio.sleep(0)
        leave.set()
        self.assertTrue(all(sent[0]["status"] == 200 for sent in await asyncio.gather(*requests)))
        self.assertTrue(0 < entered[0] <= 60, entered)
        self.assertTrue(all(3500 < each <= 3600 for each in entered[1:]), entered)
        self.assertEqual(seki.deadline.remaining(), math.inf)

    async def test_who_does_not_wait_any_more_is_not_served(self):
        app = seki.asgi.Deadline(validated(application))
        over = [(b"x-deadline-remaining", b"0")]
        self.assertEqual((await get(app, headers=over))[0]["status"], 504)
        self.assertEqual([message["type"] for message in await get(app, "websocket", headers=over)], ["websocket.close"])
        self.assertEqual((await get(app, "lifespan"))[0]["type"], "lifespan.startup.complete")
        self.assertEqual((await get(app))[0]["status"], 200)


if __name__ == "__main__":
    unittest.main()
