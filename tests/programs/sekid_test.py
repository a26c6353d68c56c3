"""sekid from outside: the real program, real workers, and promtool."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import unittest
import unittest.mock

from sekid_harness import DEADLINE, SekidTest, eventually

# Of header::heartbeat_ns (src/layout/header.hpp).
HEARTBEAT_OFFSET = 280

# A window that does not end while the test runs.
LOGIN = '[limiter.login]\nalgorithm = "fixed_window"\nlimit = {}\nwindow = "30d"\nmax_keys = 100\n'
OTHER = '[limiter.other]\nlimit = 7\nwindow = "1m"\nmax_keys = 100\n'


class Serving(SekidTest):
    def test_configured_limiters_decide_and_are_counted(self):
        """Fails when a limiter is not made, a decision not counted, or a label wrong."""
        self.configure(LOGIN.format(5) + OTHER)
        sekid = self.start()
        worker = self.worker()
        self.assertEqual(worker("repeat 8 login alice"), "allowed 5")
        samples = sekid.samples()
        self.assertEqual(samples['seki_limiter_decisions_total{limiter="login",decision="allow"}'], 5)
        self.assertEqual(samples['seki_limiter_decisions_total{limiter="login",decision="deny"}'], 3)
        self.assertEqual(samples['seki_limiter_cost_total{limiter="login",decision="deny"}'], 3)
        self.assertEqual(samples['seki_limiter_keys{limiter="login"}'], 1)
        self.assertEqual(samples['seki_limiter_keys_max{limiter="login"}'], 100)
        self.assertEqual(samples["seki_workers"], 1)
        self.assertEqual(samples["seki_worker_threads"], 1)
        self.assertEqual(samples["seki_segment_bytes"], 4 << 20)

    def test_series_exist_before_anything_was_decided(self):
        """Fails when a rate() over a series that is not there yet would miss the first decisions."""
        self.configure(OTHER)
        samples = self.start().samples()
        for decision in ("allow", "deny", "shadow_deny"):
            self.assertEqual(samples[f'seki_limiter_decisions_total{{limiter="other",decision="{decision}"}}'], 0)
            self.assertEqual(samples[f'seki_limiter_cost_total{{limiter="other",decision="{decision}"}}'], 0)
        for name in ("evictions", "full"):
            self.assertEqual(samples[f'seki_limiter_{name}_total{{limiter="other"}}'], 0)

    def test_promtool_finds_nothing_to_say(self):
        """Fails when a metric breaks a naming rule, lacks help, or is no valid text."""
        self.configure(LOGIN.format(5))
        self.check_metrics(self.start())

    def test_open_metrics_when_asked_for(self):
        """Fails when the format is chosen wrongly, or its end mark is missing."""
        self.configure(LOGIN.format(5))
        sekid = self.start()
        accept = {"Accept": "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"}
        _, body, response = sekid.ask("/metrics", headers=accept)
        self.assertTrue(response.getheader("Content-Type").startswith("application/openmetrics-text"))
        self.assertTrue(body.endswith("# EOF\n"))
        self.assertIn("# TYPE seki_limiter_decisions counter\n", body)
        self.assertIn('seki_limiter_decisions_total{limiter="login",decision="allow"} 0\n', body)
        _, body, response = sekid.ask("/metrics")
        self.assertTrue(response.getheader("Content-Type").startswith("text/plain; version=0.0.4"))

    def test_state_is_json_of_everything(self):
        """Fails when the schema that the manual describes changes."""
        self.configure(LOGIN.format(5))
        sekid = self.start()
        worker = self.worker()
        worker("repeat 6 login alice")
        state = sekid.state()
        self.assertEqual(state["schema"], 1)
        self.assertEqual(state["segment"]["path"], self.segment)
        self.assertEqual(state["segment"]["mode"], "0660")
        self.assertTrue(state["sekid"]["running"])
        self.assertEqual(state["sekid"]["pid"], sekid.process.pid)
        (process,) = state["workers"]["processes"]
        self.assertEqual((process["pid"], process["state"]), (worker.process.pid, "live"))
        self.assertEqual(len(process["threads"]), 1)
        login = sekid.limiter("login")
        self.assertEqual(login["options"]["window_seconds"], 30 * 86400)
        self.assertEqual(login["options"]["algorithm"], "fixed_window")
        self.assertEqual((login["counters"]["allow"], login["counters"]["deny"], login["keys"]), (5, 1, 1))

    def test_health_and_readiness(self):
        """Fails when a healthy sekid says it is not."""
        self.configure("")
        sekid = self.start()
        self.assertEqual(sekid.get("/healthz"), "alive\n")
        self.assertEqual(sekid.get("/readyz"), "ready\n")

    def test_a_loop_that_does_not_tick_is_not_ready(self):
        """Fails when readiness does not look at the ticks. The last tick is moved to the distant past; the next one is two seconds away."""
        self.configure("", tick="2s")
        sekid = self.start()

        def tick_long_ago():
            with open(self.segment, "r+b") as file:
                file.seek(HEARTBEAT_OFFSET)
                file.write((1).to_bytes(8, "little"))
            status, body, _ = sekid.ask("/readyz")
            return body if status == 503 else None

        self.assertIn("does not tick", eventually("not ready", tick_long_ago))
        eventually("ready again", lambda: sekid.ask("/readyz")[0] == 200)

    def test_systemd_is_told_how_it_is_and_that_it_lives(self):
        """Fails when the watchdog of its unit gets no sign of it, or `systemctl status` has nothing to show."""
        self.configure(OTHER)
        with unittest.mock.patch.dict(os.environ, WATCHDOG_USEC="300000"):
            sekid = self.start()
        sekid.wait_notification("WATCHDOG=1")
        sekid.process.send_signal(signal.SIGHUP)
        self.assertRegex(sekid.wait_notification("READY=1"), r"(?m)^STATUS=segment .*, 1 primitives$")
        sekid.wait_notification("WATCHDOG=1")

    def test_systemd_is_told_of_the_segment_that_is_there(self):
        """Fails when the status names a segment that was lost, or the log has a line for each time that no other can be made."""
        self.configure(OTHER)
        with unittest.mock.patch.dict(os.environ, WATCHDOG_USEC="3000000"):  # a sign of life each second, as often as it is tried
            sekid = self.start()
        generation = sekid.state()["segment"]["generation"]
        os.unlink(self.segment)
        os.mkdir(self.segment)
        sekid.wait_notification(f"STATUS=no segment at {self.segment}")
        for _ in range(4):
            sekid.wait_notification("WATCHDOG=1")
        os.rmdir(self.segment)
        status = sekid.wait_notification_like(rf"STATUS=segment {self.segment}, generation (\d+), 1 primitives")
        self.assertNotEqual(int(status[1]), generation)
        self.assertEqual(sekid.stop(), 0)
        self.assertEqual(sekid.log.text().count("cannot go on yet"), 1)

    def test_only_reading_is_answered(self):
        """Fails when a method that could change something is let through."""
        self.configure("")
        sekid = self.start()
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            status, _, response = sekid.ask("/metrics", method)
            self.assertEqual((status, response.getheader("Allow")), (405, "GET, HEAD"), method)
        status, body, _ = sekid.ask("/metrics", "HEAD")
        self.assertEqual((status, body), (200, ""))
        self.assertEqual(sekid.ask("/nothing")[0], 404)
        self.assertIn("/api/v1/state", sekid.get("/"))

    def test_unix_socket(self):
        """Fails when the socket is not made, not for the group, survives a stop, or one left behind by a killed sekid is in the way."""
        path = os.path.join(self.folder, "http.sock")
        self.configure("", sekid=f'listen = "unix:{path}"')
        sekid = self.start()
        self.assertEqual(sekid.get("/healthz"), "alive\n")
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o660)
        sekid.kill()
        self.assertTrue(os.path.exists(path))
        sekid = self.start()
        self.assertEqual(sekid.get("/healthz"), "alive\n")
        self.assertEqual(sekid.stop(), 0)
        self.assertFalse(os.path.exists(path))

    def test_a_stop_on_a_unix_socket_is_no_error(self):
        """Fails when who accepts takes the end for a client that could not be accepted."""
        self.configure("", sekid=f'listen = "unix:{os.path.join(self.folder, "http.sock")}"')
        for _ in range(3):
            sekid = self.start()
            self.assertEqual(sekid.get("/healthz"), "alive\n")
            self.assertEqual(sekid.stop(), 0)
            self.assertNotIn(" error: ", sekid.log.text())

    def test_what_lies_where_a_socket_is_to_be_is_named_and_left_alone(self):
        """Fails when a file is taken for a socket that somebody uses, or is taken away."""
        for what, make in (("a file", lambda path: open(path, "w", encoding="utf-8").close()), ("a folder", os.mkdir), ("something that is no socket", os.mkfifo)):
            with self.subTest(what):
                path = os.path.join(self.folder, what.replace(" ", "-"))
                make(path)
                self.configure("", sekid=f'listen = "unix:{path}"')
                status, said = self.refused("--config", self.config)
                self.assertEqual(status, 1)
                self.assertIn(f'cannot listen on "unix:{path}": {what} lies there', said)
                self.assertTrue(os.path.exists(path))


class Reloading(SekidTest):
    def test_a_limit_changes_in_place_and_its_keys_survive(self):
        """Fails when a reload makes the limiter anew: then five more than eight would be let through."""
        self.configure(LOGIN.format(5))
        sekid = self.start()
        worker = self.worker()
        self.assertEqual(worker("repeat 6 login alice"), "allowed 5")
        self.configure(LOGIN.format(8) + OTHER)
        sekid.reload()
        self.assertEqual(worker("repeat 6 login alice"), "allowed 3")
        self.assertEqual(worker("check other bob 1"), "allow 6")
        login = sekid.limiter("login")
        self.assertEqual((login["options"]["limit"], login["counters"]["allow"]), (8, 8))

    def test_a_change_is_logged_the_way_it_goes(self):
        """Fails when the log says of a limit that was raised from 5 to 8 what one would say of one that was lowered."""
        self.configure(LOGIN.format(5))
        sekid = self.start()
        self.configure(LOGIN.format(8))
        sekid.reload()
        sekid.wait_log('changed limiter "login": limit 5 -> 8\n')

    def test_a_bad_file_changes_nothing_and_every_mistake_is_logged(self):
        """Fails when a reload is applied in part, or stops at the first mistake."""
        self.configure(LOGIN.format(5))
        sekid = self.start()
        self.configure(LOGIN.format(8).replace("[limiter.login]", "[limiter.login]\nbrust = 1") + OTHER.replace("7", "0"))
        sekid.reload()
        sekid.wait_log("sekid.toml:11:1: ")
        sekid.wait_log("brust")
        sekid.wait_log('limiter "other": limit 0 is too small')
        self.assertEqual(sekid.limiter("login")["options"]["limit"], 5)
        self.assertEqual(len(sekid.state()["limiters"]), 1)
        self.assertEqual(sekid.get("/readyz"), "ready\n")

    def test_what_cannot_change_in_place_is_refused_as_a_whole(self):
        """Fails when the other limiters of the file are made all the same."""
        self.configure(LOGIN.format(5))
        sekid = self.start()
        self.configure(OTHER + LOGIN.format(8).replace("max_keys = 100", "max_keys = 200"))
        sekid.reload()
        sekid.wait_log("max_keys")
        self.assertEqual([each["name"] for each in sekid.state()["limiters"]], ["login"])
        self.assertEqual(sekid.stop(), 0)
        status, said = self.refused("--config", self.config)
        self.assertEqual(status, 1)
        self.assertIn('limiter "login"', said)
        self.assertIn("max_keys", said)


    def test_the_segment_is_warned_of_where_it_differs_and_only_there(self):
        """Fails when a size "auto" that grows with the file counts as one that was asked for, or a difference is told once and never again."""

        def write(size, primitives):
            self.configure(primitives)
            with open(self.config, encoding="utf-8") as file:
                text = file.read()
            with open(self.config, "w", encoding="utf-8") as file:
                file.write(text.replace('"4MiB"', size))

        write('"auto"', LOGIN.format(5))
        sekid = self.start()
        write('"auto"', LOGIN.format(5) + OTHER)
        sekid.reload()
        self.assertEqual(len(sekid.state()["limiters"]), 2)
        bytes_now = os.stat(self.segment).st_size
        write(f'"{bytes_now}"', LOGIN.format(5) + OTHER)  # what it is, in words
        sekid.reload()
        self.assertNotIn(" warning: ", sekid.log.text())
        write('"8MiB"', LOGIN.format(5) + OTHER)
        for times in (1, 2):
            sekid.reload()
            sekid.log.wait(rf"(?s)(warning: segment \S+ keeps its {bytes_now} bytes.*?says 8388608, .*?){{{times}}}")
        write('"auto"', LOGIN.format(5) + OTHER)
        self.assertEqual(sekid.stop(), 0)
        sekid = self.start()
        sekid.wait_log("adopted segment")
        self.assertNotIn(" warning: ", sekid.log.text())

    def test_nobody_need_read_what_is_told(self):
        """Fails when sekid stands still because whoever started it does not read its words any more."""
        self.configure(LOGIN.format(5))
        sekid = self.start()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as filling, contextlib.suppress(BlockingIOError):
            filling.setblocking(False)
            while True:
                filling.sendto(b"STATUS=", sekid.notify_path)
        for limit in (8, 6):
            self.configure(LOGIN.format(limit))
            sekid.process.send_signal(signal.SIGHUP)
            eventually(f"the limit is {limit}", lambda: sekid.limiter("login")["options"]["limit"] == limit)
        eventually("ready", lambda: sekid.ask("/readyz")[0] == 200)


class Restarting(SekidTest):
    def test_counts_survive_kill_9(self):
        """Fails when sekid keeps a count that only it knows, or makes a new segment of a good one."""
        self.configure(LOGIN.format(5))
        sekid = self.start()
        worker = self.worker()
        self.assertEqual(worker("repeat 6 login alice"), "allowed 5")
        generation = sekid.samples()["seki_segment_generation"]
        sekid.kill()
        self.assertEqual(worker("repeat 4 login alice"), "allowed 0")
        samples = self.start().samples()
        self.assertEqual(samples['seki_limiter_decisions_total{limiter="login",decision="allow"}'], 5)
        self.assertEqual(samples['seki_limiter_decisions_total{limiter="login",decision="deny"}'], 5)
        self.assertEqual(samples["seki_segment_generation"], generation)

    def test_a_stop_leaves_the_segment_and_nothing_else(self):
        """Fails when the owner is still named, or the lock file stays."""
        self.configure(LOGIN.format(5))
        sekid = self.start()
        worker = self.worker()
        self.assertEqual(sekid.stop(), 0)
        self.assertFalse(os.path.exists(self.segment + ".owner"))
        self.assertEqual(worker("check login alice 1"), "allow 4")
        self.assertEqual(self.start().stop(signal.SIGINT), 0)

    def test_a_header_that_was_written_over_is_put_back(self):
        """Fails when nobody can attach any more, or spends as somebody else, because of words that sekid knows."""
        self.configure(LOGIN.format(5))
        sekid = self.start()
        self.assertEqual(self.worker()("check login alice 4"), "allow 1")
        with open(self.segment, "r+b", buffering=0) as file:
            stood = file.read(4096)
            for at in (8, 16, 24, 64, 72, 128, 144, 152, 168):  # version, layout hash, size; parts, boot id, offset, generation, seed
                file.seek(at)
                file.write(os.urandom(8))
            sekid.wait_log("put it back")
            file.seek(0)
            self.assertEqual(file.read(4096)[64:200], stood[64:200])
        worker = self.worker()
        self.assertEqual(worker("check login alice 1"), "allow 0")
        self.assertRegex(worker("check login alice 1"), "^deny ")
        self.assertEqual(sekid.stop(), 0)

    def test_permissions_that_a_segment_keeps_are_told(self):
        """Fails when the configuration asks for other permissions than an adopted segment has, and nobody says so."""
        self.configure(LOGIN.format(5))
        self.assertEqual(self.start().stop(), 0)
        with open(self.config, encoding="utf-8") as file:
            text = file.read()
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(text.replace("[segment]\n", '[segment]\nmode = "0600"\n'))
        self.start().wait_log("keeps its mode 0660")
        self.assertEqual(os.stat(self.segment).st_mode & 0o777, 0o660)

    def test_dead_workers_are_reaped(self):
        """Fails when the slot of a killed process is not given back while sekid runs."""
        self.configure(LOGIN.format(5))
        sekid = self.start()
        worker = self.worker()
        self.assertEqual(worker("check login alice 1"), "allow 4")
        self.assertEqual(sekid.samples()["seki_workers"], 1)
        worker.process.kill()
        worker.process.wait(DEADLINE)
        eventually("reaped", lambda: sekid.samples()["seki_workers_reaped_total"] == 1)
        samples = sekid.samples()
        self.assertEqual((samples["seki_workers"], samples["seki_worker_threads"]), (0, 0))
        self.assertEqual(samples['seki_limiter_decisions_total{limiter="login",decision="allow"}'], 1)


class Sweeping(SekidTest):
    def test_expired_keys_leave_memory_and_the_others_stay(self):
        """Fails when the text of a key that nobody uses any more can be read in the segment, or one in use loses its state."""
        self.configure(LOGIN.format(5) + '[limiter.api]\nlimit = 1000\nwindow = "1s"\nmax_keys = 100\n')
        sekid = self.start()
        worker = self.worker()
        self.assertEqual(worker("repeat 5 login alice-who-stays"), "allowed 5")
        self.assertEqual(worker("check api mallory-who-leaves"), "allow 999")

        def memory():
            with open(self.segment, "rb") as file:
                return file.read()

        eventually("the expired key is gone", lambda: b"mallory-who-leaves" not in memory())
        self.assertIn(b"alice-who-stays", memory())
        self.assertTrue(worker("check login alice-who-stays").startswith("deny"))
        samples = sekid.samples()
        self.assertEqual(samples['seki_limiter_keys{limiter="login"}'], 1)
        self.assertEqual(samples['seki_limiter_evictions_total{limiter="api"}'], 0)


class Surviving(SekidTest):
    def test_a_truncated_segment_is_made_anew(self):
        """Fails when the SIGBUS kills sekid, or the limiters of the configuration are not there afterwards."""
        self.configure(LOGIN.format(5))
        sekid = self.start()
        for length in (0, 4096, 100_000):
            before = os.stat(self.segment).st_ino
            os.truncate(self.segment, length)
            eventually("another file", lambda: os.stat(self.segment).st_ino != before)
            eventually("ready", lambda: sekid.ask("/readyz")[0] == 200)
            self.assertEqual(self.worker()("check login alice 1"), "allow 4")
        sekid.wait_log("truncated")
        self.assertIsNone(sekid.process.poll())
        self.assertEqual(sekid.stop(), 0)

    def test_a_removed_segment_is_made_anew_and_workers_move_over(self):
        """Fails when workers go on in a file that nobody else sees."""
        self.configure(LOGIN.format(5))
        sekid = self.start()
        worker = self.worker()
        self.assertEqual(worker("check login alice 1"), "allow 4")
        os.unlink(self.segment)
        sekid.wait_log("removed or cut short")
        eventually("ready", lambda: sekid.ask("/readyz")[0] == 200)
        eventually("a count in the new segment", lambda: worker("check login bob 0") and worker("check login bob 1") and sekid.limiter("login")["counters"]["allow"] > 0)

    def test_rubbish_in_place_of_the_segment_is_replaced(self):
        """Fails when sekid refuses to start for good after its file was overwritten."""
        self.configure(LOGIN.format(5))
        self.assertEqual(self.start().stop(), 0)
        with open(self.segment, "r+b") as file:
            file.write(b"\xff" * 4096)
        sekid = self.start()
        sekid.wait_log("replaced what was there")
        self.assertEqual(self.worker()("check login alice 1"), "allow 4")

    def test_a_file_that_is_no_segment_is_left_alone(self):
        """Fails when a mistyped path costs somebody a file."""
        self.configure("")
        with open(self.segment, "wb") as file:
            file.write(b"a letter")
        status, said = self.refused("--config", self.config)
        self.assertEqual(status, 1)
        self.assertIn("not a segment", said)
        with open(self.segment, "rb") as file:
            self.assertEqual(file.read(), b"a letter")


class Refusing(SekidTest):
    def one_sentence(self, said):
        self.assertEqual(len(said.strip().splitlines()), 1, said)
        self.assertTrue(said.startswith("sekid: "), said)

    def test_the_segment_of_the_environment(self):
        """Fails when sekid goes by SEKI_SEGMENT where something else names a segment, or does not where nothing does, or its man page does not say so."""
        with unittest.mock.patch.dict(os.environ, SEKI_SEGMENT=self.segment):
            sekid = self.start("--listen", "127.0.0.1:0")
            self.assertEqual(sekid.state()["segment"]["path"], self.segment)
            sekid.stop()
            other = f"{self.folder}/other.seg"
            self.assertEqual(self.start("--segment", other, "--listen", "127.0.0.1:0").state()["segment"]["path"], other)
        page = os.path.join(os.path.dirname(__file__), "../../docs/man/sekid.8")
        with open(page, encoding="utf-8") as file:
            self.assertIn(".It Ev SEKI_SEGMENT", file.read())

    def test_unknown_options(self):
        """Fails when a typing mistake is ignored, or answered by a page."""
        status, said = self.refused("--confg", "x")
        self.assertEqual(status, 2)
        self.assertIn("--confg", said)
        self.one_sentence(said)

    def test_a_port_in_use(self):
        """Fails when sekid starts without its HTTP, or makes a segment before it notices."""
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = "127.0.0.1:%d" % taken.getsockname()[1]
            self.configure("", sekid=f'listen = "{address}"')
            status, said = self.refused("--config", self.config)
        self.assertEqual(status, 1)
        self.assertIn(address, said)
        self.one_sentence(said)
        self.assertEqual(sorted(os.listdir(self.folder)), ["sekid.toml"])

    def test_an_address_that_is_none(self):
        """Fails when an override is taken unseen."""
        for address in ("nowhere", "127.0.0.1:99999", "unix:relative", ":80", "127.0.0.1:"):
            status, said = self.refused("--segment", self.segment, "--listen", address)
            self.assertEqual(status, 1, address)
            self.one_sentence(said)

    def test_check_says_where_each_mistake_is(self):
        """Fails when a mistake has no line and column, or a good file is refused."""
        self.configure(LOGIN.format(5))
        self.assertEqual(self.refused("--check", self.config), (0, ""))
        self.configure(LOGIN.format(0) + OTHER.replace('"1m"', '"1 parsec"'))
        status, said = self.refused("--check", self.config)
        self.assertEqual(status, 1)
        mistakes = said.strip().splitlines()
        self.assertEqual(len(mistakes), 2, said)
        for mistake in mistakes:
            self.assertRegex(mistake, r"sekid\.toml:\d+:\d+: limiter \"")
        self.assertFalse(os.path.exists(self.segment))

    def test_check_finds_what_this_host_has_not(self):
        """Fails when --check finds fine what a start on the same host refuses, or does not say where it stands."""
        self.configure("", sekid='listen = "no-host.invalid:9435"')
        for option in ("--check", "--config"):
            status, said = self.refused(option, self.config)
            self.assertEqual(status, 1)
            self.assertRegex(said, r'sekid\.toml:9:10: cannot listen on "no-host\.invalid:9435": ')
        self.configure("")
        with open(self.config, encoding="utf-8") as file:
            text = file.read()
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(text.replace('size = "4MiB"', 'group = "no-group"'))
        for option, place in (("--check", r"sekid\.toml:3:9: "), ("--config", "")):
            status, said = self.refused(option, self.config)
            self.assertEqual(status, 1)
            self.assertRegex(said, place + 'segment: there is no group "no-group"')
        self.assertEqual(sorted(os.listdir(self.folder)), ["sekid.toml"])

    def test_check_refuses_a_path_that_a_start_refuses(self):
        """Fails when --check finds a path fine at which no segment can be made, or makes something there."""
        for path, why in (
            ("/tmp/", "does not name a file"),
            (f"{self.folder}/nowhere/a.seg", "does not exist"),
            (f"{self.folder}/" + 250 * "x", "the name of the segment has 250 bytes: 1 to 249"),
            (f"{self.config}/a.seg", "Not a directory"),
            (f"{self.folder}/a\\nb", "control character"),
            ("..", "is a folder"),
        ):
            self.configure("")
            with open(self.config, encoding="utf-8") as file:
                text = file.read()
            with open(self.config, "w", encoding="utf-8") as file:
                file.write(text.replace(self.segment, path))
            for option, place in (("--check", r"sekid\.toml:2:8: "), ("--config", "")):
                with self.subTest(f"{option} of {path}"):
                    status, said = self.refused(option, self.config)
                    self.assertEqual(status, 1)
                    self.assertRegex(said, f"{place}.*{why}")
        self.assertEqual(sorted(os.listdir(self.folder)), ["sekid.toml"])

    def test_check_makes_no_folder(self):
        """Fails when --check refuses what a start would make, or makes it."""
        folder = f"/dev/shm/seki-check-{os.getpid()}"
        self.segment = f"{folder}/a.seg"
        self.configure("")
        self.assertEqual(self.refused("--check", self.config), (0, ""))
        self.assertFalse(os.path.exists(folder))

    def test_a_size_without_room_is_a_mistake_of_the_file(self):
        """Fails when --check finds it fine, or a start that fails leaves a segment which the next one adopts, too small for ever."""
        self.configure(OTHER.replace("max_keys = 100", "max_keys = 400000"))
        for option in ("--check", "--config"):
            status, said = self.refused(option, self.config)
            self.assertEqual(status, 1)
            self.assertRegex(said, r'sekid\.toml:3:8: \[segment\]: size "?4MiB"? is too small: its 4194304 bytes')
        self.assertEqual(sorted(os.listdir(self.folder)), ["sekid.toml"])
        self.configure(OTHER)
        self.assertEqual([each["name"] for each in self.start().state()["limiters"]], ["other"])

    def test_help_and_version(self):
        """Fails when asking for help is an error."""
        for option in ("--help", "--version"):
            done = subprocess.run([os.environ["SEKID"], option], capture_output=True, text=True, timeout=DEADLINE, check=False)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertIn("sekid", done.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
