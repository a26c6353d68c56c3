"""Rate limiters."""

from __future__ import annotations

import asyncio
from typing import Union

from . import _native, _options
from ._native import Decision
from ._deadline import deadline
from ._durations import Duration, nanoseconds
from .errors import DeadlineExceeded

__all__ = ["Key", "Limiter"]

Key = Union[str, bytes, bytearray, memoryview]

# How long a task that sleeps may not see that its limit was raised, or its key reset; and between two looks when there is no time to tell.
_LOOK_AGAIN = 0.05
_SHORTEST = 0.001


class Limiter(_native.Limiter):
    """A rate limiter that all processes of the host share: `Segment.limiter()` makes it.

    Safe in any thread, and valid in the child after a fork. check(), peek() and check_receipt() neither wait nor make a system call.
    """

    __slots__ = ()

    async def acquire_async(self, key: Key, timeout: Duration, cost: int = 1) -> Decision:
        """acquire() for asyncio. Who is cancelled while it waits for a turn gives that back."""
        loop = asyncio.get_running_loop()
        end = loop.time() + nanoseconds(timeout, "timeout") / 1e9
        while True:
            decision, left, counted = self.peek(key, cost), end - loop.time(), False
            if decision.allowed and decision.delay <= max(min(left, deadline.remaining()), 0):
                receipt = self.check_receipt(key, cost)
                decision, counted = receipt.decision, True
                if decision.allowed:
                    await _turn(receipt)
                    return decision
            # What a look saw is no promise: others may be quicker, and who scribbles on the table keeps a new key out.
            wait = max(decision.retry_after, decision.delay)
            if wait > min(left, deadline.remaining()):
                if not counted:
                    decision = self.acquire(key, 0, cost)  # the denial, which counts as one
                if decision.allowed or wait > left:
                    return decision
                raise DeadlineExceeded(f'limiter "{self.name}": its turn would come after the deadline: begin earlier, or allow more time')
            await asyncio.sleep(min(max(wait, _SHORTEST), _LOOK_AGAIN))

    @property
    def options(self) -> _options.LimiterOptions:
        """How it decides now: options may change while it runs."""
        return _options.limiter_from_native(self._options())

    def __repr__(self) -> str:
        return f"<seki.Limiter {self.name}>"


async def _turn(receipt: _native.Receipt) -> None:
    """Sleeps until the turn in a queue that a check has taken."""
    if receipt.decision.delay == 0 or receipt.decision.shadow:
        return
    try:
        await asyncio.sleep(receipt.decision.delay)
    except asyncio.CancelledError:
        receipt.refund()
        raise
