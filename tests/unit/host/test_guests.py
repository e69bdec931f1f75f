"""Several apps on one server: who may have which path."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.host.made_host import RECORD, conflicts, write

SHARED: dict[str, Any] = {"streaming_api_tls": "none", "streaming_api_nginx_http_port": 80}
WEB: dict[str, Any] = {**RECORD, "name": "web", "server_names": ["a.org", "b.org"]}
WEB |= {"path": "/", "site_of": "", "locations": ["/", "= /health"], "shared": SHARED}
TALK: dict[str, Any] = {
    **RECORD,
    "name": "talk",
    "ports": [],
    "server_names": ["a.org"],
    "shared": SHARED,
}
TALK |= {"path": "/talk/", "site_of": "web", "locations": ["/talk/", "/talk/api/"]}
OLD = {**RECORD, "name": "web", "server_names": ["a.org"]}
GUEST = {
    "path": "/chat/",
    "site_of": "web",
    "server_names": ("A.org",),
    "locations": {"/chat/": "streaming_api_nginx_locations[0].path"},
    "shared": SHARED,
}
OWNER = {"path": "/", "server_names": ("c.org",)}


@pytest.mark.parametrize(
    ("apps", "changes", "words"),
    [
        ([WEB, TALK], {}, ()),
        ([], {}, ("_nginx_site_of is 'web', but no such app", "deploy 'web' first")),
        ([OLD], {}, ("_nginx_site_of is 'web', but an older version", "deploy 'web' again first")),
        ([WEB, TALK], {"site_of": "talk"}, ("is in the site of 'web' itself", "allowed is 'web'")),
        (
            [WEB, {**TALK, "site_of": "chat"}],
            {},
            ("but the app 'talk' is in the site of chat", "until 'talk' has gone elsewhere"),
        ),
        (
            [WEB],
            {"shared": {**SHARED, "streaming_api_tls": "acme", "streaming_api_nginx_https_port": 443}},
            ("streaming_api_tls is 'acme', but 'none' for the app 'web'",),
        ),
        (
            [WEB],
            {"shared": {**SHARED, "streaming_api_nginx_http_port": 8080}},
            ("streaming_api_nginx_http_port is 8080, but 80 for the app 'web'",),
        ),
        (
            [WEB],
            {"server_names": ("a.org", "c.org")},
            ("_nginx_server_names is ['a.org', 'c.org'], but ['a.org', 'b.org'] for the app 'web'",),
        ),
        ([WEB], {"server_names": ()}, ("_nginx_server_names is [], but ['a.org', 'b.org']",)),
        ([{**WEB, "server_names": []}], {"server_names": ()}, ()),
        # paths
        (
            [WEB, TALK],
            {"path": "/talk/"},
            ("_nginx_path is '/talk/', where the app 'talk' is already", "choose another path"),
        ),
        ([WEB], {"path": "/"}, ("_nginx_path is '/', where the app 'web' is already",)),
        (
            [{**WEB, "locations": ["/", "/chat/api/"]}],
            {},
            ("_nginx_path is '/chat/', where the app 'web' has the location '/chat/api/'",),
        ),
        ([{**WEB, "locations": ["/", "~ ^/chat/"]}], {}, ()),
        ([WEB, TALK], {"path": "/talk/more/"}, ()),
        (
            [WEB, TALK],
            {"path": "/talk/api/"},
            ("_nginx_path is '/talk/api/', where the app 'talk' has the location '/talk/api/'",),
        ),
        # the owner of the site, with a guest at /talk/
        ([{**TALK, "site_of": "chat"}], {**OWNER, "site_of": "", "locations": {"/": "x"}}, ()),
        (
            [{**TALK, "site_of": "chat"}],
            {**OWNER, "site_of": "", "locations": {"= /talk": "streaming_api_nginx_locations[1].path"}},
            (
                "streaming_api_nginx_locations[1].path takes '= /talk', which is at the path of the",
                "app 'talk' in the same site ('/talk/')",
            ),
        ),
        ([{**TALK, "site_of": "other"}], {"path": "/talk/", "site_of": ""}, ()),
    ],
)  # fmt: skip
def test_the_neighbours(
    root: Path, apps: list[dict[str, Any]], changes: dict[str, Any], words: tuple[str, ...]
) -> None:
    write(root, {f"/etc/streaming_api/{app['name']}.json": json.dumps(app) for app in apps})
    found = conflicts(root, **{**GUEST, **changes})
    assert len(found) == bool(words)
    assert [word for word in words if word not in found[0]] == []


def test_an_app_may_have_the_names_of_a_guest_nowhere(root: Path) -> None:
    """Only the owner of the site has them."""
    write(root, {f"/etc/streaming_api/{app['name']}.json": json.dumps(app) for app in (WEB, TALK)})
    ports = {"streaming_api_nginx_http_port": 80}
    [found] = conflicts(root, name="new", server_names=("a.org",), ports=ports)
    assert "which the app 'web' serves" in found
