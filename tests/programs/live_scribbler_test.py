"""A neighbour who scribbles on the segment as fast as he can, or cuts its file short, while sekid, workers and sekictl are at work: nobody crashes, hangs or grows.

SEKI_SECONDS: for how long (3). What took longest, and who grew, is always said, and judged from a minute on. What is judged is the processor's time that a call took of
its thread: of the clock's, others on the machine have their part."""

import contextlib
import dataclasses
import itertools
import os
import random
import re
import signal
import subprocess
import threading
import time
import unittest

from sekid_harness import DEADLINE, SEKICTL, SEKID, Log, SekidTest, eventually

SECONDS = int(os.environ.get("SEKI_SECONDS", "3"))
SEED = int(os.environ.get("SEKI_SEED", "20261127"), 0)
IS_JUDGED = SECONDS >= 60
LONGEST_REPAIR = 1.0  # s
with open(SEKID, "rb") as program:
    IS_SANITIZED = b"__asan_init" in program.read()
MOST_GROWTH = (128 if IS_SANITIZED else 4) << 10  # KiB: a sanitizer keeps, among other things, each stack that ever allocated
LONGEST_CALL = 20_000_000 if IS_SANITIZED else 5_000_000  # ns
LONGEST_MOVE = 20_000_000  # ns: who finds a handle may have to map the segment that replaced the last one

# What is wrong is told at once and in full; nothing that was freed is kept to be looked at, which would look like growth. SIGBUS is for the system to tell.
SANITIZERS = {"ASAN_OPTIONS": "quarantine_size_mb=1:handle_sigbus=0", "UBSAN_OPTIONS": "print_stacktrace=1"}

EVERYTHING = """
[limiter.login]
limit = 1000
window = "1s"
max_keys = 256
[breaker.payments]
wait_duration = "10ms"
[bulkhead.database]
max_concurrent = 4
max_wait = "200us"
[adaptive.api]
max_limit = 16
initial_limit = 8
window = 20
[shedder.front]
max_in_flight = 16
[retry.call]
base_delay = "0s"
max_delay = "0s"
[hedge.mirror]
percentile = 90
[policy.checkout]
limiter = "login"
bulkhead = "database"
breaker = "payments"
retry = "call"
"""

COMMANDS = (
    "status", "status --json", "show limiter login", "show breaker payments --json", "keys login", "workers", "workers --json", "doctor", "doctor --json",
    "doctor --repair", "check login alice", "peek login alice", "reset login alice", "breaker payments observe", "breaker payments automatic", "events", "events --json",
    "set bulkhead database max_concurrent 5", "set limiter login limit 900", "create limiter other --limit 5 --window 1m --max-keys 16", "delete limiter other",
)  # fmt: skip
PAGES = (
    "/metrics", "/healthz", "/readyz?verbose", "/api/v1/state", "/api/v1/history", "/api/v1/history?kind=limiter&name=login", "/api/v1/events?recent=1&follow=0",
)  # fmt: skip


@dataclasses.dataclass
class Longest:
    """Of all calls of a kind: nanoseconds."""

    calls: int = 0
    by_clock: int = 0
    of_processor: int = 0


def memory_of(pid):
    """KiB that are the process's own: pages of the segment come and go."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return int(re.search(r"RssAnon:\s+(\d+)", file.read())[1])


def segments_of(pid):
    """KiB of the segment, and of those that it replaced."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return int(re.search(r"RssShmem:\s+(\d+)", file.read())[1])


def descriptors_of(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


class LiveWorker:
    def __init__(self, segment, seed, *more):
        self.process = subprocess.Popen(
            [os.environ["SEKI_LIVE_WORKER"], segment, str(seed), *more],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ, **SANITIZERS),
        )  # fmt: skip
        if self.process.stdout.readline() != "began\n":
            raise AssertionError(self.process.communicate(timeout=DEADLINE)[1])

    def end(self):
        """Its exit code, what took longest, and what it complained of."""
        said, complained = self.process.communicate(timeout=DEADLINE)
        told = {}
        for line in said.splitlines():
            what, *numbers = line.rsplit(" ", 3)
            told[what] = Longest(*map(int, numbers))
        return self.process.returncode, told, complained


class Scribbler:
    def __init__(self, segment, seed):
        self.process = subprocess.Popen(
            [os.environ["SEKI_LIVE_SCRIBBLER"], segment, str(seed)], stdout=subprocess.PIPE, text=True, env=dict(os.environ, **SANITIZERS)
        )
        self.out = Log(self.process.stdout)

    def end(self):
        """How many turns it had, to the hundred."""
        self.process.kill()
        self.process.wait(DEADLINE)
        self.out.close()
        return int(self.out.lines[-1].split()[0]) if self.out.lines else 0


def too_long(told):
    """Of the kinds of calls: those that took too much of a processor."""
    return [what for what, each in told.items() if each.of_processor > (LONGEST_MOVE if what.startswith("find ") else LONGEST_CALL)]


class LiveScribbler(SekidTest):
    def setUp(self):
        super().setUp()
        print(f"SEKI_SEED={SEED}", flush=True)
        self.random = random.Random(SEED)
        os.environ.update(SANITIZERS)
        self.configure(EVERYTHING)

    def start(self, *arguments):
        """And reads what it tells systemd from then on, as that does: else it waits for who reads it."""
        sekid = super().start(*arguments)
        sekid.notifications.settimeout(None)

        def read():
            with contextlib.suppress(OSError):  # until the socket is closed
                while sekid.notifications.recv(4096):
                    pass

        threading.Thread(target=read, daemon=True).start()
        return sekid

    def scribble(self):
        scribbler = Scribbler(self.segment, self.random.getrandbits(32))
        self.addCleanup(lambda: scribbler.process.poll() is None and scribbler.end())
        return scribbler

    def live_worker(self, *more):
        worker = LiveWorker(self.segment, self.random.getrandbits(32), *more)
        self.addCleanup(lambda: worker.process.poll() is None and worker.process.kill())
        return worker

    def command(self, words):
        """Whatever it finds, it ends as promised."""
        done = subprocess.run(
            [SEKICTL, "--segment", self.segment, *words.split()], capture_output=True, timeout=DEADLINE, check=False, errors="replace"
        )
        self.assertIn(done.returncode, range(5), (words, done.stderr))
        self.assertNotIn("Sanitizer", done.stderr, words)
        self.assertNotIn("runtime error", done.stderr, words)
        return done

    def look_around(self, sekid, until):
        """As operators do, until then; how often."""
        commands, requests = itertools.cycle(self.random.sample(COMMANDS, len(COMMANDS))), itertools.cycle(PAGES)
        counts = {"commands": 0, "requests": 0}

        def ask():
            while time.monotonic() < until:
                self.assertIn(sekid.ask(next(requests))[0], (200, 404, 503))
                counts["requests"] += 1

        asking = threading.Thread(target=ask)
        asking.start()
        while time.monotonic() < until:
            self.command(next(commands))
            counts["commands"] += 1
            if counts["commands"] % 20 == 0:
                sekid.process.send_signal(signal.SIGHUP)
            yield
        asking.join()
        return counts

    def wait_until_ready(self, sekid):
        try:
            eventually("ready", lambda: sekid.ask("/readyz")[0] == 200)
        except AssertionError as late:
            raise AssertionError(f"{late}; it says: {sekid.ask('/readyz?verbose')[1]}, and logged:\n{sekid.log.text()[-4000:]}") from late

    def test_harms_nobody_and_is_mended(self):
        """Fails when somebody crashes, hangs, touches what is not his, grows, or finds something broken afterwards."""
        sekid = self.start()
        size = os.path.getsize(self.segment) >> 10
        workers = [self.live_worker() for _ in range(2)]
        pids = [sekid.process.pid, *(each.process.pid for each in workers)]
        scribbler = self.scribble()
        began, first = time.monotonic(), None
        looking = self.look_around(sekid, began + SECONDS)
        while True:
            try:
                next(looking)
            except StopIteration as ended:
                counts = ended.value
                break
            self.assertIsNone(scribbler.process.poll(), "the scribbler itself ended")
            self.assertIsNone(sekid.process.poll(), sekid.log.text())
            if first is None and time.monotonic() > began + SECONDS / 3:
                first = [(memory_of(pid), segments_of(pid), descriptors_of(pid)) for pid in pids]
        last = [(memory_of(pid), segments_of(pid), descriptors_of(pid)) for pid in pids]
        turns = scribbler.end()

        self.wait_until_ready(sekid)
        eventually("its header put back", lambda: self.command("status").returncode == 0)
        mending = time.monotonic()
        mended = self.command("doctor --repair")
        took = time.monotonic() - mending
        self.assertEqual((mended.returncode, "is sound" in mended.stdout), (0, True), mended.stdout + mended.stderr)

        replaced = sekid.log.text().count("taking up what is there now")
        all_told = {}
        for each in workers:
            code, told, complained = each.end()
            self.assertEqual((code, complained), (0, ""))
            for what, longest in told.items():
                of = all_told.setdefault(what, Longest())
                of.calls += longest.calls
                of.by_clock, of.of_processor = max(of.by_clock, longest.by_clock), max(of.of_processor, longest.of_processor)
        self.assertEqual(sekid.stop(), 0, sekid.log.text())
        self.assertNotRegex(sekid.log.text(), "Sanitizer|runtime error")

        calls = sum(each.calls for each in all_told.values())
        print(f"[tried] live scribbler: {SECONDS} s, {turns} turns, {calls} calls, {counts['commands']} commands, {counts['requests']} requests, {replaced} segments replaced")
        for how in ("by_clock", "of_processor"):
            what = max(all_told, key=lambda each: getattr(all_told[each], how))
            print(f"longest {how}: {getattr(all_told[what], how) / 1e6:.3f} ms: {what}")
        for name, (memory, _, descriptors), (memory_last, segments_last, descriptors_last) in zip(("sekid", "worker", "worker"), first or last, last):
            print(f"{name}: {memory} KiB and {descriptors} descriptors after a third of the time, {memory_last} KiB and {descriptors_last} at the end, {segments_last} KiB of segments")
            if IS_JUDGED:
                self.assertLessEqual(memory_last, memory + MOST_GROWTH, name)
                # Of clients that come and go; and who joins while somebody scribbles on the very word cannot always tell whether another copy of libseki has the lock, and
                # then keeps it (shm/process_list.hpp).
                self.assertLessEqual(descriptors_last, descriptors + 4 + replaced // 2, name)
                self.assertLessEqual(segments_last, 3 * size, name)
        print(f"doctor --repair took {took:.3f} s", flush=True)
        self.assertGreater(min(turns, *(each.calls for each in all_told.values())), 0)
        if IS_JUDGED:
            self.assertEqual(too_long(all_told), [])
            self.assertLess(took, LONGEST_REPAIR)

    def test_who_believes_what_he_reads_is_found(self):
        """Fails when calls could take as long as a scribbler likes, and nobody noticed."""
        self.start()
        worker = self.live_worker("careless")
        scribbler = self.scribble()
        scribbler.out.wait("101 turns")
        code, longest, complained = worker.end()
        self.assertEqual((code, complained), (0, ""))
        self.assertIn("careless", too_long(longest))
        scribbler.end()

    def test_a_file_that_is_cut_short_ends_none_but_who_touches_what_is_gone(self):
        """Fails when sekid or sekictl ends, a worker ends of anything but the missing page, or the next one cannot work."""
        sekid = self.start()
        cuts = 2 * SECONDS
        for _ in range(cuts):
            worker = self.live_worker()
            asking = threading.Thread(target=lambda: [sekid.ask(each) for each in PAGES])
            asking.start()
            before = os.stat(self.segment).st_ino
            os.truncate(self.segment, self.random.choice([0, 1, 4095, 4096, 4097, self.random.randrange(4 << 20)]))
            for words in self.random.sample([each for each in COMMANDS if not each.startswith(("set", "check", "reset", "create", "delete", "breaker")) and "--repair" not in each], 3):
                self.command(words)
            eventually("another file", lambda: os.stat(self.segment).st_ino != before)
            eventually("ready", lambda: sekid.ask("/readyz")[0] == 200)
            asking.join()
            code, _, complained = worker.end()
            self.assertIn((code, complained), ((0, ""), (-signal.SIGBUS, "")))
        self.assertIsNone(sekid.process.poll(), sekid.log.text())
        self.assertEqual(sekid.stop(), 0)
        print(f"[tried] files cut short: {cuts}", flush=True)


if __name__ == "__main__":
    unittest.main()
