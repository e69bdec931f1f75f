"""The archive of a source."""

from __future__ import annotations

import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from plugins.module_utils.release import archive
from plugins.module_utils.release.archive import CHANGED, is_packed, pack
from plugins.module_utils.release.describe import BLOCK, describe
from plugins.module_utils.release.errors import ReleaseError
from plugins.module_utils.release.scan import scan
from tests.unit.release.made_source import digest, names, packed


def test_an_archive_is_the_same_anywhere(source: Path, tmp_path: Path) -> None:
    first = packed(source, tmp_path / "cache/deep/a.tar.gz")
    (source / "main.py").chmod(0o600)
    os.utime(source / "main.py", (1, 1))
    moved = source.rename(tmp_path / "moved")
    assert packed(moved, tmp_path / "cache/b.tar.gz") == first
    assert sorted(path.name for path in (tmp_path / "cache").iterdir()) == ["b.tar.gz", "deep"]


def test_an_archive_holds_the_source(source: Path, tmp_path: Path) -> None:
    (source / "empty").mkdir()
    packed(source, tmp_path / "a.tar.gz", "deep")
    with tarfile.open(tmp_path / "a.tar.gz") as tar:
        members = tar.getmembers()
    assert {member.name: oct(member.mode) for member in members} == {
        "api": "0o755",
        "api/routes.py": "0o644",
        "api/up": "0o777",
        "größe": "0o755",
        "größe/日本.txt": "0o644",
        "link": "0o777",
        "main.py": "0o644",
        "requirements.txt": "0o644",
        "run.sh": "0o755",
    }
    assert {(m.uid, m.gid, m.uname, m.gname, m.mtime) for m in members} == {(0, 0, "", "", 0)}
    (tmp_path / "out").mkdir()
    subprocess.run(["tar", "-xzf", tmp_path / "a.tar.gz", "-C", tmp_path / "out"], check=True)
    assert digest(tmp_path / "out") == digest(source, "deep")


@pytest.mark.parametrize("text", ["app = 2\n", "app", "app = 1\n\n"])
def test_a_source_that_changes_meanwhile(source: Path, tmp_path: Path, text: str) -> None:
    entries = scan(str(source))
    before = describe(entries)
    (source / "main.py").write_text(text)
    with pytest.raises(ReleaseError, match="changed"):
        pack(entries, before.digest, str(tmp_path / "cache/a.tar.gz"))
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize(
    ("place", "reason"), [("main.py/a.tar.gz", "File exists"), ("api", "Is a directory")]
)
def test_an_archive_that_cannot_be_written(source: Path, place: str, reason: str) -> None:
    with pytest.raises(ReleaseError) as error:
        packed(source, source / place)
    assert str(error.value).startswith(f"archive is '{source / place}', which cannot be written (")
    assert reason in str(error.value)
    assert not list(source.glob(".new-*"))


def test_a_full_disk_is_no_fault_of_the_source(source: Path) -> None:
    entries = scan(str(source))
    with (
        Path("/dev/full").open("wb", buffering=0) as full,
        pytest.raises(OSError, match="No space left"),
    ):
        archive._write(full, entries, describe(entries).digest)


def test_a_file_that_shrinks_while_it_is_read(source: Path) -> None:
    entry = next(entry for entry in scan(str(source)) if entry.name == b"main.py")
    with archive._Reader(entry) as reader:
        (source / "main.py").write_text("app")
        with pytest.raises(ReleaseError, match="changed"):
            reader.read(reader.size)


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.py")).touch()
    packed(tmp_path, tmp_path.parent / "text.tar.gz")
    assert names(tmp_path.parent / "text.tar.gz") == [os.fsdecode(b"\xff.py")]


def test_a_wheel(tmp_path: Path) -> None:
    wheel = tmp_path / "chat-1.0-py3-none-any.whl"
    wheel.write_bytes(b"PK")
    packed(wheel, tmp_path / "a.tar.gz")
    assert names(tmp_path / "a.tar.gz") == [wheel.name]


def test_a_source_that_changed_since_it_was_named(source: Path, tmp_path: Path) -> None:
    """Else the archive of another source would have its name, for good."""
    named = digest(source)
    (source / "main.py").write_text("app = 2\n")
    with pytest.raises(ReleaseError, match=CHANGED):
        pack(scan(str(source)), named, str(tmp_path / "a.tar.gz"))
    assert not (tmp_path / "a.tar.gz").exists()


def test_what_is_packed_already(tmp_path: Path) -> None:
    (tmp_path / "a.tar.gz").touch()
    assert is_packed(str(tmp_path / "a.tar.gz"))
    assert not is_packed(str(tmp_path / "b.tar.gz"))
    assert not is_packed(str(tmp_path / "a.tar.gz/b.tar.gz"))
    assert not is_packed("/" + "a" * 300)


def test_a_file_larger_than_a_block(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"\0" * (BLOCK + 1))
    packed(tmp_path, tmp_path.parent / "a.tar.gz")
    with tarfile.open(tmp_path.parent / "a.tar.gz") as tar:
        assert tar.getmember("x").size == BLOCK + 1
