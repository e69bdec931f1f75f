"""What is counted of an answer, by how the app, the server and the reader behave."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from plugins.module_utils.monitor import counts, values
from roles.streaming_api.files import stream_counts, stream_probe
from roles.streaming_api.files.stream_counts import Counts

FILES = Path(stream_counts.__file__).parent
MS = 1_000_000


def start(status: int = 200, *headers: tuple[bytes, bytes]) -> dict[str, Any]:
    return {"type": "http.response.start", "status": status, "headers": [*headers]}


def piece(body: bytes = b"x", *, more: bool = True) -> dict[str, Any]:
    return {"type": "http.response.body", "body": body, "more_body": more}


LENGTH = (b"Content-Length", b"1")
LAST = piece(b"", more=False)
PATH = {"type": "http.response.pathsend", "path": "/a"}
RECEIVE = "receive"
LEFT, REQUEST = {"type": "http.disconnect"}, {"type": "http.request"}
GONE = OSError("gone")  # what send raises
CANCELLED = asyncio.CancelledError()


class App:
    """Sends messages, receives, or raises, step by step."""

    def __init__(self, *steps: Any) -> None:
        self.steps = steps
        self.scope: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scope = scope
        for step in self.steps:
            if isinstance(step, BaseException):
                raise step
            await (receive() if step == RECEIVE else send(step))


class Server:
    """Gives the app these messages. ``send`` raises an error from the given message on."""

    def __init__(self, received: list[Any], fails_at: int) -> None:
        self.received, self.fails_at = [*received], fails_at
        self.sent: list[Any] = []

    async def receive(self) -> Any:
        return self.received.pop(0)

    async def send(self, message: Any) -> None:
        if len(self.sent) == self.fails_at:
            raise GONE
        self.sent.append(message)


def ask(counted: Counts, *received: Any, fails_at: int = -1, **scope: Any) -> list[Any]:
    """One request. Return what reached the server."""
    server = Server([*received], fails_at)
    scope = {"type": "http", "method": "GET", **scope}
    with contextlib.suppress(OSError, RuntimeError, asyncio.CancelledError):
        asyncio.run(counted(scope, server.receive, server.send))
    assert isinstance(counted.app, App)
    assert counted.app.scope is scope
    return server.sent


def told(directory: Path) -> dict[str, int]:
    """The numbers that are not 0."""
    streams = counts.read(str(directory))
    assert streams
    all_ = {
        "in flight": streams.in_flight,
        "opened": streams.opened,
        **streams.ended,
        **streams.answers,
        "first": sum(streams.time_to_first_chunk.counts),
        "next": sum(streams.time_per_output_chunk.counts),
    }
    return {name: number for name, number in all_.items() if number}


OK = {"2xx": 1}
OPENED = {**OK, "opened": 1}
ANSWERS: list[tuple[str, list[Any], dict[str, Any], dict[str, int]]] = [
    ("a stream", [start(), piece(), piece(), LAST], {}, {**OPENED, "complete": 1, "first": 1, "next": 1}),
    ("its last piece is not empty", [start(), piece(), piece(more=False)], {}, {**OPENED, "complete": 1, "first": 1, "next": 1}),
    ("empty pieces are no chunks", [start(), piece(b""), piece(b""), piece(), LAST], {}, {**OPENED, "complete": 1, "first": 1}),
    ("it has trailers", [{**start(), "trailers": True}, piece(), LAST, {"type": "http.response.trailers"}], {}, {**OPENED, "complete": 1, "first": 1}),
    ("one piece", [start(), piece(more=False)], {}, OK),
    ("one piece, by the default of more_body", [start(204), {"type": "http.response.body"}], {}, OK),
    ("it has a length", [start(200, LENGTH), piece(), LAST], {}, OK),
    ("a file that the server sends", [start(), PATH], {}, OK),
    ("HEAD", [start(), piece(), LAST], {"method": "HEAD"}, OK),
    ("not found", [start(404), piece(more=False)], {}, {"4xx": 1}),
    ("too many", [start(429), piece(more=False)], {}, {"429": 1}),
    ("a redirect", [start(307), piece(more=False)], {}, {"3xx": 1}),
    ("the app reads the request", [RECEIVE, start(), piece(), LAST], {"received": [REQUEST]}, {**OPENED, "complete": 1, "first": 1}),
    ("an early hint", [{"type": "http.response.early_hint"}, start(), piece(more=False)], {}, OK),
    # the reader leaves
    ("receive says so", [start(), piece(), RECEIVE], {"received": [LEFT]}, {**OPENED, "left": 1, "first": 1}),
    ("and the app sends on", [start(), piece(), RECEIVE, piece(), LAST], {"received": [LEFT]}, {**OPENED, "left": 1, "first": 1}),
    ("and the app then fails", [start(), piece(), RECEIVE, RuntimeError()], {"received": [LEFT]}, {**OPENED, "left": 1, "first": 1}),
    ("before the first chunk", [start(), RECEIVE], {"received": [LEFT]}, {**OPENED, "left": 1}),
    ("before the answer", [RECEIVE], {"received": [LEFT]}, {}),
    ("after the end", [start(), piece(), LAST, RECEIVE], {"received": [LEFT]}, {**OPENED, "complete": 1, "first": 1}),
    ("send says so", [start(), piece(), piece(), LAST], {"fails_at": 2}, {**OPENED, "left": 1, "first": 1, "next": 1}),
    ("send of the last piece says so", [start(), piece(), LAST], {"fails_at": 2}, {**OPENED, "left": 1, "first": 1}),
    ("the server cancels", [start(), piece(), CANCELLED], {}, {**OPENED, "left": 1, "first": 1}),
    ("the server cancels before the answer", [CANCELLED], {}, {}),
    # the app fails
    ("in the stream", [start(), piece(), RuntimeError()], {}, {**OPENED, "failed": 1, "first": 1}),
    ("with an OSError of its own", [start(), piece(), OSError("database")], {}, {**OPENED, "failed": 1, "first": 1}),
    ("before the first chunk", [start(), RuntimeError()], {}, {**OPENED, "failed": 1}),
    ("it returns too early", [start(), piece()], {}, {**OPENED, "failed": 1, "first": 1}),
    ("before the answer", [RuntimeError()], {}, {"5xx": 1}),
    ("it returns without an answer", [], {}, {"5xx": 1}),
    ("after its own 500", [start(500, LENGTH), piece(more=False), RuntimeError()], {}, {"5xx": 1}),
    ("after the end", [start(), piece(), LAST, RuntimeError()], {}, {**OPENED, "complete": 1, "first": 1}),
    # what no app should send
    ("no status", [{"type": "http.response.start"}, piece(), LAST], {}, {}),
    ("a strange status", [start(799), piece(more=False)], {}, {}),
    ("headers of text", [{**start(), "headers": [("a", "b", "c")]}, piece(), LAST], {}, OK),
    ("a body without a start", [piece(), LAST], {}, {"5xx": 1}),
    ("no type", [{}, start(), piece(more=False)], {}, OK),
    # what is not counted
    ("a websocket", [{"type": "websocket.accept"}], {"type": "websocket"}, {}),
    ("lifespan", [{"type": "lifespan.startup.complete"}], {"type": "lifespan"}, {}),
    ("the probe", [start(), piece(), LAST], {stream_probe.VISIT: object()}, {}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("steps", "options", "expected"),
    [row[1:] for row in ANSWERS],
    ids=[f"{number}: {row[0]}" for number, row in enumerate(ANSWERS)],
)
def test_what_is_counted(
    tmp_path: Path, steps: list[Any], options: dict[str, Any], expected: dict[str, int]
) -> None:
    options = {**options}
    received = options.pop("received", [])
    sent = ask(Counts(App(*steps), str(tmp_path)), *received, **options)
    assert told(tmp_path) == expected
    messages = [step for step in steps if isinstance(step, dict)]
    assert all(one is other for one, other in zip(sent, messages, strict=False))


def test_headers_that_can_be_read_once(tmp_path: Path) -> None:
    headers = [(b"a", b"b"), LENGTH]
    app = App({**start(), "headers": iter(headers)}, piece(), LAST)
    [begun, *_] = ask(Counts(app, str(tmp_path)))
    assert (begun["headers"], told(tmp_path)) == (headers, OK)


def test_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The request at 7 ms, chunks at 8, 9, 20 ms and after two minutes."""
    clock: Iterator[int] = iter([7 * MS, 8 * MS, 9 * MS, 20 * MS, 120_020 * MS])
    monkeypatch.setattr(stream_counts, "monotonic_ns", lambda: next(clock))
    ask(Counts(App(start(), *[piece()] * 4, LAST), str(tmp_path)))
    streams = counts.read(str(tmp_path))
    assert streams
    first, later = streams.time_to_first_chunk, streams.time_per_output_chunk
    assert (first.counts, first.total) == ((1, *[0] * 15), 0.001)  # a bound belongs to its bucket
    found = {(*values.BOUNDS, None)[n]: count for n, count in enumerate(later.counts) if count}
    assert (found, later.total) == ({0.001: 1, 0.025: 1, None: 1}, 120.012)


def test_what_is_in_flight(tmp_path: Path) -> None:
    seen: list[int] = []

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        for message in (start(), piece(), piece(), LAST):
            await send(message)
            seen.append(told(tmp_path).get("in flight", 0))

    async def nothing(*_: Any) -> Any:
        return {}

    asyncio.run(Counts(app, str(tmp_path))({"type": "http"}, nothing, nothing))
    assert seen == [1, 1, 1, 0]


# --- the files ---

STREAM = App(start(), piece(), LAST)


def die(counted: Counts) -> None:
    """Close the file, as the kernel does when a process is killed."""
    assert counted._slot
    counted._slot.leave()


def test_each_process_has_a_file(tmp_path: Path) -> None:
    one, two = Counts(STREAM, str(tmp_path)), Counts(STREAM, str(tmp_path))
    assert list(tmp_path.iterdir()) == []  # none before the first call, which is after a fork
    ask(one)
    ask(two)
    ask(two)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["streams-0", "streams-1"]
    assert told(tmp_path)["opened"] == 3


def test_a_new_process_goes_on_where_a_dead_one_ended(tmp_path: Path) -> None:
    killed = Counts(App(start(), piece(), asyncio.CancelledError()), str(tmp_path))
    ask(killed)
    words = killed._slot.words if killed._slot else None
    assert words
    # Two streams are open: one has sent its first chunk, the other has not.
    words[stream_counts.OPENED] += 1
    words[stream_counts.IN_FLIGHT] += 2
    assert told(tmp_path) == {"2xx": 1, "opened": 2, "left": 1, "first": 1, "in flight": 2}
    die(killed)
    dead = {"2xx": 1, "opened": 3, "left": 1, "failed": 2, "first": 1}
    assert told(tmp_path) == dead
    replacement = Counts(STREAM, str(tmp_path))
    ask(replacement, type="lifespan")
    assert told(tmp_path) == dead
    ask(replacement)
    assert told(tmp_path) == {**dead, "2xx": 2, "opened": 4, "complete": 1, "first": 2}
    assert len(list(tmp_path.iterdir())) == 1


def test_nobody_reads_the_streams_of_the_dead_as_those_of_its_successor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever moment of the takeover a monitor looks at: no total falls."""
    killed = Counts(STREAM, str(tmp_path))
    ask(killed)
    assert killed._slot and killed._slot.words
    killed._slot.words[stream_counts.IN_FLIGHT] += 2
    die(killed)
    seen = [told(tmp_path)]

    def watched(module: Any, name: str) -> None:
        real = getattr(module, name)

        def call(*arguments: Any) -> Any:
            seen.append(told(tmp_path))
            done = real(*arguments)
            seen.append(told(tmp_path))
            return done

        monkeypatch.setattr(module, name, call)

    watched(stream_counts.os, "fchmod")
    watched(stream_counts.os, "posix_fallocate")
    watched(stream_counts.mmap, "mmap")
    ask(Counts(STREAM, str(tmp_path)), type="lifespan")
    seen.append(told(tmp_path))
    assert len(seen) == 8 and all(one == seen[0] for one in seen)


def test_a_process_leaves_strange_files_alone(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").touch()
    (tmp_path / "streams-0").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "streams-1").mkdir()
    os.mkfifo(tmp_path / "streams-2")
    (tmp_path / "streams-3").write_text("mine")
    (tmp_path / "streams-4").write_bytes(b"x" * stream_counts.SIZE)
    ask(Counts(STREAM, str(tmp_path)))
    assert (tmp_path / "elsewhere").stat().st_size == 0
    assert (tmp_path / "streams-3").read_text() == "mine"
    assert (tmp_path / "streams-4").read_bytes() == b"x" * stream_counts.SIZE
    assert (tmp_path / "streams-5").stat().st_size == stream_counts.SIZE
    assert told(tmp_path)["opened"] == 1


def test_others_may_read_a_file_and_only_read_it(tmp_path: Path) -> None:
    umask = os.umask(0o077)
    try:
        ask(Counts(STREAM, str(tmp_path)))
    finally:
        os.umask(umask)
    assert (tmp_path / "streams-0").stat().st_mode & 0o777 == 0o644


def test_there_are_64_files_at_most(tmp_path: Path) -> None:
    processes = [Counts(STREAM, str(tmp_path)) for _ in range(65)]
    for process in processes:
        assert len(ask(process)) == 3
    assert len(list(tmp_path.iterdir())) == 64
    assert told(tmp_path)["opened"] == 64
    for process in processes:
        die(process)


@pytest.mark.parametrize("directory", ["", "/nowhere", "/dev/null", "a\0b", "/proc"])
def test_an_app_goes_on_uncounted(directory: str) -> None:
    assert len(ask(Counts(STREAM, directory))) == 3


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(stream_counts.os, "posix_fallocate", full)
    assert len(ask(Counts(STREAM, str(tmp_path)))) == 3
    assert told(tmp_path) == {}


def test_numbers_that_do_not_fit_stop_no_app(tmp_path: Path) -> None:
    counted = Counts(STREAM, str(tmp_path))
    ask(counted)
    words = counted._slot.words if counted._slot else None
    assert words
    for index in range(1, len(words)):
        words[index] = 2**64 - 1
    assert len(ask(counted)) == 3
    words[stream_counts.IN_FLIGHT] = 0
    assert len(ask(counted)) == 3


FORK = """
import asyncio, os, sys
from stream_counts import Counts

async def app(*_): pass
async def nothing(*_): return {}

counted = Counts(app, sys.argv[1])
asyncio.run(counted({"type": "http"}, nothing, nothing))
in_flight = counted._slot.words
ready, tell = os.pipe()
wait, end = os.pipe()
if not os.fork():
    os.close(end)
    if sys.argv[2] == "counts":
        asyncio.run(counted({"type": "http"}, nothing, nothing))
    os.write(tell, b"x")
    os.read(wait, 1)
    os._exit(0)
os.read(ready, 1)
print("ready", flush=True)
sys.stdin.read(1)
os.kill(os.getpid(), 9)
"""


@pytest.mark.parametrize(("counts_too", "files"), [("counts", 2), ("idles", 1)])
def test_a_child_process_has_its_own_file(tmp_path: Path, counts_too: str, files: int) -> None:
    """And it keeps no lock of its parent, whose file is free when the parent dies."""
    script = tmp_path / "fork.py"
    script.write_text(f"import sys; sys.path.append({str(FILES)!r})\n{FORK}")
    directory = tmp_path / "counts"
    directory.mkdir()
    argv = [sys.executable, str(script), str(directory), counts_too]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout and parent.stdin
        assert parent.stdout.readline() == b"ready\n"
        assert told(directory) == {"5xx": files}
        ask(Counts(STREAM, str(directory)))
        assert len(list(directory.iterdir())) == files + 1
        ended = Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text()
        assert ended.strip()  # the child lives
        parent.kill()
    ask(Counts(STREAM, str(directory)))
    assert len(list(directory.iterdir())) == files + 1


# --- with the probe ---


def test_the_probes_name_for_its_visits() -> None:
    assert stream_counts.VISIT == stream_probe.VISIT
