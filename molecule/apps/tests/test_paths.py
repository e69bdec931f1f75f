"""Two apps on one domain by path, deployed as docs/recipes/two-apps-by-path.md prints them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from plays import ROOT, Plays
from streamclient import LEFT, Reading, Stream, read, read_many
from testhost import Machine, ask
from testinfra.host import Host

PAGE = ROOT / "docs/recipes/two-apps-by-path.md"
NAME = "shop.example"
WHOLE = """
from fastapi import FastAPI

import main

app = FastAPI()
app.mount("/chat", main.app)
"""
# The same app with its path in its own routes.
ITSELF = {
    "streaming_api_files": {"whole.py": WHOLE},
    "streaming_api_app": "whole:app",
    "streaming_api_nginx_strip_path": False,
    "streaming_api_health_path": "/chat/docs",
    "streaming_api_proof_paths": ["/chat/ask"],
}
LUMPS = {
    "streaming_api_nginx_gzip": True,
    "streaming_api_nginx_proxy_buffering": True,
    "streaming_api_nginx_server_extra": "gzip_types text/event-stream;",
}
FILES = "sha256sum /etc/nginx/conf.d/*.conf /etc/nginx/streaming_api/web/*"


@pytest.fixture(scope="module")
def apps(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The variables of both, as the page has them."""
    source = tmp_path_factory.mktemp("chat")
    found: dict[str, dict[str, Any]] = {}
    for text in re.findall(r"^```\w+\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL):
        file = re.match(r"# FILE: (\S+)", text)
        if file and file[1] != "web.yml":
            (source / file[1]).write_text(text)
        elif file or "streaming_api_name: chat" in text:
            given = yaml.safe_load(text)
            found[given["streaming_api_name"]] = given
    found["chat"]["streaming_api_source"] = str(source)
    return found


@pytest.fixture(scope="module", autouse=True)
def deployed(plays: Plays, apps: dict[str, dict[str, Any]]) -> str:
    """Deploy both; what the play of the guest says."""
    plays.deploy(**apps["web"])
    return plays.prove(**apps["chat"]).output


def url(machine: Machine, path: str) -> str:
    return f"{machine.url}{path}"


def test_the_streams_of_both_arrive_step_by_step(machine: Machine, deployed: str) -> None:
    assert "/chat/ask streams too." in deployed
    paths = ("/news", "/chat/ask")
    found = read_many([url(machine, path) for path in paths], name=NAME)
    assert [one.status for one in found] == [200, 200]
    assert [one.body.split()[-3:] for one in found] == [
        [b"data:", b"news", b"9"],
        [b"data:", b"word", b"9"],
    ]
    assert min(one.spread for one in found) > 1.2  # nine pauses of 0.2 s


def test_the_guest_knows_its_path(machine: Machine) -> None:
    assert b"'/chat/openapi.json'" in read(url(machine, "/chat/docs"), name=NAME).body
    described = read(url(machine, "/chat/openapi.json"), name=NAME).json()
    assert described["servers"] == [{"url": "/chat"}]
    redirect = read(url(machine, "/chat?words=1"), name=NAME)
    assert (redirect.status, redirect.headers["location"]) == (308, "/chat/?words=1")
    assert read(url(machine, "/ask"), name=NAME).status == 404
    assert read(url(machine, "/chat/news"), name=NAME).status == 404


def test_one_server_has_the_name(host: Host) -> None:
    configuration = host.check_output("nginx -T 2>/dev/null")
    assert configuration.count(f"server_name {NAME};") == 1
    assert configuration.count("location ^~ /chat/ {") == 1


def test_a_deploy_of_the_guest_touches_nothing_of_the_other(
    host: Host, machine: Machine, plays: Plays, apps: dict[str, dict[str, Any]]
) -> None:
    """A deploy that fails, and one that changes what the guest sees."""
    paths = ("/news?count=1500", "/chat/ask?words=1500")
    streams = [Stream(url(machine, path), name=NAME, timeout=0) for path in paths]
    with Reading(*streams):
        before = ask(host, {"files": FILES, "record": "cat /etc/streaming_api/web.json"})
        refused = plays.refusal(**apps["chat"], **LUMPS)
        assert (
            "does not stream through Nginx; it is live; the previous Nginx site has been restored"
            in refused
        )
        assert ask(host, {"files": FILES, "record": "cat /etc/streaming_api/web.json"}) == before

        plays.deploy(**{**apps["chat"], **ITSELF})
        after = ask(host, {"files": FILES, "record": "cat /etc/streaming_api/web.json"})
        changed = {*before["files"].splitlines()} ^ {*after["files"].splitlines()}
        assert {Path(line.split()[1]).name for line in changed} == {"chat.conf"}
        assert after["record"] == before["record"]
        assert read(url(machine, "/chat/ask"), name=NAME).body.endswith(b"word 9\n\n")
        bare = read(url(machine, "/chat"), name=NAME)  # the app's own answer: Starlette redirects
        assert (bare.status, bare.headers["location"]) == (307, f"http://{NAME}/chat/")
    assert [(one.status, one.ended) for one in streams] == [(200, LEFT), (200, LEFT)]
    assert min(len(one.times) for one in streams) > 50  # ten seconds at least


def test_what_does_not_fit_is_refused(plays: Plays, apps: dict[str, dict[str, Any]]) -> None:
    other = {**apps["chat"], "streaming_api_name": "other"}
    locations = [{"path": "/"}, {"path": "/chat/ask"}]
    said = plays.refusals({
        "same path": other,
        "a location of the owner": {**apps["web"], "streaming_api_nginx_locations": locations},
    })  # fmt: skip
    for case, words in {
        "same path": "streaming_api_nginx_path is '/chat/', where the app 'chat' is already",
        "a location of the owner": "streaming_api_nginx_locations[1].path takes '/chat/ask', which",
    }.items():
        assert words in said[case]
