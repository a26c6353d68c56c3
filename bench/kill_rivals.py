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
import concurrent.futures
import contextlib
import http.client
import os
import pathlib
import random
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BRIEFLY = bool(os.environ.get("SEKI_BENCH_BRIEFLY"))
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


CONFIG = """
{user}
worker_processes 8;
worker_shutdown_timeout 1s;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log crit;
events {{ worker_connections 256; }}
http {{
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    access_log off;
    limit_conn_zone $uri zone=gate:1m;
    limit_req_zone $arg_k zone=budget:1m rate=1r/m;
    server {{
        listen unix:{folder}/http;
        location /gate {{ limit_conn gate 5; proxy_pass http://unix:{folder}/slow:; }}
        location /spend {{ limit_req zone=budget burst=63 nodelay; empty_gif; }}
    }}
}}
"""


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("nginx", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Nginx:
    """Its limit_conn, limit_req, or both; its clients are threads of ours, and count what they are told."""

    CLIENTS = 12

    def __init__(self, kinds):
        self.kinds = kinds
        self.folder = tempfile.mkdtemp(prefix="seki-kill-", dir="/dev/shm")
        os.chmod(self.folder, 0o755)
        self.slow = socket.socket(socket.AF_UNIX)
        self.slow.bind(f"{self.folder}/slow")
        os.chmod(f"{self.folder}/slow", 0o777)
        self.slow.listen(256)
        threading.Thread(target=self.answer_slowly, daemon=True).start()
        config = pathlib.Path(self.folder, "nginx.conf")
        config.write_text(CONFIG.format(folder=self.folder, user="user root;" if os.geteuid() == 0 else ""), encoding="utf-8")
        nginx = shutil.which("nginx") or "/usr/sbin/nginx"
        self.process = subprocess.Popen([nginx, "-p", self.folder, "-c", str(config), "-e", f"{self.folder}/error.log"], stdin=subprocess.DEVNULL)
        self.pool = concurrent.futures.ThreadPoolExecutor(self.CLIENTS + PLACES)
        self.clients, self.over = [], threading.Event()
        end = time.monotonic() + 10
        while time.monotonic() < end and self.get("/spend?k=first", 1.0) != 200:
            time.sleep(0.01)

    def answer_slowly(self):
        def answer(client):
            with contextlib.suppress(OSError, IndexError, ValueError), client:
                wanted = client.recv(4096).split(b"ms=")[1].split(b" ")[0]
                time.sleep(int(wanted) / 1000)
                client.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")

        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=answer, args=(self.slow.accept()[0],), daemon=True).start()

    def get(self, path, patience):
        """The status, or None where there was no answer."""
        connection = UnixConnection(f"{self.folder}/http", patience)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def workers(self):
        return children(self.process.pid)

    def be_client(self, seed, number):
        """How often it was let in."""
        chance, let_in = random.Random(seed), 0
        while not self.over.is_set():
            if "places" in self.kinds:
                self.get(f"/gate?ms={chance.randint(0, 3)}", PATIENCE_S)
            else:
                let_in += self.get(f"/spend?k={number}-{chance.randrange(KEYS)}", PATIENCE_S) == 200
        return let_in

    def start(self, chance, number):
        self.over.clear()
        self.clients = [self.pool.submit(self.be_client, chance.random(), number) for _ in range(self.CLIENTS)]
        return self.workers()

    def spared_get_on(self, spared):
        """The spared and the new: whoever is asked answers."""
        return all(self.get("/spend?k=spared", PATIENCE_S) is not None for _ in range(4))

    def end(self, _spared, _chance):
        self.over.set()
        return sum(client.result() for client in self.clients), 0

    def ask(self, number):
        """Nobody is in any more; nginx has started others for who was killed."""
        had, left = PLACES, 0
        if "places" in self.kinds:
            end = time.monotonic() + PATIENCE_S
            while True:
                statuses = list(self.pool.map(lambda _: self.get("/gate?ms=100", PATIENCE_S), range(PLACES)))
                if statuses.count(None) == PLACES:
                    return "stuck"
                had = statuses.count(200)
                if had == PLACES or time.monotonic() > end:
                    break
        if "budget" in self.kinds:
            for key in range(KEYS):
                while (status := self.get(f"/spend?k={number}-{key}", PATIENCE_S)) == 200:
                    left += 1
                if status is None:
                    return "stuck"
        return had, left, 1

    def close(self):
        self.over.set()
        self.pool.shutdown()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            for pid in self.workers():
                os.kill(pid, signal.SIGKILL)
            self.process.kill()
            self.process.wait()
        self.slow.close()
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
    chance, counted, kills, rival = random.Random(seed), dict.fromkeys(SPOILED, 0), 0, None
    for number in range(1, rounds + 1):
        rival = rival or make()
        killed, spoiled = one_round(rival, number, chance)
        kills += killed
        for what in spoiled:
            counted[what] += 1
        if spoiled:
            rival.close()
            rival = None
    if rival:
        rival.close()
    return kills, counted


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=2 if BRIEFLY else 100, metavar="N")
    parser.add_argument("--build", metavar="BUILD")
    parser.add_argument("names", nargs="*", metavar="NAME", choices=[*NAMES, []])
    options = parser.parse_args()
    seed = int(os.environ.get("SEKI_SEED", "1"), 0)
    print(f"SEKI_SEED={seed}\n\n| | rounds | kills | {' | '.join(SPOILED)} |\n| --- |{' --- |' * (len(SPOILED) + 2)}", flush=True)
    skipped, ours = [], 0
    for name, make, why_not in rivals(options.build):
        if options.names and name not in options.names:
            continue
        if why_not:
            skipped.append(f"{NAMES[name]} was left out: {why_not}")
            continue
        kills, counted = storm(make, options.rounds, seed)
        print(f"| {NAMES[name]} | {options.rounds} | {kills:,} | {' | '.join(str(counted[what]) for what in SPOILED)} |", flush=True)
        ours += sum(counted.values()) if name == "seki" else 0
    print("\n".join(["", *skipped]))
    return 1 if ours else 0


if __name__ == "__main__":
    sys.exit(main())
