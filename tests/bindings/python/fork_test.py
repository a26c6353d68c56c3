"""Forks. Fails when a child holds, gives back or tells what is its parent's, or two processes have limits of their own."""

import multiprocessing
import os
import signal
import threading
import unittest

import seki
from support import SegmentTest, eventually


def spend(limiter, times, allowed):
    granted = sum(bool(limiter.check("everybody")) for _ in range(times))
    with allowed.get_lock():
        allowed.value += granted


class Forks(SegmentTest):
    def test_children_share_one_limit_with_their_parent(self):
        limiter = self.shop.limiter("api", limit=1000, window="1d")
        allowed = multiprocessing.Value("q", 0)
        fork = multiprocessing.get_context("fork")
        children = [fork.Process(target=spend, args=(limiter, 400, allowed)) for _ in range(4)]
        for child in children:
            child.start()
        for child in children:
            child.join()
        self.assertEqual([child.exitcode for child in children], [0] * 4)
        spend(limiter, 400, allowed)
        self.assertEqual(allowed.value, 1000)

    def test_a_permit_stays_its_parents(self):
        database = self.shop.bulkhead("database", max_concurrent=2)
        permit = database.acquire()

        def child():
            self.says(seki.InvalidArgument, "another process's, by a fork", permit.release)
            with database:
                self.assertEqual(database.status.in_use, 2)
            self.assertEqual(database.status.in_use, 1)

        self.in_child(child)
        self.assertEqual(database.status.in_use, 1)
        permit.release()

    def test_a_with_that_is_left_in_the_child_gives_nothing_back(self):
        database = self.shop.bulkhead("database", max_concurrent=2)
        with database:
            child = os.fork()
            if child == 0:
                code = 1
                try:
                    with database:
                        pass
                    database.__exit__()
                    code = 0 if database.status.in_use == 1 else 2
                finally:
                    os._exit(code)
            self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 0)
            self.assertEqual(database.status.in_use, 1)
        self.assertEqual(database.status.in_use, 0)

    def test_a_with_of_the_parent_that_is_left_in_the_child_takes_nothing_from_its_threads(self):
        database = self.shop.bulkhead("database", max_concurrent=2)
        permits = []

        def other(inside, leave):
            with database as permit:
                inside.set()
                leave.wait()
                permits.append((permit.held, database.status.in_use))

        def child():
            inside, leave = threading.Event(), threading.Event()
            thread = threading.Thread(target=other, args=(inside, leave))
            thread.start()
            inside.wait()
            database.__exit__(None, None, None)
            leave.set()
            thread.join()
            self.assertEqual((permits, database.status.in_use), ([(True, 2)], 1))

        with database:
            self.in_child(child)
            self.assertEqual(database.status.in_use, 1)
        self.assertEqual(database.status.in_use, 0)

    def test_a_call_in_which_the_process_forks_is_told_once(self):
        payments = self.shop.breaker("payments", minimum_calls=20)

        def forks():
            self.in_child(lambda: None)

        def child_goes_on():
            child = os.fork()
            return child

        payments.call(forks)
        child = payments.call(child_goes_on)
        if child == 0:
            os._exit(0 if payments.status.calls <= 2 else 1)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 0)
        self.assertEqual(payments.status.calls, 2)

    def test_what_a_killed_process_held_comes_back(self):
        database = self.shop.bulkhead("database", max_concurrent=1)
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            held = database.acquire()
            os.write(write, b"1" if held.held else b"0")
            signal.pause()
        self.assertEqual(os.read(read, 1), b"1")
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        database.acquire(timeout="30s").release()
        eventually(lambda: database.status.reclaimed == 1, "it was taken back")
        os.close(read), os.close(write)

    def test_a_child_of_many_threads_works_while_they_wait(self):
        database = self.shop.bulkhead("database", max_concurrent=1)
        held = database.acquire()
        threads = [threading.Thread(target=lambda: database.acquire(timeout="60s").release()) for _ in range(3)]
        for thread in threads:
            thread.start()
        eventually(lambda: database.status.waiting == 3, "they wait")
        limiter = self.shop.limiter("api", limit=1, window="1d")
        self.in_child(lambda: self.assertTrue(limiter.check("a")))
        self.assertFalse(limiter.check("a"))
        held.release()
        for thread in threads:
            thread.join()

    def test_a_child_attaches_handlers_of_its_own(self):
        from seki import telemetry

        limiter = self.shop.limiter("api", limit=1, window="1d")
        limiter.check("a")
        seen = []
        attached = telemetry.attach("seki.rate_limit.deny", lambda event: seen.append("parent's"))

        def child():
            limiter.check("a")
            self.assertEqual(seen, ["parent's"])
            attached.detach()
            with telemetry.attach("seki.rate_limit.deny", lambda event: seen.append("child's")):
                limiter.check("a")
            self.assertEqual(seen, ["parent's", "child's"])

        self.in_child(child)
        attached.detach()


if __name__ == "__main__":
    unittest.main()
