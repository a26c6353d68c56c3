"""What `nginx -t` says of configurations that are wrong, and that it touches no segment."""

import os
import subprocess
import unittest

from nginx_harness import DEADLINE, NGINX, NginxTest

# What is written, and what is said of it.
IN_SERVER = {
    "seki_limit login;": "needs a limiter and a key: seki_limit login $binary_remote_addr; or off",
    "seki_limit login binary_remote_addr;": 'the key "binary_remote_addr" has no variable, so all requests would be one',
    "seki_limit -login $uri;": '"-login" is no name of a limiter: 1 to 63 letters, digits, "_", "." or "-"',
    "seki_limit 'log in' $uri;": '"log in" is no name of a limiter',
    f"seki_limit {'x' * 64} $uri;": "is no name of a limiter",
    "seki_limit login $uri; seki_limit login $host;": '"seki_limit" directive names a limiter that is named here already',
    "seki_limit off; seki_limit login $host;": '"seki_limit" directive is off, and there is another one here',
    "seki_limit login $host; seki_limit off;": '"seki_limit" directive is off, and there is another one here',
    "seki_limit off $uri;": '"seki_limit" directive is off, and has more after it: seki_limit off; a limiter is not asked by that name',
    "seki_limit off $uri cost=2;": '"seki_limit" directive is off, and has more after it',
    "seki_breaker off errors=500;": '"seki_breaker" directive is off, and has more after it: seki_breaker off; a breaker is not asked by that name',
    "seki_limit login $host cost=-1;": 'seki_limit: "-1" is no cost: a whole number, or variables',
    "seki_limit login $host cost=;": 'seki_limit: "" is no cost',
    "seki_limit login $host burst=1;": 'seki_limit: there is no parameter "burst=1": cost=...',
    "seki_limit login $nothing_like_it;": 'unknown "nothing_like_it" variable',
    "seki_limit login $host cost=$nothing_like_it;": 'unknown "nothing_like_it" variable',
    "seki_limit login $host cost=1 more;": 'invalid number of arguments in "seki_limit" directive',
    "seki_limit;": 'invalid number of arguments in "seki_limit" directive',
    "seki_limit login ${uri;": 'the closing bracket in "uri" variable is missing',
    "seki_bulkhead;": 'invalid number of arguments in "seki_bulkhead" directive',
    "seki_bulkhead a/b;": '"a/b" is no name of a bulkhead',
    "seki_bulkhead a; seki_bulkhead b;": '"seki_bulkhead" directive is duplicate',
    "seki_breaker a; seki_breaker b;": '"seki_breaker" directive is duplicate',
    "seki_breaker .a;": '".a" is no name of a breaker',
    "seki_breaker a errors=200;": 'seki_breaker: "200" is no status that may be an error: 400 to 599, with commas between',
    "seki_breaker a errors=500,;": 'seki_breaker: "" is no status that may be an error',
    "seki_breaker a errors=5xx;": 'seki_breaker: "5xx" is no status that may be an error',
    "seki_breaker a slow=1s;": 'seki_breaker: there is no parameter "slow=1s": errors=...',
    "seki_fail;": 'invalid number of arguments in "seki_fail" directive',
    "seki_fail maybe;": '"seki_fail" directive takes open, to let requests pass while there is nobody to ask, or closed, to refuse them',
    "seki_fail open; seki_fail closed;": '"seki_fail" directive is duplicate',
    "seki_limit_status 200;": "value must be between 400 and 599",
    "seki_bulkhead_status 600;": "value must be between 400 and 599",
    "seki_breaker_status no;": 'invalid number',
    "seki_fail_status 0;": "value must be between 400 and 599",
    "seki_shadow perhaps;": 'invalid value "perhaps" in "seki_shadow" directive, it must be "on" or "off"',
    "seki_headers ietf;": 'invalid value "ietf"',
    "seki_headers off ratelimit;": '"seki_headers" directive is off, and there is another one here',
    "seki_headers x-ratelimit; seki_headers off;": '"seki_headers" directive is off, and there is another one here',
    "seki_log_level loud;": 'invalid value "loud"',
    "seki_segment /run/other.seg;": '"seki_segment" directive is not allowed here',
}
IN_HTTP = {
    "seki_segment again;": '"seki_segment" directive is duplicate',
}
GOOD = ("seki_limit login $binary_remote_addr$uri cost=$arg_n; seki_limit api $uri cost=0; seki_limit captured $1; seki_bulkhead b; seki_breaker c errors=429,500;"
        "seki_fail closed; seki_fail_status 500; seki_limit_status 503; seki_bulkhead_status 429; seki_breaker_status 500; seki_shadow on;"
        "seki_headers ratelimit x-ratelimit; seki_log_level error;"
        "location /off { seki_limit off; seki_bulkhead off; seki_breaker off; seki_headers off; seki_shadow off; seki_fail open; }")


class Directives(NginxTest):
    def try_out(self, server, http=""):
        path = os.path.join(self.folder, "nginx.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.config(server, http).replace("@PORT@", "9"))
        done = subprocess.run([NGINX, "-t", "-p", self.folder, "-c", path, "-e", "stderr"], capture_output=True, text=True, timeout=DEADLINE, check=False)
        return done.returncode, done.stderr

    def test_mistakes_are_refused_with_one_clear_line(self):
        """Fails when a mistake is taken, ends nginx otherwise, or is not said what and where it is."""
        cases = [(text, said, (text, "")) for text, said in IN_SERVER.items()] + [(text, said, ("", text)) for text, said in IN_HTTP.items()]
        for text, said, where in cases:
            with self.subTest(text):
                code, error = self.try_out(*where)
                emergencies = [line for line in error.splitlines() if "[emerg]" in line]
                self.assertEqual((code, len(emergencies)), (1, 1), error)
                self.assertIn(said, emergencies[0])
                if "unknown" not in said:  # nginx looks for variables when it has read all
                    self.assertRegex(emergencies[0], r"nginx\.conf:\d+$")

    def test_what_is_right_is_taken_and_no_segment_is_touched(self):
        """Fails when a directive refuses what it should take, or a test of a configuration opens or makes the segment."""
        self.assertEqual(self.try_out(GOOD)[0], 0, self.try_out(GOOD)[1])
        self.assertEqual(self.try_out("", GOOD.split("location")[0])[0], 0)
        self.assertFalse(os.path.exists(self.segment))


if __name__ == "__main__":
    unittest.main()
