"""The action plugin stream_settings."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from plugins.action import stream_settings
from tests.unit.action_plugin import run_action
from tests.unit.settings.values import ROLE, ROOT, variables

ARGUMENTS = {"spec": str(ROLE / "meta/argument_specs.yml"), "entry": "deploy"}


def settle(base: Path, /, **changes: Any) -> dict[str, Any]:
    """Settle the minimal variables with these changes, beside variables of other names."""
    given = {**variables(changes), "playbook_dir": str(base), "colour": "blue"}
    return run_action(stream_settings, ARGUMENTS, given)


def test_what_later_steps_need(source: Path) -> None:
    result = settle(source.parent)
    assert (result["changed"], result.get("failed")) == (False, None)
    assert result["settings"]["streaming_api_name"] == "chat"
    assert result["settings"]["streaming_api_drain_timeout"] == 3600  # the spec's default
    assert result["app"]["source"]["path"] == str(source)
    assert result["app"]["user"] == "chat"


def test_values_are_templated_and_converted(source: Path) -> None:
    given = {
        "name": "chat-{{ colour }}",
        "user": "{{ streaming_api_name }}",
        "keep_releases": "{{ '4' }}",
        "environment": {"A": "{{ colour }}"},
    }
    result = settle(source.parent, **given)
    settings = result["settings"]
    assert settings["streaming_api_name"] == "chat-blue"
    assert result["app"]["user"] == "chat-blue"
    assert settings["streaming_api_keep_releases"] == 4
    assert settings["streaming_api_environment"] == {"A": "blue"}


def test_a_release_of_the_host_needs_no_source(source: Path) -> None:
    result = settle(source.parent, source="/nowhere", release="previous")
    assert "failed" not in result
    assert settle(source.parent, source="/nowhere")["failed"] is True


def test_it_fails_with_each_problem(source: Path) -> None:
    result = settle(source.parent, gunicorn_workers="many", app="main:ap")
    assert result["problems"] == [
        "streaming_api_gunicorn_workers is 'many'; allowed is a whole number, 0 or more.",
        (
            "streaming_api_app is 'main:ap'; allowed is an attribute that main.py defines, "
            "the nearest is app."
        ),
    ]
    assert (result["failed"], result["msg"]) == (True, "\n".join(result["problems"]))


def test_a_name_that_is_misspelt(source: Path) -> None:
    result = settle(source.parent, secert={"KEY": "hunter2"})
    assert result["problems"] == [
        "streaming_api_secert is unknown; the nearest known name is streaming_api_secrets."
    ]
    assert "hunter2" not in json.dumps(result)


@pytest.mark.parametrize("name", ["environment", "secrets", "nginx_server_names", "app"])
def test_an_undefined_variable_in_a_value(source: Path, name: str) -> None:
    value: Any = "{{ no_such }}"
    value = {"environment": {"A": value}, "secrets": {"A": value}, "nginx_server_names": [value]}.get(name, value)  # fmt: skip
    result = settle(source.parent, **{name: value})
    [problem] = [one for one in result["problems"] if "is missing" not in one]
    assert problem.startswith(f"streaming_api_{name} cannot be templated: ")
    assert "'no_such' is undefined" in problem
    assert "\n" not in problem


def test_a_name_that_is_missing_is_missing_once(source: Path) -> None:
    """The user is called as the app is, by default."""
    given = {"streaming_api_user": "{{ streaming_api_name }}", "playbook_dir": str(source.parent)}
    result = run_action(stream_settings, ARGUMENTS, given)
    problems = [one for one in result["problems"] if "_name" in one]
    assert [one.partition(";")[0] for one in problems] == ["streaming_api_name is missing"]
    assert not any("templated" in one for one in result["problems"])


PEM = "-----BEGIN {0}-----\nhunter2\n-----END {0}-----\n"


@pytest.mark.parametrize(
    "secret",
    [
        {"secrets": {"KEY": "hunter2"}},
        {"build_environment": {"UV_INDEX_A_PASSWORD": "hunter2"}},
        {
            "tls": "provided",
            "tls_certificate": PEM.format("CERTIFICATE").replace("hunter2", "MIIB"),
            "tls_key": PEM.format("PRIVATE KEY"),
        },
        {"git_url": "https://me:hunter2@a.org/a.git", "source": ""},
    ],
)
@pytest.mark.parametrize("fails", [False, True])
def test_a_secret_reaches_no_result(source: Path, secret: dict[str, Any], fails: bool) -> None:
    wrong = {"gunicorn_workers": "many"} if fails else {}
    result = settle(source.parent, **secret, **wrong)
    assert bool(result.get("failed")) is fails
    assert "hunter2" not in json.dumps(result)


@pytest.mark.parametrize("name", ["secrets", "build_environment"])
def test_a_secret_that_is_wrong_is_not_quoted(source: Path, name: str) -> None:
    values: list[Any] = ["hunter2", ["hunter2"], {"a b": "hunter2"}, {"KEY": ["hunter2"]}]
    for value in values:
        result = settle(source.parent, **{name: value})
        assert result["failed"] is True
        assert "hunter2" not in json.dumps(result)


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
