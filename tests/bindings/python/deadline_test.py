"""Deadlines from Python. Fails when something waits longer than its deadline, or a task or a thread has another's."""

import asyncio
import concurrent.futures
import contextvars
import math
import threading
import unittest

import seki
from support import LONG, SegmentTest


class Deadlines(SegmentTest):
    def test_there_is_none_but_inside_a_with_and_the_earlier_counts(self):
        self.assertEqual(seki.deadline.remaining(), math.inf)
        seki.deadline.check()
        with seki.deadline("1h") as outer:
            self.assertTrue(3500 < seki.deadline.remaining() <= 3600)
            with seki.deadline(60):
                self.assertTrue(0 < seki.deadline.remaining() <= 60)
                with seki.deadline("1d"), outer:
                    self.assertTrue(0 < seki.deadline.remaining() <= 60)
            self.assertTrue(3500 < seki.deadline.remaining() <= 3600)
            with self.assertRaises(ZeroDivisionError), seki.deadline(1):
                raise ZeroDivisionError
            self.assertTrue(3500 < seki.deadline.remaining() <= 3600)
        self.assertEqual(seki.deadline.remaining(), math.inf)

    def test_one_that_is_over_says_so_and_interrupts_nothing(self):
        with seki.deadline(0):
            self.assertEqual(seki.deadline.remaining(), 0.0)
            over = self.says(seki.DeadlineExceeded, "the deadline is over", seki.deadline.check)
            self.assertIsInstance(over, TimeoutError)
            self.assertTrue(self.shop.limiter("api", limit=1, window=1).acquire("a", timeout=1))  # needs no waiting
        with seki.deadline(math.inf):
            self.assertEqual(seki.deadline.remaining(), math.inf)

    def test_it_counts_from_when_it_was_made(self):
        soon = seki.deadline("20ms")
        with seki.deadline("1h"):
            pass
        while True:  # until it is over, without having been entered
            with soon:
                if seki.deadline.remaining() == 0:
                    break
        self.assertEqual(seki.deadline.remaining(), math.inf)

    def test_waits_end_with_it(self):
        database = self.shop.bulkhead("database", max_concurrent=1)
        slow = self.shop.limiter("slow", limit=1, window="1d")
        queue = self.shop.limiter("queue", algorithm="leaky_bucket", limit=1, window="1d", burst=100)
        slow.check("a"), queue.check("a")
        with database:
            with seki.deadline("5ms"):
                self.says(seki.DeadlineExceeded, "database", database.acquire, LONG)
            for limiter in (slow, queue):
                with seki.deadline("1h"):
                    self.says(seki.DeadlineExceeded, limiter.name, limiter.acquire, "a", "2d")
                    self.assertFalse(limiter.acquire("a", "2h"))  # its own timeout comes first or the wait is longer than both
            self.says(seki.Timeout, "database", database.acquire, "1ms")  # nothing of it is left

    def test_waits_of_tasks_end_with_it(self):
        database = self.shop.bulkhead("database", max_concurrent=1)
        limiters = [self.shop.limiter("slow", limit=1, window="1d"), self.shop.limiter("queue", algorithm="leaky_bucket", limit=1, window="1d", burst=100)]

        async def all_of_it():
            async with database:
                with seki.deadline("5ms"), self.assertRaises(seki.DeadlineExceeded):
                    await database.acquire_async(LONG)
            for limiter in limiters:
                limiter.check("a")
                with seki.deadline("1h"):
                    with self.assertRaises(seki.DeadlineExceeded) as caught:
                        await limiter.acquire_async("a", "2d")
                    self.assertIn(limiter.name, str(caught.exception))
                    self.assertFalse(await limiter.acquire_async("a", "1h"))

        asyncio.run(asyncio.wait_for(all_of_it(), LONG))

    def test_tasks_that_take_turns_have_their_own_and_hand_it_to_what_they_start(self):
        async def under(span, entered, leave):
            with seki.deadline(span):
                entered.set()
                await leave.wait()
                seen = [seki.deadline.remaining(), await asyncio.to_thread(seki.deadline.remaining)]
                seen += await asyncio.gather(*(asyncio.create_task(remaining()) for _ in range(2)))
            return seen

        async def remaining():
            await asyncio.sleep(0)
            return seki.deadline.remaining()

        async def all_of_it():
            leave, tasks = asyncio.Event(), []
            for span in (60, 3600, math.inf):
                entered = asyncio.Event()
                tasks.append(asyncio.create_task(under(span, entered, leave)))
                await entered.wait()
                self.assertEqual(seki.deadline.remaining(), math.inf)  # theirs is not this one's
            leave.set()
            short, long, none = await asyncio.gather(*tasks)
            self.assertTrue(all(0 < each <= 60 for each in short), short)
            self.assertTrue(all(3500 < each <= 3600 for each in long), long)
            self.assertEqual(none, [math.inf] * 4)

        asyncio.run(all_of_it())

    def test_a_thread_has_none_until_it_enters_the_one_that_it_is_handed(self):
        seen = []

        def enters(current):
            seen.append(seki.deadline.remaining())
            with current:
                seen.append(seki.deadline.remaining())

        with seki.deadline(60):
            thread = threading.Thread(target=enters, args=(seki.deadline.current(),))
            thread.start()
            thread.join()
        self.assertEqual(seen[0], math.inf)
        self.assertTrue(0 < seen[1] <= 60)
        thread = threading.Thread(target=enters, args=(seki.deadline.current(),))  # there is none
        thread.start()
        thread.join()
        self.assertEqual(seen[2:], [math.inf] * 2)

    def test_threads_enter_one_at_once(self):
        shared = seki.deadline("1h")

        def enters(_):
            for _ in range(200):
                with shared, seki.deadline(60), shared:
                    if not 0 < seki.deadline.remaining() <= 60:
                        return False
                if seki.deadline.remaining() != math.inf:
                    return False
            return True

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            self.assertEqual(list(pool.map(enters, range(8))), [True] * 8)

    def test_a_child_of_a_fork_goes_on_with_it(self):
        with seki.deadline(60):
            self.in_child(lambda: self.assertTrue(0 < seki.deadline.remaining() <= 60))

    def test_one_that_is_left_in_another_context_does_no_harm(self):
        entered = seki.deadline(60)
        contextvars.Context().run(entered.__enter__)
        self.assertEqual(seki.deadline.remaining(), math.inf)
        entered.__exit__(None, None, None)
        self.assertEqual(seki.deadline.remaining(), math.inf)


    def test_one_takes_nothing_away_but_itself_when_it_is_left_out_of_turn(self):
        def part(span):
            with seki.deadline(span):
                yield

        longer, shorter = part("1h"), part("1m")
        with seki.deadline("1d"):
            next(longer)  # entered inside of the day, and left after it
            next(shorter)
            self.assertTrue(0 < seki.deadline.remaining() <= 60)
            longer.close()
            self.assertTrue(0 < seki.deadline.remaining() <= 60)
            longer = part("1h")
            next(longer)
        self.assertTrue(0 < seki.deadline.remaining() <= 60)
        shorter.close()
        self.assertTrue(60 < seki.deadline.remaining() <= 3600)
        with seki.deadline("1d"):
            longer.close()  # entered before it
            self.assertTrue(3600 < seki.deadline.remaining() <= 86400)
            seki.deadline("1d").__exit__(None, None, None)
            self.assertTrue(3600 < seki.deadline.remaining() <= 86400)
        self.assertEqual(seki.deadline.remaining(), math.inf)


class Headers(SegmentTest):
    def test_what_is_left_is_told_to_who_is_called_next_and_nothing_without_a_deadline(self):
        self.assertEqual((seki.deadline.header(), seki.deadline.header(grpc=True), seki.deadline.headers()), (None, None, {}))
        with seki.deadline("1h"):
            told = seki.deadline.headers()["x-deadline-remaining"]
            self.assertTrue(3_500_000 < int(told) <= 3_600_000, told)
            self.assertRegex(seki.deadline.header(grpc=True), r"^\d{1,8}[mun]$")
        with seki.deadline(0):
            self.assertEqual((seki.deadline.header(), seki.deadline.header(grpc=True)), ("0", "1n"))

    def test_what_a_caller_says_is_taken(self):
        for value, grpc, most in (("60000", False, 60), (b"0060000", False, 60), ("1M", True, 60), (b"60S", True, 60), ("0", False, 0), ("0n", True, 0)):
            with seki.deadline.from_header(value, grpc=grpc):
                self.assertTrue(most - 5 <= seki.deadline.remaining() <= most, value)
        for longest in (None, "999999999999"):
            with seki.deadline.from_header(longest):
                self.assertGreater(seki.deadline.remaining(), 9e8)

    def test_what_is_no_such_value_is_refused(self):
        for value in ("", "-1", "+1", " 1", "1.5", "1e3", "1234567890123", "x", b"\xff", "6O", "1S"):
            self.says(seki.InvalidArgument, seki.deadline.HEADER, seki.deadline.from_header, value)
        for value in ("", "1", "S", "123456789S", "1s", "-1S", "1 S"):
            self.says(seki.InvalidArgument, seki.deadline.GRPC_HEADER, seki.deadline.from_header, value, grpc=True)
        self.says(TypeError, "a value is a str or bytes, not int", seki.deadline.from_header, 5)

    def test_wrong_spans_are_refused(self):
        self.says(seki.InvalidArgument, "deadline(): -1 is negative", seki.deadline, -1)
        self.says(seki.InvalidArgument, 'deadline(): "soon" is not a duration', seki.deadline, "soon")
        self.says(seki.InvalidArgument, "nan", seki.deadline, math.nan)
        self.says(TypeError, "deadline() is seconds", seki.deadline, None)
        self.assertEqual(repr(seki.deadline(math.inf)), "<seki.deadline: none>")
        self.assertIn("<seki.deadline at ", repr(seki.deadline(1)))


if __name__ == "__main__":
    unittest.main()
