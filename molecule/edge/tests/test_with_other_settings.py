"""Beside a site of the user's, behind a load balancer, with other limits and another profile."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from plays import Plays
from rawclient import NAME, connect, get, send
from scanners import sslyze
from testhost import Machine, reload_nginx, until
from testhost import ask as ask_host
from testinfra.host import Host

OLD = "/etc/nginx/sites-enabled/old"
SITE = "server { listen 80 default_server; listen [::]:80 default_server; server_name old.example; return 204; }"
OURS = "/etc/nginx/conf.d/streaming_api.80.conf"

STREAMS, EACH = 20, 5  # streams of the app, and of one address

# How the app differs, and words of the refusal.
TAKEN: dict[str, tuple[dict[str, object], list[str]]] = {
    "name": ({"streaming_api_nginx_server_names": [NAME, "Old.example"]}, ["streaming_api_nginx_server_names has 'Old.example'", OLD, "port 80"]),
    "default server": ({"streaming_api_nginx_server_names": []}, ["streaming_api_nginx_http_port is 80", OLD, "the default server already"]),
}  # fmt: skip


@pytest.fixture(scope="module")
def old_site(host: Host) -> Iterator[None]:
    """A site of the user's: it has a name, and is the default server of port 80."""
    host.check_output(
        f"echo '{SITE}' >{OLD} && rm -f {OURS} /etc/streaming_api/streaming_api.80.conf"
    )
    reload_nginx(host)
    yield
    host.check_output(f"rm -f {OLD}")


@pytest.fixture(scope="module")
def refused(
    host: Host,
    plays: Plays,
    old_site: None,  # noqa: ARG001
) -> tuple[dict[str, str], list[str]]:
    """The messages, and what is another after them."""
    places = "/etc/nginx /etc/streaming_api /etc/systemd/system /srv/reference"
    state = {
        "files": f"find {places} -maxdepth 2 -printf '%p %T@ %s\\n' | sort | sha256sum",
        "nginx": "pgrep -f 'nginx: worker process$' | sort",
    }
    before = ask_host(host, state)
    said = plays.refusals({case: variables for case, (variables, _) in TAKEN.items()})
    return said, [key for key, value in ask_host(host, state).items() if value != before[key]]


@pytest.mark.parametrize("case", TAKEN)
def test_a_name_that_is_taken_is_refused(
    refused: tuple[dict[str, str], list[str]], case: str
) -> None:
    assert [word for word in TAKEN[case][1] if word not in refused[0][case]] == []
    assert len(refused[0][case].splitlines()) == 1


def test_before_anything_changes(
    refused: tuple[dict[str, str], list[str]], machine: Machine
) -> None:
    assert refused[1] == []
    assert get(machine.http, host="old.example").status == 204


@pytest.fixture(scope="module")
def deployed(
    machine: Machine,
    plays: Plays,
    old_site: None,  # noqa: ARG001
) -> str:
    """The address that connects, which is now that of a load balancer."""
    gateway = str(get(machine.https, "/seen", tls=NAME).json()["client"])
    done = plays.deploy(
        streaming_api_nginx_trusted_proxies=[f"{gateway}/32", "198.51.100.0/24"],
        streaming_api_tls_profile="modern",
        streaming_api_streams=STREAMS,
        streaming_api_nginx_limit_connections=EACH,
        streaming_api_nginx_limit_requests=20,
        streaming_api_nginx_limit_requests_burst=40,
    )
    assert f"It takes {STREAMS} streams and other requests at once" in done.output
    return gateway


@pytest.mark.usefixtures("deployed")
def test_the_users_default_server_stays_the_default(host: Host, machine: Machine) -> None:
    assert not host.file(OURS).exists
    assert get(machine.http, host="evil.example").status == 204
    assert get(machine.https, tls="evil.example").raw == b""  # the user has none on that port
    assert get(machine.https, "/readyz", tls=NAME).status == 200
    assert "conflicting" not in host.check_output("nginx -t 2>&1")


@pytest.mark.usefixtures("deployed")
def test_mozillas_modern_profile(machine: Machine) -> None:
    """Also beside another server of the port that has TLS 1.2: the one that rejects handshakes."""
    found = sslyze(machine, "modern")
    if machine.distro == "debian13":  # its key is RSA, and Mozilla wants ECDSA here
        assert found
        found = [
            one
            for one in found
            if not re.match(r"certificate_types|rsa_key_size|certificate_signatures", one)
        ]
    assert found == []


@pytest.mark.parametrize(
    ("claimed", "client"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("203.0.113.9, 192.0.2.7", "192.0.2.7"),  # the reader's own claim comes first
        ("203.0.113.9, 192.0.2.7, 198.51.100.3", "192.0.2.7"),  # through two trusted proxies
        ("2001:db8::7", "2001:db8::7"),
    ],
)
@pytest.mark.usefixtures("deployed")
def test_a_trusted_proxy_names_the_reader(machine: Machine, claimed: str, client: str) -> None:
    more = f"X-Forwarded-For: {claimed}\r\nX-Forwarded-Proto: http\r\n"
    said = get(machine.https, "/seen", tls=NAME, more=more).json()
    assert (said["client"], said["url"]) == (client, f"http://{NAME}/seen")
    assert [value for name, value in said["headers"] if name == "x-forwarded-for"] == [client]


@pytest.mark.usefixtures("deployed")
def test_the_limits_count_readers(machine: Machine) -> None:
    """One reader asks too often; another one behind the same proxy is served."""
    many = "".join(
        f"GET /readyz HTTP/1.1\r\nHost: {NAME}\r\nX-Forwarded-For: 192.0.2.50\r\n\r\n"
        for _ in range(200)
    )
    said = send(machine.https, many.encode(), tls=NAME, quiet=2)
    assert said.raw.count(b"HTTP/1.1 200") >= 20
    assert said.raw.count(b"HTTP/1.1 429") >= 50
    other = get(machine.https, "/readyz", tls=NAME, more="X-Forwarded-For: 192.0.2.51\r\n")
    assert other.status == 200


@pytest.mark.usefixtures("deployed")
def test_more_connections_than_allowed(machine: Machine) -> None:
    """They are turned away, those that are open go on, and another reader is served."""
    time.sleep(2)  # the requests of the tests before are forgotten
    path = "/api/stream?count=100&interval=0.1"
    request = f"GET {path} HTTP/1.1\r\nHost: {NAME}\r\nX-Forwarded-For: 192.0.2.60\r\n\r\n"
    with contextlib.ExitStack() as stack:
        ends = [stack.enter_context(connect(machine.https, tls=NAME)) for _ in range(8)]
        for end in ends:
            end.sendall(request.encode())
        assert (
            sorted(end.recv(4096)[:12] for end in ends)
            == [b"HTTP/1.1 200"] * 5 + [b"HTTP/1.1 429"] * 3
        )
        other = get(machine.https, "/readyz", tls=NAME, more="X-Forwarded-For: 192.0.2.61\r\n")
        assert other.status == 200


def open_stream(machine: Machine, reader: int) -> Any:
    """The connection of a stream, of an address of its own; the answer is not read."""
    end = connect(machine.https, tls=NAME)
    path = "/chunked/stream?count=6000&interval=0.1"
    address = f"X-Forwarded-For: 192.0.2.{reader}\r\n"
    end.sendall(f"GET {path} HTTP/1.1\r\nHost: {NAME}\r\n{address}\r\n".encode())
    return end


def ask(machine: Machine, reader: int) -> tuple[int, str | None]:
    """The status of a new request, and when to come back."""
    more = f"X-Forwarded-For: 192.0.2.{reader}\r\n"
    said = get(machine.https, "/readyz", tls=NAME, more=more)
    return said.status, said.headers.get("retry-after")


def has_begun(end: Any) -> bool:
    """Whether the answer is a stream."""
    return bool(end.recv(4096).startswith(b"HTTP/1.1 200"))


def flows(end: Any) -> bool:
    """Whether events come now. What has come meanwhile does not count."""
    end.settimeout(0)
    with contextlib.suppress(OSError):
        while end.recv(1 << 20):
            pass
    end.settimeout(20)
    return bool(end.recv(4096))


@pytest.fixture
def full(machine: Machine, deployed: str) -> Iterator[list[Any]]:  # noqa: ARG001
    """All streams that the app may have, as soon as those of the test before are forgotten."""
    deadline = time.monotonic() + 20
    with contextlib.ExitStack() as stack:
        ends: list[Any] = []
        while len(ends) < STREAMS:
            end = stack.enter_context(open_stream(machine, 100 + len(ends) // EACH))
            if has_begun(end):
                ends.append(end)
                continue
            assert time.monotonic() < deadline
            end.close()
            time.sleep(0.1)
        yield ends


def test_a_full_app_says_when_to_come_back(machine: Machine, host: Host, full: list[Any]) -> None:
    """Those that are open go on, an address with too many is told so, and the host's own checks
    pass. When one ends, the next gets in.
    """
    assert [ask(machine, reader) for reader in (100, 200, 201)] == [
        (429, None),
        (503, "5"),
        (503, "5"),
    ]
    own = f"curl -sk -o /dev/null -w '%{{http_code}}' --resolve {NAME}:443:127.0.0.1"
    assert host.check_output(f"{own} https://{NAME}/readyz") == "200"
    assert all(flows(end) for end in full)
    full[0].close()
    until(lambda: ask(machine, 202) == (200, None), 20)


def test_many_at_once_are_answered_cleanly(machine: Machine, full: list[Any]) -> None:
    """A crowd meets a full app: each gets an answer, and none is reset or left waiting."""
    with ThreadPoolExecutor(32) as pool:
        said = list(pool.map(lambda reader: ask(machine, reader % 250), range(300)))
    assert {*said} <= {(503, "5"), (429, None)}
    assert said.count((503, "5")) > 200
    assert all(flows(end) for end in full)


def test_back_to_the_defaults_without_the_site(
    host: Host, machine: Machine, plays: Plays, full: list[Any]
) -> None:
    """While the app is full. Its streams go on."""
    host.check_output(f"rm -f {OLD}")
    plays.deploy()
    assert all(flows(end) for end in full)
    assert get(machine.http, host="evil.example").raw == b""
    assert get(machine.https, "/readyz", tls=NAME).status == 200
