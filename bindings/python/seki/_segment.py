"""Opening a segment, and what is in it."""

from __future__ import annotations

import dataclasses
import os
from typing import Any, Dict, Optional, Union

from . import _native, _options
from ._durations import Duration
from ._breaker import Breaker
from ._bulkhead import Bulkhead
from ._limiter import Limiter
from ._retry import Retry

__all__ = ["Segment", "open", "resolve"]


def _given(**values: Any) -> Dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


class Segment(_native.Segment):
    """An open segment: open() makes it. Valid in any thread, and in the child after a fork."""

    __slots__ = ()

    def limiter(
        self,
        name: str,
        *,
        limit: Optional[int] = None,
        window: Optional[Duration] = None,
        algorithm: Optional[str] = None,
        burst: Optional[int] = None,
        max_keys: Optional[int] = None,
        on_full: Optional[str] = None,
        mode: Optional[str] = None,
        clock: Optional[str] = None,
        store_keys: Optional[bool] = None,
    ) -> Limiter:
        """The limiter of that name, made with these options if there is none; without options, what configuration or another process made.

        At most `limit` (1 to 10000000) per `window` ("1m", or seconds; 1 ms to 366 days) and key, by `algorithm`: "gcra" (default),
        "token_bucket", "leaky_bucket", "sliding_window" or "fixed_window". `burst`: how much may be spent at once after a pause (default: limit).
        `max_keys` (65536): keys in use at once that are sure to find a place; `on_full`: "allow" (default) or "deny" others. `mode`: "enforce"
        (default), "shadow" or "off". `clock`: "precise" (default) or "coarse". `store_keys` (True): keep the keys' text for people to read.
        """
        given = _given(limit=limit, window=window, algorithm=algorithm, burst=burst, max_keys=max_keys, on_full=on_full, mode=mode, clock=clock, store_keys=store_keys)
        return Limiter(self, name, _options.limiter_to_native(name, given)) if given else Limiter(self, name)

    def change_limiter(
        self,
        name: str,
        *,
        limit: Optional[int] = None,
        window: Optional[Duration] = None,
        burst: Optional[int] = None,
        on_full: Optional[str] = None,
        mode: Optional[str] = None,
        clock: Optional[str] = None,
    ) -> None:
        """Changes options while it runs, for all processes; what is not given stays as it is."""
        given = _given(limit=limit, window=window, burst=burst, on_full=on_full, mode=mode, clock=clock)
        _native.change_limiter(self, name, {**Limiter(self, name)._options(), **_options.limiter_to_native(name, given)})

    def breaker(
        self,
        name: str,
        *,
        window_type: Optional[str] = None,
        window_size: Union[int, Duration, None] = None,
        minimum_calls: Optional[int] = None,
        failure_threshold: Optional[int] = None,
        slow_call_threshold: Optional[int] = None,
        slow_call_duration: Optional[Duration] = None,
        wait_duration: Optional[Duration] = None,
        wait_multiplier: Optional[float] = None,
        wait_duration_max: Optional[Duration] = None,
        half_open_requests: Optional[int] = None,
        max_half_open_duration: Optional[Duration] = None,
        mode: Optional[str] = None,
    ) -> Breaker:
        """The breaker of that name, made with these options if there is none; without options, what configuration or another process made.

        It opens when, of the last `window_size` (20) calls, or with `window_type` "time" of those in the last `window_size` ("10s"), and at least
        `minimum_calls` (5), `failure_threshold` (50) per cent failed, or `slow_call_threshold` (80) per cent failed or took `slow_call_duration` (2 s).
        After `wait_duration` (30 s, times `wait_multiplier`, 1.0, each time it opens again, up to `wait_duration_max`, 10 min) it lets
        `half_open_requests` (5) probes in; it closes when all are ok, and opens again when one is not, or they took `max_half_open_duration` (60 s).
        `mode`: "auto" (default), "forced_open", "forced_closed" or "observe".
        """
        given = _given(
            window_type=window_type, window_size=window_size, minimum_calls=minimum_calls, failure_threshold=failure_threshold,
            slow_call_threshold=slow_call_threshold, slow_call_duration=slow_call_duration, wait_duration=wait_duration,
            wait_multiplier=wait_multiplier, wait_duration_max=wait_duration_max, half_open_requests=half_open_requests,
            max_half_open_duration=max_half_open_duration, mode=mode,
        )
        return Breaker(self, name, _options.breaker_to_native(name, given)) if given else Breaker(self, name)

    def bulkhead(
        self,
        name: str,
        *,
        max_concurrent: Optional[int] = None,
        max_wait: Optional[Duration] = None,
        max_waiting: Optional[int] = None,
    ) -> Bulkhead:
        """The bulkhead of that name, made with these options if there is none; without options, what configuration or another process made.

        `max_concurrent` (10) permits; who finds none waits for up to `max_wait` (0: not unless a timeout says so), and so may `max_waiting` (100).
        """
        given = _given(max_concurrent=max_concurrent, max_wait=max_wait, max_waiting=max_waiting)
        return Bulkhead(self, name, _options.bulkhead_to_native(name, given)) if given else Bulkhead(self, name)

    def retry(
        self,
        name: str,
        *,
        max_attempts: Optional[int] = None,
        backoff: Optional[str] = None,
        jitter: Optional[str] = None,
        base_delay: Optional[Duration] = None,
        max_delay: Optional[Duration] = None,
        ratio: Optional[float] = None,
        min_per_second: Optional[int] = None,
    ) -> Retry:
        """The retry of that name, made with these options if there is none; without options, what configuration or another process made.

        A call has `max_attempts` (3; 1 to 100), the first included. Before the n-th retry it waits `base_delay` (100 ms), that times n, or that doubled each
        time, as `backoff` is "constant", "linear" or "exponential" (default), up to `max_delay` (30 s). `jitter`, of a delay d: "none", "full" (default:
        0 to d), "equal" (d/2 to d) or "decorrelated". All processes share a budget: retries may be `ratio` (0.2) times the calls of the last second, and
        `min_per_second` (10) more.
        """
        given = _given(
            max_attempts=max_attempts, backoff=backoff, jitter=jitter, base_delay=base_delay, max_delay=max_delay, ratio=ratio, min_per_second=min_per_second
        )
        return Retry(self, name, _options.retry_to_native(name, given)) if given else Retry(self, name)

    def change_breaker(self, name: str, **changed: Any) -> None:
        """Changes options of breaker() while it runs, for all processes; what is not given stays as it is."""
        now = dataclasses.asdict(Breaker(self, name).options)
        if changed.get("window_type", now["window_type"]) != now["window_type"] and "window_size" not in changed:
            del now["window_size"]
        _native.change_breaker(self, name, _options.breaker_to_native(name, {**now, **changed}))

    def change_bulkhead(self, name: str, **changed: Any) -> None:
        """Changes options of bulkhead() while it runs, for all processes; what is held is never taken away."""
        _native.change_bulkhead(self, name, {**Bulkhead(self, name)._options(), **_options.bulkhead_to_native(name, changed)})

    def change_retry(self, name: str, **changed: Any) -> None:
        """Changes options of retry() while it runs, for all processes; a budget changes with its next window."""
        _native.change_retry(self, name, {**Retry(self, name)._options(), **_options.retry_to_native(name, changed)})

    def __enter__(self) -> Segment:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<seki.Segment {self.path}>"


def open(
    name: Optional[str] = None,
    *,
    access: str = "create",
    mode: int = 0o660,
    max_workers: int = 512,
    max_primitives: int = 256,
    segment_size: int = 0,
    group: Optional[str] = None,
    config: Union[str, os.PathLike[str], None] = None,
) -> Segment:
    """Opens the segment of that name: creates it, or attaches to it; needs no daemon.

    `name`: a path (anything with a slash), a bare name, or None for the default: $SEKI_SEGMENT, else /run/seki/default.seg when that exists, else
    /dev/shm/seki-$UID/default.seg. Who may not look into /run/seki is refused, and told which group to join. `access`: "create" (or attach), "attach" or "read_only". `config`: a configuration file whose [segment] and primitives
    apply. The others say how a segment is made: permissions and group of its file, threads that can be attached at once, limiters, breakers
    and the like in it, bytes (0: what is configured, and 20 MiB). Open it once, before a server forks its workers or after.
    """
    numbers = {
        "access": _options.index_in(_options.ACCESSES, access, "seki.open(): access"),
        "mode": mode,
        "max_workers": max_workers,
        "max_primitives": max_primitives,
        "segment_size": segment_size,
    }
    return Segment(name, numbers, group, os.fspath(config) if config is not None else None)


def resolve(name: Optional[str] = None) -> str:
    """The path that open() would use for `name`."""
    return _native.resolve(name)
