"""A release on the host: its files, its order, and what a failure leaves."""

from __future__ import annotations

import getpass
import grp
import io
import json
import os
import stat
import tarfile
from pathlib import Path
from typing import Any

import pytest

from plugins.module_utils.act import build as module
from plugins.module_utils.act import units
from plugins.module_utils.act.build import Build, build
from plugins.module_utils.act.editor import ActError, Editor, Owner
from plugins.module_utils.deploy.places import Places
from tests.unit.act.conftest import Systemd

CHAT = Places("chat")
ID = "aaaa"
ME, GROUP = getpass.getuser(), grp.getgrgid(os.getgid()).gr_name
UV = "/opt/uv/bin/uv"


def wanted(**changes: Any) -> Build:
    given: dict[str, Any] = {
        "user": ME,
        "build_user": ME,
        "archive": None,
        "files": {"deep/er/settings.py": "x = 1\n"},
        "settings": "workers = 1\n",
        "probe": "probe\n",
        "environment": 'KEY="hunter2"\n',
        "build_environment": 'TOKEN="hunter2"\n',
        "units": {"service": "[Service]\n", "socket": "[Socket]\n"},
        "uv": "/opt/uv",
        "steps": [["create the virtual environment", ["venv", "/v"]], ["install it", ["pip", "x"]]],
        "server_packages": ["gunicorn==1"],
        "sandbox": ["User=chat"],
        "manifest": {"id": ID, "probe": True},
    }
    return Build(**{**given, **changes})


def packed(directory: Path) -> str:
    archive = directory / "source.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        for name, mode in (("main.py", 0o644), ("run.sh", 0o755)):
            info = tarfile.TarInfo(name)
            info.mode, info.size, info.uid = mode, 4, 4711
            tar.addfile(info, io.BytesIO(b"app\n"))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "main.py"
        tar.addfile(link)
    return str(archive)


@pytest.fixture
def host(systemd: Systemd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Systemd:
    (tmp_path / "etc/systemd/system").mkdir(parents=True)
    monkeypatch.setattr(units, "check_units", lambda _: None)
    systemd.answer("systemd-run", "gunicorn==1\nfastapi==2\n")
    return systemd


def commands(host: Systemd) -> list[str]:
    """What ran as the build's user or in the app's sandbox, without its properties."""
    ran = [words for words in host.asked if words.startswith("systemd-run ")]
    return [
        " ".join(word for word in words.split() if not word.startswith("--property="))
        for words in ran
    ]


@pytest.mark.usefixtures("host")
def test_a_release(editor: Editor, tmp_path: Path) -> None:
    build(CHAT, ID, wanted(archive=packed(tmp_path)), editor)
    release = tmp_path / "srv/chat/releases" / ID
    assert (release / "src/main.py").read_text() == "app\n"
    assert stat.S_IMODE((release / "src/run.sh").stat().st_mode) & 0o100
    assert str((release / "src/link").readlink()) == "main.py"
    assert (release / "src/main.py").stat().st_uid == os.getuid()
    assert (release / "src/main.py").stat().st_mtime > 1e9
    assert (release / "src/deep/er/settings.py").read_text() == "x = 1\n"
    assert stat.S_IMODE((release / "env").stat().st_mode) == 0o600
    assert stat.S_IMODE(release.stat().st_mode) == 0o751
    assert (tmp_path / "etc/systemd/system/chat@aaaa.service").read_text() == "[Service]\n"
    manifest = json.loads((release / "release.json").read_text())
    assert manifest.pop("created").endswith("Z")
    packages = ["gunicorn==1", "fastapi==2"]
    assert manifest == {"id": ID, "probe": True, "packages": packages}
    assert "hunter2" not in json.dumps(editor.diff)


def test_the_steps(host: Systemd, editor: Editor) -> None:
    build(CHAT, ID, wanted(), editor)
    begin = "systemd-run --quiet --wait --pipe --collect --service-type=exec "
    release = "/srv/chat/releases/aaaa"
    assert commands(host) == [
        f"{begin}{UV} venv /v",
        f"{begin}{UV} pip x",
        f"{begin}{UV} pip freeze --exclude-editable",
        f"{begin}{UV} pip install --overrides - gunicorn==1",
        f"{begin}{UV} pip freeze --exclude-editable",
        f"{begin}{release}/venv/bin/gunicorn --check-config --config {release}/gunicorn.conf.py",
    ]
    assert all("--property=BindsTo=chat-deploy.service" in words for words in host.asked[:6])
    assert "--property=User=chat " in host.asked[5]


@pytest.mark.parametrize(
    ("command", "kind", "step"),
    [
        (f"{UV} pip x", "build", "install it"),
        (f"{UV} pip install --overrides", "build", "install the server"),
        ("/srv/chat/releases/aaaa/venv/bin/gunicorn", "import", "import the app"),
    ],
)
def test_a_failure_leaves_nothing(
    host: Systemd, editor: Editor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, kind: str, step: str
) -> None:  # fmt: skip
    def run(words: list[str], **options: Any) -> units.Said:
        if command in " ".join(words):
            return units.Said(1, "", "no solution")
        return host.run(words, **options)

    monkeypatch.setattr(units, "run", run)
    with pytest.raises(ActError) as failed:
        build(CHAT, ID, wanted(), editor)
    assert (str(failed.value), failed.value.failure) == (
        "no solution",
        {"kind": kind, "step": step, "evidence": "no solution"},
    )
    assert list((tmp_path / "srv/chat/releases").iterdir()) == []
    assert not (tmp_path / "etc/systemd/system/chat@aaaa.service").exists()


def test_an_archive_that_is_broken(host: Systemd, editor: Editor, tmp_path: Path) -> None:
    (tmp_path / "a.tar.gz").write_text("no archive")
    with pytest.raises(ActError) as failed:
        build(CHAT, ID, wanted(archive=str(tmp_path / "a.tar.gz")), editor)
    assert failed.value.failure == {"kind": "build", "step": "write its files"}
    assert commands(host) == []


@pytest.mark.usefixtures("host")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_the_source_belongs_to_the_builds_user(
    editor: Editor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also with Python 3.14, whose tarfile drops the owner unless it is told not to."""
    if hasattr(tarfile, "data_filter"):
        default = staticmethod(tarfile.data_filter)
        monkeypatch.setattr(tarfile.TarFile, "extraction_filter", default, raising=False)
    monkeypatch.setattr(Owner, "ids", lambda owner: (4711, 4712) if owner.user == "builder" else (0, 0))  # fmt: skip
    build(CHAT, ID, wanted(archive=packed(tmp_path), build_user="builder"), editor)
    release = tmp_path / "srv/chat/releases" / ID
    for path in (
        "src",
        "src/main.py",
        "src/link",
        "src/deep/er",
        "src/deep/er/settings.py",
        "venv",
    ):
        found = (release / path).lstat()
        assert (found.st_uid, found.st_gid) == (4711, 4712), path
    for path in ("env", "gunicorn.conf.py", "release.json"):
        assert (release / path).stat().st_uid == 0, path


@pytest.mark.usefixtures("host")
def test_the_remains_of_a_killed_build_go_first(editor: Editor, tmp_path: Path) -> None:
    left = tmp_path / "srv/chat/releases/aaaa/src/old.py"
    left.parent.mkdir(parents=True)
    left.touch()
    build(CHAT, ID, wanted(), editor)
    assert not left.exists()


@pytest.mark.usefixtures("host")
def test_units_that_systemd_refuses(
    editor: Editor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(texts: dict[str, str]) -> None:
        assert sorted(texts) == ["chat@aaaa.service", "chat@aaaa.socket"]
        raise ActError("no such directive")

    monkeypatch.setattr(module.units, "check_units", refuse)
    with pytest.raises(ActError, match="no such directive"):
        build(CHAT, ID, wanted(), editor)
    assert list((tmp_path / "srv/chat/releases").iterdir()) == []


def test_check_mode_shows_the_settings_and_the_units(systemd: Systemd, tmp_path: Path) -> None:
    editor = Editor(tmp_path, check=True)
    build(CHAT, ID, wanted(), editor)
    assert [one["after"] for one in editor.diff] == ["workers = 1\n", "[Service]\n", "[Socket]\n"]
    assert (list(tmp_path.iterdir()), systemd.asked) == ([], [])
