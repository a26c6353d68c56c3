"""The alerts and recording rules, by promtool: each alert fires for what it is for, and is silent beside it; and each is in the guide."""

import json
import os
import re
import subprocess
import tempfile
import unittest

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
RULES = [os.path.join(SOURCE, "docs/prometheus", name) for name in ("recording.yml", "alerts.yml")]
GUIDE = os.path.join(SOURCE, "docs/guide/alerts.md")
HOST = {"job": "sekid", "instance": "web1"}


def series(name, values, /, **labels):
    """promtool's notation: `0+6x30` is 0, 6, 12 and so on, one a minute."""
    text = ",".join(f'{label}="{value}"' for label, value in {**HOST, **labels}.items())
    return {"series": f"{name}{{{text}}}", "values": values}


def lost(logs="0x20", refused="0x20"):
    """What sekid counts of an export, of which it always counts both."""
    return [series("seki_otlp_dropped_total", logs, signal="logs"), series("seki_otlp_failed_total", refused, signal="metrics")]


# Alert, the minute at which it is looked for, the labels that tell whom it is about, and the series that must cause it, then those beside it.
CASES = [
    ("SekidDown", 3, {}, [series("up", "1 0x5")], [series("up", "1 0 1x5")]),
    ("SekidStuck", 3, {}, [series("seki_tick_age_seconds", "0 60+60x5")], [series("seki_tick_age_seconds", "0.05x8")]),
    ("SekiBreakerOpen", 7, {"breaker": "payments"},  # however often a scrape finds it probing
     [series("seki_breaker_state", "1x2 0 1x2 0 1x9", breaker="payments", state="open"),
      series("seki_breaker_state", "0x2 1 0x2 1 0x9", breaker="payments", state="half_open")],
     [series("seki_breaker_state", "1x9", breaker="payments", state="closed"),
      series("seki_breaker_state", "1x4 0x9", breaker="payments", state="open")]),
    ("SekiBreakerFlapping", 15, {"breaker": "payments", "from": "half_open", "to": "open"},
     [series("seki_breaker_transitions_total", "0+1x20", breaker="payments", **{"from": "half_open", "to": "open"})],
     [series("seki_breaker_transitions_total", "0x9 1x20", breaker="payments", **{"from": "half_open", "to": "open"}),
      series("seki_breaker_transitions_total", "0+1x20", breaker="payments", **{"from": "half_open", "to": "closed"})]),
    ("SekiBreakerForced", 65, {"breaker": "payments", "state": "forced_open"},
     [series("seki_breaker_state", "1x70", breaker="payments", state="forced_open")],
     [series("seki_breaker_state", "1x30 0x40", breaker="payments", state="forced_open")]),
    ("SekiBulkheadFull", 12, {"bulkhead": "database"},
     [series("seki_bulkhead_in_use", "10x20", bulkhead="database"), series("seki_bulkhead_max", "10x20", bulkhead="database"),
      series("seki_bulkhead_rejected_total", "0+5x20", bulkhead="database")],
     [series("seki_bulkhead_in_use", "10x20", bulkhead="database"), series("seki_bulkhead_max", "10x20", bulkhead="database"),
      series("seki_bulkhead_rejected_total", "5x20", bulkhead="database")]),
    ("SekiAdaptiveRefuses", 12, {"name": "api"},
     [series("seki_adaptive_acquired_total", "0+97x20", name="api"), series("seki_adaptive_rejected_total", "0+3x20", name="api")],
     [series("seki_adaptive_acquired_total", "0+997x20", name="api"), series("seki_adaptive_rejected_total", "0+3x20", name="api")]),
    ("SekiPolicyIncomplete", 2, {"policy": "checkout"},
     [series("seki_policy_missing_parts", "2x5", policy="checkout")],
     [series("seki_policy_missing_parts", "0 0 1 0", policy="checkout")]),
    ("SekiLimiterDenies", 17, {"limiter": "login"},
     [series("seki_limiter_decisions_total", "0+80x20", limiter="login", decision="allow"),
      series("seki_limiter_decisions_total", "0+20x20", limiter="login", decision="deny")],
     [series("seki_limiter_decisions_total", "0+95x20", limiter="login", decision="allow"),
      series("seki_limiter_decisions_total", "0+5x20", limiter="login", decision="deny")]),
    ("SekiLimiterOutOfKeys", 6, {"limiter": "login"},
     [series("seki_limiter_full_total", "0+1x9", limiter="login")], [series("seki_limiter_full_total", "3x9", limiter="login")]),
    ("SekiLimiterNearlyOutOfKeys", 12, {"limiter": "login"},
     [series("seki_limiter_keys", "950x15", limiter="login"), series("seki_limiter_keys_max", "1000x15", limiter="login")],
     [series("seki_limiter_keys", "850x15", limiter="login"), series("seki_limiter_keys_max", "1000x15", limiter="login")]),
    ("SekiOutOfWorkerSlots", 7, {},
     [series("seki_worker_threads", "512x9"), series("seki_worker_threads_max", "512x9")],
     [series("seki_worker_threads", "511x9"), series("seki_worker_threads_max", "512x9")]),
    ("SekiWorkersDie", 10, {}, [series("seki_workers_reaped_total", "0+2x12")], [series("seki_workers_reaped_total", "0x5 1x12")]),
    ("SekiEventsDropped", 17, {}, [series("seki_events_dropped_total", "0+9x20")], [series("seki_events_dropped_total", "9x20")]),
    ("SekiShedding", 12, {"name": "door"},
     [series("seki_shedder_shed_total", "0+1x20", name="door", priority="3"), series("seki_shedder_shed_total", "0+1x20", name="door", priority="2")],
     [series("seki_shedder_shed_total", "7x20", name="door", priority="3")]),
    ("SekiRetryBudgetEmpty", 12, {"retry": "again"},
     [series("seki_retry_budget_denied_total", "0+1x20", retry="again")], [series("seki_retry_budget_denied_total", "7x20", retry="again")]),
    ("SekiRetriesInVain", 17, {"retry": "again"},
     [series("seki_retry_calls_total", "0+90x20", retry="again"), series("seki_retry_exhausted_total", "0+9x20", retry="again")],
     [series("seki_retry_calls_total", "0+900x20", retry="again"), series("seki_retry_exhausted_total", "0+9x20", retry="again")]),
    ("SekiHedgeBudgetEmpty", 17, {"hedge": "index"},
     [series("seki_hedge_budget_denied_total", "0+1x20", hedge="index")], [series("seki_hedge_budget_denied_total", "7x20", hedge="index")]),
    ("SekiExportDrops", 17, {}, lost(logs="0+9x20"), lost(logs="9x20")),
    ("SekiExportDrops", 17, {}, lost(refused="0+9x20"), lost(refused="9x20")),
]


def promtool(what, tests):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "tests.json")  # JSON is YAML
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"rule_files": [os.path.realpath(rules) for rules in RULES], "evaluation_interval": "1m", "tests": tests}, file)
        return subprocess.run(["promtool", *what, path], capture_output=True, text=True, timeout=60, check=False)


class Rules(unittest.TestCase):
    def holds(self, tests):
        done = promtool(["test", "rules"], tests)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_promtool_takes_them(self):
        """Fails when an expression does not parse."""
        done = subprocess.run(["promtool", "check", "rules", *RULES], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_each_alert_fires_for_what_it_is_for_and_not_beside_it(self):
        """Fails when an expression, a threshold or a duration is off, or labels of both sides do not meet."""
        with open(RULES[1], encoding="utf-8") as file:
            alerts = dict(re.findall(r"alert: (\w+)\n(?:.*\n)*?\s+labels: \{severity: (\w+)\}", file.read()))
        self.assertEqual({case[0] for case in CASES}, set(alerts))
        for alert, minute, labels, cause, beside in CASES:
            with self.subTest(alert, cause=cause):
                looked_for = {"alertname": alert, "eval_time": f"{minute}m"}
                fired = [{"exp_labels": {"severity": alerts[alert], **HOST, **labels}}]
                done = promtool(["test", "rules"], [
                    {"interval": "1m", "input_series": cause, "alert_rule_test": [{**looked_for, "exp_alerts": fired}]}])
                # Annotations are for people: promtool compares them too, and only they may differ.
                got = re.search(r"got:\s*\[([\s\S]*)\]\s*$", done.stdout + done.stderr)
                self.assertIsNotNone(got, done.stdout + done.stderr)
                told = dict(re.findall(r'(\w+)="([^"]*)"', re.search(r"Labels:\{([^}]*)\}", got[1])[1]))
                self.assertEqual(told, {"alertname": alert, "severity": alerts[alert], **HOST, **labels})
                self.holds([{"interval": "1m", "input_series": beside, "alert_rule_test": [{**looked_for, "exp_alerts": []}]}])

    def test_ratios_and_percentiles_are_what_they_are_called(self):
        """Fails when a shadow denial does not count as one, or a percentile is taken over the wrong labels."""
        decisions = [series("seki_limiter_decisions_total", f"0+{count}x10", limiter="login", decision=decision)
                     for decision, count in (("allow", 60), ("deny", 30), ("shadow_deny", 10))]
        buckets = [series("seki_breaker_call_duration_seconds_bucket", f"0+{count}x10", breaker="payments", le=bound)
                   for bound, count in (("0.1", 98), ("0.2", 100), ("+Inf", 100))]
        of_both = [
            {"expr": "limiter:seki_denied:ratio_rate5m", "eval_time": "8m", "exp_samples": [
                {"labels": 'limiter:seki_denied:ratio_rate5m{job="sekid",instance="web1",limiter="login"}', "value": 0.4}]},
            {"expr": "round(breaker:seki_call_duration_seconds:p99_5m, 0.001)", "eval_time": "8m", "exp_samples": [
                {"labels": '{job="sekid",instance="web1",breaker="payments"}', "value": 0.15}]}]
        self.holds([{"interval": "1m", "input_series": decisions + buckets, "promql_expr_test": of_both}])

    def test_attempts_are_counted_by_call(self):
        """Fails when what a retry or a hedge adds is not held against the calls it was for, or one that is idle has a ratio of nothing by nothing."""
        busy = [series("seki_retry_calls_total", "0+60x10", retry="mail"), series("seki_retry_attempts_total", "0+90x10", retry="mail"),
                series("seki_hedge_calls_total", "0+60x10", hedge="index"), series("seki_hedge_requests_total", "0+6x10", hedge="index")]
        idle = [series("seki_retry_calls_total", "5x10", retry="idle"), series("seki_retry_attempts_total", "5x10", retry="idle")]
        expected = [
            {"expr": record, "eval_time": "8m", "exp_samples": [{"labels": f'{record}{{job="sekid",instance="web1",{of}}}', "value": value}]}
            for record, of, value in (("retry:seki_attempts:ratio_rate5m", 'retry="mail"', 1.5), ("hedge:seki_requests:ratio_rate5m", 'hedge="index"', 0.1))]
        self.holds([{"interval": "1m", "input_series": busy + idle, "promql_expr_test": expected}])

    def test_the_guide_tells_what_to_do_for_each(self):
        """Fails when an alert wakes somebody who finds nothing about it, or the guide knows one that there is not."""
        with open(GUIDE, encoding="utf-8") as file:
            told = re.findall(r"^## (\w+)$", file.read(), re.MULTILINE)
        self.assertEqual(told, list(dict.fromkeys(case[0] for case in CASES)))


if __name__ == "__main__":
    unittest.main(verbosity=2)
