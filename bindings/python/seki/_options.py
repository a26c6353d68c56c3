"""Options: what Python gives, and what the C interface takes. Names, defaults and bounds are the same in all of Seki's interfaces."""

from __future__ import annotations

import dataclasses
import difflib
from typing import Any, Callable, Dict, Mapping, Tuple, Union

from ._durations import Duration, nanoseconds
from .errors import InvalidArgument

ALGORITHMS = ("gcra", "token_bucket", "leaky_bucket", "sliding_window", "fixed_window")
LIMITER_MODES = ("enforce", "shadow", "off")
BREAKER_MODES = ("auto", "forced_open", "forced_closed", "observe")
BREAKER_STATES = ("closed", "open", "half_open", "forced_open", "forced_closed", "observe")
OUTCOMES = ("ignore", "ok", "error", "slow")
ACCESSES = ("create", "attach", "read_only")


@dataclasses.dataclass(frozen=True)
class LimiterOptions:
    """How a limiter decides; spans in seconds."""

    algorithm: str
    limit: int
    window: float
    burst: int
    max_keys: int
    on_full: str
    mode: str
    clock: str
    store_keys: bool


@dataclasses.dataclass(frozen=True)
class BreakerOptions:
    """How a breaker judges; spans in seconds. `window_size` is a number of calls, or seconds when `window_type` is "time"."""

    window_type: str
    window_size: Union[int, float]
    minimum_calls: int
    failure_threshold: int
    slow_call_threshold: int
    slow_call_duration: float
    wait_duration: float
    wait_multiplier: float
    wait_duration_max: float
    half_open_requests: int
    max_half_open_duration: float
    mode: str


@dataclasses.dataclass(frozen=True)
class BulkheadOptions:
    """How many may do something at once; spans in seconds."""

    max_concurrent: int
    max_wait: float
    max_waiting: int


@dataclasses.dataclass(frozen=True)
class RetryOptions:
    """How often and when calls are made again; spans in seconds."""

    max_attempts: int
    backoff: str
    jitter: str
    base_delay: float
    max_delay: float
    ratio: float
    min_per_second: int


def index_in(words: Tuple[str, ...], word: str, what: str) -> int:
    """The number that C has for a word."""
    if not isinstance(word, str):
        raise TypeError(f"{what} is a str, not {type(word).__name__}")
    if word not in words:
        raise InvalidArgument(f'{what}: "{word}" is none of: {", ".join(words)}')
    return words.index(word)


class _Words:
    def __init__(self, *words: str) -> None:
        self.words = words

    def to(self, value: Any, what: str) -> int:
        return index_in(self.words, value, what)

    def back(self, value: int) -> str:
        return self.words[value]


class _Span:
    def to(self, value: Duration, what: str) -> int:
        return nanoseconds(value, what)

    def back(self, value: int) -> float:
        return value / 1e9


class _Plain:
    def __init__(self, kind: Callable[[Any], Any], accepted: Tuple[type, ...]) -> None:
        self.kind, self.accepted = kind, accepted

    def to(self, value: Any, what: str) -> Any:
        if not isinstance(value, self.accepted) or (isinstance(value, bool) and bool not in self.accepted):
            raise TypeError(f"{what} is {self.accepted[0].__name__}, not {type(value).__name__}")
        return float(value) if self.kind is float else int(value)

    def back(self, value: Any) -> Any:
        return self.kind(value)


_SPAN, _NUMBER, _FLAG, _RATIO = _Span(), _Plain(int, (int,)), _Plain(bool, (bool,)), _Plain(float, (float, int))
_LIMITER: Dict[str, Any] = {
    "algorithm": _Words(*ALGORITHMS), "limit": _NUMBER, "window": _SPAN, "burst": _NUMBER, "max_keys": _NUMBER,
    "on_full": _Words("allow", "deny"), "mode": _Words(*LIMITER_MODES), "clock": _Words("precise", "coarse"), "store_keys": _FLAG,
}
_BREAKER: Dict[str, Any] = {
    "window_type": _Words("count", "time"), "minimum_calls": _NUMBER, "failure_threshold": _NUMBER, "slow_call_threshold": _NUMBER,
    "slow_call_duration": _SPAN, "wait_duration": _SPAN, "wait_multiplier": _RATIO, "wait_duration_max": _SPAN,
    "half_open_requests": _NUMBER, "max_half_open_duration": _SPAN, "mode": _Words(*BREAKER_MODES),
}
_BULKHEAD: Dict[str, Any] = {"max_concurrent": _NUMBER, "max_wait": _SPAN, "max_waiting": _NUMBER}

_RETRY: Dict[str, Any] = {
    "max_attempts": _NUMBER, "backoff": _Words("constant", "linear", "exponential"), "jitter": _Words("none", "full", "equal", "decorrelated"),
    "base_delay": _SPAN, "max_delay": _SPAN, "ratio": _RATIO, "min_per_second": _NUMBER,
}


def _must_be_known(kind: str, name: str, known: Tuple[str, ...], given: Mapping[str, Any]) -> None:
    for option in given:
        if option not in known:
            meant = difflib.get_close_matches(option, known, n=1)
            hint = f'did you mean "{meant[0]}"? ' if meant else ""
            raise TypeError(f'{kind} "{name}": option "{option}" is unknown: {hint}accepted are {", ".join(known)}')


def _translate(kind: str, name: str, table: Mapping[str, Any], given: Mapping[str, Any]) -> Dict[str, Any]:
    _must_be_known(kind, name, tuple(table), given)
    return {option: table[option].to(value, f'{kind} "{name}": {option}') for option, value in given.items()}


def limiter_to_native(name: str, given: Mapping[str, Any]) -> Dict[str, Any]:
    return _translate("limiter", name, _LIMITER, given)


def bulkhead_to_native(name: str, given: Mapping[str, Any]) -> Dict[str, Any]:
    return _translate("bulkhead", name, _BULKHEAD, given)


def retry_to_native(name: str, given: Mapping[str, Any]) -> Dict[str, Any]:
    return _translate("retry", name, _RETRY, given)


def breaker_to_native(name: str, given: Mapping[str, Any]) -> Dict[str, Any]:
    """`window_size` is one option here, and one for each type of window in C."""
    _must_be_known("breaker", name, ("window_size", *_BREAKER), given)
    others = dict(given)
    size = others.pop("window_size", None)
    made = _translate("breaker", name, _BREAKER, others)
    what = f'breaker "{name}": window_size'
    if given.get("window_type", "count") == "time":
        if size is None:
            raise InvalidArgument(f"{what} is needed: how long a window of time is, 1 s to 1 day")
        made["window_ns"] = nanoseconds(size, what)
    elif size is not None:
        made["window_calls"] = _NUMBER.to(size, f"{what} of calls")
    return made


def limiter_from_native(values: Mapping[str, Any]) -> LimiterOptions:
    return LimiterOptions(**{option: how.back(values[option]) for option, how in _LIMITER.items()})


def bulkhead_from_native(values: Mapping[str, Any]) -> BulkheadOptions:
    return BulkheadOptions(**{option: how.back(values[option]) for option, how in _BULKHEAD.items()})


def retry_from_native(values: Mapping[str, Any]) -> RetryOptions:
    return RetryOptions(**{option: how.back(values[option]) for option, how in _RETRY.items()})


def breaker_from_native(values: Mapping[str, Any]) -> BreakerOptions:
    others = {option: how.back(values[option]) for option, how in _BREAKER.items()}
    size = values["window_ns"] / 1e9 if others["window_type"] == "time" else values["window_calls"]
    return BreakerOptions(window_size=size, **others)
