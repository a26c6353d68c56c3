"""What the tests of breakers and bulkheads share: a segment that is sound after each test, and looks at it from several sides."""

import json
import os

from sekid_harness import SekictlTest


def shape(value):
    """What a reader of JSON relies on: names and types, whatever the numbers are."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    if isinstance(value, list):
        return [shape(each) for each in value]
    return "number" if isinstance(value, (int, float)) and not isinstance(value, bool) else type(value).__name__


class ProtectionTest(SekictlTest):
    def tearDown(self):
        if os.path.exists(self.segment):
            self.assertIn("is sound", self.fine("doctor"))

    def holds(self, worker):
        """What `sekictl workers` says that it has, as {(kind, name): {"permits": 2}}; what is 0 is left out."""
        for each in self.json("workers")["workers"]:
            if each["pid"] == worker.process.pid:
                return {
                    (has["kind"], has["name"]): {what: has[what] for what in ("permits", "waiting", "probes") if has[what]}
                    for has in each["holds"]
                }
        return None

    def line_of(self, worker):
        """Its line in the table of `sekictl workers`."""
        (line,) = [line for line in self.fine("workers").splitlines() if f" {worker.process.pid} " in line]
        return line

    def remembered(self, pattern):
        """The rare events that sekid remembers."""
        return [json.loads(line) for line in self.fine("events", "--json", "--match", pattern).splitlines()]

    def same_state_everywhere(self, sekid):
        """/api/v1/state and `sekictl --json status` are one schema; answers the latter."""
        by_sekictl = self.json("status")
        self.assertEqual(shape(by_sekictl), shape(sekid.state()))
        return by_sekictl

    @staticmethod
    def counted(sekid):
        """Every count that must never go down."""
        ends = ("_total", "_count", "_sum", "_bucket")
        return {name: value for name, value in sekid.samples().items() if name.partition("{")[0].endswith(ends)}
