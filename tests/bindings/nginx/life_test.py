"""What happens to nginx under load: reloads, killed workers, another binary. Limits stay exact, no permit is lost, nothing crashes."""

import contextlib
import fcntl
import os
import re
import signal
import struct
import subprocess
import unittest

from nginx_harness import DEADLINE, SEKICTL, NginxTest, Sekid, eventually
from sekid_harness import Worker

PRIMITIVES = """
[bulkhead.ten]
max_concurrent = 10
[limiter.some]
limit = 2000
window = "366d"
[breaker.calm]
window_size = 20
minimum_calls = 20
"""
SERVER = ("location / { seki_limit some $server_name; seki_bulkhead ten; seki_breaker calm; proxy_pass http://backend; }"
          "location /free { seki_bulkhead ten; seki_breaker calm; proxy_pass http://backend; }")


class Lives(NginxTest):
    limiters = PRIMITIVES

    def setUp(self):
        super().setUp()
        self.sekid = self.start_sekid()

    def in_use(self):
        return self.sekid.one("bulkhead", "ten")["in_use"]

    @contextlib.contextmanager
    def load(self, nginx, path, connections=16):
        wrk = subprocess.Popen(["wrk", "-t1", f"-c{connections}", "-d60s", f"http://127.0.0.1:{nginx.port}{path}"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            eventually("there is load", lambda: self.backend.asked > 50)
            yield
            self.assertIsNone(wrk.poll())
        finally:
            wrk.kill()
            wrk.wait(DEADLINE)

    def more_are_asked(self, than):
        eventually("it goes on", lambda: self.backend.asked > than)

    def assert_nothing_lost(self):
        eventually("all permits are back", lambda: self.in_use() == 0)
        self.assertEqual(self.sekid.one("breaker", "calm")["state"], "closed")
        doctor = self.sekictl("doctor")
        self.assertNotIn("FAILED", doctor)

    def test_reloads_under_load(self):
        """Fails when a reload loses a permit, starts a count anew, makes an error for a client or ends a worker otherwise than by its exit."""
        nginx = self.attached(SERVER)
        with self.load(nginx, "/free"):
            for _ in range(5):
                nginx.reload()
                self.more_are_asked(self.backend.asked + 20)
            # The module goes, and comes back.
            with open(nginx.config_path, encoding="utf-8") as file:
                config = file.read()
            nginx.configure(re.sub(r"(load_module|log_format|access_log|seki_\w+) [^;]*;", "", config))
            nginx.reload()
            self.more_are_asked(self.backend.asked + 20)
            nginx.configure(config)
            nginx.reload()
            self.more_are_asked(self.backend.asked + 20)
        self.assert_nothing_lost()
        self.assertLessEqual({line.split()[0] for line in nginx.accesses()}, {"200", "499", "503"})
        self.assert_no_crash(nginx)

    def test_a_limit_is_exact_over_reloads_and_killed_workers(self):
        """Fails when a new worker counts anew, or a killed one gives back what it has spent."""
        nginx = self.attached(SERVER)
        killed = 0
        with self.load(nginx, "/", connections=8):
            while self.backend.asked < 1500 and killed < 20:
                worker = nginx.workers()[0]
                os.kill(worker, signal.SIGKILL)
                killed += 1
                eventually("another works", lambda gone=worker: gone not in nginx.workers() and nginx.workers())
                nginx.reload()
                self.more_are_asked(min(self.backend.asked + 20, 1900))
            eventually("spent", lambda: nginx.get("/").status == 429)
        self.assert_nothing_lost()
        # A request whose worker was killed may have spent without being proxied; none is proxied twice.
        self.assertLessEqual(self.backend.asked, 2000)
        self.assertGreaterEqual(self.backend.asked, 2000 - 10 * killed)
        self.assert_no_crash(nginx, killed)

    def test_killed_workers_under_load(self):
        """Fails when a permit is lost with a worker that was killed while it held some."""
        nginx = self.attached(SERVER)
        with self.load(nginx, "/free"):
            for killed in range(1, 11):
                worker = nginx.workers()[0]
                os.kill(worker, signal.SIGKILL)
                eventually("another works", lambda gone=worker: gone not in nginx.workers() and len(nginx.workers()) == 2)
                self.more_are_asked(self.backend.asked + 20)
        self.assert_nothing_lost()
        self.assert_no_crash(nginx, killed)

    def test_another_binary_under_load(self):
        """Fails when an upgrade of the binary (USR2, QUIT) loses a permit, a count or a request."""
        nginx = self.attached(SERVER)
        with self.load(nginx, "/free"):
            old = nginx.master
            nginx.signal(signal.SIGUSR2)
            new_pid = os.path.join(self.folder, "nginx.pid")

            def other_master():
                with contextlib.suppress(FileNotFoundError, ValueError), open(new_pid, encoding="ascii") as file:
                    pid = int(file.read())
                    return pid if pid != old and nginx.workers(pid) else 0
                return 0

            nginx.master = eventually("the new one works", other_master)
            os.kill(old, signal.SIGQUIT)
            nginx.wait_end(old)
            self.more_are_asked(self.backend.asked + 50)
        eventually("all permits are back", lambda: self.in_use() == 0)
        self.assert_nothing_lost()
        self.assertLessEqual({line.split()[0] for line in nginx.accesses()}, {"200", "499", "503"})
        self.assert_no_crash(nginx)

    def test_a_worker_that_gets_no_answer_says_so_once(self):
        """Fails when a bulkhead of which a worker cannot take a permit, as no worker has a place in the segment, lets all through without a word, or says so for each."""
        self.sekid.stop()
        os.remove(self.segment)
        path = os.path.join(self.folder, "narrow.toml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f'[segment]\npath = "{self.segment}"\nsize = "64MiB"\nmax_workers = 1\n[sekid]\nlog = "stderr"\n{PRIMITIVES}')
        narrow = Sekid(self.folder, "--config", path)
        self.addCleanup(narrow.kill)
        other = Worker(self.segment)
        self.addCleanup(other.kill)
        self.assertEqual(other("acquire ten"), "held")  # it has the only place
        nginx = self.attached(SERVER, workers=1)
        self.assertEqual(nginx.statuses("/free", 20), [200] * 20)
        self.assertIn("bulkhead=unavailable", nginx.accesses(20)[19])
        said = [line for line in nginx.log().splitlines() if "[error]" in line and 'seki: bulkhead "ten"' in line]
        self.assertTrue(said)
        self.assertLess(len(said), 20, said)
        self.assertIn("max_workers", said[0])

    @contextlib.contextmanager
    def administered(self):
        """Somebody has the administration lock, and keeps it."""
        with open(f"{self.segment}.lock", "r+b") as file:
            fcntl.fcntl(file, fcntl.F_OFD_SETLK, struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
            yield
            late = subprocess.run([SEKICTL, "--segment", self.segment, "create", "limiter", "late", "--limit", "1", "--window", "1s"],
                                  capture_output=True, text=True, timeout=DEADLINE, check=False)
            self.assertIn("somebody else has administered", late.stderr)

    def test_who_administers_for_ever_keeps_no_request_waiting(self):
        """Fails when a worker that attaches, looks or is asked waits for the administration lock: who has it may have been stopped."""
        nginx = self.attached(SERVER, workers=1)
        self.sekid.stop()  # so that workers do what else it does
        with self.administered():
            with nginx.traced() as calls:
                self.assertEqual(nginx.statuses("/", 20), [200] * 20)
                seen = len(calls())
                eventually("it looks three times more", lambda: sum(line.startswith("epoll_wait") and line.endswith("= 0\n") for line in calls()[seen:]) >= 3)
            self.assertEqual({line.split("(")[0] for line in calls()} & {"clock_nanosleep", "nanosleep", "futex", "poll", "ppoll", "select", "pselect6"}, set())
            nginx.reload()
            eventually("the next one has attached", lambda: nginx.log().count("seki: attached to") == 2)
            self.assertEqual(nginx.statuses("/", 20), [200] * 20)
        self.assertEqual({" ".join(line.split()[2:5]) for line in nginx.accesses(40)}, {"limit=passed bulkhead=passed breaker=passed"})
        self.assert_no_crash(nginx)

    def test_a_worker_does_not_wait_for_its_timer(self):
        """Fails when the timer that looks for the segment keeps a worker that is to leave."""
        nginx = self.attached(SERVER)
        nginx.signal(signal.SIGQUIT)
        nginx.wait_end()
        self.assert_no_crash(nginx)


if __name__ == "__main__":
    unittest.main()
