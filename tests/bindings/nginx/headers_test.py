"""What clients are told: every field and its value, what is silent, and what logs can say."""

import json
import math
import os
import re
import signal
import subprocess
import time
import unittest

from nginx_harness import NginxTest, eventually

LIMITERS = """
[limiter.hourly]
limit = 6
window = "1h"
[limiter.bursty]
limit = 10
window = "1500ms"
burst = 25
[limiter.fixed]
algorithm = "fixed_window"
limit = 2
window = "366d"
[limiter.shadow]
limit = 1
window = "366d"
mode = "shadow"
[limiter.idle]
limit = 1
window = "366d"
mode = "off"
"""


class Headers(NginxTest):
    limiters = LIMITERS
    workers = 1

    def setUp(self):
        super().setUp()
        self.sekid = self.start_sekid()

    def assert_seconds(self, said, exact, since):
        """Whole seconds, rounded up, of a time that has gone on since then."""
        self.assertLessEqual(int(said), exact)
        self.assertGreaterEqual(int(said), math.ceil(exact - (time.monotonic() - since)))

    def test_fields_of_the_draft(self):
        """Fails when RateLimit or RateLimit-Policy is not the structured field that the draft describes, or a number in it is another."""
        nginx = self.attached("location / { seki_limit hourly $server_name; empty_gif; }")
        since = time.monotonic()
        for left in range(5, -1, -1):
            answer = nginx.get("/")
            self.assertEqual(answer.status, 200)
            self.assertEqual(answer["RateLimit-Policy"], '"hourly";q=6;w=3600')
            item, remaining, reset = answer["RateLimit"].split(";")
            self.assertEqual((item, remaining), ('"hourly"', f"r={left}"))
            self.assert_seconds(reset.removeprefix("t="), (6 - left) * 600, since)
            self.assertIsNone(answer["Retry-After"])
            self.assertIsNone(answer["X-RateLimit-Limit"])
        denied = nginx.get("/")
        self.assertEqual(denied.status, 429)
        self.assert_seconds(denied["Retry-After"], 600, since)
        self.assertEqual(denied["RateLimit"], f'"hourly";r=0;t={denied["Retry-After"]}')
        self.assertEqual(denied["RateLimit-Policy"], '"hourly";q=6;w=3600')

    def test_what_another_location_answers_instead_is_no_refusal(self):
        """Fails when a good answer says when to come back, or an error page with the refusal's status does not."""
        nginx = self.attached("location / { seki_limit fixed $uri; error_page 429 = @instead; empty_gif; } location @instead { return 200 instead; }"
                              "location /page { seki_limit fixed $uri; error_page 429 /busy; empty_gif; } location = /busy { internal; empty_gif; }")
        for path, last in (("/", (200, None)), ("/page", (429, True))):
            self.assertEqual(nginx.statuses(path, 2), [200] * 2)
            answer = nginx.get(path)
            self.assertEqual((answer.status, answer["Retry-After"] and True), last)

    def test_x_fields(self):
        """Fails when one is missing, or told without being asked for, or its number is another."""
        nginx = self.attached("location /x { seki_limit hourly $uri; seki_headers x-ratelimit; empty_gif; }"
                              "location /both { seki_limit hourly $uri; seki_headers ratelimit x-ratelimit; empty_gif; }"
                              "location /off { seki_limit hourly $uri; seki_headers off; empty_gif; }")
        since = time.monotonic()
        answers = [nginx.get("/x") for _ in range(7)]
        for used, answer in enumerate(answers, 1):
            self.assertEqual((answer["X-RateLimit-Limit"], answer["X-RateLimit-Remaining"]), ("6", str(max(0, 6 - used))))
            self.assert_seconds(answer["X-RateLimit-Reset"], used * 600 if used < 7 else 600, since)
            self.assertIsNone(answer["RateLimit"])
        self.assertEqual((answers[6].status, answers[6]["Retry-After"]), (429, answers[6]["X-RateLimit-Reset"]))
        both = nginx.get("/both")
        self.assertEqual((both["X-RateLimit-Limit"], both["RateLimit"].split(";t=")[0]), ("6", '"hourly";r=5'))
        silent = [nginx.get("/off") for _ in range(7)][6]
        names = [name.lower() for name in silent.headers]
        self.assertEqual((silent.status, [name for name in names if "ratelimit" in name]), (429, []))
        self.assertTrue(silent["Retry-After"])

    def test_policies(self):
        """Fails when a burst is told as the quota of the window, or a window that is no whole number of seconds as a shorter one."""
        nginx = self.attached("location / { seki_limit bursty $server_name; seki_limit fixed $server_name; empty_gif; }")
        answer = nginx.get("/")
        self.assertEqual(answer["RateLimit-Policy"], '"bursty";q=10;w=2;seki-burst=25, "fixed";q=2;w=31622400')
        self.assertEqual([item.split(";t=")[0] for item in answer["RateLimit"].split(", ")], ['"bursty";r=24', '"fixed";r=1'])

    def test_retry_after_is_rounded_up(self):
        """Fails when who comes back after Retry-After is denied again, or is sent away for 0 seconds."""
        self.sekictl("create", "limiter", "second", "--limit", "1", "--window", "1s")
        nginx = self.attached("location / { seki_limit second $server_name; empty_gif; }")
        self.assertEqual(nginx.get("/").status, 200)
        denied = nginx.get("/")
        self.assertEqual((denied.status, denied["Retry-After"]), (429, "1"))

    def test_a_change_of_the_limiter_is_told(self):
        """Fails when clients are told for ever what the limiter was when the worker began."""
        nginx = self.attached("location / { seki_limit hourly $server_name; empty_gif; }")
        self.assertEqual(nginx.get("/")["RateLimit-Policy"], '"hourly";q=6;w=3600')
        self.sekictl("set", "limiter", "hourly", "limit", "60")
        eventually("told", lambda: nginx.get("/")["RateLimit-Policy"] == '"hourly";q=60;w=3600')

    def test_shadow_refuses_nobody_and_tells_clients_nothing(self):
        """Fails when a limiter or a location that only watches is noticed by a client, or is not seen in logs and counts."""
        nginx = self.attached("location /limiter { seki_limit shadow $server_name; empty_gif; }"
                              "location /mode { seki_limit idle $server_name; empty_gif; }"
                              "location /location { seki_limit fixed $server_name; seki_shadow on; empty_gif; }")
        answers = [nginx.get(path) for path in ("/limiter", "/mode", "/location") for _ in range(4)]
        self.assertEqual([answer.status for answer in answers], [200] * 12)
        told = {name for answer in answers for name in answer.headers if "atelimit" in name.lower() or name == "Retry-After"}
        self.assertEqual(told, set())
        said = [line.split()[2] for line in nginx.accesses(12)]
        self.assertEqual(said, ["limit=passed", *["limit=shadow"] * 3, *["limit=passed"] * 4, *["limit=passed"] * 2, *["limit=shadow"] * 2])
        nginx.wait_log(r'limiter "fixed" would refuse')
        counters = json.loads(self.sekictl("show", "limiter", "shadow", "--json"))
        self.assertIn('"shadow_deny": 3', json.dumps(counters))

    def test_variables(self):
        """Fails when a log cannot say what came of a request, by what, what is left and for how long."""
        nginx = self.attached("location / { seki_limit fixed $server_name; empty_gif; }")
        nginx.statuses("/", 3)
        nginx.get("/plain")
        lines = [line.split() for line in nginx.accesses(4)]
        self.assertEqual(lines[0], ["200", "/", "limit=passed", "bulkhead=-", "breaker=-", "outcome=-", "by=-", "remaining=1", "retry=-"])
        self.assertEqual(lines[2][:8], ["429", "/", "limit=refused", "bulkhead=-", "breaker=-", "outcome=-", "by=fixed", "remaining=0"])
        self.assertRegex(lines[2][8], r"^retry=\d+\.\d{3}$")
        self.assertEqual(lines[3][2:], ["limit=-", "bulkhead=-", "breaker=-", "outcome=-", "by=-", "remaining=-", "retry=-"])

    def test_log_level(self):
        """Fails when refusals are logged at another level than the one that is asked for."""
        nginx = self.attached("seki_limit fixed $server_name; location / { empty_gif; } location /loud { seki_log_level warn; empty_gif; }")
        nginx.statuses("/", 3)
        nginx.get("/loud")
        nginx.wait_log(r'\[info\] .*limiter "fixed" refuses')
        nginx.wait_log(r'\[warn\] .*limiter "fixed" refuses')


class Absent(NginxTest):
    limiters = LIMITERS
    workers = 1

    SERVER = ("location /open { seki_limit fixed $server_name; seki_bulkhead b; seki_breaker c; empty_gif; }"
              "location /closed { seki_fail closed; seki_limit fixed $server_name; empty_gif; }"
              "location /code { seki_fail closed; seki_fail_status 500; seki_bulkhead b; empty_gif; }"
              "location /breaker { seki_fail closed; seki_breaker c; empty_gif; }"
              "location /shadow { seki_fail closed; seki_shadow on; seki_limit fixed $server_name; empty_gif; }")

    def paths(self, nginx):
        return [nginx.get(path).status for path in ("/open", "/closed", "/code", "/breaker", "/shadow")]

    def test_fails_open_or_closed_as_configured(self):
        """Fails when a location without a segment does not do as it says, says it for each request, or says nothing."""
        nginx = self.start(self.SERVER)
        self.assertEqual(self.paths(nginx) * 2, [200, 503, 500, 503, 200] * 2)
        self.assertEqual(len([line for line in nginx.log().splitlines() if "[error]" in line]), 1)
        nginx.wait_log(r'\[error\] .*seki: there is no ".*test.seg"')
        self.assertIn("limit=unavailable bulkhead=unavailable breaker=unavailable", nginx.accesses(5)[0])

    def test_the_log_follows_the_reason(self):
        """Fails when the first reason is the only one that is ever logged, one is logged with each look, or it is not that all is well again."""
        nginx = self.start(self.SERVER)
        nginx.wait_log(r'\[error\] .*seki: there is no ".*test.seg"')
        os.symlink("/dev/null", self.segment)
        nginx.wait_log(r'\[error\] .*seki: .*test.seg" is a symbolic link')
        self.looks_go_by(nginx)
        other = os.path.join(self.folder, "other")
        with open(other, "w", encoding="utf-8") as file:
            file.write("no segment\n" * 1000)
        os.rename(other, self.segment)
        nginx.wait_log(r'\[error\] .*seki: .*test.seg" is not a segment but some other file')
        self.looks_go_by(nginx)
        self.assertEqual(len([line for line in nginx.log().splitlines() if "[error]" in line]), 3, nginx.log())
        os.remove(self.segment)
        sekid = self.start_sekid('[limiter.fixed]\nlimit = 2\nwindow = "366d"\n[bulkhead.b]\n[breaker.c]\n')
        nginx.wait_log(r"\[notice\] .*seki: attached to .*test.seg")
        sekid.stop()
        os.remove(self.segment)
        nginx.wait_log(r"\[error\] .*seki: segment .*test.seg: it was destroyed or replaced")
        self.start_sekid('[limiter.fixed]\nlimit = 2\nwindow = "366d"\n[bulkhead.b]\n[breaker.c]\n')
        nginx.wait_log(r"\[notice\] .*seki: .*test.seg is there again")

    def looks_go_by(self, nginx):
        """A worker that has nothing to do wakes for its looks alone."""
        (worker,) = nginx.workers()

        def slept():
            with open(f"/proc/{worker}/status", encoding="ascii") as file:
                return int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", file.read(), re.MULTILINE)[1])

        before = slept()
        eventually("it has looked three times", lambda: slept() >= before + 3)

    def test_attaches_when_there_is_a_segment(self):
        """Fails when a worker must be reloaded to see a segment, or a limiter, that came after it."""
        nginx = self.start(self.SERVER)
        self.assertEqual(nginx.get("/closed").status, 503)
        self.start_sekid('[bulkhead.b]\n[breaker.c]\n')
        eventually("attached", lambda: self.paths(nginx) == [200, 503, 200, 200, 200])
        nginx.wait_log(r'\[error\] .*limiter "fixed"')
        self.sekictl("create", "limiter", "fixed", "--limit", "2", "--window", "366d")
        eventually("found", lambda: nginx.get("/closed").status != 503)
        self.assertEqual(nginx.statuses("/closed", 2)[1], 429)

    def test_what_is_deleted_and_made_again_is_found(self):
        """Fails when a worker keeps what was deleted."""
        self.start_sekid('[bulkhead.b]\n[breaker.c]\n')
        self.sekictl("create", "limiter", "fixed", "--limit", "2", "--window", "366d")
        nginx = self.attached(self.SERVER)
        self.assertEqual(nginx.statuses("/closed", 3), [200, 200, 429])
        self.sekictl("delete", "limiter", "fixed")
        eventually("missed", lambda: nginx.get("/closed").status == 503)
        self.sekictl("create", "limiter", "fixed", "--limit", "3", "--window", "366d")
        eventually("found", lambda: nginx.get("/closed").status == 200)
        self.sekictl("delete", "bulkhead", "b")
        eventually("missed", lambda: nginx.get("/code").status == 500)
        self.sekictl("create", "bulkhead", "b")
        eventually("found", lambda: nginx.get("/code").status == 200)

    def test_a_segment_that_is_replaced_is_found(self):
        """Fails when workers go on in a file that was removed."""
        sekid = self.start_sekid('[limiter.fixed]\nlimit = 2\nwindow = "366d"\n[bulkhead.b]\n[breaker.c]\n')
        nginx = self.attached(self.SERVER)
        self.assertEqual(nginx.statuses("/closed", 3), [200, 200, 429])
        sekid.stop()
        os.remove(self.segment)
        eventually("missed", lambda: nginx.get("/closed").status == 503)
        self.start_sekid('[limiter.fixed]\nlimit = 2\nwindow = "366d"\n[bulkhead.b]\n[breaker.c]\n')
        eventually("found", lambda: nginx.get("/closed").status == 200)

    def system_calls(self, nginx, path):
        """Those that a worker makes for a hundred requests of one connection."""
        with nginx.traced("-e", "trace=!epoll_wait,clock_gettime") as calls:
            connection = nginx.connection()
            for _ in range(100):
                connection.request("GET", path)
                connection.getresponse().read()
            connection.close()
        return [line.split("(")[0] for line in calls()]

    def test_a_request_makes_no_system_call_of_its_own(self):
        """Fails when a request looks for the segment, or for anything in it, by asking the kernel."""
        nginx = self.start(self.SERVER + "access_log off;")
        for _ in range(2):  # without a segment, and with one
            plain, limited = self.system_calls(nginx, "/plain"), self.system_calls(nginx, "/open")
            asked = {call: limited.count(call) - plain.count(call) for call in set(limited)}
            self.assertEqual([call for call, more in asked.items() if more >= 100], [])
            if not os.path.exists(self.segment):
                self.start_sekid('[limiter.fixed]\nlimit = 1000\nwindow = "366d"\n[bulkhead.b]\n[breaker.c]\n')
                eventually("attached", lambda: nginx.get("/code").status == 200)


if __name__ == "__main__":
    unittest.main()
