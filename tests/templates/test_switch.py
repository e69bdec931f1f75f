"""A real Nginx follows the link to another release: no reload, no error, no wrong answer."""

from __future__ import annotations

import http.client
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

from plugins.module_utils.act.switch import LINGERS
from plugins.module_utils.deploy import nginx
from tests.templates.conftest import Render

READERS, SECONDS = 8, 1.5
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
CONFIGURATION = """
daemon off; worker_processes 2; pid {at}/pid;
events {{ worker_connections 512; }}
http {{
    access_log off; {temporary}
    {upstream}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://chat-app;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }}
    }}
}}
"""


class Handler(BaseHTTPRequestHandler):
    """Answers with the release's name, and keeps the connection."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        name = Path(str(self.server.server_address)).stem.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(name)))
        self.end_headers()
        self.wfile.write(name)

    do_POST = do_GET  # noqa: N815 - as http.server wants it

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Release(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 256

    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        return self.socket.accept()[0], ("", 0)


class Reader(threading.Thread):
    """Requests again and again, and notes when it asked and who answered."""

    def __init__(self, port: int, method: str) -> None:
        super().__init__(daemon=True)
        self.answers: list[tuple[float, int, str]] = []
        self.ends = False
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        self._method = method

    def run(self) -> None:
        while not self.ends:
            asked = time.monotonic()
            self._connection.request(self._method, "/", b"x" if self._method == "POST" else None)
            answer = self._connection.getresponse()
            self.answers.append((asked, answer.status, answer.read().decode()))
        self._connection.close()


@pytest.fixture
def releases(tmp_path: Path) -> Iterator[list[Path]]:
    servers = [Release(str(tmp_path / f"{name}.sock"), Handler) for name in ("old", "new")]
    for server in servers:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield [Path(str(server.server_address)) for server in servers]
    for server in servers:
        server.shutdown()
        server.server_close()


def point(link: Path, release: Path) -> None:
    new = link.with_name("new-link")
    new.symlink_to(release)
    new.rename(link)


@pytest.fixture
def front(tmp_path: Path, render: Render, releases: list[Path]) -> Iterator[tuple[Path, int]]:
    """The link, and the port of a Nginx in front of it."""
    link = tmp_path / "chat.sock"
    point(link, releases[0])
    facts = {"nginx": {"version": None}, "distribution": {"version": "12"}}
    plan = {"traffic": str(link), "keepalive_lines": nginx.keepalive_lines(facts)}
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    (tmp_path / "nginx.conf").write_text(
        CONFIGURATION.format(
            at=tmp_path,
            temporary=" ".join(f"{kind}_temp_path {tmp_path}/{kind};" for kind in TEMPORARY),
            upstream=render("upstream.conf.j2", plan),
            port=port,
        )
    )
    argv = ["nginx", "-e", str(tmp_path / "log"), "-p", str(tmp_path), "-c", "nginx.conf"]
    process = subprocess.Popen(argv)
    try:
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield link, port
    finally:
        process.terminate()
        process.wait(10)


@pytest.mark.skipif(os.geteuid() != 0, reason="Nginx's workers of another user would read the link")
def test_nginx_follows_the_link(
    front: tuple[Path, int], releases: list[Path], tmp_path: Path
) -> None:
    """Under load, with connections that are kept, also for requests that nobody may repeat."""
    for path in [tmp_path, *tmp_path.parents]:
        if path.stat().st_uid == os.geteuid():
            path.chmod(path.stat().st_mode | 0o055)
    for release in releases:
        release.chmod(0o666)
    link, port = front
    readers = [Reader(port, method) for method in ("GET", "POST") for _ in range(READERS)]
    for reader in readers:
        reader.start()
    time.sleep(SECONDS)
    switched = time.monotonic()
    point(link, releases[1])
    time.sleep(LINGERS + SECONDS)
    for reader in readers:
        reader.ends = True
    for reader in readers:
        reader.join(10)
    answers = [answer for reader in readers for answer in reader.answers]
    assert {status for _, status, _ in answers} == {200}
    before = {name for asked, _, name in answers if asked < switched - 0.1}
    after = {name for asked, _, name in answers if asked > switched + LINGERS}
    assert (before, after) == ({"old"}, {"new"})
    assert (tmp_path / "log").read_text() == ""
