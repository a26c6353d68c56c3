"""Signals while something waits. Fails when Ctrl-C has to wait until a wait is over, or a handler that raises nothing ends it."""

import contextlib
import os
import signal
import threading
import time
import unittest

import seki
from support import LONG, SegmentTest, eventually


class Stopped(Exception):
    pass


class Signals(SegmentTest):
    def setUp(self):
        super().setUp()
        self.database = self.shop.bulkhead("database", max_concurrent=1)
        self.addCleanup(signal.signal, signal.SIGUSR1, signal.getsignal(signal.SIGUSR1))

    def interrupt_when(self, condition, which):
        def send():
            eventually(condition, "it waits")
            os.kill(os.getpid(), which)

        thread = threading.Thread(target=send)
        thread.start()
        self.addCleanup(thread.join)

    @contextlib.contextmanager
    def long_before_the_timeout(self):
        began = time.monotonic()
        try:
            yield
        finally:
            self.assertLess(time.monotonic() - began, LONG / 4)

    def test_ctrl_c_ends_a_wait_for_a_permit_and_leaves_nothing_behind(self):
        with self.database:
            self.interrupt_when(lambda: self.database.status.waiting == 1, signal.SIGINT)
            with self.assertRaises(KeyboardInterrupt), self.long_before_the_timeout():
                self.database.acquire(timeout=LONG / 2)
            status = self.database.status
            self.assertEqual((status.waiting, status.rejected), (0, 0))
        self.database.acquire().release()

    def test_ctrl_c_ends_a_wait_for_a_limit(self):
        for algorithm in ("gcra", "leaky_bucket", "fixed_window"):
            limiter = self.shop.limiter(algorithm, algorithm=algorithm, limit=1, window="1d")
            limiter.check("alice")
            began = time.monotonic()
            with self.assertRaises(KeyboardInterrupt):  # also when it comes before the wait has begun
                self.interrupt_when(lambda began=began: time.monotonic() - began > 0.02, signal.SIGINT)
                limiter.acquire("alice", timeout="2d")
            self.assertLess(time.monotonic() - began, LONG / 4)

    def test_ctrl_c_ends_a_sleep_between_two_attempts_and_no_attempt_follows(self):
        patient = self.shop.retry("patient", base_delay=LONG, max_delay=LONG, jitter="none")
        calls = []

        def fails():
            calls.append(1)
            raise ValueError("no")

        self.interrupt_when(lambda: patient.status.retries == 1, signal.SIGINT)
        with self.assertRaises(KeyboardInterrupt), self.long_before_the_timeout():
            patient.call(fails)
        self.assertEqual(len(calls), 1)

    def test_what_a_handler_raises_ends_a_wait_and_one_that_raises_nothing_does_not(self):
        handled = []
        signal.signal(signal.SIGUSR1, lambda number, frame: handled.append(number))
        with self.database:
            self.interrupt_when(lambda: self.database.status.waiting == 1, signal.SIGUSR1)
            self.says(seki.Timeout, "came back in time", self.database.acquire, "100ms")
            eventually(lambda: handled, "the handler runs")

            def stop(number, frame):
                raise Stopped

            signal.signal(signal.SIGUSR1, stop)
            self.interrupt_when(lambda: self.database.status.waiting == 1, signal.SIGUSR1)
            with self.assertRaises(Stopped), self.long_before_the_timeout():
                self.database.acquire(timeout=LONG / 2)

    def test_a_handler_may_itself_wait_and_the_wait_around_it_can_still_be_ended(self):
        other = self.shop.bulkhead("other", max_concurrent=1)
        held, waited = other.acquire(), []

        def wait_a_little(number, frame):
            with self.assertRaises(seki.Timeout):
                other.acquire(timeout="5ms")
            signal.signal(signal.SIGUSR1, self.raise_stopped)
            waited.append(time.monotonic())

        signal.signal(signal.SIGUSR1, wait_a_little)
        with self.database:
            self.interrupt_when(lambda: self.database.status.waiting == 1, signal.SIGUSR1)
            self.interrupt_when(lambda: waited and time.monotonic() - waited[0] > 0.05, signal.SIGUSR1)
            with self.assertRaises(Stopped), self.long_before_the_timeout():
                self.database.acquire(timeout=LONG / 2)
        held.release()

    @staticmethod
    def raise_stopped(number, frame):
        raise Stopped


if __name__ == "__main__":
    unittest.main()
