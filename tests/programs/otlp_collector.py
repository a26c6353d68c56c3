"""A collector of OTLP/HTTP in a process of its own, and what OpenTelemetry's own protocol definition makes of what it gets.

Run as a program it is the collector: `otlp_collector.py PORT [CERT KEY]` tells each request as a line of JSON, and takes lines that say how to answer. The definition
comes from npm (tools/install-packages otlp), is compiled by protoc and read by protobuf's own library: none of it is ours.
"""

import base64
import collections
import glob
import gzip
import http.server
import json
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

SOURCES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../.cache/npm/otlp-grpc-exporter-base@0.38.0/build/protos")
SKIPPED = 77  # as tests/programs/CMakeLists.txt tells ctest
PATHS = {"metrics": "/v1/metrics", "logs": "/v1/logs"}


def serve(port, *tls):
    """The collector. An answer is {"path", "status", "headers", "body", "hold"}; one with "always" is given until another is."""
    lock = threading.Lock()
    usual = collections.defaultdict(dict)
    next_ones = collections.defaultdict(collections.deque)
    released = threading.Event()

    def tell(**what):
        with lock:
            print(json.dumps(what), flush=True)

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with lock:
                answer = next_ones[self.path].popleft() if next_ones[self.path] else usual[self.path]
            status = answer.get("status", 200)
            tell(
                path=self.path, headers=dict(self.headers), body=base64.b64encode(body).decode(), status=status,
                at=time.monotonic(), client=self.client_address[1],
            )
            if answer.get("hold"):
                released.wait()
            content = base64.b64decode(answer.get("body", ""))
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **answer.get("headers", {})}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_):
            """A client that does not wait for its answer is what some tests are about."""

    server = Server(("127.0.0.1", int(port)), Handler)
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*tls)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    tell(done="listening")
    for line in sys.stdin:
        answer = json.loads(line)
        with lock:
            if answer.get("release"):
                released.set()
            elif answer.get("always"):
                usual[answer["path"]] = answer
            else:
                next_ones[answer["path"]].append(answer)
        tell(done="told")


class Protocol:
    """The classes of the messages that requests are."""

    def __init__(self):
        if not glob.glob(os.path.join(SOURCES, "**/*.proto"), recursive=True):
            print("skipped: OpenTelemetry's definition of its protocol is not here, and Debian does not have it: tools/install-packages otlp")
            sys.exit(SKIPPED)
        from google.protobuf import descriptor_pb2, descriptor_pool, message_factory  # no collector needs it

        with tempfile.NamedTemporaryFile() as out:
            subprocess.run(
                ["protoc", f"-I{SOURCES}", "--include_imports", f"--descriptor_set_out={out.name}"]
                + [f"opentelemetry/proto/collector/{each}/v1/{each}_service.proto" for each in PATHS],
                check=True,
            )
            files = descriptor_pb2.FileDescriptorSet.FromString(out.read())
        pool = descriptor_pool.DescriptorPool()
        for file in files.file:
            for message in file.message_type:
                if message.name == "LogRecord":
                    self.add_event_name(message)
            pool.Add(file)
        factory = message_factory.MessageFactory(pool)
        self.requests = {
            PATHS[each]: factory.GetPrototype(
                pool.FindMessageTypeByName(f"opentelemetry.proto.collector.{each}.v1.Export{each.capitalize()}ServiceRequest")
            )
            for each in PATHS
        }

    @staticmethod
    def add_event_name(log_record):
        """A field of the protocol since its version 1.5, which is later than the definition that npm has."""
        if all(field.name != "event_name" for field in log_record.field):
            log_record.field.add(name="event_name", number=12, label=1, type=9)  # optional string

    def read(self, path, body):
        """The message; it must be one of the definition to the last field."""
        message = self.requests[path].FromString(body)
        known = self.requests[path].FromString(body)
        known.DiscardUnknownFields()
        if known.SerializeToString(deterministic=True) != message.SerializeToString(deterministic=True):
            raise AssertionError(f"{path}: fields that the protocol does not have: {message}")
        return message


def plain(attributes):
    """{name: value} of attributes, each name once."""
    found = {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}
    if len(found) != len(attributes):
        raise AssertionError(f"a name twice in {attributes}")
    return found


class Request:
    def __init__(self, protocol, line):
        told = json.loads(line)
        self.path, self.status, self.at, self.client = told["path"], told["status"], told["at"], told["client"]
        self.headers = {name.lower(): value for name, value in told["headers"].items()}
        self.sent = base64.b64decode(told["body"])
        if self.headers["content-type"] != "application/x-protobuf":
            raise AssertionError(self.headers)
        zipped = self.headers.get("content-encoding") == "gzip"
        self.message = protocol.read(self.path, gzip.decompress(self.sent) if zipped else self.sent)


class Collector:
    """One that can be down and come back at the same port, which is kept for it all the while."""

    def __init__(self, protocol, *tls):
        self.protocol = protocol
        self.tls = tls
        self.keeper = socket.socket()
        self.keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.keeper.bind(("127.0.0.1", 0))
        self.port = self.keeper.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self.requests = []
        self.process = None

    def up(self):
        self.process = subprocess.Popen(
            [sys.executable, os.path.abspath(__file__), str(self.port), *self.tls],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
        )
        self.told = threading.Semaphore(0)
        self.reader = threading.Thread(target=self.read, args=(self.process.stdout,), daemon=True)
        self.reader.start()
        self.told.acquire()
        return self

    def read(self, stream):
        for line in stream:
            if not line.endswith("\n"):
                return  # cut: it was killed
            if "done" in json.loads(line):
                self.told.release()
            else:
                self.requests.append(Request(self.protocol, line))

    def say(self, **answer):
        """Returns when it is in force."""
        self.process.stdin.write(json.dumps(answer) + "\n")
        self.told.acquire()

    def answer(self, signal, status=200, always=False, hold=False, body=b"", **headers):
        self.say(
            path=PATHS[signal], status=status, always=always, hold=hold, body=base64.b64encode(body).decode(),
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )

    def release(self):
        self.say(release=True)

    def down(self):
        if self.process is None:
            return
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdin.close()
        self.process.stdout.close()
        self.process = None

    def close(self):
        self.down()
        self.keeper.close()

    def of(self, signal, status=None):
        return [each for each in list(self.requests) if each.path == PATHS[signal] and status in (None, each.status)]

    def records(self, status=200):
        """Log records that were taken, in the order in which they came, with the attributes as a dictionary."""
        return [
            (record, plain(record.attributes))
            for request in self.of("logs", status)
            for resource in request.message.resource_logs
            for scope in resource.scope_logs
            for record in scope.log_records
        ]

    def metrics(self):
        """{name: metric} of the latest request."""
        requests = self.of("metrics")
        if not requests:
            return {}
        found = [
            metric
            for resource in requests[-1].message.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        ]
        by_name = {metric.name: metric for metric in found}
        if len(by_name) != len(found):
            raise AssertionError("a metric is there twice")
        return by_name


if __name__ == "__main__":
    serve(*sys.argv[1:])
