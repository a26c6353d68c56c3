"""Seki: rate limits, circuit breakers, bulkheads and retries that all processes of a host share.

    import seki

    shop = seki.open("shop")
    logins = shop.limiter("logins", limit=5, window="1m")
    if not logins.check(ip):
        ...

Errors are exceptions under seki.Error; spans of time are seconds, or texts like "1m"; see docs/guide/python.md.
"""

from . import asgi, errors, telemetry, wsgi
from ._breaker import Breaker, BreakerStatus
from ._bulkhead import Bulkhead, BulkheadStatus
from ._deadline import deadline
from ._decorators import breaker, bulkhead, execute, execute_async, limit, retry
from ._durations import Duration
from ._limiter import Key, Limiter
from ._native import Admission, Decision, Permit, Receipt, RetryLoop, check_all
from ._native import version as __version__
from ._options import BreakerOptions, BulkheadOptions, LimiterOptions, RetryOptions
from ._retry import Retry, RetryStatus, why_given_up
from ._segment import Segment, open, resolve
from .errors import (
    BudgetSpent, BulkheadFull, Busy, CallFailed, CircuitOpen, Damaged, DeadlineExceeded, Deleted, DifferentOptions, Error, Interrupted,
    InvalidArgument, LoadShed, NoPermission, NoSpace, NotASegment, NotFound, RateLimited, ReadOnly, Refused, Superseded, System, Timeout, WrongHost,
    WrongVersion,
)

__all__ = [
    "Admission", "Breaker", "BreakerOptions", "BreakerStatus", "BudgetSpent", "Bulkhead", "BulkheadFull", "BulkheadOptions", "BulkheadStatus", "Busy",
    "CallFailed", "CircuitOpen", "Damaged", "DeadlineExceeded", "Decision", "Deleted", "DifferentOptions", "Duration", "Error", "Interrupted",
    "InvalidArgument", "Key", "Limiter", "LimiterOptions", "LoadShed", "NoPermission", "NoSpace", "NotASegment", "NotFound", "Permit", "RateLimited", "ReadOnly",
    "Receipt", "Refused", "Retry", "RetryLoop", "RetryOptions", "RetryStatus", "Segment", "Superseded", "System", "Timeout", "WrongHost", "WrongVersion", "__version__", "asgi", "breaker", "bulkhead",
    "check_all", "deadline", "errors", "execute", "execute_async", "limit", "open", "resolve", "retry", "telemetry", "why_given_up", "wsgi",
]
