"""Speak HTTP/2 frame by frame, as no library would."""

from __future__ import annotations

import ssl
import struct
from typing import Any

import hpack
from rawclient import NAME, connect

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RESET, SETTINGS, PUSH, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(
    10
)
END_STREAM, ACK, END_HEADERS, PADDED, PRIORITIZED = 0x1, 0x1, 0x4, 0x8, 0x20

ERRORS = [
    "NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED",
    "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM",
    "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED",
]  # fmt: skip

Header = tuple[str, str]


def frame(kind: int, flags: int = 0, stream: int = 0, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def block(headers: list[Header]) -> bytes:
    """The headers as HPACK has them, each byte as it is."""
    pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    return hpack.Encoder().encode(pairs, huffman=False)


def begin() -> bytes:
    """What each connection starts with."""
    return PREFACE + frame(SETTINGS)


class Answers:
    """What the server says on a connection: of each stream the status or its reset, then the end."""

    def __init__(self) -> None:
        self.streams: dict[int, str] = {}
        self.open: set[int] = set()
        self.goaway = ""
        self.closed = False
        self._decoder = hpack.Decoder()
        self._rest = b""

    def __str__(self) -> str:
        found = [self.streams[stream] for stream in sorted(self.streams)]
        if self.goaway:
            found.append(f"goaway {self.goaway}")
        return " ".join(found) or ("closed" if self.closed else "silent")

    @property
    def ended(self) -> bool:
        """Whether something was answered and nothing is open."""
        return bool(self.streams or self.goaway) and not self.open

    def take(self, data: bytes) -> None:
        self._rest += data
        while len(self._rest) >= 9:
            length = int.from_bytes(self._rest[:3])
            if len(self._rest) < 9 + length:
                return
            kind, flags, stream = struct.unpack(">BBI", self._rest[3:9])
            self._frame(kind, flags, stream, self._rest[9 : 9 + length])
            self._rest = self._rest[9 + length :]

    def _frame(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if kind == HEADERS:
            fields = dict(self._decoder.decode(payload, raw=True))
            self.streams[stream] = fields.get(b":status", b"trailers").decode()
            self.open.add(stream)
        elif kind == RESET:
            error = ERRORS[int.from_bytes(payload)]
            if (
                stream not in self.streams or error != "NO_ERROR"
            ):  # which only ends a body that nobody wants
                self.streams[stream] = f"reset {error}"
            self.open.discard(stream)
        elif kind == GOAWAY:
            self.goaway = ERRORS[int.from_bytes(payload[4:8])]
        if kind in (DATA, HEADERS) and flags & END_STREAM:
            self.open.discard(stream)


def exchange(port: int, raw: bytes, *, patience: float = 3, quiet: float = 0.7) -> Answers:
    """Send these bytes and read what comes: to the close, or until the server is quiet."""
    found = Answers()
    try:
        with connect(port, tls=NAME, protocol="h2") as end:
            for start in range(0, len(raw), 16384):
                end.settimeout(patience)
                end.sendall(raw[start : start + 16384])
                _read(end, found, 0)  # a server that closes takes back what nobody has read
            while _read(end, found, quiet if found.ended else patience):
                pass
    except OSError:
        found.closed = True
    return found


def _read(end: Any, found: Answers, seconds: float) -> bool:
    """Read what is there, or comes within this time; whether something did, and it goes on."""
    end.settimeout(seconds)
    try:
        piece = end.recv(65536)
    except (TimeoutError, ssl.SSLWantReadError):
        return False
    found.take(piece)
    found.closed = not piece
    return bool(piece)
