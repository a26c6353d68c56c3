#!/usr/bin/env python3
"""What a limit adds to a request in nginx, beside what nginx's own limit_req adds: bench/nginx.py [BUILD]

Processor time of the worker for each request, from the kernel's schedstat: pipelined requests in slices of a thousand, after each of which the worker
sleeps, the kinds of server in turns in the same run, which are asked the same by the same bytes; and the median of what each turn cost more than the turn
without a limit of its round. wrk in the place of this client spreads by a third from second to second, which is more than a limit costs.
The bars are for a limit that tells clients nothing, as limit_req tells them nothing, and has room for half as many keys again as come. limit_req reads no
clock, but a time that nginx reads from the coarse one, so Seki is measured with that too.
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
ROUNDS = 3 if BRIEFLY else 200
AT_ONCE = 1000  # requests in one slice
WARM, MEASURED = 3, 2  # slices of a turn: until the caches have forgotten the kind before it, and then
SLICES = 100
CHUNK = 16384
BODY = b"GIF89a"  # every answer has it once
MILLION = 2000 if BRIEFLY else 1000000
ROWS = (  # keys that come, room for how many, bar
    ("one key", 1, 1500, 1.0),
    ("a thousand", 1000, 1500, 0.5),
    ("a million", MILLION, MILLION * 3 // 2, 0.25),
    ("a thousand, with room for a million", 1000, MILLION * 3 // 2, None),
)
KINDS = {  # each has keys of its own, or one would find them where another has just fetched them
    "none": "",
    "limit_req": "limit_req zone=theirs burst=1000000 nodelay;",
    "silent": "seki_limit silent $arg_k; seki_headers off;",
    "coarse": "seki_limit coarse $arg_k; seki_headers off;",
    "fields": "seki_limit fields $arg_k;",
    "both": "seki_limit both $arg_k; seki_headers ratelimit x-ratelimit;",
}
OURS = ("silent", "coarse", "fields", "both")

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
    client_header_buffer_size 16k;
    {servers}
}}
"""
SEGMENT = """
[segment]
path = "{folder}/bench.seg"
size = "auto"
[sekid]
listen = "unix:{folder}/sekid.sock"
"""
# Who has spent anything is remembered for a minute, as limit_req remembers everybody; a key that is forgotten is put in anew when it comes again.
LIMITER = """
[limiter.{kind}]
limit = 60
window = "1h"
burst = 5000000
max_keys = {room}
clock = "{clock}"
"""


def written(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def program(build, name):
    found = [path for path in pathlib.Path(build).glob(f"**/{name}") if path.is_file() and "tests" not in path.parts]
    if not found:
        sys.exit(f"bench/nginx.py: there is no {name} in {build}: cmake --preset bench && cmake --build build-bench --target benches")
    return str(found[0].resolve())


class Server:
    def __init__(self, build, folder, room):
        limiters = (LIMITER.format(kind=kind, room=room, clock="coarse" if kind == "coarse" else "precise") for kind in OURS)
        toml = written(folder, "bench.toml", SEGMENT.format(folder=folder) + "".join(limiters))
        self.sekid = subprocess.Popen([program(build, "sekid"), "--config", toml], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with contextlib.ExitStack() as free:
            self.ports = {kind: free.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1] for kind in KINDS}
        servers = (f"server {{ listen 127.0.0.1:{self.ports[kind]}; location / {{ {limit} empty_gif; }} }}" for kind, limit in KINDS.items())
        user = "user root;" if os.geteuid() == 0 else ""
        config = written(folder, "nginx.conf", CONFIG.format(user=user, module=program(build, "ngx_http_seki_module.so"), folder=folder, servers=" ".join(servers)))
        self.nginx = subprocess.Popen([shutil.which("nginx") or "/usr/sbin/nginx", "-p", folder, "-c", config, "-e", "stderr"], stdin=subprocess.DEVNULL)
        self.wait(lambda: "ratelimit-policy" in {name.lower() for name in self.get("fields").headers})
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

    def get(self, kind):
        return urllib.request.urlopen(f"http://127.0.0.1:{self.ports[kind]}/?k=x", timeout=10)

    def ran_ns(self):
        with open(f"/proc/{self.worker}/schedstat", encoding="ascii") as file:
            return int(file.read().split()[0])

    def close(self):
        for process in (self.nginx, self.sekid):
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def slices_of(keys):
    """Pipelined requests with random keys; of a million each comes before one comes again."""
    draw = random.Random(keys)
    order = draw.sample(range(keys), keys) if keys > SLICES * AT_ONCE else draw.choices(range(keys), k=SLICES * AT_ONCE)
    asked = [b"GET /?k=203.0.113.%d HTTP/1.1\r\nHost: bench\r\n\r\n" % key for key in order]
    return [b"".join(asked[i:i + AT_ONCE]) for i in range(0, len(asked), AT_ONCE)]


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
    all_slices = slices_of(keys)
    slices = {kind: itertools.cycle(all_slices) for kind in KINDS}
    with contextlib.ExitStack() as open_ones:
        connections = {kind: open_ones.enter_context(socket.create_connection(("127.0.0.1", server.ports[kind]))) for kind in KINDS}
        for connection in connections.values():
            connection.setblocking(False)

        def cost(kind):
            for requests in itertools.islice(slices[kind], WARM):
                ask(connections[kind], requests)
            ran = server.ran_ns()
            for requests in itertools.islice(slices[kind], MEASURED):
                ask(connections[kind], requests)
            return (server.ran_ns() - ran) / AT_ONCE / MEASURED

        for kind in KINDS:  # every key is there before anything is measured
            for _ in range(max(1, keys // AT_ONCE // (WARM + MEASURED))):
                cost(kind)
        return [{kind: cost(kind) for kind in random.sample(list(KINDS), len(KINDS))} for _ in range(ROUNDS)]


def print_row(build, name, keys, room, bar):
    folder = tempfile.mkdtemp(prefix="seki-bench-nginx-", dir="/dev/shm")
    server = None
    try:
        server = Server(build, folder, room)
        rounds = rounds_of(server, keys)
    finally:
        if server:
            server.close()
        shutil.rmtree(folder)
    added = {kind: statistics.median(each[kind] - each["none"] for each in rounds) for kind in KINDS}
    theirs = added["limit_req"]
    cells = [f"{statistics.median(each['none'] for each in rounds):.0f} ns", f"{theirs:.0f} ns"]
    for kind in OURS:
        cells += [f"{added[kind]:.0f} ns", f"{added[kind] / theirs:.2f}"]
    print(f"| {name} | " + " | ".join(cells) + f" | {f'<= {bar:.2f}' if bar else ''} |", flush=True)


def main():
    build = sys.argv[1] if len(sys.argv) > 1 else next((ROOT / name for name in ("build-bench", "build") if (ROOT / name / "bindings").exists()), ROOT / "build")
    print("| keys | request without | limit_req adds | seki_limit adds | ratio | with the coarse clock | ratio | with the fields | ratio | with X-RateLimit too | ratio | bar |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for row in ROWS:
        print_row(build, *row)


main()
