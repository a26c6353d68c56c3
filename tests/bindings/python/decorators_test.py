"""Decorators and execute(). Fails when a decorated function is called although it was refused, or is another function to its callers."""

import asyncio
import functools
import gc
import unittest
import warnings

import seki
from support import LONG, SegmentTest, eventually


class Decorated(SegmentTest):
    def setUp(self):
        super().setUp()
        self.logins = self.shop.limiter("logins", limit=2, window="1h")
        self.payments = self.shop.breaker("payments", minimum_calls=2, wait_duration="1h")
        self.database = self.shop.bulkhead("database", max_concurrent=1)

    def test_a_limited_function_is_called_as_often_as_its_limit_allows(self):
        @seki.limit(self.logins, key=lambda user, amount=1: user, cost=lambda user, amount=1: amount)
        def login(user, amount=1):
            """Logs in."""
            return user, amount

        self.assertEqual(login("alice"), ("alice", 1))
        self.assertEqual(login("alice", amount=1), ("alice", 1))
        refused = self.says(seki.RateLimited, 'limiter "logins": denied, again in', login, "alice")
        self.assertGreater(refused.retry_after, 1700)
        self.assertEqual((refused.decision.limit, refused.decision.remaining), (2, 0))
        self.says(seki.RateLimited, "never: it costs more", login, "bob", amount=3)
        self.assertEqual((login.__name__, login.__doc__), ("login", "Logs in."))

    def test_a_key_may_be_a_value_and_a_timeout_waits(self):
        turns = self.shop.limiter("turns", limit=100, window=1, burst=1)

        @seki.limit(turns, "everybody", timeout=LONG)
        def now():
            return 1

        @seki.limit(turns, b"everybody", timeout=LONG)
        async def later():
            return 2

        self.assertEqual([now(), now(), asyncio.run(later())], [1, 1, 2])

    def test_a_guarded_function_is_judged_by_its_classifier(self):
        def judge(result, exception):
            if exception is not None:
                return "ignore" if isinstance(exception, LookupError) else "error"
            return "error" if result >= 500 else "ok"

        @seki.breaker(self.payments, classifier=judge)
        def charge(answer):
            if isinstance(answer, type):
                raise answer
            return answer

        for ignored in (KeyError, IndexError, KeyError):
            with self.assertRaises(ignored):
                charge(ignored)
        self.assertEqual((charge(200), self.payments.status.calls), (200, 1))
        self.assertEqual(charge(500), 500)
        self.says(seki.CircuitOpen, "payments", charge, 200)
        self.payments.reset()
        wrong = seki.breaker(self.payments, classifier=lambda result, exception: "fine")(lambda: 1)
        self.says(seki.InvalidArgument, '"fine" is none of: ignore, ok, error, slow', wrong)

    def test_coroutine_functions_stay_coroutine_functions(self):
        @seki.limit(self.logins, key=lambda: "alice")
        @seki.breaker(self.payments)
        @seki.bulkhead(self.database)
        async def all_three():
            await asyncio.sleep(0)
            self.assertEqual(self.database.status.in_use, 1)
            raise ValueError("no")

        async def three_times():
            for _ in range(2):
                with self.assertRaisesRegex(ValueError, "no"):
                    await all_three()
            with self.assertRaises(seki.RateLimited):
                await all_three()

        self.assertTrue(asyncio.iscoroutinefunction(all_three))
        asyncio.run(three_times())
        self.assertEqual((self.payments.status.state, self.database.status.in_use), ("open", 0))

    def test_a_confined_function_holds_a_permit(self):
        @seki.bulkhead(self.database, timeout="1ms")
        def query():
            self.assertEqual(self.database.status.in_use, 1)
            self.says(seki.Timeout, "database", query)
            return "rows"

        self.assertEqual((query(), self.database.status.in_use), ("rows", 0))

    def test_what_runs_only_when_it_is_iterated_is_refused(self):
        """Fails when a generator function is taken, of which a guard around the call would guard nothing."""

        def rows():
            yield 1

        async def pages():
            yield 1

        class Lines:
            def __call__(self):
                yield 1

        again = self.shop.retry("again", max_attempts=2)
        for kind, decorator in (("breaker", seki.breaker(self.payments)), ("bulkhead", seki.bulkhead(self.database)), ("retry", seki.retry(again))):
            for function, name in ((rows, "rows"), (pages, "pages"), (Lines(), "Lines"), (functools.partial(rows), "partial")):
                self.says(TypeError, f"@seki.{kind}: {name} is a generator function, which runs only when it is iterated", decorator, function)
        limited = seki.limit(self.logins, "alice")(rows)
        self.assertEqual([list(limited()), list(limited())], [[1], [1]])
        self.says(seki.RateLimited, "logins", limited)
        self.says(TypeError, "acquire_async() inside it", seki.limit(self.logins, "alice", timeout=1), pages)

    def test_an_object_that_is_called_as_a_coroutine_function_is_one(self):
        """Fails when it is told of, or let go of, before it has run."""

        class Charge:
            async def __call__(inner):
                await asyncio.sleep(0)
                self.assertEqual(self.database.status.in_use, 1)
                raise ValueError("no")

        again = self.shop.retry("again", max_attempts=2, base_delay=0, max_delay=0)
        charge = seki.retry(again)(seki.breaker(self.payments)(seki.bulkhead(self.database)(seki.limit(self.logins, "alice", timeout=0)(Charge()))))
        with self.assertRaisesRegex(ValueError, "no"):
            asyncio.run(charge())
        self.assertEqual((self.payments.status.state, self.database.status.in_use), ("open", 0))

    def test_what_is_yet_to_be_awaited_is_refused_and_counts_for_nothing(self):
        """Fails when a call of a coroutine function is ok before anything has run, keeps a probe's place, or Python warns that it was never awaited."""

        async def charge():
            raise ConnectionError

        async def pages():
            yield 1

        class Later:
            def __await__(inner):
                yield

        again, limiter = self.shop.retry("again", max_attempts=3), self.shop.limiter("api", limit=100, window=1)
        probing = self.shop.breaker("probing", minimum_calls=1, wait_duration="1ms", half_open_requests=1)
        with self.assertRaises(ZeroDivisionError):
            probing.call(divmod, 1, 0)
        eventually(lambda: probing.status.retry_after == 0, "a probe may be let in")
        guards = [
            (probing.call, r"Breaker\.call\(\): .* has not run yet, so nothing is known of it: use call_async\(\)"),
            (lambda function: seki.execute(probing, limiter, "a", function), r"for execute\(\) execute_async\(\)"),
            (lambda function: seki.breaker(probing)(lambda: function())(), r"@seki\.breaker: .*: use a coroutine function \(async def\)"),
            (again.call, r"Retry\.call\(\): .*: use call_async\(\)"),
            (lambda function: seki.retry(again)(lambda: function())(), r"Retry\.call\(\)"),
            (lambda function: seki.bulkhead(self.database)(lambda: function())(), r"@seki\.bulkhead: .*async def"),
        ]
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            for guard, sentence in guards:
                for function in (charge, pages, Later):
                    try:
                        guard(function)
                    except TypeError as refused:  # while it is handled, which keeps the frames that it came through
                        self.assertRegex(str(refused), sentence)
                        self.assertEqual((probing.status.calls, probing.status.probes, probing.status.probes_ok), (0, 0, 0))
                    else:
                        self.fail(sentence)
            gc.collect()
        self.assertEqual(([str(each.message) for each in warned], self.database.status.in_use), ([], 0))
        self.assertEqual((again.status.calls, again.status.retries, again.status.recovered), (6, 0, 0))
        self.assertEqual(probing.call(max, 1, 2), 2)
        self.assertEqual(probing.status.state, "closed")

    def test_execute_has_a_form_for_coroutine_functions(self):
        async def divided(by, *, key):
            await asyncio.sleep(0)
            return 6 // by, key

        async def all_of_it():
            run = functools.partial(seki.execute_async, self.payments, self.logins)
            self.assertEqual(await run("alice", divided, 2, key="k"), (3, "k"))
            with self.assertRaises(ZeroDivisionError):
                await run("alice", divided, 0, key="k")
            self.assertEqual(self.payments.status.state, "open")
            with self.assertRaises(seki.RateLimited):
                await run("alice", divided, 2, key="k")
            with self.assertRaises(seki.CircuitOpen):
                await run("bob", divided, 2, key="k")

        asyncio.run(all_of_it())

    def test_execute_asks_the_limiter_first(self):
        self.assertEqual(seki.execute(self.payments, self.logins, "alice", max, 1, 2), 2)
        with self.assertRaises(ZeroDivisionError):
            seki.execute(self.payments, self.logins, "alice", divmod, 1, 0)
        self.assertEqual(self.payments.status.state, "open")
        with self.assertRaises(seki.RateLimited):
            seki.execute(self.payments, self.logins, "alice", max, 1, 2)
        with self.assertRaises(seki.CircuitOpen):
            seki.execute(self.payments, self.logins, "bob", max, 1, 2)


class Vocabulary(unittest.TestCase):
    def test_each_error_of_the_c_interface_has_an_exception_of_its_name(self):
        import pathlib
        import re

        from support import SOURCE

        header = pathlib.Path(SOURCE, "include/seki/status.h").read_text(encoding="utf-8")
        for name, number in re.findall(r"SEKI_ERROR_(\w+) = (\d+)", header):
            exception = seki.errors.of_status(int(number), "a sentence")
            self.assertEqual((exception.code, exception.status, str(exception)), (name.lower(), int(number), "a sentence"))
            self.assertIs(getattr(seki, type(exception).__name__), type(exception))
        self.assertIs(type(seki.errors.of_status(999, "")), seki.Error)


if __name__ == "__main__":
    unittest.main()
