"""Bulkheads."""

from __future__ import annotations

import asyncio
import contextvars
import dataclasses
import threading
from typing import Any, Dict, Generator, Optional, Tuple

from . import _native, _options
from ._native import Permit
from ._durations import Duration

__all__ = ["Bulkhead", "BulkheadStatus"]

# The `with`s on bulkheads that the context is inside of, the innermost first, each with its permit and the one that it stands in. Some may be over: those
# that were begun in a task that this one was started by, or left in another context.
_Entry = Tuple["Bulkhead", Permit, Optional["_Entry"]]
_inside: contextvars.ContextVar[Optional[_Entry]] = contextvars.ContextVar("seki.bulkhead", default=None)


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

    What `with bulkhead:` gives back when it is left is the permit that this task or thread entered it with. One that is left in another context than it was
    entered in (a generator whose parts a pool of threads asks for) gives back one of this process, whichever: as many are held as are inside, but whose
    `held` becomes false is not said. `with bulkhead.acquire():` keeps its permit wherever it is left.
    """

    __slots__ = ("_held",)

    # Of the `with`s of all threads and tasks that are not over, in the order in which they were entered; in the child of a fork its parent's come first.
    # Each with what puts the context back as it was.
    _held: Dict[Permit, contextvars.Token[Optional[_Entry]]]

    def __init__(self, *arguments: Any) -> None:
        self._held = {}

    def acquire_async(self, timeout: Optional[Duration] = None) -> _Waiting:
        """acquire() for asyncio, to be awaited or as an `async with`. Who is cancelled while it waits leaves nothing behind."""
        return _Waiting(self, timeout)

    def __enter__(self) -> Permit:
        return self._hold(self.acquire())

    def __exit__(self, *exception: object) -> None:
        entry = _inside.get()
        token = self._held.pop(entry[1], None) if entry is not None else None
        if entry is None or token is None:
            permit = self._of_this_context() or self._of_another()
        else:  # mostly
            permit = entry[1]
            try:
                _inside.reset(token)
            except ValueError:  # this context is a copy of the one that it was entered in
                _inside.set(_not_over(entry))
        if permit is not None:
            permit.__exit__(None, None, None)  # nothing, for one that was released, or that is the parent's by a fork

    async def __aenter__(self) -> Permit:
        return self._hold(await self.acquire_async())

    async def __aexit__(self, *exception: object) -> None:
        self.__exit__()

    def _hold(self, permit: Permit) -> Permit:
        outer = _inside.get()
        if outer is not None:
            outer = _not_over(outer)
        self._held[permit] = _inside.set((self, permit, outer))
        return permit

    # One further out than the innermost: withs of generators are left in any order.
    def _of_this_context(self) -> Optional[Permit]:
        entry = _inside.get()
        while entry is not None:
            _, permit, outer = entry
            if self._held.pop(permit, None) is not None:
                _inside.set(_not_over(_inside.get()))
                return permit
            entry = outer
        return None

    # The last that was entered with. Whoever did will not find it, and take another's in his turn: as many are given back as are left.
    def _of_another(self) -> Optional[Permit]:
        try:
            return self._held.popitem()[0]
        except KeyError:
            return None

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


def _not_over(entry: Optional[_Entry]) -> Optional[_Entry]:
    while entry is not None and entry[1] not in entry[0]._held:
        entry = entry[2]
    return entry


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
