"""Why a host cannot take the app, each reason in one sentence."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.unit.host.made_host import RECORD, SITE, conflicts, write


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("user www-data;\n", []),
        ("# user nobody;\n", []),
        ("user  nginx;\n", ["streaming_api_nginx_user is 'www-data', but Nginx's workers run as 'nginx'"]),
    ],
)  # fmt: skip
def test_the_user_of_nginx(root: Path, text: str, said: list[str]) -> None:
    write(root, {"/etc/nginx/nginx.conf": text})
    found = conflicts(root, nginx_user="www-data")
    assert [sentence.partition(" and could")[0] for sentence in found] == said


@pytest.mark.parametrize(
    ("ports", "names", "theirs", "their_names", "problems"),
    [
        (
            {"streaming_api_nginx_http_port": 80},
            [],
            [80],
            [],
            [
                (
                    "streaming_api_nginx_http_port is 80, where the app 'docs' is the default server "
                    "already; choose another port, or streaming_api_nginx_server_names."
                )
            ],
        ),
        (
            {"streaming_api_nginx_http_port": 80, "streaming_api_nginx_https_port": 443},
            ["b.example.com", "A.example.com"],
            [443, 80],
            ["a.example.com", "c.example.com"],
            [
                (
                    "streaming_api_nginx_server_names has 'a.example.com', which the app 'docs' serves "
                    "on port 80 already; choose other names or another port."
                )
            ],
        ),
        ({"streaming_api_nginx_http_port": 8080}, [], [80], [], []),
        ({"streaming_api_nginx_http_port": 8080}, ["a"], [80], ["a"], []),
        ({"streaming_api_nginx_http_port": 80}, ["a"], [80], ["b"], []),
        ({"streaming_api_nginx_http_port": 80}, [], [80], ["b"], []),
        ({"streaming_api_nginx_http_port": 80}, ["a"], [80], [], []),
    ],
)
def test_sites(
    root: Path,
    ports: dict[str, int],
    names: list[str],
    theirs: list[int],
    their_names: list[str],
    problems: list[str],
) -> None:
    record = {
        **RECORD,
        "name": "docs",
        "user": "docs",
        "ports": theirs,
        "server_names": their_names,
    }
    write(root, {"/etc/streaming_api/docs.json": json.dumps(record)})
    assert conflicts(root, ports=ports, server_names=tuple(names)) == problems
    assert conflicts(root, name="docs", ports=ports, server_names=tuple(names)) == []


@pytest.mark.parametrize(
    ("files", "unit"),
    [
        ([], None),
        (["/etc/systemd/system/chat@aaaa.service"], None),
        (["/etc/systemd/system/chat.timer", "/etc/systemd/system/chats.service"], None),
        (["/lib/systemd/system/chat.service"], "/lib/systemd/system/chat.service"),
        (["/usr/lib/systemd/system/chat@.service"], "/usr/lib/systemd/system/chat@.service"),
        (["/run/systemd/system/chat.socket"], "/run/systemd/system/chat.socket"),
        (
            ["/lib/systemd/system/chat.service", "/etc/systemd/system/chat.service"],
            "/etc/systemd/system/chat.service",
        ),
    ],
)
def test_units(root: Path, files: list[str], unit: str | None) -> None:
    write(root, dict.fromkeys(files, ""))
    problem = (
        f"streaming_api_name is 'chat', a unit of the host already ({unit}); choose another name."
    )
    assert conflicts(root) == ([problem] if unit else [])


def test_a_masked_unit_is_one(root: Path) -> None:
    mask = root / "etc/systemd/system/chat.service"
    mask.parent.mkdir(parents=True)
    mask.symlink_to("/dev/null")
    assert "(/etc/systemd/system/chat.service)" in conflicts(root)[0]


@pytest.mark.parametrize(
    ("files", "free"),
    [
        ({}, True),
        ({"/srv/chat/index.html": ""}, False),
        ({"/srv/chat": ""}, False),
        ({"/srv/chat/releases/.x": ""}, True),
        ({"/srv/chat/x": "", "/etc/streaming_api/chat.json": '{"name": "chat"}'}, False),
        (
            {
                "/srv/chat/x": "",
                "/etc/streaming_api/chat.json": json.dumps(
                    {**RECORD, "name": "chat", "user": "chat"}
                ),
            },
            True,
        ),
    ],
)
def test_directories(root: Path, files: dict[str, str], free: bool) -> None:
    write(root, files)
    problem = (
        "streaming_api_name is 'chat', and /srv/chat on the host holds something else already; "
        "choose another name, or another streaming_api_root."
    )
    assert conflicts(root) == ([] if free else [problem])


OTHERS_SITE = "server { listen 80; }"


NOT_ITS_OWN = (
    "on the host is not of the user 'chat', who could then write to all of it; "
    "choose another name, or give it to 'chat'."
)


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        (
            {"/etc/nginx/conf.d/chat.conf": OTHERS_SITE},
            "/etc/nginx/conf.d/chat.conf on the host is a site of somebody else; choose another name.",
        ),
        ({"/etc/nginx/conf.d/chat.conf": SITE}, None),
        (
            {"/var/lib/chat/data": ""},
            f"/var/lib/chat {NOT_ITS_OWN}",
        ),
        (
            {"/var/cache/chat/data": ""},
            f"/var/cache/chat {NOT_ITS_OWN}",
        ),
    ],
)
def test_what_others_have_by_this_name(
    root: Path, files: dict[str, str], problem: str | None
) -> None:
    """Unless the record says that the app is there already."""
    write(root, files)
    assert conflicts(root) == ([f"streaming_api_name is 'chat', and {problem}"] if problem else [])
    record = {**RECORD, "name": "chat", "user": "chat"}
    write(root, {"/etc/streaming_api/chat.json": json.dumps(record)})
    assert conflicts(root) == []


def test_the_state_of_its_own_user_is_its_own(root: Path) -> None:
    write(root, {"/var/lib/chat/data": "", "/etc/passwd": f"chat:x:{os.getuid() or 990}:1::/:/x"})
    os.chown(root / "var/lib/chat", os.getuid() or 990, -1)
    assert [problem for problem in conflicts(root) if "/var/lib" in problem] == []


@pytest.mark.parametrize(
    ("wanted", "problem"),
    [
        ({}, None),
        (
            {"user": "svc"},
            (
                "streaming_api_user is 'svc', but chat runs as 'chat' on the host, and what it has "
                "stored is that user's; allowed is 'chat', until the app is removed (docs/deploy.md)."
            ),
        ),
        (
            {"root": "/opt"},
            (
                "streaming_api_root is '/opt', but chat is in '/srv' on the host; "
                "allowed is '/srv', until the app is removed (docs/deploy.md)."
            ),
        ),
    ],
)
def test_the_app_stays_where_it_is(root: Path, wanted: dict[str, str], problem: str | None) -> None:
    record = {**RECORD, "name": "chat", "user": "chat"}
    write(root, {"/etc/streaming_api/chat.json": json.dumps(record)})
    assert conflicts(root, **wanted) == ([problem] if problem else [])


def test_an_empty_directory_is_free(root: Path) -> None:
    (root / "srv/chat").mkdir(parents=True)
    assert conflicts(root) == []


@pytest.mark.parametrize(
    ("user", "whose"),
    [
        ("new", None),
        ("www-data", None),
        ("alic", None),
        ("root", "the superuser on the host (uid 0)"),
        ("alice", "a person's account on the host (uid 1000)"),
        ("nobody", "a person's account on the host (uid 65534)"),
    ],
)
def test_users(root: Path, user: str, whose: str | None) -> None:
    problem = (
        f"streaming_api_user is '{user}', {whose}; "
        "choose a name that is free, or a system user (uid 1 to 999)."
    )
    assert conflicts(root, user=user) == ([problem] if whose else [])
