"""docs/guide/nginx.md, as it is pasted: its configurations, its lines, and what its tables name."""

import os
import re
import subprocess
import unittest

from nginx_harness import DEADLINE, Nginx, NginxTest, eventually

GUIDE = os.path.join(os.environ["SEKI_SOURCE"], "docs/guide/nginx.md")

SHOP = {"Host": "shop.example"}
# What Debian's package puts beside it (sites-available/default).
DEBIANS_SITE = "server { listen 127.0.0.1:@PORT@ default_server; root /var/www/html; server_name _; location / { try_files $uri $uri/ =404; } }"


def blocks(language):
    with open(GUIDE, encoding="utf-8") as file:
        return re.findall(rf"^```{language}\n(.*?)^```$", file.read(), re.MULTILINE | re.DOTALL)


class Guide(NginxTest):
    def shop(self):
        """The guide's configuration, with paths and ports of this test."""
        (toml,) = blocks("toml")
        self.sekid = self.start_sekid(toml)
        (shop,) = blocks("nginx")
        for was, now in (("/run/seki/default.seg", self.segment), ("listen 80;", "listen 127.0.0.1:@PORT@ backlog=1024;"),
                         ("127.0.0.1:8000", f"unix:{self.folder}/shop.sock"), ("/var/log/nginx/shop.log", f"{self.folder}/access.log")):
            self.assertIn(was, shop)
            shop = shop.replace(was, now)
        around = self.config("", workers=2)
        begin, end = around.index("log_format"), around.rindex("}")
        nginx = Nginx(self.folder, around[:begin] + shop + DEBIANS_SITE + around[end:])
        self.addCleanup(nginx.stop)
        eventually("all have attached", lambda: nginx.log().count("seki: attached to") >= 2)
        return nginx

    def test_lines_show_what_the_guide_says(self):
        """Fails when a line of the guide does not work as it is pasted."""
        nginx = self.shop()
        (lines,) = blocks("sh")
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", lines.replace("http://localhost/", f"http://127.0.0.1:{nginx.port}/")],
            capture_output=True, text=True, timeout=DEADLINE, check=False,
            env=dict(os.environ, SEKI_SEGMENT=self.segment, PATH=os.path.dirname(os.environ["SEKICTL"]) + ":" + os.environ["PATH"]),
        )
        said = done.stdout.replace("\r", "")
        self.assertEqual((done.returncode, done.stderr), (0, ""), said)
        self.assertTrue(said.startswith("200 200 200 200 200 429 HTTP/1.1 429 Too Many Requests\n"), said)
        self.assertRegex(said, r'\nRateLimit: "api";r=\d+;t=\d+, "login";r=0;t=(\d+)\n'
                               r'RateLimit-Policy: "api";q=100;w=1;seki-burst=20, "login";q=5;w=60\nRetry-After: \1\n')
        # Of the 20 the search takes five, and what was asked before it one each, of which one is back every 10 ms: how many are left is the machine's.
        self.assertRegex(said, r"\nyou have 300 ms\n504\n500 500 500 500 503 X-RateLimit-Limit: 20\nX-RateLimit-Remaining: (?:1[0-5]|\d)\nX-RateLimit-Reset: 1\n")
        self.assertRegex(said, r"payments +\S*.*open")

    def test_deadlines_go_in_and_out(self):
        """Fails when the application is told more time than the client has, or than the server gives, or nothing."""
        nginx = self.shop()
        for told, handed_on in (("300", "300"), ("0150", "150"), ("1999", "1999"), ("2000", "2000"), ("86400000", "2000"),
                                ("-5", "2000"), ("soon", "2000"), ("1e3", "2000"), ("", "2000")):
            self.assertEqual(nginx.get("/", {**SHOP, "X-Deadline-Remaining": told}).body, f"you have {handed_on} ms\n", told)
        self.assertEqual(nginx.get("/", SHOP).body, "you have 2000 ms\n")
        self.assertEqual([nginx.get("/", {**SHOP, "X-Deadline-Remaining": none}).status for none in ("0", "000")], [504, 504])

    def test_each_location_has_its_own(self):
        """Fails when a limit of the shop is another than the guide says."""
        nginx = self.shop()
        self.sekictl("set", "limiter", "api", "window", "366d")
        self.assertEqual(nginx.statuses("/search", 5, SHOP), [200, 200, 200, 200, 429])
        self.assertEqual(nginx.statuses("/new", 9, SHOP), [200] * 9)
        line = nginx.accesses(14)[-1]
        self.assertRegex(line, r'"GET /new HTTP/1.1" 200 limit=shadow left=0 bulkhead=- breaker=-/- by=-')
        self.assertEqual(nginx.get("/login", SHOP).status, 429)
        self.assertEqual(self.sekid.one("bulkhead", "checkout")["max_concurrent"], 10)

    def test_the_lines_of_the_readme_are_right(self):
        """Fails when nginx does not take them."""
        with open(os.path.join(os.environ["SEKI_SOURCE"], "README.md"), encoding="utf-8") as file:
            (lines,) = re.findall(r"^```nginx\n(.*?)^```$", file.read(), re.MULTILINE | re.DOTALL)
        segment, locations = lines.split("\n", 1)
        self.assertEqual(segment, "seki_segment /run/seki/default.seg;")
        nginx = self.start(locations.replace("http://shop", "http://backend"))
        self.assertEqual((nginx.get("/login").status, nginx.get("/api").status), (200, 200))

    def test_tables_name_what_there_is(self):
        """Fails when a directive or a variable of the module is not in the guide, or the guide has one that is not there."""
        with open(GUIDE, encoding="utf-8") as file:
            told = set(re.findall(r"\$?seki_[a-z_]+", re.sub(r"^```nginx\n.*?^```$", "", file.read(), flags=re.MULTILINE | re.DOTALL)))
        sources = os.path.join(os.environ["SEKI_SOURCE"], "bindings/nginx")
        with open(os.path.join(sources, "module.c"), encoding="utf-8") as file:
            directives = set(re.findall(r'"(seki_[a-z_]+)"', file.read()))
        with open(os.path.join(sources, "variables.c"), encoding="utf-8") as file:
            variables = {"$" + name for name in re.findall(r'ngx_string\("(seki_[a-z_]+)"', file.read())}
        self.assertEqual((len(directives), len(variables)), (12, 7))
        self.assertEqual(told - {"seki_module"}, directives | variables)


if __name__ == "__main__":
    unittest.main()
