#!/usr/bin/env python3
"""What kills leave behind in Seki, and in what people use instead: bench/kill_rivals.py [--rounds N] [--build BUILD] [NAME ...]

Each is asked for the same, a place of five and a budget for each of sixteen keys, by 8 to 64 workers (nginx: by its 8 and their clients). Each round kills
one to all of them at once (SIGKILL, SIGSEGV, SIGABRT, or SIGKILL while they stand still), and then the others, once they have had a while (nginx starts new ones instead). Then
somebody new asks:
  stuck        he has no answer within a second, or is refused for good; or one who was spared no longer gets on
  damaged      what he finds is no table any more: its entries are not as many as it says, or he dies of it
  leaking      nobody is left in, and a second later not all five places are to be had
  let in more  than the budget: of what the workers were told, and he
What a round has spoiled is made anew for the next one. SEKI_SEED=N draws other kills. BUILD is the folder with bench/kill_rivals (build-bench, else build);
SEKI_BENCH_BRIEFLY=1 has two rounds each.
"""

import argparse
import contextlib
import os
import pathlib
import random
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
from kill_rivals_nginx import Nginx  # noqa: E402
from kill_rivals_processes import BUDGET, KEYS, PATIENCE_S, PLACES, Patience, children, is_there, kill  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent
BRIEFLY = bool(os.environ.get("SEKI_BENCH_BRIEFLY"))


class Master:
    """A program that starts workers and askers by lines (kill_rivals.cpp, kill_rivals.php)."""

    def __init__(self, command):
        self.folder = tempfile.mkdtemp(prefix="seki-kill-", dir="/dev/shm")
        self.process = subprocess.Popen([*command, self.folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0)
        self.pids, self.lines, self.unfinished = [], [], ""

    def line(self, begins_with, still_hoped_for):
        """The next line that begins so; what others say meanwhile is kept for who waits for that."""
        while True:
            last_time = not still_hoped_for()
            if select.select([self.process.stdout], [], [], 0.01)[0]:
                self.unfinished += os.read(self.process.stdout.fileno(), 65536).decode()
                *whole, self.unfinished = self.unfinished.split("\n")
                self.lines += whole
            for text in self.lines:
                if text.startswith(begins_with):
                    self.lines.remove(text)
                    return text
            if last_time:
                return ""

    def tell(self, words):
        self.process.stdin.write(f"{words}\n".encode())
        return [int(word) for word in self.line(words.split()[0], lambda: is_there(self.process.pid)).split()[1:]]

    def start(self, chance, number):
        self.pids = self.tell(f"start {chance.randint(8, 64)} {number}")
        return self.pids

    def spared_get_on(self, spared):
        """Each of them writes something down in time."""
        files = {pid: pathlib.Path(self.folder, f"told.{self.pids.index(pid)}") for pid in spared}

        def size(pid):
            return files[pid].stat().st_size if files[pid].exists() else 0

        waits = {pid: (size(pid), Patience(pid)) for pid in spared}
        while waits:
            waits = {pid: (before, patience) for pid, (before, patience) in waits.items() if size(pid) == before}
            if any(patience.is_over(PATIENCE_S) for _, patience in waits.values()):
                return False
            time.sleep(0.002)
        return True

    def ask(self, number):
        """(places, left, sane), or why not."""
        asker = self.tell(f"ask {number}")[0]
        # A second for one call, and one more in which he waits for places.
        patience = Patience(asker)
        answer = self.line("found", lambda: is_there(asker) and not patience.is_over(2 * PATIENCE_S))
        if answer == "found refused":
            return "stuck"
        if found := re.fullmatch(r"found (\d+) (\d+) (\d)", answer):
            return tuple(int(number) for number in found.groups())
        return "stuck" if is_there(asker) else "damaged"

    def end(self, spared, chance):
        """How many were let in, as they wrote it down, and how many had to be killed for it."""
        kill(spared, chance)
        files = list(pathlib.Path(self.folder).glob("told.*"))
        let_in = sum(path.read_bytes().count(b"+") for path in files)
        for path in files:
            path.unlink()
        return let_in, len(spared)

    def close(self):
        for pid in children(self.process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        shutil.rmtree(self.folder)


def one_round(rival, number, chance):
    """How many it killed, and what that spoiled."""
    all_of_them = rival.start(chance, number)
    time.sleep(chance.uniform(0.005, 0.05))
    doomed = chance.sample(all_of_them, chance.randint(1, len(all_of_them)))
    kill(doomed, chance)
    spared = [pid for pid in all_of_them if pid not in doomed]
    spoiled = set() if rival.spared_get_on(spared) else {"stuck"}
    let_in, more = rival.end(spared, chance)
    found = rival.ask(number)
    if isinstance(found, str):
        return len(doomed) + more, {found}
    had, left, sane = found
    if not sane:
        spoiled.add("damaged")
    if had < PLACES:
        spoiled.add("leaking")
    if let_in + left > KEYS * BUDGET:
        spoiled.add("let in more")
    return len(doomed) + more, spoiled


def has_apcu():
    php = shutil.which("php")
    return php and subprocess.run([php, "-d", "apc.enable_cli=1", "-r", "exit(function_exists('apcu_inc') && function_exists('pcntl_fork') ? 0 : 1);"], check=False).returncode == 0


def rivals(build):
    """Name, what makes it, and why it cannot be made."""
    programs = [path / "bench" / "kill_rivals" for path in ([pathlib.Path(build)] if build else [ROOT / "build-bench", ROOT / "build"])]
    program = next((path for path in programs if path.exists()), None)
    php = ["php", "-d", "apc.enable_cli=1", "-d", "apc.shm_size=8M", str(ROOT / "bench" / "kill_rivals.php")]
    built = None if program else "bench/kill_rivals is not built: cmake --preset bench && cmake --build build-bench --target bench_kill_rivals"
    nginx = None if shutil.which("nginx") or os.path.exists("/usr/sbin/nginx") else "there is no nginx: apt-get install nginx, or tools/install-packages bindings"
    yield "seki", lambda: Master([program, "seki"]), built
    yield "boost", lambda: Master([program, "boost"]), built
    yield "robust", lambda: Master([program, "robust"]), built
    yield "apcu", lambda: Master(php), None if has_apcu() else "there is no PHP with APCu and pcntl: apt-get install php-cli php-apcu, or tools/install-packages rivals"
    yield "limit_conn", lambda: Nginx({"places"}), nginx
    yield "limit_req", lambda: Nginx({"budget"}), nginx


NAMES = {
    "seki": "Seki, without sekid",
    "boost": "a map under a Boost.Interprocess mutex",
    "robust": "a map under a robust mutex",
    "apcu": "APCu",
    "limit_conn": "nginx, limit_conn",
    "limit_req": "nginx, limit_req",
}
SPOILED = ("stuck", "damaged", "leaking", "let in more")


def storm(make, rounds, seed):
    chance, counted, kills, rival, mended = random.Random(seed), dict.fromkeys(SPOILED, 0), 0, None, 0
    for number in range(1, rounds + 1):
        rival = rival or make()
        killed, spoiled = one_round(rival, number, chance)
        kills += killed
        for what in spoiled:
            counted[what] += 1
        if spoiled:
            mended += isinstance(rival, Nginx) and "leaking" in spoiled and rival.is_mended_by_a_reload(number)
            rival.close()
            rival = None
    if rival:
        rival.close()
    return kills, counted, mended


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=2 if BRIEFLY else 100, metavar="N")
    parser.add_argument("--build", metavar="BUILD")
    parser.add_argument("names", nargs="*", metavar="NAME", choices=[*NAMES, []])
    options = parser.parse_args()
    seed = int(os.environ.get("SEKI_SEED", "1"), 0)
    print(f"SEKI_SEED={seed}\n\n| | rounds | kills | {' | '.join(SPOILED)} |\n| --- |{' --- |' * (len(SPOILED) + 2)}", flush=True)
    notes, ours = [], 0
    for name, make, why_not in rivals(options.build):
        if options.names and name not in options.names:
            continue
        if why_not:
            notes.append(f"{NAMES[name]} was left out: {why_not}")
            continue
        kills, counted, mended = storm(make, options.rounds, seed)
        print(f"| {NAMES[name]} | {options.rounds} | {kills:,} | {' | '.join(str(counted[what]) for what in SPOILED)} |", flush=True)
        ours += sum(counted.values()) if name == "seki" else 0
        if name == "limit_conn":
            notes.append(f"Of the {counted['leaking']} leaks of {NAMES[name]}, a reload of nginx mended {mended}")
    print("\n".join(["", *notes]))
    return 1 if ours else 0


if __name__ == "__main__":
    sys.exit(main())
