"""Starts sekid and workers as a user would, and talks to them. Waits are for events, each with a deadline; nothing sleeps for luck."""

import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest

SEKID = os.environ["SEKID"]
WORKER = os.environ["SEKI_WORKER"]
SEKICTL = os.environ["SEKICTL"]
DEADLINE = 60.0

# Of identity::listening (src/layout/header.hpp).
LISTENING_OFFSET = 40


def eventually(what, condition, deadline=DEADLINE):
    """The first true answer of condition(). For things that tell nobody when they happen."""
    end = time.monotonic() + deadline
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline} s: {what}")
        time.sleep(0.02)


def certificate(folder, name):
    """The files of a certificate for 127.0.0.1 that nobody else has signed, and of its key."""
    cert, key = (os.path.join(folder, f"{name}.{kind}") for kind in ("pem", "key"))
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert],
        check=True, capture_output=True, timeout=DEADLINE,
    )  # fmt: skip
    return cert, key


class Log:
    """What a process says, read as it comes. It may come later than anything else that the process does: wait for it."""

    def __init__(self, stream):
        self.stream = stream
        self.lines = []
        self.reader = threading.Thread(target=lambda: self.lines.extend(stream), daemon=True)
        self.reader.start()

    def text(self):
        return "".join(self.lines)

    def wait(self, pattern):
        """The first match."""
        try:
            return eventually(f"{pattern!r} in the log", lambda: re.search(pattern, self.text()))
        except AssertionError as late:
            raise AssertionError(f"{late}; it holds:\n{self.text()}") from late

    def close(self):
        """When the process has ended."""
        self.reader.join(DEADLINE)
        self.stream.close()


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=DEADLINE)
        self.unix_path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(DEADLINE)
        self.sock.connect(self.unix_path)


class Sekid:
    """A running sekid, ready by its own word (sd_notify)."""

    def __init__(self, folder, *arguments, stderr=subprocess.PIPE):
        self.notify_path = os.path.join(folder, "notify.%d" % time.monotonic_ns())
        self.notifications = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notifications.bind(self.notify_path)
        self.notifications.settimeout(DEADLINE)
        environment = dict(os.environ, NOTIFY_SOCKET=self.notify_path)
        self.process = subprocess.Popen(
            [SEKID, *arguments], stdin=subprocess.DEVNULL, stderr=stderr, text=True, env=environment
        )
        self.log = Log(self.process.stderr or open(os.devnull, encoding="utf-8"))
        try:
            self.wait_notification("READY=1")
        except BaseException:
            self.kill()
            raise

    def wait_notification(self, wanted):
        return self.wait_notification_like(re.escape(wanted)).string

    def wait_notification_like(self, wanted):
        """The match of a line of one."""
        while True:
            try:
                message = self.notifications.recv(4096).decode()
            except TimeoutError as late:
                raise AssertionError(f"sekid did not say {wanted}; it logged:\n{self.log.text()}") from late
            if found := re.search(f"^(?:{wanted})$", message, re.MULTILINE):
                return found

    def wait_log(self, text):
        self.log.wait(re.escape(text))

    def address(self):
        return self.log.wait(r"listening on (\S+)")[1]

    def connection(self):
        address = self.address()
        if address.startswith("unix:"):
            return UnixConnection(address[len("unix:") :])
        if address.startswith("https:"):
            whoever = ssl._create_unverified_context()
            return http.client.HTTPSConnection(address[len("https://") :], timeout=DEADLINE, context=whoever)
        return http.client.HTTPConnection(address[len("http://") :], timeout=DEADLINE)

    def ask(self, path, method="GET", headers=None):
        with contextlib.closing(self.connection()) as connection:
            connection.request(method, path, headers=headers or {})
            response = connection.getresponse()
            return response.status, response.read().decode(), response

    def get(self, path):
        status, body, _ = self.ask(path)
        if status != 200:
            raise AssertionError(f"{path}: {status}: {body}")
        return body

    def state(self):
        return json.loads(self.get("/api/v1/state"))

    def one(self, kind, name):
        """What the state says of one primitive: one("breaker", "payments")."""
        plural = kind.removesuffix("y") + "ies" if kind.endswith("y") else kind + "s"
        return {each["name"]: each for each in self.state()[plural]}[name]

    def limiter(self, name):
        return self.one("limiter", name)

    def samples(self):
        """Metrics as {'name{labels}': value}."""
        lines = [line for line in self.get("/metrics").splitlines() if line and not line.startswith("#")]
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}

    def reload(self):
        """Returns when sekid is through with it, whether or not it liked the file."""
        self.process.send_signal(signal.SIGHUP)
        self.wait_notification("RELOADING=1")
        self.wait_notification("READY=1")

    def stop(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
        status = self.process.wait(DEADLINE)
        self.log.close()
        self.notifications.close()
        return status

    def kill(self):
        return self.stop(signal.SIGKILL)


class Worker:
    def __init__(self, segment):
        self.process = subprocess.Popen(
            [WORKER, segment], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def __call__(self, command):
        self.begin(command)
        return self.answer()

    def begin(self, command):
        """For what does not answer at once."""
        self.process.stdin.write(command + "\n")

    def answer(self):
        return self.process.stdout.readline().strip()

    def kill(self):
        self.process.kill()
        self.close()

    def close(self):
        with contextlib.suppress(BrokenPipeError):  # a command that a killed one did not take
            self.process.stdin.close()
        self.process.wait(DEADLINE)
        self.process.stdout.close()


class Follower:
    """sekictl events --follow, or anything else that prints lines until it is ended."""

    def __init__(self, *command, **more):
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)
        self.out = Log(self.process.stdout)
        self.err = Log(self.process.stderr)

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        status = self.process.wait(DEADLINE)
        self.out.close()
        self.err.close()
        return status

    def objects(self):
        """Of lines that have come whole."""
        return [json.loads(line) for line in list(self.out.lines) if line.endswith("\n")]


class SekidTest(unittest.TestCase):
    def setUp(self):
        # Not in /tmp: the path of a Unix socket is short, and a segment belongs into memory.
        self.folder = tempfile.mkdtemp(prefix="sekid-", dir="/dev/shm")
        self.addCleanup(shutil.rmtree, self.folder)
        self.segment = os.path.join(self.folder, "test.seg")
        self.config = os.path.join(self.folder, "sekid.toml")

    def configure(self, limiters, sekid='listen = "127.0.0.1:0"', tick="10ms"):
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(f'[segment]\npath = "{self.segment}"\nsize = "4MiB"\nmax_workers = 16\nmax_primitives = 16\n')
            file.write(f'[sekid]\nlog = "stderr"\ntick = "{tick}"\n{sekid}\n{limiters}\n')

    def start(self, *arguments):
        sekid = Sekid(self.folder, *(arguments or ("--config", self.config)))
        self.addCleanup(sekid.kill)
        return sekid

    def worker(self):
        worker = Worker(self.segment)
        self.addCleanup(worker.kill)
        return worker

    def pair(self, name):
        return certificate(self.folder, name)

    def refused(self, *arguments):
        """Runs a sekid that must not start; its exit status and what it said."""
        done = subprocess.run(
            [SEKID, *arguments], capture_output=True, text=True, timeout=DEADLINE, check=False, stdin=subprocess.DEVNULL
        )
        return done.returncode, done.stderr

    def check_metrics(self, sekid):
        """promtool has nothing to say about them."""
        done = subprocess.run(
            ["promtool", "check", "metrics"],
            input=sekid.get("/metrics"), capture_output=True, text=True, timeout=DEADLINE, check=False,
        )
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))


class SekictlTest(SekidTest):
    """Beside sekid and workers, sekictl on the same segment."""

    def run_it(self, *arguments):
        environment = dict(os.environ, SEKI_SEGMENT=self.segment)
        return subprocess.run(
            [SEKICTL, *arguments], capture_output=True, timeout=DEADLINE, check=False, env=environment, errors="replace"
        )

    def fine(self, *arguments):
        done = self.run_it(*arguments)
        self.assertEqual((done.returncode, done.stderr), (0, ""), arguments)
        return done.stdout

    def json(self, *arguments, code=0):
        done = self.run_it(*arguments, "--json")
        self.assertEqual((done.returncode, done.stderr), (code, ""), arguments)
        value = json.loads(done.stdout)
        self.assertEqual(value["schema"], 1)
        return value

    def wrong(self, code, *arguments):
        """One sentence on standard error, nothing on standard output, and the same as JSON."""
        done = self.run_it(*arguments)
        self.assertEqual((done.returncode, done.stdout), (code, ""), arguments)
        self.assertRegex(done.stderr, r"\Asekictl: [^\n]+\n\Z")
        self.assertEqual(self.json(*arguments, code=code)["error"]["message"], done.stderr[len("sekictl: ") : -1])
        return done.stderr

    def follow(self, *arguments):
        follower = Follower(SEKICTL, "--segment", self.segment, "events", "--follow", *arguments)
        self.addCleanup(follower.end)
        eventually("somebody listens", self.listening)
        return follower

    def listening(self):
        with open(self.segment, "rb") as file:
            file.seek(LISTENING_OFFSET)
            return int.from_bytes(file.read(8), "little")
