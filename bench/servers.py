"""Servers behind the same unix socket: what an event, a stream, a burst of opens and a stop cost.

The same plain ASGI app (`shape_app.py`), two workers. All but granian inherit the bound socket, as
systemd hands it over.
"""

from __future__ import annotations

import dataclasses
import signal
import socket
import time
from pathlib import Path
from typing import Any

from .behind import (
    ROOT,
    Served,
    environment,
    gunicorn,
    load_of,
    serving,
    under_load,
    versions,
)
from .load import Load, measure
from .table import keep, markdown, milliseconds, options, say, spread

APP = "bench.shape_app:app"
BURST = 1000
STOPPED = 30  # events of the stream that runs when the server is told to stop
APART = 0.1  # seconds between them


@dataclasses.dataclass(frozen=True)
class Server:
    """How to start one. `packages` beside FastAPI; `argv` after the python."""

    packages: tuple[str, ...]
    argv: tuple[str, ...]
    worker: str = ""  # of Gunicorn
    loop: str = "asyncio"
    http: str = "h11"


GUNICORN_PACKAGES = ("gunicorn", "uvicorn", "uvicorn-worker", "uvloop", "httptools", "gunicorn-h1c")
GUNICORN_ARGV = ("-m", "gunicorn", "-c", "CONFIG", "--workers=2", APP)
UVICORN_ARGV = ("-m", "uvicorn", "--fd=3", "--workers=2", "--backlog=4096", "--no-access-log")
GRANIAN_ARGV = (
    *("-m", "granian", "--interface=asgi", "--uds=PATH", "--workers=2", "--backlog=4096"),
    *("--no-ws", "--workers-kill-timeout=35"),
)
HYPERCORN_ARGV = (
    *("-m", "hypercorn", "--bind=fd://3", "--workers=2", "--backlog=4096"),
    "--graceful-timeout=35",
)


def of_gunicorn(worker: str, loop: str, http: str) -> Server:
    """Gunicorn with one of its worker classes."""
    return Server(GUNICORN_PACKAGES, GUNICORN_ARGV, worker, loop, http)


SERVERS = {
    "Gunicorn, `uvicorn` worker": of_gunicorn("uvicorn", "asyncio", "h11"),
    "Gunicorn, `uvicorn` worker, uvloop, httptools": of_gunicorn("uvicorn", "uvloop", "httptools"),
    "Gunicorn, `asgi` worker": of_gunicorn("asgi", "asyncio", "h11"),
    "Gunicorn, `asgi` worker, uvloop, gunicorn-h1c": of_gunicorn("asgi", "uvloop", "httptools"),
    "uvicorn": Server(GUNICORN_PACKAGES, (*UVICORN_ARGV, "--loop=asyncio", "--http=h11", APP)),
    "uvicorn, uvloop, httptools": Server(
        GUNICORN_PACKAGES, (*UVICORN_ARGV, "--loop=uvloop", "--http=httptools", APP)
    ),
    "granian": Server(("granian", "uvloop"), (*GRANIAN_ARGV, "--loop=asyncio", APP)),
    "granian, uvloop": Server(("granian", "uvloop"), (*GRANIAN_ARGV, "--loop=uvloop", APP)),
    "hypercorn": Server(("hypercorn", "uvloop"), (*HYPERCORN_ARGV, "--worker-class=asyncio", APP)),
    "hypercorn, uvloop": Server(
        ("hypercorn", "uvloop"), (*HYPERCORN_ARGV, "--worker-class=uvloop", APP)
    ),
}


def python_of(server: Server) -> Path:
    """Its environment; those of one program share it."""
    return environment(server.packages[0], *server.packages, "fastapi")


def command(server: Server) -> list[str | Path]:
    """Its command line."""
    config = gunicorn(server.worker, server.loop, server.http)
    argv = [str(config) if each == "CONFIG" else each for each in server.argv]
    return [python_of(server), *argv]


class Reader:
    """A stream, read by hand."""

    def __init__(self, path: str, url: str) -> None:
        self.read = b""
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(5)
        self.socket.connect(path)
        self.socket.sendall(f"GET {url} HTTP/1.1\r\nHost: bench\r\n\r\n".encode())

    def until(self, mark: bytes) -> bool:
        """Read until this has arrived; return whether it has."""
        try:
            while mark not in self.read:
                data = self.socket.recv(65_536)
                if not data:
                    return False
                self.read += data
        except OSError:  # a timeout, too
            return False
        return True


def to_headers(path: str) -> float:
    """Seconds until the headers, which the app sends one second before the first chunk."""
    began = time.monotonic()
    assert Reader(path, "/asgi-late?count=1&interval=1").until(b"\r\n\r\n")
    return time.monotonic() - began


def stop(served: Served) -> dict[str, Any]:
    """Tell the server to stop while a stream runs and one is new."""
    running = Reader(served.path, f"/asgi?count={STOPPED}&interval={APART}")
    assert running.until(b'"n": 1,')
    began = time.monotonic()
    served.process.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    try:
        new = Reader(served.path, "/asgi?count=1&interval=0.01")
        new.socket.settimeout(1)
        got = "served" if new.until(b'"n": 1') else _silent(new)
    except OSError:
        got = "refused"
    finished = running.until(b"\r\n0\r\n\r\n")
    served.process.wait(40)
    return {
        "finished": finished,
        "events": running.read.count(b'"n": '),
        "new": got,
        "seconds": time.monotonic() - began,
    }


def _silent(reader: Reader) -> str:
    """What became of a request that got no event: does its connection still stand?"""
    reader.socket.setblocking(False)
    try:
        return "answered" if reader.read or reader.socket.recv(1) else "closed"
    except BlockingIOError:
        return "answered" if reader.read else "waits"
    except OSError:
        return "reset"


def run(server: Server, load: Load) -> dict[str, Any]:
    """Measure one server. Plain ASGI streams outlive their readers, so each part gets new processes."""
    url = "http://bench/asgi"
    with serving(command(server), ROOT) as served:
        found = under_load(served, dataclasses.replace(load, url=url, unix=served.path))
    with serving(command(server), ROOT) as served:
        found["headers"] = to_headers(served.path)
        found["stop"] = stop(served)
    with serving(command(server), ROOT) as served:
        burst = Load(f"{url}?count=5&interval=1", BURST, events=5, opens_per_second=0)
        found["burst"] = measure(dataclasses.replace(burst, unix=served.path)).opened
    return found


def table(raw: dict[str, Any]) -> str:
    """A row for each server: medians with their spread, and the worst of bursts and stops."""
    rows = []
    for name in raw["rounds"][0]:
        seen = [each[name] for each in raw["rounds"]]
        stops = [each["stop"] for each in seen]
        finished = sum(each["finished"] for each in stops)
        rows.append(
            (
                name,
                spread([each["cpu"] for each in seen], "{:.0f}"),
                milliseconds(max(each["p50"] for each in seen)),
                milliseconds(max(each["p99"] for each in seen)),
                spread([each["memory"] for each in seen], "{:.0f}"),
                f"{min(each['burst'] for each in seen)} of {BURST}",
                milliseconds(max(each["headers"] for each in seen)),
                "finished" if finished == len(stops) else f"cut, {len(stops) - finished} times",
                ", ".join(sorted({each["new"] for each in stops})),
                f"{max(each['seconds'] for each in stops):.1f} s",
            )
        )
    head = (
        "server", "CPU per event, us", "p50", "p99, worst round", "memory per stream, KiB",
        f"{BURST} opens at once", "headers, first chunk after 1 s", "SIGTERM: a running stream",
        "a new request", "ends after",
    )  # fmt: skip
    about = (
        f"{raw['streams']:,} streams of plain ASGI, one event per {raw['interval']:g} s each; two "
        f"workers. The running stream needs {STOPPED * APART:g} s more when SIGTERM comes; a request "
        "that waits is in the socket's queue, where the next process finds it. "
        f"{len(raw['rounds'])} interleaved rounds; granian binds its socket itself. hypercorn (0.18) "
        "cuts the stream because its master kills the other workers as soon as the first one, which had "
        "no stream, has ended; with one worker (`--workers=1`, by hand) the stream ended as it should."
    )
    return f"{about}\n\n{markdown(head, rows)}"


def main() -> None:
    """Measure all servers, round by round. What a long run has measured is kept after each."""
    wanted = options(__doc__)
    load = load_of(short=wanted.short)
    installed = sorted({line for each in SERVERS.values() for line in versions(python_of(each))})
    facts = {"streams": load.streams, "interval": load.interval, "versions": installed}
    rounds: list[dict[str, Any]] = []
    raw: dict[str, Any] = {}
    for number in range(wanted.rounds):
        rounds.append({})
        for name, server in SERVERS.items():
            found = rounds[-1][name] = run(server, load)
            say(f"servers: round {number + 1}: {name}: {found}")
        raw = keep("servers", rounds, short=wanted.short, **facts)
    print(table(raw))


if __name__ == "__main__":
    main()
