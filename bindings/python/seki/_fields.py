"""What middleware tells clients: the fields RateLimit and RateLimit-Policy of draft-ietf-httpapi-ratelimit-headers (version 10), and Retry-After."""

from __future__ import annotations

import logging
from math import ceil, inf
from time import monotonic
from typing import Optional, Tuple

from ._limiter import Limiter
from ._native import Decision
from .errors import Error

log = logging.getLogger("seki")

# How long a change of a limiter's options may go unseen in RateLimit-Policy, in seconds; and how often one is told of the same failure.
_FRESH = 1.0
_QUIET = 10.0

ON_ERROR = ("allow", "deny", "raise")


class Fields:
    """The values for one limiter. The policy is looked up once a second; the rest is of the decision."""

    __slots__ = ("_limiter", "_name", "_policy", "_fresh_until")

    def __init__(self, limiter: Limiter) -> None:
        self._limiter = limiter
        self._name = f'"{limiter.name}"'  # names have no character that would have to be escaped
        self._policy = ""
        self._fresh_until = 0.0

    def of(self, decision: Decision) -> Tuple[str, str]:
        """RateLimit-Policy and RateLimit. `r`: how much may be spent now; `t`: seconds until something, or all of it, is there again."""
        if monotonic() > self._fresh_until:
            self._look_up()
        wait = decision.reset_after if decision.allowed else decision.retry_after
        if wait == inf:
            return self._policy, f"{self._name};r={decision.remaining}"
        return self._policy, f"{self._name};r={decision.remaining};t={ceil(wait)}"

    def _look_up(self) -> None:
        options = self._limiter.options
        self._policy = f"{self._name};q={options.limit};w={max(1, ceil(options.window))}"
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
        """Called while `error` is handled. Tells of it now and then, not for each request."""
        if self._what == "raise":
            raise error
        now = monotonic()
        if now > self._quiet_until:
            self._quiet_until = now + _QUIET
            log.error("%s; requests are %s", error, "let through" if self._what == "allow" else "refused")
        return self._what == "allow"
