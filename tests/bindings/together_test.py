"""One segment, all at once: nginx in front, gunicorn's workers behind it, a C++ worker beside them and sekictl share one limiter and one breaker."""

import os
import shutil
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "nginx"))

from nginx_harness import DEADLINE, NginxTest, eventually  # noqa: E402
from sekid_harness import Worker  # noqa: E402

LIMIT = 400
PRIMITIVES = f"""
[limiter.api]
limit = {LIMIT}
window = "366d"
max_keys = 64
[breaker.payments]
window_size = 10
minimum_calls = 4
failure_threshold = 50
wait_duration = "1h"
"""
APPLICATION = """
import os
import seki

shop = seki.open(os.environ["SEKI_SEGMENT"])
api = shop.limiter("api")
payments = shop.breaker("payments")


def pay(broken):
    if broken:
        raise RuntimeError("no payment today")


def application(environ, start):
    path = environ["PATH_INFO"]
    status = "200 OK"
    try:
        if path == "/spend" and not api.check("alice"):
            status = "429 Too Many Requests"
        if path.startswith("/pay"):
            payments.call(pay, path == "/pay/broken")
    except seki.CircuitOpen:
        status = "503 Service Unavailable"
    except RuntimeError:
        status = "500 Internal Server Error"
    start(status, [("Content-Length", "0")])
    return []
"""
SERVER = """
location /limited { seki_limit api $arg_user; proxy_pass http://app; }
location /guarded { seki_breaker payments; proxy_pass http://app; }
location / { proxy_pass http://app; }
"""


class Together(NginxTest):
    def setUp(self):
        super().setUp()
        self.sekid = self.start_sekid(PRIMITIVES)
        socket = self.start_gunicorn()
        self.nginx = self.attached(SERVER, http=f"upstream app {{ server unix:{socket}; }}")
        eventually("gunicorn answers", lambda: self.nginx.get("/").status == 200)
        self.worker = Worker(self.segment)
        self.addCleanup(self.worker.kill)

    def start_gunicorn(self):
        with open(os.path.join(self.folder, "app.py"), "w", encoding="utf-8") as file:
            file.write(APPLICATION)
        socket = os.path.join(self.folder, "app.sock")
        command = [shutil.which("gunicorn"), "--bind", f"unix:{socket}", "--workers", "4", "app:application"]
        with open(os.path.join(self.folder, "gunicorn.log"), "w", encoding="utf-8") as log:
            server = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log, env={**os.environ, "SEKI_SEGMENT": self.segment})
        self.addCleanup(server.wait, DEADLINE)
        self.addCleanup(server.terminate)
        return socket

    def state(self):
        return self.sekid.one("breaker", "payments")["state"]

    def test_one_limit_is_spent_by_all_of_them(self):
        """Fails when any of them has a count of its own: together they are allowed more than the limit, or less."""
        allowed = {}
        all_had_one = threading.Barrier(4, timeout=DEADLINE)  # else the quickest may have had all of it before the slowest asks

        def count(who, ask):
            allowed[who] = int(ask())
            all_had_one.wait()
            for _ in range(LIMIT):
                if not ask():
                    break
                allowed[who] += 1

        def by_sekictl():
            done = subprocess.run([os.environ["SEKICTL"], "--segment", self.segment, "check", "api", "alice"], capture_output=True, timeout=DEADLINE)
            return done.returncode == 0

        asks = {
            "nginx": lambda: self.nginx.get("/limited?user=alice").status == 200,
            "gunicorn": lambda: self.nginx.get("/spend").status == 200,
            "a C++ worker": lambda: self.worker("repeat 1 api alice") == "allowed 1",
            "sekictl": by_sekictl,
        }
        threads = [threading.Thread(target=count, args=each) for each in asks.items()]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        self.assertEqual(sum(allowed.values()), LIMIT, allowed)
        self.assertTrue(all(allowed.values()), allowed)
        self.assertEqual(self.sekid.limiter("api")["counters"]["allow"], LIMIT)
        self.assertEqual(self.nginx.get("/limited?user=alice").status, 429)

    def test_one_breaker_is_tripped_for_all_of_them(self):
        """Fails when what one of them finds broken is asked by another, or an operator's word does not reach them all."""
        self.assertEqual([self.nginx.get("/pay/broken").status for _ in range(3)], [500] * 3)
        self.assertEqual(self.state(), "closed")
        self.assertEqual(self.worker("call payments error 1"), "called 1")
        self.assertEqual(self.state(), "open")
        for path in ("/pay", "/guarded/x"):
            self.assertEqual(self.nginx.get(path).status, 503, path)
        self.assertEqual(self.worker("call payments ok 1"), "called 0")
        self.sekictl("breaker", "payments", "reset")
        for path in ("/pay", "/guarded/x"):
            self.assertEqual(self.nginx.get(path).status, 200, path)
        self.assertEqual(self.worker("call payments ok 1"), "called 1")


if __name__ == "__main__":
    unittest.main(verbosity=2)
