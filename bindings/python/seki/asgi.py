"""ASGI middleware: requests that a limiter denies are answered 429, and those for which a bulkhead has no permit 503;
requests have the deadline that their client has. Nothing blocks the loop.

    app = seki.asgi.RateLimit(app, logins, key=lambda scope: scope["client"][0])

Websockets that are refused are closed before they are accepted, which servers answer with 403.
"""

from __future__ import annotations

from math import inf
from typing import Any, Awaitable, Callable, Dict, List, Optional, Tuple

from ._bulkhead import Bulkhead as _Bulkhead
from ._deadline import deadline, of_request
from ._durations import Duration, nanoseconds
from ._fields import Fields, Undecided, counted, retry_after, spent
from ._limiter import Key, Limiter
from ._native import Decision
from .errors import Error, Refused

__all__ = ["Bulkhead", "Deadline", "RateLimit", "client_address"]

Scope = Dict[str, Any]
Message = Dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = List[Tuple[bytes, bytes]]

# What a limit is asked for; a lifespan is not.
_REQUESTS = ("http", "websocket")
_REMAINING = deadline.HEADER.encode()


def client_address(scope: Scope) -> str:
    """The key that is used when none is given: who is at the other end of the connection. Behind a proxy that is the proxy: then take what it says. On a unix
    socket it is nobody, and nobody is limited."""
    client = scope.get("client")
    return str(client[0]) if client else ""


async def _answer(scope: Scope, receive: Receive, send: Send, status: int, sentence: str, headers: Headers) -> None:
    if scope["type"] == "websocket":
        await receive()  # websocket.connect
        await send({"type": "websocket.close", "code": 1013})
        return
    body = f"{sentence}\n".encode()
    all_headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode()), *headers]
    await send({"type": "http.response.start", "status": status, "headers": all_headers})
    await send({"type": "http.response.body", "body": body})


class RateLimit:
    """Asks `limiter` for each request, by `key(scope)`. The arguments are those of seki.wsgi.RateLimit; `denied(scope, receive, send, decision)` is
    awaited. The decision is in scope["seki.decision"]."""

    def __init__(
        self,
        application: Application,
        limiter: Limiter,
        key: Callable[[Scope], Optional[Key]] = client_address,
        *,
        cost: Optional[Callable[[Scope], int]] = None,
        denied: Optional[Callable[[Scope, Receive, Send, Decision], Awaitable[None]]] = None,
        fields: bool = True,
        on_error: str = "allow",
    ) -> None:
        self._application, self._check, self._key, self._cost, self._denied = application, limiter.check, key, cost, denied
        self._fields = Fields(limiter) if fields else None
        self._undecided = Undecided(on_error)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = counted(self._key(scope)) if scope["type"] in _REQUESTS else None
        if key is None:
            return await self._application(scope, receive, send)
        try:
            decision = self._check(key) if self._cost is None else self._check(key, spent(self._cost(scope)))
            told = self._told(decision)
        except Error as error:
            if self._undecided.lets_through(error):
                return await self._application(scope, receive, send)
            return await _answer(scope, receive, send, 503, "Service Unavailable", [])
        scope["seki.decision"] = decision
        if not decision.allowed:
            if self._denied is not None:
                return await self._denied(scope, receive, send, decision)
            when = retry_after(decision.retry_after)
            headers = told + ([(b"retry-after", when.encode())] if when else [])
            return await _answer(scope, receive, send, 429, "Too Many Requests", headers)

        async def send_with_fields(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *told]}
            await send(message)

        await self._application(scope, receive, send_with_fields if told else send)

    def _told(self, decision: Decision) -> Headers:
        told = self._fields.of(decision) if self._fields is not None else None
        return [(b"ratelimit-policy", told[0].encode()), (b"ratelimit", told[1].encode())] if told is not None else []


class Bulkhead:
    """Holds a permit of `bulkhead` for the time of a request; 503 without one. `timeout`: how long to wait for it; None: as its max_wait says."""

    def __init__(self, application: Application, bulkhead: _Bulkhead, *, timeout: Optional[Duration] = None, on_error: str = "allow") -> None:
        self._application, self._acquire, self._timeout = application, bulkhead.acquire_async, timeout
        self._undecided = Undecided(on_error)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in _REQUESTS:
            return await self._application(scope, receive, send)
        try:
            permit = await self._acquire(self._timeout)
        except Refused:
            return await _answer(scope, receive, send, 503, "Service Unavailable", [(b"retry-after", b"1")])
        except Error as error:
            if self._undecided.lets_through(error):
                return await self._application(scope, receive, send)
            return await _answer(scope, receive, send, 503, "Service Unavailable", [])
        with permit:
            await self._application(scope, receive, send)


class Deadline:
    """A request has the deadline (seki.deadline) that its header x-deadline-remaining says, and `default` after it came at the latest. One whose client does not
    wait any more is answered 504."""

    def __init__(self, application: Application, *, default: Duration = inf) -> None:
        nanoseconds(default, "default")
        self._application, self._default = application, default

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in _REQUESTS:
            return await self._application(scope, receive, send)
        said = [value for name, value in scope["headers"] if name == _REMAINING]
        with of_request(said[0] if said else None, deadline(self._default)):
            if deadline.remaining() == 0:
                return await _answer(scope, receive, send, 504, "Gateway Timeout", [])
            await self._application(scope, receive, send)
