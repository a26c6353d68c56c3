"""nginx with the module under valgrind, over all that a request can come to: no error of memory, and nothing lost, with the module or libseki in its stack."""

import glob
import os
import re
import shutil
import signal
import socket
import unittest
import unittest.mock

import nginx_harness
from nginx_harness import NginxTest, eventually

PRIMITIVES = """
[limiter.ten]
limit = 10
window = "366d"
[limiter.gone]
limit = 1000
window = "366d"
[bulkhead.three]
max_concurrent = 3
[breaker.touchy]
window_size = 4
minimum_calls = 4
wait_duration = "10ms"
slow_call_duration = "30s"
"""
SERVER = r"""
location / { seki_limit gone "$uri x" cost=$arg_cost; seki_limit ten $arg_user; seki_bulkhead three; seki_breaker touchy; seki_headers ratelimit x-ratelimit;
    error_page 429 503 @page; proxy_pass http://backend; }
location @page { seki_limit gone $server_name; seki_breaker touchy; proxy_pass http://backend; }
location ~ ^/captured/(.+)$ { seki_limit ten $1; empty_gif; }
location /many { seki_limit ten $uri; seki_limit gone $uri; seki_limit a $uri; seki_limit b $uri; seki_limit c $uri; empty_gif; }
location /auth { auth_request /part; seki_limit gone $uri; empty_gif; }
location = /part { internal; seki_breaker touchy; rewrite ^ /status/200 break; proxy_pass http://backend; }
location /unbuffered { seki_bulkhead three; seki_breaker touchy; proxy_request_buffering off; proxy_http_version 1.1; proxy_pass http://backend; }
location /shadow { seki_shadow on; seki_limit ten $server_name; seki_bulkhead three; empty_gif; }
location /closed { seki_fail closed; seki_limit none $server_name; empty_gif; }
"""
# Or what is unloaded when leaks are looked for, as modules of nginx are.
MINE = re.compile(r"seki|: \?\?\?$", re.MULTILINE)


class UnderValgrind(nginx_harness.Nginx):
    def workers(self, master=None):
        """Those of the master that valgrind runs have its name."""
        return self.children(master) if "start worker processes" in self.log() else []


class Memory(NginxTest):
    limiters = PRIMITIVES + "".join(f'[limiter.{name}]\nlimit = 1000\nwindow = "1h"\n' for name in "abc")

    def begin(self):
        valgrind = shutil.which("valgrind")
        self.assertIsNotNone(valgrind, "there is no valgrind: tools/install-packages bindings")
        path = os.path.join(self.folder, "nginx-under-valgrind")
        options = "--leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite --num-callers=40"
        with open(path, "w", encoding="utf-8") as file:
            file.write(f'#!/bin/sh\nexec {valgrind} {options} --log-file={self.folder}/valgrind.%p {nginx_harness.NGINX} "$@"\n')
        os.chmod(path, 0o755)
        with unittest.mock.patch.object(nginx_harness, "NGINX", path):
            nginx = UnderValgrind(self.folder, self.config(SERVER, workers=1))
        self.addCleanup(nginx.stop)
        return nginx

    def ask(self, nginx):
        paths = ("/", "/?user=a", "/?user=a&cost=5", "/?cost=no", "/status/500", "/captured/one", "/many", "/auth", "/shadow", "/closed", "/plain")
        statuses = {nginx.get(path, {"X-Long": "x" * 3000}).status for path in 6 * paths}
        statuses |= {nginx.get("/unbuffered", method="POST", body=b"x" * 100000).status for _ in range(2)}
        statuses.add(nginx.get("/?user=" + "k" * 5000).status)
        return statuses

    def leave(self, nginx):
        """Clients that go in the middle of an upload, and while the backend has their request."""
        for begin in (b"POST /unbuffered HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nshort", b"GET /hold HTTP/1.1\r\nHost: a\r\n\r\n"):
            with socket.create_connection(("127.0.0.1", nginx.port)) as client:
                client.sendall(begin)
                eventually("held", lambda: self.sekid.one("bulkhead", "three")["in_use"] == 1)
            eventually("given back", lambda: self.sekid.one("bulkhead", "three")["in_use"] == 0)

    def blocks(self):
        """What valgrind says, a paragraph each, of each process that has ended by itself."""
        found = []
        for path in glob.glob(f"{self.folder}/valgrind.*"):
            with open(path, encoding="utf-8", errors="replace") as file:
                text = re.sub(r"^==\d+== ?", "", file.read(), flags=re.MULTILINE)
            self.assertIn("ERROR SUMMARY", text)
            found += text.split("\n\n")
        return found

    def test_no_request_and_no_reload_does_what_memory_does_not_allow(self):
        """Fails when a request reads what nobody wrote, what was freed or what is not its own, or a worker loses memory for good."""
        self.sekid = self.start_sekid()
        nginx = self.begin()
        eventually("it has attached", lambda: "seki: attached to" in nginx.log())
        statuses = self.ask(nginx)
        self.assertTrue({200, 429, 500, 503} <= statuses, statuses)
        self.leave(nginx)
        self.sekictl("delete", "limiter", "b")
        self.assertEqual(nginx.get("/many").status, 200)
        nginx.wait_log(r'limiter "b": segment \S+ has none of that name')
        nginx.reload()
        eventually("the next one has attached", lambda: nginx.log().count("seki: attached to") == 2)
        self.ask(nginx)
        self.sekid.stop()
        os.remove(self.segment)
        eventually("it is missed", lambda: nginx.get("/closed").status == 503 and "limit=unavailable" in nginx.accesses()[-1])
        self.ask(nginx)
        nginx.signal(signal.SIGQUIT)
        nginx.wait_end()
        blocks = self.blocks()
        self.assertEqual(len([block for block in blocks if "LEAK SUMMARY" in block or "All heap blocks were freed" in block]), 3)
        self.assertEqual([block for block in blocks if MINE.search(block) and "Command:" not in block], [])
        self.assert_no_crash(nginx)


if __name__ == "__main__":
    unittest.main()
