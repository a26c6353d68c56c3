"""Deadlines: by when the work that is under way must be done.

A thread of Python may be many tasks that take turns, so a deadline is the context's (contextvars), not the thread's as in C: a task has its own, and
hands it to the tasks that it starts and to asyncio.to_thread(); a thread that is started otherwise begins with none. Calls of the extension that look at
the thread's deadline are made under the context's (native/deadline.c).
"""

from __future__ import annotations

import contextvars
import math
import time
from typing import Iterable, List, Optional, Tuple, Union

from . import _native
from ._durations import Duration, nanoseconds
from .errors import DeadlineExceeded, InvalidArgument

__all__ = ["deadline"]

_NEVER = 2**63 - 1

# When it is over, in nanoseconds of CLOCK_MONOTONIC; the entry that this one stands in; and whose it is. The extension reads the first.
_Entry = Tuple[int, Optional["_Entry"], "deadline"]
now: contextvars.ContextVar[Optional[_Entry]] = contextvars.ContextVar("seki.deadline", default=None)


class deadline:
    """By when what is inside a `with` must be done: `span` after this was made.

        with seki.deadline("2s"):
            ...                                       # waits for permits, limits and retries end with it: seki.DeadlineExceeded
            seki.deadline.check()                     # between two steps
            requests.get(url, headers=seki.deadline.headers(), timeout=...)

    One inside another: the earlier counts. It interrupts nothing. It holds for the task or the thread, and for the tasks and asyncio.to_thread() calls
    begun inside; to hand it to another thread, enter current() there. It may be entered often, and by several at once.
    """

    __slots__ = ("_at",)

    HEADER = "x-deadline-remaining"
    GRPC_HEADER = "grpc-timeout"

    def __init__(self, span: Duration) -> None:
        self._at = min(time.monotonic_ns() + nanoseconds(span, "deadline()"), _NEVER)

    def __enter__(self) -> deadline:
        _native.deadline_used()
        now.set(_within(now.get(), (self,)))
        return self

    def __exit__(self, *exception: object) -> None:
        # Mostly the innermost is left. A generator may be inside of one when it is left that was entered before or after it: what was entered since stays. One
        # that was entered in another context takes nothing of this one's away.
        since, entry = _entered_since(self)
        if entry is not None:
            now.set(_within(entry[1], since))

    def __repr__(self) -> str:
        return "<seki.deadline: none>" if self._at == _NEVER else f"<seki.deadline at {self._at / 1e9:.3f}>"

    @staticmethod
    def current() -> deadline:
        """The one that counts now, for another thread to enter; one that never comes when there is none."""
        made = deadline(math.inf)
        made._at = _native.deadline_current()
        return made

    @staticmethod
    def remaining() -> float:
        """Seconds until it is over, 0.0 when it is; math.inf without one."""
        left = _native.deadline_remaining()
        return math.inf if left == _NEVER else left / 1e9

    @staticmethod
    def check() -> None:
        """Raises DeadlineExceeded when it is over."""
        if _native.deadline_remaining() == 0:
            raise DeadlineExceeded("the deadline is over: begin earlier, or allow more time")

    @staticmethod
    def from_header(value: Union[str, bytes, None], *, grpc: bool = False) -> deadline:
        """What a caller says that he waits: the value of x-deadline-remaining (milliseconds), or of grpc-timeout. None, no header, is a deadline that
        never comes. InvalidArgument for anything that such a value cannot be."""
        made = deadline(math.inf)
        if value is not None:
            text = _text_of(value)
            left = _native.deadline_parse_grpc_timeout(text) if grpc else _native.deadline_parse_remaining(text)
            made._at = min(time.monotonic_ns() + left, _NEVER)
        return made

    @staticmethod
    def header(*, grpc: bool = False) -> Optional[str]:
        """The value of x-deadline-remaining, or of grpc-timeout, for who is called next; None without a deadline: then send none."""
        left = _native.deadline_remaining()
        if left == _NEVER:
            return None
        return _native.deadline_format_grpc_timeout(left) if grpc else _native.deadline_format_remaining(left)

    @staticmethod
    def headers() -> dict[str, str]:
        """{"x-deadline-remaining": header()}, to be added to those of a request; {} without a deadline."""
        value = deadline.header()
        return {} if value is None else {deadline.HEADER: value}


class Inside:
    """What is done in parts, as a response is iterated, is inside of `until` in each of them; between two of them nobody is, nor inside of what a generator
    entered in a part and has not left yet: that holds again in the next."""

    __slots__ = ("_until", "_since", "_outside")

    def __init__(self, until: deadline) -> None:
        self._until = until
        self._since: List[deadline] = []
        self._outside: Optional[_Entry] = None

    def __enter__(self) -> None:
        _native.deadline_used()
        self._outside = now.get()
        now.set(_within(self._outside, [self._until, *self._since]))

    def __exit__(self, *exception: object) -> None:
        self._since, _ = _entered_since(self._until)
        now.set(self._outside)


def _within(entry: Optional[_Entry], entered: Iterable[deadline]) -> Optional[_Entry]:
    for each in entered:
        entry = (each._at if entry is None else min(each._at, entry[0]), entry, each)
    return entry


def _entered_since(of: deadline) -> Tuple[List[deadline], Optional[_Entry]]:
    """What was entered after the innermost entry of this one and is not left yet, from the outside in; and that entry, None if there is none."""
    since: List[deadline] = []
    entry = now.get()
    while entry is not None and entry[2] is not of:
        since.insert(0, entry[2])
        entry = entry[1]
    return since, entry


def of_request(value: Union[str, bytes, None], default: deadline) -> deadline:
    """For middleware: what a client says, or `default`, whichever is earlier. What is no such value is as none: a client must not get an error of ours for it."""
    try:
        said = deadline.from_header(value)
    except InvalidArgument:
        return default
    return min(said, default, key=lambda each: each._at)


def _text_of(value: Union[str, bytes]) -> str:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, str):
        return value
    raise TypeError(f"from_header(): a value is a str or bytes, not {type(value).__name__}")
