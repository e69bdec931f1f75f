"""A server of HTTP/1.0, as Python's own: its streams end when the connection does."""

from __future__ import annotations

import socketserver
import sys
import time
from http.server import BaseHTTPRequestHandler

from ticks import Wanted


class Handler(BaseHTTPRequestHandler):
    """A request."""

    def do_GET(self) -> None:
        """Stream."""
        wanted = Wanted.of(self.path.partition("?")[2])
        self.send_response(200)
        self.send_header("Content-Type", wanted.content_type)
        self.end_headers()
        self.wfile.write(wanted.hello())
        for wait, make in wanted.steps():
            time.sleep(wait)
            self.wfile.write(make())

    def address_string(self) -> str:
        """A unix socket's client has none."""
        return "unix"


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """A thread for each connection."""

    daemon_threads = True
    request_queue_size = 1024


Server(sys.argv[1], Handler).serve_forever()
