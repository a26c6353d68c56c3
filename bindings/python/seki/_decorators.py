"""Decorators, for functions and coroutine functions alike, and objects that are called like them."""

from __future__ import annotations

import functools
import inspect
from typing import Any, Awaitable, Callable, Optional, TypeVar, Union, cast

from . import errors
from ._breaker import Breaker, Classifier, by_exception, tell
from ._bulkhead import Bulkhead
from ._durations import Duration
from ._limiter import Key, Limiter
from ._native import Decision, still_to_run
from ._retry import Retry, RetryOn
from .errors import RateLimited

__all__ = ["breaker", "bulkhead", "execute", "execute_async", "limit", "retry"]

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")

# For a function that is none of asyncio's but answers something that is to be awaited.
_INSTEAD = "a coroutine function (async def)"


def _is_one_of(function: Any, kind: Callable[[Any], bool]) -> bool:
    """Whether it is such a function, or an object that is called by one."""
    return kind(function) or (not inspect.isclass(function) and kind(getattr(type(function), "__call__", None)))


def _is_awaited(function: Any) -> bool:
    return _is_one_of(function, inspect.iscoroutinefunction)


def _must_run_when_called(function: Any, decorator: str) -> None:
    """A generator function has done nothing yet when its call is over: what guards the call would guard nothing."""
    if _is_one_of(function, inspect.isgeneratorfunction) or _is_one_of(function, inspect.isasyncgenfunction):
        name = getattr(function, "__name__", type(function).__name__)
        raise TypeError(f"@seki.{decorator}: {name} is a generator function, which runs only when it is iterated: use a `with` inside it")


def _must_be_allowed(limiter: Limiter, decision: Decision) -> None:
    if not decision.allowed:
        raise RateLimited.by(limiter.name, decision)


def limit(
    limiter: Limiter,
    key: Union[Key, Callable[..., Key]],
    *,
    cost: Union[int, Callable[..., int]] = 1,
    timeout: Optional[Duration] = None,
) -> Callable[[F], F]:
    """Calls the function if the limiter allows it, else raises RateLimited.

    `key` and `cost` are values, or functions of the call's arguments. With a `timeout`, it waits for that long at most; a coroutine function
    does not block the loop meanwhile. A generator function is limited when it is called, not when it is iterated; an asynchronous one cannot wait.

        @seki.limit(logins, key=lambda request: request.ip)
        def login(request): ...
    """

    def demand(arguments: Any, named: Any) -> Any:
        return (
            key(*arguments, **named) if callable(key) else key,
            cost(*arguments, **named) if callable(cost) else cost,
        )

    def decorate(function: F) -> F:
        if timeout is not None and _is_one_of(function, inspect.isasyncgenfunction):
            raise TypeError("@seki.limit: an asynchronous generator function cannot wait when it is called: await limiter.acquire_async() inside it")
        if _is_awaited(function):

            @functools.wraps(function)
            async def limited_async(*arguments: Any, **named: Any) -> Any:
                of, price = demand(arguments, named)
                _must_be_allowed(limiter, limiter.check(of, price) if timeout is None else await limiter.acquire_async(of, timeout, price))
                return await function(*arguments, **named)

            return cast(F, limited_async)

        @functools.wraps(function)
        def limited(*arguments: Any, **named: Any) -> Any:
            of, price = demand(arguments, named)
            _must_be_allowed(limiter, limiter.check(of, price) if timeout is None else limiter.acquire(of, timeout, price))
            return function(*arguments, **named)

        return cast(F, limited)

    return decorate


def breaker(of: Breaker, *, classifier: Classifier = by_exception) -> Callable[[F], F]:
    """Calls the function if the breaker lets it through, else raises CircuitOpen.

    `classifier(result, exception)` says what a call came to: "ok", "error", "slow" or "ignore"; one of its arguments is None. Without one, an Exception
    is an error.

        @seki.breaker(payments)
        def charge(card): ...
    """

    def decorate(function: F) -> F:
        _must_run_when_called(function, "breaker")
        if _is_awaited(function):

            @functools.wraps(function)
            async def guarded_async(*arguments: Any, **named: Any) -> Any:
                admission = of.admit()
                try:
                    result = await function(*arguments, **named)
                except BaseException as exception:
                    tell(admission, classifier(None, exception))
                    raise
                tell(admission, classifier(result, None))
                return result

            return cast(F, guarded_async)

        @functools.wraps(function)
        def guarded(*arguments: Any, **named: Any) -> Any:
            admission = of.admit()
            try:
                result = function(*arguments, **named)
            except BaseException as exception:
                tell(admission, classifier(None, exception))
                raise
            if still_to_run(result):
                tell(admission, "ignore")
                raise errors.still_to_run(result, "@seki.breaker", _INSTEAD)
            tell(admission, classifier(result, None))
            return result

        return cast(F, guarded)

    return decorate


def bulkhead(of: Bulkhead, *, timeout: Optional[Duration] = None) -> Callable[[F], F]:
    """Calls the function with a permit, waited for as max_wait says, or for `timeout`; else raises BulkheadFull or Timeout.

        @seki.bulkhead(database, timeout=0.05)
        def query(text): ...
    """

    def decorate(function: F) -> F:
        _must_run_when_called(function, "bulkhead")
        if _is_awaited(function):

            @functools.wraps(function)
            async def confined_async(*arguments: Any, **named: Any) -> Any:
                async with of.acquire_async(timeout):
                    return await function(*arguments, **named)

            return cast(F, confined_async)

        @functools.wraps(function)
        def confined(*arguments: Any, **named: Any) -> Any:
            with of.acquire(timeout):
                result = function(*arguments, **named)
                if still_to_run(result):
                    raise errors.still_to_run(result, "@seki.bulkhead", _INSTEAD)
                return result

        return cast(F, confined)

    return decorate


def retry(of: Retry, *, retry_on: RetryOn = Exception) -> Callable[[F], F]:
    """Calls the function again while that helps, as Retry.call() does.

        @seki.retry(payments, retry_on=(ConnectionError, TimeoutError))
        def charge(card): ...
    """

    def decorate(function: F) -> F:
        _must_run_when_called(function, "retry")
        if _is_awaited(function):

            @functools.wraps(function)
            async def again_async(*arguments: Any, **named: Any) -> Any:
                return await of.call_async(functools.partial(function, *arguments, **named), retry_on=retry_on)

            return cast(F, again_async)

        @functools.wraps(function)
        def again(*arguments: Any, **named: Any) -> Any:
            return of.call(functools.partial(function, *arguments, **named), retry_on=retry_on)

        return cast(F, again)

    return decorate


def execute(breaker: Breaker, limiter: Limiter, key: Key, function: Callable[..., T], /, *arguments: Any, **named: Any) -> T:
    """Calls the function if the limiter allows it and the breaker lets it through: RateLimited, CircuitOpen, or what the function does.

    The limiter is asked first, and what it denies costs the breaker nothing.
    """
    _must_be_allowed(limiter, limiter.check(key))
    return breaker.call(function, *arguments, **named)


async def execute_async(
    breaker: Breaker, limiter: Limiter, key: Key, function: Callable[..., Awaitable[T]], /, *arguments: Any, **named: Any
) -> T:
    """execute() of a coroutine function. A task that is cancelled counts for nothing to the breaker."""
    _must_be_allowed(limiter, limiter.check(key))
    return await breaker.call_async(function, *arguments, **named)
