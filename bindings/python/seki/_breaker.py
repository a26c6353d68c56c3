"""Circuit breakers."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, Awaitable, Callable, Optional, TypeVar

from . import _native, _options

__all__ = ["Breaker", "BreakerStatus", "Classifier", "tell"]

T = TypeVar("T")

# What a call came to, from what it returned and what it raised (one of them is None): "ok", "error", "slow" or "ignore".
Classifier = Callable[[Any, Optional[BaseException]], str]


@dataclasses.dataclass(frozen=True)
class BreakerStatus:
    """A breaker at a moment. `state` is "closed", "open", "half_open", "forced_open", "forced_closed" or "observe", for `for_seconds`; in
    `retry_after` seconds a probe may be let in (math.inf: when an operator says so). `calls`, `errors`, `slow`: in its window."""

    state: str
    for_seconds: float
    retry_after: float
    reopened: int
    calls: int
    errors: int
    slow: int
    probes: int
    probes_ok: int


def by_exception(result: Any, exception: Optional[BaseException]) -> str:
    """The classifier that is used when there is none: an Exception is an error, and what ends the program or the task is ignored."""
    return "ok" if exception is None else "error" if isinstance(exception, Exception) else "ignore"


def tell(admission: _native.Admission, outcome: str) -> None:
    """Tells an admission what a classifier makes of a call. One of a process that forked meanwhile tells nothing in the child."""
    _options.index_in(_options.OUTCOMES, outcome, "what a classifier answers")
    if not admission.told:
        try:
            getattr(admission, outcome)()
        except ValueError:  # the child of a fork
            pass


class Breaker(_native.Breaker):
    """A circuit breaker that all processes of the host share, tripped by one for all: `Segment.breaker()` makes it.

    Safe in any thread, and valid in the child after a fork. None of its methods waits.
    """

    __slots__ = ()

    async def call_async(self, function: Callable[..., Awaitable[T]], /, *arguments: Any, **named: Any) -> T:
        """call() of a coroutine function. A task that is cancelled counts for nothing."""
        with self.admit():
            return await function(*arguments, **named)

    def force(self, mode: str) -> None:
        """An operator's word, for all processes: "forced_open", "forced_closed" or "observe"; "auto" lifts it: closed, with an empty window."""
        self._force(_options.index_in(_options.BREAKER_MODES, mode, "mode"))

    @property
    def status(self) -> BreakerStatus:
        """How it is now."""
        values = self._status()
        wait = values.pop("retry_after_ns")
        return BreakerStatus(
            state=_options.BREAKER_STATES[values.pop("state")],
            for_seconds=values.pop("for_ns") / 1e9,
            retry_after=math.inf if wait == 2**63 - 1 else wait / 1e9,
            **values,
        )

    @property
    def options(self) -> _options.BreakerOptions:
        """How it judges now: options may change while it runs."""
        return _options.breaker_from_native(self._options())

    def __repr__(self) -> str:
        return f"<seki.Breaker {self.name}>"
