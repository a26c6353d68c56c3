"""docs/guide/security.md: what it promises of files, keys and the listener, looked for where somebody would who wants to know it."""

import os
import subprocess
import unittest

import guides
from sekid_harness import DEADLINE, SEKICTL, SekictlTest, eventually

GUIDE = "security.md"
FILES, CERTIFICATE = guides.blocks(GUIDE, "sh")
LIMITERS = '[limiter.told]\nlimit = 1\nwindow = "1d"\nmax_keys = 64\n[limiter.secret]\nlimit = 1\nwindow = "1d"\nmax_keys = 64\nstore_keys = false\n'


class SecurityTest(SekictlTest):
    def lines(self, text):
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", text], cwd=self.folder, env=dict(os.environ, SEKI_SEGMENT=self.segment),
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=DEADLINE, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout


class Files(SecurityTest):
    def test_modes_are_as_shown(self):
        """Fails when others than the group may look into the segment."""
        self.configure("")
        self.start()
        modes = [line.split()[0] for line in self.lines(FILES).splitlines()]
        self.assertEqual(modes, ["-rw-rw----", "drwxrws---"])
        for mode in modes:
            self.assertIn(mode, guides.page(GUIDE))

    def test_what_somebody_may_have_put_there_is_refused(self):
        """Fails when a worker writes to a file because it has the right name."""
        self.configure("")
        self.start().stop()
        other = os.path.join(self.folder, "other.seg")
        for put, words in ((lambda: os.symlink(self.segment, other), "is a symbolic link"), (lambda: os.link(self.segment, other), "has 2 names")):
            put()
            done = subprocess.run([SEKICTL, "--segment", other, "status"], capture_output=True, text=True, timeout=DEADLINE, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn(words, done.stderr)
            os.remove(other)
        os.chmod(self.segment, 0o666)
        self.assertIn("may be written by everybody", self.wrong(1, "status"))


class Keys(SecurityTest):
    def test_a_key_is_where_the_table_says_and_nowhere_else(self):
        """Fails when the text of a key that shall not be kept lies in the segment or is told, or a metric has one."""
        self.configure(LIMITERS)
        sekid, worker = self.start(), self.worker()
        for name in ("told", "secret"):
            worker(f"repeat 4000 {name} alice-of-{name}")  # one in 32 of them is a sample
        self.assertTrue(all(each["most_denied"] for each in sekid.state()["limiters"]))
        follower = self.follow("--json")
        for name in ("told", "secret"):
            worker(f"check {name} alice-of-{name}")
        eventually("both refusals are told", lambda: len(follower.objects()) >= 2)
        with open(self.segment, "rb") as file:
            segment = file.read()
        surfaces = {
            "segment": segment.decode(errors="replace"), "keys": self.fine("keys", "told") + self.fine("keys", "secret"), "events": follower.out.text(),
            "state": sekid.get("/api/v1/state"), "history": sekid.get("/api/v1/history"), "remembered": sekid.get("/api/v1/events?follow=0"),
            "metrics": sekid.get("/metrics"), "log": sekid.log.text(),
        }
        self.assertEqual({name for name, text in surfaces.items() if "alice-of-told" in text}, {"segment", "keys", "events", "state"})
        self.assertEqual({name for name, text in surfaces.items() if "alice-of-secret" in text}, set())

    def test_a_key_is_forgotten_when_there_is_nothing_left_to_remember(self):
        """Fails when the text of a key outlives what it is kept for."""
        self.configure(LIMITERS.replace("1d", "1s"))
        self.start()
        worker = self.worker()
        self.assertTrue(worker("check told alice-of-told").startswith("allow"))

        def lies_there():
            with open(self.segment, "rb") as file:
                return b"alice-of-told" in file.read()
        self.assertTrue(lies_there())
        eventually("sekid has cleared it", lambda: not lies_there())


class Http(SecurityTest):
    def curl(self, *arguments):
        done = subprocess.run(["curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}", "--noproxy", "*", *arguments],
                              capture_output=True, text=True, timeout=DEADLINE, check=False, cwd=self.folder)
        return done.stdout

    def test_a_listener_with_password_and_tls_is_made_as_shown(self):
        """Fails when who pastes the lines has a sekid that does not start, or one that answers strangers."""
        with open(os.path.join(self.folder, "password"), "w", encoding="utf-8") as file:
            file.write("open sesame\n")
        self.lines(CERTIFICATE)
        (toml,) = guides.blocks(GUIDE, "toml")
        toml = toml.replace("/etc/seki", self.folder).replace("0.0.0.0:9435", "127.0.0.1:0").replace("[sekid]\n", "")
        self.configure("", sekid=toml)
        address = self.start().address()
        self.assertTrue(address.startswith("https://127.0.0.1:"))
        trusting = ("--cacert", "cert.pem")
        for page, status in (("/metrics", "401"), ("/healthz", "200")):
            self.assertEqual(self.curl(*trusting, address + page), status)
        self.assertEqual(self.curl(*trusting, "--user", "prometheus:open sesame", address + "/metrics"), "200")
        self.assertEqual(self.curl(*trusting, "--user", "prometheus:guessed", address + "/metrics"), "401")
        self.assertEqual(self.curl(address + "/healthz"), "000")  # nobody whom the system trusts
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            self.assertEqual(self.curl(*trusting, "--user", "prometheus:open sesame", "--request", method, address + "/metrics"), "405")

    def test_a_socket_is_for_owner_and_group(self):
        """Fails when everybody on the host may look."""
        path = os.path.join(self.folder, "http.sock")
        self.configure("", sekid=f'listen = "unix:{path}"')
        self.start()
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o660)

    def test_prometheus_takes_what_it_is_told(self):
        """Fails when a line of the scrape configuration is none."""
        (scrape,) = guides.blocks(GUIDE, "yaml")
        path = os.path.join(self.folder, "prometheus.yml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(scrape)
        done = subprocess.run(["promtool", "check", "config", "--syntax-only", path], capture_output=True, text=True, timeout=DEADLINE, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
