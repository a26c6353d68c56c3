"""What the tests of breakers and bulkheads share: a segment that is sound after each test, and looks at it from several sides."""

import json
import os
import re

from sekid_harness import SekictlTest


BOUND = re.compile(r'(?<=le=")[^"]*')


def float_of(text):
    return str(float(text[0]))


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

    def same_in_open_metrics(self, sekid, begin):
        """All samples whose names begin so, in both formats of metrics; answers OpenMetrics' text. Both round sums their own way, and write bounds so."""
        _, body, _ = sekid.ask("/metrics", headers={"Accept": "application/openmetrics-text;version=1.0.0"})
        lines = [line.rsplit(" ", 1) for line in body.splitlines() if line.startswith(begin)]
        mine = {BOUND.sub(float_of, name): float(value) for name, value in lines}
        wanted = {BOUND.sub(float_of, name): value for name, value in sekid.samples().items() if name.startswith(begin)}
        self.assertEqual(mine.keys(), wanted.keys())
        for name, value in wanted.items():
            self.assertAlmostEqual(mine[name], value, 9, name)
        bounds = BOUND.findall(body)
        self.assertTrue(bounds and all("." in bound or bound == "+Inf" for bound in bounds), bounds)
        return body

    @staticmethod
    def counted(sekid):
        """Every count of the host, which must never go down; sekid's own processor time ends with its process."""
        ends = ("_total", "_count", "_sum", "_bucket")
        return {
            name: value
            for name, value in sekid.samples().items()
            if name.partition("{")[0].endswith(ends) and not name.startswith("process_")
        }
