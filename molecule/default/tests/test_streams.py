"""What a reader outside the host sees, through Nginx."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from streamclient import Stream, read, read_many
from testhost import Machine
from testinfra.host import Host

COUNT, INTERVAL = 50, 0.02
QUERY = f"count={COUNT}&interval={INTERVAL}"
SECOND = {"name": "second.example"}


def one_by_one(url: str, **options: Any) -> Stream:
    """Read a stream whose events must come one by one. What the machine does is in some readings, what
    Nginx does is in all.
    """
    for _ in range(3):
        reading = read(url, **options)
        assert reading.error == ""
        assert reading.status == 200
        assert "content-encoding" not in reading.headers
        late = reading.spread < 0.9 * (COUNT - 1) * INTERVAL
        if len(reading.times) >= 0.9 * COUNT and not late:
            return reading
    pytest.fail(f"{len(reading.times)} reads in {reading.spread:.3f} s")


@pytest.mark.parametrize("gzip", [False, True], ids=["identity", "gzip"])
@pytest.mark.parametrize("path", ["stream", "ndjson", "text"])
@pytest.mark.parametrize("location", ["api", "chunked"])
def test_events_arrive_one_by_one(machine: Machine, location: str, path: str, gzip: bool) -> None:
    one_by_one(f"{machine.url}/{location}/{path}?{QUERY}", gzip=gzip)


@pytest.mark.parametrize("gzip", [False, True], ids=["identity", "gzip"])
@pytest.mark.parametrize(("http2", "version"), [(False, "1.1"), (True, "2")])
def test_events_arrive_one_by_one_without_headers_of_the_app(
    machine: Machine, http2: bool, version: str, gzip: bool
) -> None:
    reading = one_by_one(f"{machine.https_url}/ticks", http2=http2, gzip=gzip, **SECOND)
    assert reading.http == version
    assert "x-accel-buffering" not in reading.headers


@pytest.mark.parametrize("http2", [False, True])
def test_headers_arrive_before_the_first_chunk(host: Host, machine: Machine, http2: bool) -> None:
    """Over HTTP/2 Nginx 1.22 keeps them in its TLS buffer until there is data; 1.26 does not."""
    version = host.run("nginx -v").stderr.partition("nginx/")[2]
    held = http2 and version.startswith("1.22.")
    reading = read(f"{machine.https_url}/late", http2=http2, **SECOND)
    assert reading.body == b"at last"
    assert (reading.to_headers > reading.to_first / 2) is held


def test_500_streams_opened_at_once_are_all_served(machine: Machine) -> None:
    readings = read_many([f"{machine.url}/api/stream?count=20&interval=0.1"] * 500)
    assert [reading.error for reading in readings if reading.error] == []
    assert {reading.status for reading in readings} == {200}
    assert all(reading.body.count(b"event: end") == 1 for reading in readings)


def test_a_reader_resumes_where_it_was(machine: Machine) -> None:
    reading = read(f"{machine.url}/api/stream?count=5&interval=0.01&after=3")
    assert re.findall(r"^id: (\d+)", reading.body.decode(), re.MULTILINE) == ["4", "5", "6"]


def test_websockets_pass_beside_the_streams(host: Host) -> None:
    client = """
import json
from websockets.sync.client import connect

with connect("ws://127.0.0.1/api/ws?count=3&interval=0.01") as socket:
    socket.send("hello")
    said = [json.loads(socket.recv())["echo"]]
    socket.send("stream")
    said += [json.loads(socket.recv())["event"] for _ in range(4)]
print(json.dumps(said))
"""
    said = host.check_output("/srv/reference/current/venv/bin/python -c %s", client)
    assert json.loads(said) == ["hello", "tick", "tick", "tick", "end"]


def test_the_start_page_is_html(machine: Machine) -> None:
    page = read(machine.url)
    assert page.status == 200
    assert page.headers["content-type"].startswith("text/html")


def test_the_app_learns_who_asks(machine: Machine) -> None:
    about = read(f"{machine.https_url}/about", **SECOND).json()
    assert about["headers"]["host"] == "second.example"
    assert about["headers"]["x-forwarded-proto"] == about["scheme"] == "https"
    assert about["headers"]["x-forwarded-for"] == about["headers"]["x-real-ip"] == about["client"]
    assert "connection" not in about["headers"]


def test_only_a_trusted_proxy_can_name_the_client(host: Host) -> None:
    """127.0.0.1 is trusted, this reader's address is not."""
    curl = (
        "curl -ksS --connect-to second.example:443:127.0.0.1:443 -H 'X-Forwarded-For: 192.0.2.9'"
        " -H 'X-Forwarded-Proto: http' https://second.example/about"
    )
    trusted = json.loads(host.check_output(curl))["headers"]
    assert trusted["x-forwarded-proto"] == "http"
    assert trusted["x-real-ip"] == "192.0.2.9"


def test_plain_http_leads_to_https(host: Host) -> None:
    head = host.check_output("curl -sI -H 'Host: second.example' 'http://127.0.0.1/a?b=c'")
    assert "301" in head.splitlines()[0]
    assert "Location: https://second.example/a?b=c" in head
