"""What a source can have, and what is left out of it."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from plugins.module_utils.release.errors import ReleaseError
from plugins.module_utils.release.scan import scan
from tests.unit.release.made_source import write


@pytest.mark.parametrize(
    ("pattern", "left"),
    [
        ("*.py", ["a/b/c.txt", "x.txt"]),
        ("b", ["a/d.py", "x.py", "x.txt"]),
        ("a/b", ["a/d.py", "x.py", "x.txt"]),
        ("a/b/", ["a/d.py", "x.py", "x.txt"]),
        ("a/*.py", ["a/b/c.txt", "x.py", "x.txt"]),
        ("[ax]*", []),
        ("d", ["a/b/c.txt", "a/d.py", "x.py", "x.txt"]),
        ("A", ["a/b/c.txt", "a/d.py", "x.py", "x.txt"]),
        ("", ["a/b/c.txt", "a/d.py", "x.py", "x.txt"]),
    ],
)
def test_what_is_excluded(tmp_path: Path, pattern: str, left: list[str]) -> None:
    write(tmp_path, dict.fromkeys(["a/b/c.txt", "a/d.py", "x.py", "x.txt"], ""))
    assert [entry.name.decode() for entry in scan(str(tmp_path), [pattern])] == left


def listen(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the path of a socket is short
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path.name)
    finally:
        os.chdir(here)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda app: os.mkfifo(app / "x"), "The source's 'x' is a named pipe; allowed are files"),
        (lambda app: listen(app / "api/x"), "The source's 'api/x' is a socket; allowed are files"),
        *(
            (
                lambda app, target=target: (app / "api/x").symlink_to(target),
                f"The source's 'api/x' is a link to '{target}', outside the source; allowed is",
            )
            for target in (
                "/etc/passwd",
                "../../x",
                "../../app/main.py",
                "../api/../../x",
                "sub/../../..",
                "here/here/../../../x",
            )
        ),
    ],
)
def test_what_a_source_cannot_have(
    source: Path, make: Callable[[Path], object], words: str
) -> None:
    (source / "api/here").symlink_to(".")
    make(source)
    with pytest.raises(ReleaseError) as error:
        scan(str(source))
    assert str(error.value).startswith(words)
    assert "\n" not in str(error.value)


def test_a_link_through_a_link(source: Path) -> None:
    (source / "api/deep/up").symlink_to("../..")
    (source / "x").symlink_to("api/deep/up/../y")
    with pytest.raises(ReleaseError, match="'x' is a link to"):
        scan(str(source))


@pytest.mark.parametrize("target", ["../api/../main.py", ".", "gone", "x", "sub/..", "deep/er/.."])
def test_links_that_stay_inside(source: Path, target: str) -> None:
    (source / "api/x").symlink_to(target)
    assert os.fsencode(target) in {entry.target for entry in scan(str(source))}


@pytest.mark.parametrize("place", ["gone", "main.py", "dir.whl/x"])
def test_a_source_must_be_a_directory_or_a_wheel(source: Path, place: str) -> None:
    with pytest.raises(ReleaseError, match=f"^source is '.*{place}'"):
        scan(str(source / place))


def test_a_source_that_does_not_exist() -> None:
    with pytest.raises(ReleaseError) as error:
        scan("/gone")
    assert str(error.value) == "source is '/gone', which does not exist."
