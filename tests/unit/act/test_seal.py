"""What a build leaves, when root takes it over: nothing outside of it is touched."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest

from plugins.module_utils.act.seal import seal

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root takes files over")
BUILD, GROUP = 4711, 4712


def look(path: Path) -> tuple[int, int, int]:
    found = path.lstat()
    return found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)


@pytest.fixture
def built(tmp_path: Path) -> Path:
    (tmp_path / "outside").write_text("not the build's")
    (tmp_path / "outside").chmod(0o644)
    (tmp_path / "beside").mkdir()
    top = tmp_path / "src"
    (top / "deep/er").mkdir(parents=True)
    (top / "deep/er/main.py").write_text("app")
    (top / "deep").chmod(0o777)
    (top / "program").write_text("#!/bin/sh")
    (top / "program").chmod(0o6777)
    (top / "closed").write_text("")
    (top / "closed").chmod(0)
    (top / "link").symlink_to(tmp_path / "outside")
    (top / "link-to-directory").symlink_to(tmp_path / "beside")
    os.mkfifo(top / "fifo")
    with socket.socket(socket.AF_UNIX) as end:
        end.bind(str(top / "socket"))
    for path in [top, *top.rglob("*")]:
        os.chown(path, BUILD, BUILD, follow_symlinks=False)
    (top / "program").chmod(0o6777)
    return top


def test_all_of_it_is_roots(built: Path) -> None:
    seal(built, GROUP)
    found = {str(path.relative_to(built)): look(path) for path in [built, *built.rglob("*")]}
    links = {name: found.pop(name)[:2] for name in ("link", "link-to-directory")}
    assert links == dict.fromkeys(links, (0, GROUP))
    assert found == {
        ".": (0, GROUP, 0o750),
        "deep": (0, GROUP, 0o750),
        "deep/er": (0, GROUP, 0o750),
        "deep/er/main.py": (0, GROUP, 0o440),
        "program": (0, GROUP, 0o550),
        "closed": (0, GROUP, 0o440),
    }


def test_what_a_link_names_stays_as_it_is(built: Path) -> None:
    outside, beside = (built.parent / name for name in ("outside", "beside"))
    before = look(outside), look(beside)
    seal(built, GROUP)
    assert (look(outside), look(beside)) == before


def test_the_top_may_not_be_a_link(built: Path) -> None:
    (built.parent / "other").symlink_to(built)
    with pytest.raises(OSError, match="other"):
        seal(built.parent / "other", GROUP)
    assert look(built)[0] == BUILD


def test_an_access_list_goes(built: Path) -> None:
    entries = [(1, 7, -1), (2, 7, BUILD), (4, 7, -1), (16, 7, -1), (32, 5, -1)]
    acl = (2).to_bytes(4, "little") + b"".join(
        tag.to_bytes(2, "little") + bits.to_bytes(2, "little") + who.to_bytes(4, "little", signed=True)
        for tag, bits, who in entries
    )  # fmt: skip
    for name in ("access", "default"):
        try:
            os.setxattr(built / "deep", f"system.posix_acl_{name}", acl)
        except OSError:
            pytest.skip("a file system without access lists")
    seal(built, GROUP)
    assert os.listxattr(built / "deep") == []
