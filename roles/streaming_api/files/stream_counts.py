# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Count the streams of an ASGI 3 app, for a monitor outside of its processes.

``Counts`` passes all on unchanged. It counts in a small file that is mapped into memory; the
monitor reads the file. So nothing is sent, and no thread or timer runs. If there is no such file to
be had, the app runs on uncounted.

A stream is an answer without a ``Content-Length`` whose first piece of body is not its last. It
ends in one of three ways:

    complete   its last piece was sent
    left       before that the app or the server noticed that the reader was gone: ``receive`` said
               so, ``send`` raised OSError, or the call was cancelled
    failed     the app raised an error or returned too early, or the process died

An app that does not notice that its reader has left sends its stream to the end, and the stream
counts as complete: many servers ignore what is sent to nobody.

``stream_slots.py`` beside this file comes from the role's module_utils/monitor/. Both need only the
standard library of Python >= 3.8.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import mmap
import os
import stat
from bisect import bisect_left
from time import monotonic_ns
from typing import Any, Awaitable, Callable, MutableMapping

from stream_slots import (
    ANSWERS,
    BOUNDS_NS,
    CLASSES,
    ENDED,
    FAILED,
    FILES,
    FIRST_CHUNK,
    FIRST_CHUNK_SUM,
    HOWS,
    IN_FLIGHT,
    LAYOUT,
    MAGIC,
    NEXT_CHUNK,
    NEXT_CHUNK_SUM,
    OPENED,
    SIZE,
    TOO_MANY,
    of_the_dead,
)

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

VISIT = "stream_probe.visit"  # in the scope of a request of the probe
COMPLETE, LEFT = ENDED + HOWS.index("complete"), ENDED + HOWS.index("left")
SERVER_ERROR = ANSWERS + CLASSES.index("5xx")
LIMITED = CLASSES.index("429")
# What a server sends in place of pieces of the body, without the app.
WHOLE_FILES = ("http.response.pathsend", "http.response.zerocopysend")

# How a file is opened, so that a link or a pipe in its place does no harm.
OURS = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

# What an answer waits for.
STATUS, BODY, CHUNKS, NOTHING = range(4)


class Counts:
    """The app, counted in the first free file of a directory."""

    def __init__(self, app: App, directory: str) -> None:
        self.app = app  # the probe looks for the app's routes here
        self._directory = directory
        self._slot: Slot | None = None
        # A child process must not count as this one, nor keep its file taken.
        os.register_at_fork(after_in_child=self._forget)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        slot = self._slot
        if slot is None:  # the first call in this process
            slot = self._slot = Slot(self._directory)
        if slot.words is None or scope["type"] != "http" or VISIT in scope:
            await self.app(scope, receive, send)
            return
        answer = Answer(slot.words, receive, send, scope.get("method", ""))
        try:
            await self.app(scope, answer.receive, answer.send)
        except (asyncio.CancelledError, GeneratorExit):
            answer.end(LEFT)
            raise
        except BaseException:
            answer.end(FAILED)
            raise
        else:
            answer.end(FAILED)  # unless it has ended

    def _forget(self) -> None:
        if self._slot is not None:
            self._slot.leave()
            self._slot = None


class Answer:
    """One answer of the app: counts what passes."""

    __slots__ = ("_last", "_method", "_receive", "_send", "_waits_for", "_words")

    def __init__(self, words: memoryview, receive: Receive, send: Send, method: str) -> None:
        self._words, self._receive, self._send, self._method = words, receive, send, method
        self._waits_for = STATUS
        self._last = -monotonic_ns()  # of the last chunk; negative: of the request

    async def receive(self) -> Message:
        message = await self._receive()
        if self._waits_for != NOTHING and message.get("type") == "http.disconnect":
            self.end(LEFT)
        return message

    async def send(self, message: Message) -> None:
        if self._waits_for == NOTHING:
            await self._send(message)
            return
        try:
            ends = self._note(message)
        except Exception:  # noqa: BLE001 - the server says what is wrong with the message
            ends = False
        try:
            await self._send(message)
        except OSError:
            self.end(LEFT)
            raise
        if ends:
            self.end(COMPLETE)

    def _note(self, message: Message) -> bool:
        """Count what the app sends. Return whether it is the last piece of a stream."""
        kind = message["type"]
        if kind == "http.response.body":
            more: bool = message.get("more_body", False)
            if self._waits_for == BODY:
                if not more:
                    self._is_no_stream()
                    return False
                self._waits_for = CHUNKS
                self._words[OPENED] += 1
            if self._waits_for == CHUNKS:
                if message.get("body"):
                    self._chunk()
                return not more
            return False
        if kind == "http.response.start" and self._waits_for == STATUS:
            self._start(message)
        elif kind in WHOLE_FILES and self._waits_for == BODY:
            self._is_no_stream()
        return False

    def _chunk(self) -> None:
        words, now, last = self._words, monotonic_ns(), self._last
        self._last = now
        if last > 0:
            took = now - last
            words[NEXT_CHUNK + bisect_left(BOUNDS_NS, took)] += 1
            words[NEXT_CHUNK_SUM] += took
        else:
            took = now + last
            words[FIRST_CHUNK + bisect_left(BOUNDS_NS, took)] += 1
            words[FIRST_CHUNK_SUM] += took

    def _start(self, message: Message) -> None:
        self._waits_for = NOTHING
        status = message["status"]
        if 200 <= status < 600:
            class_ = LIMITED if status == TOO_MANY else status // 100 - 2
            self._words[ANSWERS + class_] += 1
        headers = message.get("headers", ())
        if not isinstance(headers, (list, tuple)):
            headers = message["headers"] = list(headers)  # it may be read only once
        if self._method == "HEAD":
            return
        for name, _ in headers:
            if name.lower() == b"content-length":
                return
        # A stream is in flight before its first chunk. That other answers are, lasts a moment.
        self._words[IN_FLIGHT] += 1
        self._waits_for = BODY

    def _is_no_stream(self) -> None:
        self._waits_for = NOTHING
        self._words[IN_FLIGHT] -= 1

    def end(self, how: int) -> None:
        """Count the end, if it has not been counted. ``how`` is the index of its word."""
        waited_for, self._waits_for = self._waits_for, NOTHING
        if waited_for == NOTHING:
            return
        words = self._words
        with contextlib.suppress(ValueError):  # a number that does not fit
            if waited_for == STATUS:
                if how == FAILED:  # the server answers in its place
                    words[SERVER_ERROR] += 1
                return
            if waited_for == BODY:
                words[OPENED] += 1
            words[how] += 1
            words[IN_FLIGHT] -= 1


class Slot:
    """A file for the counts of this process. ``words`` is None if there is none."""

    def __init__(self, directory: str) -> None:
        self.words: memoryview | None = None
        self._lock = -1  # the open file with the lock, which ends with the process
        if not directory:
            return
        for name in FILES:
            with contextlib.suppress(Exception):  # counting must not stop the app
                self._take(os.path.join(directory, name))  # noqa: PTH118 - is a str
            if self.words is not None:
                return

    def leave(self) -> None:
        """Close the file without unlocking it: another process has it too."""
        if self._lock >= 0:
            os.close(self._lock)

    def _take(self, path: str) -> None:
        file = os.open(path, OURS | os.O_CREAT, 0o644)
        try:
            words = _mapped(path) if _is_ours(file) else None
            if words is not None:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                # Nothing in between: by the lock a monitor believes that these words are ours.
                _settle(words)
                self.words = words
        finally:
            if self.words is None:
                os.close(file)
            else:
                self._lock = file


def _is_ours(file: int) -> bool:
    """Make it as large as it must be, whoever has it. False if it is another kind of file."""
    found = os.fstat(file)
    if not stat.S_ISREG(found.st_mode) or found.st_size not in (0, SIZE):
        return False
    os.fchmod(file, 0o644)  # the monitor is another user, whatever the umask says
    os.posix_fallocate(file, 0, SIZE)  # a full disk is an error here, and a signal later
    return True


def _mapped(path: str) -> memoryview | None:
    """The words of the file. None if they mean something else.

    Opens the file again, since the map keeps what it is made of open: a child process could not
    give the lock away.
    """
    file = os.open(path, OURS)
    try:
        words = memoryview(mmap.mmap(file, SIZE)).cast("Q")
    finally:
        os.close(file)
    return words if words[MAGIC] in (0, LAYOUT) else None


def _settle(words: memoryview) -> None:
    """Another process had the file, and its streams were cut when it died."""
    words[OPENED], words[FAILED] = of_the_dead(words)
    words[IN_FLIGHT] = 0
    words[MAGIC] = LAYOUT


def serve(app: str) -> Counts:
    """The app that Gunicorn serves: the app with this name, counted in the unit's directory."""
    from gunicorn.util import import_app  # noqa: PLC0415 - nothing else here needs Gunicorn

    return Counts(import_app(app), os.environ.get("RUNTIME_DIRECTORY", ""))
