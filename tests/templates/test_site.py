"""The Nginx site: each setting on and off, and nginx itself reads every variant."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plugins.module_utils.deploy import networks
from tests.original import ORIGINAL
from tests.templates.conftest import Render

SITE = "site.conf.j2"


def directives(text: str) -> set[str]:
    return {line.strip() for line in text.splitlines()}


@pytest.mark.parametrize("directive", ["keepalive 64;", *ORIGINAL])
def test_by_default_the_settings_are_the_originals(render: Render, directive: str) -> None:
    assert directive in directives(render(SITE))


def changed(before: str, after: str) -> tuple[set[str], set[str]]:
    """The directives that one of them has alone: the first, the second."""
    return directives(before) - directives(after), directives(after) - directives(before)


UPGRADE = "proxy_set_header Upgrade $upgrade_chat_app;"
CONNECTION = "proxy_set_header Connection $connection_chat_app;"
CLAIMS = {
    f'proxy_set_header {name} "";'
    for name in ("Forwarded", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Prefix")
}
HEADERS = {line for line in ORIGINAL if line.startswith("proxy_set_header ")}

# name of the variable (and of a location's key), value, the directives that go, those that come
SETTINGS: list[tuple[str, Any, set[str], set[str]]] = [
    ("proxy_buffering", True, {"proxy_buffering off;"}, {"proxy_buffering on;"}),
    ("proxy_buffering", "true", {"proxy_buffering off;"}, {"proxy_buffering on;"}),
    ("proxy_cache", "zone", {"proxy_cache off;"}, {"proxy_cache zone;"}),
    ("proxy_cache", False, set(), set()),
    ("proxy_keepalive", False, {"proxy_http_version 1.1;", UPGRADE, CONNECTION}, set()),
    ("chunked_transfer_encoding", True, {"chunked_transfer_encoding off;"}, {"chunked_transfer_encoding on;"}),
    ("proxy_read_timeout", 7, {"proxy_read_timeout 300s;"}, {"proxy_read_timeout 7s;"}),
    ("proxy_send_timeout", "7", {"proxy_send_timeout 300s;"}, {"proxy_send_timeout 7s;"}),
    ("gzip", True, {"gzip off;"}, {"gzip on;"}),
    ("websocket", False, {UPGRADE, CONNECTION}, {'proxy_set_header Connection "";'}),
    ("proxy_headers", {"Host": "$http_host"}, HEADERS, {"proxy_set_header Host $http_host;"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "gone", "there"), SETTINGS)
@pytest.mark.parametrize("level", ["role", "location"])
def test_a_setting_holds_for_the_app_and_for_a_location(
    render: Render, level: str, name: str, value: Any, gone: set[str], there: set[str]
) -> None:
    if level == "role":
        site = render(SITE, **{f"streaming_api_nginx_{name}": value})
    else:
        site = render(SITE, streaming_api_nginx_locations=[{"path": "/", name: value}])
    assert changed(render(SITE), site) == (gone, there)


def test_a_location_departs_from_the_others_alone(render: Render) -> None:
    site = render(
        SITE, streaming_api_nginx_locations=[{"path": "/"}, {"path": "/api/", "gzip": True}]
    )
    first, second = re.findall(r"location /.*?\n    }", site, re.DOTALL)
    assert "location / {" in first and "gzip off;" in first
    assert "location /api/ {" in second and "gzip on;" in second


BY_DEFAULT = {"listen 80 default_server;", "listen [::]:80 default_server;"}
NAMED = {"listen 80;", "listen [::]:80;"}
PROXIES = {"streaming_api_nginx_trusted_proxies": ["10.0.0.0/8"]}
PROXIED = {
    "real_ip_header X-Forwarded-For;",
    "real_ip_recursive on;",
    "set_real_ip_from 10.0.0.0/8;",
    "10.0.0.0/8 1;",
    "proxy_set_header X-Forwarded-For $remote_addr;",
    "proxy_set_header X-Forwarded-Proto $scheme_chat_app;",
}

LIMITS: list[set[str]] = [
    {
        "limit_conn_zone $binary_remote_addr zone=connections_chat_app:10m;",
        "limit_conn connections_chat_app 1000;",
    },
    {
        "limit_req_zone $binary_remote_addr zone=requests_chat_app:10m rate=200r/s;",
        "limit_req zone=requests_chat_app burst=1000 nodelay;",
        "limit_req_status 429;",
    },
]

BUFFERS = {"proxy_buffer_size 16k;", "proxy_buffers 8 16k;"}

# the variables, the directives that go, those that come
SERVERS: list[tuple[dict[str, Any], set[str], set[str]]] = [
    ({"streaming_api_nginx_server_names": ["a.org", "b.org"]}, {*BY_DEFAULT, "server_name _;"}, {*NAMED, "server_name a.org b.org;"}),
    ({"streaming_api_nginx_http_port": 8080}, BY_DEFAULT, {"listen 8080 default_server;", "listen [::]:8080 default_server;"}),
    ({"plan": {"ipv6": False}}, {"listen [::]:80 default_server;"}, set()),
    ({"streaming_api_nginx_server_extra": "client_max_body_size 9m;"}, {"client_max_body_size 1m;"}, {"client_max_body_size 9m;"}),
    ({"streaming_api_nginx_client_max_body_size": 0}, {"client_max_body_size 1m;"}, {"client_max_body_size 0;"}),
    ({"streaming_api_nginx_proxy_buffer_size": "32k"}, BUFFERS, {"proxy_buffer_size 32k;", "proxy_buffers 8 32k;"}),
    ({"streaming_api_nginx_server_extra": "proxy_buffers 4 8k;"}, BUFFERS, {"proxy_buffers 4 8k;"}),
    ({"streaming_api_nginx_server_extra": "proxy_busy_buffers_size 8k;"}, BUFFERS, {"proxy_busy_buffers_size 8k;"}),
    ({"streaming_api_nginx_limit_connections": 0}, LIMITS[0], set()),
    ({"streaming_api_monitor": True}, set(), set()),
    ({"streaming_api_monitor": True, "streaming_api_status_page": True}, set(), {"location = /.stream-status {", "proxy_pass http://127.0.0.1:9797/status/chat-app;", "limit_conn streams_chat_app 65535; # one can still look when the app is full"}),
    ({"streaming_api_nginx_server_extra": "limit_conn a 9;"}, {"limit_conn connections_chat_app 1000;", "limit_conn streams_chat_app 65535;", "error_page 429 @refused_chat_app;"}, {"limit_conn a 9;"}),
    ({"streaming_api_nginx_locations": [{"path": "/", "extra": "error_page 404 /a;"}]}, set(), {"error_page 404 /a;"}),  # beside ours, see below
    ({"streaming_api_nginx_limit_requests": "0"}, LIMITS[1], set()),
    ({"streaming_api_nginx_limit_requests_burst": 0}, {"limit_req zone=requests_chat_app burst=1000 nodelay;"}, {"limit_req zone=requests_chat_app;"}),
    ({"streaming_api_nginx_send_timeout": 5}, {"send_timeout 60s;"}, {"send_timeout 5s;"}),
    ({"streaming_api_nginx_client_body_timeout": 5}, {"client_body_timeout 30s;"}, {"client_body_timeout 5s;"}),
    ({"streaming_api_nginx_client_header_timeout": 5}, {"client_header_timeout 10s;"}, {"client_header_timeout 5s;"}),
    ({"streaming_api_nginx_large_client_header_buffers": "8 32k"}, {"large_client_header_buffers 4 8k;"}, {"large_client_header_buffers 8 32k;"}),
    ({"streaming_api_tls_hsts": 9}, set(), set()),  # without TLS
    ({"streaming_api_nginx_locations": [{"path": "/", "extra": "deny all;"}]}, set(), {"deny all;"}),
]  # fmt: skip


@pytest.mark.parametrize(("variables", "gone", "there"), SERVERS)
def test_the_server(
    render: Render, variables: dict[str, Any], gone: set[str], there: set[str]
) -> None:
    assert changed(render(SITE), render(SITE, **variables)) == (gone, there)


def test_a_trusted_proxy_is_believed(render: Render) -> None:
    gone, there = changed(render(SITE), render(SITE, **PROXIES))
    assert gone == {"proxy_set_header X-Forwarded-Proto $scheme;", *CLAIMS}
    assert there >= PROXIED - directives(render(SITE))


@pytest.mark.parametrize("proxies", [{}, PROXIES], ids=["nobody", "proxies"])
def test_what_a_reader_claims_is_never_passed_on(render: Render, proxies: dict[str, Any]) -> None:
    headers = {"X-Forwarded-For": "$proxy_add_x_forwarded_for", "forwarded": "$http_forwarded"}
    site = directives(render(SITE, streaming_api_nginx_proxy_headers=headers, **proxies))
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in site
    assert "proxy_set_header forwarded $http_forwarded;" in site  # asked for
    assert 'proxy_set_header Forwarded "";' not in site


@pytest.mark.parametrize(
    ("directive", "http2", "there", "gone"),
    [
        (False, True, "listen 443 default_server ssl http2;", "http2 on;"),
        (True, True, "http2 on;", "listen 443 default_server ssl http2;"),
        (True, True, "listen 443 default_server ssl;", "listen 443 default_server ssl http2;"),
        (False, False, "listen 443 default_server ssl;", "http2 on;"),
        (True, False, "listen 443 default_server ssl;", "http2 on;"),
    ],
)
def test_tls_speaks_http2_on_every_nginx(
    render: Render, certificate: dict[str, str], directive: bool, http2: bool, there: str, gone: str
) -> None:
    plan = {"nginx_http2_directive": directive}
    site = directives(render(SITE, plan, streaming_api_nginx_http2=http2, **certificate))
    assert there in site
    assert gone not in site


@pytest.mark.parametrize(
    ("port", "target"),
    [(443, "https://$host$request_uri"), (8443, "https://$host:8443$request_uri")],
)
def test_with_tls_plain_http_redirects(
    render: Render, certificate: dict[str, str], port: int, target: str
) -> None:
    site = directives(render(SITE, streaming_api_nginx_https_port=port, **certificate))
    assert f"return 301 {target};" in site


HSTS = 'add_header Strict-Transport-Security "max-age=63072000" always;'


@pytest.mark.parametrize(
    ("variables", "there"),
    [
        ({}, {"ssl_protocols TLSv1.2 TLSv1.3;", "ssl_session_tickets off;", "ssl_prefer_server_ciphers off;"}),
        ({"streaming_api_tls_profile": "modern"}, {"ssl_protocols TLSv1.3;", "ssl_session_tickets off;"}),
        ({"streaming_api_tls_hsts": 63072000}, {HSTS}),
        ({"streaming_api_nginx_server_extra": "ssl_session_tickets on;"}, {"ssl_session_tickets on;"}),
    ],
)  # fmt: skip
def test_tls(
    render: Render, certificate: dict[str, str], variables: dict[str, Any], there: set[str]
) -> None:
    site = render(SITE, **variables, **certificate)
    assert there <= directives(site)
    assert (HSTS in site) is ("streaming_api_tls_hsts" in variables)
    for name in ("ssl_protocols", "ssl_ciphers", "ssl_session_tickets", "server_tokens"):
        assert len(re.findall(rf"{name} ", site)) == (2 if name == "server_tokens" else 1)


def test_a_ca_is_answered_before_the_redirect(render: Render) -> None:
    names = {"streaming_api_nginx_server_names": ["a.org"], "streaming_api_name": "a"}
    site = render(SITE, **names, streaming_api_tls="acme")
    first = site.partition("listen 443")[0]
    assert "location ^~ /.well-known/acme-challenge/ {" in first
    assert "root /var/lib/streaming_api/acme;" in first
    assert first.index("acme-challenge") < first.index("return 301")


def test_headers_of_a_location_do_not_replace_hsts(
    render: Render, certificate: dict[str, str]
) -> None:
    locations = [{"path": "/"}, {"path": "/a", "extra": "add_header A b;"}]
    given = {"streaming_api_tls_hsts": 63072000, "streaming_api_nginx_locations": locations}
    site = render(SITE, **given, **certificate)
    server, first, second = re.match(
        r"(.*)(location / .*)(location /a .*)", site, re.DOTALL
    ).groups()  # type: ignore[union-attr]
    assert [HSTS in part for part in (server, first, second)] == [True, False, True]


def test_error_pages_of_a_location_do_not_replace_ours(render: Render) -> None:
    locations = [{"path": "/"}, {"path": "/a", "extra": "error_page 404 /a;"}]
    site = render(SITE, streaming_api_nginx_locations=locations)
    ours = "error_page 429 @refused_chat_app;"
    server, first, second = re.match(
        r"(.*)(location / .*)(location /a .*)", site, re.DOTALL
    ).groups()  # type: ignore[union-attr]
    assert [ours in part for part in (server, first, second)] == [True, False, True]


# --- behind an edge ---

CLOUDFLARE = {"streaming_api_edge": "cloudflare"}
ALB = {"streaming_api_edge": "alb", **PROXIES}
GATE = "if ($outside_chat_app) { return 403; }"
NO_TRANSFORM = "add_header Cache-Control $no_transform_chat_app always;"


@pytest.mark.parametrize("edge", [CLOUDFLARE, ALB], ids=["cloudflare", "alb"])
@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_all_servers_refuse_others_before_anything_else(
    render: Render, certificate: dict[str, str], edge: dict[str, Any], tls: bool
) -> None:
    given = {"streaming_api_nginx_server_extra": "return 200;"}
    site = render(SITE, **edge, **given, **(certificate if tls else {}))
    servers = re.findall(r"^server {\n(.*?)^}", site, re.MULTILINE | re.DOTALL)
    assert len(servers) == (2 if tls else 1)
    for server in servers:
        assert GATE in server.partition("return ")[0] + "return 403; }"
        assert "keepalive_timeout " in server
    assert GATE not in render(SITE, **PROXIES)


@pytest.mark.parametrize(
    ("variables", "there", "gone"),
    [
        (CLOUDFLARE, {"real_ip_header CF-Connecting-IP;", "include /etc/nginx/streaming_api/cloudflare-networks.conf;", *CLAIMS}, "real_ip_recursive on;"),
        (ALB, {"real_ip_header X-Forwarded-For;", "set_real_ip_from 10.0.0.0/8;", "10.0.0.0/8 1;", *CLAIMS} - {'proxy_set_header X-Forwarded-Port "";'}, "real_ip_recursive on;"),
    ],
)  # fmt: skip
def test_who_names_the_reader(
    render: Render, variables: dict[str, Any], there: set[str], gone: str
) -> None:
    site = directives(render(SITE, **variables))
    assert there | {"proxy_set_header X-Forwarded-Proto $scheme_chat_app;", NO_TRANSFORM} <= site
    assert gone not in site


def test_a_location_with_headers_keeps_no_transform(render: Render) -> None:
    locations = [{"path": "/"}, {"path": "/a", "extra": "add_header A b;"}]
    site = render(SITE, **CLOUDFLARE, streaming_api_nginx_locations=locations)
    server, first, second = re.match(
        r"(.*)(location / .*)(location /a .*)", site, re.DOTALL
    ).groups()  # type: ignore[union-attr]
    assert [NO_TRANSFORM in part for part in (server, first, second)] == [True, False, True]


@pytest.mark.parametrize("proven", [False, True], ids=["addresses", "certificate"])
@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_nginx_reads_the_site_behind_cloudflare(
    render: Render,
    nginx_reads: Callable[..., None],
    certificate: dict[str, str],
    tmp_path: Path,
    proven: bool,
    tls: bool,
) -> None:
    given = {**CLOUDFLARE, **(certificate if tls else {})}
    if proven and tls:
        given["streaming_api_edge_client_ca"] = certificate["streaming_api_tls_certificate"]
    site = render(SITE, **given)
    for path, text in networks.files(["192.0.2.0/24", "2001:db8::/32"]).items():
        (tmp_path / Path(path).name).write_text(text)
        assert path in site
    nginx_reads(site.replace(networks.DIRECTORY, str(tmp_path)))


def test_nginx_reads_the_site_behind_a_load_balancer(
    render: Render, nginx_reads: Callable[..., None]
) -> None:
    nginx_reads(render(SITE, **ALB))


REFUSAL = "refusal.conf.j2"
PLAIN = {"port": 80, "tls": False, "addresses": ["*", "[::]"]}
TLS = {"port": 8443, "tls": True, "addresses": ["[::]"]}


def test_the_server_that_refuses(render: Render) -> None:
    plain, tls = (
        directives(render(REFUSAL, refusal=PLAIN)),
        directives(render(REFUSAL, refusal=TLS)),
    )
    common = {"server_name _;", "server_tokens off;", "client_header_timeout 10s;"}
    assert plain >= common | {"listen 80 default_server;", "listen [::]:80 default_server;"}
    assert "return 444; # closes the connection" in plain
    assert tls >= common | {"listen [::]:8443 default_server ssl;", "ssl_reject_handshake on;"}
    assert "ssl_protocols TLSv1.2 TLSv1.3;" in tls


@pytest.mark.parametrize("profile", ["intermediate", "modern"])
def test_nginx_reads_it_beside_an_app(
    render: Render, nginx_reads: Callable[..., None], certificate: dict[str, str], profile: str
) -> None:
    given = {**NAMES, **certificate, "streaming_api_tls_profile": profile}
    refusals = [render(REFUSAL, refusal=one) for one in (PLAIN, {**TLS, "port": 443})]
    nginx_reads(*refusals, render(SITE, **given))
    with pytest.raises(AssertionError, match="duplicate default server"):
        nginx_reads(*refusals, render(SITE))


NAMES = {"streaming_api_nginx_server_names": ["b.example"], "streaming_api_name": "b"}
VARIANTS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "names": NAMES,
    "proxies": {
        "streaming_api_nginx_trusted_proxies": ["10.0.0.0/8", "2001:db8::/32", "192.0.2.1"]
    },
    "locations": {
        "streaming_api_nginx_locations": [
            {"path": "/", "websocket": False},
            {"path": "= /events", "proxy_buffering": True, "gzip": True, "proxy_read_timeout": 5},
            {"path": "~ ^/v[12]/", "proxy_keepalive": False, "extra": "limit_rate 1m;\nallow all;"},
        ]
    },
    "extra": {"streaming_api_nginx_server_extra": "client_max_body_size 9m;\nserver_tokens off;"},
    "smallest buffers": {"streaming_api_nginx_proxy_buffer_size": "4k"},
    "largest buffers": {"streaming_api_nginx_proxy_buffer_size": "999K"},
    "a location's buffers": {
        "streaming_api_nginx_locations": [{"path": "/", "extra": "proxy_buffer_size 32k;"}]
    },
}


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_nginx_reads_it(
    render: Render,
    nginx_reads: Callable[..., None],
    certificate: dict[str, str],
    variant: str,
    tls: bool,
) -> None:
    nginx_reads(render(SITE, **VARIANTS[variant], **(certificate if tls else {})))


def test_two_apps_share_a_server(
    render: Render, nginx_reads: Callable[..., None], certificate: dict[str, str]
) -> None:
    nginx_reads(render(SITE, **certificate), render(SITE, **NAMES, **certificate))


def test_nginx_would_notice(render: Render, nginx_reads: Callable[..., None]) -> None:
    with pytest.raises(AssertionError, match="duplicate default server"):
        nginx_reads(render(SITE), render(SITE, streaming_api_name="b"))


def test_a_template_of_the_user_fills_a_block(render: Render, tmp_path: Path) -> None:
    (tmp_path / "mine.j2").write_text(
        "{% extends 'site.conf.j2' %}{% block server %}{{ super() }}    allow all;\n{% endblock %}"
    )
    site = directives(render(tmp_path / "mine.j2"))
    assert {"allow all;", "location / {"} <= site
