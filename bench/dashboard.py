#!/usr/bin/env python3
"""What the dashboard costs: bench/dashboard.py [BUILD]

Of sekid with 256 primitives and 512 worker slots: processor time and memory while nobody looks, and while ten do; what a scrape takes; what a
check costs meanwhile (`sekictl bench`, in turns); and, where there is a Chromium, how long the page computes for one update.
BUILD is the folder with the programs (build-bench, else build); SEKI_BENCH_BRIEFLY=1 runs for a blink.
"""

import contextlib
import json
import os
import pathlib
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
BRIEFLY = bool(os.environ.get("SEKI_BENCH_BRIEFLY"))
SECONDS = 1 if BRIEFLY else 20
ROUNDS = 1 if BRIEFLY else 7
UPDATES = 2 if BRIEFLY else 20
DASHBOARDS = 10
PROMETHEUS = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"


def build_folder():
    if len(sys.argv) > 1:
        return pathlib.Path(sys.argv[1]).resolve()
    return next(folder for folder in (ROOT / "build-bench", ROOT / "build") if (folder / "src" / "sekid").exists())


class Sekid:
    def __init__(self, build, folder):
        self.build = build
        self.segment = folder / "bench.seg"
        config = folder / "sekid.toml"
        kinds = [f"[limiter.l{i}]\nlimit = 5\nwindow = '1m'\nmax_keys = 1024\n" for i in range(100)]
        kinds += [f"[breaker.b{i}]\n" for i in range(80)] + [f"[bulkhead.h{i}]\n" for i in range(76)]
        config.write_text(
            f'[segment]\npath = "{self.segment}"\nmax_workers = 512\nmax_primitives = 257\n'
            f'[sekid]\nlog = "stderr"\nlisten = "127.0.0.1:0"\n{"".join(kinds)}'
        )
        self.process = subprocess.Popen([build / "src" / "sekid", "--config", config], stderr=subprocess.PIPE, text=True)
        said = iter(self.process.stderr.readline, "")
        self.address = next(found[1] for line in said if (found := re.search(r"listening on http://(\S+)", line)))
        next(line for line in said if "ready:" in line)
        self.recorder = self.find("recorder")

    def find(self, thread):
        """It names itself when it runs, which is soon."""
        end = time.monotonic() + 10
        while time.monotonic() < end:
            for task in pathlib.Path(f"/proc/{self.process.pid}/task").iterdir():
                if (task / "comm").read_text().strip() == thread:
                    return task
            time.sleep(0.01)
        self.end()
        raise SystemExit(f"bench/dashboard.py: sekid has no thread {thread}")

    def cpu(self):
        """Nanoseconds of all its threads, and of the one that keeps the history."""
        tasks = pathlib.Path(f"/proc/{self.process.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks), int((self.recorder / "schedstat").read_text().split()[0])

    def share(self):
        """Of one core, in percent, over some seconds."""
        before, begun = self.cpu(), time.monotonic()
        time.sleep(SECONDS)
        took = (time.monotonic() - begun) * 1e7
        return [(after - earlier) / took for earlier, after in zip(before, self.cpu())]

    def memory(self):
        """MiB of its own, and with what it has touched of the segment."""
        found = dict(re.findall(r"(\w+):\s+(\d+) kB", pathlib.Path(f"/proc/{self.process.pid}/status").read_text()))
        return (int(found["RssAnon"]) + int(found["RssFile"])) / 1024, int(found["VmRSS"]) / 1024

    def scrape(self, accept):
        """Milliseconds until /metrics is there, and of the processor."""
        before, begun = self.cpu()[0], time.monotonic()
        with urllib.request.urlopen(urllib.request.Request(f"http://{self.address}/metrics", headers={"Accept": accept})) as page:
            page.read()
        return (time.monotonic() - begun) * 1e3, (self.cpu()[0] - before) / 1e6

    def check(self):
        """Nanoseconds of a check, as sekictl measures it on this segment."""
        done = subprocess.run(
            [self.build / "tools" / "sekictl" / "sekictl", "--segment", self.segment, "--json", "bench"],
            capture_output=True, text=True, check=True,
        )
        return json.loads(done.stdout)["check_nanoseconds"]

    def end(self):
        self.process.terminate()
        self.process.communicate()


@contextlib.contextmanager
def dashboards(sekid):
    """As many as that, which read all that they are sent."""
    host, port = sekid.address.split(":")
    sockets = [socket.create_connection((host, int(port))) for _ in range(DASHBOARDS)]
    for each in sockets:
        each.sendall(b"GET /api/v1/state?follow=1 HTTP/1.1\r\nHost: bench\r\n\r\n")
        if b" 200 " not in each.recv(64):
            raise SystemExit("bench/dashboard.py: a dashboard was refused")
    readers = [threading.Thread(target=read_all, args=(each,)) for each in sockets]
    for each in readers:
        each.start()
    yield
    for each in sockets:
        each.shutdown(socket.SHUT_RDWR)
    for each in readers:
        each.join()
    for each in sockets:
        each.close()
    time.sleep(2.5)  # sekid sees that they are gone when it writes to them


def read_all(of):
    with contextlib.suppress(OSError):
        while of.recv(1 << 20):
            pass


def page(sekid):
    sys.path.insert(0, str(ROOT / "tests" / "programs"))
    for name in ("SEKID", "SEKI_WORKER", "SEKICTL"):  # which the tests' own would start
        os.environ.setdefault(name, "")
    import chromium

    if chromium.PROGRAM is None:
        return None
    browser = chromium.Chromium()
    try:
        shown = browser.page(f"http://{sekid.address}/#breaker%2Fb0")
        shown.wait("rows", "document.querySelectorAll('#primitives tbody tr').length === 256")
        shown.ask(
            "globalThis.took = []; globalThis.observer = new PerformanceObserver(list => took.push(...list.getEntries().map(each => each.duration)));"
            "observer.observe({type: 'measure'})"
        )
        shown.wait("updates", f"took.length >= {UPDATES}")
        return shown.ask("took")
    finally:
        browser.end()


def main():
    build = build_folder()
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        sekid = Sekid(build, pathlib.Path(folder))
        try:
            time.sleep(2)
            idle, history = sekid.share()
            own, all_of_it = sekid.memory()
            print(f"nobody looks:       {idle:.2f} % of a core, of which the history {history:.3f} %; {own:.1f} MiB of its own, {all_of_it:.1f} MiB with the segment")
            for what, accept in {"a scrape": PROMETHEUS, "the older text": "text/plain"}.items():
                waited, worked = zip(*(sekid.scrape(accept) for _ in range(UPDATES)))
                print(f"{what + ':':19} median {statistics.median(waited):.1f} ms, {statistics.median(worked):.1f} ms of the processor, of {UPDATES}; {sekid.memory()[0]:.1f} MiB of its own afterwards")
            with dashboards(sekid):
                looked_at, telling = sekid.share()
                own, _ = sekid.memory()
                print(f"{DASHBOARDS} dashboards:      {looked_at:.2f} % of a core, of which making what they show {telling:.2f} %; {own:.1f} MiB of its own")
            checks = {"nobody looks": [], f"{DASHBOARDS} dashboards": []}
            for _ in range(ROUNDS):
                checks["nobody looks"].append(sekid.check())
                with dashboards(sekid):
                    checks[f"{DASHBOARDS} dashboards"].append(sekid.check())
            for when, found in checks.items():
                print(f"a check, {when + ':':15} median {statistics.median(found):.1f} ns, least {min(found):.1f} ns of {len(found)} rounds")
            updates = page(sekid)
            if updates is None:
                print("an update of the page: there is no chromium: tools/install-packages test")
            else:
                print(f"an update of the page, 256 rows and one opened: median {statistics.median(updates):.1f} ms, longest {max(updates):.1f} ms of {len(updates)}")
        finally:
            sekid.end()


main()
