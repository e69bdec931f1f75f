"""A server behind an already bound unix socket, as systemd hands it over, and what it uses under load."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from .load import Load, finish, measure, start
from .processes import tree, usage

ROOT = Path(__file__).parents[1]
BENCH = ROOT / ".cache/bench"
PATIENCE = 30.0  # seconds until a server must answer, or end

# As roles/streaming_api/templates/gunicorn.conf.py.j2 has it. A value of None: not said.
GUNICORN = """
worker_class = {worker!r}
if worker_class == "uvicorn":
    from uvicorn_worker import UvicornWorker

    class worker_class(UvicornWorker):
        CONFIG_KWARGS = {{"loop": {loop!r}, "http": {http!r}, "timeout_graceful_shutdown": 30}}

asgi_loop = {loop!r}
http_parser = "fast" if {http!r} == "httptools" else "python"
backlog = 4096
timeout = 60
graceful_timeout = 35
keepalive = 75
forwarded_allow_ips = "*"
worker_tmp_dir = "/dev/shm"
control_socket_disable = True
"""


@dataclasses.dataclass(frozen=True)
class Served:
    """A running server."""

    path: str
    process: subprocess.Popen[bytes]

    def pids(self) -> list[int]:
        """Its processes."""
        return tree(self.process.pid)


def gunicorn(worker: str = "uvicorn", loop: str = "uvloop", http: str = "httptools") -> Path:
    """Write a configuration for Gunicorn; by default it is that of the role."""
    config = BENCH / "gunicorn.conf.py"
    config.write_text(GUNICORN.format(worker=worker, loop=loop, http=http))
    return config


def python_of_app() -> Path:
    """The environment of the reference app, with the server that the role installs."""
    packages = ("gunicorn", "uvicorn", "uvicorn-worker", "uvloop", "httptools")
    return environment("shapes", *packages, "-r", str(ROOT / "files/app/requirements.txt"))


def environment(name: str, *packages: str) -> Path:
    """Make a virtual environment in .cache/bench/ unless it is there; return its python."""
    directory = BENCH / name
    made_from = directory / "made-from"
    if not made_from.exists() or made_from.read_text() != "\n".join(packages):
        subprocess.run(["uv", "venv", "--quiet", "--clear", directory], check=True)
        install = ["uv", "pip", "install", "--quiet", "--python", str(directory)]
        subprocess.run([*install, *packages], check=True)
        made_from.write_text("\n".join(packages))
    return directory / "bin/python"


def versions(python: Path) -> list[str]:
    """What is installed there."""
    argv = ["uv", "pip", "freeze", "--quiet", "--python", str(python)]
    done = subprocess.run(argv, check=True, capture_output=True, text=True)
    return done.stdout.splitlines()


@contextlib.contextmanager
def serving(
    argv: Sequence[str | Path], directory: Path, environ: Mapping[str, str] | None = None
) -> Iterator[Served]:
    """Run a server; yield it when it answers.

    The bound socket is its descriptor 3, and the environment says so as systemd's does. A server
    whose arguments have PATH binds that path itself.
    """
    with tempfile.TemporaryDirectory() as scratch, socket.socket(socket.AF_UNIX) as listening:
        path = f"{scratch}/socket"
        arguments = [str(each) for each in argv]
        if not any("PATH" in each for each in arguments):
            listening.bind(path)
            listening.listen(4096)
        inherit = f'export LISTEN_PID=$$ LISTEN_FDS=1; exec "$@" 3<&{listening.fileno()}'
        process = subprocess.Popen(
            ["sh", "-c", inherit, "sh", *(each.replace("PATH", path) for each in arguments)],
            cwd=directory,
            env={**os.environ, **(environ or {})},
            pass_fds=[listening.fileno()],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait(path, process)
            yield Served(path, process)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                for pid in tree(process.pid):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                process.wait()


def load_of(*, short: bool) -> Load:
    """The streams that each server and each shape gets; its URL is still missing."""
    if short:
        return Load("", streams=200, seconds=3, settle=1)
    return Load("", streams=1000, seconds=8, settle=2)


def under_load(served: Served, load: Load) -> dict[str, Any]:
    """What events and streams cost: us of CPU per event, KiB per stream, delays in seconds.

    The load must not fill the CPUs: an event of a server that is behind seems cheap.
    """
    warm = dataclasses.replace(load, streams=20, interval=0.02, events=10, seconds=3, settle=0)
    measure(dataclasses.replace(warm, url=f"{load.url}?count=10&interval=0.02"))
    idle = usage(served.pids())
    url = f"{load.url}?count=100000&interval={load.interval}"
    generator = start(dataclasses.replace(load, url=url))
    time.sleep(load.streams / load.opens_per_second + load.settle + 1)
    began, before = time.monotonic(), _cpu(served.pids())
    time.sleep(max(1.0, load.seconds - 2))
    wall, cpu = time.monotonic() - began, _cpu(served.pids()) - before
    memory = usage(served.pids()).pss - idle.pss
    found = finish(generator)
    return {
        "cpu": 1e6 * cpu / (wall * load.streams / load.interval),
        "memory": memory / load.streams / 1024,
        "p50": found.delay.p50,
        "p99": found.delay.p99,
        "opened": found.opened,
        "lost": found.lost + found.cut + found.late,
    }


def _cpu(pids: list[int]) -> float:
    """Seconds, finer than the ticks of /proc/PID/stat."""
    nanoseconds = 0
    for pid in pids:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError):
                nanoseconds += int((thread / "schedstat").read_text().split()[0])
    return nanoseconds / 1e9


def _wait(path: str, process: subprocess.Popen[bytes]) -> None:
    """Return when the server answers."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as attempt:
            attempt.settimeout(1)
            attempt.connect(path)
            attempt.sendall(b"GET /404 HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")
            if attempt.recv(1):
                return
        time.sleep(0.1)
    raise RuntimeError(f"{process.args!r} does not answer; exit code {process.returncode}.")
