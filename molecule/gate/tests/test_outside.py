"""The public URL is measured from the controller; a fault there does not move the traffic."""

from __future__ import annotations

import contextlib
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from plays import Plays
from streamclient import read
from testhost import Machine
from testinfra.host import Host


class Edge(BaseHTTPRequestHandler):
    """A CDN that reads an answer to its end before it passes it on."""

    protocol_version = "HTTP/1.1"
    origin = ""

    def do_GET(self) -> None:
        request = urllib.request.Request(self.origin + self.path, headers=dict(self.headers))
        try:
            with urllib.request.urlopen(request) as answer:
                status, kind, body = answer.status, answer.headers["Content-Type"], answer.read()
        except urllib.error.HTTPError as error:
            status, kind, body = error.code, "text/plain", b""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def edge(machine: Machine) -> Iterator[str]:
    handler = type("Handler", (Edge,), {"origin": machine.url})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_good_public_name_is_in_the_table(machine: Machine, plays: Plays) -> None:
    done = plays.prove(streaming_api_public_url=machine.url)
    assert done.streaming == ["gunicorn", "nginx", "public"]


def test_a_fault_at_the_edge_fails_the_play_and_the_release_stays(
    edge: str, host: Host, machine: Machine, plays: Plays
) -> None:
    live = host.check_output("readlink /srv/reference/current")
    message = plays.refusal(
        streaming_api_public_url=edge, streaming_api_environment={"COLOUR": "blue"}
    )
    assert "It stays live" in message
    assert "public buffers the stream" in message
    assert host.check_output("readlink /srv/reference/current") != live
    assert read(f"{machine.url}/readyz").status == 200
