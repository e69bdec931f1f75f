"""What an edge means for the site."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.module_utils.deploy import networks
from tests.unit.deploy.made_app import described

CLOUDFLARE = {"edge": "cloudflare"}
ALB = {"edge": "alb", "nginx_trusted_proxies": ["10.0.0.0/20", "10.0.16.0/20"]}
CA = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
PROVEN = {**CLOUDFLARE, "tls": "self_signed", "edge_client_ca": CA}


def test_without_an_edge_there_is_nothing() -> None:
    edge = described().edge
    assert not any(edge)


def test_proxies_are_a_chain_that_all_may_use() -> None:
    edge = described(nginx_trusted_proxies=["10.0.0.0/8"]).edge
    assert edge.trusts
    assert edge.real_ip == [
        "set_real_ip_from 10.0.0.0/8;",
        "real_ip_header X-Forwarded-For;",
        "real_ip_recursive on;",
    ]
    assert not edge.gate and not edge.stream_header


@pytest.mark.parametrize(
    ("variables", "real_ip"),
    [
        (CLOUDFLARE, [f"include {networks.REAL_IP};", "real_ip_header CF-Connecting-IP;"]),
        (
            ALB,
            [
                "set_real_ip_from 10.0.0.0/20;",
                "set_real_ip_from 10.0.16.0/20;",
                "real_ip_header X-Forwarded-For;",
            ],
        ),
    ],
)
def test_who_names_the_reader(variables: dict[str, Any], real_ip: list[str]) -> None:
    assert described(**variables).edge.real_ip == real_ip


@pytest.mark.parametrize(
    ("variables", "seconds"),
    [
        (CLOUDFLARE, 915),
        ({**CLOUDFLARE, "edge_idle_timeout": 600}, 915),  # of a stream, not of a connection
        (ALB, 75),
        ({**ALB, "edge_idle_timeout": 4000}, 4015),
    ],
)
def test_the_host_keeps_connections_longer_than_the_edge(
    variables: dict[str, Any], seconds: int
) -> None:
    assert described(**variables).edge.gate == [
        f"keepalive_timeout {seconds}s;",
        "if ($outside_chat_app) { return 403; }",
    ]


@pytest.mark.parametrize(
    ("variables", "kept"),
    [
        ({}, []),
        (CLOUDFLARE, []),
        (ALB, ["X-Forwarded-Port"]),
        ({"nginx_trusted_proxies": ["10.0.0.0/8"]}, ["Forwarded", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Prefix"]),
    ],
)  # fmt: skip
def test_claims_that_the_edge_passes_on_end_here(
    variables: dict[str, Any], kept: list[str]
) -> None:
    headers = described(**variables).locations[0]["proxy_headers"]
    claims = ("Forwarded", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Prefix")
    assert [one for one in claims if headers.get(one) != ""] == kept


def test_the_addresses_are_files_of_the_host() -> None:
    assert list(described(**CLOUDFLARE).edge.brought) == [networks.NETWORKS, networks.REAL_IP]
    assert described(**ALB).edge.brought == {}


@pytest.mark.parametrize(
    ("authority", "file", "text"),
    [("/etc/ca.pem", "/etc/ca.pem", ""), (CA, "/etc/ssl/streaming_api/chat-app-edge-", CA)],
)
def test_the_authority_of_the_edge(authority: str, file: str, text: str) -> None:
    edge = described(**{**PROVEN, "edge_client_ca": authority}).edge
    assert edge.ca.startswith(file)
    assert edge.ca_text == text
    assert edge.certified == [
        f"ssl_client_certificate {edge.ca};",
        "ssl_verify_client optional;",
        "if ($uncertified_chat_app) { return 403; }",
    ]


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        (CLOUDFLARE, "Cloudflare cuts a stream that is silent for 120 s."),
        (ALB, "The load balancer cuts a stream that is silent for 60 s."),
        ({**ALB, "edge_idle_timeout": 1000}, "Nginx (proxy_read_timeout) cuts a stream that is silent for 300 s."),
        ({**CLOUDFLARE, "nginx_locations": [{"path": "/", "proxy_read_timeout": 30}]}, "silent for 30 s."),
    ],
)  # fmt: skip
def test_the_shortest_silence_counts(variables: dict[str, Any], words: str) -> None:
    assert words in described(**variables).edge.heartbeat
