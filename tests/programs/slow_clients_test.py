"""Clients of sekid's HTTP that take their time."""

import socket
import threading
import unittest

from sekid_harness import SekidTest

# Three times as many as sekid has threads for HTTP (src/daemon/web.cpp).
MANY = 84


class Drip:
    """Connections that each send a byte of a request ten times a second, for ever."""

    def __init__(self, address):
        host, port = address.removeprefix("http://").split(":")
        self.sockets = [socket.create_connection((host, int(port))) for _ in range(MANY)]
        for each in self.sockets:
            each.sendall(b"GET /healthz HTTP/1.1\r\nX: ")
        self.enough = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        open_ones = list(self.sockets)
        while not self.enough.wait(0.1):
            for each in list(open_ones):
                try:
                    each.sendall(b"x")
                except OSError:  # sekid has dropped it
                    open_ones.remove(each)

    def end(self):
        self.enough.set()
        self.thread.join()
        for each in self.sockets:
            each.close()


class SlowClients(SekidTest):
    def dripping(self, sekid):
        drip = Drip(sekid.address())
        self.addCleanup(drip.end)
        return drip

    def test_they_keep_nobody_from_being_answered(self):
        """Fails when their requests, which would be whole in a quarter of an hour, take all threads for so long."""
        self.configure("")
        sekid = self.start()
        self.dripping(sekid)
        for page in ("/healthz", "/metrics", "/api/v1/state"):
            sekid.get(page)

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
