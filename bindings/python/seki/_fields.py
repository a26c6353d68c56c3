"""What middleware asks a limiter, whatever a client sends, and what it tells clients: the fields RateLimit and RateLimit-Policy of draft-ietf-httpapi-ratelimit-headers (version 10), and Retry-After."""

from __future__ import annotations

import logging
from hashlib import sha1
from math import ceil, inf
from time import monotonic
from typing import Optional, Tuple

from ._limiter import Key, Limiter
from ._native import Decision
from .errors import Error, InvalidArgument

log = logging.getLogger("seki")

# How long a change of a limiter's options may go unseen in RateLimit-Policy, in seconds; and how often one is told of the same failure.
_FRESH = 1.0
_QUIET = 10.0

ON_ERROR = ("allow", "deny", "raise")

# Of Seki's, in bytes; so many characters are never more. And a cost that is more than any limiter has.
_LONGEST_KEY = 4096
_SURELY_SHORT = _LONGEST_KEY // 4
_MOST = 2**63 - 1


def counted(key: Optional[Key]) -> Optional[Key]:
    """As what the key is counted; None: not at all, as an empty one says nothing of who asks. Who sends one that is too long must not get around the limit by it."""
    if type(key) is str and 0 < len(key) <= _SURELY_SHORT:  # nearly all
        return key
    if not isinstance(key, (str, bytes, bytearray, memoryview)):  # None, or what check() will not take
        return key
    data = key.encode("utf-8", "surrogatepass") if isinstance(key, str) else bytes(key)
    return sha1(data).digest() if len(data) > _LONGEST_KEY else data or None


def spent(cost: int) -> int:
    """What is too great for a number of C is denied like any cost that is more than there is; a negative one is the application's mistake, and raises."""
    return _MOST if isinstance(cost, int) and cost > _MOST else cost


class Fields:
    """The values for one limiter. The policy is looked up once a second; the rest is of the decision. A limiter that only watches is not spoken of."""

    __slots__ = ("_limiter", "_name", "_policy", "_fresh_until")

    def __init__(self, limiter: Limiter) -> None:
        self._limiter = limiter
        self._name = f'"{limiter.name}"'  # names have no character that would have to be escaped
        self._policy = ""
        self._fresh_until = 0.0

    def of(self, decision: Decision) -> Optional[Tuple[str, str]]:
        """RateLimit-Policy and RateLimit. `r`: how much may be spent now; `t`: seconds until something, or all of it, is there again."""
        if monotonic() > self._fresh_until:
            self._look_up()
        if not self._policy:
            return None
        wait = decision.reset_after if decision.allowed else decision.retry_after
        if wait == inf:
            return self._policy, f"{self._name};r={decision.remaining}"
        return self._policy, f"{self._name};r={decision.remaining};t={ceil(wait)}"

    def _look_up(self) -> None:
        options = self._limiter.options
        burst = f";seki-burst={options.burst}" if options.burst not in (0, options.limit) else ""
        self._policy = f"{self._name};q={options.limit};w={max(1, ceil(options.window))}{burst}" if options.mode == "enforce" else ""
        self._fresh_until = monotonic() + _FRESH


def retry_after(span: float) -> Optional[str]:
    """The field's value, never 0; None when no time helps, or none is known."""
    return str(max(1, ceil(span))) if 0 < span < inf else None


class Undecided:
    """What to do when a limiter cannot decide: the segment was destroyed, the limiter deleted."""

    __slots__ = ("_what", "_quiet_until")

    def __init__(self, on_error: str) -> None:
        if on_error not in ON_ERROR:
            raise ValueError(f'on_error: "{on_error}" is none of: {", ".join(ON_ERROR)}')
        self._what = on_error
        self._quiet_until = 0.0

    def lets_through(self, error: Error) -> bool:
        """Called while `error` is handled. Tells of it now and then, not for each request. What was asked wrongly is no such case: that is a mistake, and
        who can bring it about must not get around the limit by it."""
        if self._what == "raise" or isinstance(error, InvalidArgument):
            raise error
        now = monotonic()
        if now > self._quiet_until:
            self._quiet_until = now + _QUIET
            log.error("%s; requests are %s", error, "let through" if self._what == "allow" else "refused")
        return self._what == "allow"
