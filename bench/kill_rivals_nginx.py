"""nginx and its clients, for bench/kill_rivals.py."""

import concurrent.futures
import contextlib
import http.client
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

from kill_rivals_processes import KEYS, PATIENCE_S, PLACES, children, is_there

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

    def is_mended_by_a_reload(self, number):
        before = self.workers()
        self.process.send_signal(signal.SIGHUP)
        end = time.monotonic() + 10
        while any(is_there(pid) for pid in before) and time.monotonic() < end:
            time.sleep(0.01)
        found = self.ask(number)
        return not isinstance(found, str) and found[0] == PLACES

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
