# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Answer HTTP requests for metrics, verdicts and status pages.

Prometheus and ``playbooks/status.yml`` ask on the loopback address, readers of a status page ask
through Nginx. A status page needs the app's token, as a bearer token or as the password of a user
of any name. Everything else here says nothing that a local user may not know.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Callable, Mapping, NamedTuple

METRICS, VERDICTS, STATUS = "/metrics", "/verdicts.json", "/status/"
PATIENCE = 10.0  # seconds for one request
MOST = 16  # requests at a time
HTML = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Answer(NamedTuple):
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = {}


class Site(NamedTuple):
    """What each path answers with. ``tokens`` has the apps with a status page."""

    metrics: Callable[[str], tuple[bytes, str]]  # of an Accept header: body, content type
    verdicts: Callable[[], object]  # for JSON
    page: Callable[[str], str]  # of an app
    tokens: Mapping[str, str]

    def answer(self, path: str, headers: Mapping[str, str]) -> Answer:
        """``headers`` are those of the request; the case of their names does not matter."""
        path = path.partition("?")[0]
        if path == METRICS:
            body, kind = self.metrics(headers.get("Accept") or "")
            return Answer(200, body, {"Content-Type": kind})
        if path == VERDICTS:
            text = json.dumps(self.verdicts(), indent=2)
            return Answer(200, f"{text}\n".encode(), {"Content-Type": "application/json"})
        app = path[len(STATUS) :] if path.startswith(STATUS) else ""
        token = self.tokens.get(app)
        if not token:
            return Answer(404, b"Not found.\n", {"Content-Type": "text/plain"})
        if not _has(token, headers.get("Authorization") or ""):
            ask = {"WWW-Authenticate": 'Basic realm="stream status", charset="UTF-8"'}
            return Answer(401, b"The token is needed.\n", {"Content-Type": "text/plain", **ask})
        return Answer(200, self.page(app).encode(), HTML)


def _has(token: str, authorization: str) -> bool:
    """Whether a request shows the token."""
    scheme, _, given = authorization.partition(" ")
    if scheme.lower() == "basic":
        try:
            given = base64.b64decode(given, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError, ValueError):
            return False
    elif scheme.lower() != "bearer":
        return False
    return hmac.compare_digest(given.strip().encode(), token.encode())


class Server(ThreadingHTTPServer):
    """Answers on an address such as ``127.0.0.1:9797`` or ``[::1]:9797``. Raises OSError."""

    daemon_threads = True

    def __init__(self, address: str, site: Site) -> None:
        host, _, port = address.rpartition(":")
        host = host.strip("[]")
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.site = site
        self._places = threading.BoundedSemaphore(MOST)
        super().__init__((host, int(port)), Handler)

    def process_request(self, request: object, client_address: object) -> None:
        """Too many requests at a time wait for a place, and then leave."""
        if not self._places.acquire(timeout=1):
            self.shutdown_request(request)  # type: ignore[arg-type]
            return
        try:
            super().process_request(request, client_address)  # type: ignore[arg-type]
        except RuntimeError:  # no thread is to be had
            self._places.release()
            self.shutdown_request(request)  # type: ignore[arg-type]

    def process_request_thread(self, request: object, client_address: object) -> None:
        try:
            super().process_request_thread(request, client_address)  # type: ignore[arg-type]
        finally:
            self._places.release()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that leaves early is no news."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class Handler(BaseHTTPRequestHandler):
    server: Server
    timeout = PATIENCE
    server_version, sys_version = "streaming_api-monitor", ""

    def do_GET(self) -> None:
        answer = self.server.site.answer(self.path, self.headers)  # type: ignore[arg-type]
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    do_HEAD = do_GET  # noqa: N815 - the library's names

    def log_message(self, *_: object) -> None:
        """A scrape each few seconds is no news."""
