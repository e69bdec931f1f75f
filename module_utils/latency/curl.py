# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Streams over HTTP by libcurl, with what it says in plain words."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import selectors
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit, urlunsplit

try:
    import pycurl
except ImportError:
    pycurl = None

from .decode import Decoder
from .stream import Request, Stream
from .timeline import CLOSE, COMPLETE, REFUSED, RESET

if TYPE_CHECKING:
    from .loop import Loop
    from .timeline import Timeline

# By their numbers: an older pycurl does not have all the names.
HTTP_VERSIONS = {"1.0": 1, "1.1": 2, "2": 3, "auto": 4, "2-prior-knowledge": 5, "3": 30}
HTTP3_ONLY = 31
HAS_HTTP3 = 1 << 25
SPOKEN = {1: "1.0", 2: "1.1", 3: "2", 30: "3", 31: "3"}
MAX_CONCURRENT_STREAMS = 16
MULTIPLEX = 2
TEXT = 0  # of what DEBUGFUNCTION gets
OURS = (23, 26, 42)  # libcurl's codes when a callback of ours raises

# The certificates of the system: a pycurl wheel does not know where they are.
AUTHORITIES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
)
SMALL_BUFFER = 1 << 14  # bytes; a server soon sees when a reader with it stops


class ReaderError(Exception):
    """A sentence that says why nothing could be read at all."""


def need(version: str = "auto") -> None:
    """Raise ReaderError when there is no pycurl, or it cannot speak this version of HTTP."""
    if pycurl is None:
        raise ReaderError("There is no pycurl for this Python: install python3-pycurl.")
    if version == "3" and not pycurl.version_info()[4] & HAS_HTTP3:
        raise ReaderError(f"The libcurl here cannot speak HTTP/3: {pycurl.version}.")


class Multi:
    """libcurl's transfers, in our loop."""

    def __init__(self, loop: Loop, *, shared: bool = False) -> None:
        self.loop = loop
        self.shared = shared
        self.transfers: dict[Any, Transfer] = {}
        self.muted: set[int] = set()
        self._wanted: dict[int, int] = {}
        self._running = 0
        self._due: float | None = None
        self._multi: Any = None

    def add(self, transfer: Transfer) -> None:
        """Begin a transfer, as soon as the loop runs."""
        if not self._multi:
            self._multi = pycurl.CurlMulti()
            self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._on_socket)
            self._multi.setopt(pycurl.M_TIMERFUNCTION, self._on_timer)
            if self.shared:
                self._multi.setopt(pycurl.M_PIPELINING, MULTIPLEX)  # the default since 7.62
                self._multi.setopt(pycurl.M_MAX_HOST_CONNECTIONS, 1)
                # It is the server's limit that is of interest; before 7.67 there is no other.
                with contextlib.suppress(pycurl.error, TypeError):
                    self._multi.setopt(MAX_CONCURRENT_STREAMS, 10_000)
            self._tick()
        self.transfers[transfer.curl] = transfer
        self._running += 1
        self._multi.add_handle(transfer.curl)

    def remove(self, transfer: Transfer) -> None:
        """End a transfer, in whatever state it is."""
        if self.transfers.pop(transfer.curl, None):
            self._multi.remove_handle(transfer.curl)

    def act(self, file: int | None = None, mask: int = 0) -> None:
        """Let libcurl do what is to be done, for a socket or by the clock."""
        where = pycurl.SOCKET_TIMEOUT if file is None else file
        _, running = self._multi.socket_action(where, mask)
        if running == self._running:
            return
        self._running = running
        more = 1
        while more:
            more, good, bad = self._multi.info_read()
            for curl in good:
                self._over(curl, 0, "")
            for curl, code, text in bad:
                self._over(curl, code, text)

    def mute(self, files: set[int], *, on: bool) -> None:
        """Stop looking at sockets, or look again."""
        self.muted = self.muted | files if on else self.muted - files
        for file in files:
            self._watch(file)

    def close(self) -> None:
        if self._multi:
            self._multi.close()

    def _over(self, curl: Any, code: int, text: str) -> None:
        transfer = self.transfers.get(curl)
        if transfer:
            transfer.over(code, text)

    def _on_socket(self, what: int, file: int, *_: object) -> None:
        self._wanted[file] = 0 if what == pycurl.POLL_REMOVE else what
        self._watch(file)

    def _watch(self, file: int) -> None:
        wanted = 0 if file in self.muted else self._wanted.get(file, 0)
        events = selectors.EVENT_READ if wanted & pycurl.POLL_IN else 0
        events |= selectors.EVENT_WRITE if wanted & pycurl.POLL_OUT else 0
        self.loop.watch(file, events, self._on_ready)

    def _on_ready(self, file: int, mask: int) -> None:
        self.act(
            file,
            (pycurl.CSELECT_IN if mask & selectors.EVENT_READ else 0)
            | (pycurl.CSELECT_OUT if mask & selectors.EVENT_WRITE else 0),
        )

    def _on_timer(self, milliseconds: int) -> None:
        self._due = None
        if milliseconds >= 0:
            self._due = time.monotonic() + milliseconds / 1000
            self.loop.later(self._due, self._on_due)

    def _on_due(self) -> None:
        if self._due is not None and time.monotonic() >= self._due:
            self._due = None
            self.act()

    def _tick(self) -> None:
        """pycurl cannot always tell of a new timer, so we look now and then."""
        self.act()
        self.loop.later(time.monotonic() + 0.05, self._tick)


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
            setopt(pycurl.CONNECT_TO, [connect_to(_idna(request.address))])
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
        elif path:
            which = pycurl.CAPATH if Path(path).is_dir() else pycurl.CAINFO
            setopt(which, os.fsencode(path))
        else:
            for authorities in AUTHORITIES:
                if Path(authorities).exists():
                    setopt(pycurl.CAINFO, authorities)
                    break
        # Nothing else says which version of TLS is spoken.
        setopt(pycurl.DEBUGFUNCTION, self._on_debug)
        setopt(pycurl.VERBOSE, 1)

    def _set_body(self) -> None:
        request, setopt = self.request, self.curl.setopt
        headers = [f"{key}: {value}" if value else f"{key};" for key, value in request.headers]
        names = {key.lower() for key, _ in request.headers}
        if request.accept_encoding:
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
        """libcurl is done with it."""
        if code in OURS and not self.ended:
            raise ReaderError(f"The reader has failed in a callback of libcurl: {text}.")
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
            ._replace(status=status, http=self._http, tls=self._tls, connected=self._connected)
        )

    def _learn(self) -> None:
        """Ask libcurl what it knows of the connection."""
        if self.headers_at is not None:
            self._http = SPOKEN.get(self.curl.getinfo(pycurl.INFO_HTTP_VERSION), "")
        for time_of in (pycurl.APPCONNECT_TIME, pycurl.CONNECT_TIME):
            self._connected = self._connected or self.curl.getinfo(time_of) or None

    def _framed(self) -> bool:
        """Whether something other than the connection's end said that the body is complete."""
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
            self.headers.append((key, "(a secret)" if key == "set-cookie" else value.strip()))
        elif self.status >= 200:
            self._on_headers()

    def _on_headers(self) -> None:
        self.headers_at = self.last
        found = dict(reversed(self.headers))
        self.decoder = Decoder(
            found.get("content-type", ""),
            found.get("content-encoding", ""),
            self.request.sent_field,
        )
        if self._tls:  # known now; to go on listening would cost time for each read
            self._multi.loop.later(0.0, lambda: self.curl.setopt(pycurl.VERBOSE, 0))

    def _on_body(self, data: bytes) -> int:
        return len(data) if self.take(data) else 0

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


def in_ascii(url: str) -> str:
    """The URL as a server is asked for it: a name by IDNA, the others by their percents."""
    if url.isascii():
        return url
    parts = urlsplit(url)
    user, at, place = parts.netloc.rpartition("@")
    rest = (_percent(part) for part in (parts.path, parts.query, parts.fragment))
    return urlunsplit((parts.scheme, _percent(user) + at + _idna(place), *rest))


def _percent(text: str) -> str:
    return re.sub(r"[^\0-\x7f]+", lambda found: quote(found.group()), text)


def _idna(name: str) -> str:
    return name if name.isascii() else name.encode("idna").decode()


def connect_to(address: str) -> str:
    """What libcurl wants for ``host[:port]``; an IPv6 address may go without its brackets."""
    if address.count(":") > 1 and not address.startswith("["):
        address = f"[{address}]"
    host, colon, port = address.rpartition(":")
    if not colon or address.endswith("]"):
        host, port = address, ""
    return f"::{host}:{port}"


def explain(request: Request, code: int, text: str, number: int) -> str:
    """What has failed, in plain words. ``text`` is libcurl's, ``number`` the system's errno."""
    parts = urlsplit(request.url)
    where = request.unix_socket or request.address or parts.netloc.rpartition("@")[2]
    tail = re.sub(r"^.*(certificate problem|verify result|verification failed): ", "", text)
    if code == 7 and request.unix_socket:
        return _socket_refused(request.unix_socket, number)
    if code == 7:
        why = os.strerror(number).lower() if number else text
        return f"no connection to {where}: {why}"
    if "peer certificate" in text:  # over QUIC
        code = 60
    elif text.startswith("Failed to connect"):  # over UDP it fails when it sends
        return f"no connection to {where}: {text.rpartition(': ')[2]}"
    words = {
        1: "the answer is not HTTP that a reader of streams understands",
        6: f"the name {parts.hostname} cannot be resolved",
        16: "the HTTP/2 connection failed",
        18: "the connection was closed in the middle of the body",
        28: f"no connection to {where} within {min(request.connect, request.patience):g} s",
        35: "TLS failed",
        52: "the connection was closed without an answer",
        60: "certificate verify failed",
        77: f"the certificates of {request.ca_path or 'the system'} cannot be read",
        92: "the HTTP/2 stream was reset",
    }
    if code in (18, 28, 52, 6):
        return words[code]
    if code in (55, 56):
        reset = number == errno.ECONNRESET or "reset" in text.lower()
        return "the connection was reset" if reset else f"the connection failed: {text}"
    return f"{words.get(code, 'libcurl failed')}: {tail}"


def _socket_refused(path: str, number: int) -> str:
    """Why a Unix socket does not take a connection."""
    if not number:
        number = _try_socket(path)
    return {
        errno.ENOENT: f"no such socket {path}",
        errno.EACCES: f"no permission on the socket {path}",
        errno.ECONNREFUSED: f"nobody listens on the socket {path}",
        errno.EAGAIN: f"the queue of the socket {path} is full",
        errno.ENOTSOCK: f"{path} is no socket",
    }.get(number, f"no connection to the socket {path}: {os.strerror(number)}")


def _try_socket(path: str) -> int:
    try:
        with socket.socket(socket.AF_UNIX) as one:
            one.setblocking(False)
            return one.connect_ex(path)
    except OSError as error:
        return error.errno or 0
