"""WSGI middleware (PEP 3333): requests that a limiter denies are answered 429, and those for which a bulkhead has no permit 503;
requests have the deadline that their client has.

    app = seki.wsgi.RateLimit(app, logins, key=lambda environ: environ["REMOTE_ADDR"])
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any, Callable, Iterable, Iterator, List, Optional, Tuple

from ._bulkhead import Bulkhead as _Bulkhead
from ._deadline import Inside, deadline, of_request
from ._durations import Duration, nanoseconds
from ._fields import Fields, Undecided, counted, retry_after, spent
from ._limiter import Key, Limiter
from ._native import Decision, Permit
from .errors import Error, Refused

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["Bulkhead", "Deadline", "RateLimit", "remote_address"]

Headers = List[Tuple[str, str]]


def remote_address(environ: WSGIEnvironment) -> str:
    """The key that is used when none is given: who is at the other end of the connection. Behind a proxy that is the proxy: then take what it says. On a unix
    socket it is nobody, and nobody is limited."""
    return environ.get("REMOTE_ADDR", "")


def _answer(start_response: StartResponse, status: str, sentence: str, headers: Headers) -> Iterable[bytes]:
    body = f"{sentence}\n".encode()
    start_response(status, [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body))), *headers])
    return [body]


class RateLimit:
    """Asks `limiter` for each request, by `key(environ)`.

    `cost(environ)`: what a request costs (1). `key` may answer None, or nothing (""): such a request is not limited. One above 4096 bytes is counted by its SHA-1. `denied(environ, start_response, decision)`: answers
    instead of the plain 429. `fields`: whether responses have RateLimit and RateLimit-Policy. `on_error`: what becomes of requests while nothing can be
    decided: "allow" (default), "deny" (503) or "raise". The decision is in environ["seki.decision"].
    """

    def __init__(
        self,
        application: WSGIApplication,
        limiter: Limiter,
        key: Callable[[WSGIEnvironment], Optional[Key]] = remote_address,
        *,
        cost: Optional[Callable[[WSGIEnvironment], int]] = None,
        denied: Optional[Callable[[WSGIEnvironment, StartResponse, Decision], Iterable[bytes]]] = None,
        fields: bool = True,
        on_error: str = "allow",
    ) -> None:
        self._application, self._check, self._key, self._cost, self._denied = application, limiter.check, key, cost, denied
        self._fields = Fields(limiter) if fields else None
        self._undecided = Undecided(on_error)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        key = counted(self._key(environ))
        if key is None:
            return self._application(environ, start_response)
        try:
            decision = self._check(key) if self._cost is None else self._check(key, spent(self._cost(environ)))
            told = self._told(decision)
        except Error as error:
            if self._undecided.lets_through(error):
                return self._application(environ, start_response)
            return _answer(start_response, "503 Service Unavailable", "Service Unavailable", [])
        environ["seki.decision"] = decision
        if not decision.allowed:
            if self._denied is not None:
                return self._denied(environ, start_response, decision)
            when = retry_after(decision.retry_after)
            return _answer(start_response, "429 Too Many Requests", "Too Many Requests", told + ([("Retry-After", when)] if when else []))
        if not told:
            return self._application(environ, start_response)

        def start_with_fields(status: str, headers: Headers, exc_info: Any = None) -> Callable[[bytes], object]:
            if exc_info:
                return start_response(status, headers + told, exc_info)
            return start_response(status, headers + told)

        return self._application(environ, start_with_fields)

    def _told(self, decision: Decision) -> Headers:
        told = self._fields.of(decision) if self._fields is not None else None
        return [("RateLimit-Policy", told[0]), ("RateLimit", told[1])] if told is not None else []


class Bulkhead:
    """Holds a permit of `bulkhead` from the beginning of a request until its response is closed, however that ends; 503 without one.

    `timeout`: how long to wait for it; None: as its max_wait says.
    """

    def __init__(self, application: WSGIApplication, bulkhead: _Bulkhead, *, timeout: Optional[Duration] = None, on_error: str = "allow") -> None:
        self._application, self._acquire, self._timeout = application, bulkhead.acquire, timeout
        self._undecided = Undecided(on_error)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            permit = self._acquire(self._timeout)
        except Refused:
            return _answer(start_response, "503 Service Unavailable", "Service Unavailable", [("Retry-After", "1")])
        except Error as error:
            if self._undecided.lets_through(error):
                return self._application(environ, start_response)
            return _answer(start_response, "503 Service Unavailable", "Service Unavailable", [])
        try:
            return _Held(self._application(environ, start_response), permit)
        except BaseException:
            permit.__exit__(None, None, None)
            raise


class Deadline:
    """A request has the deadline (seki.deadline) that its header x-deadline-remaining says, and `default` after it came at the latest. One whose client does not
    wait any more is answered 504. It holds while the application is called, and while its response is iterated."""

    def __init__(self, application: WSGIApplication, *, default: Duration = inf) -> None:
        nanoseconds(default, "default")
        self._application, self._default = application, default

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        with of_request(environ.get("HTTP_X_DEADLINE_REMAINING"), deadline(self._default)) as until:
            if deadline.remaining() == 0:
                return _answer(start_response, "504 Gateway Timeout", "Gateway Timeout", [])
            return _Under(self._application(environ, start_response), until)


class _Under:
    """A response that is iterated and closed under a deadline, which others of the thread do not see between two of its parts, nor those that a generator
    is inside of then."""

    __slots__ = ("_response", "_parts", "_inside")

    def __init__(self, response: Iterable[bytes], until: deadline) -> None:
        self._response, self._inside = response, Inside(until)
        self._parts: Optional[Iterator[bytes]] = None

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        with self._inside:
            if self._parts is None:
                self._parts = iter(self._response)
            return next(self._parts)

    def close(self) -> None:
        close = getattr(self._response, "close", None)
        if close is not None:
            with self._inside:
                close()


class _Held:
    """A response that gives a permit back when it is closed."""

    __slots__ = ("_response", "_permit")

    def __init__(self, response: Iterable[bytes], permit: Permit) -> None:
        self._response, self._permit = response, permit

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._response)

    def close(self) -> None:
        try:
            close = getattr(self._response, "close", None)
            if close is not None:
                close()
        finally:
            self._permit.__exit__(None, None, None)
