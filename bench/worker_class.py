"""Compare Gunicorn's worker classes, to choose the default: a burst of opens, a slow first chunk.

For each worker class, start Gunicorn as the role does, with the role's server packages, and open
streams on its unix socket. Print a Markdown table; `./dev bench` writes it to docs/.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pycurl

OPENS = (100, 500, 1000)
ROUNDS = 3
DELAY = 1.0  # seconds from the app's headers to its first chunk

APP = f"""
import asyncio

async def app(scope, receive, send):
    assert scope["type"] == "http"
    await send({{"type": "http.response.start", "status": 200, "headers": []}})
    await asyncio.sleep({DELAY})
    await send({{"type": "http.response.body", "body": b"event\\n"}})
"""
WORKERS = {"uvicorn": "uvicorn_worker.UvicornWorker", "asgi": "asgi"}


@contextlib.contextmanager
def gunicorn(python: Path, worker: str) -> Iterator[str]:
    """Run the server on an already bound socket, as with systemd; yield its path."""
    with tempfile.TemporaryDirectory() as directory, socket.socket(socket.AF_UNIX) as listening:
        (Path(directory) / "bench_app.py").write_text(APP)
        path = f"{directory}/socket"
        listening.bind(path)
        listening.listen(4096)
        argv = [
            str(python),
            "-m",
            "gunicorn",
            "--bind",
            f"fd://{listening.fileno()}",
            "--workers=2",
        ]
        argv += ["--worker-class", worker, "--backlog=4096", "--no-control-socket", "bench_app:app"]
        process = subprocess.Popen(
            argv, cwd=directory, pass_fds=[listening.fileno()], stderr=subprocess.DEVNULL
        )
        try:
            read_all(path, 1)
            yield path
        finally:
            process.terminate()
            process.wait(20)


def read_all(path: str, count: int) -> list[tuple[bool, float]]:
    """Open `count` streams at once; return for each whether it was served and its time to headers."""
    multi = pycurl.CurlMulti()
    headers: dict[int, float] = {}
    curls = []
    started = time.monotonic()

    def note(number: int, _: bytes) -> None:
        headers.setdefault(number, time.monotonic() - started)

    for number in range(count):
        curl = pycurl.Curl()
        curl.setopt(pycurl.URL, "http://bench/")
        curl.setopt(pycurl.UNIX_SOCKET_PATH, path)
        curl.setopt(pycurl.WRITEFUNCTION, lambda _: None)
        curl.setopt(pycurl.HEADERFUNCTION, partial(note, number))
        curl.setopt(pycurl.TIMEOUT, 30)
        multi.add_handle(curl)
        curls.append(curl)
    running = count
    while running:
        _, running = multi.perform()
        multi.select(0.1)
    return [
        (curl.getinfo(pycurl.RESPONSE_CODE) == 200, headers.get(number, 0.0))
        for number, curl in enumerate(curls)
    ]


def main() -> None:
    """Print the table. The first argument is the python of the environment with the packages."""
    python = Path(sys.argv[1]).absolute()
    print("| worker class | " + " | ".join(f"{n} opens at once" for n in OPENS), end="")
    print(f" | headers, first chunk after {DELAY} s |")
    print("|---|" + "---|" * (len(OPENS) + 1))
    for name, worker in WORKERS.items():
        with gunicorn(python, worker) as path:
            to_headers = min(seconds for _, seconds in read_all(path, 1))
            cells = []
            for count in OPENS:
                served = [sum(ok for ok, _ in read_all(path, count)) for _ in range(ROUNDS)]
                cells.append(f"{min(served)} served")
        print(f"| `{name}` | {' | '.join(cells)} | {to_headers:.3f} s |")


if __name__ == "__main__":
    main()
