"""A server that answers by the book, or as no good server does; each path is one way."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import socket
import struct
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any, Self

Way = Callable[["Visitor"], Awaitable[None]]
WAYS: dict[str, Way] = {}

SSE = "Content-Type: text/event-stream"
APART = 0.2  # seconds; two pieces of a body without a form that come together are one
CHUNKED = f"{SSE}\r\nTransfer-Encoding: chunked"
EVENTS = [b'id: %d\ndata: {"n": %d}\n\n' % (n, n) for n in range(3)]
HUGE = 1 << 30


def way(function: Way) -> Way:
    """Answer the path of this name so."""
    WAYS["/" + function.__name__] = function
    return function


class Visitor:
    """A connection, with the head of its request."""

    def __init__(self, reader: Any, writer: Any, head: str) -> None:
        self.reader, self.writer, self.head = reader, writer, head

    async def send(self, data: bytes | str, pause: float = 0.005) -> None:
        """Send, and wait so long that the reader gets it by itself."""
        self.writer.write(data.encode() if isinstance(data, str) else data)
        await self.writer.drain()
        await asyncio.sleep(pause)

    async def begin(self, headers: str, status: str = "200 OK", version: str = "1.1") -> None:
        await self.send(f"HTTP/{version} {status}\r\n{headers}\r\n\r\n")

    async def chunk(self, data: bytes) -> None:
        await self.send(b"%x\r\n%s\r\n" % (len(data), data))

    async def events(self) -> None:
        for event in EVENTS:
            await self.chunk(event)

    def reset(self) -> None:
        """End the connection with an RST."""
        linger = struct.pack("ii", 1, 0)
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.writer.transport.abort()


class Server:
    """All ways, on a TCP port and a Unix socket, in a thread. ``notes`` is for the tests."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.port = 0
        self.notes: dict[str, Any] = NOTES
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self) -> None:
        start_tcp = asyncio.start_server(_serve, "127.0.0.1", 0)
        tcp = self._loop.run_until_complete(start_tcp)
        unix = self._loop.run_until_complete(asyncio.start_unix_server(_serve, self.path))
        self.port = tcp.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        tcp.close()
        unix.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0.05))
        self._loop.close()


NOTES: dict[str, Any] = {}


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        path = head.split()[1].partition("?")[0]
        await WAYS[path](Visitor(reader, writer, head))
    writer.close()


@way
async def chunked(it: Visitor) -> None:
    await it.begin(CHUNKED)
    await it.events()
    await it.send("0\r\n\r\n")


@way
async def trailers(it: Visitor) -> None:
    await it.begin(CHUNKED)
    await it.events()
    await it.send("0\r\nContent-Type: text/html\r\nX-Sum: 1\r\n\r\n")


@way
async def early_hints(it: Visitor) -> None:
    await it.begin("Link: </x>", "103 Early Hints")
    await asyncio.sleep(0.2)
    await chunked(it)


@way
async def length(it: Visitor) -> None:
    await it.begin(f"{SSE}\r\nContent-Length: {sum(map(len, EVENTS))}")
    for event in EVENTS:
        await it.send(event)


@way
async def close_delimited(it: Visitor) -> None:
    await it.begin(SSE, version="1.0")
    for event in EVENTS:
        await it.send(event)


@way
async def close_1_1(it: Visitor) -> None:
    await it.begin(f"{SSE}\r\nConnection: close")
    for event in EVENTS:
        await it.send(event)


@way
async def no_content(it: Visitor) -> None:
    await it.begin("X: y", "204 No Content")


@way
async def short_length(it: Visitor) -> None:
    await it.begin(f"{SSE}\r\nContent-Length: 1000")
    for event in EVENTS:
        await it.send(event)


@way
async def cut_in_a_chunk(it: Visitor) -> None:
    await it.begin(CHUNKED)
    await it.events()
    await it.send("100\r\ndata: ")


@way
async def no_last_chunk(it: Visitor) -> None:
    await it.begin(CHUNKED)
    await it.events()


@way
async def bad_chunk(it: Visitor) -> None:
    await it.begin(CHUNKED)
    await it.events()
    await it.send("zz\r\n\r\n")
    await asyncio.sleep(0.2)


@way
async def reset_in_the_middle(it: Visitor) -> None:
    await it.begin(CHUNKED)
    await it.events()
    it.reset()


@way
async def reset_at_once(it: Visitor) -> None:
    it.reset()


@way
async def no_answer(it: Visitor) -> None:
    it.writer.close()


@way
async def half_an_answer(it: Visitor) -> None:
    await it.send("HTTP/1.1 200 OK\r\nContent-Ty")


@way
async def not_http(it: Visitor) -> None:
    await it.send("SSH-2.0-OpenSSH_9.2\r\n")


@way
async def mute(it: Visitor) -> None:
    await it.reader.read()


@way
async def silent(it: Visitor) -> None:
    await it.begin(CHUNKED)
    await it.events()
    await it.reader.read()


@way
async def malformed(it: Visitor) -> None:
    await it.begin(f"{SSE}\r\nConnection: close")
    for n in range(3):
        await it.send(f'{{"n": {n}}}\n', APART)


@way
async def binary(it: Visitor) -> None:
    await it.begin(f"{SSE}\r\nConnection: close")
    await it.send(bytes(range(256)) * 8)


@way
async def not_gzip(it: Visitor) -> None:
    await it.begin(f"{SSE}\r\nContent-Encoding: gzip\r\nConnection: close")
    for event in EVENTS:
        await it.send(event, APART)


@way
async def half_gzip(it: Visitor) -> None:
    await it.begin(f"{SSE}\r\nContent-Encoding: gzip\r\nConnection: close")
    await it.send(gzip.compress(b"".join(EVENTS))[:-10])


@way
async def page(it: Visitor) -> None:
    await it.begin("Content-Type: text/html\r\nSet-Cookie: s=secret\r\nContent-Length: 9")
    await it.send("<p>hello\n")


def _status(name: str, status: str, headers: str = "X: y") -> None:
    async def answer(it: Visitor) -> None:
        await it.begin(f"{headers}\r\nContent-Type: text/plain\r\nContent-Length: 2", status)
        await it.send("no")

    WAYS[name] = answer


_status("/redirect", "302 Found", "Location: /chunked")
_status("/status_401", "401 Unauthorized", "WWW-Authenticate: Bearer")
_status("/status_404", "404 Not Found")
_status("/status_500", "500 Internal Server Error")


@way
async def refuses_in_json(it: Visitor) -> None:
    said = b'{"detail":[{"msg":"Field required"}],"api_key":"secret"}'
    await it.begin(f"{CHUNKED}\r\nContent-Encoding: gzip", "422 Unprocessable Entity")
    await it.chunk(gzip.compress(said))
    await it.send("0\r\n\r\n")


@way
async def refuses_without_end(it: Visitor) -> None:
    """Slowly, so that time ends it, not size."""
    await it.begin(CHUNKED, "503 Service Unavailable")
    with contextlib.suppress(OSError):
        while not (it.reader.at_eof() or it.writer.is_closing()):
            await it.events()
            await asyncio.sleep(0.05)


@way
async def endless(it: Visitor) -> None:
    await it.begin(CHUNKED)
    NOTES["endless left"] = None
    with contextlib.suppress(OSError):
        while True:
            await it.events()
            if it.reader.at_eof() or it.writer.is_closing():
                break
    NOTES["endless left"] = time.monotonic()


@way
async def huge(it: Visitor) -> None:
    await it.begin(f"Content-Type: application/octet-stream\r\nContent-Length: {HUGE}")
    block = b"x" * (1 << 20)
    for _ in range(HUGE >> 20):
        it.writer.write(block)
        await it.writer.drain()


@way
async def large_events(it: Visitor) -> None:
    """Notes when it could send."""
    sent = NOTES["sent"] = []
    await it.begin(f"{SSE}\r\nConnection: close")
    for _ in range(400):
        it.writer.write(b"data: " + b"x" * 65536 + b"\n\n")
        await it.writer.drain()
        sent.append(time.monotonic())
        await asyncio.sleep(0.001)


@way
async def echo(it: Visitor) -> None:
    """An event for each piece of the request, and one before them."""
    NOTES["head"] = it.head
    await it.begin(CHUNKED)
    await it.chunk(EVENTS[0])
    if "chunked" in it.head.lower():
        more = True
        while more:
            size = int(await it.reader.readline(), 16)
            await it.reader.readexactly(size + 2)
            more = size > 0
            if more:
                await it.chunk(b'data: {"event": "received", "n": %d}\n\n' % size)
    await it.send("0\r\n\r\n")
