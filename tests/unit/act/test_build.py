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
from plugins.module_utils.deploy.blot import pack
from plugins.module_utils.deploy.outcome import Failure
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
        "modules": {"stream_probe.py": "probe\n"},
        "environment": 'KEY="hunter2"\n',
        "build_environment": 'TOKEN="hunter2"\n',
        "units": {"service": "[Service]\n", "socket": "[Socket]\n"},
        "singles": {},
        "programs": [],
        "uv": "/opt/uv",
        "steps": [["create the virtual environment", ["venv", "/v"]], ["install it", ["pip", "x"]]],
        "server_packages": ["gunicorn==1"],
        "server_lock": "",
        "build_sandbox": ["PrivateTmp=yes"],
        "build_timeout": 60,
        "sandbox": ["User=chat"],
        "before_start": [],
        "before_start_timeout": 5,
        "manifest": {"id": ID, "probe": True},
        "hidden": pack({"KEY": "hunter2"}, {}),
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
    assert (release / "stream_probe.py").read_text() == "probe\n"
    assert stat.S_IMODE((release / "stream_probe.py").stat().st_mode) == 0o640
    assert stat.S_IMODE((release / "env").stat().st_mode) == 0o600
    assert stat.S_IMODE(release.stat().st_mode) == 0o751
    assert (tmp_path / "etc/systemd/system/chat@aaaa.service").read_text() == "[Service]\n"
    manifest = json.loads((release / "release.json").read_text())
    assert manifest.pop("created").endswith("Z")
    packages = ["gunicorn==1", "fastapi==2"]
    assert manifest == {"id": ID, "probe": True, "packages": packages}
    assert "hunter2" not in json.dumps(editor.diff)


def test_its_own_steps_come_last_in_the_apps_sandbox(host: Systemd, editor: Editor) -> None:
    build(CHAT, ID, wanted(before_start=[["alembic", "upgrade", "head"], ["warm"]]), editor)
    *_, checked, migrated, warmed = commands(host)
    assert "--check-config" in checked
    assert migrated.endswith(" /usr/bin/env -- alembic upgrade head")
    assert warmed.endswith(" /usr/bin/env -- warm")
    assert "--property=User=chat " in host.asked[-1] or "--property=User=chat " in host.asked[-2]
    assert "--property=RuntimeMaxSec=5 " in " ".join(host.asked)


def test_a_step_of_its_own_that_fails_leaves_no_release(
    host: Systemd, editor: Editor, tmp_path: Path
) -> None:
    host.answer("systemd-run --wait --pipe --collect --service-type=exec --property=BindsTo=chat-deploy.service --property=After=chat-deploy.service --property=User=chat --property=RuntimeMaxSec", status=1, error="Traceback\nsqlite3.Error: hunter2 is locked\n")  # fmt: skip
    with pytest.raises(ActError) as failed:
        build(CHAT, ID, wanted(before_start=[["alembic", "upgrade"], ["never"]]), editor)
    failure = failed.value.failure
    assert (failure["kind"], failure["step"]) == ("before-start", "alembic upgrade")
    assert "sqlite3.Error: *** is locked" in failure["evidence"]
    assert not (tmp_path / "srv/chat/releases/aaaa").exists()
    assert not any("never" in words for words in commands(host))


WITH_PROCESSES: dict[str, Any] = {
    "units": {
        "service": "[Service]\n",
        "socket": "[Socket]\n",
        "worker.service": "[Service]\n#w\n",
    },
    "singles": {"ticker": "[Service]\n#t\n"},
    "programs": ["celery", "./tick"],
}


def test_its_background_processes(host: Systemd, editor: Editor, tmp_path: Path) -> None:
    build(CHAT, ID, wanted(**WITH_PROCESSES), editor)
    worker = tmp_path / "etc/systemd/system/chat@aaaa.worker.service"
    assert worker.read_text() == "[Service]\n#w\n"
    single = tmp_path / "srv/chat/releases/aaaa/single"
    assert (single / "ticker.service").read_text() == "[Service]\n#t\n"
    assert stat.S_IMODE(single.stat().st_mode) == 0o700
    assert commands(host)[-1].endswith(" sh celery ./tick")
    module.remove(CHAT, ID, editor)
    assert not worker.exists()
    assert not single.exists()


def test_a_program_that_is_not_there(host: Systemd, editor: Editor, tmp_path: Path) -> None:
    sandbox = "systemd-run --wait --pipe --collect --service-type=exec --property=BindsTo=chat-deploy.service --property=After=chat-deploy.service --property=User=chat /bin/sh"  # fmt: skip
    host.answer(sandbox, "celery\n", status=1)
    with pytest.raises(ActError) as failed:
        build(CHAT, ID, wanted(**WITH_PROCESSES), editor)
    found = failed.value.failure["evidence"]
    assert found == "celery is neither in the virtual environment nor on the host"
    assert list((tmp_path / "srv/chat/releases").iterdir()) == []


def test_the_steps(host: Systemd, editor: Editor) -> None:
    build(CHAT, ID, wanted(), editor)
    begin = "systemd-run --wait --pipe --collect --service-type=exec "
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
    for words in host.asked[:5]:
        properties = [word.partition("=")[2] for word in words.split() if "--property=" in word]
        assert "PrivateTmp=yes" in properties
        writable = [one for one in properties if one.startswith("ReadWritePaths=")]
        assert writable == [
            f"ReadWritePaths={path}"
            for path in (
                f"{release}/src",
                f"{release}/venv",
                f"{release}/python",
                "/srv/chat/cache",
            )
        ]


def test_a_server_with_hashes(host: Systemd, editor: Editor) -> None:
    lock = "# gunicorn==1 uvicorn==2\ngunicorn==1 \\\n    --hash=sha256:aa\nuvicorn==2 \\\n    --hash=sha256:bb\n"
    build(CHAT, ID, wanted(server_lock=lock), editor)
    assert commands(host)[3].endswith("uv pip install --no-deps --require-hashes --requirements -")


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ("timeout", "The build took longer than the 60 s of streaming_api_build_timeout."),
        ("oom-kill", "The build needed more memory than streaming_api_build_memory_max allows."),
        ("exit-code", "error: no solution"),
    ],
)
def test_a_build_beyond_a_limit(host: Systemd, editor: Editor, result: str, said: str) -> None:
    error = f"Running as unit: run-u1.service\nerror: no solution\nFinished with result: {result}\nMain ...\n"
    host.answer("systemd-run", error=error, status=1)
    with pytest.raises(ActError) as failed:
        build(CHAT, ID, wanted(), editor)
    found = Failure.of({"msg": str(failed.value), "failure": failed.value.failure})
    assert (found.said, found.evidence) == (said, "error: no solution")


@pytest.mark.parametrize("command", [f"{UV} pip x", "/srv/chat/releases/aaaa/venv/bin/gunicorn"])
def test_a_failure_says_no_secret(
    host: Systemd, editor: Editor, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    def run(words: list[str], **options: Any) -> units.Said:
        if command in " ".join(words):
            return units.Said(1, "", "error: 'hunter2' is no number")
        return host.run(words, **options)

    monkeypatch.setattr(units, "run", run)
    with pytest.raises(ActError) as failed:
        build(CHAT, ID, wanted(), editor)
    assert failed.value.failure["evidence"] == "error: '***' is no number"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("nameserver 127.0.0.53\noptions edns0\n", ["127.0.0.53"]),
        ("# nameserver 127.0.0.1\nnameserver 192.0.2.1\nnameserver ::1\n", ["::1"]),
        ("", []),
    ],
)
def test_the_hosts_own_resolver(text: str, found: list[str]) -> None:
    assert module.resolvers(text) == found


@pytest.mark.usefixtures("host")
def test_a_finished_release_is_read_only(editor: Editor, tmp_path: Path) -> None:
    build(CHAT, ID, wanted(archive=packed(tmp_path)), editor)
    release = tmp_path / "srv/chat/releases" / ID
    modes = {
        path: stat.S_IMODE((release / path).stat().st_mode)
        for path in ("src", "src/main.py", "src/run.sh", "venv")
    }
    assert modes == {"src": 0o750, "src/main.py": 0o440, "src/run.sh": 0o550, "venv": 0o750}
    assert not (release / "python").exists()  # nothing was installed there


@pytest.mark.usefixtures("host")
def test_directories_that_were_open_are_tightened(editor: Editor, tmp_path: Path) -> None:
    for path in ("srv/chat/releases", "var/lib/chat"):
        (tmp_path / path).mkdir(parents=True)
    build(CHAT, ID, wanted(), editor)
    modes = [
        stat.S_IMODE((tmp_path / path).stat().st_mode)
        for path in ("srv/chat", "srv/chat/releases", "var/lib/chat")
    ]
    assert modes == [0o711, 0o711, 0o750]
    assert not (tmp_path / "var/cache/chat").exists()


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
        f"This failed: {step}.",
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


PATHS = ("src", "src/main.py", "src/link", "src/deep/er", "src/deep/er/settings.py", "venv")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_the_source_belongs_to_the_builds_user_while_the_build_runs(
    host: Systemd, editor: Editor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also with Python 3.14, whose tarfile drops the owner unless it is told not to."""
    if hasattr(tarfile, "data_filter"):
        default = staticmethod(tarfile.data_filter)
        monkeypatch.setattr(tarfile.TarFile, "extraction_filter", default, raising=False)
    monkeypatch.setattr(Owner, "ids", lambda owner: (4711, 4712) if owner.user == "builder" else (0, 0))  # fmt: skip
    release = tmp_path / "srv/chat/releases" / ID
    seen: list[dict[str, int]] = []

    def run(words: list[str], **options: Any) -> units.Said:
        if words[0] == "systemd-run":
            seen.append({path: (release / path).lstat().st_uid for path in PATHS})
        return host.run(words, **options)

    monkeypatch.setattr(units, "run", run)
    build(CHAT, ID, wanted(archive=packed(tmp_path), build_user="builder"), editor)
    *during, at_the_import = seen
    assert during == [dict.fromkeys(PATHS, 4711)] * 5
    assert at_the_import == dict.fromkeys(PATHS, 0)
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
