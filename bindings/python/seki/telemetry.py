"""What happens in this process, as it happens: events of limiters, breakers and bulkheads, and the trace that they belong to.

Events of all processes of the host: `sekictl events`.
"""

from __future__ import annotations

import atexit
import contextlib
from typing import Callable, Dict, Iterator, NamedTuple, Optional, Set

from . import _native

__all__ = ["Event", "Handler", "Subscription", "attach", "set_trace", "trace", "traceparent"]


class Event(NamedTuple):
    """What a handler is told."""

    name: str  # "seki.rate_limit.deny"
    primitive: str  # the name of the limiter, breaker or bulkhead
    key: Optional[bytes]  # of limiters
    time: float  # seconds of time.monotonic()
    measurements: Dict[str, int]  # "remaining", "cost", "retry_after", ...; durations in nanoseconds
    metadata: Dict[str, str]  # "state", "outcome", "from", "to", ...
    traceparent: Optional[str]  # current in the thread


Handler = Callable[[Event], object]


class Subscription(_native.Subscription):
    """A handler that is attached, until detach() or the end of its `with`."""

    def detach(self) -> None:
        """The handler is not called any more. Waits for calls of it that are under way in other threads."""
        _attached.discard(self)
        super().detach()

    def __enter__(self) -> Subscription:
        return self

    def __exit__(self, *exception: object) -> None:
        self.detach()


_attached: Set[Subscription] = set()


@atexit.register
def _detach_all() -> None:
    # Threads that still wait when the interpreter ends must not find a handler.
    for subscription in list(_attached):
        subscription.detach()


def attach(pattern: str, handler: Handler) -> Subscription:
    """Calls `handler(event)` for each event whose name the pattern matches: "seki.breaker.*", "*".

    In the thread that caused it, before the call returns: it should be quick. What it raises goes to sys.unraisablehook. Calls that it makes itself
    cause no events for handlers. A pattern that matches no event is an error. Handlers are the main interpreter's, where a process has several.
    """
    if not callable(handler):
        raise TypeError(f"attach(): a handler is a function, not {type(handler).__name__}")
    made = Subscription(pattern, lambda *values: handler(Event(*values)))
    _attached.add(made)
    return made


def set_trace(traceparent: Optional[str]) -> None:
    """Events of the calling thread carry the trace of this `traceparent` header from now on; None: of none."""
    _native.trace_set(traceparent)


def traceparent() -> Optional[str]:
    """The trace of the calling thread, as the header has it."""
    return _native.trace_get()


@contextlib.contextmanager
def trace(traceparent: Optional[str]) -> Iterator[None]:
    """set_trace() for the time of a `with`; the one before comes back. It is the thread's: a coroutine that awaits inside shares it with others."""
    before = _native.trace_get()
    _native.trace_set(traceparent)
    try:
        yield
    finally:
        _native.trace_set(before)
