#!/usr/bin/env python3
"""What a limit adds to a request in nginx, beside what nginx's own limit_req adds: bench/nginx.py [BUILD]

Processor time of the worker for each request, from the kernel's schedstat, under pipelined wrk, each kind of location in turns in the same run: the
lower quartile of the rounds of each, because what else runs on the machine only adds.
BUILD is the folder with the module, sekid and sekictl (build-bench, else build); SEKI_BENCH_BRIEFLY=1 runs for a blink.
"""

import contextlib
import os
import pathlib
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
ROUNDS = 2 if BRIEFLY else 25
SECONDS = 0.1 if BRIEFLY else 0.3
PIPELINED = 16
KEYS = {"one key": 1, "a thousand": 1000, "a million": 1000 if BRIEFLY else 1000000}
BARS = {"one key": 1.0, "a thousand": 0.5, "a million": 0.25}
KINDS = ("none", "limit_req", "seki", "silent", "both")

# Each connection asks with random keys, so many requests at a time.
LUA = """
local keys, path, pipelined = %d, "%s", %d
init = function() math.randomseed(os.time()) end
request = function()
    local all = {}
    for i = 1, pipelined do
        all[i] = "GET " .. path .. "?k=203.0.113." .. math.random(keys) .. " HTTP/1.1\\r\\nHost: bench\\r\\n\\r\\n"
    end
    return table.concat(all)
end
"""

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
        listen 127.0.0.1:{port} backlog=512;
        location = /none {{ empty_gif; }}
        location = /limit_req {{ limit_req zone=theirs burst=1000000 nodelay; empty_gif; }}
        location = /seki {{ seki_limit ours $arg_k; empty_gif; }}
        location = /silent {{ seki_limit ours $arg_k; seki_headers off; empty_gif; }}
        location = /both {{ seki_limit ours $arg_k; seki_headers ratelimit x-ratelimit; empty_gif; }}
        location = /requests {{ stub_status; }}
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

    def requests(self):
        return int(self.get("/requests").read().split()[9])

    def ran_ns(self):
        with open(f"/proc/{self.worker}/schedstat", encoding="ascii") as file:
            return int(file.read().split()[0])

    def close(self):
        for process in (self.nginx, self.sekid):
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def load(server, kind, keys, seconds):
    """Nanoseconds of the worker for each request."""
    script = os.path.join(server.folder, "wrk.lua")
    with open(script, "w", encoding="utf-8") as file:
        file.write(LUA % (keys, "/" + kind, PIPELINED))
    wrk = subprocess.Popen(["wrk", "-t1", "-c8", "-d1000s", "-s", script, f"http://127.0.0.1:{server.port}/"], stdout=subprocess.DEVNULL)
    try:
        time.sleep(seconds / 5)
        requests, ran = server.requests(), server.ran_ns()
        time.sleep(seconds)
        ran, requests = server.ran_ns() - ran, server.requests() - requests
        return ran / requests
    finally:
        wrk.kill()
        wrk.wait()


def warm(server, keys):
    """Every key is there before anything is measured."""
    for kind in ("limit_req", "seki"):
        load(server, kind, keys, SECONDS if keys < 10000 else 15)


def main():
    build = sys.argv[1] if len(sys.argv) > 1 else next((ROOT / name for name in ("build-bench", "build") if (ROOT / name / "bindings").exists()), ROOT / "build")
    folder = tempfile.mkdtemp(prefix="seki-bench-nginx-", dir="/dev/shm")
    server = None
    try:
        server = Server(build, folder)
        print("| keys | request without | limit_req adds | seki_limit adds | ratio | without fields | ratio | with X-RateLimit too | ratio | bar |")
        print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
        for name, keys in KEYS.items():
            warm(server, keys)
            rounds = [{kind: load(server, kind, keys, SECONDS) for kind in KINDS} for _ in range(ROUNDS)]
            quiet = {kind: statistics.quantiles([each[kind] for each in rounds], n=4)[0] for kind in KINDS}
            added = {kind: quiet[kind] - quiet["none"] for kind in KINDS}
            theirs = added["limit_req"]
            cells = [f"{quiet['none']:.0f} ns", f"{theirs:.0f} ns"]
            for kind in ("seki", "silent", "both"):
                cells += [f"{added[kind]:.0f} ns", f"{added[kind] / theirs:.2f}"]
            print(f"| {name} | " + " | ".join(cells) + f" | <= {BARS[name]:.2f} |", flush=True)
    finally:
        if server:
            server.close()
        shutil.rmtree(folder)


main()
