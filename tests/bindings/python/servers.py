"""Starting gunicorn and uWSGI on a socket of the test's own, and asking them."""

import concurrent.futures
import contextlib
import http.client
import os
import pathlib
import shutil
import signal
import socket
import subprocess

from support import LONG, SOURCE, eventually

HERE = pathlib.Path(__file__).parent
EXAMPLES = SOURCE / "bindings/python/examples"
WORKERS = 4


class OverUnixSocket(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=2 * LONG)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


class Server:
    """On a unix socket, or a port of this host, where clients have addresses."""

    def __init__(self, path, process):
        self.path, self.process = path, process

    def connection(self):
        return http.client.HTTPConnection("127.0.0.1", self.path, timeout=2 * LONG) if isinstance(self.path, int) else OverUnixSocket(self.path)

    def ask(self, target, method="GET", body=None):
        """(status, text, headers)"""
        with contextlib.closing(self.connection()) as connection:
            headers = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
            connection.request(method, target, body, {**headers, "Connection": "close"})
            response = connection.getresponse()
            return response.status, response.read().decode(), dict(response.headers)

    def ask_all(self, targets, threads=8):
        """From many threads at once."""
        with concurrent.futures.ThreadPoolExecutor(threads) as pool:
            return list(pool.map(self.ask, targets))

    def workers(self):
        """Those that have answered, asked until all have."""
        seen = set()

        def all_seen():
            seen.update(text.split()[0] for _, text, _ in self.ask_all(["/who"] * 16))
            return len(seen) >= WORKERS

        eventually(all_seen, f"{WORKERS} workers answer")
        return {int(pid) for pid in seen}


@contextlib.contextmanager
def served(command, folder, segment, port=None, **environment):
    """A server that runs until the end of the `with`, and must end by itself then."""
    path = port or f"{folder}/http.sock"
    found = shutil.which(command[0])
    assert found is not None, f"there is no {command[0]}: tools/install-packages bindings"
    with open(f"{folder}/server.log", "w+", encoding="utf-8") as log:
        process = subprocess.Popen(
            [found, *command[1:]], cwd=environment.pop("cwd", HERE), stdout=log, stderr=subprocess.STDOUT,
            env={**os.environ, "SEKI_SEGMENT": segment, "BIND": f"127.0.0.1:{port}" if port else path, **environment},
        )
        server = Server(path, process)

        def answers():
            assert process.poll() is None, pathlib.Path(log.name).read_text(encoding="utf-8")
            with contextlib.suppress(OSError, http.client.HTTPException):
                return bool(server.ask("/who"))
            return False

        try:
            eventually(answers, "the server answers")
            yield server
        except BaseException:
            print(pathlib.Path(log.name).read_text(encoding="utf-8"))
            raise
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                ended = process.wait(LONG)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        said = pathlib.Path(log.name).read_text(encoding="utf-8")
        assert ended in (0, -signal.SIGTERM), said
        for bad in ("Traceback", "SIGSEGV", "Segmentation", "signal 11", "signal 6", "SIGABRT", "core dumped"):
            assert bad not in said, said


def gunicorn(folder, segment, *options, module="served:application", **environment):
    command = ["gunicorn", "--bind", f"unix:{folder}/http.sock", "--workers", str(WORKERS), *options, module]
    return served(command, folder, segment, **environment)


def uwsgi(folder, segment, *options, module="served:application", **environment):
    command = [
        "uwsgi", "--disable-logging", "--plugin", "python3", "--master", "--need-app", "--die-on-term", "--processes", str(WORKERS), "--enable-threads",
        "--http-socket", f"{folder}/http.sock", *options, "--module", module,
    ]
    return served(command, folder, segment, **environment)
