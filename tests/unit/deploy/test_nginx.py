"""What the Nginx of a host can do."""

from __future__ import annotations

import pytest

from plugins.module_utils.deploy.nginx import (
    PACKAGED,
    follows_link,
    has_http2_directive,
    keepalive_lines,
    refusals,
)
from plugins.module_utils.host.system import SUPPORTED


@pytest.mark.parametrize(
    ("version", "distribution", "has"),
    [
        ("1.18.0", "22.04", False),
        ("1.25.0", "12", False),
        ("1.25.1", "12", True),
        ("1.28", "12", True),
        ("1.9.15", "12", False),
        (None, "12", False),
        (None, "13", True),
        (None, "26.04", True),
    ],
)
def test_http2_is_a_directive(version: str | None, distribution: str, has: bool) -> None:
    facts = {"nginx": {"version": version}, "distribution": {"version": distribution}}
    assert has_http2_directive(facts) is has


@pytest.mark.parametrize(
    ("version", "follows"), [("1.18.0", False), ("1.19.9", False), ("1.19.10", True), (None, True)]
)
def test_nginx_follows_the_link_to_another_release(version: str | None, follows: bool) -> None:
    facts = {"nginx": {"version": version}, "distribution": {"version": "12"}}
    lines = keepalive_lines(facts)
    assert lines == (["keepalive_time 500ms;", "keepalive_timeout 200ms;"] if follows else [])
    assert follows_link("\n".join(lines)) is follows


def test_each_supported_distribution_brings_one() -> None:
    assert {*PACKAGED} == {version for versions in SUPPORTED.values() for version in versions}


HTTP, HTTPS = "streaming_api_nginx_http_port", "streaming_api_nginx_https_port"


@pytest.mark.parametrize(
    ("version", "wanted", "http", "https"),
    [
        ("1.22.1", True, ["*", "[::]"], ["*"]),
        ("1.18.0", True, ["*", "[::]"], []),  # cannot reject a handshake
        ("1.22.1", False, [], []),
    ],
)
def test_refusals(version: str, wanted: bool, http: list[str], https: list[str]) -> None:
    unclaimed = {HTTP: ["*", "[::]"], HTTPS: ["*"]}
    facts = {"nginx": {"version": version}, "unclaimed": unclaimed}
    assert refusals(facts, {HTTP: 80, HTTPS: 443}, wanted=wanted) == [
        {"port": 80, "tls": False, "addresses": http},
        {"port": 443, "tls": True, "addresses": https},
    ]
