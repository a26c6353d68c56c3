"""What the tests of the export by OpenTelemetry's protocol share: a collector, and a sekid that exports to it."""

from otlp_collector import Collector, Protocol
from sekid_harness import SekidTest, eventually

PROTOCOL = Protocol()
LOGIN = '[limiter.login]\nlimit = 1\nwindow = "30d"\nmax_keys = 100\n'
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"


class OtlpTest(SekidTest):
    def setUp(self):
        super().setUp()
        self.collector = self.another()

    def another(self, *tls):
        collector = Collector(PROTOCOL, *tls).up()
        self.addCleanup(collector.close)
        return collector

    def export(self, primitives, otlp="", collector=None, metrics="30ms", events="20ms"):
        """Writes a configuration that exports what these primitives do."""
        where = f'[otlp]\nendpoint = "{(collector or self.collector).url}"\n'
        often = f'metrics_interval = "{metrics}"\nevents_interval = "{events}"\nbase_delay = "10ms"\nmax_delay = "40ms"\n'
        self.configure(primitives + where + often + otlp)

    def told_by(self, sekid, signal):
        """What became of what was to be exported: sent, failed, dropped."""
        samples = sekid.samples()
        return [int(samples[f'seki_otlp_{what}_total{{signal="{signal}"}}']) for what in ("sent", "failed", "dropped")]

    def deny(self, worker, times, key="alice"):
        worker(f"repeat {times} login {key}")

    def listens(self, sekid, worker, key="first"):
        """From here on each refusal is told; so many were already."""
        self.deny(worker, 1, key)

        def told():
            self.deny(worker, 1, key)
            return sum(self.told_by(sekid, "logs"))

        eventually("sekid listens", told)
        return self.settled(sekid)

    def settled(self, sekid):
        """How many records there were, once none is on its way."""
        return eventually("all are told of", lambda: (n := sum(self.told_by(sekid, "logs"))) == self.denied(sekid) and n)

    def denied(self, sekid):
        return int(sekid.samples()["seki_events_total"] - sekid.samples()["seki_events_dropped_total"])
