"""Events and traces. Fails when a handler is told something else than what happened, or is called when it must not be."""

import sys
import threading
import unittest

import seki
from seki import telemetry
from support import LONG, SegmentTest, python

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class Events(SegmentTest):
    def setUp(self):
        super().setUp()
        self.logins = self.shop.limiter("logins", limit=1, window="1h")
        self.seen = []

    def test_a_handler_is_told_what_happened_and_in_which_trace(self):
        with telemetry.attach("seki.rate_limit.deny", self.seen.append), telemetry.trace(TRACE):
            self.logins.check("alice")
            self.logins.check("alice")
        self.logins.check("alice")
        (event,) = self.seen
        self.assertEqual((event.name, event.primitive, event.key), ("seki.rate_limit.deny", "logins", b"alice"))
        self.assertEqual(event.traceparent, TRACE)
        self.assertEqual(event.measurements["cost"], 1)
        self.assertGreater(event.measurements["retry_after"], 3_000_000_000_000)
        self.assertIsInstance(event.time, float)

    def test_a_breaker_tells_from_what_to_what_it_went(self):
        payments = self.shop.breaker("payments", minimum_calls=1)
        with telemetry.attach("seki.breaker.state_change", self.seen.append):
            with self.assertRaises(ZeroDivisionError):
                payments.call(divmod, 1, 0)
        self.assertEqual([(e.metadata["from"], e.metadata["to"], e.traceparent) for e in self.seen], [("closed", "open", None)])

    def test_retries_tell_of_each_attempt(self):
        payments = self.shop.retry("payments", base_delay=0, max_delay=0, max_attempts=2)
        with telemetry.attach("seki.retry.*", lambda event: self.seen.append(event.name)):
            with self.assertRaises(ZeroDivisionError):
                payments.call(divmod, 1, 0)
        self.assertEqual(self.seen, ["seki.retry.attempt", "seki.retry.retry", "seki.retry.attempt", "seki.retry.exhausted"])

    def test_a_handler_is_called_while_its_thread_waits_and_while_an_exception_is_on_its_way(self):
        database = self.shop.bulkhead("database", max_concurrent=1)
        with telemetry.attach("seki.bulkhead.*", lambda event: self.seen.append(event.name)):
            with database:
                self.says(seki.Timeout, "database", database.acquire, "1ms")
        self.assertEqual(self.seen, ["seki.bulkhead.acquire", "seki.bulkhead.rejected", "seki.bulkhead.release"])

    def test_what_a_handler_raises_goes_to_the_hook_for_that_and_nowhere_else(self):
        told = []
        before, sys.unraisablehook = sys.unraisablehook, lambda args: told.append(args.exc_type)
        self.addCleanup(setattr, sys, "unraisablehook", before)
        with telemetry.attach("seki.rate_limit.deny", lambda event: 1 / 0):
            self.logins.check("alice")
            self.assertFalse(self.logins.check("alice"))
        self.assertEqual(told, [ZeroDivisionError])

    def test_detaching_waits_for_calls_that_are_under_way(self):
        entered, leave, over = threading.Event(), threading.Event(), []

        def handler(event):
            entered.set()
            leave.wait(LONG)
            over.append(1)

        attached = telemetry.attach("seki.rate_limit.deny", handler)
        self.logins.check("alice")
        checking = threading.Thread(target=self.logins.check, args=("alice",))
        checking.start()
        entered.wait(LONG)
        detaching = threading.Thread(target=lambda: (attached.detach(), over.append(2)))
        detaching.start()
        leave.set()
        detaching.join()
        checking.join()
        self.assertEqual(over, [1, 2])
        attached.detach()

    def test_traces_are_strict_and_the_one_before_comes_back(self):
        self.assertIsNone(telemetry.traceparent())
        other = TRACE.replace("4bf9", "1111")
        with telemetry.trace(TRACE):
            with telemetry.trace(other):
                self.assertEqual(telemetry.traceparent(), other)
            self.assertEqual(telemetry.traceparent(), TRACE)
            self.says(seki.InvalidArgument, "traceparent", telemetry.set_trace, "00-xyz")
            self.assertEqual(telemetry.traceparent(), TRACE)
        self.assertIsNone(telemetry.traceparent())

    def test_what_is_wrong_is_said(self):
        self.says(seki.InvalidArgument, "seki.nothing", telemetry.attach, "seki.nothing", print)
        self.says(TypeError, "a handler is a function, not int", telemetry.attach, "*", 5)

    def test_what_another_interpreter_of_the_process_does_is_not_told_and_does_not_stand_still(self):
        """Fails when a thread that runs another interpreter waits for the lock that it holds, or a handler runs in an interpreter that is not its own."""
        same = f"""if True:
            import threading, seki
            from seki import telemetry
            shop = seki.open({self.path!r})
            logins, database = shop.limiter("logins", limit=1, window="1h"), shop.bulkhead("database", max_concurrent=1)
            def work(who):
                logins.check(who), logins.check(who)
                with database:
                    try: database.acquire(timeout="20ms")
                    except seki.Timeout: print(who, "waited", flush=True)
            def work_twice(who):
                work(who)
                thread = threading.Thread(target=work, args=(who,))
                thread.start()
                thread.join()
        """
        other = same + """
            work_twice("other")
            try: telemetry.attach("*", print)
            except seki.InvalidArgument as refused: print(refused, flush=True)
        """
        code = same + f"""
            import _xxsubinterpreters as interpreters
            seen = []
            telemetry.attach("seki.rate_limit.deny", lambda event: seen.append(event.key.decode()))
            telemetry.attach("seki.bulkhead.rejected", lambda event: seen.append(event.name))
            work_twice("before")
            other = interpreters.create(isolated=False)  # may have threads
            interpreters.run_string(other, {other!r})
            work_twice("after")
            interpreters.destroy(other)
            print(*seen)
        """
        done = python(code)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        *waited, refused, after, after_it, seen = done.stdout.splitlines()
        self.assertEqual([*waited, after, after_it], ["before waited"] * 2 + ["other waited"] * 2 + ["after waited"] * 2)
        self.assertIn("handlers are for the main interpreter, and this is another one", refused)
        told = {who: [who, "seki.bulkhead.rejected", who, who, "seki.bulkhead.rejected"] for who in ("before", "after")}
        self.assertEqual(seen.split(), told["before"] + told["after"])

    def test_an_interpreter_ends_while_handlers_are_attached_and_threads_wait(self):
        code = """if True:
            import sys, threading, time, seki
            from seki import telemetry
            shop = seki.open(sys.argv[1])
            database, queue = shop.bulkhead("database", max_concurrent=1), shop.limiter("queue", limit=1, window="1h")
            queue.check("a")
            held = database.acquire()
            telemetry.attach("*", lambda event: None)
            def wait_for(what):
                try: what()
                except seki.Error: pass
            for what in (lambda: database.acquire(timeout="30s"), lambda: database.acquire(timeout="20ms"), lambda: queue.acquire("a", timeout="2h")):
                for _ in range(3): threading.Thread(target=wait_for, args=(what,), daemon=True).start()
            while database.status.waiting < 3: time.sleep(0.001)
            print("over")
        """
        for _ in range(5):
            done = python(code, self.path)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "over\n", ""))


if __name__ == "__main__":
    unittest.main()
