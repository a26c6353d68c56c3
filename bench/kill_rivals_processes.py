"""Processes that are killed, and how long one is waited for (bench/kill_rivals.py)."""

import contextlib
import os
import signal
import time

PLACES, BUDGET, KEYS = 5, 64, 16
PATIENCE_S = 1.0
MANNERS = (signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT, signal.SIGSTOP)


def kill(pids, chance):
    """At once, and until all are gone."""
    for pid in pids:
        manner = chance.choice(MANNERS)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, manner)
            if manner == signal.SIGSTOP:
                os.kill(pid, signal.SIGKILL)
    for pid in pids:
        while is_there(pid):
            time.sleep(0.0005)


def state(pid):
    """As ps shows it; Z for who is gone, too."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rsplit(")", 1)[1].split()[0]
    except OSError:
        return "Z"


def is_there(pid):
    return state(pid) != "Z"


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(word) for word in file.read().split()]


class Patience:
    """With a process; what it waits for the processor, which it shares with many, is not its fault."""

    def __init__(self, pid):
        self.pid = pid
        ran, waited = self.times()
        self.ran_before, self.since = ran, time.monotonic() - waited

    def times(self):
        """How long it ran, and how long it waited for that."""
        try:
            with open(f"/proc/{self.pid}/schedstat", encoding="ascii") as file:
                ran, waited, _ = file.read().split()
                return int(ran) / 1e9, int(waited) / 1e9
        except OSError:
            return 0.0, 0.0

    def is_over(self, seconds):
        ran, waited = self.times()
        # A wait that still goes on is counted when it ends. Who runs in circles is ready all the time.
        return ran - self.ran_before > seconds / 4 or (time.monotonic() - waited - self.since > seconds and state(self.pid) != "R")
