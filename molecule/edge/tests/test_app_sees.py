"""What the app sees of a request: the true address, whatever the reader claims."""

from __future__ import annotations

import pytest
from rawclient import NAME, get, send
from testhost import Machine
from testinfra.host import Host

FORGED = [
    "X-Forwarded-For: 203.0.113.9",
    "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-For: 203.0.113.10",
    "x-forwarded-for:203.0.113.9, 127.0.0.1",
    "X_Forwarded_For: 203.0.113.9",
    "X-Real-IP: 203.0.113.9",
    "Forwarded: for=203.0.113.9;proto=http;host=203.0.113.9",
    "X-Forwarded-Proto: gopher-203.0.113.9",
    "X-Forwarded-Host: 203.0.113.9",
    "X-Forwarded-Port: 9\r\nX-Forwarded-Prefix: /203.0.113.9",
    "X-Forwarded-For: 203.0.113.9\r\nConnection: X-Forwarded-For, close",
]


@pytest.fixture(scope="module")
def gateway(machine: Machine) -> str:
    """The address that connects, as the host sees it."""
    return str(get(machine.https, "/seen", tls=NAME).json()["client"])


def test_the_reader_is_who_connects(gateway: str) -> None:
    assert gateway.count(".") == 3 and not gateway.startswith("203.")


@pytest.mark.parametrize("header", FORGED)
def test_a_forged_address_is_not_passed_on(machine: Machine, gateway: str, header: str) -> None:
    said = get(machine.https, "/seen", tls=NAME, more=f"{header}\r\n").json()
    assert said["client"] == gateway
    assert said["url"] == f"https://{NAME}/seen"
    assert [pair for pair in said["headers"] if "203.0.113" in pair[1]] == []


# --- what it does not see ---


@pytest.mark.parametrize(
    ("value", "passed"),
    [("h2c", False), ("TLS/1.0", False), ("websocket, h2c", False), ("WebSocket", True)],
)
def test_only_a_websocket_is_an_upgrade(machine: Machine, value: str, passed: bool) -> None:
    head = f"GET /seen HTTP/1.1\r\nHost: {NAME}\r\nUpgrade: {value}\r\nConnection: Upgrade\r\n\r\n"
    said = send(machine.https, head.encode(), tls=NAME, quiet=2)
    # Uvicorn answers an upgrade to a path that is no WebSocket in its own way.
    seen = (
        []
        if said.status != 200
        else [pair for pair in said.json()["headers"] if pair[0] == "upgrade"]
    )
    assert (said.status != 200 or bool(seen)) is passed


def test_websockets_still_work(machine: Machine) -> None:
    head = (
        f"GET /api/ws HTTP/1.1\r\nHost: {NAME}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    assert send(machine.https, head.encode(), tls=NAME, quiet=0.1).status == 101


def test_nobody_can_tell_that_there_is_a_probe(machine: Machine) -> None:
    answers = [get(machine.https, path, tls=NAME) for path in ("/nothing", "/.stream-probe")]
    apps, probes = [(one.status, sorted({*one.headers} - {"date"}), one.body) for one in answers]
    assert apps == probes and apps[0] == 404


@pytest.mark.parametrize("raw", ["GET /nothing HTTP/1.1\r\nHost: {0}\r\n\r\n", "GET\r\n\r\n", "GET /%zz HTTP/1.1\r\nHost: {0}\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"])  # fmt: skip
@pytest.mark.parametrize("tls", [None, NAME])
def test_nginx_does_not_tell_its_version(
    machine: Machine, host: Host, raw: str, tls: str | None
) -> None:
    port = machine.https if tls else machine.http
    said = send(port, raw.format(NAME).encode(), tls=tls, quiet=0.5)
    version = host.check_output("nginx -v 2>&1").rpartition("/")[2]
    assert version.startswith("1.")
    assert version.split()[0].encode() not in said.raw
