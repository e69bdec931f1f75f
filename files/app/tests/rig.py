"""A server, and a client that notes when events arrive.

The server is a separate process, because an in-process client collects the whole response first.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from httpx_sse import connect_sse
from websockets.sync.client import ClientConnection, unix_connect

APP = Path(__file__).parents[1]
PATIENCE = 30.0  # seconds until a test gives up; a passing test never waits that long

SERVERS = {
    "uvicorn": [sys.executable, "-m", "uvicorn", "main:app", "--uds", "SOCKET"],
    "gunicorn": [
        *(sys.executable, "-m", "gunicorn", "main:app", "--bind", "unix:SOCKET"),
        *("--worker-class", "uvicorn_worker.UvicornWorker", "--no-control-socket"),
    ],
    "uvicorn with a short heartbeat": [
        *(sys.executable, "-c"),
        "import ticks, uvicorn; ticks.HEARTBEAT = 0.1;uvicorn.run('main:app', uds='SOCKET')",
    ],
}
TRANSPORTS = ["sse", "ndjson", "text", "ws"]
PATHS = {"sse": "/api/stream", "ndjson": "/api/ndjson", "text": "/api/text", "ws": "/api/ws"}


@dataclass
class Seen:
    """An event as received over any of the transports."""

    event: str
    n: int
    sent_monotonic: float
    padding: str
    id: str = ""  # of the SSE frame
    arrived: float = field(default_factory=time.monotonic)


class Server:
    """A running server, and the ways to send it requests."""

    def __init__(self, process: subprocess.Popen[bytes], path: Path) -> None:
        self.process = process
        self.path = path

    def listens(self) -> bool:
        """Return whether it takes connections yet."""
        assert self.process.poll() is None, "the server did not start"
        with socket.socket(socket.AF_UNIX) as attempt, suppress(OSError):
            attempt.connect(str(self.path))
            return True
        return False

    @contextmanager
    def http(self) -> Iterator[httpx.Client]:
        """Open an HTTP client."""
        with httpx.Client(
            transport=httpx.HTTPTransport(uds=str(self.path), verify=False),
            base_url="http://app",
            timeout=PATIENCE,
            trust_env=False,
        ) as client:
            yield client

    def get(self, path: str, **options: Any) -> httpx.Response:
        """Get a response that is no stream, or a whole stream."""
        with self.http() as client:
            return client.get(path, **options)

    @contextmanager
    def websocket(self, **query: float) -> Iterator[ClientConnection]:
        """Open a WebSocket."""
        uri = f"ws://app{PATHS['ws']}?{httpx.QueryParams(query)}"
        with unix_connect(
            str(self.path), uri, compression=None, open_timeout=PATIENCE, close_timeout=0.1
        ) as websocket:
            yield websocket

    def listen(self, transport: str, **query: float) -> Iterator[Seen]:
        """Yield each event when it arrives. Closing the iterator closes the connection."""
        if transport == "ws":
            with self.websocket(**query) as websocket:
                websocket.send("stream")
                for message in websocket:
                    seen = from_json(message)
                    yield seen
                    if seen.event != "tick":
                        return
            return

        with self.http() as client:
            if transport == "sse":
                with connect_sse(client, "GET", PATHS[transport], params=query) as source:
                    for event in source.iter_sse():
                        yield from_json(event.data, id=event.id)
            else:
                with client.stream("GET", PATHS[transport], params=query) as response:
                    for line in response.iter_lines():
                        yield from_json(line) if transport == "ndjson" else from_words(line)

    def open_streams(self) -> int:
        """Return how many streams the server counts."""
        return int(self.get("/readyz").json()["open_streams"])


def from_json(text: str | bytes, **extra: Any) -> Seen:
    """Read an event of SSE, NDJSON or WebSocket."""
    event = json.loads(text)
    assert abs(event.pop("sent_at") - time.time()) < PATIENCE
    return Seen(**event, **extra)


def from_words(line: str) -> Seen:
    """Read an event of plain text."""
    event, n, _, sent_monotonic, *padding = line.split(" ")
    return Seen(event, int(n), float(sent_monotonic), "".join(padding))


def wait_until(condition: Callable[[], bool]) -> None:
    """Return when the condition holds."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "the condition did not become true in time"
        time.sleep(0.02)


@contextmanager
def running(kind: str = "uvicorn", **env: str) -> Iterator[Server]:
    """Run a server; yield it when it answers."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "socket")
        command = [part.replace("SOCKET", str(path)) for part in SERVERS[kind]]
        with subprocess.Popen(command, cwd=APP, env={**os.environ, **env}) as process:
            server = Server(process, path)
            try:
                wait_until(server.listens)
                yield server
            finally:
                process.terminate()
                try:
                    process.wait(PATIENCE)
                finally:
                    process.kill()
