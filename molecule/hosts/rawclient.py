"""Ask a server byte by byte, as no library would."""

from __future__ import annotations

import contextlib
import functools
import json
import socket
import ssl
from typing import Any, NamedTuple

NAME = "chat.example"


class Said(NamedTuple):
    """What came back: bytes, and how the connection ended."""

    raw: bytes
    error: str = ""

    @property
    def status(self) -> int:
        """0 without an answer."""
        words = self.raw.split(b" ", 2)
        return int(words[1]) if self.raw.startswith(b"HTTP/") and words[1].isdigit() else 0

    @property
    def head(self) -> str:
        """The status line and the headers."""
        return self.raw.partition(b"\r\n\r\n")[0].decode("latin-1")

    @property
    def headers(self) -> dict[str, str]:
        """By their names in lower case."""
        pairs = (line.partition(":") for line in self.head.splitlines()[1:])
        return {name.lower(): value.strip() for name, _, value in pairs}

    @property
    def body(self) -> bytes:
        """As it came: a chunked one is not joined."""
        return self.raw.partition(b"\r\n\r\n")[2]

    def json(self) -> Any:
        """The body, which may be chunked."""
        text = self.body
        return json.loads(text[text.index(b"{") : text.rindex(b"}") + 1])


def connect(
    port: int, *, tls: str | None = None, timeout: float = 10, protocol: str = "http/1.1"
) -> Any:
    """Connect; with TLS if `tls` is the name to ask for ('' for none)."""
    end = socket.create_connection(("127.0.0.1", port), timeout)
    if tls is None:
        return end
    secure = _context(protocol).wrap_socket(
        end, server_hostname=tls or None, do_handshake_on_connect=False
    )
    try:
        secure.do_handshake()
    except OSError:
        secure.close()
        raise
    return secure


@functools.cache
def _context(protocol: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # which trusts nobody, and so loads nothing
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols([protocol])
    return context


def send(
    port: int,
    raw: bytes,
    *,
    tls: str | None = None,
    timeout: float = 10,
    quiet: float = 10,
    half_close: bool = False,
) -> Said:
    """Send these bytes and read all that comes, until the server closes or is silent.

    `timeout` is for what comes first, `quiet` for what may come after it.
    """
    got = b""
    try:
        with connect(port, tls=tls, timeout=timeout) as end:
            with contextlib.suppress(OSError):  # it may answer, and close, before it has read all
                end.sendall(raw)
                if half_close:
                    end.shutdown(socket.SHUT_WR)
            while piece := end.recv(65536):
                got += piece
                end.settimeout(quiet)
    except TimeoutError:
        return Said(got, "silent")
    except OSError as error:
        return Said(got, str(error))
    return Said(got)


def get(
    port: int, path: str = "/", *, host: str = NAME, tls: str | None = None, more: str = ""
) -> Said:
    """Send one ordinary request, which ends the connection."""
    text = f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{more}Connection: close\r\n\r\n"
    return send(port, text.encode("latin-1"), tls=tls)
