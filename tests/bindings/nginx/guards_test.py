"""Bulkheads and breakers: held, given back and told, however a request ends."""

import contextlib
import os
import signal
import socket
import subprocess
import threading
import unittest

from nginx_harness import DEADLINE, Nginx, NginxTest, eventually

PRIMITIVES = """
[bulkhead.three]
max_concurrent = 3
[bulkhead.one]
max_concurrent = 1
[breaker.touchy]
window_size = 4
minimum_calls = 4
failure_threshold = 50
wait_duration = "366d"
slow_call_duration = "300ms"
[breaker.patient]
window_size = 4
minimum_calls = 4
failure_threshold = 50
wait_duration = "10ms"
half_open_requests = 1
[limiter.thousand]
limit = 1000
window = "366d"
"""

UNBUFFERED = ("location / { proxy_request_buffering off; proxy_http_version 1.1; client_body_timeout 1s; client_max_body_size 32; seki_breaker touchy;"
              "proxy_pass http://backend; }")


class Guards(NginxTest):
    limiters = PRIMITIVES

    def setUp(self):
        super().setUp()
        self.sekid = self.start_sekid()

    def in_use(self, name="three"):
        return self.sekid.one("bulkhead", name)["in_use"]

    def calls(self, name="touchy"):
        breaker = self.sekid.one("breaker", name)
        return breaker["window"]["calls"], breaker["window"]["errors"], breaker["window"]["slow"]

    @contextlib.contextmanager
    def held(self, nginx, path="/hold", times=3, bulkhead="three"):
        """So many requests that are with the backend."""
        connections = [nginx.connection() for _ in range(times)]
        for connection in connections:
            connection.request("GET", path)
        eventually("they are there", lambda: self.in_use(bulkhead) == times and self.backend.asked >= times)
        yield connections
        for connection in connections:
            connection.close()


class Bulkheads(Guards):
    SERVER = "location / { seki_bulkhead three; proxy_pass http://backend; } location = /gif { seki_bulkhead three; empty_gif; }"

    def test_a_permit_is_held_for_the_life_of_a_request_over_all_workers(self):
        """Fails when each worker has permits of its own, more pass than may, or a permit is kept or given back early."""
        nginx = self.attached(self.SERVER)
        with self.held(nginx) as connections:
            refused = [nginx.get("/") for _ in range(8)]
            self.assertEqual([(r.status, r["Retry-After"]) for r in refused], [(503, None)] * 8)
            self.backend.let_go.set()
            self.assertEqual([connection.getresponse().status for connection in connections], [200] * 3)
            eventually("given back", lambda: self.in_use() == 0)
        for _ in range(20):
            self.assertEqual(nginx.get("/gif").status, 200)
            eventually("given back", lambda: self.in_use() == 0)
        self.assertIn("bulkhead=refused", "".join(nginx.accesses(11)))
        self.assertIn("by=three", "".join(nginx.accesses(11)))

    def test_it_is_given_back_when_the_client_goes(self):
        """Fails when the permit of a request that nobody waits for any more is kept."""
        nginx = self.attached(self.SERVER)
        with self.held(nginx) as connections:
            for connection in connections:
                connection.close()
            eventually("given back", lambda: self.in_use() == 0)

    def test_it_is_given_back_after_errors_and_redirections(self):
        """Fails when a request that ends by an error, or after a redirection inside nginx, keeps a permit or takes two."""
        with socket.create_server(("127.0.0.1", 0)) as nobody:
            dead = nobody.getsockname()[1]
        nginx = self.attached(f"seki_bulkhead one; error_page 502 403 = @page; root {self.folder};"
                              f"location /dead {{ proxy_pass http://127.0.0.1:{dead}; }}"
                              "location /denied { deny all; } location @page { proxy_pass http://backend; }"
                              "location /try { try_files /none /none2 @page; } location /big { client_max_body_size 1; proxy_pass http://backend; }")
        for path in 3 * ("/dead", "/denied", "/try"):
            self.assertEqual(nginx.get(path).status, 200, path)
            eventually("given back", lambda: self.in_use("one") == 0)  # a client has its answer a little earlier
        self.assertEqual(nginx.get("/big", method="POST", body=b"xx").status, 413)
        with socket.create_connection(("127.0.0.1", nginx.port)) as broken:
            broken.sendall(b"POST /try HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nshort")
            eventually("held", lambda: self.in_use("one") == 1)
        eventually("given back", lambda: self.in_use("one") == 0)
        self.assert_no_crash(nginx)

    def test_shadow_and_other_statuses(self):
        """Fails when a bulkhead that is only watched refuses, or a refusal has another status than it should."""
        nginx = self.attached("location /hold { seki_bulkhead one; proxy_pass http://backend; }"
                              "location /a { seki_bulkhead one; seki_bulkhead_status 429; empty_gif; }"
                              "location /b { seki_bulkhead one; seki_shadow on; empty_gif; }")
        with self.held(nginx, times=1, bulkhead="one"):
            self.assertEqual((nginx.get("/a").status, nginx.get("/b").status), (429, 200))
        self.assertIn("bulkhead=shadow", "".join(nginx.accesses(2)))

    def test_a_limit_that_is_only_watched_says_nothing_of_what_refuses_later(self):
        """Fails when a client that a bulkhead refuses, behind a redirection inside nginx, is told the time of a limit that refused nobody."""
        self.sekictl("create", "limiter", "few", "--limit", "1", "--window", "366d")
        nginx = self.attached(f"location /hold {{ seki_bulkhead one; proxy_pass http://backend; }} root {self.folder};"
                              "location / { seki_limit few $server_name; seki_shadow on; try_files /none @full; }"
                              "location @full { seki_bulkhead one; seki_headers ratelimit x-ratelimit; empty_gif; }", workers=1)
        self.assertEqual(nginx.statuses("/", 2), [200, 200])
        with self.held(nginx, times=1, bulkhead="one"):
            refused = nginx.get("/")
        self.assertEqual((refused.status, refused["Retry-After"], refused["RateLimit"]), (503, None, None))
        said = [line.split()[2:] for line in nginx.accesses(3)[:3]]
        self.assertEqual([words[:2] for words in said], [["limit=passed", "bulkhead=passed"], ["limit=shadow", "bulkhead=passed"], ["limit=shadow", "bulkhead=refused"]])
        self.assertEqual([(words[4], words[6]) for words in said], [("by=-", "retry=-")] * 2 + [("by=one", "retry=-")])

    def test_what_was_denied_where_it_is_only_watched_is_asked_anew_where_it_is_not(self):
        """Fails when a location that refuses takes the denial of one that does not for its own answer and lets it pass, or what was allowed is charged twice."""
        self.sekictl("create", "limiter", "few", "--limit", "1", "--window", "366d")
        few, thousand = (f"seki_limit {name} $server_name;" for name in ("few", "thousand"))
        nginx = self.attached(f"root {self.folder}; location @few {{ {few} empty_gif; }} location @thousand {{ {thousand} empty_gif; }}"
                              f"location @both {{ {thousand} {few} empty_gif; }} location /few {{ {few} seki_shadow on; try_files /none @few; }}"
                              f"location / {{ {few} {thousand} seki_shadow on; try_files /none @thousand; }}"
                              f"location /charged {{ {thousand} try_files /none /watched; }} location /watched {{ {thousand} {few} seki_shadow on; try_files /none @both; }}", workers=1)
        self.assertEqual(nginx.statuses("/few", 3), [200, 429, 429])
        self.assertEqual(nginx.statuses("/", 2), [200, 200])
        self.assertEqual(nginx.statuses("/charged", 1) + nginx.statuses("/", 1), [429, 200])
        said = [dict(word.split("=") for word in line.split()[2:]) for line in nginx.accesses(7)[:7]]
        self.assertEqual([each["by"] for each in said], ["-", "few", "few", "-", "-", "few", "-"])
        self.assertEqual([said[number]["remaining"] for number in (3, 4, 6)], ["999", "998", "996"])

    def test_what_a_limit_refuses_takes_no_permit(self):
        """Fails when an outer guard's refusal costs an inner one something."""
        self.sekictl("create", "limiter", "none", "--limit", "1", "--window", "366d")
        nginx = self.attached("location / { seki_limit none $server_name; seki_bulkhead three; seki_breaker touchy; proxy_pass http://backend; }")
        self.assertEqual(nginx.statuses("/", 5), [200] + [429] * 4)
        self.assertEqual(self.sekid.one("bulkhead", "three")["counters"]["acquired"], 1)
        eventually("told", lambda: self.calls() == (1, 0, 0))


class Breakers(Guards):
    SERVER = ("location / { seki_breaker touchy; proxy_pass http://backend; } location /own { seki_breaker touchy errors=404,429; proxy_pass http://backend/status/404; }"
              "location = /gif { seki_breaker touchy; empty_gif; } location /denied { seki_breaker touchy; deny all; }")

    def test_it_opens_by_statuses_of_the_upstream_for_all_workers(self):
        """Fails when statuses are not counted as they should be, a worker does not know, or the backend is asked all the same."""
        nginx = self.attached(self.SERVER)
        self.assertEqual(nginx.statuses("/status/404", 2) + nginx.statuses("/status/501", 1), [404, 404, 501])
        self.assertEqual(self.calls(), (3, 0, 0))
        self.assertEqual([nginx.get(f"/status/{status}").status for status in (500, 503)], [500, 503])
        asked = self.backend.asked
        refused = [nginx.get("/") for _ in range(8)]
        self.assertEqual([r.status for r in refused], [503] * 8)
        self.assertGreater(int(refused[0]["Retry-After"]), 365 * 86400)
        self.assertEqual(self.backend.asked, asked)
        lines = nginx.accesses(13)
        self.assertIn("breaker=passed outcome=error", lines[3])
        self.assertIn("breaker=refused outcome=- by=touchy", lines[12])

    def test_an_operator_holds_it_open_without_an_end(self):
        """Fails when a client is told a time that nobody knows."""
        nginx = self.attached(self.SERVER)
        self.sekictl("breaker", "touchy", "open")
        refused = nginx.get("/")
        self.assertEqual((refused.status, refused["Retry-After"]), (503, None))

    def test_which_statuses_are_errors(self):
        """Fails when those that are named are not, or others are too."""
        nginx = self.attached(self.SERVER)
        nginx.statuses("/own", 2)
        self.assertEqual(self.calls(), (2, 2, 0))

    def test_an_upstream_that_is_not_there_is_an_error(self):
        """Fails when only answers count."""
        with socket.create_server(("127.0.0.1", 0)) as nobody:
            dead = nobody.getsockname()[1]
        nginx = self.attached(f"location / {{ seki_breaker touchy; proxy_pass http://127.0.0.1:{dead}; }}")
        self.assertEqual(nginx.statuses("/", 5), [502] * 4 + [503])

    def test_what_did_not_come_from_the_upstream_counts_for_nothing(self):
        """Fails when a file or a refusal of nginx's own is taken for an answer of the upstream, or keeps the place of a probe."""
        nginx = self.attached(self.SERVER)
        self.assertEqual(nginx.statuses("/gif", 3) + nginx.statuses("/denied", 3), [200] * 3 + [403] * 3)
        self.assertEqual(self.calls(), (0, 0, 0))
        self.assertIn("breaker=passed outcome=ignored", nginx.accesses(6)[5])

    def test_it_closes_by_probes(self):
        """Fails when a probe is not let in, not judged, or its place is lost."""
        nginx = self.attached("location / { seki_breaker patient; proxy_pass http://backend; } location = /gif { seki_breaker patient; empty_gif; }")
        nginx.statuses("/status/500", 4)
        eventually("half open", lambda: nginx.get("/gif").status == 200)
        eventually("closed", lambda: nginx.get("/").status == 200)
        self.assertEqual(nginx.statuses("/", 8), [200] * 8)

    def test_a_slow_upstream_is_slow(self):
        """Fails when the time of the upstream is not counted."""
        nginx = self.attached(self.SERVER)
        threading.Timer(0.4, self.backend.let_go.set).start()
        self.assertEqual(nginx.get("/hold").status, 200)
        self.assertEqual(self.calls(), (1, 0, 1))
        self.assertIn("outcome=ok", nginx.accesses(1)[0])

    def test_a_slow_client_is_not_a_slow_upstream(self):
        """Fails when the time in which a client sends its request counts as the upstream's."""
        nginx = self.attached(self.SERVER)
        with socket.create_connection(("127.0.0.1", nginx.port)) as client:
            client.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 6\r\n\r\nabc")
            self.assertFalse(threading.Event().wait(0.5))  # longer than slow_call_duration
            client.sendall(b"def")
            client.settimeout(DEADLINE)
            self.assertTrue(client.recv(100).startswith(b"HTTP/1.1 200"))
        self.assertEqual(self.calls(), (1, 0, 0))

    def test_a_client_that_gives_up_says_nothing_unless_it_waited_long(self):
        """Fails when a client that leaves at once opens a breaker, or an upstream that hangs hides behind clients that give up."""
        nginx = self.attached(self.SERVER)
        for waited, calls in ((0.0, (0, 0, 0)), (0.4, (1, 0, 1))):
            asked = self.backend.asked
            connection = nginx.connection()
            connection.request("GET", "/hold")
            eventually("asked", lambda before=asked: self.backend.asked > before)
            threading.Event().wait(waited)
            connection.close()
            eventually("told", lambda: len([line for line in nginx.accesses() if line.startswith("499")]) == (1 if waited == 0 else 2))
            eventually("counted", lambda wanted=calls: self.calls() == wanted)

    def wait_long(self):
        """Longer than slow_call_duration."""
        self.assertFalse(threading.Event().wait(0.4))

    def upload(self, nginx, *parts, path="/", head="Content-Length: 6", between=lambda: None, whole=True):
        """What is answered to a request whose body comes in parts; between() is called after each."""
        with socket.create_connection(("127.0.0.1", nginx.port)) as client:
            client.settimeout(DEADLINE)
            client.sendall(f"POST {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{head}\r\n\r\n".encode())
            for part in parts:
                client.sendall(part)
                between()
            return client.recv(100)[9:12] if whole else b""

    def test_a_slow_client_is_no_slow_upstream_where_requests_are_not_buffered(self):
        """Fails when the upload counts as the upstream's time, or the time after it does not."""
        nginx = self.attached(UNBUFFERED)
        self.assertEqual(self.upload(nginx, b"abc", b"def", between=self.wait_long), b"200")
        self.assertEqual(self.calls(), (1, 0, 0))

        def answer_late():
            self.wait_long()
            self.backend.let_go.set()

        # A body that comes with the header is buffered after all.
        steps = iter((self.wait_long, answer_late))
        self.assertEqual(self.upload(nginx, b"abc", b"def", path="/hold", between=lambda: next(steps)()), b"200")
        self.assertEqual(self.calls(), (2, 0, 1))

    def test_what_is_answered_because_of_the_client_says_nothing_of_the_upstream(self):
        """Fails when nginx's own 400, 408, 413 or 499 in the middle of an upload count as answers of an upstream, which may hang, or as slow ones."""
        connections = []
        with socket.create_server(("127.0.0.1", 0)) as hangs:
            hangs.settimeout(DEADLINE)
            nginx = self.attached(UNBUFFERED.replace("http://backend", f"http://127.0.0.1:{hangs.getsockname()[1]}"))

            def until_it_is_handed_on():
                if len(connections) <= len(nginx.accesses()):
                    connections.append(hangs.accept()[0])

            chunked = {"head": "Transfer-Encoding: chunked", "between": until_it_is_handed_on}
            self.assertEqual(self.upload(nginx, b"1\r\na\r\n", b"zz\r\n", **chunked), b"400")
            nginx.accesses(1)
            self.assertEqual(self.upload(nginx, b"1\r\na\r\n", b"40\r\n" + b"b" * 64, **chunked), b"413")
            self.assertEqual(self.upload(nginx, b"abc"), b"")  # 408 is for the log: nginx hangs up
            self.upload(nginx, b"abc", between=self.wait_long, whole=False)
            nginx.accesses(4)
        for connection in connections:
            connection.close()
        self.assertEqual([line.partition("outcome=")[2].split()[0] for line in nginx.accesses(4)], ["ignored"] * 4)
        self.assertEqual(self.calls(), (0, 0, 0))

    def test_an_upload_to_grpc_is_not_the_time_of_the_upstream(self):
        """Fails when a client that streams slowly makes a breaker open."""
        grpc = f"{self.folder}/h2.sock"
        config = self.config(f"location / {{ seki_breaker touchy; grpc_pass grpc://unix:{grpc}; }}",
                             http=f"server {{ listen unix:{grpc} http2; location / {{ proxy_pass http://backend; }} }}")
        nginx = Nginx(self.folder, config.replace("backlog=1024;", "backlog=1024 http2;"))
        self.addCleanup(nginx.stop)
        eventually("all have attached", lambda: nginx.log().count("seki: attached to") >= 2)
        with subprocess.Popen(["curl", "-sS", "-o", os.devnull, "-w", "%{http_code}", "--http2-prior-knowledge", "-X", "POST", "-H", "Expect:", "-T", "-",
                               f"http://127.0.0.1:{nginx.port}/"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as curl:
            for _ in range(2):
                curl.stdin.write(b"abc")
                curl.stdin.flush()
                self.wait_long()
            self.assertEqual(curl.communicate(timeout=DEADLINE)[0], b"200")
        eventually("told", lambda: self.calls()[0] == 1)
        self.assertEqual(self.calls(), (1, 0, 0))

    def test_redirections_are_told_of_the_location_that_asked(self):
        """Fails when the error of one upstream is taken for another's, or is lost behind an error page."""
        nginx = self.attached("location / { seki_breaker touchy; proxy_intercept_errors on; error_page 500 = @page; proxy_pass http://backend; }"
                              "location @page { proxy_pass http://backend/status/200; } location @other { seki_breaker patient; rewrite ^ /status/200 break; proxy_pass http://backend; }"
                              "location /status/502 { seki_breaker touchy; proxy_intercept_errors on; error_page 502 = @other; proxy_pass http://backend; }"
                              .replace("proxy_pass http://backend/status/200", "rewrite ^ /status/200 break; proxy_pass http://backend"))
        self.assertEqual(nginx.get("/status/500").status, 200)
        self.assertEqual(self.calls(), (1, 1, 0))
        self.assertEqual(nginx.get("/status/502").status, 200)
        self.assertEqual((self.calls(), self.calls("patient")), ((2, 2, 0), (1, 0, 0)))

    def test_shadow(self):
        """Fails when a breaker that is only watched refuses, or is not told."""
        nginx = self.attached("seki_shadow on;" + self.SERVER)
        self.assertEqual(nginx.statuses("/status/500", 6), [500] * 6)
        self.assertIn("breaker=shadow", nginx.accesses(6)[5])


class Deaths(Guards):
    workers = 1

    def test_the_permits_of_a_killed_worker_come_back(self):
        """Fails when a permit, or the place of a probe, is lost with its worker."""
        nginx = self.attached(Bulkheads.SERVER)
        with self.held(nginx):
            (worker,) = nginx.workers()
            os.kill(worker, signal.SIGKILL)
            eventually("reclaimed", lambda: self.in_use() == 0)
        eventually("another works", lambda: nginx.workers() not in ([], [worker]))
        self.assertEqual(nginx.get("/gif").status, 200)
        self.assert_no_crash(nginx, killed=1)

    def test_they_come_back_without_sekid_too(self):
        """Fails when only sekid looks for the dead."""
        nginx = self.attached(Bulkheads.SERVER, workers=2)
        with self.held(nginx):
            self.sekid.stop()
            for worker in nginx.workers():
                os.kill(worker, signal.SIGKILL)
        eventually("reclaimed", lambda: nginx.get("/gif").status == 200)


if __name__ == "__main__":
    unittest.main()
