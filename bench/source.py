"""The cheapest source of streams that we could write: what a direct run of the load reads.

One thread, epoll, a heap of due events; server-sent events over HTTP/1.1, chunked, to anybody who
asks for anything. A measurement of it is the error of the load generator and of the machine: what
other figures are compared with.

    python -m bench.source unix:/tmp/socket | tcp:127.0.0.1:8080 | tls:127.0.0.1:8443:cert.pem
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import select
import socket
import ssl
import sys
import time
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)
EVENT = b'data: {"n": %d, "sent_monotonic": %.6f, "padding": "%s"}\n\n'


class Stream(NamedTuple):
    """One open stream. Equal times are ordered by the serial number."""

    due: float
    serial: int
    n: int
    interval: float
    padding: bytes
    connection: socket.socket


class Source:
    """Serve streams until the process is ended."""

    def __init__(self, listening: socket.socket, tls: ssl.SSLContext | None = None) -> None:
        """Take over a listening socket."""
        self._listening, self._tls = listening, tls
        self._connections: dict[int, socket.socket] = {}
        self._due: list[Stream] = []
        self._serials = itertools.count()
        self._epoll = select.epoll()
        listening.setblocking(False)
        self._epoll.register(listening.fileno(), select.EPOLLIN)

    def run(self) -> None:
        """Serve."""
        while True:
            self._send_due()
            wait = self._due[0].due - time.monotonic() if self._due else 1.0
            for descriptor, _ in self._epoll.poll(max(0.0, wait), 512):
                if descriptor == self._listening.fileno():
                    self._accept()
                else:
                    self._read(descriptor)

    def _send_due(self) -> None:
        now, streams = time.monotonic(), self._due
        while streams and streams[0].due <= now:
            due, serial, n, interval, padding, connection = streams[0]
            event = EVENT % (n, time.monotonic(), padding)
            chunk = b"%x\r\n%s\r\n" % (len(event), event)
            try:
                sent = connection.send(chunk)
            except OSError:  # also when the reader takes nothing, and when it was closed
                sent = 0
            if sent == len(chunk):
                later = Stream(due + interval, serial, n + 1, interval, padding, connection)
                heapq.heapreplace(streams, later)
            else:
                heapq.heappop(streams)
                self._close(connection)

    def _accept(self) -> None:
        with contextlib.suppress(BlockingIOError):
            for _ in range(256):
                connection, _ = self._listening.accept()
                if self._tls:
                    connection = self._tls.wrap_socket(
                        connection, server_side=True, do_handshake_on_connect=False
                    )
                connection.setblocking(False)
                self._connections[connection.fileno()] = connection
                self._epoll.register(connection.fileno(), select.EPOLLIN)

    def _read(self, descriptor: int) -> None:
        connection = self._connections[descriptor]
        try:
            request = connection.recv(8192)
        except (BlockingIOError, ssl.SSLWantReadError):
            return
        except OSError:
            request = b""
        if not request:
            self._close(connection)
            return
        query = parse_qs(urlsplit(request.split(b" ", 2)[1].decode()).query)
        interval = float(query.get("interval", ["1"])[0])
        padding = b"." * int(query.get("size", ["0"])[0])
        connection.send(HEAD)
        first = Stream(time.monotonic(), next(self._serials), 1, interval, padding, connection)
        heapq.heappush(self._due, first)

    def _close(self, connection: socket.socket) -> None:
        self._connections.pop(connection.fileno(), None)
        connection.close()


def listen(where: str) -> tuple[socket.socket, ssl.SSLContext | None]:
    """A listening socket for `unix:PATH`, `tcp:HOST:PORT` or `tls:HOST:PORT:CERTIFICATE`."""
    kind, _, rest = where.partition(":")
    if kind == "unix":
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(rest)
    else:
        host, port, *_ = rest.split(":")
        listening = socket.create_server((host, int(port)))
    listening.listen(4096)
    if kind != "tls":
        return listening, None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(rest.split(":", 2)[2])
    return listening, context


if __name__ == "__main__":
    Source(*listen(sys.argv[1])).run()
