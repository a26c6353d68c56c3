"""The application that the tests of servers run: one of each kind, on the segment that $SEKI_SEGMENT names."""

import os
import time
from urllib.parse import parse_qs

import seki

shop = seki.open(os.environ["SEKI_SEGMENT"])
api = shop.limiter("api", limit=200, window="1d")
bank = shop.breaker("bank", window_size=20, minimum_calls=10, wait_duration="1h")
database = shop.bulkhead("database", max_concurrent=3)
OPENED_BY = os.getpid()


class Broken(Exception):
    pass


def charge():
    raise Broken


def answer(path, query):
    if path == "/who":
        return 200, f"{os.getpid()} {OPENED_BY}"
    if path == "/check":
        return (200 if api.check(query["key"][0]) else 429), str(os.getpid())
    if path == "/pay":
        try:
            bank.call(charge)
        except Broken:
            return 502, "called"
        except seki.CircuitOpen:
            return 503, "refused"
    if path == "/hold":  # until there is that file
        with database.acquire(timeout="60s"):
            most = database.status.in_use
            while not os.path.exists(query["until"][0]):
                time.sleep(0.002)
        return 200, str(most)
    return 404, path


def application(environ, start_response):
    status, text = answer(environ["PATH_INFO"], parse_qs(environ["QUERY_STRING"]))
    start_response(f"{status} Is", [("Content-Type", "text/plain")])
    return [text.encode()]
