"""Many requests on one connection, at once (HTTP/2) and one behind the other (pipelined): each is asked, and holds what it holds, for itself."""

import collections
import contextlib
import os
import socket
import subprocess
import unittest

from nginx_harness import DEADLINE, Nginx, NginxTest, certificate, eventually

PRIMITIVES = """
[limiter.hundred]
limit = 100
window = "366d"
[bulkhead.three]
max_concurrent = 3
[bulkhead.one]
max_concurrent = 1
"""


class Connections(NginxTest):
    limiters = PRIMITIVES

    def setUp(self):
        super().setUp()
        self.sekid = self.start_sekid()

    def in_use(self, name):
        return self.sekid.one("bulkhead", name)["in_use"]


class Http2(Connections):
    """Over TLS: without (--http2-prior-knowledge) curl 7.88 makes an error of all streams but the first."""

    SERVER = ("location /limited/ { seki_limit hundred $server_name; empty_gif; }"
              "location /held/ { seki_bulkhead three; rewrite ^ /hold break; proxy_pass http://backend; }")

    def http2(self):
        cert, key = certificate(self.folder, "nginx")
        tls = f"backlog=1024 ssl http2; ssl_certificate {cert}; ssl_certificate_key {key};"
        nginx = Nginx(self.folder, self.config(self.SERVER).replace("backlog=1024;", tls))
        self.addCleanup(nginx.stop)
        eventually("all have attached", lambda: nginx.log().count("seki: attached to") >= self.workers)
        return nginx

    @contextlib.contextmanager
    def streams(self, nginx, path, times):
        """So many requests at once on one connection."""
        urls = f"https://127.0.0.1:{nginx.port}{path}[1-{times}]"
        with subprocess.Popen(["curl", "-sk", "--http2", "--parallel", "--parallel-max", str(times), "-o", os.devnull, "-w", "%{http_version} %{http_code} %{num_connects}\n", urls],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as curl:
            try:
                yield curl
            finally:
                curl.kill()

    def answers(self, curl):
        """How often each status came, once all have; of HTTP/2, and of one connection."""
        lines = [line.split() for line in curl.communicate(timeout=DEADLINE)[0].splitlines()]
        self.assertEqual(({version for version, _, _ in lines}, sum(int(made) for _, _, made in lines)), ({"2"}, 1))
        return collections.Counter(int(status) for _, status, _ in lines)

    def test_a_limit_is_exact_over_streams(self):
        """Fails when streams of a connection are one request, or one of them is let through or refused twice."""
        nginx = self.http2()
        with self.streams(nginx, "/limited/", 90) as one, self.streams(nginx, "/limited/", 90) as other:
            self.assertEqual(self.answers(one) + self.answers(other), {200: 100, 429: 80})
        self.assertEqual(sum("limit=passed" in line for line in nginx.accesses(180)), 100)
        self.assert_no_crash(nginx)

    def test_each_stream_holds_a_permit(self):
        """Fails when a connection has one permit for all of its streams, or one that ends gives back another's."""
        nginx = self.http2()
        with self.streams(nginx, "/held/", 8) as curl:
            eventually("three are with the backend, and the others are refused", lambda: self.backend.asked == 3 and len(nginx.accesses()) == 5)
            self.assertEqual(self.in_use("three"), 3)
            self.backend.let_go.set()
            self.assertEqual(self.answers(curl), {200: 3, 503: 5})
        eventually("given back", lambda: self.in_use("three") == 0)
        self.assert_no_crash(nginx)

    def test_streams_of_a_connection_that_is_lost_give_back(self):
        """Fails when only the first stream ends with its connection."""
        nginx = self.http2()
        with self.streams(nginx, "/held/", 3) as curl:
            eventually("they are with the backend", lambda: self.backend.asked == 3)
            self.assertEqual(self.in_use("three"), 3)
            curl.kill()
            eventually("given back", lambda: self.in_use("three") == 0)
        self.assert_no_crash(nginx)


class Pipelined(Connections):
    def statuses_of(self, client):
        """In the order in which they come, until nginx hangs up."""
        client.settimeout(DEADLINE)
        answered = b"".join(iter(lambda: client.recv(65536), b""))
        return [int(each.split()[0]) for each in answered.split(b"HTTP/1.1 ")[1:]]

    def requests(self, path, times):
        each = b"GET %s HTTP/1.1\r\nHost: tested\r\n%s\r\n"
        return each % (path, b"") * (times - 1) + each % (path, b"Connection: close\r\n")

    def test_one_behind_the_other(self):
        """Fails when what was sent together is one request, or the next one begins before the permit of the last is back."""
        nginx = self.attached("location / { seki_limit hundred $server_name; seki_bulkhead one; empty_gif; }", workers=1)
        with socket.create_connection(("127.0.0.1", nginx.port)) as client:
            client.sendall(self.requests(b"/", 150))
            self.assertEqual(self.statuses_of(client), [200] * 100 + [429] * 50)
        eventually("given back", lambda: self.in_use("one") == 0)
        self.assertEqual(self.sekid.one("bulkhead", "one")["counters"]["acquired"], 100)
        self.assert_no_crash(nginx)

    def test_who_waits_behind_another_holds_nothing(self):
        """Fails when a request that nginx has not begun with holds a permit, or is refused because of the one before it."""
        nginx = self.attached("location / { seki_bulkhead three; proxy_pass http://backend/hold; }", workers=1)
        with socket.create_connection(("127.0.0.1", nginx.port)) as client:
            client.sendall(self.requests(b"/", 5))
            eventually("the first is with the backend", lambda: self.backend.asked == 1)
            self.assertEqual(self.in_use("three"), 1)
            self.backend.let_go.set()
            self.assertEqual(self.statuses_of(client), [200] * 5)
        eventually("given back", lambda: self.in_use("three") == 0)
        self.assert_no_crash(nginx)


if __name__ == "__main__":
    unittest.main()
