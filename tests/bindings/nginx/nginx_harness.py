"""Starts an nginx with the module in a folder of its own, a backend that counts, and a sekid where a test wants one."""

import contextlib
import http.client
import http.server
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../programs"))

from sekid_harness import DEADLINE, SEKICTL, Sekid, certificate, eventually  # noqa: E402

MODULE = os.environ["SEKI_NGINX_MODULE"]
NGINX = shutil.which("nginx") or "/usr/sbin/nginx"

FORMAT = ('$status $uri limit=$seki_limit_status bulkhead=$seki_bulkhead_status breaker=$seki_breaker_status outcome=$seki_breaker_outcome '
          'by=$seki_refused_by remaining=$seki_limit_remaining retry=$seki_retry_after')


class Backend:
    """Answers /status/N with N and /hold when let go, all else with 200; counts what it was asked."""

    def __init__(self):
        backend = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                length = int(self.headers.get("Content-Length", 0))
                self.rfile.read(length)
                with backend.lock:
                    backend.asked += 1
                    backend.headers = dict(self.headers)
                if self.path == "/hold":
                    backend.let_go.wait(DEADLINE)
                status = int(self.path.rsplit("/", 1)[1]) if self.path.startswith("/status/") else 200
                self.send_response(status)
                self.send_header("Content-Length", "3")
                self.end_headers()
                with contextlib.suppress(OSError):  # who asked may be gone
                    self.wfile.write(b"ok\n")

            do_GET = do_POST = answer

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            request_queue_size = 1024
            daemon_threads = True

            def handle_error(self, *_):  # nginx was killed
                pass

        self.lock = threading.Lock()
        self.asked = 0
        self.headers = {}
        self.let_go = threading.Event()
        self.server = Server(("127.0.0.1", 0), Handler)
        self.address = "127.0.0.1:%d" % self.server.server_port
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def close(self):
        self.let_go.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(DEADLINE)


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read().decode(errors="replace")

    def __getitem__(self, name):
        return self.headers[name]


class Nginx:
    """Its port is one that this process listens on already, and hands down as nginx does to a new binary: nobody else can get it in between."""

    def __init__(self, folder, config):
        self.folder = folder
        self.log_path = os.path.join(folder, "error.log")
        self.config_path = os.path.join(folder, "nginx.conf")
        self.listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.listening.setblocking(False)  # nginx does not wait in accept(), and takes an inherited socket as it is
        self.port = self.listening.getsockname()[1]
        self.configure(config)
        # Its parent ends once it works: a master whose parent is the one that it began with takes that for the binary that it replaces, and no other after it.
        starter = subprocess.Popen(
            ["sh", "-c", '"$@" >/dev/null 2>&1 & echo $!; read -r _', "sh", NGINX, "-p", folder, "-c", self.config_path, "-e", self.log_path],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            pass_fds=[self.listening.fileno()], env=dict(os.environ, NGINX=f"{self.listening.fileno()};"),
        )
        self.master = int(starter.stdout.readline())
        try:
            eventually("nginx has workers", lambda: self.has_ended() or self.workers())
            self.assert_running()
        except BaseException:
            self.stop()
            raise
        finally:
            starter.communicate("\n", timeout=DEADLINE)

    def assert_running(self):
        if self.has_ended():
            raise AssertionError(self.log())

    def has_ended(self, master=None):
        """Also when nobody has asked for its exit status yet."""
        try:
            with open(f"/proc/{master or self.master}/stat", encoding="ascii") as file:
                return file.read().rsplit(")", 1)[1].split()[0] == "Z"
        except OSError:
            return True

    def wait_end(self, master=None):
        eventually("nginx has ended", lambda: self.has_ended(master))

    def configure(self, config):
        with open(self.config_path, "w", encoding="utf-8") as file:
            file.write(config.replace("@PORT@", str(self.port)))

    def log(self):
        with contextlib.suppress(FileNotFoundError), open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()
        return ""

    def wait_log(self, pattern):
        return eventually(f"{pattern!r} in the log, which holds:\n{self.log()}", lambda: re.search(pattern, self.log()))

    def children(self, master=None):
        with contextlib.suppress(OSError), open(f"/proc/{master or self.master}/task/{master or self.master}/children", encoding="ascii") as file:
            return [int(pid) for pid in file.read().split()]
        return []

    def workers(self, master=None):
        """Those that work, not those that are shutting down."""
        working = []
        for pid in self.children(master):
            with contextlib.suppress(OSError), open(f"/proc/{pid}/cmdline", encoding="utf-8") as file:
                if file.read().startswith("nginx: worker process\0"):
                    working.append(pid)
        return working

    def connection(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE)

    def get(self, path, headers=None, method="GET", body=None):
        with contextlib.closing(self.connection()) as connection:
            connection.request(method, path, headers=headers or {}, body=body)
            return Answer(connection.getresponse())

    def statuses(self, path, times, headers=None):
        return [self.get(path, headers).status for _ in range(times)]

    def signal(self, which):
        os.kill(self.master, which)

    def reload(self):
        """Returns when other workers work."""
        old = self.workers()
        self.signal(signal.SIGHUP)
        eventually("new workers work", lambda: self.workers() and not set(self.workers()) & set(old))

    def accesses(self, wanted=0):
        """Lines of the access log, once there are as many as wanted."""
        path = os.path.join(self.folder, "access.log")

        def read():
            with contextlib.suppress(FileNotFoundError), open(path, encoding="utf-8") as file:
                lines = file.read().splitlines()
                return lines if len(lines) >= wanted else None
            return None

        return eventually(f"{wanted} requests in the access log", read) if wanted else read() or []

    @contextlib.contextmanager
    def traced(self, *options):
        """The system calls of the only worker meanwhile, a line each: a function that reads what there is of them."""
        (worker,) = self.workers()
        path = os.path.join(self.folder, "trace")
        tracer = subprocess.Popen(["strace", "-o", path, *options, "-p", str(worker)], stderr=subprocess.PIPE, text=True)

        def calls():
            with open(path, encoding="utf-8") as file:
                return [line for line in file if "(" in line and not line.startswith(("---", "+++"))]

        try:
            if "attached" not in (said := tracer.stderr.readline()):
                raise AssertionError(said)
            yield calls
        finally:
            tracer.send_signal(signal.SIGINT)
            tracer.wait(DEADLINE)
            tracer.stderr.close()

    def stop(self):
        if not self.has_ended():
            self.signal(signal.SIGTERM)
            self.wait_end()
        self.listening.close()


class NginxTest(unittest.TestCase):
    workers = 2
    limiters = ""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="seki-nginx-", dir="/dev/shm")
        self.addCleanup(shutil.rmtree, self.folder)
        self.segment = os.path.join(self.folder, "test.seg")
        self.backend = Backend()
        self.addCleanup(self.backend.close)

    def start_sekid(self, primitives=None):
        path = os.path.join(self.folder, "sekid.toml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f'[segment]\npath = "{self.segment}"\nsize = "64MiB"\nmax_workers = 64\nmax_primitives = 32\n')
            file.write('[sekid]\nlog = "stderr"\ntick = "10ms"\nlisten = "127.0.0.1:0"\n' + (primitives or self.limiters))
        sekid = Sekid(self.folder, "--config", path)
        self.addCleanup(sekid.kill)
        return sekid

    def sekictl(self, *arguments):
        return subprocess.run([SEKICTL, "--segment", self.segment, *arguments],
                              capture_output=True, text=True, timeout=DEADLINE, check=True).stdout

    def config(self, server, http="", workers=None):
        user = "user root;" if os.geteuid() == 0 else ""
        return f"""
{user}
load_module {MODULE};
worker_processes {workers or self.workers};
daemon off;
pid {self.folder}/nginx.pid;
error_log {self.folder}/error.log info;
events {{ worker_connections 1024; }}
http {{
    client_body_temp_path {self.folder}/body;
    proxy_temp_path {self.folder}/proxy;
    fastcgi_temp_path {self.folder}/fastcgi;
    uwsgi_temp_path {self.folder}/uwsgi;
    scgi_temp_path {self.folder}/scgi;
    log_format tested '{FORMAT}';
    access_log {self.folder}/access.log tested;
    keepalive_requests 1000000;
    upstream backend {{ server {self.backend.address}; keepalive 64; }}
    seki_segment {self.segment};
    {http}
    server {{
        listen 127.0.0.1:@PORT@ backlog=1024;
        server_name tested;
        location = /plain {{ return 200 "plain\\n"; }}
        {server}
    }}
}}
"""

    def start(self, server, http="", workers=None):
        nginx = Nginx(self.folder, self.config(server, http, workers))
        self.addCleanup(nginx.stop)
        return nginx

    def attached(self, server, http="", workers=None):
        """The same, once all its workers have a segment."""
        nginx = self.start(server, http, workers)
        eventually("all have attached", lambda: nginx.log().count("seki: attached to") >= (workers or self.workers))
        return nginx

    def wrk(self, nginx, path, seconds=1, connections=32, arguments=()):
        done = subprocess.run(
            ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", *arguments, f"http://127.0.0.1:{nginx.port}{path}"],
            capture_output=True, text=True, timeout=DEADLINE + seconds, check=True,
        ).stdout
        requests = int(re.search(r"(\d+) requests in", done)[1])
        refused = re.search(r"Non-2xx or 3xx responses: (\d+)", done)
        return requests, int(refused[1]) if refused else 0

    def assert_no_crash(self, nginx, killed=0):
        """No worker ended by a signal, but for those that a test has killed."""
        bad = [line for line in nginx.log().splitlines() if re.search(r"\[(alert|emerg|crit)\]|exited on signal", line)]
        mine = [line for line in bad if "exited on signal 9" in line]
        self.assertEqual((len(mine), [line for line in bad if line not in mine]), (killed, []))
