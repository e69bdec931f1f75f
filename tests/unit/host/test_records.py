"""What the role has noted of its apps: the live release, the proven site, the history."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from tests.unit.host.made_host import RECORD, SITE, point, see, write


@pytest.mark.parametrize(
    ("proven", "traffic", "is_proven"),
    [("", "", True), ("", "bbbb", False), ("aaaa", "aaaa", True), ("aaaa", "bbbb", False), ("aaaa", "", False)],
)  # fmt: skip
def test_what_is_live(root: Path, proven: str, traffic: str, is_proven: bool) -> None:
    """The release of a play that was killed before its proof has no say in it."""
    point(root, proven, traffic)
    found = see(root)
    assert (found["live"], found["site_is_proven"]) == (proven or None, is_proven)


@pytest.mark.parametrize(
    ("proven", "site", "is_proven"),
    [("", "", True), ("", SITE, False), (SITE, SITE, True), (SITE, f"{SITE}#", False), (SITE, "", False)],
)  # fmt: skip
def test_the_proven_site(root: Path, proven: str, site: str, is_proven: bool) -> None:
    files = {"/etc/streaming_api/chat.conf": proven, "/etc/nginx/conf.d/chat.conf": site}
    write(root, {path: text for path, text in files.items() if text})
    assert see(root)["site_is_proven"] is is_proven


def test_a_link_of_somebody_else(root: Path) -> None:
    point(root, "../other/aaaa", "../other/aaaa")
    assert see(root)["live"] is None


@pytest.mark.parametrize(
    ("guests", "proven", "is_proven"),
    [
        ({"web": "a"}, {"web": "a"}, True),
        ({"web": "a"}, {"web": "b"}, False),
        ({"web": "a"}, {}, False),
        ({}, {"web": "a"}, False),
        ({"web": "a", "old": "a"}, {"web": "a"}, False),
    ],
)
def test_what_it_has_in_the_sites_of_others(
    root: Path, guests: dict[str, str], proven: dict[str, str], is_proven: bool
) -> None:
    site = {
        "/etc/streaming_api/chat.conf": SITE,
        "/etc/nginx/conf.d/chat.conf": SITE,
        "/etc/nginx/streaming_api/web/talk.conf": "of another app",
        "/etc/nginx/streaming_api/cloudflare-networks.conf": "of the edge",
    }
    there = {f"/etc/nginx/streaming_api/{of}/chat.conf": text for of, text in guests.items()}
    copies = {f"/etc/streaming_api/chat.{of}.conf": text for of, text in proven.items()}
    write(root, {**site, **there, **copies})
    assert see(root)["site_is_proven"] is is_proven


@pytest.mark.parametrize(("worker_age", "is_proven"), [(0.0, True), (60.0, False)])
@pytest.mark.parametrize("file", ["/etc/nginx/nginx.conf", "/etc/nginx/conf.d/chat.conf"])
def test_a_reload_that_never_came(
    root: Path, file: str, worker_age: float, is_proven: bool
) -> None:
    """What is written may not be what Nginx has: a play was killed between the two."""
    ticks = os.sysconf("SC_CLK_TCK")
    started = int((time.clock_gettime(time.CLOCK_BOOTTIME) - worker_age) * ticks)
    after = " ".join(["0"] * 17)
    write(
        root,
        {
            "/run/nginx.pid": "70\n",
            "/proc/71/cmdline": "nginx: worker process",
            "/proc/71/stat": f"71 (nginx) S 70 {after} {started} 0",
            "/etc/streaming_api/chat.conf": SITE,
            "/etc/nginx/conf.d/chat.conf": SITE,
            file: SITE,
        },
    )
    assert see(root)["site_is_proven"] is is_proven


@pytest.mark.parametrize(
    ("record", "history"),
    [("{}", []), ("[]", []), ("{", []), ('{"history": ["bbbb", "aaaa"]}', ["bbbb", "aaaa"])],
)
def test_what_has_been_live(root: Path, record: str, history: list[str]) -> None:
    write(root, {"/etc/streaming_api/chat.json": record})
    assert see(root)["history"] == history


def test_apps(root: Path) -> None:
    write(
        root,
        {
            "/etc/streaming_api/docs.json": json.dumps({"name": "docs", **RECORD}),
            "/etc/streaming_api/new.json": json.dumps({"name": "new", **RECORD, "streams": 9}),
            "/etc/streaming_api/chat.json": json.dumps({"name": "chat", **RECORD}),
            "/etc/streaming_api/cut.json": '{"name": ',
            "/etc/streaming_api/list.json": "[]",
            "/etc/streaming_api/less.json": '{"name": "less"}',
            "/etc/streaming_api/port.json": json.dumps({"name": "p", **RECORD, "ports": ["x"]}),
            "/etc/streaming_api/notes.txt": "",
        },
    )
    found = see(root)
    docs = {"name": "docs", "user": "u", "root": "/srv", "ports": [80], "server_names": []}
    new = {**docs, "name": "new", "streams": 9}
    old: dict[str, object] = {"path": "/", "site_of": "", "locations": [], "shared": None}
    assert found["apps"] == [{**docs, "streams": 4096, **old}, {**new, **old}]
    assert [warning.split(" ")[0] for warning in found["warnings"]] == [
        f"/etc/streaming_api/{name}.json" for name in ("cut", "less", "list", "port")
    ]
