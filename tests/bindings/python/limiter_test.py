"""Limiters from Python. Fails when a decision is another than the C interface's, or what is wrong is not said."""

import asyncio
import math
import time
import unittest
from datetime import timedelta

import seki
from support import LONG, SegmentTest


class Limits(SegmentTest):
    def setUp(self):
        super().setUp()
        self.logins = self.shop.limiter("logins", limit=5, window="1h")

    def test_a_limit_of_five_lets_five_through_and_says_when_to_come_back(self):
        answers = [self.logins.check("alice") for _ in range(6)]
        self.assertEqual([bool(d) for d in answers], [True] * 5 + [False])
        self.assertEqual([d.remaining for d in answers], [4, 3, 2, 1, 0, 0])
        self.assertEqual(answers[0].limit, 5)
        self.assertEqual(answers[0].retry_after, 0.0)
        self.assertFalse(answers[5].allowed)
        self.assertLessEqual(answers[5].retry_after, 720)
        self.assertGreater(answers[5].retry_after, 600)
        self.assertGreater(answers[5].reset_after, 3000)
        self.assertIn("allowed=False, shadow=False, limit=5, remaining=0", repr(answers[5]))

    def test_one_key_is_the_same_bytes_however_they_are_given(self):
        for key in ("käse", "käse".encode(), bytearray("käse".encode()), memoryview("käse".encode())):
            self.assertTrue(self.logins.check(key))
        self.assertEqual(self.logins.peek("käse", 0).remaining, 1)
        self.assertTrue(self.logins.check(""))
        self.assertEqual(self.logins.peek(b"", 0).remaining, 4)

    def test_a_check_is_called_by_position_and_by_name(self):
        self.assertEqual(self.logins.check("a", 2).remaining, 3)
        self.assertEqual(self.logins.check(key="a", cost=2).remaining, 1)
        self.assertEqual(self.logins.check("a", cost=0).remaining, 1)

    def test_more_than_the_capacity_is_never_allowed(self):
        self.assertEqual(self.logins.check("alice", 6).retry_after, math.inf)

    def test_what_was_spent_can_be_given_back(self):
        receipt = self.logins.check_receipt("alice", 3)
        self.assertTrue(receipt)
        self.assertEqual(receipt.decision.remaining, 2)
        receipt.refund()
        receipt.refund()
        self.assertEqual(self.logins.peek("alice", 0).remaining, 5)
        self.logins.check("alice", 4)
        self.logins.refund("alice", 2)
        self.assertEqual(self.logins.peek("alice", 0).remaining, 3)
        self.logins.reset("alice")
        self.assertEqual(self.logins.peek("alice", 0).remaining, 5)

    def test_several_limits_are_all_or_nothing(self):
        second = self.shop.limiter("second", limit=1, window=timedelta(hours=1))
        self.assertTrue(seki.check_all((self.logins, "a"), (second, "b", 1)))
        self.assertFalse(seki.check_all((self.logins, "a"), (second, "b", 1)))
        self.assertEqual(self.logins.peek("a", 0).remaining, 4)
        self.assertTrue(seki.check_all())
        self.assertEqual(seki.check_all((second, "c"), (second, "c")).retry_after, math.inf)
        crowd = self.shop.limiter("crowd", limit=100_000, window=timedelta(days=365))  # nothing comes back meanwhile
        self.assertEqual(seki.check_all(*[(crowd, "a")] * 100_000).remaining, 0)
        for demand in [(second,), (self.logins, "a", 1, 2), ("logins", "a"), 5]:
            self.says(TypeError, "a demand is (limiter, key) or (limiter, key, cost)", seki.check_all, demand)

    def test_acquire_sleeps_until_it_is_its_turn(self):
        queue = self.shop.limiter("queue", algorithm="leaky_bucket", limit=50, window=1, burst=10)
        began = time.monotonic()
        for _ in range(4):
            self.assertTrue(queue.acquire("a", timeout=10))
        self.assertGreaterEqual(time.monotonic() - began, 0.059)
        slow = self.shop.limiter("slow", limit=1, window=3600)
        slow.check("a")
        self.assertFalse(slow.acquire("a", timeout="10ms"))

    def keep_new_keys_out(self, **options):
        """A limiter on whose idle stripes somebody scribbled: a look sees room, and no key gets any."""
        with open(self.path, "r+b", buffering=0) as file:
            before = file.read()
            limiter = self.shop.limiter("scribbled", on_full="deny", max_keys=16, **options)
            file.seek(0)
            after = file.read()
            # A key table begins with its stripes, each of which is idle as the next.
            changed = (at for at in range(0, len(after), 4096) if after[at : at + 4096] != before[at : at + 4096])
            stripes = next(at for at in changed if any(after[at : at + 8]) and after[at : at + 16] == after[at + 16 : at + 32])
            for at in range(stripes, stripes + 4096, 16):
                if after[at : at + 16] == after[stripes : stripes + 16]:
                    file.seek(at)
                    file.write(b"rubbish!")
        self.assertTrue(limiter.peek("a"))
        return limiter

    def test_a_new_key_that_is_kept_out_does_not_block_the_loop(self):
        """Hangs when who is denied, though a look saw room, looks again at once: the loop stands still, and neither timeout nor deadline ends it."""
        limiter = self.keep_new_keys_out(limit=100, window=1)

        async def all_of_it():
            self.assertFalse(await limiter.acquire_async("a", timeout="30ms"))
            with seki.deadline("30ms"), self.assertRaises(seki.DeadlineExceeded):
                await limiter.acquire_async("a", timeout=LONG)

        asyncio.run(all_of_it())

    def test_options_are_told_and_change_while_it_runs(self):
        self.assertEqual(
            self.logins.options,
            seki.LimiterOptions("gcra", 5, 3600.0, 0, 65536, "allow", "enforce", "precise", True),
        )
        self.shop.change_limiter("logins", limit=1, mode="shadow")
        self.assertEqual(self.logins.options.window, 3600.0)
        self.logins.check("alice")
        second = self.logins.check("alice")
        self.assertTrue(second.allowed and second.shadow)

    def test_a_limiter_is_found_by_its_name_and_gone_when_deleted(self):
        same = self.shop.limiter("logins")
        same.check("alice")
        self.assertEqual(self.logins.peek("alice", 0).remaining, 4)
        self.assertEqual((same.name, repr(same)), ("logins", "<seki.Limiter logins>"))
        self.shop.remove_limiter("logins")
        self.says(seki.Deleted, 'limiter "logins"', same.check, "alice")
        self.says(seki.NotFound, "has none of that name", self.shop.limiter, "logins")

    def test_a_name_with_a_nul_in_it_is_nobodys(self):
        """Fails when what stands before the NUL is taken for the name, and what has that name is deleted."""
        removes = [getattr(self.shop, f"remove_{kind}") for kind in ("limiter", "breaker", "bulkhead", "retry")]
        for refuses in (self.shop.limiter, seki.open, seki.resolve, seki.telemetry.set_trace, *removes):
            self.says(ValueError, "embedded null character", refuses, "logins\0x")
        self.assertTrue(self.shop.limiter("logins").check("alice"))

    def test_a_lone_surrogate_is_a_character_like_others(self):
        """Fails when who sends one, as JSON's "\\ud800", makes a server fail."""
        self.assertEqual(self.logins.check("a\ud800").remaining, 4)
        self.assertEqual(self.logins.check("a\ud800".encode("utf-8", "surrogatepass"), cost=1).remaining, 3)
        self.assertEqual(self.logins.check("a\ud801").remaining, 4)
        self.assertEqual(self.logins.check_receipt("a\ud800").decision.remaining, 2)
        self.assertTrue(seki.check_all((self.logins, "a\ud800")))
        self.assertTrue(self.logins.acquire("a\ud800", 0))
        self.assertEqual(self.logins.peek("a\ud800", 0).remaining, 0)
        self.logins.reset("a\ud800")
        self.assertEqual(self.logins.peek("a\ud800", 0).remaining, 5)
        self.says(seki.InvalidArgument, "a key has 0 to 4096 bytes", self.logins.check, "\ud800" * 1366)

    def test_a_wrong_type_is_told_with_the_argument_and_what_is_accepted(self):
        check = self.logins.check
        self.says(TypeError, "Limiter.check(): a key is a str or bytes, not int", check, 5)
        self.says(TypeError, "Limiter.check(): a key is a str or bytes, not NoneType", check, None)
        self.says(TypeError, "Limiter.check(): a cost is an int, not float", check, "a", 1.5)
        self.says(TypeError, 'Limiter.check() needs the argument "key"', check)
        self.says(TypeError, 'Limiter.check() has no argument "price"', check, "a", price=1)
        self.says(TypeError, 'Limiter.check() is given "key" twice', check, "a", key="a")
        self.says(TypeError, "Limiter.check() takes at most 2 arguments, not 3", check, "a", 1, 2)
        self.says(TypeError, 'Limiter.acquire() needs the argument "timeout"', self.logins.acquire, "a")
        self.says(TypeError, "timeout is seconds, or a text such as", self.logins.acquire, "a", None)
        self.says(TypeError, 'limiter "x": limit is int, not str', self.shop.limiter, "x", limit="5", window=1)
        self.says(TypeError, 'limiter "x": store_keys is bool, not int', self.shop.limiter, "x", limit=5, window=1, store_keys=1)
        self.says(TypeError, "cannot create 'seki.Decision' instances", seki.Decision)

    def test_a_wrong_value_is_told_with_what_is_accepted(self):
        check, make = self.logins.check, self.shop.limiter
        self.says(seki.InvalidArgument, 'limiter "logins": a key has 0 to 4096 bytes', check, "a" * 4097)
        self.says(seki.InvalidArgument, "a cost is not negative", check, "a", -1)
        self.says(seki.InvalidArgument, "the cost is too large: 0 to 9223372036854775807", check, "a", 2**63)
        self.says(seki.InvalidArgument, 'limiter "x": limit 0 is too small: 1 to 10000000', make, "x", limit=0, window=1)
        self.says(seki.InvalidArgument, "limiter: limit -1 is too small", make, "x", limit=-1, window=1)
        self.says(seki.InvalidArgument, '"magic" is none of: gcra,', make, "x", limit=1, window=1, algorithm="magic")
        self.says(seki.InvalidArgument, '"5x" is not a duration: seconds, or a text', make, "x", limit=1, window="5x")
        self.says(seki.InvalidArgument, "-1 is negative", make, "x", limit=1, window=-1)
        self.says(seki.InvalidArgument, "nan is not a duration", make, "x", limit=1, window=math.nan)
        self.says(seki.InvalidArgument, "name", make, "a b", limit=1, window=1)
        different = self.says(seki.DifferentOptions, "limit is 5, not 6", make, "logins", limit=6, window="1h")
        self.assertEqual((different.code, different.status), ("different_options", 3))
        self.assertIsInstance(different, seki.Error)


class Options(SegmentTest):
    def test_one_that_there_is_not_is_told_with_the_nearest(self):
        kinds = {
            "breaker": ("failure_treshold", "failure_threshold", "window_size, window_type, minimum_calls"),
            "bulkhead": ("max_concurent", "max_concurrent", "max_concurrent, max_wait, max_waiting"),
            "retry": ("max_atempts", "max_attempts", "max_attempts, backoff"),
        }
        for kind, (wrong, right, accepted) in kinds.items():
            getattr(self.shop, kind)("a", **{"minimum_calls" if kind == "breaker" else right: 1})
            change = getattr(self.shop, f"change_{kind}")
            self.says(TypeError, f'{kind} "a": option "{wrong}" is unknown: did you mean "{right}"? accepted are {accepted}', change, "a", **{wrong: 5})
            self.says(TypeError, f'{kind} "a": option "foo" is unknown: accepted are {accepted}', change, "a", foo=1)
        self.shop.limiter("a", limit=1, window=1)
        self.says(TypeError, "limitt", self.shop.change_limiter, "a", limitt=1)


class Spans(unittest.TestCase):
    def test_a_span_is_seconds_or_a_text_or_a_timedelta(self):
        from seki._durations import nanoseconds

        same = {"250ms": 250_000_000, 0.25: 250_000_000, 3: 3_000_000_000, "1m30s": 90_000_000_000, "1d": 86_400_000_000_000, "5us7ns": 5_007}
        for given, expected in same.items():
            self.assertEqual(nanoseconds(given, "x"), expected)
        self.assertEqual(nanoseconds(timedelta(days=1, milliseconds=2), "x"), 86_400_002_000_000)
        self.assertEqual(nanoseconds(math.inf, "x"), 2**63 - 1)
        for wrong in ("", "5", "s", "1s1m", "1.5s", "-1s", "1 s"):
            with self.assertRaises(seki.InvalidArgument):
                nanoseconds(wrong, "x")
        for wrong in (None, True, [], b"1s"):
            with self.assertRaises(TypeError):
                nanoseconds(wrong, "x")


class Segments(SegmentTest):
    def test_a_closed_segment_gives_out_nothing_while_what_came_from_it_works_on(self):
        logins = self.shop.limiter("logins", limit=5, window="1h")
        self.assertEqual((self.shop.path, repr(self.shop)), (self.path, f"<seki.Segment {self.path}>"))
        self.shop.maintain()
        self.shop.close()
        self.shop.close()
        self.assertTrue(logins.check("alice"))
        for closed in (lambda: self.shop.path, self.shop.maintain, lambda: self.shop.limiter("logins")):
            self.says(seki.InvalidArgument, "the segment is closed: open it again", closed)

    def test_a_segment_that_is_not_there_is_not_found(self):
        self.says(seki.NotFound, "none.seg", seki.open, f"{self.folder}/none.seg", access="attach")
        self.says(seki.InvalidArgument, '"write" is none of: create, attach, read_only', seki.open, self.path, access="write")
        self.says(TypeError, "access is a str, not int", seki.open, self.path, access=1)
        self.says(seki.InvalidArgument, "max_workers", seki.open, f"{self.folder}/b.seg", max_workers=0)
        self.assertEqual(seki.resolve(self.path), self.path)

    def test_who_only_reads_may_peek_and_nothing_else(self):
        self.shop.limiter("logins", limit=5, window="1h")
        with seki.open(self.path, access="read_only") as looking:
            logins = looking.limiter("logins")
            self.assertEqual(logins.peek("alice").remaining, 4)
            self.says(seki.ReadOnly, "only peek works", logins.check, "alice")

    def test_a_configuration_file_makes_what_it_names(self):
        with open(f"{self.folder}/seki.toml", "w", encoding="utf-8") as file:
            file.write('[limiter.api]\nlimit = 7\nwindow = "1m"\n')
        configured = seki.open(f"{self.folder}/configured.seg", config=f"{self.folder}/seki.toml")
        self.assertEqual(configured.limiter("api").options.limit, 7)


if __name__ == "__main__":
    unittest.main()
