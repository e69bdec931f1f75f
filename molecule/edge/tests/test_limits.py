"""What one reader may take: headers, bodies, connections, time. A stream may last as long as it wants."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from rawclient import NAME, connect, get, send
from testhost import Machine

HEAD = f"POST /seen HTTP/1.1\r\nHost: {NAME}\r\n"


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (f"GET /seen HTTP/1.1\r\nHost: {NAME}\r\nA: {'a' * 7000}\r\nConnection: close\r\n\r\n", 200),
        (f"GET /seen HTTP/1.1\r\nHost: {NAME}\r\nA: {'a' * 9000}\r\n\r\n", 400),
        (f"GET /seen?{'a' * 9000} HTTP/1.1\r\nHost: {NAME}\r\n\r\n", 414),
        ("GET /seen HTTP/1.1\r\n" + f"Host: {NAME}\r\n" + f"A: {'a' * 7000}\r\n" * 8 + "\r\n", 400),
        (f"{HEAD}Content-Length: 1048577\r\n\r\n", 413),
        (f"{HEAD}Content-Length: 1000000\r\nConnection: close\r\n\r\n{'a' * 1000000}", 200),
        (f"{HEAD}Transfer-Encoding: chunked\r\n\r\n100001\r\n{'a' * 1048577}\r\n0\r\n\r\n", 413),
    ],
    ids=["header", "long header", "long path", "many headers", "body", "largest body", "chunked body"],
)  # fmt: skip
def test_sizes(machine: Machine, raw: str, status: int) -> None:
    assert send(machine.https, raw.encode(), tls=NAME).status == status


@pytest.mark.parametrize(("length", "status"), [(12000, 200), (20000, 502)])
def test_the_headers_of_an_answer(machine: Machine, length: int, status: int) -> None:
    """A session in cookies passes; Nginx's own default is 4096 bytes."""
    assert get(machine.https, f"/fat?length={length}", tls=NAME).status == status


def closed_after(machine: Machine, first: bytes, drip: bytes, *, tls: str | None) -> float:
    """Seconds until the server closes a connection that sends a byte each second."""
    with connect(machine.https if tls else machine.http, tls=tls) as end:
        end.settimeout(1)
        end.sendall(first)
        began = time.monotonic()
        while time.monotonic() - began < 40:
            try:
                if not end.recv(4096):
                    break
            except TimeoutError:
                try:
                    end.sendall(drip)
                except OSError:
                    break
            except OSError:
                break
        return time.monotonic() - began


def test_slow_readers_are_closed(machine: Machine) -> None:
    """However a header drips: the time counts for the whole of it. Nginx's own default is a minute."""
    header = f"GET / HTTP/1.1\r\nHost: {NAME}\r\nA: ".encode()
    kinds: dict[str, tuple[bytes, bytes, str | None]] = {
        "header": (header, b"a", None),
        "header over TLS": (header, b"a", NAME),
        "nothing": (b"", b"", None),
        "nothing over TLS": (b"", b"", NAME),
    }
    with ThreadPoolExecutor(len(kinds)) as pool:
        found = {
            kind: pool.submit(closed_after, machine, first, drip, tls=tls)
            for kind, (first, drip, tls) in kinds.items()
        }
        seconds = {kind: one.result() for kind, one in found.items()}
    assert {kind: one for kind, one in seconds.items() if not 8 < one < 30} == {}
