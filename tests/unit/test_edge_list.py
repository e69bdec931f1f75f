"""The refresh of an edge's addresses: a bad list changes nothing."""

from __future__ import annotations

import io
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from plugins.module_utils.deploy import networks
from roles.streaming_api.files import edge_list

GOOD = "192.0.2.0/24\n2001:db8::/32\n"
TEST, RELOAD = ("nginx", "-t", "-q"), ("systemctl", "reload", "nginx.service")
IS_ACTIVE = ("systemctl", "is-active", "--quiet", "nginx.service")


class Commands:
    """Commands that succeed, but for some."""

    def __init__(self, *failing: tuple[str, ...]) -> None:
        self.failing = failing
        self.ran: list[tuple[str, ...]] = []

    def __call__(self, *command: str) -> subprocess.CompletedProcess[str]:
        self.ran.append(command)
        failed = command in self.failing
        return subprocess.CompletedProcess(command, int(failed), "", "no good\n" if failed else "")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / networks.DIRECTORY.lstrip("/")).mkdir(parents=True)
    return tmp_path


def there(root: Path) -> dict[str, str]:
    directory = root / networks.DIRECTORY.lstrip("/")
    return {f"{networks.DIRECTORY}/{one.name}": one.read_text() for one in directory.iterdir()}


def test_a_new_list_is_tested_and_loaded(root: Path) -> None:
    commands = Commands()
    assert edge_list.install(GOOD, root, commands) == "The list has changed: 2 networks."
    assert there(root) == networks.files(["192.0.2.0/24", "2001:db8::/32"])
    assert commands.ran == [TEST, IS_ACTIVE, RELOAD]


def test_the_same_list_changes_nothing(root: Path) -> None:
    edge_list.install(GOOD, root, Commands())
    commands = Commands()
    said = edge_list.install("2001:db8::/32\n192.0.2.0/24\n", root, commands)
    assert (said, commands.ran) == ("The list has not changed: 2 networks.", [])


def test_an_nginx_that_does_not_run_is_not_reloaded(root: Path) -> None:
    commands = Commands(IS_ACTIVE)
    edge_list.install(GOOD, root, commands)
    assert commands.ran == [TEST, IS_ACTIVE]


@pytest.mark.parametrize("failing", [TEST, RELOAD])
def test_a_list_that_nginx_refuses_is_taken_back(root: Path, failing: tuple[str, ...]) -> None:
    edge_list.install("198.51.100.0/24", root, Commands())
    before = there(root)
    with pytest.raises(edge_list.RefreshError, match=f"{failing[0]}.*: no good"):
        edge_list.install(GOOD, root, Commands(failing))
    assert there(root) == before


def test_without_an_earlier_list_nothing_is_left(root: Path) -> None:
    with pytest.raises(edge_list.RefreshError):
        edge_list.install(GOOD, root, Commands(TEST))
    assert there(root) == {}


@pytest.mark.parametrize("text", ["", "0.0.0.0/0", "<html>", "192.0.2.0/24 1; }"])
def test_a_bad_list_is_not_written(root: Path, text: str) -> None:
    commands = Commands()
    with pytest.raises(edge_list.RefreshError):
        edge_list.install(text, root, commands)
    assert (there(root), commands.ran) == ({}, [])


def test_a_failure_says_that_the_last_list_stays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "list").write_text("0.0.0.0/0\n")
    assert edge_list.main(["install", str(tmp_path / "list")]) == 1
    said = capsys.readouterr().err
    assert said.startswith("The last good list stays. '0.0.0.0/0' is too wide")


# --- fetch ---


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """What each URL answers."""
    pages: dict[str, bytes] = {}

    class Opener:
        def open(self, request: urllib.request.Request, timeout: float) -> io.BytesIO:
            assert timeout
            return io.BytesIO(pages[request.full_url])

    monkeypatch.setattr(urllib.request, "build_opener", lambda *_: Opener())
    return pages


def test_all_lists_are_fetched(web: dict[str, bytes]) -> None:
    web.update({"https://a/4": b"192.0.2.0/24", "https://a/6": b"2001:db8::/32\n"})
    assert edge_list.fetch(["https://a/4", "https://a/6"]) == GOOD


@pytest.mark.parametrize(
    ("page", "why"),
    [
        (b"", "https://a/6: The list is empty."),
        (b"<html>", "https://a/6: '<html>' is not a network"),
        (b"#" * 70000, "https://a/6: The list has more than 65536 bytes."),
        (b"\xff\xfe", "is not a network"),
    ],
)
def test_one_bad_list_refuses_all(web: dict[str, bytes], page: bytes, why: str) -> None:
    web.update({"https://a/4": b"192.0.2.0/24", "https://a/6": page})
    with pytest.raises(edge_list.RefreshError) as refused:
        edge_list.fetch(["https://a/4", "https://a/6"])
    assert why in str(refused.value)


def test_only_over_tls() -> None:
    with pytest.raises(edge_list.RefreshError, match="not an https URL"):
        edge_list.fetch(["http://a/4"])
    redirect: Any = edge_list._OverTls()
    request = urllib.request.Request("https://a/4")
    with pytest.raises(edge_list.RefreshError, match="redirects to http://b, which is not https"):
        redirect.redirect_request(request, None, 302, "", {}, "http://b")
    assert (
        redirect.redirect_request(request, None, 302, "", {}, "https://b").full_url == "https://b"
    )
