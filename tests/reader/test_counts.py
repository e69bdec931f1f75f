"""The counts of real workers: Gunicorn with two, as the role runs it, under streams."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from plugins.module_utils.monitor import counts
from plugins.module_utils.monitor.values import Streams
from tests.reader.conftest import PYTHON, ROOT, TOKEN

PATIENCE = 20.0
FOREVER = "/stream?count=100000&interval=0.05"

pytestmark = pytest.mark.skipif(not PYTHON.exists(), reason="./dev unit makes its Python")


class Release:
    """Gunicorn with the app, its socket and its counts in a directory."""

    def __init__(self, home: Path) -> None:
        self.home, self.directory = home, home / "counts"
        self.directory.mkdir(exist_ok=True)
        (home / "probe-token").write_text(TOKEN)
        places = (ROOT / "roles/streaming_api/files", ROOT / "tests/reader")
        environment = {
            "PYTHONPATH": ":".join(map(str, places)),
            "RUNTIME_DIRECTORY": str(self.directory),
            "CREDENTIALS_DIRECTORY": str(home),
        }
        app = """stream_probe:serve('stream_counts:serve("counted_app:app")')"""
        argv = [str(PYTHON), "-m", "gunicorn", "--bind", f"unix:{home}/socket", "--workers=2"]
        argv += ["--worker-class", "uvicorn_worker.UvicornWorker", "--no-control-socket", app]
        argv += ["--graceful-timeout=2", "--config=/dev/null"]
        with (home / "log").open("ab") as log:
            self.master = subprocess.Popen(
                argv, env={**os.environ, **environment}, stdout=log, stderr=log, umask=0o077
            )

    @property
    def counts(self) -> Streams:
        found = counts.read(str(self.directory))
        assert found
        return found

    @property
    def workers(self) -> list[int]:
        pid = self.master.pid
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def open(self, path: str, *headers: str) -> socket.socket:
        one = socket.socket(socket.AF_UNIX)
        one.settimeout(PATIENCE)
        one.connect(f"{self.home}/socket")
        head = [f"GET {path} HTTP/1.1", "Host: app", "Connection: close", *headers]
        one.sendall("\r\n".join([*head, "", ""]).encode())
        return one

    def read(self, path: str, *headers: str) -> bytes:
        """The whole answer."""
        with self.open(path, *headers) as one:
            return rest(one)


def rest(one: socket.socket) -> bytes:
    return b"".join(iter(lambda: one.recv(65536), b""))


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "the condition did not become true in time"
        time.sleep(0.05)


@contextlib.contextmanager
def running(home: Path) -> Iterator[Release]:
    release = Release(home)
    try:
        wait_until(lambda: len(release.workers) == 2 and (home / "socket").exists())
        release.read("/plain")
        yield release
    finally:
        release.master.terminate()
        try:
            release.master.wait(PATIENCE)
        finally:
            release.master.kill()


@pytest.fixture
def release(tmp_path: Path) -> Iterator[Release]:
    with running(tmp_path) as release:
        yield release


def test_the_answers_of_fastapi(release: Release) -> None:
    for path in ("/plain", "/none", "/stream", "/behind/stream", "/fails", "/fails-first"):
        release.read(path)
    wait_until(lambda: sum(release.counts.ended.values()) == 3)
    found = release.counts
    assert found.answers == {"2xx": 5, "3xx": 0, "4xx": 1, "5xx": 1, "429": 0}
    assert (found.opened, found.in_flight) == (3, 0)
    assert found.ended == {"complete": 2, "left": 0, "failed": 1}
    assert sum(found.time_to_first_chunk.counts) == 3
    assert sum(found.time_per_output_chunk.counts) == 4
    # Four pauses of 20 ms between chunks, two before the first.
    assert 0.08 < found.time_per_output_chunk.total < 4
    assert 0.04 < found.time_to_first_chunk.total < 4


def test_the_probe_is_not_counted(release: Release) -> None:
    before = release.counts
    for at in ("inside", "front"):
        path = f"/.stream-probe?count=3&interval=0.01&at={at}"
        answer = release.read(path, f"X-Stream-Probe-Token: {TOKEN}")
        assert f'"at": "{at}"'.encode() in answer  # it finds its way through the counts
    assert release.counts == before
    assert b"404" in release.read("/.stream-probe")
    assert release.counts.answers["4xx"] == 1


@pytest.mark.parametrize("path", [FOREVER, f"/behind{FOREVER}", "/late"])
def test_a_reader_that_leaves(release: Release, path: str) -> None:
    with release.open(path) as one:
        one.recv(1)
        wait_until(lambda: release.counts.in_flight == 1)
    wait_until(lambda: release.counts.in_flight == 0)
    found = release.counts
    assert (found.opened, found.ended) == (1, {"complete": 0, "left": 1, "failed": 0})


def test_an_app_that_does_not_notice(release: Release) -> None:
    with release.open("/deaf/") as one:
        one.recv(1)
    wait_until(lambda: release.counts.in_flight == 0)
    assert release.counts.ended == {"complete": 1, "left": 0, "failed": 0}


def test_a_burst(release: Release) -> None:
    """200 streams at once: 150 readers leave, 50 stay until the end."""
    with contextlib.ExitStack() as stay, contextlib.ExitStack() as leave:
        for _ in range(150):
            leave.enter_context(release.open(FOREVER))
        for _ in range(50):
            stay.enter_context(release.open("/stream?count=60&interval=0.1"))
        wait_until(lambda: sum(release.counts.time_to_first_chunk.counts) == 200)
        assert release.counts.in_flight == 200
        leave.close()
        wait_until(lambda: release.counts.in_flight == 50)
        assert release.counts.ended["left"] == 150
        wait_until(lambda: release.counts.in_flight == 0)
    found = release.counts
    assert (found.opened, found.ended) == (200, {"complete": 50, "left": 150, "failed": 0})
    assert sum(found.time_to_first_chunk.counts) == 200


def test_a_killed_worker(release: Release) -> None:
    """Its streams are cut: they have failed, and no total falls."""
    seen = [release.counts]

    def noted() -> Streams:
        seen.append(release.counts)
        return seen[-1]

    with contextlib.ExitStack() as readers:
        first: list[socket.socket] = []
        while not all(open_files(pid) > 25 for pid in release.workers):  # a few without streams
            assert len(first) < 500, "one worker gets all streams"
            first.append(readers.enter_context(release.open(FOREVER)))
            first[-1].recv(1)
        count = len(first)
        wait_until(lambda: noted().opened == count)
        assert noted().in_flight == count
        victim, *others = release.workers
        os.kill(victim, signal.SIGKILL)
        wait_until(lambda: noted().in_flight < count)
        cut = noted().ended["failed"]
        assert 0 < cut < count
        assert noted().in_flight == count - cut
        wait_until(lambda: len({*release.workers} - {victim, *others}) == 1)
        for one in first:
            one.setblocking(False)
        wait_until(lambda: sum(is_cut(one) for one in first) == cut)
        for _ in range(40):
            readers.enter_context(release.open(FOREVER))
        wait_until(lambda: noted().opened == count + 40)
        assert noted().in_flight == count + 40 - cut
    wait_until(lambda: noted().in_flight == 0)
    assert noted().ended == {"complete": 0, "left": count + 40 - cut, "failed": cut}
    totals = [
        [
            each.opened,
            *each.ended.values(),
            *each.answers.values(),
            *each.time_to_first_chunk.counts,
            *each.time_per_output_chunk.counts,
        ]
        for each in seen
    ]
    for before, after in itertools.pairwise(totals):
        assert all(one <= other for one, other in zip(before, after, strict=True))
    # A worker that starts while the monitor reads takes another file.
    assert len(list(release.directory.iterdir())) <= 3


def open_files(pid: int) -> int:
    return len([*Path(f"/proc/{pid}/fd").iterdir()])


def is_cut(one: socket.socket) -> bool:
    try:
        while one.recv(65536):
            pass
    except BlockingIOError:
        return False
    except OSError:
        pass
    return True


def test_the_counts_go_on_after_a_restart(tmp_path: Path) -> None:
    with running(tmp_path) as release:
        release.read("/stream")
        with release.open(FOREVER) as one:
            one.recv(1)
            wait_until(lambda: release.counts.in_flight == 1)
            workers = release.workers  # before: a dead master has no children
            release.master.kill()
            for worker in workers:
                os.kill(worker, signal.SIGKILL)
            wait_until(lambda: release.counts.in_flight == 0)
    (tmp_path / "socket").unlink(missing_ok=True)
    with running(tmp_path) as release:
        release.read("/stream")
        found = release.counts
    assert (found.opened, found.ended) == (3, {"complete": 2, "left": 0, "failed": 1})
    assert len(list(release.directory.iterdir())) <= 2  # a worker without a request has none


def test_without_its_directory(release: Release) -> None:
    """New workers do not count, and serve all the same."""
    for path in release.directory.iterdir():
        path.unlink()
    release.directory.rmdir()
    for worker in release.workers:
        os.kill(worker, signal.SIGKILL)
    wait_until(lambda: len(release.workers) == 2 and b" 200 " in ask(release))
    assert release.read("/stream").count(b"\n0\n") == 1
    assert counts.read(str(release.directory)) is None


def ask(release: Release) -> bytes:
    with contextlib.suppress(OSError):
        return release.read("/plain")
    return b""
