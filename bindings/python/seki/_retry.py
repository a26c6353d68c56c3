"""Retries."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime
import math
import time
from typing import Any, Awaitable, Callable, Optional, Tuple, Type, TypeVar, Union

from . import _native, _options
from ._durations import Duration
from .errors import Error, no_time_helps, still_to_run

__all__ = ["Retry", "RetryOn", "RetryStatus", "why_given_up"]

T = TypeVar("T")

# What is worth another attempt: exceptions of these classes, or those of which a function says so.
RetryOn = Union[Type[BaseException], Tuple[Type[BaseException], ...], Callable[[BaseException], object]]

_WHY = "__seki_given_up__"


@dataclasses.dataclass(frozen=True)
class RetryStatus:
    """All but the last ever, of all processes: first attempts; others; calls that a retry helped; calls given up as no attempts or no time were left, or as the
    budget was spent; and retries that the budget still allows in its window."""

    calls: int
    retries: int
    recovered: int
    exhausted: int
    denied: int
    budget_left: int


class Retry(_native.Retry):
    """Calls that are made again while that helps, with a budget that all processes of the host share: `Segment.retry()` makes it.

    Safe in any thread, and valid in the child after a fork.
    """

    __slots__ = ()

    def call(self, function: Callable[..., T], /, *arguments: Any, retry_on: RetryOn = Exception, **named: Any) -> T:
        """Calls the function until it raises nothing, max_attempts are made, the next one would begin after the deadline (seki.deadline), or the budget of
        the host is spent; sleeps between attempts, which a signal whose handler raises ends.

        `retry_on`: what is worth another attempt: classes of exceptions, or a function that is asked about each. Of classes, what no waiting helps is not
        tried again: seki.Deleted, seki.DeadlineExceeded and their like. An exception with a `retry_after` (seconds) is waited out at least so long;
        math.inf: never. The last attempt's exception is raised as it is; why_given_up() says why it was the last.

        TypeError for a coroutine function, which has not run yet when it was called: call_async().
        """
        worth = _judge(retry_on)
        loop = self.begin()
        while True:
            try:
                answer = function(*arguments, **named)
            except BaseException as exception:
                delay = _after(loop, worth, exception)
                if delay is None:
                    raise
            else:
                if _native.still_to_run(answer):
                    raise still_to_run(answer, "Retry.call()", "call_async()")
                loop.succeeded()
                return answer
            time.sleep(delay)

    async def call_async(self, function: Callable[..., Awaitable[T]], /, *arguments: Any, retry_on: RetryOn = Exception, **named: Any) -> T:
        """call() of a coroutine function; it does not block the loop while it waits. A task that is cancelled makes no more attempts."""
        worth = _judge(retry_on)
        loop = self.begin()
        while True:
            try:
                answer = await function(*arguments, **named)
            except BaseException as exception:
                delay = _after(loop, worth, exception)
                if delay is None:
                    raise
            else:
                loop.succeeded()
                return answer
            await asyncio.sleep(delay)

    @property
    def status(self) -> RetryStatus:
        """How it is now."""
        return RetryStatus(**self._status())

    @property
    def options(self) -> _options.RetryOptions:
        """Its options now: they may change while it runs."""
        return _options.retry_from_native(self._options())

    def __repr__(self) -> str:
        return f"<seki.Retry {self.name}>"


def why_given_up(exception: BaseException) -> Optional[Error]:
    """Why there was no other attempt after this exception, which a retry raised: CallFailed (no attempts left), DeadlineExceeded, BudgetSpent or Deleted.
    None for one that was not worth another, or came from no retry."""
    why = getattr(exception, _WHY, None)
    return why if isinstance(why, Error) else None


def _judge(retry_on: RetryOn) -> Callable[[BaseException], object]:
    classes = retry_on if isinstance(retry_on, tuple) else (retry_on,)
    if all(isinstance(each, type) and issubclass(each, BaseException) for each in classes):
        return lambda exception: isinstance(exception, classes) and not no_time_helps(exception)  # type: ignore[arg-type]
    if isinstance(retry_on, (tuple, type)) or not callable(retry_on):
        raise TypeError(f"retry_on is a class of exceptions, a tuple of them, or a function of an exception, not {retry_on!r}")
    return retry_on


def _after(loop: _native.RetryLoop, worth: Callable[[BaseException], object], exception: BaseException) -> Optional[float]:
    """Seconds until the next attempt, or None: the exception is to be raised."""
    asked = _asked(exception) if worth(exception) else math.inf
    delay = loop.failed(asked)
    if delay is None and asked != math.inf and loop.why is not None:
        _tell(exception, loop.why)
    return delay


def _asked(exception: BaseException) -> Duration:
    """What the exception asks for. A `retry_after` that is no span of time is somebody else's attribute."""
    asked = getattr(exception, "retry_after", None)
    if isinstance(asked, datetime.timedelta):
        asked = asked.total_seconds()
    if isinstance(asked, bool) or not isinstance(asked, (int, float)) or not asked > 0:
        return 0
    return asked


def _tell(exception: BaseException, why: Error) -> None:
    try:
        setattr(exception, _WHY, why)
    except AttributeError:  # it has no room for it
        return
    note = f"{why.code}: {why}"
    if hasattr(exception, "add_note") and note not in getattr(exception, "__notes__", ()):  # Python 3.11
        exception.add_note(note)
