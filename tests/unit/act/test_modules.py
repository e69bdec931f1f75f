"""The modules: what they make of a failure."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from plugins.module_utils.act.editor import ActError
from tests.unit.ansible_module import run_module

RELEASE = {"name": "x", "release": "aaaa"}
UNITS = {"service": "", "socket": ""}
BUILD = {"user": "x", "build_user": "y", "settings": "", "units": UNITS, "uv": "/uv"}
ARGUMENTS: dict[str, dict[str, Any]] = {
    "build": {**RELEASE, **BUILD},
    "start": RELEASE,
    "switch": {"name": "x", "site": "s"},
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
