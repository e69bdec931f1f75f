# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""One stream over HTTP, read by libcurl."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ReaderError
from ..timeline import CLOSE, COMPLETE, REFUSED, RESET, Timeline
from .curl import HTTP_VERSIONS, need, pycurl
from .decode import Decoder
from .explain import explain
from .stream import REFUSAL, Stream
from .url import connect_to, idna, in_ascii
from .wire import Wire

if TYPE_CHECKING:
    from .multi import Multi
    from .request import Request

HTTP3_ONLY = 31
SPOKEN = {1: "1.0", 2: "1.1", 3: "2", 30: "3", 31: "3"}
TEXT = 0  # a kind of data that DEBUGFUNCTION gets
OURS = (23, 26, 42)  # libcurl's codes for a callback that raised

# The certificates of the system. A pycurl wheel does not know their path.
AUTHORITIES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
)
RARELY = 0.01  # seconds between two looks at a connection
SMALL_BUFFER = 1 << 14  # bytes; with it a server soon notices that its reader stopped


class Transfer(Stream):
    """One request and its answer."""

    def __init__(self, request: Request, multi: Multi) -> None:
        super().__init__(request)
        need(request.http)
        self.curl = pycurl.Curl()
        self._multi = multi
        self._pieces = list(request.pieces)
        self._files: set[int] = set()
        self._tls = ""
        self._connected: float | None = None
        self._http = ""
        self._wire = Wire()
        self._looked = 0.0
        try:
            self._set_up()
        except (pycurl.error, UnicodeError, TypeError) as error:
            raise ReaderError(f"libcurl refuses a setting: {error.args[-1]}") from error

    def _set_up(self) -> None:
        request, setopt = self.request, self.curl.setopt
        setopt(pycurl.URL, in_ascii(request.url))
        setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
        setopt(pycurl.PROXY, request.proxy.encode())
        setopt(pycurl.NOSIGNAL, 1)
        setopt(pycurl.CONNECTTIMEOUT_MS, int(1000 * min(request.connect, request.patience)))
        setopt(pycurl.HEADERFUNCTION, self._on_header)
        setopt(pycurl.WRITEFUNCTION, self._on_body)
        if self._multi.shared:
            setopt(pycurl.PIPEWAIT, 1)
        else:
            setopt(pycurl.FRESH_CONNECT, 1)
            setopt(pycurl.FORBID_REUSE, 1)
        if request.unix_socket:
            setopt(pycurl.UNIX_SOCKET_PATH, os.fsencode(request.unix_socket))
        elif request.address:
            setopt(pycurl.CONNECT_TO, [connect_to(idna(request.address))])
        self._set_version()
        if request.url.lower().startswith("https:"):
            self._set_tls()
        self._set_body()
        if request.pause:
            setopt(pycurl.SOCKOPTFUNCTION, self._on_open)

    def _set_version(self) -> None:
        version = HTTP_VERSIONS[self.request.http]
        if version == HTTP_VERSIONS["3"] and hasattr(pycurl, "CURL_HTTP_VERSION_3ONLY"):
            version = HTTP3_ONLY
        self.curl.setopt(pycurl.HTTP_VERSION, version)

    def _set_tls(self) -> None:
        setopt, path = self.curl.setopt, self.request.ca_path
        if not self.request.validate_certs:
            setopt(pycurl.SSL_VERIFYPEER, 0)
            setopt(pycurl.SSL_VERIFYHOST, 0)
            for unneeded in (pycurl.CAINFO, pycurl.CAPATH):  # to read them takes 20 ms
                self.curl.unsetopt(unneeded)
        elif path:
            which = pycurl.CAPATH if Path(path).is_dir() else pycurl.CAINFO
            setopt(which, os.fsencode(path))
        else:
            for authorities in AUTHORITIES:
                if Path(authorities).exists():
                    setopt(pycurl.CAINFO, authorities)
                    break
        # Only the debug output has the version of TLS.
        setopt(pycurl.DEBUGFUNCTION, self._on_debug)
        setopt(pycurl.VERBOSE, 1)

    def _set_body(self) -> None:
        request, setopt = self.request, self.curl.setopt
        headers = [f"{key}: {value}" if value else f"{key};" for key, value in request.headers]
        names = {key.lower() for key, _ in request.headers}
        if request.accept_encoding and "accept-encoding" not in names:
            headers.append(f"Accept-Encoding: {request.accept_encoding}")
        if "user-agent" not in names:
            headers.append("User-Agent: stream_latency")
        method = request.method.upper()
        if self._pieces:
            setopt(pycurl.POST, 1)
            setopt(pycurl.READFUNCTION, self._on_send)
            headers += ["Transfer-Encoding: chunked", "Expect:"]
        elif request.body is not None or method == "POST":
            body = request.body or b""
            setopt(pycurl.POSTFIELDS, body)
            headers.append("Expect:")
            if "content-type" not in names:
                json = body.lstrip()[:1] in (b"{", b"[")
                headers.append(f"Content-Type: application/{'json' if json else 'octet-stream'}")
        if method == "HEAD":
            setopt(pycurl.NOBODY, 1)
        elif method not in ("", "GET", "POST"):
            setopt(pycurl.CUSTOMREQUEST, method.encode())
        setopt(pycurl.HTTPHEADER, [header.encode() for header in headers])

    def start(self) -> None:
        later = self._multi.loop.later
        self.began = time.monotonic()
        self._multi.add(self)
        for at, _ in self._pieces[1:]:
            later(self.began + at, self._go_on)
        if self.request.pause:
            at, length = self.request.pause
            later(self.began + at, self._pause)
            later(self.began + at + length, self._resume)

    def leave(self) -> None:
        self._learn()
        self._multi.remove(self)

    def close(self) -> None:
        self._multi.remove(self)
        self.curl.close()

    def over(self, code: int, text: str) -> None:
        """libcurl has ended the transfer."""
        if code in OURS and not self.ended:
            raise ReaderError(f"The reader failed in a callback of libcurl: {text}.")
        if code == 0 and self.headers_at is None:
            self.end(REFUSED, "the connection was closed in the middle of the headers")
        elif code == 0:
            self.end(COMPLETE if self._framed() else CLOSE)
        else:
            ended = REFUSED if self.headers_at is None else RESET
            self.end(ended, explain(self.request, code, text, self.curl.getinfo(pycurl.OS_ERRNO)))
        self.leave()

    def timeline(self) -> Timeline:
        status = self.status if self.headers_at is not None else 0
        return (
            super()
            .timeline()
            ._replace(
                status=status,
                http=self._http,
                tls=self._tls,
                connected=self._connected,
                round_trip=self._wire.round_trip,
                lost=self._wire.lost,
            )
        )

    def _learn(self) -> None:
        """Ask libcurl about the connection."""
        if self.headers_at is not None:
            self._http = SPOKEN.get(self.curl.getinfo(pycurl.INFO_HTTP_VERSION), "")
        for time_of in (pycurl.APPCONNECT_TIME, pycurl.CONNECT_TIME):
            self._connected = self._connected or self.curl.getinfo(time_of) or None

    def _framed(self) -> bool:
        """Whether the body has an end of its own, besides the end of the connection."""
        self._learn()
        names = {key for key, _ in self.headers}
        return (
            self._http in ("2", "3")
            or self.status in (204, 304)
            or self.request.method.upper() == "HEAD"
            or bool(names & {"transfer-encoding", "content-length"})
        )

    def _on_header(self, line: bytes) -> None:
        if self.headers_at is not None:
            return  # a trailer
        self.last = self.now()
        text = line.decode("latin-1").strip()
        if text.startswith("HTTP/"):
            code = [*text.split(), ""][1]
            self.headers, self.status = [], int(code) if code.isdecimal() else 0
        elif text:
            key, _, value = text.partition(":")
            key = key.strip().lower()
            value = value.strip()
            secret = f"(a secret of {len(value)} bytes)"
            self.headers.append((key, secret if key == "set-cookie" else value))
        elif self.status >= 200:
            self._on_headers()

    def _on_headers(self) -> None:
        self.headers_at = self.last
        self._look()
        found = dict(reversed(self.headers))
        self.decoder = Decoder(
            found.get("content-type", ""),
            found.get("content-encoding", ""),
            self.request.sent_field,
            REFUSAL if self.refused else 0,
        )
        if self._tls:  # it is known now, and debug output costs time in each read
            self._multi.loop.later(0.0, lambda: self.curl.setopt(pycurl.VERBOSE, 0))

    def _on_body(self, data: bytes) -> int:
        more = self.take(data)
        if self.last - self._looked > RARELY:
            self._look()
        return len(data) if more else 0

    def _look(self) -> None:
        """Look at the connection, which libcurl closes before it says that the stream is over."""
        self._looked = self.last
        self._wire.look(self._multi.file)

    def _on_debug(self, kind: int, text: bytes) -> None:
        if kind == TEXT and not self._tls:
            found = re.search(rb"SSL connection using (?:TLS|SSL)v?([\d.]+)", text)
            self._tls = f"TLSv{found.group(1).decode()}" if found else ""

    def _on_open(self, file: int, _purpose: int) -> int:
        self._files.add(file)
        with contextlib.suppress(OSError):
            theirs = socket.socket(fileno=file)
            try:
                theirs.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
            finally:
                theirs.detach()
        return 0

    def _on_send(self, _size: int) -> Any:
        if not self._pieces:
            return b""
        at, piece = self._pieces[0]
        if self.now() < at:
            return pycurl.READFUNC_PAUSE
        del self._pieces[0]
        self.mark("sent")
        self.last = self.now()
        return piece

    def _go_on(self) -> None:
        if not self.ended:
            self.curl.pause(pycurl.PAUSE_CONT)
            self._multi.act()

    def _pause(self) -> None:
        if not self.ended:
            self.mark("paused")
            self.curl.pause(pycurl.PAUSE_RECV)
            self._multi.mute(self._files, on=True)

    def _resume(self) -> None:
        self._multi.mute(self._files, on=False)
        if not self.ended:
            self.mark("resumed")
            self.last = self.now()
            self._go_on()
