"""Read all streams in one thread: libcurl with epoll, over TCP, TLS and unix sockets."""

from __future__ import annotations

import select
import time
from functools import partial

import pycurl

from .stream import Stream
from .values import Load

READ_SIZE = 1024  # libcurl's smallest buffer; a stream's events are small


class Readers:
    """Open streams, and read what arrives."""

    def __init__(self, load: Load) -> None:
        """Prepare; nothing is opened yet."""
        self._load = load
        self._epoll = select.epoll()
        self._watched: set[int] = set()
        self._timer: float | None = None
        self._streams: dict[pycurl.Curl, Stream] = {}
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._set_timer)
        self._multi.setopt(pycurl.M_MAX_CONCURRENT_STREAMS, load.per_connection)

    def open(self, stream: Stream, number: int, *, silent: bool = False) -> None:
        """Open a stream; a silent one is read no further than its first event."""
        load, curl = self._load, pycurl.Curl()
        curl.setopt(pycurl.URL, load.url)
        curl.setopt(pycurl.NOSIGNAL, 1)
        curl.setopt(pycurl.BUFFERSIZE, READ_SIZE)
        curl.setopt(pycurl.FAILONERROR, 1)  # a status of 400 or more is a failure
        if load.unix:
            curl.setopt(pycurl.UNIX_SOCKET_PATH, load.unix)
        elif load.address:
            curl.setopt(pycurl.CONNECT_TO, [f"::{load.address}"])
        if load.sources > 1:
            curl.setopt(pycurl.INTERFACE, f"host!127.0.0.{1 + number % load.sources}")
        if load.accept_encoding:
            curl.setopt(pycurl.HTTPHEADER, [f"Accept-Encoding: {load.accept_encoding}"])
        # The certificate is the test's own.
        curl.setopt(pycurl.SSL_VERIFYPEER, 0)
        curl.setopt(pycurl.SSL_VERIFYHOST, 0)
        if load.http == "2":
            curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_2TLS)
            curl.setopt(pycurl.PIPEWAIT, load.per_connection > 1)
        else:
            curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
        # Else libcurl looks through all open connections for one to use.
        curl.setopt(pycurl.FRESH_CONNECT, load.per_connection == 1)
        curl.setopt(pycurl.WRITEFUNCTION, partial(self._read_one if silent else self._read, stream))
        self._streams[curl] = stream
        self._multi.add_handle(curl)

    def wait(self, seconds: float) -> None:
        """Handle what arrives, and return no later than after so many seconds."""
        now = time.monotonic()
        if self._timer is not None:
            if self._timer <= now:
                self._timer = None
                self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
            else:
                seconds = min(seconds, self._timer - now)
        for descriptor, event in self._epoll.poll(max(0.0, seconds), 512):
            ready = pycurl.CSELECT_OUT if event & select.EPOLLOUT else 0
            if event & ~select.EPOLLOUT:
                ready |= pycurl.CSELECT_IN
            self._multi.socket_action(descriptor, ready)
        self._note_ends()

    def close(self) -> None:
        """Leave all streams."""
        for curl in self._streams:
            self._multi.remove_handle(curl)
            curl.close()
        self._streams.clear()
        self._multi.close()
        self._epoll.close()

    @staticmethod
    def _read(stream: Stream, data: bytes) -> None:
        stream.read(time.monotonic(), data)

    @staticmethod
    def _read_one(stream: Stream, data: bytes) -> int | None:
        if stream.n:
            return int(pycurl.WRITEFUNC_PAUSE)
        stream.read(time.monotonic(), data)
        return None

    def _note_ends(self) -> None:
        queued, done, failed = self._multi.info_read()
        if not done and not failed:
            return
        while True:
            for curl in done:
                self._end(curl, "")
            for curl, _, message in failed:
                self._end(curl, message)
            if not queued:
                return
            queued, done, failed = self._multi.info_read()

    def _end(self, curl: pycurl.Curl, why: str) -> None:
        stream = self._streams.pop(curl)
        stream.ended, stream.why = True, why
        self._multi.remove_handle(curl)
        curl.close()

    def _watch(self, what: int, descriptor: int, _multi: object, _data: object) -> None:
        if what == pycurl.POLL_REMOVE:
            if descriptor in self._watched:
                self._watched.remove(descriptor)
                self._epoll.unregister(descriptor)
            return
        mask = (select.EPOLLIN if what & pycurl.POLL_IN else 0) | (
            select.EPOLLOUT if what & pycurl.POLL_OUT else 0
        )
        if descriptor in self._watched:
            self._epoll.modify(descriptor, mask)
        else:
            self._watched.add(descriptor)
            self._epoll.register(descriptor, mask)

    def _set_timer(self, milliseconds: int) -> None:
        self._timer = None if milliseconds < 0 else time.monotonic() + milliseconds / 1000
