"""A real Nginx, and the apps behind it, for tests that send requests."""

from __future__ import annotations

import contextlib
import os
import socket
import socketserver
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

KINDS = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def temporary(directory: Path) -> str:
    """Directives with which Nginx keeps its temporary files in a directory."""
    return " ".join(f"{kind}_temp_path {directory}/{kind};" for kind in KINDS)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


class Handler(BaseHTTPRequestHandler):
    """Answers requests that come over a unix socket."""

    def answer(self) -> None:
        raise NotImplementedError

    def do_GET(self) -> None:
        self.answer()

    def do_POST(self) -> None:
        self.answer()

    def address_string(self) -> str:
        return ""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 256


@contextlib.contextmanager
def app(path: str, handler: type[Handler]) -> Iterator[None]:
    """An app at a unix socket."""
    server = _Server(path, handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def nginx(directory: Path, port: int, http: str, workers: int = 1) -> Iterator[Path]:
    """Nginx with these directives in its `http`; gives its error log."""
    user = "user root;" if os.geteuid() == 0 else ""
    log = directory / "error.log"
    (directory / "nginx.conf").write_text(
        f"{user} daemon off; worker_processes {workers}; pid {directory}/nginx.pid; events {{}}"
        f" http {{ access_log off; {temporary(directory)} {http} }}"
    )
    process = subprocess.Popen(["nginx", "-e", str(log), "-c", str(directory / "nginx.conf")])
    try:
        deadline = time.monotonic() + 10
        while True:
            if process.poll() is not None:
                pytest.fail(log.read_text())
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port)).close()
                break
            if time.monotonic() > deadline:
                pytest.fail("nginx does not listen")
            time.sleep(0.02)
        yield log
    finally:
        process.terminate()
        process.wait(10)
