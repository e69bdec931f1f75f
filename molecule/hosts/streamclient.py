"""Read streams, one or many, and note when each piece of them came.

It shares no code with the role's own reader, because it checks that reader.
"""

from __future__ import annotations

import contextlib
import json
import re
import selectors
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Self

import pycurl

# How a stream can end.
COMPLETE = "complete"  # as HTTP wants it to
CLOSED = "closed"  # the connection ended, and nothing else says that this was all
CUT = "cut"  # after the headers
REFUSED = "refused"  # before them
LEFT = "left"  # by this reader

SPOKEN = {
    pycurl.CURL_HTTP_VERSION_1_0: "1.0",
    pycurl.CURL_HTTP_VERSION_1_1: "1.1",
    pycurl.CURL_HTTP_VERSION_2_0: "2",
}
MAX_CONCURRENT_STREAMS = 16  # an option of libcurl that pycurl has no name for
PATROL = 0.05  # seconds; pycurl does not tell of every timer of libcurl
PATIENCE = 20  # seconds of silence


class Stream:
    """One request and what came of it. Times of `times` and `began` are of the monotonic clock."""

    def __init__(
        self,
        url: str,
        *,
        name: str = "",
        gzip: bool = False,
        http2: bool = False,
        timeout: int = 60,
    ) -> None:
        """Prepare to read `url`. With a `name` the server is asked by it, at the URL's address."""
        self.status = 0
        self.http = ""
        self.headers: dict[str, str] = {}
        self.times: list[float] = []
        self.body = b""
        self.ended = ""
        self.error = ""
        self.began = time.monotonic()
        self.ended_at = 0.0
        self.to_headers = 0.0  # seconds since it began
        self.to_first = 0.0
        self.curl = pycurl.Curl()
        if name:
            scheme, _, rest = url.partition("://")
            address, _, path = rest.partition("/")
            host, _, port = address.partition(":")
            self.curl.setopt(pycurl.CONNECT_TO, [f"{name}:{port}:{host}:{port}"])
            url = f"{scheme}://{name}:{port}/{path}"
        version = pycurl.CURL_HTTP_VERSION_2TLS if http2 else pycurl.CURL_HTTP_VERSION_1_1
        for option, value in {
            pycurl.URL: url,
            pycurl.HTTP_VERSION: version,
            pycurl.HEADERFUNCTION: self._on_header,
            pycurl.WRITEFUNCTION: self._on_body,
            pycurl.NOSIGNAL: 1,
            pycurl.CONNECTTIMEOUT: 10,
            pycurl.LOW_SPEED_LIMIT: 1,
            pycurl.LOW_SPEED_TIME: PATIENCE,
            pycurl.TIMEOUT: timeout,
            pycurl.SSL_VERIFYPEER: 0,
            pycurl.SSL_VERIFYHOST: 0,
        }.items():
            self.curl.setopt(option, value)
        if gzip:  # asked for, and left as it comes
            self.curl.setopt(pycurl.HTTPHEADER, ["Accept-Encoding: gzip"])

    @property
    def spread(self) -> float:
        """Seconds from the first read to the last."""
        return self.times[-1] - self.times[0]

    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)

    @property
    def ids(self) -> list[int]:
        """The numbers of its server-sent events."""
        return [int(n) for n in re.findall(rb"^id: (\d+)", self.body, re.MULTILINE)]

    @property
    def is_whole(self) -> bool:
        """Whether it went on until its reader left, and no event is missing or there twice."""
        ids = self.ids
        return self.ended == LEFT and ids == [*range(1, len(ids) + 1)] != []

    def take(self, data: bytes, now: float) -> None:
        """Keep a read. A subclass may do something else with it."""
        self.times.append(now)
        self.body += data

    def end(self, ended: str, error: str = "") -> None:
        """Note how it ended."""
        self.ended, self.error, self.ended_at = ended, error, time.monotonic()
        self.http = SPOKEN.get(self.curl.getinfo(pycurl.INFO_HTTP_VERSION), "?")
        self.curl.close()

    def over(self, error: str) -> None:
        """Note how it ended when libcurl is done with it; without an `error` it has read all."""
        if not self.to_headers:
            self.end(REFUSED, error or "no answer")
        elif error:
            self.end(CUT, error)
        else:
            self.http = SPOKEN.get(self.curl.getinfo(pycurl.INFO_HTTP_VERSION), "?")
            framed = self.http == "2" or {"transfer-encoding", "content-length"} & {*self.headers}
            self.end(COMPLETE if framed else CLOSED)

    def _on_header(self, line: bytes) -> None:
        text = line.decode("latin-1").strip()
        if self.to_headers:
            return  # a trailer
        if text.startswith("HTTP/"):
            self.status, self.headers = int(text.split()[1]), {}
        elif text:
            key, _, value = text.partition(":")
            self.headers[key.lower()] = value.strip()
        elif self.status >= 200:
            self.to_headers = time.monotonic() - self.began

    def _on_body(self, data: bytes) -> None:
        now = time.monotonic()
        self.to_first = self.to_first or now - self.began
        self.take(data, now)


class Loop:
    """Waits for files and for times; all connections of a program share it."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._all: list[Connections] = []

    def connections(self, *, shared: bool = False) -> Connections:
        """One connection for each stream, or (`shared`) as few as a browser needs for all."""
        self._all.append(Connections(self, shared=shared))
        return self._all[-1]

    def watch(self, file: int, events: int, on_ready: Callable[[int, int], object]) -> None:
        """Call when the file can be read or written; with no events, no longer."""
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(file)
        if events:
            self._selector.register(file, events, on_ready)

    def turn(self) -> None:
        """Wait for what comes next, and see to it."""
        wait = min([PATROL, *(each.wait() for each in self._all)])
        for key, mask in self._selector.select(wait):
            key.data(key.fd, mask)
        for each in self._all:
            if not each.wait():
                each.act()

    def close(self) -> None:
        """Leave all streams."""
        for each in self._all:
            each.close()
        self._selector.close()


class Connections:
    """Streams that libcurl reads in a loop."""

    def __init__(self, loop: Loop, *, shared: bool) -> None:
        self._loop = loop
        self._shared = shared
        self._streams: dict[Any, Stream] = {}
        self._due = 0.0
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._on_socket)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._on_timer)
        if shared:  # the server's limit is of interest
            self._multi.setopt(MAX_CONCURRENT_STREAMS, 10_000)

    def open(self, stream: Stream) -> None:
        """Send the request."""
        if self._shared:
            stream.curl.setopt(pycurl.PIPEWAIT, 1)
        else:
            stream.curl.setopt(pycurl.FRESH_CONNECT, 1)
            stream.curl.setopt(pycurl.FORBID_REUSE, 1)
        stream.began = time.monotonic()
        self._streams[stream.curl] = stream
        self._multi.add_handle(stream.curl)
        self._due = 0.0

    def wait(self) -> float:
        """Seconds until libcurl has something to do."""
        return max(0.0, self._due - time.monotonic())

    def act(self, file: int = pycurl.SOCKET_TIMEOUT, mask: int = 0) -> None:
        """Let libcurl do what there is to do for a socket, or by the clock."""
        if file == pycurl.SOCKET_TIMEOUT:
            self._due = time.monotonic() + PATROL
        _, running = self._multi.socket_action(file, mask)
        more = len(self._streams) - running
        while more:
            more, good, bad = self._multi.info_read()
            for curl, error in [*((curl, "") for curl in good), *((c, text) for c, _, text in bad)]:
                self._multi.remove_handle(curl)
                self._streams.pop(curl).over(error)

    def close(self) -> None:
        """Leave all streams where they are."""
        for curl, stream in self._streams.items():
            self._multi.remove_handle(curl)
            stream.end(LEFT)
        self._streams.clear()
        self._multi.close()

    def _on_socket(self, what: int, file: int, *_: object) -> None:
        wanted = 0 if what == pycurl.POLL_REMOVE else what
        events = selectors.EVENT_READ if wanted & pycurl.POLL_IN else 0
        events |= selectors.EVENT_WRITE if wanted & pycurl.POLL_OUT else 0
        self._loop.watch(file, events, self._on_ready)

    def _on_ready(self, file: int, mask: int) -> None:
        reads = pycurl.CSELECT_IN if mask & selectors.EVENT_READ else 0
        writes = pycurl.CSELECT_OUT if mask & selectors.EVENT_WRITE else 0
        self.act(file, reads | writes)

    def _on_timer(self, milliseconds: int) -> None:
        if milliseconds >= 0:
            self._due = min(self._due, time.monotonic() + milliseconds / 1000)


def read_all(streams: Sequence[Stream], leave: Callable[[], bool] = lambda: False) -> None:
    """Open all at once, and read them to their ends, or until it is time to `leave`."""
    loop = Loop()
    connections = loop.connections()
    for stream in streams:
        connections.open(stream)
    while not all(stream.ended for stream in streams) and not leave():
        loop.turn()
    loop.close()


def read(url: str, **options: Any) -> Stream:
    """Read one stream to its end."""
    return read_many([url], **options)[0]


def read_many(urls: Sequence[str], **options: Any) -> list[Stream]:
    """Open all at once, and read them to their ends."""
    streams = [Stream(url, **options) for url in urls]
    read_all(streams)
    return streams


class Reading:
    """Streams that are read beside a `with` block, from before it to its end."""

    def __init__(self, *streams: Stream) -> None:
        self.streams = streams
        self._over = threading.Event()
        leave = self._over.is_set
        self._thread = threading.Thread(target=read_all, args=(streams, leave), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self.goes_on()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def goes_on(self) -> None:
        """Wait for some more of each."""
        wanted = [len(one.times) + 10 for one in self.streams]
        deadline = time.monotonic() + 30
        while any(len(one.times) < n for one, n in zip(self.streams, wanted, strict=True)):
            ended = {(one.ended, one.error) for one in self.streams if one.ended}
            assert not ended, ended
            assert time.monotonic() < deadline, "nothing comes"
            time.sleep(0.05)
