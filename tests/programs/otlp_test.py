"""What sekid exports by OpenTelemetry's protocol, as a collector gets it."""

import os
import re
import subprocess
import time
import unittest

from breakers import PAYMENTS
from otlp_collector import plain
from otlp_harness import LOGIN, SPAN, TRACE, OtlpTest
from sekid_harness import DEADLINE, eventually

CUMULATIVE = 2
DOCS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs")
# Of OpenTelemetry's semantic conventions.
OF_THE_PROCESS = {
    "process.cpu.time": "s",
    "process.memory.usage": "By",
    "process.memory.virtual": "By",
    "process.thread.count": "{thread}",
    "process.unix.file_descriptor.count": "{file_descriptor}",
    "process.uptime": "s",
}


class Metrics(OtlpTest):
    def points(self):
        """{'name{labels}': value} of the latest request, written as /metrics writes it."""
        found = {}
        for name, metric in self.collector.metrics().items():
            kind = metric.WhichOneof("data")
            for point in getattr(metric, kind).data_points:
                labels = ",".join(f'{key}="{value}"' for key, value in plain(point.attributes).items())
                where = f"{name}{{{labels}}}" if labels else name
                if kind == "histogram":
                    found[where.replace("{", "_count{", 1)] = point.count
                else:
                    found[where] = point.as_int if point.WhichOneof("value") == "as_int" else point.as_double
        return found

    def test_each_number_of_slash_metrics_is_exported(self):
        """Fails when a metric is left out, has other labels, another value, or a message that the protocol does not know."""
        self.export(LOGIN + PAYMENTS + "[bulkhead.database]\nmax_concurrent = 3\n[shedder.s]\n[adaptive.a]\n[retry.r]\n[hedge.h]\n", "events = false\n")
        sekid = self.start()
        worker = self.worker()
        self.assertEqual(worker("repeat 9 login alice"), "allowed 1")
        self.assertEqual(worker("call payments ok 3"), "called 3")
        self.assertEqual(worker("acquire database"), "held")
        moves = re.compile(r"seki_otlp_|process_|seki_tick_age|.*_(bucket|sum)({|$)")

        def same():
            wanted = {name: value for name, value in sekid.samples().items() if not moves.match(name)}
            got = {name: value for name, value in self.points().items() if not moves.match(name) and not name.startswith("process.")}
            return wanted == got and wanted

        wanted = eventually("both say the same", same)
        self.assertEqual(wanted['seki_limiter_decisions_total{limiter="login",decision="deny"}'], 8)
        self.assertEqual(wanted['seki_breaker_call_duration_seconds_count{breaker="payments"}'], 3)

    def test_sums_are_cumulative_and_say_since_when(self):
        """Fails when a sum is no counter to a collector, or says that it counts from another moment than its primitive's making."""
        before = time.time_ns()
        self.export(LOGIN, "events = false\n")
        self.start()
        self.worker()("repeat 3 login alice")
        metrics = eventually("metrics", self.collector.metrics)
        self.assertIn("seki_limiter_decisions_total", metrics)
        for name, metric in metrics.items():
            kind = metric.WhichOneof("data")
            data = getattr(metric, kind)
            self.assertEqual(kind == "sum", name.endswith("_total") or name in OF_THE_PROCESS and name != "process.uptime", name)
            if kind == "sum":
                self.assertEqual(data.aggregation_temporality, CUMULATIVE, name)
                self.assertEqual(data.is_monotonic, name.endswith("_total") or name == "process.cpu.time", name)
            for point in data.data_points:
                self.assertGreater(point.time_unix_nano, before)
                if kind == "sum" and name.endswith("_total"):
                    self.assertLess(point.start_time_unix_nano, point.time_unix_nano)
                    # A process begins at a tick of the kernel's clock.
                    self.assertGreater(point.start_time_unix_nano, before - 60_000_000_000)
        since = metrics["seki_limiter_decisions_total"].sum.data_points[0].start_time_unix_nano
        self.assertGreater(since, before)
        again = eventually("another request", lambda: len(self.collector.of("metrics")) > 3 and self.collector.metrics())
        self.assertEqual(since, again["seki_limiter_decisions_total"].sum.data_points[0].start_time_unix_nano)

    def test_a_primitive_made_anew_counts_from_its_new_making(self):
        """Fails when a counter that begins again looks like one that went down."""
        self.export(LOGIN, "events = false\n")
        self.start()
        worker = self.worker()
        worker("repeat 3 login alice")

        def allowed():
            metric = self.collector.metrics().get("seki_limiter_decisions_total")
            point = metric and metric.sum.data_points[0]
            return point and (point.as_int, point.start_time_unix_nano)

        first = eventually("one is allowed", lambda: (allowed() or (0,))[0] == 1 and allowed())
        ctl = [os.environ["SEKICTL"], "--segment", self.segment]
        subprocess.run([*ctl, "delete", "limiter", "login"], check=True, timeout=DEADLINE)
        subprocess.run([*ctl, "create", "limiter", "login", "--limit", "1", "--window", "30d", "--max-keys", "100"], check=True, timeout=DEADLINE)
        second = eventually("it counts anew", lambda: (allowed() or (1,))[0] == 0 and allowed())
        self.assertGreater(second[1], first[1])

    def test_histograms_have_a_count_for_each_bucket(self):
        """Fails when buckets are added up as Prometheus wants them, or their bounds are not those of the buckets."""
        self.export(PAYMENTS, "events = false\n")
        sekid = self.start()
        self.assertEqual(self.worker()("call payments ok 5 1"), "called 5")
        metric = eventually(
            "five calls",
            lambda: (m := self.collector.metrics().get("seki_breaker_call_duration_seconds")) and m.histogram.data_points[0].count == 5 and m,
        )
        self.assertEqual(metric.unit, "s")
        self.assertEqual(metric.histogram.aggregation_temporality, CUMULATIVE)
        (point,) = metric.histogram.data_points
        self.assertEqual(plain(point.attributes), {"breaker": "payments"})
        samples = sekid.samples()
        so_far = 0
        for bound, count in zip(point.explicit_bounds, point.bucket_counts):
            so_far += count
            self.assertEqual(samples[f'seki_breaker_call_duration_seconds_bucket{{breaker="payments",le="{bound:g}"}}'], so_far)
        self.assertEqual(len(point.bucket_counts), len(point.explicit_bounds) + 1)
        self.assertEqual(sum(point.bucket_counts), 5)
        self.assertAlmostEqual(point.sum, samples['seki_breaker_call_duration_seconds_sum{breaker="payments"}'])

    def test_what_sekid_takes_itself_has_the_names_of_the_conventions(self):
        """Fails when a number of the process is missing, absurd, or called otherwise than everywhere else."""
        self.export("", "events = false\n")
        sekid = self.start()
        metrics = eventually("metrics", self.collector.metrics)
        self.assertEqual({name: metric.unit for name, metric in metrics.items() if name.startswith("process")}, OF_THE_PROCESS)
        self.assertEqual([plain(point.attributes) for point in metrics["process.cpu.time"].sum.data_points], [{"cpu.mode": "user"}, {"cpu.mode": "system"}])
        self.assertGreater(metrics["process.memory.usage"].sum.data_points[0].as_double, 1 << 20)
        eventually(
            "the same number of threads",
            lambda: self.collector.metrics()["process.thread.count"].sum.data_points[0].as_double == sekid.samples()["process_threads"],
        )
        self.assertLess(metrics["process.uptime"].gauge.data_points[0].as_double, 3600)

    def test_who_tells_is_said_by_the_resource(self):
        """Fails when a collector cannot tell whose numbers these are, or what the user says of it does not win."""
        self.export("", 'resource = { "service.name" = "shop", "deployment.environment.name" = "test" }\n')
        sekid = self.start()
        (resource,) = eventually("metrics", lambda: self.collector.of("metrics"))[0].message.resource_metrics
        said = plain(resource.resource.attributes)
        host = os.uname().nodename
        self.assertEqual(
            {name: said[name] for name in said if name not in ("service.version", "telemetry.sdk.version")},
            {
                "service.name": "shop", "deployment.environment.name": "test", "host.name": host, "process.pid": sekid.process.pid,
                "service.instance.id": f"{host}:{self.segment}", "seki.segment": self.segment,
                "telemetry.sdk.name": "seki", "telemetry.sdk.language": "cpp",
            },
        )
        self.assertEqual(resource.scope_metrics[0].scope.name, "seki")

    def test_requests_are_zipped_carry_the_headers_and_keep_their_connection(self):
        """Fails when a collector that asks for a password gets none, bodies are sent at length, or each has a connection of its own."""
        self.export("", 'headers = { Authorization = "Bearer sesame", X-Empty = "" }\n')
        self.start()
        requests = eventually("three requests", lambda: (r := self.collector.of("metrics"))[2:] and r)
        self.assertEqual(requests[0].headers["content-encoding"], "gzip")
        self.assertEqual(requests[0].headers["authorization"], "Bearer sesame")
        self.assertEqual(requests[0].headers["x-empty"], "")
        self.assertRegex(requests[0].headers["user-agent"], r"\Asekid/\d+\.\d+\.\d+\Z")
        self.assertLess(2 * len(requests[0].sent), requests[0].message.ByteSize())
        self.assertEqual({each.client for each in requests}, {requests[0].client})

    def test_without_compression(self):
        """Fails when a collector that cannot unzip is sent what it cannot read."""
        self.export("", 'compression = "none"\n')
        self.start()
        (request, *_) = eventually("a request", lambda: self.collector.of("metrics"))
        self.assertNotIn("content-encoding", request.headers)

    def test_over_tls(self):
        """Fails when nothing is exported to a collector whose certificate is signed by the authority that is named, or something is to another."""
        cert, key = (os.path.join(self.folder, name) for name in ("cert.pem", "key.pem"))
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
             "-keyout", key, "-out", cert, "-subj", "/CN=collector", "-addext", "subjectAltName=IP:127.0.0.1"],
            check=True, capture_output=True, timeout=DEADLINE,
        )
        secure = self.another(cert, key)
        self.export("", collector=secure)
        sekid = self.start()
        sekid.wait_log("cannot export metrics")
        self.assertEqual(secure.requests, [])
        self.export("", f'ca_file = "{cert}"\n', collector=secure)
        sekid.reload()
        eventually("metrics over TLS", secure.metrics)
        sekid.wait_log("exports metrics to https://127.0.0.1")


class Logs(OtlpTest):
    def test_a_refusal_is_a_record_in_the_trace_of_its_caller(self):
        """Fails when a record is missing a part, or does not find the request that was refused."""
        before = time.time_ns()
        self.export(LOGIN, "metrics = false\n")
        sekid = self.start()
        worker = self.worker()
        self.listens(sekid, worker)
        worker(f"trace 00-{TRACE}-{SPAN}-01")
        worker("repeat 2 login alice")
        record, said = eventually("alice's record", lambda: [each for each in self.collector.records() if each[1]["seki.key"] == "alice"])[0]
        self.assertEqual((record.trace_id.hex(), record.span_id.hex(), record.flags), (TRACE, SPAN, 1))
        self.assertEqual((record.severity_text, record.severity_number), ("INFO", 9))
        self.assertEqual(record.body.string_value, 'limiter "login": seki.rate_limit.deny')
        self.assertEqual((said["event.name"], said["seki.kind"], said["seki.name"]), ("seki.rate_limit.deny", "limiter", "login"))
        self.assertEqual(record.event_name, "seki.rate_limit.deny")
        self.assertEqual((said["seki.cost"], said["seki.key_whole"], said["process.pid"]), (1, True, worker.process.pid))
        self.assertGreater(said["seki.retry_after"], 1_000_000)
        self.assertLess(before, record.time_unix_nano)
        self.assertLessEqual(record.time_unix_nano, record.observed_time_unix_nano)

    def test_changes_of_state_and_refusals_are_told_and_calls_that_went_through_are_not(self):
        """Fails when a breaker trips unheard, or each ordinary call of the host is exported."""
        self.export(PAYMENTS + "[bulkhead.database]\nmax_concurrent = 1\n", "metrics = false\n")
        sekid = self.start()
        worker = self.worker()
        eventually("sekid listens", lambda: worker("acquire database") and self.collector.records())
        self.assertEqual(worker("call payments ok 3"), "called 3")
        worker(f"trace 00-{TRACE}-{SPAN}-01")
        self.assertEqual(worker("call payments error 9"), "called 3")

        def told():
            return [each for each in self.collector.records() if each[1]["seki.kind"] == "breaker"]

        records = eventually("the change, and six refusals", lambda: len(told()) >= 7 and told())
        self.assertEqual(len(records), 7)
        change, said = records[0]
        self.assertEqual(said["event.name"], "seki.breaker.state_change")
        self.assertEqual((said["seki.from"], said["seki.to"], change.severity_text), ("closed", "open", "WARN"))
        self.assertEqual({said.get("seki.outcome") for _, said in records[1:]}, {"rejected"})
        self.assertEqual({(record.trace_id.hex(), record.span_id.hex()) for record, _ in records}, {(TRACE, SPAN)})
        self.assertEqual(self.collector.records()[0][1]["event.name"], "seki.bulkhead.rejected")
        self.assertEqual(self.collector.records()[0][0].trace_id, b"")
        self.assertEqual(self.told_by(sekid, "logs")[1:], [0, 0])

    def test_no_keys_where_they_are_not_to_leave_the_host(self):
        """Fails when `keys = false` lets a part of a key out."""
        self.export(LOGIN, "metrics = false\nkeys = false\n")
        sekid = self.start()
        self.listens(sekid, self.worker(), "secret")
        for request in self.collector.of("logs"):
            self.assertNotIn(b"secret", request.message.SerializeToString())
        for _, said in self.collector.records():
            self.assertEqual([name for name in said if name.startswith("seki.key") or name == "seki.tag"], [])

    def test_records_go_in_batches_and_in_order(self):
        """Fails when a request is larger than it may be, records come twice, not at all, or out of order, or wait for the interval though a batch is full."""
        self.export(LOGIN, "metrics = false\nmax_batch = 10\n", events="1h")
        sekid = self.start()
        worker = self.worker()
        self.deny(worker, 1)
        eventually("a batch", lambda: self.deny(worker, 1) or self.collector.records())
        self.deny(worker, 40)
        count = eventually("all but a part of a batch", lambda: (n := len(self.collector.records())) > self.denied(sekid) - 10 and n)
        self.assertEqual({len(request.message.resource_logs[0].scope_logs[0].log_records) for request in self.collector.of("logs")}, {10})
        eventually("they are counted", lambda: self.told_by(sekid, "logs") == [count, 0, 0])
        times = [record.time_unix_nano for record, _ in self.collector.records()]
        self.assertEqual(times, sorted(times))

    def test_only_what_is_asked_for_is_exported(self):
        """Fails when a signal that is off is sent, or workers pay for events that nobody wants."""
        self.export(LOGIN, "events = false\n")
        sekid = self.start()
        self.deny(self.worker(), 9)
        eventually("metrics", lambda: len(self.collector.of("metrics")) > 2)
        self.assertEqual(self.collector.of("logs"), [])
        self.assertEqual(sekid.samples()["seki_events_total"], 0)


class Guide(OtlpTest):
    def test_what_the_guide_says_is_accepted_and_names_every_key(self):
        """Fails when who pastes from the guide or the README gets a mistake, or the guide forgets a key."""
        with open(os.path.join(DOCS, "guide/opentelemetry.md"), encoding="utf-8") as file:
            text = file.read()
        pasted = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
        self.assertEqual(len(pasted), 2)
        for each in pasted:
            with open(self.config, "w", encoding="utf-8") as file:
                file.write(each.replace("/etc/seki/collector-ca.pem", self.config))
            self.assertEqual(self.refused("--check", self.config), (0, ""))
        with open(self.config, "w", encoding="utf-8") as file:
            file.write("[otlp]\nendpoint = 'http://a'\nx = 1\n")
        _, said = self.refused("--check", self.config)
        known = re.search(r"accepted are (.*)", said)[1].split(", ")
        self.assertEqual(re.findall(r"^(\w+) = ", pasted[1], re.MULTILINE), known)


class Exemplars(OtlpTest):
    def test_numbers_name_a_call_that_they_are_made_of(self):
        """Fails when nobody gets from a slow bucket, or from a count of refusals, to a trace."""
        self.export(LOGIN + PAYMENTS)
        sekid = self.start()
        worker = self.worker()
        self.listens(sekid, worker)
        worker(f"trace 00-{TRACE}-{SPAN}-01")

        def examples(name, kind):
            return [
                (example, point)
                for request in self.collector.of("metrics")
                for scope in request.message.resource_metrics[0].scope_metrics
                for metric in scope.metrics
                if metric.name == name
                for point in getattr(metric, kind).data_points
                for example in point.exemplars
            ]

        self.assertEqual(worker("call payments ok 1 3"), "called 1")
        self.deny(worker, 2)
        (slow, point), *_ = eventually("an example of a call", lambda: examples("seki_breaker_call_duration_seconds", "histogram"))
        self.assertEqual((slow.trace_id.hex(), slow.span_id.hex()), (TRACE, SPAN))
        self.assertGreater(slow.as_double, 0.003)
        at = sum(1 for bound in point.explicit_bounds if bound < slow.as_double)
        self.assertEqual(point.bucket_counts[at], 1)
        (denied, point), *_ = eventually("an example of a refusal", lambda: examples("seki_limiter_decisions_total", "sum"))
        self.assertEqual(denied.trace_id.hex(), TRACE)
        self.assertEqual(plain(point.attributes), {"limiter": "login", "decision": "deny"})
        self.assertEqual(len(examples("seki_breaker_call_duration_seconds", "histogram")), 1)


if __name__ == "__main__":
    unittest.main()
