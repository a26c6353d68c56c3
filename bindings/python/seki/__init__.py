"""Seki: rate limits, circuit breakers and bulkheads that all processes of a host share.

    import seki

    shop = seki.open("shop")
    logins = shop.limiter("logins", limit=5, window="1m")
    if not logins.check(ip):
        ...

Errors are exceptions under seki.Error; spans of time are seconds, or texts like "1m"; see docs/guide/python.md.
"""

from . import errors, telemetry
from ._native import Admission, Decision, Permit, Receipt, check_all
from ._native import version as __version__
from .breaker import Breaker, BreakerStatus
from .bulkhead import Bulkhead, BulkheadStatus
from .durations import Duration
from .errors import (
    BudgetSpent, BulkheadFull, Busy, CallFailed, CircuitOpen, Damaged, DeadlineExceeded, Deleted, DifferentOptions, Error, Interrupted,
    InvalidArgument, NoPermission, NoSpace, NotASegment, NotFound, RateLimited, ReadOnly, Refused, Superseded, System, Timeout, WrongHost,
    WrongVersion,
)
from .limiter import Limiter
from .options import BreakerOptions, BulkheadOptions, LimiterOptions
from .segment import Segment, open, resolve  # noqa: A004
