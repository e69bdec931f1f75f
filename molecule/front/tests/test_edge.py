"""Behind an edge: forged addresses change nothing, and nobody else gets through."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from edgehost import Edge
from plays import Plays
from rawclient import NAME, get
from testhost import Machine, reload_nginx
from testinfra.host import Host

FORGED = [
    "CF-Connecting-IP: 203.0.113.9",
    "cf-connecting-ip: 203.0.113.9\r\nCF-Connecting-IP: 203.0.113.10",
    "X-Forwarded-For: 203.0.113.9",
    "X-Forwarded-For: 203.0.113.9, {edge}",
    "X-Real-IP: 203.0.113.9",
    "Forwarded: for=203.0.113.9;proto=https;host=203.0.113.9",
    "X-Forwarded-Host: 203.0.113.9\r\nX-Forwarded-Port: 20301139",
    "X-Forwarded-Proto: https\r\nX-Forwarded-Prefix: /203.0.113.9",
]
numbers = count()


def test_the_app_sees_the_reader(edge: Edge) -> None:
    said = edge.get("/seen").json()
    assert said["client"] == edge.reader
    assert said["url"] == f"http://{NAME}/seen"  # as the reader came to the edge


@pytest.mark.parametrize("header", FORGED)
def test_a_forged_address_is_not_believed_through_the_edge(edge: Edge, header: str) -> None:
    said = edge.get("/seen", f"{header.format(edge=edge.address)}\r\n").json()
    assert (said["client"], said["url"]) == (edge.reader, f"http://{NAME}/seen")
    assert [pair for pair in said["headers"] if "203.0.113" in pair[1]] == []


# --- the edge alone ---


@pytest.mark.parametrize("tls", [None, NAME], ids=["http", "https"])
@pytest.mark.parametrize("header", ["X-Nothing: 1", *FORGED])
def test_the_origin_refuses_others(
    machine: Machine, edge: Edge, header: str, tls: str | None
) -> None:
    name = f"direct-{next(numbers)}"
    port = machine.https if tls else machine.http
    more = f"{header.format(edge=edge.address)}\r\n"
    said = get(port, f"/seen?as={name}", tls=tls, more=more)
    assert said.status == 403
    assert name not in edge.get("/reached").json()


ASK = (
    "curl -sk -o /dev/null -w %%{http_code} --connect-to ::origin: https://chat.example/seen?as=%s"
)


@pytest.mark.parametrize(("certificate", "status"), [("", 403), ("stranger", 400), ("client", 200)])
def test_the_edge_needs_its_certificate(edge: Edge, certificate: str, status: int) -> None:
    """Another customer of the edge comes from the same addresses, with another certificate."""
    files = f" --cert /etc/nginx/{certificate}.pem --key /etc/nginx/{certificate}.key"
    name = f"by-{certificate or 'nobody'}"
    assert edge.host.run(ASK + (files if certificate else ""), name).stdout == str(status)
    assert (name in edge.get("/reached").json()) is (status == 200)


def test_the_certificate_alone_is_not_enough(host: Host, edge: Edge) -> None:
    """From the origin's own address, which is neither the edge's nor on loopback."""
    own = own_address(host)
    for name in ("client.pem", "client.key"):
        pem = edge.host.check_output(f"cat /etc/nginx/{name}")
        host.check_output("printf '%%s\\n' %s >/tmp/%s", pem, name)
    with_certificate = "--cert /tmp/client.pem --key /tmp/client.key"
    assert asked(host, own, with_certificate) == "403"
    assert asked(host, "127.0.0.1") == "200"


OTHER = """
server {{
    listen 443 ssl;
    server_name other.example;
    ssl_certificate {pair};
    ssl_certificate_key {pair};
    ssl_session_cache shared:streaming_api:10m;
    ssl_session_tickets off;
    ssl_client_certificate /etc/nginx/strangers.pem;
    ssl_verify_client optional;
    return 200 "other $ssl_client_verify $ssl_session_reused";
}}
"""
# Begins a TLS session at one site, resumes it there and at another.
RESUME = """
ask() {{
  (printf 'GET /seen?as=resumed HTTP/1.1\\r\\nHost: %s\\r\\nConnection: close\\r\\n\\r\\n' $1; sleep 1) |
    timeout 5 openssl s_client -ign_eof -{version} -connect origin:443 -servername $1 $2 2>&1 |
    grep -aoE 'HTTP/1.1 [0-9]+|other [A-Z]+ [r.]' | paste -sd,
}}
ask other.example '-cert /etc/nginx/stranger.pem -key /etc/nginx/stranger.key -sess_out /tmp/session'
ask other.example '-sess_in /tmp/session'
ask chat.example '-sess_in /tmp/session'
"""


@pytest.fixture
def other_site(host: Host, edge: Edge) -> Iterator[None]:
    """A site of somebody else on the origin, which has an authority of its own."""
    strangers = edge.host.check_output("cat /etc/nginx/strangers.pem")
    pair = host.check_output("ls /etc/ssl/streaming_api/*self-signed*")
    host.check_output("printf '%%s\\n' %s >/etc/nginx/strangers.pem", strangers)
    host.check_output("printf '%%s' %s >/etc/nginx/conf.d/other.conf", OTHER.format(pair=pair))
    reload_nginx(host)
    yield
    host.check_output("rm /etc/nginx/conf.d/other.conf")
    reload_nginx(host)


@pytest.mark.parametrize("version", ["tls1_2", "tls1_3"])
@pytest.mark.usefixtures("other_site")
def test_a_tls_session_of_another_site_is_no_way_in(edge: Edge, version: str) -> None:
    said = edge.host.run("bash -c %s", RESUME.format(version=version)).stdout.splitlines()
    assert said[:2] == ["HTTP/1.1 200,other SUCCESS .", "HTTP/1.1 200,other SUCCESS r"]
    assert said[2:] in ([], [""], ["HTTP/1.1 421"])
    assert "resumed" not in edge.get("/reached").json()


@pytest.mark.parametrize(("address", "status"), [("fd00:e::1", "403"), ("::1", "200")])
def test_ipv6_is_no_way_around(host: Host, address: str, status: str) -> None:
    host.check_output("ip -6 address replace fd00:e::1/128 dev lo nodad")
    assert asked(host, f"[{address}]") == status


def own_address(host: Host) -> str:
    return str(host.check_output("hostname -I").split()[0])


def asked(host: Host, address: str, more: str = "") -> str:
    """The status with which the origin answers, asked at one of its addresses."""
    command = f"curl -sk -o /dev/null -w %{{http_code}} {more} --connect-to '::{address}:' https://chat.example/seen"
    return str(host.run(command).stdout)


# --- streams ---


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/bare", ["no-transform"]),
        ("/bare?kind=text/event-stream;charset=utf-8", ["no-transform"]),
        ("/bare?kind=application/x-ndjson", ["no-transform"]),
        ("/named/bare", ["no-transform"]),
        ("/bare?cache=no-store", ["no-store", "no-transform"]),
        ("/bare?cache=No-Transform", ["No-Transform"]),
        ("/api/stream?count=1", ["no-cache, no-transform"]),
        ("/bare?kind=text/plain", ["no-transform"]),
        ("/bare?kind=application/json", []),
        ("/words", []),
        ("/bare?kind=text/event-streams", []),
        ("/seen", []),
        ("/nothing", []),
    ],
)
def test_only_streams_must_not_be_transformed(edge: Edge, path: str, headers: list[str]) -> None:
    head = edge.get(path).head
    assert re.findall(r"(?im)^cache-control: (.*?)\r?$", head) == headers


def test_a_location_keeps_its_own_header(edge: Edge) -> None:
    assert edge.get("/named/bare").headers["x-name"] == "named"


# --- the proof, HTTP/3, another edge ---


def test_the_proof_goes_through_the_edge(plays: Plays) -> None:
    done = plays.prove()
    assert done.streaming == ["gunicorn", "nginx", "public"]
    said = " ".join(done.output.split())
    assert "The host itself was not measured from here (origin): it answers its edge only" in said
    assert "Cloudflare cuts a stream that is silent for 120 s." in said
    assert done.changed == 0


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "http3": ({"streaming_api_nginx_server_extra": "listen 443 quic; http3 on;"}, "new HTTP/3 connections hang"),
    "alb": ({"streaming_api_edge": "alb", "streaming_api_edge_client_ca": ""}, "subnets"),
}  # fmt: skip


def test_what_does_not_go_together_is_refused(plays: Plays) -> None:
    said = plays.refusals({case: variables for case, (variables, _) in REFUSED.items()})
    assert [case for case, (_, words) in REFUSED.items() if words not in said[case]] == []


def test_a_load_balancer(machine: Machine, host: Host, edge: Edge, plays: Plays) -> None:
    """It adds the reader to X-Forwarded-For, and the host trusts its subnet only."""
    done = plays.prove(
        streaming_api_edge="alb",
        streaming_api_edge_client_ca="",
        streaming_api_edge_ranges_urls=[],
        streaming_api_nginx_refuse_unknown_names=False,
        streaming_api_nginx_trusted_proxies=[f"{edge.address}/32"],
    )
    try:
        assert done.streaming[-1] == "public"
        for header in ("X-Nothing: 1", *FORGED):
            more = f"{header.format(edge=edge.address)}\r\n"
            said = edge.get("/seen", more).json()
            assert (said["client"], said["url"]) == (edge.reader, f"http://{NAME}/seen")
            for port, tls in ((machine.http, None), (machine.https, NAME)):
                assert get(port, "/seen?as=direct-alb", tls=tls, more=more).status == 403
        assert "direct-alb" not in edge.get("/reached").json()
        health_check = f"curl -sk -o /dev/null -w %{{http_code}} https://{own_address(host)}/readyz"
        assert edge.host.check_output(health_check) == "200"
        assert host.run(health_check).stdout == "403"
    finally:
        plays.deploy()
