"""The module stream_settings."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.unit.ansible_module import run_module
from tests.unit.settings.values import MINIMAL, ROLE, ROOT, SPEC, variables


def settle(values: dict[str, Any], base: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    from plugins.modules import stream_settings  # noqa: PLC0415 - slow

    arguments = {"values": values, "spec": SPEC, "base": str(base)}
    return run_module(stream_settings, arguments, capsys)


def test_the_module_passes_facts_on(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = settle(variables({}), source.parent, capsys)
    assert result["changed"] is False
    assert (result["origin"], result["module_file"]) == ("source", "main.py")


def test_a_release_of_the_host_needs_no_source(
    source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = variables({"source": "/nowhere", "release": "previous"})
    assert "origin" not in settle(given, source.parent, capsys)


def test_the_module_fails_with_each_problem(
    source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = settle(
        variables({"gunicorn_workers": "many", "app": "main:ap"}), source.parent, capsys
    )
    assert result["problems"] == [
        "streaming_api_gunicorn_workers is 'many'; allowed is a whole number, 0 or more.",
        (
            "streaming_api_app is 'main:ap'; allowed is an attribute that main.py defines, "
            "the nearest is app."
        ),
    ]
    assert result["msg"] == "\n".join(result["problems"])


def test_the_import_is_cheap() -> None:
    """Only the standard library, and nothing of it that starts slowly."""
    code = (
        "import sys; before = set(sys.modules); import plugins.module_utils.app_source;"
        "import plugins.module_utils.settings.check;"
        "print(*{name.partition('.')[0] for name in set(sys.modules) - before})"
    )
    command = [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); {code}"]
    loaded = set(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())
    assert loaded - sys.stdlib_module_names == {"plugins"}
    assert not loaded & {
        "asyncio",
        "dataclasses",
        "email",
        "http",
        "socket",
        "subprocess",
        "typing_extensions",
    }


def test_the_imports_resolve_in_checkout_collection_and_role(source: Path) -> None:
    home = source.parent
    arguments = {
        "values": MINIMAL,
        "spec": "{{ (lookup('file', spec_file) | from_yaml).argument_specs.main.options }}",
        "base": "{{ playbook_dir }}",
    }
    collection = home / "ansible_collections/unbuffered/streaming"
    (collection / "roles/probe/tasks").mkdir(parents=True)
    (collection / "plugins").symlink_to(ROOT / "plugins")
    (collection / "roles/probe/tasks/main.yml").write_text(
        json.dumps([{"stream_settings": arguments}])
    )
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "tasks": [
            {"stream_settings": arguments},
            {"unbuffered.streaming.stream_settings": arguments},
            {"import_role": {"name": "unbuffered.streaming.probe"}},
        ],
    }
    playbook = home / "playbook.yml"
    playbook.write_text(json.dumps([play]))
    extra = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "spec_file": str(ROLE / "meta/argument_specs.yml"),
    }
    done = subprocess.run(
        [
            Path(sys.executable).with_name("ansible-playbook"),
            *("--inventory", "localhost,", "--extra-vars", json.dumps(extra), playbook),
        ],
        check=False,
        capture_output=True,
        text=True,
        env={
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_COLLECTIONS_PATH": str(home),
            "HOME": str(home),
            "LC_ALL": "C.UTF-8",
            "PATH": os.environ["PATH"],
        },
    )
    assert "ok=3" in done.stdout, done.stdout + done.stderr
