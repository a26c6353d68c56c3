"""Clients of sekid's HTTP that take their time."""

import os
import socket
import threading
import unittest

from sekid_harness import DEADLINE, SekidTest, eventually

# Three times as many as sekid has threads for HTTP (src/daemon/web.cpp), and no more than those and the room for who waits (src/daemon/crew.hpp): nobody is sent away.
THREADS = 28
ROOM = 64
MANY = 84

REQUEST = b"GET /healthz HTTP/1.1\r\nX: "
HANDSHAKE = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"


class Drip:
    """Connections that each send a byte of a request, or of what it begins with, ten times a second, for ever. Who is dropped comes again."""

    def __init__(self, sekid, beginning):
        host, port = sekid.address().split("//")[1].split(":")
        self.peer = (host, int(port))
        self.beginning = beginning
        self.dropped = 0
        self.sockets = [self.open() for _ in range(MANY)]
        self.enough = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def open(self):
        made = socket.create_connection(self.peer, timeout=DEADLINE)
        made.sendall(self.beginning)
        return made

    def run(self):
        while not self.enough.wait(0.1):
            for i, each in enumerate(self.sockets):
                try:
                    each.sendall(b"x")
                except OSError:  # sekid has dropped it
                    each.close()
                    self.dropped += 1
                    try:
                        self.sockets[i] = self.open()
                    except OSError:  # sekid has stopped
                        pass

    def end(self):
        self.enough.set()
        self.thread.join()
        for each in self.sockets:
            each.close()


class SlowClients(SekidTest):
    def dripping(self, sekid, beginning=REQUEST):
        drip = Drip(sekid, beginning)
        self.addCleanup(drip.end)
        return drip

    def test_they_keep_nobody_from_being_answered(self):
        """Fails when their requests, which would be whole in a quarter of an hour, take all threads for so long."""
        self.configure("")
        sekid = self.start()
        self.dripping(sekid)
        for page in ("/healthz", "/metrics", "/api/v1/state"):
            sekid.get(page)

    def check_the_loop_goes_on(self, sekid, beginning):
        worker, other = self.worker(), self.worker()
        self.assertEqual(worker("acquire database 0"), "held")
        self.assertNotEqual(other("acquire database 0"), "held")
        drip = self.dripping(sekid, beginning)
        eventually("they are many", lambda: drip.dropped > MANY)
        worker.kill()

        def comes_back():
            self.assertEqual(sekid.get("/readyz"), "ready\n")
            return other("acquire database 0") == "held"

        eventually("the permit of the dead", comes_back)
        before = drip.dropped
        eventually("they hang on", lambda: drip.dropped > before)
        self.assertEqual(sekid.get("/readyz"), "ready\n")

    def test_they_keep_the_loop_from_nothing(self):
        """Fails when sekid is not ready, or the permit of a killed process does not come back, while they hang on."""
        self.configure("[bulkhead.database]\nmax_concurrent = 1\n")
        self.check_the_loop_goes_on(self.start(), REQUEST)

    def test_nor_do_handshakes_that_drip(self):
        """Fails when sekid is not ready, or the permit of a killed process does not come back, while TLS is spoken a byte at a time."""
        cert, key = self.pair("here")
        self.configure("[bulkhead.database]\nmax_concurrent = 1\n", sekid=f'listen = "127.0.0.1:0"\ntls_cert = "{cert}"\ntls_key = "{key}"')
        self.check_the_loop_goes_on(self.start(), HANDSHAKE)

    def test_more_than_may_wait_are_sent_away(self):
        """Fails when clients without a bound take sekid's descriptors, or it has not recovered when they are gone."""
        self.configure("")
        sekid = self.start()
        host, port = sekid.address().removeprefix("http://").split(":")
        descriptors = f"/proc/{sekid.process.pid}/fd"
        before = len(os.listdir(descriptors))
        most = 0
        open_ones = []
        for _ in range(3 * (THREADS + ROOM)):
            one = socket.create_connection((host, int(port)), timeout=DEADLINE)
            self.addCleanup(one.close)
            open_ones.append(one)
            most = max(most, len(os.listdir(descriptors)))
        for one in open_ones:
            try:
                self.assertEqual(one.recv(1), b"")
            except ConnectionResetError:
                pass
            most = max(most, len(os.listdir(descriptors)))
        self.assertGreater(most, before + THREADS)
        self.assertLessEqual(most, before + THREADS + ROOM + 1)  # the one that is sent away
        sekid.get("/healthz")

    def test_they_keep_sekid_from_nothing_when_it_stops(self):
        """Fails when a stop waits for requests that do not end."""
        self.configure("")
        sekid = self.start()
        self.dripping(sekid)
        self.assertEqual(sekid.stop(), 0)

    def test_a_silent_one_is_dropped(self):
        """Fails when a client that nobody waits behind keeps its connection for ever."""
        self.configure("")
        host, port = self.start().address().removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=60) as silent:
            self.assertEqual(silent.recv(1), b"")


if __name__ == "__main__":
    unittest.main(verbosity=2)
