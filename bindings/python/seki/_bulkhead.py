"""Bulkheads."""

from __future__ import annotations

import asyncio
import contextvars
import dataclasses
import os
import threading
from typing import Any, Generator, List, Optional, Tuple

from . import _native, _options
from ._native import Permit
from ._durations import Duration

__all__ = ["Bulkhead", "BulkheadStatus"]

# How often this process came from a fork: permits of before are the parent's.
_forks = 0


def _forked() -> None:
    global _forks
    _forks += 1


os.register_at_fork(after_in_child=_forked)


@dataclasses.dataclass(frozen=True)
class BulkheadStatus:
    """A bulkhead at a moment: permits that are held and that there are, who waits, and how many were ever given out, refused, and taken back from the dead."""

    max_concurrent: int
    in_use: int
    waiting: int
    acquired: int
    rejected: int
    reclaimed: int


class Bulkhead(_native.Bulkhead):
    """At most so many at once, counted over all processes of the host: `Segment.bulkhead()` makes it.

    `with bulkhead:` holds a permit, waited for as max_wait says; `with bulkhead.acquire(timeout=0.05):` waits for that long. Likewise `async with`.
    Safe in any thread, and valid in the child after a fork, which holds nothing of what its parent holds.
    """

    __slots__ = ("_held",)

    # Of the `with`s of all threads and tasks: one permit is as good as another, so it does not matter whose is given back.
    _held: List[Tuple[int, Permit]]

    def __init__(self, *arguments: Any) -> None:
        self._held = []

    def acquire_async(self, timeout: Optional[Duration] = None) -> _Waiting:
        """acquire() for asyncio, to be awaited or as an `async with`. Who is cancelled while it waits leaves nothing behind."""
        return _Waiting(self, timeout)

    def __enter__(self) -> Permit:
        return self._hold(self.acquire())

    def __exit__(self, *exception: object) -> None:
        # Of a `with` that was begun before a fork the child holds nothing.
        if self._held and self._held[-1][0] == _forks:
            self._held.pop()[1].release()

    async def __aenter__(self) -> Permit:
        return self._hold(await self.acquire_async())

    async def __aexit__(self, *exception: object) -> None:
        self.__exit__()

    def _hold(self, permit: Permit) -> Permit:
        self._held.append((_forks, permit))
        return permit

    @property
    def status(self) -> BulkheadStatus:
        """How it is now."""
        return BulkheadStatus(**self._status())

    @property
    def options(self) -> _options.BulkheadOptions:
        """Its options now: they may change while it runs."""
        return _options.bulkhead_from_native(self._options())

    def __repr__(self) -> str:
        return f"<seki.Bulkhead {self.name}>"


class _Waiting:
    """What acquire_async() answers."""

    __slots__ = ("_bulkhead", "_timeout", "_permit")

    def __init__(self, bulkhead: Bulkhead, timeout: Optional[Duration]) -> None:
        self._bulkhead, self._timeout = bulkhead, timeout
        self._permit: Optional[Permit] = None

    def __await__(self) -> Generator[Any, None, Permit]:
        return self._acquire().__await__()

    async def __aenter__(self) -> Permit:
        self._permit = await self._acquire()
        return self._permit

    async def __aexit__(self, *exception: object) -> None:
        assert self._permit is not None
        self._permit.__exit__(None, None, None)

    async def _acquire(self) -> Permit:
        permit = self._bulkhead._acquire_at_once(self._timeout)
        return permit if permit is not None else await self._wait()

    # The kernel wakes threads, not tasks: who has to wait does so in a thread of its own, which is what waiting costs.
    async def _wait(self) -> Permit:
        loop = asyncio.get_running_loop()
        arrived: asyncio.Future[Permit] = loop.create_future()
        stop = _native.Stop()

        def deliver(permit: Optional[Permit], error: Optional[BaseException]) -> None:
            if arrived.done():  # cancelled
                if permit is not None:
                    permit.release()
            elif permit is not None:
                arrived.set_result(permit)
            elif error is not None:
                arrived.set_exception(error)

        def wait() -> None:
            permit, error = None, None
            try:
                permit = self._bulkhead._acquire_until(self._timeout, stop)
            except Exception as problem:
                error = problem
            try:
                loop.call_soon_threadsafe(deliver, permit, error)
            except RuntimeError:  # the loop is closed: nobody waits any more
                pass

        threading.Thread(target=contextvars.copy_context().run, args=(wait,), name="seki-waits", daemon=True).start()
        try:
            return await arrived
        except asyncio.CancelledError:
            stop.set()
            # It may have come in the same turn of the loop. What holds the exception, as a task that is kept does, would hold the permit.
            if arrived.done() and not arrived.cancelled() and arrived.exception() is None:
                arrived.result().release()
            raise
