"""Breakers from Python. Fails when what a call comes to is told otherwise than it went, or a refusal calls the function."""

import asyncio
import math
import unittest

import seki
from support import SegmentTest


class Broken(Exception):
    pass


def fails():
    raise Broken("no answer")


class Breakers(SegmentTest):
    def setUp(self):
        super().setUp()
        self.payments = self.shop.breaker("payments", minimum_calls=2, window_size=4, wait_duration="1h")

    def trip(self):
        for _ in range(2):
            with self.assertRaises(Broken):
                self.payments.call(fails)

    def test_a_call_answers_what_the_function_returns_and_hands_on_what_it_raises(self):
        self.assertEqual(self.payments.call(divmod, 7, 2), (3, 1))
        self.assertEqual(self.payments.call(dict, a=1, b=2), {"a": 1, "b": 2})
        with self.assertRaisesRegex(Broken, "no answer"):
            self.payments.call(fails)
        status = self.payments.status
        self.assertEqual((status.state, status.calls, status.errors), ("closed", 3, 1))

    def test_an_open_circuit_calls_nothing_and_says_for_how_long(self):
        self.trip()
        called = []
        refused = self.says(seki.CircuitOpen, 'breaker "payments"', self.payments.call, called.append, 1)
        self.assertEqual(called, [])
        self.assertTrue(3500 < refused.retry_after <= 3600, refused.retry_after)
        self.assertIsInstance(refused, seki.Refused)
        self.assertEqual(self.payments.status.state, "open")
        self.payments.reset()
        self.assertEqual(self.payments.status.state, "closed")

    def test_what_ends_the_program_is_nothing_of_whom_was_called(self):
        for ends in (KeyboardInterrupt, SystemExit, asyncio.CancelledError):
            with self.assertRaises(ends), self.payments.admit():
                raise ends
            with self.assertRaises(ends):
                self.payments.call(self.raises, ends)
        self.assertEqual(self.payments.status.calls, 0)

    @staticmethod
    def raises(what):
        raise what

    def test_an_admission_is_told_once_by_a_method_or_by_how_its_block_was_left(self):
        patient = self.shop.breaker("patient", minimum_calls=20)
        with patient.admit() as admission:
            self.assertFalse(admission.told)
        self.assertTrue(admission.told)
        self.says(seki.InvalidArgument, "seki_admission_tell()", admission.ok)
        with self.assertRaises(Broken), patient.admit():
            fails()
        with patient.admit() as admission:
            admission.ignore()
        patient.admit().slow()
        status = patient.status
        self.assertEqual((status.calls, status.errors, status.slow), (3, 1, 1))

    def test_an_admission_that_is_dropped_gives_its_probe_back(self):
        probing = self.shop.breaker("probing", minimum_calls=1, wait_duration="1ms", half_open_requests=1)
        with self.assertRaises(Broken):
            probing.call(fails)
        for _ in range(3):
            while probing.status.retry_after > 0 and probing.status.state == "open":
                pass
            admission = probing.admit()
            self.assertEqual(probing.status.probes, 1)
            del admission
            self.assertEqual(probing.status.probes, 0)

    def test_an_operator_can_force_it(self):
        self.payments.force("forced_open")
        refused = self.says(seki.CircuitOpen, "payments", self.payments.admit)
        self.assertEqual(refused.retry_after, math.inf)
        self.assertEqual(self.payments.status.retry_after, math.inf)
        self.payments.force("auto")
        self.payments.admit().ok()
        self.says(seki.InvalidArgument, '"shut" is none of: auto, forced_open', self.payments.force, "shut")
        self.says(TypeError, "mode is a str, not int", self.payments.force, 1)

    def test_a_coroutine_function_is_called_and_awaited(self):
        async def answers(value):
            await asyncio.sleep(0)
            return value

        async def fails_later():
            await asyncio.sleep(0)
            fails()

        async def both():
            self.assertEqual(await self.payments.call_async(answers, 5), 5)
            with self.assertRaises(Broken):
                await self.payments.call_async(fails_later)
            with self.assertRaises(seki.CircuitOpen):
                await self.payments.call_async(answers, 5)

        asyncio.run(both())

    def test_options_are_told_and_change_while_it_runs(self):
        now = self.payments.options
        self.assertEqual((now.window_type, now.window_size, now.minimum_calls, now.wait_duration), ("count", 4, 2, 3600.0))
        self.shop.change_breaker("payments", window_type="time", window_size="10s", wait_multiplier=2)
        now = self.payments.options
        self.assertEqual((now.window_type, now.window_size, now.wait_multiplier, now.wait_duration), ("time", 10.0, 2.0, 3600.0))
        self.assertEqual(self.shop.breaker("payments").name, "payments")
        self.shop.remove_breaker("payments")
        self.says(seki.Deleted, 'breaker "payments"', self.payments.call, fails)

    def test_what_is_wrong_is_said(self):
        make = self.shop.breaker
        self.says(TypeError, "Breaker.call() needs a function", self.payments.call)
        self.says(TypeError, "not callable", self.payments.call, 5)
        self.says(TypeError, "cannot create 'seki.Admission' instances", seki.Admission)
        self.says(TypeError, 'breaker "x": window_size of calls is int, not str', make, "x", window_size="10s")
        self.says(seki.InvalidArgument, "window_size is needed", make, "x", window_type="time")
        self.says(seki.InvalidArgument, "failure_threshold 101 is too large", make, "x", failure_threshold=101)
        self.says(TypeError, "wait_multiplier is float, not str", make, "x", wait_multiplier="2")


if __name__ == "__main__":
    unittest.main()
