"""Files on the host: written whole or not at all, and noted for the diff."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from plugins.module_utils.act import editor as module
from plugins.module_utils.act.editor import ActError, Editor, Owner


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def editor(tmp_path: Path) -> Editor:
    (tmp_path / "etc").mkdir()
    return Editor(tmp_path)


def test_a_new_file(editor: Editor, tmp_path: Path) -> None:
    assert editor.write("/etc/a", "é\n", mode=0o640)
    assert (tmp_path / "etc/a").read_text(encoding="utf-8") == "é\n"
    assert mode(tmp_path / "etc/a") == 0o640
    header = {"before_header": "/etc/a", "after_header": "/etc/a"}
    diff = [{**header, "before": "", "after": "é\n"}]
    assert editor.result() == {"changed": True, "diff": diff}


def test_a_file_that_is_so_already(editor: Editor, tmp_path: Path) -> None:
    (tmp_path / "etc/a").write_text("a")
    assert not editor.write("/etc/a", "a")
    assert editor.result() == {"changed": False, "diff": []}


def test_a_file_that_differs(editor: Editor, tmp_path: Path) -> None:
    (tmp_path / "etc/a").write_text("a")
    assert editor.write("/etc/a", "b")
    assert (tmp_path / "etc/a").read_text() == "b"
    assert (editor.diff[0]["before"], editor.diff[0]["after"]) == ("a", "b")


def test_an_empty_file_is_not_the_same_as_none(editor: Editor, tmp_path: Path) -> None:
    assert editor.write("/etc/a", "")
    assert (tmp_path / "etc/a").exists()
    assert not editor.write("/etc/a", "")


def test_a_secret_is_in_no_diff(editor: Editor, tmp_path: Path) -> None:
    editor.write("/etc/a", "hunter2", mode=0o600, shown=False)
    assert editor.result() == {"changed": True, "diff": []}
    assert (tmp_path / "etc/a").read_text() == "hunter2"
    assert mode(tmp_path / "etc/a") == 0o600


def test_check_mode_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/old").write_text("old")
    editor = Editor(tmp_path, check=True)
    assert editor.write("/etc/a", "a")
    editor.write("/etc/none/b", "b")
    editor.parents("/srv/chat/c")
    editor.directory("/etc/d")
    editor.link("/etc/current", "old")
    editor.remove("/etc/old")
    assert [path.name for path in (tmp_path / "etc").iterdir()] == ["old"]
    assert not (tmp_path / "srv").exists()
    assert editor.changed is True
    assert [one["after_header"] for one in editor.diff] == ["/etc/a", "/etc/none/b", "/etc/current"]


def test_a_write_that_fails_leaves_the_old_file(
    editor: Editor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "etc/a").write_text("old")
    monkeypatch.setattr(module.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        editor.write("/etc/a", "new")
    assert (tmp_path / "etc/a").read_text() == "old"
    assert [path.name for path in (tmp_path / "etc").iterdir()] == ["a"]


def test_a_write_replaces_a_link_and_does_not_follow_it(editor: Editor, tmp_path: Path) -> None:
    (tmp_path / "target").write_text("theirs")
    (tmp_path / "etc/a").symlink_to(tmp_path / "target")
    editor.write("/etc/a", "ours")
    assert (tmp_path / "target").read_text() == "theirs"
    assert not (tmp_path / "etc/a").is_symlink()


def test_parents(editor: Editor, tmp_path: Path) -> None:
    editor.parents("/srv/chat/releases/a")
    assert (tmp_path / "srv/chat/releases").is_dir()
    assert not (tmp_path / "srv/chat/releases/a").exists()
    assert mode(tmp_path / "srv/chat") == 0o755
    assert editor.changed
    again = Editor(tmp_path)
    again.parents("/srv/chat/releases/a")
    assert not again.changed


def test_a_directory_that_is_there_stays_as_it_is(editor: Editor, tmp_path: Path) -> None:
    (tmp_path / "etc").chmod(0o700)
    editor.directory("/etc", mode=0o755)
    editor.directory("/etc/own", mode=0o751)
    assert (mode(tmp_path / "etc"), mode(tmp_path / "etc/own")) == (0o700, 0o751)


def test_a_link(editor: Editor, tmp_path: Path) -> None:
    link = tmp_path / "etc/current"
    (tmp_path / "etc/.current.new").symlink_to("left by a killed deploy")
    editor.link("/etc/current", "releases/a")
    editor.link("/etc/current", "releases/b")
    assert str(link.readlink()) == "releases/b"
    assert [path.name for path in (tmp_path / "etc").iterdir()] == ["current"]
    assert (editor.diff[1]["before"], editor.diff[1]["after"]) == ("releases/a\n", "releases/b\n")
    again = Editor(tmp_path)
    again.link("/etc/current", "releases/b")
    assert again.result() == {"changed": False, "diff": []}


def test_removal_never_follows_a_link(editor: Editor, tmp_path: Path) -> None:
    (tmp_path / "theirs/deep").mkdir(parents=True)
    (tmp_path / "etc/own/deep").mkdir(parents=True)
    (tmp_path / "etc/own/link").symlink_to(tmp_path / "theirs")
    (tmp_path / "etc/link").symlink_to(tmp_path / "theirs")
    (tmp_path / "etc/gone").symlink_to("nowhere")
    (tmp_path / "etc/file").touch()
    for name in ("own", "link", "gone", "file"):
        editor.remove(f"/etc/{name}")
    assert list((tmp_path / "etc").iterdir()) == []
    assert (tmp_path / "theirs/deep").is_dir()


def test_what_is_not_there_is_removed_already(editor: Editor) -> None:
    editor.remove("/etc/none")
    assert editor.result() == {"changed": False, "diff": []}


@pytest.mark.parametrize(("path", "text"), [("/etc/a", "a"), ("/etc/b", None), ("/etc/a/b", None)])
def test_a_text(editor: Editor, tmp_path: Path, path: str, text: str | None) -> None:
    (tmp_path / "etc/a").write_text("a")
    assert editor.text(path) == text


def test_an_owner_by_its_names() -> None:
    assert Owner().ids() == (0, 0)
    with pytest.raises(ActError, match="This host lacks the user no-such-user or the group root"):
        Owner("no-such-user").ids()
