"""Spans of time: seconds as int or float, a text such as "250ms" or "1m30s", or a datetime.timedelta."""

from __future__ import annotations

import datetime
import math
import re
from typing import Union

from .errors import InvalidArgument

__all__ = ["Duration", "nanoseconds"]

Duration = Union[int, float, str, datetime.timedelta]

_UNITS = {"d": 86_400_000_000_000, "h": 3_600_000_000_000, "m": 60_000_000_000, "s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}
_TEXT = re.compile(r"(?:\d+d)?(?:\d+h)?(?:\d+m(?!s))?(?:\d+s)?(?:\d+ms)?(?:\d+us)?(?:\d+ns)?")
_PART = re.compile(r"(\d+)([a-z]+)")
_LONGEST = 2**63 - 1
_ACCEPTED = 'seconds, or a text such as "250ms", "30s", "1m", "2h" or "1d"'


def nanoseconds(value: Duration, what: str) -> int:
    """As the C interface has it. `what` is the name of the argument, for the sentence of the exception."""
    if isinstance(value, str):
        if not value or _TEXT.fullmatch(value) is None:
            raise InvalidArgument(f'{what}: "{value}" is not a duration: {_ACCEPTED}')
        span = sum(int(number) * _UNITS[unit] for number, unit in _PART.findall(value))
    elif isinstance(value, datetime.timedelta):
        span = (value.days * 86_400 + value.seconds) * 1_000_000_000 + value.microseconds * 1_000
    elif isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{what} is {_ACCEPTED}, not {type(value).__name__}")
    elif isinstance(value, float):
        if math.isnan(value):
            raise InvalidArgument(f"{what}: nan is not a duration: {_ACCEPTED}")
        span = _LONGEST if value >= 9.2e9 else round(value * 1e9) if value > -9.2e9 else -1
    else:
        span = value * 1_000_000_000
    if span < 0:
        raise InvalidArgument(f"{what}: {value!r} is negative: a duration is 0 or more")
    return min(span, _LONGEST)
