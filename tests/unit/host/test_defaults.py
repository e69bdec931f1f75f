"""Sites that were on the host before: no name and no default server is taken from them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from plugins.module_utils.host.access import Answer
from tests.unit.host.made_host import RECORD, conflicts, see, write

HTTP, HTTPS = "streaming_api_nginx_http_port", "streaming_api_nginx_https_port"
PORTS = {HTTP: 80, HTTPS: 443}
OLD = "/etc/nginx/sites-enabled/old"
NAME = (
    "streaming_api_nginx_server_names has 'chat.example', which /etc/nginx/sites-enabled/old on the host "
    "serves on port {port} already; remove that site, or choose other names or another port."
)
DEFAULT = (
    "streaming_api_nginx_http_port is 80, where /etc/nginx/sites-enabled/old on the host is the default server "
    "already; choose another port, or streaming_api_nginx_server_names."
)
IMPLICIT = (
    "streaming_api_nginx_http_port is 80, where /etc/nginx/sites-enabled/old on the host answers any name "
    "without being the default server, and would no longer be asked; "
    "add default_server to its listen, or choose another port."
)


def host(root: Path, old: str = "", **files: str) -> Path:
    main = "http { include conf.d/*.conf; include sites-enabled/*; }"
    write(root, {"/etc/nginx/nginx.conf": main, OLD: old, "/proc/net/if_inet6": "::1"})
    write(root, {f"/etc/nginx/conf.d/{name}.conf": text for name, text in files.items()})
    return root


@pytest.mark.parametrize(
    ("old", "names", "said"),
    [
        ("listen 80; server_name chat.example;", ["chat.example"], [NAME.format(port=80)]),
        ("listen 443 ssl; server_name a b CHAT.example;", ["chat.example"], [NAME.format(port=443)]),
        ("server_name .example;", [".example"], [NAME.format(port=80).replace("chat.example", ".example")]),
        ("server_name *.example;", [".example"], [NAME.format(port=80).replace("chat.example", ".example")]),
        ("listen 127.0.0.1:80; server_name chat.example;", ["chat.example"], [NAME.format(port=80)]),
        ("listen 8080; server_name chat.example;", ["chat.example"], []),
        ("listen 80; server_name other.example;", ["chat.example"], []),
        ("listen 80; server_name *.example;", ["chat.example"], []),
        ("listen 80 default_server; server_name _;", ["chat.example"], []),
        ("listen 80 default_server; server_name old.example;", [], [DEFAULT]),
        ("listen [::]:80 default_server;", [], [DEFAULT]),
        ("listen 127.0.0.1:80 default_server;", [], []),
        ("listen 8080 default_server;", [], []),
        ("listen 80; server_name old.example;", [], []),
        ("listen 80; server_name _;", ["chat.example"], [IMPLICIT]),
        ("return 204;", ["chat.example"], [IMPLICIT]),
        ("return 204;", [], [IMPLICIT]),
    ],
)  # fmt: skip
def test_a_site_of_somebody_else(root: Path, old: str, names: list[str], said: list[str]) -> None:
    host(root, f"server {{ {old} }}")
    assert conflicts(root, ports=PORTS, server_names=tuple(names)) == said


OURS = "upstream chat { server unix:/var/lib/streaming_api/traffic/chat.sock; } server { listen 80; server_name chat.example; } server { listen 443 ssl; server_name chat.example; }"
REFUSES = "server { listen 80 default_server; return 444; }"


def test_a_site_of_the_role_is_not_somebody_elses(root: Path) -> None:
    host(root, chat=OURS, **{"streaming_api.80": REFUSES})
    write(
        root,
        {"/etc/streaming_api/docs.json": json.dumps({**RECORD, "name": "docs", "user": "docs"})},
    )
    assert conflicts(root, ports=PORTS, server_names=("chat.example",)) == []
    assert conflicts(root, name="docs", ports={HTTP: 80}, server_names=()) == []


def test_an_app_that_has_the_requests_already_keeps_them(root: Path) -> None:
    host(root, "server { listen 80; }", chat=OURS)
    write(root, {"/etc/streaming_api/chat.json": json.dumps({**RECORD, "name": "chat", "user": "chat"})})  # fmt: skip
    assert conflicts(root, ports=PORTS, server_names=("chat.example",)) == []


def welcome(root: Path, page: str) -> None:
    digest = hashlib.new("md5", page.encode()).hexdigest()  # noqa: S324
    conffiles = f"Package: nginx\nConffiles:\n /etc/nginx/sites-available/default {digest}\n"
    write(root, {"/var/lib/dpkg/status": conffiles, "/usr/sbin/nginx": ""})
    write(root, {"/etc/nginx/sites-enabled/default": page})


def unclaimed(root: Path, **wanted: Any) -> dict[str, list[str]]:
    found = see(root, lambda _: Answer(0, ""), ports=PORTS, **wanted)
    return dict(found["unclaimed"])


BOTH = ["*", "[::]"]


@pytest.mark.parametrize(
    ("old", "names", "http"),
    [
        ("", ["chat.example"], BOTH),
        ("", [], []),  # the app itself is the default server
        ("server { listen 80 default_server; }", ["chat.example"], ["[::]"]),
        ("server { listen 80 default_server; listen [::]:80 default_server; }", ["a.example"], []),
        ("server { listen 80; server_name old.example; }", ["chat.example"], BOTH),
        ("server { listen 10.0.0.1:80 default_server; }", ["chat.example"], BOTH),
    ],
)
def test_addresses_without_a_default_server(
    root: Path, old: str, names: list[str], http: list[str]
) -> None:
    found = unclaimed(host(root, old, **{"streaming_api.80": REFUSES}), server_names=tuple(names))
    assert found == {HTTP: http, HTTPS: BOTH if names else []}


def test_no_ipv6(root: Path) -> None:
    host(root)
    write(root, {"/proc/net/if_inet6": ""})
    assert unclaimed(root, server_names=("a",)) == {HTTP: ["*"], HTTPS: ["*"]}


@pytest.mark.parametrize(("names", "http"), [([], []), (["docs.example"], BOTH)])
def test_another_app_is_the_default_server(root: Path, names: list[str], http: list[str]) -> None:
    host(root)
    record = {**RECORD, "name": "docs", "server_names": names}
    write(root, {"/etc/streaming_api/docs.json": json.dumps(record)})
    assert unclaimed(root, server_names=("chat.example",)) == {HTTP: http, HTTPS: BOTH}


@pytest.mark.parametrize(("keeps", "http"), [(True, []), (False, BOTH)])
def test_the_welcome_page(root: Path, keeps: bool, http: list[str]) -> None:
    host(root)
    welcome(root, "server { listen 80 default_server; listen [::]:80 default_server; }")
    found = unclaimed(root, server_names=("chat.example",), keeps_welcome=keeps)
    assert found == {HTTP: http, HTTPS: BOTH}
    nameless = see(root, lambda _: Answer(0, ""), ports=PORTS, keeps_welcome=keeps)["conflicts"]
    assert bool(nameless) is keeps


def test_a_welcome_page_that_is_still_to_come(root: Path) -> None:
    write(root, {"/proc/net/if_inet6": "::1"})
    found = unclaimed(root, server_names=("chat.example",), keeps_welcome=True)
    assert found == {HTTP: [], HTTPS: BOTH}


def test_files_with_another_text(root: Path) -> None:
    write(root, {"/etc/a": "a", "/etc/b": "old"})
    texts = {"/etc/a": "a", "/etc/b": "b", "/etc/c": "c"}
    assert see(root, texts=texts)["outdated_files"] == ["/etc/b", "/etc/c"]
