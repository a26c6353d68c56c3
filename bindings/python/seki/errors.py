"""What can go wrong, in one vocabulary for every call: an exception for each error of the C interface.

The text of an exception is one sentence: the thing, what is wrong, what is accepted, what to do. `code` is the identifier that all of Seki's
interfaces use for it, and `status` its number in C.
"""

from __future__ import annotations

import inspect
import math
from typing import TYPE_CHECKING, Dict, Optional, Type

if TYPE_CHECKING:
    from ._native import Decision


class Error(Exception):
    """Whatever Seki raises, wrong types (TypeError) aside."""

    code: str = "unknown"
    status: int = -1


class InvalidArgument(Error, ValueError):
    """An option, a name, a key or a cost outside what is accepted."""

    code, status = "invalid_argument", 1


class NotFound(Error, LookupError):
    """No segment, or nothing of that name in it."""

    code, status = "not_found", 2


class DifferentOptions(Error):
    """The name exists with other options."""

    code, status = "different_options", 3


class Deleted(Error):
    """What is behind this handle was deleted."""

    code, status = "deleted", 4


class NoPermission(Error):
    """The operating system refuses, or the file is not trustworthy."""

    code, status = "no_permission", 5


class NoSpace(Error):
    """File system, segment or directory full, or no memory."""

    code, status = "no_space", 6


class NotASegment(Error):
    """The file is something else, or a torn creation."""

    code, status = "not_a_segment", 7


class WrongVersion(Error):
    """A segment of another layout."""

    code, status = "wrong_version", 8


class WrongHost(Error):
    """A segment of an earlier boot or another time namespace."""

    code, status = "wrong_host", 9


class Damaged(Error):
    """The segment contradicts itself."""

    code, status = "damaged", 10


class Superseded(Error):
    """The segment was replaced or destroyed, and no successor can be used."""

    code, status = "superseded", 11


class Busy(Error):
    """Somebody else administers the segment, or owns it already."""

    code, status = "busy", 12


class ReadOnly(Error):
    """The segment is open for reading only."""

    code, status = "read_only", 13


class System(Error):
    """Any other refusal of the operating system."""

    code, status = "system", 16


class Refused(Error):
    """A limiter, a breaker or a bulkhead let something not through: the base of the exceptions that say so.

    `retry_after`: seconds until something else may be answered; math.inf when no time helps, 0.0 when it is not known.
    """

    retry_after: float = 0.0

    def __init__(self, message: str = "", retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class BulkheadFull(Refused):
    """All permits are held, or as many wait for one as may."""

    code, status = "bulkhead_full", 14


class Timeout(Refused, TimeoutError):
    """It was waited for, and did not come in time."""

    code, status = "timeout", 15


class RateLimited(Refused):
    """A limiter denied it: raised by decorators and execute(). A check that is denied raises nothing. `decision` is what the check answered."""

    code, status = "rate_limited", 17
    decision: Optional[Decision] = None

    @classmethod
    def by(cls, name: str, decision: Decision) -> RateLimited:
        """The exception for a denial of the limiter of that name."""
        wait = decision.retry_after
        when = "never: it costs more than may be spent at once" if wait == math.inf else f"again in {wait:.3f} s"
        made = cls(f'limiter "{name}": denied, {when}', wait)
        made.decision = decision
        return made


class CircuitOpen(Refused):
    """A breaker lets no calls through."""

    code, status = "circuit_open", 18


class CallFailed(Error):
    """The function was called, and failed in a way that is no exception of its own."""

    code, status = "call_failed", 19


class DeadlineExceeded(Refused, TimeoutError):
    """It would have ended after the deadline (seki.deadline)."""

    code, status = "deadline_exceeded", 20


class BudgetSpent(Refused):
    """So many retries were made on this host that there may be no more for now."""

    code, status = "budget_spent", 21


class LoadShed(Refused):
    """A shedder let it not in."""

    code, status = "load_shed", 22


class Interrupted(Error):
    """It was waited for, until the thread was told to stop waiting."""

    code, status = "interrupted", 23


# Refusals that the next moment may see otherwise, as in the other interfaces (include/seki/again.hpp).
_TIME_HELPS = (Superseded, Busy, BulkheadFull, Timeout, System, RateLimited, CircuitOpen, CallFailed)


def no_time_helps(exception: BaseException) -> bool:
    """Whether it is a refusal of Seki's that stays what it is, however long one waits."""
    return isinstance(exception, Error) and not isinstance(exception, _TIME_HELPS)


def _all(base: Type[Error]) -> Dict[int, Type[Error]]:
    found = {base.status: base}
    for each in base.__subclasses__():
        if each.__module__ == __name__:
            found.update(_all(each))
    return found


_BY_STATUS = _all(Error)


def of_status(status: int, message: str) -> Error:
    """The exception for an answer of the C interface."""
    return _BY_STATUS.get(status, Error)(message)


def still_to_run(answer: object, call: str, instead: str) -> TypeError:
    """For an answer that is yet to be awaited, of which therefore nothing is known when the call is over. A coroutine is closed: nobody will await it."""
    if inspect.iscoroutine(answer):
        answer.close()
    return TypeError(f"{call}: {answer!r} has not run yet, so nothing is known of it: use {instead}")
