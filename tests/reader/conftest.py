"""Real servers: Nginx with and without TLS, the probe behind Uvicorn; and one that fails at will."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.reader.faulty_server import Server

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".cache" / "app" / "bin" / "python"
NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:{ROOT}/.cache/nginx/usr/sbin")
TOKEN = "sesame"

APP = f"""
import sys
sys.path.insert(0, {str(ROOT / "roles" / "streaming_api" / "files")!r})
from stream_probe import Probe

async def page(scope, receive, send):
    headers = [(b"content-type", b"text/html")]
    await send({{"type": "http.response.start", "status": 200, "headers": headers}})
    await send({{"type": "http.response.body", "body": b"<p>hello"}})

app = Probe(page, {TOKEN!r})
"""

SITE = """
daemon off; master_process off; pid {home}/pid; error_log {home}/error.log;
events {{ worker_connections 2000; }}
http {{
  access_log off;
  client_body_temp_path {home}/b; proxy_temp_path {home}/p; fastcgi_temp_path {home}/f;
  uwsgi_temp_path {home}/u; scgi_temp_path {home}/s;
  upstream probe {{ server unix:{home}/probe.sock; }}
  server {{
    listen 127.0.0.1:{http};
    listen 127.0.0.1:{https} ssl http2;
    ssl_certificate {home}/certificate.pem; ssl_certificate_key {home}/key.pem;
    ssl_protocols TLSv1.2 TLSv1.3;
    add_header X-Connection $connection;
    proxy_http_version 1.1; proxy_set_header Connection ""; proxy_request_buffering off;
    location / {{ proxy_pass http://probe; proxy_buffering off; }}
    location /held/ {{ proxy_pass http://probe/; gzip on; gzip_types *; gzip_min_length 0; }}
  }}
}}
"""


class Stack(NamedTuple):
    """Where the probe is to be read."""

    socket: str
    http: str
    https: str
    certificate: str


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as held:
        found = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in found:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in found]


@pytest.fixture(scope="session")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(str(tmp_path_factory.mktemp("faulty") / "socket")) as server:
        yield server


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The probe behind Uvicorn on a socket, and Nginx in front of it."""
    if not PYTHON.exists():
        pytest.skip("there is no .cache/app, which ./dev unit makes")
    if not NGINX:
        pytest.skip("there is no nginx")
    home = tmp_path_factory.mktemp("stack")
    certificate(home)
    http, https = free_ports(2)
    (home / "app.py").write_text(APP, encoding="utf-8")
    (home / "nginx.conf").write_text(SITE.format(home=home, http=http, https=https), "utf-8")
    uvicorn = [str(PYTHON), "-m", "uvicorn", "app:app", "--app-dir", str(home)]
    with (home / "log").open("wb") as log:
        servers = [
            subprocess.Popen(argv, stdout=log, stderr=log)
            for argv in (
                [*uvicorn, "--uds", str(home / "probe.sock")],
                [NGINX, "-p", str(home), "-c", str(home / "nginx.conf")],
            )
        ]
    try:
        wait_for(http, home)
        yield Stack(
            str(home / "probe.sock"),
            f"http://localhost:{http}",
            f"https://localhost:{https}",
            str(home / "certificate.pem"),
        )
    finally:
        for server in servers:
            server.terminate()
        for server in servers:
            server.wait(10)


def certificate(home: Path) -> None:
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    command += " -addext subjectAltName=DNS:localhost -keyout key.pem -out certificate.pem"
    subprocess.run(command.split(), cwd=home, check=True, capture_output=True)


def wait_for(port: int, home: Path) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            if (home / "probe.sock").exists():
                return
        except OSError:
            pass
        assert time.monotonic() < until, (home / "log").read_text("utf-8")
        time.sleep(0.05)
