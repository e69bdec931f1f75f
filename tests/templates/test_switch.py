"""A real Nginx follows the link to another release: no reload, no error, no wrong answer."""

from __future__ import annotations

import contextlib
import http.client
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from plugins.module_utils.act.switch import LINGERS
from plugins.module_utils.deploy import nginx
from tests.templates import serving
from tests.templates.conftest import Render
from tests.templates.serving import Handler

READERS, SECONDS = 8, 1.5
HTTP = """
{upstream}
server {{
    listen 127.0.0.1:{port};
    location / {{
        proxy_pass http://chat-app;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
    }}
}}
"""


class Release(Handler):
    """Answers with the release's name, and keeps the connection."""

    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        name = Path(str(self.server.server_address)).stem.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(name)))
        self.end_headers()
        self.wfile.write(name)


class Reader(threading.Thread):
    """Requests again and again, and notes when it asked, when it had the answer, and whose."""

    def __init__(self, port: int, method: str) -> None:
        super().__init__(daemon=True)
        self.answers: list[tuple[float, float, int, str]] = []
        self.ends = False
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        self._method = method

    def run(self) -> None:
        while not self.ends:
            asked = time.monotonic()
            self._connection.request(self._method, "/", b"x" if self._method == "POST" else None)
            answer = self._connection.getresponse()
            name = answer.read().decode()
            self.answers.append((asked, time.monotonic(), answer.status, name))
        self._connection.close()


@pytest.fixture
def releases(tmp_path: Path) -> Iterator[list[Path]]:
    sockets = [tmp_path / f"{name}.sock" for name in ("old", "new")]
    with contextlib.ExitStack() as running:
        for path in sockets:
            running.enter_context(serving.app(str(path), Release))
        yield sockets


def point(link: Path, release: Path) -> None:
    new = link.with_name("new-link")
    new.symlink_to(release)
    new.rename(link)


@pytest.fixture
def front(tmp_path: Path, render: Render, releases: list[Path]) -> Iterator[tuple[Path, int, Path]]:
    """The link, and the port and the error log of a Nginx in front of it."""
    link, port = tmp_path / "chat.sock", serving.free_port()
    point(link, releases[0])
    facts = {"nginx": {"version": None}, "distribution": {"version": "12"}}
    plan = {"traffic": str(link), "keepalive_lines": nginx.keepalive_lines(facts)}
    http = HTTP.format(upstream=render("upstream.conf.j2", plan), port=port)
    with serving.nginx(tmp_path, port, http, workers=2) as log:
        yield link, port, log


def test_nginx_follows_the_link(front: tuple[Path, int, Path], releases: list[Path]) -> None:
    """Under load, with connections that are kept, also for requests that nobody may repeat."""
    link, port, log = front
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
    assert {status for *_, status, _ in answers} == {200}
    before = {name for _, answered, _, name in answers if answered < switched}
    after = {name for asked, *_, name in answers if asked > switched + LINGERS}
    assert (before, after) == ({"old"}, {"new"})
    assert log.read_text() == ""
