"""Limits of locations: exact over all workers, by keys of variables, with costs, several at once."""

import json
import os
import unittest

from nginx_harness import NginxTest, eventually

# Nothing of it comes back while a test runs.
LIMITERS = """
[limiter.thousand]
limit = 1000
window = "366d"
[limiter.three]
limit = 3
window = "366d"
[limiter.ten]
limit = 10
window = "366d"
"""


class Limits(NginxTest):
    limiters = LIMITERS

    def setUp(self):
        super().setUp()
        self.start_sekid()

    def test_is_exact_over_all_workers(self):
        """Fails when each worker counts by itself, or one request is let through or refused twice."""
        nginx = self.attached("location / { seki_limit thousand $server_name; proxy_pass http://backend; }", workers=4)
        requests = refused = 0
        for _ in range(20):  # on a slow machine one is not enough
            more, refused = self.wrk(nginx, "/", seconds=2, connections=64)
            requests += more
            if refused > 0 or requests > 10000:
                break
        # Those that were under way when wrk left are in neither of its counts.
        eventually("the backend has been asked", lambda: self.backend.asked >= 1000)
        self.assertEqual(self.backend.asked, 1000)
        self.assertLessEqual(requests - refused, 1000)
        served = {line.split()[0] for line in nginx.accesses(requests)}
        self.assertLessEqual(served, {"200", "429", "499"})
        self.assertEqual([pid for pid in nginx.workers() if not os.path.exists(f"/proc/{pid}")], [])
        self.assert_no_crash(nginx)

    def test_keys_are_made_of_variables(self):
        """Fails when the key is not what the variables say, or two keys are one."""
        nginx = self.attached("location /a { seki_limit three $http_x_user; empty_gif; }"
                              "location /b { seki_limit ten \"$http_x_user $http_x_team\"; empty_gif; }")
        for user in ("one", "two"):
            self.assertEqual(nginx.statuses("/a", 4, {"X-User": user}), [200, 200, 200, 429])
        self.assertEqual(nginx.statuses("/b", 11, {"X-User": "one", "X-Team": "red"}), [200] * 10 + [429])
        self.assertEqual(nginx.get("/b", {"X-User": "one", "X-Team": "blue"}).status, 200)
        self.assertIn("one red", self.sekictl("keys", "ten"))

    def test_a_key_may_be_what_a_regular_expression_has_captured(self):
        """Fails when $1 is taken for a variable of that name, which there is none of, or two captures are one."""
        nginx = self.attached("location ~ ^/u/([a-z]+)/([a-z]+)$ { seki_limit three $1; empty_gif; }"
                              "location ~ ^/v/([a-z]+)$ { seki_limit ten \"$1\" cost=5; empty_gif; }")
        for user in ("one", "two"):
            self.assertEqual([nginx.get(f"/u/{user}/{page}").status for page in "abcd"], [200, 200, 200, 429])
        self.assertEqual([nginx.get("/v/" + user).status for user in ("one", "one", "one", "two")], [200, 200, 429, 200])
        self.assertRegex(self.sekictl("keys", "three"), r"(?s)\b(one|two)\b.*\b(one|two)\b")

    def test_one_that_is_deleted_takes_none_of_the_others_with_it(self):
        """Fails when a location has no limit, or a location that fails closed is open, until the worker has seen that one of its limiters is gone."""
        for name in ("a", "b", "c"):
            self.sekictl("create", "limiter", name, "--limit", "5", "--window", "366d")
        limits = "seki_limit a $server_name; seki_limit three $server_name; seki_limit b $server_name; seki_limit ten $server_name; seki_limit c $server_name;"
        nginx = self.attached(f"location / {{ {limits} empty_gif; }} location /closed {{ {limits} seki_fail closed; empty_gif; }}", workers=1)
        self.assertEqual(nginx.statuses("/", 3), [200] * 3)
        for name in ("a", "b", "c"):
            self.sekictl("delete", "limiter", name)
        self.assertEqual(nginx.statuses("/closed", 1), [503])
        answer = nginx.get("/")
        self.assertEqual((answer.status, answer["RateLimit"].split(";")[:2]), (429, ['"three"', "r=0"]))
        self.assertIn("limit=refused", nginx.accesses(5)[4])

    def test_an_empty_key_is_not_counted(self):
        """Fails when those for whom a map says nothing are one, as with limit_req they are not."""
        nginx = self.attached("location / { seki_limit three $http_x_user; empty_gif; }")
        self.assertEqual(nginx.statuses("/", 5), [200] * 5)
        self.assertIsNone(nginx.get("/")["RateLimit"])

    def test_a_key_that_is_too_long_does_not_get_around_the_limit(self):
        """Fails when a key above 4096 bytes is let through, or two of them are one."""
        nginx = self.attached("location / { seki_limit three $http_x_user; empty_gif; }", http="large_client_header_buffers 4 16k;")
        for last in "ab":
            self.assertEqual(nginx.statuses("/", 4, {"X-User": "x" * 6000 + last}), [200, 200, 200, 429])

    def test_requests_have_costs(self):
        """Fails when a cost is not spent as it is, or by one that is no number, negative or absurd somebody gets around the limit."""
        nginx = self.attached("location /two { seki_limit ten $uri cost=2; empty_gif; }"
                              "location /arg { seki_limit ten $uri cost=$arg_n; empty_gif; }")
        self.assertEqual(nginx.statuses("/two", 6), [200] * 5 + [429])
        remaining = []
        for cost in ("4", "0", "", "x", "-3", "1.5", "3"):
            answer = nginx.get(f"/arg?n={cost}")
            remaining.append((answer.status, answer["RateLimit"].split(";")[1]))
        self.assertEqual(remaining, [(200, "r=6"), (200, "r=6"), (200, "r=5"), (200, "r=4"), (200, "r=3"), (200, "r=2"), (429, "r=2")])
        for absurd in ("11", "9" * 30, str(2**63)):
            answer = nginx.get(f"/arg?n={absurd}")
            self.assertEqual((answer.status, answer["Retry-After"], answer["RateLimit"]), (429, None, '"ten";r=2'))

    def test_several_limits_are_all_or_nothing(self):
        """Fails when a limit is charged for what another one denies, or the answer is not the strictest."""
        nginx = self.attached("location / { seki_limit ten $server_name; seki_limit three $http_x_user; empty_gif; }")
        self.assertEqual(nginx.statuses("/", 6, {"X-User": "one"}), [200] * 3 + [429] * 3)
        answer = nginx.get("/", {"X-User": "two"})
        self.assertEqual([item.split(";")[:2] for item in answer["RateLimit"].split(", ")], [['"ten"', "r=6"], ['"three"', "r=2"]])
        self.assertEqual(nginx.statuses("/", 2, {"X-User": "two"}), [200] * 2)
        self.assertEqual(nginx.statuses("/", 3, {"X-User": "three"}), [200] * 3)
        self.assertEqual(nginx.statuses("/", 3, {"X-User": "four"}), [200, 429, 429])
        self.assertIn("limit=refused", nginx.accesses(15)[-1])
        self.assertIn("by=ten", nginx.accesses(15)[-1])

    def test_more_limits_than_most_have(self):
        """Fails when there is only room for some of them."""
        limiters = "".join(f'[limiter.l{i}]\nlimit = 3\nwindow = "366d"\n' for i in range(7))
        self.assertIn("l6", self.reconfigured(limiters))
        limits = "".join(f"seki_limit l{i} $server_name;" for i in range(7))
        nginx = self.attached("location / { %s empty_gif; }" % limits)
        answers = [nginx.get("/") for _ in range(4)]
        self.assertEqual([answer.status for answer in answers], [200] * 3 + [429])
        self.assertEqual(answers[3]["RateLimit"].count("r=0"), 7)

    def reconfigured(self, limiters):
        for name in [line.split("]")[0] for line in limiters.split("[limiter.")[1:]]:
            self.sekictl("create", "limiter", name, "--limit", "3", "--window", "366d")
        return self.sekictl("status")

    def test_a_redirection_inside_nginx_is_one_request(self):
        """Fails when an index file or an error page is counted as another request, or its page is refused too."""
        with open(os.path.join(self.folder, "index.html"), "w", encoding="utf-8") as file:
            file.write("index\n")
        nginx = self.attached(f"root {self.folder}; seki_limit three $server_name; error_page 429 /busy;"
                              "location / { } location = /busy { internal; return 429 'too busy\\n'; }")
        answers = [nginx.get("/") for _ in range(4)]
        self.assertEqual([(a.status, a.body) for a in answers], [(200, "index\n")] * 3 + [(429, "too busy\n")])
        self.assertTrue(answers[3]["Retry-After"])

    def test_parts_of_a_request_are_not_counted(self):
        """Fails when a subrequest spends what its request has spent."""
        nginx = self.attached("seki_limit three $server_name; location / { auth_request /auth; proxy_pass http://backend; }"
                              "location /auth { internal; proxy_pass http://backend; }"
                              "location /page { auth_request /auth; proxy_pass http://backend; }")
        self.assertEqual(nginx.statuses("/page", 4), [200, 200, 200, 429])

    def test_locations_inherit_and_may_be_off(self):
        """Fails when a location has not the limits of the server, or cannot do without, or has those of both."""
        nginx = self.attached("seki_limit three $server_name; location /a { empty_gif; } location /off { seki_limit off; proxy_pass http://backend; }"
                              "location /own { seki_limit ten $server_name; seki_limit_status 503; proxy_pass http://backend; }"
                              "location /in { proxy_pass http://backend; }")
        self.assertEqual(nginx.statuses("/off", 5), [200] * 5)
        self.assertEqual(nginx.statuses("/own", 11), [200] * 10 + [503])
        self.assertEqual(nginx.statuses("/in", 4), [200] * 3 + [429])

    def test_behind_a_proxy_each_client_is_itself(self):
        """Fails when a location that takes the client's address from a proxy is asked about the proxy, so that all clients are one."""
        realip = "set_real_ip_from 127.0.0.1; real_ip_header X-Real-IP;"
        nginx = self.attached(f"location /own {{ {realip} seki_limit three $binary_remote_addr; empty_gif; }}"
                              f"location /inner {{ rewrite ^ /own; }} location /ten {{ {realip} seki_limit ten $remote_addr cost=5; error_page 429 /page; empty_gif; }}"
                              "location = /page { internal; return 429 $remote_addr; }")
        for client in range(5):
            self.assertEqual(nginx.statuses("/own", 1, {"X-Real-IP": f"203.0.113.{client}"}), [200], client)
        self.assertEqual(nginx.statuses("/inner", 3, {"X-Real-IP": "203.0.113.4"}), [200, 200, 429])
        answers = [nginx.get("/ten", {"X-Real-IP": "203.0.113.9"}) for _ in range(3)]
        self.assertEqual([answer.status for answer in answers], [200, 200, 429])
        self.assertEqual(answers[2].body, "203.0.113.9")
        self.assertIn("203.0.113.9", self.sekictl("keys", "ten"))

    def test_what_limit_req_delays_is_asked_once(self):
        """Fails when a request that goes on after a while is charged again."""
        nginx = self.attached("location / { limit_req zone=slow burst=10; seki_limit three $server_name; empty_gif; }",
                              http="limit_req_zone $server_name zone=slow:1m rate=2r/s;", workers=1)
        self.assertEqual(nginx.statuses("/", 4), [200, 200, 200, 429])
        nginx.wait_log("delaying request")

    def test_what_limits_of_nginx_refuse_costs_nothing(self):
        """Fails when Seki is asked before limit_req and limit_conn: it would be charged for what they refuse."""
        nginx = self.attached("limit_req_status 508; limit_conn_status 509;"
                              "location /req { limit_req zone=req; seki_limit three $server_name; empty_gif; }"
                              "location /conn { limit_conn conn 1; seki_limit ten $server_name; proxy_pass http://backend/hold; }",
                              http="limit_req_zone $server_name zone=req:1m rate=1r/m; limit_conn_zone $server_name zone=conn:1m;", workers=1)
        self.assertEqual(nginx.statuses("/req", 5), [200] + [508] * 4)
        held = nginx.connection()
        held.request("GET", "/conn")
        eventually("it is with the backend", lambda: self.backend.asked == 1)
        self.assertEqual(nginx.statuses("/conn", 5), [509] * 5)
        self.backend.let_go.set()
        self.assertEqual(held.getresponse().status, 200)
        held.close()
        self.assertIn("limit=passed", nginx.accesses(11)[0])
        self.assertEqual({line.split()[2] for line in nginx.accesses(11)[1:10]}, {"limit=-"})
        spent = {name: json.loads(self.sekictl("peek", name, "tested", "--cost", "0", "--json"))["remaining"] for name in ("three", "ten")}
        self.assertEqual(spent, {"three": 2, "ten": 9})


if __name__ == "__main__":
    unittest.main()
