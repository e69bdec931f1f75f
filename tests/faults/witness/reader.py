"""Ask by a bare socket, and read."""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from typing import NamedTuple
from urllib.parse import urlsplit

from tests.faults.witness.answer import CUT, OPEN, Answer, Sight


class Question(NamedTuple):
    """A request, and where to send it."""

    url: str
    unix_socket: str = ""
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    seconds: float = 10.0  # until when it reads
    certificate: str = ""  # of the authority

    @property
    def text(self) -> bytes:
        """What goes over the wire."""
        parts = urlsplit(self.url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        lines = [f"{self.method} {target} HTTP/1.1", f"Host: {parts.netloc}", "Accept: */*"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        lines += [f"Content-Length: {len(self.body)}"] * (self.method == "POST")
        return ("\r\n".join(lines) + "\r\n\r\n" + self.body).encode()


def read(question: Question) -> Sight:
    """What came of it."""
    answer = Answer(time.monotonic())
    end = CUT
    with contextlib.suppress(ConnectionError, FileNotFoundError, ssl.SSLError):
        end = _read(question, answer)
    return answer.sight(end)


def _read(question: Question, answer: Answer) -> str:
    until = answer.asked + question.seconds
    with contextlib.ExitStack() as closing:
        connection = _connected(question, closing)
        connection.sendall(question.text)
        while not answer.done:
            connection.settimeout(max(0.001, until - time.monotonic()))
            try:
                data = connection.recv(1 << 16)
            except TimeoutError:
                return OPEN
            if not data:
                return CUT
            answer.feed(time.monotonic(), data)
            if time.monotonic() > until:
                return OPEN
    return CUT


def _connected(question: Question, closing: contextlib.ExitStack) -> socket.socket:
    if question.unix_socket:
        connection = closing.enter_context(socket.socket(socket.AF_UNIX))
        connection.connect(question.unix_socket)
        return connection
    parts = urlsplit(question.url)
    place = (parts.hostname, parts.port)
    connection = closing.enter_context(socket.create_connection(place))
    if parts.scheme == "https":
        trusting = ssl.create_default_context(cafile=question.certificate)
        wrapped = trusting.wrap_socket(connection, server_hostname=parts.hostname)
        return closing.enter_context(wrapped)
    return connection
