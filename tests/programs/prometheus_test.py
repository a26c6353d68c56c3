"""What Prometheus sees of sekid: a real server scrapes it, evaluates our rules, and answers what the dashboard asks."""

import json
import os
import re
import shutil
import subprocess
import unittest
import urllib.parse
import urllib.request

from sekid_harness import DEADLINE, Log, SekidTest, eventually

# A window that does not end while the test runs.
LOGIN = '[limiter.login]\nalgorithm = "fixed_window"\nlimit = 5\nwindow = "30d"\nmax_keys = 100\n'
EACH_KIND = """
[breaker.payments]
[bulkhead.database]
max_concurrent = 1
[adaptive.api]
[shedder.front]
[retry.mail]
base_delay = "0s"
max_delay = "0s"
[hedge.index]
[policy.checkout]
breaker = "payments"
"""
SHIPPED = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs/prometheus"))


def shipped(name):
    return os.path.join(SHIPPED, name)


class Prometheus(SekidTest):
    def test_a_real_server_scrapes_and_answers(self):
        """Fails when Prometheus cannot parse what it gets, in the format that it asks for itself."""
        self.configure(LOGIN + "[breaker.payments]\n")
        sekid = self.start()
        worker = self.worker()
        self.assertEqual(worker("repeat 9 login alice"), "allowed 5")
        self.assertEqual(worker("call payments ok 3"), "called 3")
        server = self.serve(sekid.address()[len("http://") :])
        denied = eventually("Prometheus has scraped", lambda: self.query(server, 'seki_limiter_decisions_total{decision="deny"}'))
        self.assertEqual([(each["metric"]["limiter"], each["value"][1]) for each in denied], [("login", "4")])
        eventually("a scrape went well", lambda: self.query(server, "up == 1"))  # one may come too late, where others keep the machine busy
        (calls,) = self.query(server, 'seki_breaker_call_duration_seconds_bucket{le="+Inf"}')
        self.assertEqual((calls["metric"]["breaker"], calls["value"][1]), ("payments", "3"))
        (median,) = self.query(server, "histogram_quantile(0.5, seki_breaker_call_duration_seconds_bucket)")
        self.assertGreater(float(median["value"][1]), 0)

    def serve(self, target, *rules):
        """Prometheus, that scrapes sekid as the job of that name and evaluates these rules each second."""
        config = os.path.join(self.folder, "prometheus.yml")
        with open(config, "w", encoding="utf-8") as file:
            json.dump(
                {
                    "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
                    "rule_files": rules,
                    "scrape_configs": [{"job_name": "sekid", "static_configs": [{"targets": [target]}]}],
                },
                file,
            )
        # Port 0 and not one that was free a moment ago: another test may have it by now.
        server = subprocess.Popen(
            ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={self.folder}/tsdb", "--web.listen-address=127.0.0.1:0"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        log = Log(server.stderr)
        self.addCleanup(log.close)
        self.addCleanup(server.wait, DEADLINE)
        self.addCleanup(server.kill)
        return log.wait(r'msg="Listening on" address=(\S+)')[1]

    @staticmethod
    def query(server, expression):
        url = f"http://{server}/api/v1/query?" + urllib.parse.urlencode({"query": expression})
        try:
            with urllib.request.urlopen(url, timeout=DEADLINE) as answer:
                return json.load(answer)["data"]["result"]
        except OSError:
            return None  # not up yet

    def test_each_query_of_the_dashboard_has_an_answer(self):
        """Fails when a panel asks for a series that neither sekid nor a recording rule makes, or by a label that it has not, or a kind of primitive has none."""
        self.configure(LOGIN + EACH_KIND)
        sekid = self.start()
        worker = self.worker()
        worker("repeat 9 login alice")
        worker("call payments ok 3")
        worker("acquire database")

        def goes_on():
            """Rates are of what happens between two scrapes."""
            for line in ("repeat 2 login alice", "call payments ok 1", "adapt api ok 1", "shed front 2 1", "retry mail 1 1", "hedge index 0 1"):
                worker(line)

        server = self.serve(sekid.address()[len("http://") :], shipped("recording.yml"), shipped("alerts.yml"))
        with open(shipped("grafana.json"), encoding="utf-8") as file:
            dashboard = json.load(file)
        variables = {each["name"] for each in dashboard["templating"]["list"]}
        asked = [(target["expr"], target["legendFormat"]) for panel in dashboard["panels"] for target in panel.get("targets", [])]
        kinds = {re.match(r"seki_[a-z]+", name)[0] for name in sekid.samples() if name.startswith("seki_")}
        self.assertGreater(len(kinds), 10)
        # Of the version there is nothing to draw.
        told = " ".join(re.sub(r"(\w+):seki_", r"seki_\1_", expression) for expression, _ in asked)
        self.assertEqual({kind for kind in kinds if kind not in told}, {"seki_build"})
        for expression, legend in asked:
            self.assertLessEqual(set(re.findall(r"\$(\w+)", expression)), variables)
            real = expression.replace("$job", "sekid").replace("$instance", ".+")
            answers = eventually(f"an answer to {real}", lambda question=real: goes_on() or self.query(server, question))
            self.assertLessEqual(set(re.findall(r"{{(\w+)}}", legend)), set(answers[0]["metric"]), real)

    def test_the_dashboard_is_laid_out_as_grafana_wants_it(self):
        """Fails when two panels have one number or lie on each other, one sticks out, or one is tied to somebody's data source."""
        with open(shipped("grafana.json"), encoding="utf-8") as file:
            dashboard = json.load(file)
        panels = dashboard["panels"]
        self.assertEqual(len({panel["id"] for panel in panels}), len(panels))
        taken = set()
        for panel in panels:
            at = panel["gridPos"]
            cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
            self.assertFalse(cells & taken, panel["title"])
            self.assertLessEqual(at["x"] + at["w"], 24, panel["title"])
            taken |= cells
            for target in panel.get("targets", []):
                self.assertEqual(target["datasource"]["uid"], "${datasource}", panel["title"])

    def test_sekid_tells_what_it_takes_itself(self):
        """Fails when a number of the process is missing or absurd."""
        self.configure("")
        sekid = self.start()
        seen = sekid.samples()
        self.assertLess(abs(seen["process_start_time_seconds"] - os.stat(f"/proc/{sekid.process.pid}").st_ctime), 60)
        self.assertEqual(seen["process_threads"], len(os.listdir(f"/proc/{sekid.process.pid}/task")))
        self.assertGreater(seen["process_open_fds"], 5)
        self.assertGreaterEqual(seen["process_max_fds"], seen["process_open_fds"])
        self.assertGreater(seen["process_resident_memory_bytes"], 1 << 20)
        self.assertGreater(seen["process_virtual_memory_bytes"], seen["process_resident_memory_bytes"])
        self.assertGreater(seen["process_cpu_seconds_total"], 0)


if __name__ == "__main__":
    for program in ("prometheus", "promtool"):
        if shutil.which(program) is None:
            raise SystemExit(f"{program} is missing: tools/install-packages test")
    unittest.main(verbosity=2)
