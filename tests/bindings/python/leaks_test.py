"""References and memory. Fails when a call, an error included, keeps an object or memory that it made."""

import asyncio
import contextvars
import gc
import sys
import threading
import tracemalloc
import unittest

import seki
from seki import telemetry
from support import SegmentTest

TIMES = 1000


class Leaks(SegmentTest):
    def holds(self, work, *watched):
        """That `work`, done often, keeps nothing: references to what is watched, blocks of the interpreter, memory that is traced."""
        tracemalloc.start()
        for _ in range(TIMES):  # what caches keep is bounded
            work()
        self.settle()
        nones = sys.getrefcount(None)
        references = [sys.getrefcount(each) for each in watched]
        memory, blocks = tracemalloc.get_traced_memory()[0], sys.getallocatedblocks()
        for _ in range(TIMES):
            work()
        self.settle()
        kept = tracemalloc.get_traced_memory()[0] - memory
        tracemalloc.stop()
        self.assertEqual([sys.getrefcount(each) for each in watched], references)
        self.assertLess(abs(sys.getrefcount(None) - nones), TIMES / 2)
        self.assertLess(sys.getallocatedblocks() - blocks, TIMES / 2)  # one kept each time would be all of them
        self.assertLess(kept, TIMES * 30)  # the smallest object has more

    @staticmethod
    def settle():
        for thread in threading.enumerate():  # those that waited for a task may have a few instructions to go
            if thread is not threading.current_thread():
                thread.join()
        gc.collect()

    @staticmethod
    def fails(function, *arguments, **named):
        try:
            function(*arguments, **named)
        except Exception:
            return
        raise AssertionError("it went well")

    def test_checks_keep_nothing(self):
        limiter = self.shop.limiter("api", limit=10_000_000, window=1)
        key, data, price = "a key of its own", bytearray(b"bytes"), 10**6

        def work():
            limiter.check(key)
            limiter.check(data, cost=price)
            limiter.peek(memoryview(data))
            receipt = limiter.check_receipt(key, 2)
            receipt.refund(1)
            repr(receipt.decision)
            limiter.acquire(key, 0)
            limiter.reset(key)
            limiter.refund(key, 1)
            seki.check_all((limiter, key), (limiter, data, price))
            self.fails(limiter.check)
            self.fails(limiter.check, data, -1)
            self.fails(limiter.check, data, 2**70)
            limiter.check("\ud800")
            self.fails(limiter.check, "\ud800" * 2000)
            self.fails(limiter.check, key, price, key)
            self.fails(limiter.check, key, nothing=price)
            self.fails(seki.check_all, (limiter, data), (limiter, None))
            limiter.options  # noqa: B018

        self.holds(work, limiter, key, data, price, seki.Decision, seki.Limiter)
        data.extend(b"not exported any more")

    def test_calls_keep_nothing(self):
        breaker = self.shop.breaker("bank", mode="observe")
        refusing = self.shop.breaker("refusing", mode="forced_open")
        argument, answer = object(), object()

        def called(given, named=None):
            return answer

        async def awaited(given):
            return given

        def work():
            breaker.call(called, argument, named=argument)
            self.fails(breaker.call, called)
            self.fails(breaker.call, 5)
            self.fails(refusing.call, called, argument)
            self.fails(refusing.admit)
            self.fails(breaker.call, awaited, argument)
            breaker.admit()
            with breaker.admit() as admission:
                admission.error()
            self.fails(admission.ok)
            breaker.status  # noqa: B018

        self.holds(work, breaker, refusing, called, argument, answer, seki.Admission)

    def test_permits_keep_nothing(self):
        database = self.shop.bulkhead("database", max_concurrent=1)

        def work():
            with database, self.assertRaises(seki.BulkheadFull):
                database.acquire()
            with database.acquire("1ms") as permit:
                database.try_acquire()
            self.fails(permit.release)
            database.acquire()
            database.__enter__()
            contextvars.Context().run(database.__exit__)
            self.fails(database.acquire, [])
            database.status  # noqa: B018

        self.holds(work, database, seki.Permit)

    def test_retries_keep_nothing(self):
        again = self.shop.retry("again", base_delay=0, max_delay=0, min_per_second=1000000)
        argument, last, slotted = object(), ValueError("no"), [0]

        def fails(given, named=None):
            raise last

        def fails_once(given):
            slotted[0] += 1
            if slotted[0] % 2:
                raise ValueError(given)
            return given

        async def fails_later(given):
            raise last

        decorated = seki.retry(again, retry_on=KeyError)(fails)
        runner = asyncio.Runner()

        def work():
            self.fails(again.call, fails, argument, named=argument)
            last.__traceback__ = None
            again.call(fails_once, argument)
            self.fails(decorated, argument)
            self.fails(again.call, fails, retry_on=5)
            runner.run(self.fails_async(again.call_async(fails_later, argument)))
            last.__traceback__ = None
            loop = again.begin()
            self.fails(loop.failed, [])
            loop.failed(0)
            loop.attempt, loop.why  # noqa: B018
            again.begin().failed("1s")
            loop.failed(), loop.failed(), loop.why  # noqa: B018
            again.status, again.options  # noqa: B018

        with runner:
            self.holds(work, again, argument, last, seki.RetryLoop, seki.Retry)

    @staticmethod
    async def fails_async(awaited):
        try:
            await awaited
        except Exception:
            return
        raise AssertionError("it went well")

    def test_deadlines_keep_nothing(self):
        database = self.shop.bulkhead("database", max_concurrent=1)
        shared = seki.deadline("1h")

        def work():
            with shared, seki.deadline(60), seki.deadline.from_header("1000"):
                seki.deadline.remaining()
                seki.deadline.check()
                seki.deadline.headers()
                seki.deadline.header(grpc=True)
                with database, seki.deadline(0):
                    self.fails(database.acquire, "1s")
                    self.fails(seki.deadline.check)
            self.fails(seki.deadline.from_header, "soon")
            self.fails(seki.deadline, [])
            seki.deadline.current()

        self.holds(work, shared, database, seki.deadline)

    def test_making_and_finding_keeps_nothing(self):
        def work():
            self.shop.limiter("api", limit=5, window=1)
            self.shop.breaker("bank")
            self.shop.bulkhead("database", max_wait="1s")
            self.fails(self.shop.limiter, "nothing")
            self.fails(self.shop.limiter, "api", limit=2**70, window=1)
            self.shop.path  # noqa: B018

        self.shop.breaker("bank", minimum_calls=1)
        self.holds(work, self.shop)

    def test_events_keep_nothing(self):
        limiter = self.shop.limiter("api", limit=1, window="1d")
        limiter.check("a")

        def handler(event):
            return event.measurements

        def work():
            with telemetry.attach("seki.rate_limit.deny", handler):
                limiter.check("a")
            with telemetry.trace("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"):
                telemetry.traceparent()
            self.fails(telemetry.attach, "nothing", handler)

        self.holds(work, limiter, handler)

    def test_tasks_keep_nothing(self):
        database = self.shop.bulkhead("database", max_concurrent=1)

        async def both():
            async with database:
                try:
                    async with database.acquire_async("1us"):
                        pass
                except seki.Timeout:
                    pass

        with asyncio.Runner() as runner:
            self.holds(lambda: runner.run(both()), database)


if __name__ == "__main__":
    unittest.main()
