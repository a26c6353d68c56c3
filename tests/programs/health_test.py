"""What /readyz of a real sekid says of itself, of the host and of what it looks after."""

import json
import unittest

import sekid_test
from protections import ProtectionTest
from sekid_harness import eventually

CONFIG = "[breaker.payments]\n[bulkhead.database]\nmax_concurrent = 1\n"


class HealthTest(ProtectionTest):
    def setUp(self):
        super().setUp()
        self.configure(CONFIG)

    def report(self, sekid, status=200):
        code, body, _ = sekid.ask("/readyz?verbose")
        self.assertEqual(code, status)
        report = json.loads(body)
        return report["status"], {each["name"]: each for each in report["checks"]}

    def test_every_check_is_told(self):
        """Fails when a check is missing, weighs what it should not, or its answer is not what is so."""
        sekid = self.start()
        _, checks = self.report(sekid)
        self.assertEqual(
            list(checks),
            ["segment", "tick", "memory", "cpu", "io", "files", "occupancy", "breaker payments", "bulkhead database"],
        )
        self.assertEqual([each["name"] for each in checks.values() if each["critical"]], ["segment", "tick"])
        for name in ("segment", "tick", "files", "occupancy", "breaker payments", "bulkhead database"):
            self.assertEqual(checks[name]["status"], "healthy", checks[name])
        self.assertRegex(checks["files"]["detail"], r"^\d+ of \d+ files are open$")
        self.assertEqual(checks["breaker payments"]["detail"], "closed")

    def test_what_it_looks_after_degrades_and_no_more(self):
        """Fails when an open breaker or a full bulkhead is not told, or takes sekid away from who asks whether it is ready."""
        sekid = self.start()
        self.fine("breaker", "payments", "open")
        worker = self.worker()
        self.assertEqual(worker("acquire database"), "held")
        overall, checks = self.report(sekid)
        self.assertEqual(overall, "degraded")
        self.assertEqual(checks["breaker payments"]["status"], "unhealthy")
        self.assertEqual(checks["breaker payments"]["detail"], "forced_open")
        self.assertEqual(checks["bulkhead database"]["status"], "degraded")
        self.assertEqual(sekid.get("/readyz"), "ready\n")
        worker.kill()
        eventually("the permit is back", lambda: self.report(sekid)[1]["bulkhead database"]["status"] == "healthy")

    def test_who_is_not_ready_says_why_in_both(self):
        """Fails when the report and the plain answer do not agree. The last tick is moved to the distant past; the next is two seconds away."""
        self.configure(CONFIG, tick="2s")
        sekid = self.start()

        def tick_long_ago():
            with open(self.segment, "r+b") as file:
                file.seek(sekid_test.HEARTBEAT_OFFSET)
                file.write((1).to_bytes(8, "little"))
            code, body, _ = sekid.ask("/readyz?verbose")
            return json.loads(body) if code == 503 else None

        report = eventually("not ready", tick_long_ago)
        self.assertEqual(report["status"], "unhealthy")
        self.assertEqual(report["checks"][1]["name"], "tick")
        self.assertEqual(report["checks"][1]["detail"], "the loop does not tick")


if __name__ == "__main__":
    unittest.main(verbosity=2)
