"""Retries from Python. Fails when a call is made more or less often than it should be, its own exception is lost, or a wait cannot be ended."""

import asyncio
import datetime
import math
import multiprocessing
import threading
import time
import unittest

import seki
from support import LONG, SegmentTest, eventually

AT_ONCE = {"base_delay": 0, "max_delay": 0, "min_per_second": 1000}
A_DAY = {"base_delay": "1d", "max_delay": "1d", "jitter": "none", "min_per_second": 1000}


class Flaky:
    """Raises what it was given, one after the other, and then answers."""

    def __init__(self, *raised):
        self.raised, self.calls = list(raised), []

    def __call__(self, *arguments, **named):
        self.calls.append((arguments, named))
        if len(self.calls) <= len(self.raised):
            raise self.raised[len(self.calls) - 1]
        return "paid"

    async def later(self, *arguments, **named):
        await asyncio.sleep(0)
        return self(*arguments, **named)


class Own(Exception):
    def __init__(self, retry_after=None):
        super().__init__("the bank does not answer")
        if retry_after is not None:
            self.retry_after = retry_after


class Retries(SegmentTest):
    def setUp(self):
        super().setUp()
        self.payments = self.shop.retry("payments", **AT_ONCE)

    def raises(self, exception, retry, flaky, **named):
        """That the call ends with that very exception; why there was no other attempt."""
        with self.assertRaises(type(exception)) as caught:
            retry.call(flaky, **named)
        self.assertIs(caught.exception, exception)
        return seki.why_given_up(exception)

    def test_a_call_is_made_again_until_it_goes_well_and_answers_what_it_returns(self):
        flaky = Flaky(Own(), OSError())
        self.assertEqual(self.payments.call(flaky, "4111", amount=5), "paid")
        self.assertEqual(flaky.calls, [(("4111",), {"amount": 5})] * 3)
        self.assertEqual(self.payments.call(Flaky()), "paid")
        self.assertEqual(self.payments.status, seki.RetryStatus(2, 2, 1, 0, 0, self.payments.status.budget_left))

    def test_the_last_attempts_own_exception_is_raised_and_says_why_it_was_the_last(self):
        last = Own()
        why = self.raises(last, self.payments, flaky := Flaky(Own(), Own(), last))
        self.assertEqual(len(flaky.calls), 3)
        self.assertIsInstance(why, seki.CallFailed)
        self.assertIn('retry "payments": every attempt failed (max_attempts is 3)', str(why))
        self.assertEqual(self.payments.status.exhausted, 1)
        if hasattr(last, "__notes__"):
            self.assertEqual(last.__notes__, [f"call_failed: {why}"])
            self.raises(last, self.payments, Flaky(last, last, last))
            self.assertEqual(len(last.__notes__), 1)  # an exception that is raised for ever does not grow
        self.assertIsNone(last.__cause__)

    def test_retry_on_says_what_is_worth_another_attempt(self):
        for retry_on in (Own, (Own, KeyError), lambda exception: isinstance(exception, Own)):
            self.assertEqual(self.payments.call(Flaky(Own(), Own()), retry_on=retry_on), "paid")
            other = ValueError("no")
            self.assertIsNone(self.raises(other, self.payments, flaky := Flaky(other), retry_on=retry_on))
            self.assertEqual(len(flaky.calls), 1)
        self.assertEqual(self.payments.status.exhausted, 0)

    def test_what_ends_the_program_or_the_task_is_not_tried_again_unless_one_says_so(self):
        for exception in (KeyboardInterrupt(), SystemExit(), asyncio.CancelledError()):
            self.raises(exception, self.payments, flaky := Flaky(exception))
            self.assertEqual(len(flaky.calls), 1)
        self.assertEqual(self.payments.call(Flaky(SystemExit()), retry_on=BaseException), "paid")

    def test_a_refusal_that_no_waiting_helps_is_not_tried_again_and_one_that_it_helps_is(self):
        stays = (seki.Deleted, seki.DeadlineExceeded, seki.BudgetSpent, seki.LoadShed, seki.InvalidArgument, seki.ReadOnly, seki.Interrupted, seki.Error)
        for kind in stays:
            exception = kind("no")
            self.assertIsNone(self.raises(exception, self.payments, flaky := Flaky(exception), retry_on=(kind, OSError)))
            self.assertEqual(len(flaky.calls), 1, kind)
        for kind in (seki.CircuitOpen, seki.BulkheadFull, seki.Timeout, seki.RateLimited, seki.Busy, seki.Superseded, seki.System, seki.CallFailed):
            self.assertEqual(self.payments.call(Flaky(kind("yes"))), "paid", kind)
        self.assertEqual(self.payments.call(Flaky(seki.Deleted("a function was asked")), retry_on=lambda exception: True), "paid")

    def test_a_retry_after_is_waited_out_and_wins_over_a_shorter_delay(self):
        began = time.monotonic()
        asks = (0.02, datetime.timedelta(milliseconds=20))
        for asked in asks:
            self.assertEqual(self.payments.call(Flaky(Own(retry_after=asked))), "paid")
        self.assertGreaterEqual(time.monotonic() - began, 0.04)
        for nothing in (0, -1, math.nan, "120", True, [], None):
            self.assertEqual(self.payments.call(Flaky(Own(retry_after=nothing))), "paid")
        never = Own(retry_after=math.inf)
        self.assertIsNone(self.raises(never, self.payments, flaky := Flaky(never)))
        self.assertEqual(len(flaky.calls), 1)
        with seki.deadline("1h"):  # who waited for it would wait for a day
            long = Own(retry_after=86_400)
            self.assertIsInstance(self.raises(long, self.payments, Flaky(long)), seki.DeadlineExceeded)

    def test_a_retry_that_would_begin_after_the_deadline_is_not_made(self):
        patient = self.shop.retry("patient", **A_DAY)
        with seki.deadline("1h"):
            last = Own()
            why = self.raises(last, patient, flaky := Flaky(last))
        self.assertIsInstance(why, seki.DeadlineExceeded)
        self.assertIn("patient", str(why))
        self.assertEqual((len(flaky.calls), patient.status.retries), (1, 0))

    def test_coroutine_functions_are_called_again_and_do_not_block_the_loop(self):
        slow = self.shop.retry("slow", base_delay="20ms", max_delay="20ms", jitter="none")
        ticks = 0

        async def tick():
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0.001)

        async def all_of_it():
            ticking = asyncio.create_task(tick())
            flaky = Flaky(Own(), Own())
            self.assertEqual(await slow.call_async(flaky.later, 5, a=6), "paid")
            self.assertEqual(flaky.calls, [((5,), {"a": 6})] * 3)
            last = Own()
            with self.assertRaises(Own) as caught:
                await slow.call_async(Flaky(last).later, retry_on=KeyError)
            self.assertIs(caught.exception, last)
            ticking.cancel()

        asyncio.run(all_of_it())
        self.assertGreater(ticks, 3)

    def test_a_task_that_is_cancelled_between_two_attempts_makes_no_more(self):
        patient, flaky = self.shop.retry("patient", **A_DAY), Flaky(Own())

        async def all_of_it():
            task = asyncio.create_task(patient.call_async(flaky.later))
            while patient.status.retries == 0:
                await asyncio.sleep(0.001)
            task.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await task

        asyncio.run(asyncio.wait_for(all_of_it(), LONG))
        self.assertEqual(len(flaky.calls), 1)

    def test_decorated_functions_are_called_again_whatever_their_arguments_are_named(self):
        flaky = Flaky(Own(), Own(), Own(), Own())

        @seki.retry(self.payments, retry_on=Own)
        def charge(card, retry_on=None):
            """Charges."""
            return flaky(card, retry_on)

        @seki.retry(self.payments)
        async def charge_later(card):
            return await flaky.later(card)

        self.assertEqual((charge.__name__, charge.__doc__), ("charge", "Charges."))
        self.assertTrue(asyncio.iscoroutinefunction(charge_later))
        with self.assertRaises(Own):
            charge("4111", retry_on="monday")
        self.assertEqual(flaky.calls, [(("4111", "monday"), {})] * 3)
        self.assertEqual(asyncio.run(charge_later("4112")), "paid")

    def test_who_makes_the_attempts_himself_is_told_whether_and_when(self):
        loop = self.shop.retry("patient", **A_DAY, max_attempts=2).begin()
        self.assertEqual((loop.attempt, loop.why), (1, None))
        self.assertEqual(loop.failed(retry_after="2d"), 172_800)
        self.assertEqual((loop.attempt, loop.why), (2, None))
        self.assertIsNone(loop.failed())
        self.assertEqual((loop.attempt, type(loop.why)), (2, seki.CallFailed))
        for ended in (loop.failed, loop.succeeded):
            self.says(seki.InvalidArgument, "the call has ended: begin another one", ended)
        again = self.payments.begin()
        self.assertEqual(again.failed(), 0)
        again.succeeded()
        self.assertEqual(self.payments.status.recovered, 1)
        self.assertIsNone(self.payments.begin().failed(math.inf))
        del self.payments, again  # a loop outlives its handle
        kept = self.shop.retry("payments").begin()
        self.assertEqual(kept.failed(), 0)

    def test_a_call_that_is_dropped_half_way_lets_go_of_its_segment(self):
        other = seki.open(f"{self.folder}/other.seg", segment_size=4 << 20, max_workers=4)
        loop = other.retry("it", **AT_ONCE).begin()
        self.assertEqual(loop.failed(), 0)
        other.close()
        self.assertTrue(self.maps("other.seg"))
        del loop
        self.assertFalse(self.maps("other.seg"))

    @staticmethod
    def maps(name):
        with open("/proc/self/maps", encoding="utf-8") as mappings:
            return name in mappings.read()

    def test_processes_share_one_budget(self):
        self.shop.retry("storm", base_delay=0, max_delay=0, max_attempts=100, ratio=0, min_per_second=7)
        fork = multiprocessing.get_context("fork")
        made, denied = fork.Value("q", 0), fork.Value("q", 0)
        go = fork.Barrier(4)

        def fail():
            go.wait(LONG)
            for _ in range(5):
                flaky = Flaky(*[Own()] * 100)
                try:
                    self.shop.retry("storm").call(flaky)
                except Own as own:
                    with made.get_lock(), denied.get_lock():
                        made.value += len(flaky.calls) - 1
                        denied.value += isinstance(seki.why_given_up(own), seki.BudgetSpent)

        began = time.monotonic()
        children = [fork.Process(target=fail) for _ in range(4)]
        for child in children:
            child.start()
        for child in children:
            child.join()
        windows = 1 + math.ceil(time.monotonic() - began)  # each lasts a second or more
        self.assertEqual([child.exitcode for child in children], [0] * 4)
        status = self.shop.retry("storm").status
        self.assertEqual((status.calls, status.retries, status.denied), (20, made.value, denied.value))
        self.assertGreaterEqual(made.value, 7)
        self.assertLessEqual(made.value, 7 * windows)
        self.assertEqual(denied.value, 20)

    def test_options_are_told_and_change_while_it_runs(self):
        self.assertEqual(self.payments.options, seki.RetryOptions(3, "exponential", "full", 0.0, 0.0, 0.2, 1000))
        self.shop.change_retry("payments", max_attempts=1, backoff="linear", jitter="decorrelated", ratio=0.5, max_delay="2s")
        self.assertEqual(self.payments.options, seki.RetryOptions(1, "linear", "decorrelated", 0.0, 2.0, 0.5, 1000))
        last = Own()
        self.raises(last, self.payments, Flaky(last))
        self.assertEqual((repr(self.payments), self.payments.name), ("<seki.Retry payments>", "payments"))
        self.assertEqual(self.shop.retry("payments").status.calls, 1)
        self.shop.remove_retry("payments")
        self.says(seki.Deleted, "payments", self.payments.call, Flaky())
        self.says(seki.Deleted, "payments", self.payments.begin)
        self.says(seki.Deleted, "payments", lambda: self.payments.status)

    def test_one_that_is_deleted_between_two_attempts_makes_no_more(self):
        last = Own()
        why = self.raises(last, self.payments, lambda: self.shop.remove_retry("payments") or Flaky(last)())
        self.assertIsInstance(why, seki.Deleted)

    def test_what_is_wrong_is_said(self):
        self.says(seki.NotFound, "nothing", self.shop.retry, "nothing")
        self.says(seki.DifferentOptions, "payments", self.shop.retry, "payments", max_attempts=9)
        self.says(seki.InvalidArgument, "max_attempts 0", self.shop.retry, "x", max_attempts=0)
        self.says(seki.InvalidArgument, '"never" is none of: constant, linear', self.shop.retry, "x", backoff="never")
        self.says(seki.InvalidArgument, "base_delay", self.shop.retry, "x", base_delay="-1s")
        self.says(TypeError, "ratio is float, not str", self.shop.retry, "x", ratio="much")
        self.says(TypeError, "max_attempts is int, not bool", self.shop.retry, "x", max_attempts=True)
        self.says(TypeError, "budget", self.shop.retry, "x", budget=1)
        for wrong in (5, None, "OSError", int, (OSError, 5), (OSError, int)):
            self.says(TypeError, "retry_on is a class of exceptions", self.payments.call, Flaky(), retry_on=wrong)
        self.says(TypeError, "function", self.payments.call)
        self.says(TypeError, "cannot create 'seki.RetryLoop' instances", seki.RetryLoop)
        loop = self.payments.begin()
        self.says(seki.InvalidArgument, "retry_after: -1 is negative", loop.failed, -1)
        self.says(TypeError, "retry_after is seconds", loop.failed, [])
        self.says(TypeError, 'has no argument "after"', loop.failed, after=1)
        loop.succeeded()
        self.assertEqual(self.payments.status.calls, 1)

    def test_what_a_predicate_raises_leaves_the_call(self):
        with self.assertRaises(ZeroDivisionError) as caught:
            self.payments.call(Flaky(Own()), retry_on=lambda exception: 1 / 0)
        self.assertIsInstance(caught.exception.__context__, Own)

    def test_other_threads_run_while_it_sleeps(self):
        patient, flaky = self.shop.retry("patient", base_delay="50ms", max_delay="50ms", jitter="none"), Flaky(Own())
        thread = threading.Thread(target=patient.call, args=(flaky,))
        thread.start()
        eventually(lambda: patient.status.retries == 1, "it sleeps")
        thread.join()
        self.assertEqual(len(flaky.calls), 2)


if __name__ == "__main__":
    unittest.main()
