"""The app as the checked variables describe it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from plugins.module_utils.deploy.app import App, pem
from tests.unit.deploy.made_app import described, settings

CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
KEY = "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n"
PEM = {"tls": "provided", "tls_certificate": CERTIFICATE, "tls_key": KEY}
GIT = {"source": "", "git_url": "https://me:hunter2@a.org/a.git"}


def test_it_survives_json() -> None:
    for app in (described(), described(**PEM), described(**GIT), described(edge="cloudflare")):
        assert App.of(json.loads(json.dumps(app.fields()))) == app


def test_it_has_no_secret() -> None:
    secrets = {"secrets": {"A": "hunter2"}, "build_environment": {"B": "hunter2"}}
    for variables in (secrets, PEM, GIT):
        assert "hunter2" not in json.dumps(described(**variables).fields())


@pytest.mark.parametrize(("variables", "user"), [({}, "chat-app"), ({"user": "www"}, "www")])
def test_the_users(variables: dict[str, Any], user: str) -> None:
    app = described(**variables)
    assert (app.user, app.build_user) == (user, "chat-app-build")
    assert [one["name"] for one in app.users] == [user, "chat-app-build"]
    assert app.users[0]["home"] == "/var/lib/chat-app"


@pytest.mark.parametrize(
    ("variables", "scheme", "port", "ports"),
    [
        ({}, "http", 80, [80]),
        ({"nginx_http_port": 8080}, "http", 8080, [8080]),
        ({"tls": "self_signed"}, "https", 443, [80, 443]),
        ({"tls": "self_signed", "nginx_https_port": 8443}, "https", 8443, [80, 8443]),
    ],
)
def test_the_ports(variables: dict[str, Any], scheme: str, port: int, ports: list[int]) -> None:
    app = described(**variables)
    assert (app.scheme, app.port, [*app.ports.values()]) == (scheme, port, ports)


@pytest.mark.parametrize(
    ("names", "name"),
    [([], "localhost"), (["a.org", "b.org"], "a.org"), (["*.a.org"], "any.a.org"), ([".a.org"], "a.org")],
)  # fmt: skip
def test_the_server_name(names: list[str], name: str) -> None:
    assert described(nginx_server_names=names).server_name == name


@pytest.mark.parametrize(
    ("variables", "more"),
    [
        ({}, ["python3-pycurl"]),
        ({"proof": False}, []),
        ({"tls": "self_signed"}, ["python3-pycurl", "openssl"]),
        ({"apt_packages": ["libpq5"]}, ["python3-pycurl", "libpq5"]),
    ],
)
def test_the_packages(variables: dict[str, Any], more: list[str]) -> None:
    own = ["ca-certificates", "nginx", "python3-packaging", "python3-venv"]
    assert described(**variables).packages == [*own, *more]


def test_a_location_takes_what_it_leaves_out_from_the_variables() -> None:
    first, second = described(
        nginx_gzip=True, nginx_locations=[{"path": "/"}, {"path": "/a", "gzip": False}]
    ).locations
    assert (first["path"], first["gzip"], first["proxy_read_timeout"]) == ("/", True, 300)
    assert (second["path"], second["gzip"], second["proxy_read_timeout"]) == ("/a", False, 300)


def test_behind_trusted_proxies_nginx_knows_who_asks() -> None:
    [plain] = described().locations
    [proxied] = described(nginx_trusted_proxies=["10.0.0.0/8"]).locations
    assert plain["proxy_headers"]["X-Forwarded-Proto"] == "$scheme"
    assert proxied["proxy_headers"]["X-Forwarded-Proto"] == "$scheme_chat_app"
    assert proxied["proxy_headers"]["X-Forwarded-For"] == "$remote_addr"
    assert proxied["proxy_headers"]["Host"] == "$host"


def test_directives() -> None:
    given = {"ReadOnlyPaths": ["/a", "/b"], "MemoryMax": "1G"}
    lines = described(service_settings=given).service_lines
    assert lines == ["MemoryMax=1G", "ReadOnlyPaths=/a", "ReadOnlyPaths=/b"]


# --- the source ---

WHEEL = "dist/chat-1.0-py3-none-any.whl"


@pytest.mark.parametrize(
    ("variables", "path", "shown"),
    [
        ({"source": "app"}, "/playbooks/app", "app"),
        ({"source": "/src"}, "/src", "/src"),
        ({"source": "", "package": WHEEL}, f"/playbooks/{WHEEL}", WHEEL),
        ({"source": "", "package": "datasette==1"}, "", "datasette==1"),
        (GIT, "/cache/git/", "https://a.org/a.git"),
    ],
)
def test_the_source(variables: dict[str, Any], path: str, shown: str) -> None:
    source = described(**variables).source
    assert source.path.startswith(path) and bool(source.path) == bool(path)
    assert source.shown == shown
    assert source.git_version == ("HEAD" if variables == GIT else "")


def test_each_version_of_a_repository_has_its_own_checkout() -> None:
    one, other = (described(**GIT, git_version=version).source for version in ("v1", "v2"))
    assert one.path != other.path


# --- the certificate ---


@pytest.mark.parametrize(
    ("variables", "by_role"),
    [
        ({}, False),
        ({"tls": "self_signed"}, True),
        ({"tls": "provided", "tls_certificate": "/a.pem", "tls_key": "/a.key"}, False),
        (PEM, True),
    ],
)
def test_who_writes_the_certificate(variables: dict[str, Any], by_role: bool) -> None:
    certificate = described(**variables).certificate
    assert certificate.made_by_role is by_role
    if by_role:
        assert certificate.certificate == certificate.key
        assert certificate.key.startswith("/etc/ssl/streaming_api/chat-app-")


def test_a_new_pair_is_a_new_file() -> None:
    other = described(**{**PEM, "tls_key": KEY.replace("2", "3")}).certificate
    assert described(**PEM).certificate != other
    assert described(**PEM).certificate == described(**PEM).certificate


def test_a_certificate_of_new_names_is_a_new_file() -> None:
    one, other = (
        described(tls="self_signed", nginx_server_names=[name]).certificate
        for name in ("a.org", "b.org")
    )
    assert one != other


def test_a_certificate_of_a_ca_stays_in_its_file() -> None:
    """A CA that is down must not take it away, whatever is wanted then."""
    wanted: list[dict[str, Any]] = [
        {"nginx_server_names": ["a.org"]},
        {"nginx_server_names": ["a.org", "b.org"]},
        {"nginx_server_names": ["a.org"], "acme_directory": "https://staging.example/dir"},
    ]
    found = [described(tls="acme", **one).certificate for one in wanted]
    assert {one.certificate for one in found} == {"/etc/ssl/streaming_api/chat-app-acme.pem"}
    assert len({one.issued for one in found}) == len(wanted)
    assert "certbot" in described(tls="acme", **wanted[0]).packages


def test_a_pair_in_one_file() -> None:
    assert pem("\na\n\n", "b") == "a\nb\n"
    assert settings()["streaming_api_tls"] == "none"
