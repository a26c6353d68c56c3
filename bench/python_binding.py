#!/usr/bin/env python3
"""What Seki costs from Python, against what a call into C costs, and against python3-limits with Redis and with memcached.

    PYTHONPATH=build-bench/bindings/python bench/python_binding.py [--brief]

Prints a table with the bar for each figure; exits 1 when one is missed. All figures are the fastest of many rounds of the same run, in which the things
that are compared take turns. The rivals need `tools/install-packages rivals`, and are left out where they are not installed.
"""

import importlib.machinery
import importlib.util
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import timeit

import seki

BRIEF = "--brief" in sys.argv or "SEKI_BENCH_BRIEFLY" in os.environ
ROUNDS = 5 if BRIEF else 60
KEY = "203.0.113.7:login"
BUILD = pathlib.Path(os.environ.get("SEKI_BUILD", pathlib.Path(seki.__file__).parents[3]))


def fastest(works, calls=2000, rounds=ROUNDS):
    """Nanoseconds of each work, which are statements and what they name, taking turns."""
    timers = [timeit.Timer("\n".join([statement] * 10), globals=names) for statement, names in works]
    best = [float("inf")] * len(timers)
    for _ in range(rounds):
        for i, timer in enumerate(timers):
            best[i] = min(best[i], timer.timeit(calls) / calls / 10 * 1e9)
    return best


class Table:
    def __init__(self):
        self.missed = False
        print(f"{'what':66} {'cost':>12} {'bar':>12} {'ratio':>8} {'bar':>10}")

    def row(self, what, nanoseconds, bar=None, ratio=None, ratio_bar=None, at_least=False):
        missed = (bar is not None and nanoseconds > bar) or (ratio_bar is not None and (ratio < ratio_bar if at_least else ratio > ratio_bar))
        self.missed |= missed
        cells = [
            f"{nanoseconds:.1f} ns",
            f"<= {bar} ns" if bar else "",
            f"{ratio:.2f}" if ratio else "",
            f"{'>=' if at_least else '<='} {ratio_bar}" if ratio_bar else "",
        ]
        print(f"{what:66} {cells[0]:>12} {cells[1]:>12} {cells[2]:>8} {cells[3]:>10}{'  MISSED' if missed else ''}")


def load_empty():
    """The extension whose check does nothing."""
    (path,) = (BUILD / "bench/python_empty").glob("_native*.so")
    loader = importlib.machinery.ExtensionFileLoader("_native", str(path))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("_native", loader))
    loader.exec_module(module)
    return module


def calls(table, shop):
    api = shop.limiter("api", limit=10_000_000, window=1)
    coarse = shop.limiter("coarse", limit=10_000_000, window=1, clock="coarse")
    denying = shop.limiter("denying", limit=1, window="1d")
    denying.check(KEY)
    empty = load_empty()
    nothing = empty.Limiter(empty.Segment(shop.path, {}, None, None), "api")
    bank = shop.breaker("bank", minimum_calls=5)
    database = shop.bulkhead("database", max_concurrent=10)
    spares = {"k": KEY, "b": KEY.encode(), "f": api.check, "c": coarse.check, "d": denying.check, "n": nothing.check, "r": nothing.reset}
    spares.update(call=bank.call, none=lambda: None, acquire=database.try_acquire, database=database)
    statements = ["n(k)", "f(k)", "f(k, 1)", "f(b)", "c(k)", "d(k)", "f(k).allowed", "call(none)", "none()", "acquire().release()", "with database: pass", "with database.acquire(): pass"]
    cost = dict(zip(statements, fastest([(each, spares) for each in statements])))
    bare = cost["n(k)"]
    table.row("an empty C function of the signature of check", bare)
    table.row("check, one hot key, to that", cost["f(k)"], 250, cost["f(k)"] / bare, 4.0)
    table.row("check with a cost", cost["f(k, 1)"], 250, cost["f(k, 1)"] / bare)
    table.row("check of bytes", cost["f(b)"], 250, cost["f(b)"] / bare)
    table.row("check and a look at allowed", cost["f(k).allowed"], 250, cost["f(k).allowed"] / bare)
    table.row("check, coarse clock, to that", cost["c(k)"], 250, cost["c(k)"] / bare, 4.0)
    table.row("denial, to that", cost["d(k)"], 250, cost["d(k)"] / bare, 4.0)
    table.row("call of a breaker around nothing, to calling nothing", cost["call(none)"], None, cost["call(none)"] / cost["none()"])
    table.row("try_acquire() and release()", cost["acquire().release()"])
    table.row("with bulkhead", cost["with database: pass"])
    table.row("with bulkhead.acquire()", cost["with database.acquire(): pass"])
    return cost["f(k)"]


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
    return [b"hello"]


def middleware(table, shop):
    limiter = shop.limiter("pages", limit=10_000_000, window=1)
    bulkhead = shop.bulkhead("requests", max_concurrent=100)
    environ = {"REMOTE_ADDR": "203.0.113.7", "PATH_INFO": "/"}
    apps = {
        "application": application,
        "limit": seki.wsgi.RateLimit(application, limiter),
        "silent": seki.wsgi.RateLimit(application, limiter, fields=False),
        "bulkhead": seki.wsgi.Bulkhead(application, bulkhead),
    }

    def request(app):
        response = app(environ, lambda status, headers, exc_info=None: None)
        for _ in response:
            pass
        close = getattr(response, "close", None)
        if close is not None:
            close()

    bare, *others = fastest([("request(app)", {"request": request, "app": app}) for app in apps.values()], calls=500)
    for what, cost in zip(("WSGI middleware adds to a request", "without fields, it adds", "a bulkhead adds"), others):
        table.row(what, cost - bare, 3000)


def started(command, ready, folder):
    found = shutil.which(command[0])
    if found is None:
        return None
    process = subprocess.Popen([found, *command[1:]], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 30
    while not os.path.exists(ready) and time.monotonic() < end and process.poll() is None:
        time.sleep(0.01)
    return process


def rivals(table, check):
    try:
        from limits import parse, storage, strategies
    except ImportError:
        print("python3-limits is not installed: tools/install-packages rivals")
        return
    with tempfile.TemporaryDirectory() as folder:
        servers = {
            "Redis": (["redis-server", "--port", "0", "--unixsocket", f"{folder}/redis", "--save", ""], f"{folder}/redis", f"redis+unix://{folder}/redis"),
            "memcached": (["memcached", "-u", "nobody", "-s", f"{folder}/memcached"], f"{folder}/memcached", f"memcached://{folder}/memcached"),
        }
        os.chmod(folder, 0o777)  # memcached gives up being root
        for name, (command, ready, address) in servers.items():
            process = started(command, ready, folder)
            if process is None:
                print(f"{name} is not installed: tools/install-packages rivals")
                continue
            try:
                store = storage.storage_from_string(address)  # the strategy only has a weak reference
                limiter, limit = strategies.FixedWindowRateLimiter(store), parse("10000000/second")
                limiter.hit(limit, KEY)
                (cost,) = fastest([("hit(limit, key)", {"hit": limiter.hit, "limit": limit, "key": KEY})], calls=20, rounds=max(5, ROUNDS // 3))
                table.row(f"python3-limits with {name} on a unix socket, to a check", cost, None, cost / check, 200, at_least=True)
            finally:
                process.terminate()
                process.wait()


def main():
    folder = tempfile.mkdtemp(prefix="seki-bench-", dir="/dev/shm")
    try:
        table = Table()
        shop = seki.open(f"{folder}/python.seg", segment_size=64 << 20)
        check = calls(table, shop)
        middleware(table, shop)
        if not BRIEF:
            rivals(table, check)
    finally:
        shutil.rmtree(folder)
    return 1 if table.missed and not BRIEF else 0


if __name__ == "__main__":
    sys.exit(main())
