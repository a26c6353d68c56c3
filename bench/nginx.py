#!/usr/bin/env python3
"""What a limit adds to a request in nginx, beside what nginx's own limit_req adds: bench/nginx.py [BUILD]

Processor time of the worker for each request, from the kernel's schedstat: pipelined requests in slices of a thousand, after each of which the worker
sleeps, the kinds of location in turns in the same run; and the median of what each slice cost more than the slice without a limit of its round. wrk in the
place of this client spreads by a third from second to second, which is more than a limit costs.
BUILD is the folder with the module, sekid and sekictl (build-bench, else build); SEKI_BENCH_BRIEFLY=1 runs for a blink.
"""

import contextlib
import itertools
import os
import pathlib
import random
import select
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
BRIEFLY = bool(os.environ.get("SEKI_BENCH_BRIEFLY"))
ROUNDS = 3 if BRIEFLY else 1000
AT_ONCE = 1000  # requests in one slice of a round
SLICES = 100
CHUNK = 16384
BODY = b"GIF89a"  # every answer has it once
KEYS = {"one key": 1, "a thousand": 1000, "a million": 1000 if BRIEFLY else 1000000}
BARS = {"one key": 1.0, "a thousand": 0.5, "a million": 0.25}
KINDS = ("none", "limit_req", "seki", "silent", "both")

CONFIG = """
{user}
load_module {module};
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log stderr crit;
events {{ worker_connections 512; }}
http {{
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    access_log off;
    keepalive_requests 1000000000;
    limit_req_zone $arg_k zone=theirs:256m rate=1000000r/s;
    seki_segment {folder}/bench.seg;
    server {{
        listen 127.0.0.1:{port};
        client_header_buffer_size 16k;
        location = /none {{ empty_gif; }}
        location = /limit_req {{ limit_req zone=theirs burst=1000000 nodelay; empty_gif; }}
        location = /seki {{ seki_limit ours $arg_k; empty_gif; }}
        location = /silent {{ seki_limit ours $arg_k; seki_headers off; empty_gif; }}
        location = /both {{ seki_limit ours $arg_k; seki_headers ratelimit x-ratelimit; empty_gif; }}
    }}
}}
"""


def program(build, name):
    found = [path for path in pathlib.Path(build).glob(f"**/{name}") if path.is_file() and "tests" not in path.parts]
    if not found:
        sys.exit(f"bench/nginx.py: there is no {name} in {build}: cmake --preset bench && cmake --build build-bench --target benches")
    return str(found[0].resolve())


class Server:
    def __init__(self, build, folder):
        self.folder = folder
        segment = os.path.join(folder, "bench.seg")
        toml = os.path.join(folder, "bench.toml")
        with open(toml, "w", encoding="utf-8") as file:
            file.write(f'[segment]\npath = "{segment}"\nsize = "auto"\n[sekid]\nlisten = "unix:{folder}/sekid.sock"\n'
                       '[limiter.ours]\nlimit = 10000000\nwindow = "1s"\nmax_keys = 1500000\n')
        self.sekid = subprocess.Popen([program(build, "sekid"), "--config", toml], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        config = os.path.join(folder, "nginx.conf")
        with open(config, "w", encoding="utf-8") as file:
            user = "user root;" if os.geteuid() == 0 else ""
            file.write(CONFIG.format(user=user, module=program(build, "ngx_http_seki_module.so"), folder=folder, port=self.port))
        self.nginx = subprocess.Popen([shutil.which("nginx") or "/usr/sbin/nginx", "-p", folder, "-c", config, "-e", "stderr"], stdin=subprocess.DEVNULL)
        self.worker = 0
        self.wait(lambda: "ratelimit-policy" in {name.lower() for name in self.get("/seki?k=x").headers})
        with open(f"/proc/{self.nginx.pid}/task/{self.nginx.pid}/children", encoding="ascii") as file:
            self.worker = int(file.read().split()[0])

    def wait(self, condition):
        for _ in range(500):
            with contextlib.suppress(OSError):
                if condition():
                    return
            time.sleep(0.02)
        self.close()
        sys.exit("bench/nginx.py: nginx has not attached to the segment")

    def get(self, path):
        return urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10)

    def ran_ns(self):
        with open(f"/proc/{self.worker}/schedstat", encoding="ascii") as file:
            return int(file.read().split()[0])

    def close(self):
        for process in (self.nginx, self.sekid):
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def slices_of(kind, keys):
    """Pipelined requests with random keys; without end, and of a million each comes before one comes again."""
    draw = random.Random(keys)
    order = draw.sample(range(keys), keys) if keys > SLICES * AT_ONCE else draw.choices(range(keys), k=SLICES * AT_ONCE)
    asked = [b"GET /%s?k=203.0.113.%d HTTP/1.1\r\nHost: bench\r\n\r\n" % (kind.encode(), key) for key in order]
    return itertools.cycle([b"".join(asked[i:i + AT_ONCE]) for i in range(0, len(asked), AT_ONCE)])


def ask(connection, requests):
    """Sends what nginx takes and reads what comes, until all is answered and the worker sleeps."""
    left, answered, before = memoryview(requests), 0, b""
    while answered < AT_ONCE:
        readable, writable, _ = select.select([connection], [connection] if left else [], [])
        if writable:
            left = left[connection.send(left[:CHUNK]):]
        if readable:
            came = before + connection.recv(1 << 20)
            answered += came.count(BODY)
            before = came[1 - len(BODY):]


def rounds_of(server, keys):
    """Nanoseconds of the worker for each request, by kind, of each round."""
    slices = {kind: slices_of(kind, keys) for kind in KINDS}
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.setblocking(False)

        def cost(kind):
            requests, ran = next(slices[kind]), server.ran_ns()
            ask(connection, requests)
            return (server.ran_ns() - ran) / AT_ONCE

        for kind in ("limit_req", "seki"):  # every key is there before anything is measured
            for _ in range(keys // AT_ONCE):
                cost(kind)
        return [{kind: cost(kind) for kind in random.sample(KINDS, len(KINDS))} for _ in range(ROUNDS)]


def main():
    build = sys.argv[1] if len(sys.argv) > 1 else next((ROOT / name for name in ("build-bench", "build") if (ROOT / name / "bindings").exists()), ROOT / "build")
    folder = tempfile.mkdtemp(prefix="seki-bench-nginx-", dir="/dev/shm")
    server = None
    try:
        server = Server(build, folder)
        print("| keys | request without | limit_req adds | seki_limit adds | ratio | without fields | ratio | with X-RateLimit too | ratio | bar |")
        print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
        for name, keys in KEYS.items():
            rounds = rounds_of(server, keys)
            added = {kind: statistics.median(each[kind] - each["none"] for each in rounds) for kind in KINDS}
            theirs = added["limit_req"]
            cells = [f"{statistics.median(each['none'] for each in rounds):.0f} ns", f"{theirs:.0f} ns"]
            for kind in ("seki", "silent", "both"):
                cells += [f"{added[kind]:.0f} ns", f"{added[kind] / theirs:.2f}"]
            print(f"| {name} | " + " | ".join(cells) + f" | <= {BARS[name]:.2f} |", flush=True)
    finally:
        if server:
            server.close()
        shutil.rmtree(folder)


main()
