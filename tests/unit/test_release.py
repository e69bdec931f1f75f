"""The name of a release, the archive of its source, and the module that makes them."""

from __future__ import annotations

import io
import os
import socket
import subprocess
import tarfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ansible.module_utils.basic import AnsibleModule

from plugins.module_utils import release
from plugins.module_utils.release import ReleaseError, describe, identify, pack, scan
from tests.unit.ansible_module import run_module

if TYPE_CHECKING:
    from collections.abc import Callable

FILES = {
    "main.py": "app = 1\n",
    "requirements.txt": "fastapi\n",
    "api/routes.py": "",
    "api/deep/er/data.bin": "\0\1",
    "größe/日本.txt": "x",
}


def write(directory: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return directory


def digest(source: Path, *exclude: str) -> str | None:
    return describe(scan(str(source), exclude)).digest


@pytest.fixture
def source(tmp_path: Path) -> Path:
    source = write(tmp_path / "app", FILES)
    (source / "run.sh").touch(mode=0o755)
    (source / "link").symlink_to("api/routes.py")
    (source / "api/up").symlink_to("../main.py")
    return source


# --- what changes the digest ---


def replace_by_link(path: Path, target: str) -> None:
    path.unlink()
    path.symlink_to(target)


@pytest.mark.parametrize(
    "change",
    [
        lambda app: (app / "main.py").write_text("app = 2\n"),
        lambda app: (app / "main.py").rename(app / "main2.py"),
        lambda app: (app / "main.py").rename(app / "api/main.py"),
        lambda app: (app / "main.py").unlink(),
        lambda app: (app / "main.py").chmod(0o744),
        lambda app: (app / "run.sh").chmod(0o655),
        lambda app: (app / "new").touch(),
        lambda app: replace_by_link(app / "link", "main.py"),
        lambda app: replace_by_link(app / "link", "./api/routes.py"),
        lambda app: ((app / "link").unlink(), (app / "link").write_text("api/routes.py")),
        lambda app: ((app / "a").write_text("bc"), (app / "api/routes.py").write_text("b")),
    ],
)
def test_the_digest_changes(source: Path, change: Callable[[Path], object]) -> None:
    before = digest(source)
    change(source)
    assert digest(source) != before


@pytest.mark.parametrize(
    "change",
    [
        lambda app: os.utime(app / "main.py", (1, 1)),
        lambda app: (app / "main.py").chmod(0o600),
        lambda app: (app / "main.py").chmod(0o677),
        lambda app: (app / "run.sh").chmod(0o700),
        lambda app: (app / "api").chmod(0o700),
        lambda app: (app / "empty/deeper").mkdir(parents=True),
        lambda app: write(app, {"api/__pycache__/x.pyc": "", "b.pyc": "", "docs/a/b.md": ""}),
        lambda app: write(app, {".venv/x": "", ".venv/y": ""}),
        lambda app: os.mkfifo(app / "b.pyc"),
        lambda app: (app / "b.pyc").symlink_to("/etc/passwd"),
        lambda app: ((app / "main.py").unlink(), write(app, {"main.py": FILES["main.py"]})),
    ],
)
def test_the_digest_stays(source: Path, change: Callable[[Path], object]) -> None:
    exclude = ("__pycache__", "*.pyc", "docs/*.md", ".venv/")
    before = digest(source, *exclude)
    change(source)
    assert digest(source, *exclude) == before


def test_the_place_of_the_source_does_not_matter(source: Path) -> None:
    before = digest(source)
    elsewhere = source.parent / "elsewhere/again"
    elsewhere.parent.mkdir()
    source.rename(elsewhere)
    assert digest(elsewhere) == before
    (source.parent / "to").symlink_to(elsewhere)
    assert digest(source.parent / "to") == before


def test_fields_of_two_files_never_look_like_one(tmp_path: Path) -> None:
    write(tmp_path / "one", {"a": "", "b": ""})
    write(tmp_path / "two", {"a": "4:file1:b32:"})
    assert digest(tmp_path / "one") != digest(tmp_path / "two")


def test_the_digest_is_the_same_for_good(tmp_path: Path) -> None:
    """A new way to make it would give each release on every host a new id."""
    app = write(tmp_path, {"main.py": "app = 1\n"})
    (app / "link").symlink_to("main.py")
    assert digest(app) == "a673909ae1d216b67991dbdea53b7e9e5f0f69fd83515fef3f6b591dca69ef59"
    assert identify("d", {"b": [1, "é"], "a": None}, {"KEY": "x"}) == "62c09d3608f0"
    assert identify("d", {"b": [1, "é"], "a": None}) == "2fc244e5c53f"


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.py")).touch()
    source = describe(scan(str(tmp_path)))
    assert source.files == 1
    archive = tmp_path / "a.tar.gz"
    pack(scan(str(tmp_path)), source.digest, str(archive))
    assert names(archive) == [os.fsdecode(b"\xff.py")]


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


# --- what a source is ---


@pytest.mark.parametrize(
    ("files", "dependency_files", "installable"),
    [
        ({}, [], False),
        ({"a/pyproject.toml": "[build-system]", "a/setup.py": ""}, [], False),
        ({"setup.py": ""}, ["setup.py"], True),
        ({"pyproject.toml": "[project]\n# [build-system]\n"}, ["pyproject.toml"], False),
        ({"pyproject.toml": "[project]\n[build-system]\n"}, ["pyproject.toml"], True),
        ({"pyproject.toml": "[ build-system ] # x\r\n"}, ["pyproject.toml"], True),
        ({"pyproject.toml/x": ""}, [], False),
        ({"pyproject.toml": "a = '[build-system]'"}, ["pyproject.toml"], False),
        (
            {"pyproject.toml": "", "requirements.txt": "", "uv.lock": ""},
            ["uv.lock", "requirements.txt", "pyproject.toml"],
            False,
        ),
    ],
)
def test_facts(
    tmp_path: Path, files: dict[str, str], dependency_files: list[str], installable: bool
) -> None:
    source = describe(scan(str(write(tmp_path, files))))
    assert (source.dependency_files, source.installable) == (dependency_files, installable)
    assert (source.files, source.bytes) == (len(files), sum(map(len, files.values())))


@pytest.mark.parametrize(
    ("project", "installable"), [("", False), ("a", True), ("b/c", True), ("b", False)]
)
def test_a_project_may_be_below_the_top(tmp_path: Path, project: str, installable: bool) -> None:
    write(
        tmp_path, {"a/pyproject.toml": "[build-system]", "b/c/setup.py": "", "pyproject.toml": ""}
    )
    assert describe(scan(str(tmp_path)), project).installable is installable


def test_a_dependency_file_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").symlink_to("setup/pyproject.toml")
    assert describe(scan(str(tmp_path))).dependency_files == []
    write(tmp_path, {"setup/pyproject.toml": "[build-system]"})
    source = describe(scan(str(tmp_path)))
    assert (source.dependency_files, source.installable) == (["pyproject.toml"], True)


def test_a_wheel(tmp_path: Path) -> None:
    wheel = tmp_path / "chat-1.0-py3-none-any.whl"
    wheel.write_bytes(b"PK")
    source = describe(scan(str(wheel)))
    assert source[1:] == (1, 2, [], False)
    archive = tmp_path / "a.tar.gz"
    pack(scan(str(wheel)), source.digest, str(archive))
    assert names(archive) == [wheel.name]


# --- what a source cannot be ---


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


def test_what_cannot_be_read(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root reads all, so the refusal is made up."""
    entries = scan(str(source))
    real = Path.open

    def refuse(path: Path, *args: Any, **options: Any) -> Any:
        if path.name == "main.py":
            raise PermissionError(13, "Permission denied")
        return real(path, *args, **options)

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ReleaseError) as error:
        describe(entries)
    assert str(error.value) == (
        "The source's 'main.py' cannot be read (Permission denied): make it readable or exclude it."
    )


# --- the id ---


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (("d", {"a": 1, "b": 2}, {}), ("d", {"b": 2, "a": 1}, {}), True),
        (("d", {}, {"A": "1", "B": "2"}), ("d", {}, {"B": "2", "A": "1"}), True),
        (("d", {}, None), ("d", None, {}), True),
        (("d", {"a": 1}, {}), ("d", {"a": "1"}, {}), False),
        (("d", {"a": 1}, {}), ("e", {"a": 1}, {}), False),
        (("d", {}, {}), (None, {}, {}), False),
        (("d", {}, {"A": "1"}), ("d", {}, {}), False),
        (("d", {}, {"A": "1"}), ("d", {}, {"A": "2"}), False),
        (("d", {}, {"A": "1"}), ("d", {}, {"B": "1"}), False),
        (("d", {}, {"A": "1"}), ("d", {"A": "1"}, {}), False),
    ],
)
def test_the_id(one: tuple[Any, ...], other: tuple[Any, ...], same: bool) -> None:
    assert (identify(*one) == identify(*other)) is same


def test_a_guess_of_a_secret_takes_time() -> None:
    def cost(secrets: dict[str, str], rounds: int) -> float:
        began = time.process_time()
        for _ in range(rounds):
            identify("d", {}, secrets)
        return (time.process_time() - began) / rounds

    assert cost({"PIN": "1234"}, 1) > 20 * cost({}, 100)


# --- the archive ---


def names(archive: Path) -> list[str]:
    with tarfile.open(archive) as tar:
        return tar.getnames()


def packed(source: Path, archive: Path, *exclude: str) -> bytes:
    entries = scan(str(source), exclude)
    pack(entries, describe(entries).digest, str(archive))
    return archive.read_bytes()


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
        release._write(full, entries, describe(entries).digest)


def test_a_file_that_shrinks_while_it_is_read(source: Path) -> None:
    entry = next(entry for entry in scan(str(source)) if entry.name == b"main.py")
    with release._Reader(entry) as reader:
        (source / "main.py").write_text("app")
        with pytest.raises(ReleaseError, match="changed"):
            reader.read(reader.size)


# --- the module ---


def run(capsys: pytest.CaptureFixture[str], *, check: bool = False, **arguments: Any) -> Any:
    from plugins.modules import stream_release  # noqa: PLC0415 - slow

    return run_module(stream_release, arguments, capsys, check=check)


def test_the_module(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archive = tmp_path / "a.tar.gz"
    arguments: dict[str, Any] = {
        "source": str(source),
        "archive": str(archive),
        "parts": {"unit": "[Service]"},
    }
    planned = run(capsys, check=True, **arguments)
    assert not archive.exists()
    made = run(capsys, **arguments)
    assert archive.exists()
    again = run(capsys, **arguments)
    assert [planned["changed"], made["changed"], again["changed"]] == [True, True, False]
    assert planned["id"] == made["id"] == again["id"]
    assert made["id"] == identify(digest(source), {"unit": "[Service]"})
    made = {name: made[name] for name in made.keys() - {"invocation", "id"}}
    assert made == {
        "changed": True,
        "source_digest": digest(source),
        "files": 8,
        "bytes": 19,
        "dependency_files": ["requirements.txt"],
        "installable": False,
    }


def test_a_source_that_changed_since_it_was_named(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Else the archive of another source would have its name, for good."""
    archive = tmp_path / "a.tar.gz"
    arguments: dict[str, Any] = {"source": str(source), "archive": str(archive)}
    arguments["source_digest"] = digest(source)
    (source / "main.py").write_text("app = 2\n")
    assert run(capsys, **arguments)["msg"] == release.CHANGED
    assert not archive.exists()
    assert run(capsys, **{**arguments, "source_digest": digest(source)})["changed"] is True
    (source / "main.py").write_text("app = 3\n")
    assert run(capsys, **arguments)["changed"] is False


def test_the_module_without_a_source(capsys: pytest.CaptureFixture[str]) -> None:
    result = run(capsys, parts={"package": "datasette"})
    assert result["id"] == identify(None, {"package": "datasette"})
    assert (result["source_digest"], result["files"], result["changed"]) == (None, 0, False)


def test_a_short_secret_blots_out_nothing_and_a_long_one_is_not_told(
    source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secrets = {f"S{digit}": f"{digit:x}" for digit in range(16)} | {"KEY": "correct horse"}
    result = run(capsys, source=str(source), secrets=secrets, parts={"unit": "correct horse"})
    assert result["id"] == identify(digest(source), {"unit": "correct horse"}, secrets)
    assert (result["source_digest"], result["files"]) == (digest(source), 8)
    assert "correct horse" not in str(result)
    assert secrets["KEY"] not in str(result.get("invocation"))


def test_the_module_fails_in_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    result = run(capsys, source="/gone")
    assert (result["failed"], result["msg"]) == (True, "source is '/gone', which does not exist.")


def test_a_large_source_is_worth_a_warning(
    source: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    warnings: list[str] = []
    monkeypatch.setattr(AnsibleModule, "warn", lambda _, text: warnings.append(text))
    monkeypatch.setattr(release, "LARGE", 19)
    run(capsys, source=str(source))
    assert warnings == []
    monkeypatch.setattr(release, "LARGE", 10)
    run(capsys, source=str(source))
    assert "The source has 1.9 GiB" in warnings[0]


def test_a_file_larger_than_a_block(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"\0" * (release.BLOCK + 1))
    long = describe(scan(str(tmp_path)))
    (tmp_path / "x").write_bytes(b"\0" * release.BLOCK)
    assert long.bytes == release.BLOCK + 1
    assert describe(scan(str(tmp_path))).digest != long.digest
    archive = io.BytesIO(packed(tmp_path, tmp_path.parent / "a.tar.gz"))
    with tarfile.open(fileobj=archive) as tar:
        assert tar.getmember("x").size == release.BLOCK
