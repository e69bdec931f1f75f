"""What the controller knows of itself."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from plugins.module_utils import controller
from plugins.module_utils.deploy.lock import is_gone, parse


def test_a_process_is_told_from_a_later_one_with_its_number() -> None:
    with subprocess.Popen(["sleep", "60"]) as child:
        first = controller.started(child.pid)
        assert re.fullmatch(r"[0-9a-f]{8}", first)
        assert controller.started(child.pid) == first
        child.kill()
    assert controller.started(child.pid) == ""


def test_a_system_without_proc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(controller, "BOOT", Path("/nowhere"))
    assert re.fullmatch(r"[0-9a-f]{8}", controller.started(os.getpid()))
    assert controller.started(2**22 + 1) == ""


def test_two_deploys_of_one_process_are_two_holders() -> None:
    one, other = controller.me(), controller.me()
    assert one != other
    assert one._replace(claim="") == other._replace(claim="")
    assert one.pid == os.getppid()
    assert parse(str(one)) == one
    assert is_gone(one, other, controller.started)


def test_one_that_runs_is_not_gone() -> None:
    me, other = controller.me(), controller.me(os.getpid())
    assert not is_gone(other, me, controller.started)


@pytest.mark.parametrize(("home", "cache"), [("/x", "/x/streaming_api"), ("", "/home/me/.cache/streaming_api")])  # fmt: skip
def test_the_cache(monkeypatch: pytest.MonkeyPatch, home: str, cache: str) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", home)
    monkeypatch.setenv("HOME", "/home/me")
    assert controller.cache() == cache


def test_the_monitors_program_has_all_that_it_imports(tmp_path: Path) -> None:
    """Nothing of this repository is on a host but these files."""
    for path, text in controller.monitor_program().items():
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    run = [sys.executable, "-c", "import streaming_api.monitor.watch"]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
