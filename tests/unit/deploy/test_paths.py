"""Where an app is on its server."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.module_utils.deploy import paths
from tests.unit.deploy.made_app import described, settings

CHAT = {"nginx_path": "/chat/"}
WHOLE = {**CHAT, "nginx_strip_path": False, "health_path": "/chat/"}


@pytest.mark.parametrize(
    ("path", "location", "placed"),
    [
        ("/", "/api/", "/api/"),
        ("/", "=/a", "=/a"),
        ("/", "~ ^/v1/", "~ ^/v1/"),
        ("/chat/", "/", "/chat/"),
        ("/chat/", "/api/", "/chat/api/"),
        ("/chat/", "=/events", "= /chat/events"),
        ("/a/b/", "^~ /c", "^~ /a/b/c"),
    ],
)
def test_a_location_on_the_server(path: str, location: str, placed: str) -> None:
    assert paths.placed(path, location) == placed


@pytest.mark.parametrize(
    ("location", "path", "is_below"),
    [
        ("/chat/", "/chat/", True),
        ("^~ /chat/api", "/chat/", True),
        ("= /chat/api", "/chat/", True),
        ("= /chat", "/chat/", True),
        ("/chat", "/chat/", False),  # also of /chatter; Nginx prefers the longer one
        ("/", "/chat/", False),
        ("/chats/", "/chat/", False),
        ("~ ^/chat/", "/chat/", False),  # of what no ^~ has
        ("@chat", "/chat/", False),
    ],
)
def test_what_takes_requests_of_an_app(location: str, path: str, is_below: bool) -> None:
    assert paths.is_below(location, path) is is_below


# the variables, what Nginx takes away, what the app is told, the targets of / and /api/
@pytest.mark.parametrize(
    ("variables", "stripped", "root_path", "targets"),
    [
        ({}, "", "", ["", ""]),
        ({"root_path": "/v1"}, "", "/v1", ["", ""]),
        (CHAT, "/chat", "/chat", ["/", "/api/"]),
        ({**CHAT, "root_path": ""}, "/chat", "", ["/", "/api/"]),
        ({"nginx_path": "/a/b/"}, "/a/b", "/a/b", ["/", "/api/"]),
        (WHOLE, "", "", ["", ""]),
    ],
)
def test_what_is_taken_away(
    variables: dict[str, Any], stripped: str, root_path: str, targets: list[str]
) -> None:
    locations = [{"path": "/"}, {"path": "/api/"}]
    app = described(**variables, nginx_locations=locations)
    assert (app.stripped, app.root_path) == (stripped, root_path)
    assert [one["target"] for one in app.locations] == targets
    headers = [one["proxy_headers"].get("X-Forwarded-Prefix") for one in app.locations]
    assert headers == [stripped, stripped]


def test_the_users_header_stays() -> None:
    app = described(**CHAT, nginx_proxy_headers={"x-forwarded-prefix": "/mine"})
    headers = app.locations[0]["proxy_headers"]
    assert headers["x-forwarded-prefix"] == "/mine"
    assert "X-Forwarded-Prefix" not in headers


@pytest.mark.parametrize(
    ("variables", "bare"), [({}, None), (CHAT, None), (WHOLE, "= /chat"), ({**WHOLE, "nginx_path": "/"}, None)]
)  # fmt: skip
def test_the_path_without_its_slash(variables: dict[str, Any], bare: str | None) -> None:
    found = described(**variables).bare
    assert (found and found["path"]) == bare
    assert found is None or found["target"] == ""


def test_what_is_taken() -> None:
    given = settings(
        nginx_locations=[{"path": "/"}, {"path": "= /a"}],
        nginx_server_extra="location ^~ /b/ { deny all; } return 403;",
    )
    short = {name[len("streaming_api_") :]: value for name, value in given.items()}
    assert paths.taken(short) == {
        "/": "streaming_api_nginx_locations[0].path",
        "= /a": "streaming_api_nginx_locations[1].path",
        "^~ /b/": "streaming_api_nginx_server_extra",
    }
    # A guest's directives are in a location of its own.
    guest = {**short, "nginx_path": "/c/", "nginx_site_of": "web"}
    assert list(paths.taken(guest)) == ["/c/", "= /c/a"]


def test_a_guest_has_no_server() -> None:
    tls = {"tls": "acme", "nginx_server_names": ["a.org"], "nginx_https_port": 8443}
    app = described(**CHAT, **tls, nginx_site_of="web", edge="cloudflare", edge_client_ca="/ca.pem")
    assert (app.scheme, app.port, app.ports) == ("https", 8443, {})
    assert (app.certificate.certificate, app.certificate.made_by_role) == ("", False)
    assert (app.edge.ca, app.edge.certified) == ("", [])
    assert {"certbot", "openssl"} & {*app.packages} == set()
    assert app.shared == {
        "streaming_api_tls": "acme",
        "streaming_api_tls_hsts": 0,
        "streaming_api_edge": "cloudflare",
        "streaming_api_nginx_http_port": 80,
        "streaming_api_nginx_https_port": 8443,
    }
    assert "streaming_api_nginx_https_port" not in described().shared


@pytest.mark.parametrize(
    ("variables", "there", "gone"),
    [
        ({}, ["limit_req zone=requests_chat_app burst=1000 nodelay;", "limit_conn_status 429;"], ["server_tokens", "ssl_"]),
        ({"nginx_limit_requests": 0}, ["limit_req zone=unlimited_chat_app;"], []),
        ({"nginx_server_extra": "limit_req zone=mine;"}, [], ["limit_req zone"]),
        ({"tls_hsts": 9}, [], ["add_header"]),
        ({"tls_hsts": 9, "nginx_server_extra": "add_header A b;"}, ['add_header Strict-Transport-Security "max-age=9" always;'], []),
    ],
)  # fmt: skip
def test_the_lines_of_a_guest(variables: dict[str, Any], there: list[str], gone: list[str]) -> None:
    lines = described(**CHAT, tls="self_signed", nginx_site_of="web", **variables).guest_lines
    assert [line for line in there if line not in lines] == []
    assert [line for line in lines if line.startswith(tuple(gone))] == []
