"""Bulkheads from Python. Fails when a permit is lost or given back twice, or a wait cannot be ended."""

import asyncio
import contextvars
import gc
import itertools
import threading
import time
import unittest

import seki
from support import LONG, SegmentTest, eventually


class Bulkheads(SegmentTest):
    def setUp(self):
        super().setUp()
        self.database = self.shop.bulkhead("database", max_concurrent=2)

    def in_use(self):
        return self.database.status.in_use

    def test_a_permit_is_held_for_the_time_of_a_with(self):
        with self.database, self.database.acquire(timeout=0.05) as permit:
            self.assertTrue(permit.held)
            self.assertEqual(self.in_use(), 2)
            self.assertIsNone(self.database.try_acquire())
            self.says(seki.BulkheadFull, "max_concurrent is 2", self.database.acquire)
            self.says(seki.Timeout, "came back in time", self.database.acquire, "5ms")
            self.says(seki.BulkheadFull, "max_concurrent is 2", self.database.__enter__)
        self.assertFalse(permit.held)
        self.assertEqual(self.in_use(), 0)
        with self.assertRaises(ZeroDivisionError), self.database:
            raise ZeroDivisionError
        self.assertEqual(self.in_use(), 0)

    def test_a_permit_is_given_back_once_and_by_who_drops_it(self):
        permit = self.database.try_acquire()
        permit.release()
        self.says(seki.InvalidArgument, "not held", permit.release)
        self.database.acquire()
        gc.collect()
        self.assertEqual(self.in_use(), 0)

    def test_threads_share_one_with_and_never_more_are_inside_than_may(self):
        inside, most, lock = 0, 0, threading.Lock()

        def work():
            nonlocal inside, most
            for _ in range(200):
                with self.database.acquire(timeout=LONG):
                    with lock:
                        inside += 1
                        most = max(most, inside)
                    time.sleep(0)
                    with lock:
                        inside -= 1

        threads = [threading.Thread(target=work) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual((most, self.in_use(), self.database.status.acquired), (2, 0, 1200))

    def test_who_released_early_gives_back_nobody_elses_permit_at_the_end_of_his_with(self):
        """Fails when a thread, or a task, that is still inside has nothing any more."""
        others = []

        def other(inside, leave):
            with self.database as permit:
                inside.set()
                leave.wait()
                others.append((permit.held, self.in_use()))

        async def other_task(inside, leave):
            async with self.database as permit:
                inside.set()
                await leave.wait()
                others.append((permit.held, self.in_use()))

        async def tasks():
            inside, leave = asyncio.Event(), asyncio.Event()
            with self.database as permit:
                task = asyncio.create_task(other_task(inside, leave))
                await inside.wait()
                permit.release()
            leave.set()
            await task

        inside, leave = threading.Event(), threading.Event()
        with self.database as permit:
            thread = threading.Thread(target=other, args=(inside, leave))
            thread.start()
            inside.wait()
            permit.release()
        leave.set()
        thread.join()
        asyncio.run(tasks())
        self.assertEqual((others, self.in_use()), ([(True, 1)] * 2, 0))

    def test_one_that_is_left_in_another_context_gives_back_as_many_as_are_inside(self):
        def part():
            with self.database:
                yield

        def here(function, *arguments):
            return function(*arguments)

        def elsewhere(function, *arguments):
            return contextvars.Context().run(function, *arguments)

        def in_a_copy(function, *arguments):  # as asyncio.to_thread() does
            return contextvars.copy_context().run(function, *arguments)

        for enters, leaves in itertools.product((here, elsewhere, in_a_copy), repeat=2):
            with self.subTest(enters=enters.__name__, leaves=leaves.__name__):
                generator = part()
                enters(next, generator)
                gc.collect()
                self.assertEqual(self.in_use(), 1)  # although its context is over
                with self.database:
                    self.assertEqual(self.in_use(), 2)
                    leaves(generator.close)
                    self.assertEqual(self.in_use(), 1)
                self.assertEqual(self.in_use(), 0)
        self.database.__exit__(None, None, None)
        self.assertEqual(self.in_use(), 0)

    def test_withs_on_two_bulkheads_are_left_in_any_order(self):
        other = self.shop.bulkhead("other", max_concurrent=2)

        def part(of):
            with of as permit:
                yield permit

        parts = [part(each) for each in (self.database, other, self.database)]
        permits = [next(each) for each in parts]
        parts[0].close()
        self.assertEqual([permit.held for permit in permits].count(True), 2)
        self.assertEqual((self.in_use(), other.status.in_use), (1, 1))
        parts[1].close()
        self.assertEqual((self.in_use(), other.status.in_use), (1, 0))
        parts[2].close()
        self.assertEqual((self.in_use(), other.status.in_use), (0, 0))

    def test_who_waits_lets_other_threads_run(self):
        held = [self.database.acquire(), self.database.acquire()]
        got = []
        waiter = threading.Thread(target=lambda: got.append(self.database.acquire(timeout=LONG)))
        waiter.start()
        eventually(lambda: self.database.status.waiting == 1, "somebody waits")
        held.pop().release()
        waiter.join()
        self.assertTrue(got[0].held)

    def test_an_async_with_holds_a_permit_and_waiting_tasks_do_not_block_the_loop(self):
        order = []

        async def holder(entered, leave):
            async with self.database:
                entered.set()
                await leave.wait()
                order.append("left")

        async def waiter():
            async with self.database.acquire_async(timeout=LONG) as permit:
                order.append("entered")
                self.assertTrue(permit.held)

        async def all_of_it():
            leave = asyncio.Event()
            holders = []
            for _ in range(2):
                entered = asyncio.Event()
                holders.append(asyncio.create_task(holder(entered, leave)))
                await entered.wait()
            waiters = [asyncio.create_task(waiter()) for _ in range(3)]
            while self.database.status.waiting != 3:  # the loop goes round while they wait
                await asyncio.sleep(0.001)
            with self.assertRaises(seki.BulkheadFull):
                await self.database.acquire_async()
            with self.assertRaises(seki.Timeout):
                await self.database.acquire_async("5ms")
            leave.set()
            await asyncio.gather(*holders, *waiters)

        asyncio.run(all_of_it())
        self.assertEqual((sorted(order), self.in_use()), (["entered"] * 3 + ["left"] * 2, 0))

    def test_a_task_that_is_cancelled_leaves_nothing_behind(self):
        async def all_of_it():
            held = [await self.database.acquire_async(), self.database.acquire()]
            tasks = [asyncio.create_task(self.wait_and_drop()) for _ in range(3)]
            while self.database.status.waiting != 3:
                await asyncio.sleep(0.001)
            for task in tasks:
                task.cancel()
            self.assertTrue(all(isinstance(end, asyncio.CancelledError) for end in await asyncio.gather(*tasks, return_exceptions=True)))
            while self.database.status.waiting != 0:
                await asyncio.sleep(0.001)
            # Cancelled at the moment at which it gets one.
            task = asyncio.create_task(self.wait_and_drop())
            while self.database.status.waiting != 1:
                await asyncio.sleep(0.001)
            held.pop().release()
            eventually(lambda: self.in_use() == 2, "it has one")
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            while self.in_use() != 1:
                await asyncio.sleep(0.001)

        asyncio.run(asyncio.wait_for(all_of_it(), LONG / 2))
        self.assertEqual(self.in_use(), 0)

    def test_a_task_that_is_cancelled_when_its_permit_has_come_gives_it_back_at_once(self):
        """Fails when it keeps the permit for as long as somebody keeps the task, or the exception that it ended by."""

        async def all_of_it():
            held, loop = [self.database.acquire(), self.database.acquire()], asyncio.get_running_loop()
            task = asyncio.create_task(self.wait_and_drop())
            while self.database.status.waiting != 1:
                await asyncio.sleep(0.001)
            held.pop().release()
            # The loop stands still until the permit is on its way; in its next turn the permit is delivered, and the task cancelled before it runs.
            eventually(lambda: self.in_use() == 2 and "seki-waits" not in {thread.name for thread in threading.enumerate()}, "it was sent")
            loop.call_soon(task.cancel)
            await asyncio.gather(task, return_exceptions=True)
            self.assertTrue(task.cancelled())
            self.assertEqual(self.in_use(), 1)
            held.pop().release()
            return task

        gc.disable()
        self.addCleanup(gc.enable)
        kept = asyncio.run(asyncio.wait_for(all_of_it(), LONG / 2))
        self.assertTrue(kept.cancelled())

    async def wait_and_drop(self):
        await self.database.acquire_async(timeout=LONG)

    def test_what_waits_for_a_limit_does_not_block_the_loop(self):
        queue = self.shop.limiter("queue", algorithm="leaky_bucket", limit=20, window=1, burst=100)
        plain = self.shop.limiter("plain", limit=20, window=1, burst=1)
        ticks = 0

        async def tick():
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0.001)

        async def all_of_it():
            ticking = asyncio.create_task(tick())
            for limiter in (queue, plain):
                answers = await asyncio.gather(*(limiter.acquire_async("a", timeout=LONG) for _ in range(4)))
                self.assertTrue(all(answers))
            self.assertFalse(await plain.acquire_async("a", timeout=0))
            slow = self.shop.limiter("slow", algorithm="leaky_bucket", limit=1, window="10m", burst=100)
            slow.check("b")
            waits = asyncio.create_task(slow.acquire_async("b", timeout="1d"))
            while slow.peek("b").delay < 1000:  # its turn is taken
                await asyncio.sleep(0)
            waits.cancel()
            await asyncio.gather(waits, return_exceptions=True)
            self.assertLess(slow.peek("b").delay, 1000)
            ticking.cancel()

        asyncio.run(all_of_it())
        self.assertGreater(ticks, 20)

    def test_options_are_told_and_change_while_it_runs(self):
        self.assertEqual(self.database.options, seki.BulkheadOptions(2, 0.0, 100))
        self.shop.change_bulkhead("database", max_concurrent=1, max_wait="10ms")
        self.assertEqual(self.database.options, seki.BulkheadOptions(1, 0.01, 100))
        with self.database:
            self.says(seki.Timeout, "database", self.database.acquire)
        self.assertEqual(repr(self.shop.bulkhead("database")), "<seki.Bulkhead database>")
        self.shop.remove_bulkhead("database")
        self.says(seki.Deleted, "database", self.database.try_acquire)

    def test_what_is_wrong_is_said(self):
        self.says(seki.InvalidArgument, "-1 is negative", self.database.acquire, -1)
        self.says(TypeError, "timeout is seconds, or a text such as", self.database.acquire, [])
        self.says(TypeError, 'Bulkhead.acquire() has no argument "wait"', self.database.acquire, wait=1)
        self.says(TypeError, "cannot create 'seki.Permit' instances", seki.Permit)
        self.says(seki.InvalidArgument, "max_concurrent 0 is too small", self.shop.bulkhead, "x", max_concurrent=0)


if __name__ == "__main__":
    unittest.main()
