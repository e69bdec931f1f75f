"""The modules: what they make of a failure."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest

from plugins.module_utils.act.editor import ActError, Editor
from plugins.module_utils.deploy.blot import pack
from plugins.module_utils.deploy.outcome import Undone
from tests.unit.ansible_module import run_module

RELEASE = {"name": "x", "release": "aaaa"}
UNITS = {"service": "", "socket": ""}
BUILD = {"user": "x", "build_user": "y", "settings": "", "units": UNITS, "uv": "/uv"}
ARGUMENTS: dict[str, dict[str, Any]] = {
    "build": {**RELEASE, **BUILD},
    "start": RELEASE,
    "switch": {**RELEASE, "site": "s"},
    "commit": {**RELEASE, "record": {}},
    "undo": RELEASE,
}


@pytest.mark.parametrize("name", ARGUMENTS)
@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ActError("why", kind="start"), "why"),
        (OSError(28, "No space left on device"), "[Errno 28] No space left on device"),
    ],
)
def test_a_failure_is_a_sentence(
    name: str,
    error: Exception,
    said: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise error

    module = importlib.import_module(f"plugins.modules.stream_{name}")
    monkeypatch.setattr(module, name, fail)
    result = run_module(module, ARGUMENTS[name], capsys)
    assert (result["failed"], result["msg"]) == (True, said)
    if isinstance(error, ActError):
        assert result["failure"] == {"kind": "start"}


def test_a_secret_is_in_no_result_of_a_build(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    module = importlib.import_module("plugins.modules.stream_build")
    monkeypatch.setattr(module, "build", lambda *_: None)
    secrets = {"environment": 'KEY="hunter2"', "build_environment": 'TOKEN="hunter2"'}
    assert "hunter2" not in str(run_module(module, {**ARGUMENTS["build"], **secrets}, capsys))


@pytest.mark.parametrize("name", ["build", "start", "switch", "commit", "undo"])
def test_a_secret_is_in_no_failure(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ActError("no 'hunter2'", kind="start", evidence="a\nb 'hunter2'")

    module = importlib.import_module(f"plugins.modules.stream_{name}")
    monkeypatch.setattr(module, name, fail)
    hidden = pack({"KEY": "hunter2", "LEVEL": "1"}, {})
    result = run_module(module, {**ARGUMENTS[name], "hidden": hidden}, capsys)
    assert result["msg"] == "no '***'"
    assert result["failure"] == {"kind": "start", "evidence": "a\nb '***'"}
    assert hidden not in str(result)


def test_a_journal_has_no_secret(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Neither one of the variables nor one that only an older release has."""
    module = importlib.import_module("plugins.modules.stream_undo")
    env = tmp_path / "srv/x/releases/aaaa/env"
    env.parent.mkdir(parents=True)
    env.write_text('# secret: OLD\nOLD="0ld-secret"\n')
    journal = "no 'hunter2', no '0ld-secret'"
    monkeypatch.setattr(module, "Editor", lambda: Editor(tmp_path))
    monkeypatch.setattr(module, "undo", lambda *_: (Undone(problem="no 'hunter2'"), journal))
    given = {**RELEASE, "hidden": pack({"KEY": "hunter2"}, {})}
    result = run_module(module, given, capsys)
    assert (result["journal"], result["problem"]) == ("no '***', no '***'", "no '***'")
