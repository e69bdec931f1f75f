"""One request to an app, and how its answer is said."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from plugins.module_utils.act.ask import Answer, Question, on_port, on_unix_socket

SEEN: list[dict[str, str]] = []


class App(BaseHTTPRequestHandler):
    """Answers with the status that its path names."""

    def do_GET(self) -> None:
        SEEN.append({"path": self.path, **{name.lower(): value for name, value in self.headers.items()}})  # fmt: skip
        status = self.path.strip("/").partition("?")[0]
        if status == "garbage":
            self.wfile.write(b"garbage\r\n\r\n")
        elif status == "close":
            pass
        else:
            self.send_response(int(status))
            self.end_headers()
            self.wfile.write(b"event: 1\n\n")

    def log_message(self, *_: Any) -> None:
        pass


class UnixServer(HTTPServer):
    address_family = socket.AF_UNIX

    def server_bind(self) -> None:
        self.socket.bind(self.server_address)

    def get_request(self) -> tuple[socket.socket, Any]:
        return self.socket.accept()[0], ("", 0)


def serving(server: HTTPServer) -> Iterator[HTTPServer]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    SEEN.clear()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def unix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.chdir(tmp_path)  # the path of a socket is short
    for _ in serving(UnixServer("app.sock", App)):  # type: ignore[arg-type]
        yield "app.sock"


@pytest.fixture
def port() -> Iterator[int]:
    for server in serving(HTTPServer(("127.0.0.1", 0), App)):
        yield server.server_port


@pytest.fixture
def tls_port(tmp_path: Path) -> Iterator[int]:
    pair = tmp_path / "pair.pem"
    argv = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=a"
    subprocess.run([*argv.split(), "-keyout", pair, "-out", pair], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair)
    server = HTTPServer(("127.0.0.1", 0), App)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    for _ in serving(server):
        yield server.server_port


@pytest.mark.parametrize(
    ("status", "healthy"), [(200, True), (204, True), (302, True), (404, True), (500, False), (503, False)]
)  # fmt: skip
def test_an_answer(unix: str, status: int, healthy: bool) -> None:
    found = on_unix_socket(unix, Question(f"/{status}?a=b", "a.org"), 5)
    assert (found.status, found.healthy) == (status, healthy)
    assert found.said.startswith(f"/{status}?a=b answers {status} ")


def test_it_is_asked_as_the_world_asks(unix: str) -> None:
    on_unix_socket(unix, Question("/200", "a.org", {"X-Forwarded-Proto": "https"}), 5)
    [seen] = SEEN
    assert (seen["host"], seen["x-forwarded-proto"], seen["accept"]) == ("a.org", "https", "*/*")


@pytest.mark.parametrize("path", ["/garbage", "/close"])
def test_no_answer_in_http(unix: str, path: str) -> None:
    found = on_unix_socket(unix, Question(path, "a"), 5)
    assert (found.status, found.healthy) == (None, False)
    assert found.said.startswith(f"{path}: ")
    assert len(found.said) > len(path) + 3


def test_nobody_listens(tmp_path: Path) -> None:
    found = on_unix_socket(str(tmp_path / "a.sock"), Question("/", "a"), 5)
    assert found == Answer(None, f"{tmp_path}/a.sock: No such file or directory")


def test_no_answer_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind("a.sock")
        silent.listen()
        assert on_unix_socket("a.sock", Question("/", "a"), 0.05) == Answer(None, "/: timed out")


def test_on_a_port(port: int) -> None:
    assert on_port("http", port, Question("/200", "a.org"), 5).status == 200
    assert SEEN[0]["host"] == "a.org"


def test_over_tls_with_any_certificate(tls_port: int) -> None:
    assert on_port("https", tls_port, Question("/200", "public.example"), 5).status == 200
    assert SEEN[0]["host"] == "public.example"


def test_tls_where_there_is_none(port: int) -> None:
    found = on_port("https", port, Question("/200", "a"), 5)
    assert found.status is None
    assert found.said.startswith(f"port {port}: ")


def test_a_closed_port() -> None:
    with socket.socket() as taken:  # so that nobody else listens there
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        found = on_port("http", port, Question("/", "a"), 5)
    assert found == Answer(None, f"port {port}: {os.strerror(111)}")


def test_a_hopeless_wait_ends_before_its_timeout(tmp_path: Path) -> None:
    path = str(tmp_path / "sock")
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(path)
        silent.listen(1)
        began = time.monotonic()
        answer = on_unix_socket(
            path, Question("/", "a"), 60, lambda: time.monotonic() > began + 0.1
        )
    assert answer == Answer(None, "/: timed out")
    assert time.monotonic() - began < 30
