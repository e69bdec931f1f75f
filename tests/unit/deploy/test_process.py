"""The units of an app's background processes."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.module_utils.deploy import process
from tests.unit.deploy.made_app import described

TEXTS = {"service": "s", "process": "[Service]\nUser=chat\n"}


def made(**changes: Any) -> dict[str, Any]:
    """A process of the app."""
    [found] = described(
        processes=[{"name": "worker", "command": "celery worker", **changes}]
    ).processes
    return found


@pytest.mark.parametrize(
    ("command", "line", "program"),
    [
        ("celery -A jobs worker", "celery -A jobs worker", "celery"),
        ("./run 'a b' --at=5%", './run "a b" --at=5%%', "./run"),
        ("A=b C= python -m x", "A=b C= python -m x", "python"),
        (r"""sh -c 'echo "$A" \'""", r'sh -c "echo \"$A\" \\"', "sh"),
        ("x ; ''", 'x ";" ""', "x"),
        ("A=b", "A=b", "A=b"),
    ],
)
def test_a_command(command: str, line: str, program: str) -> None:
    found = made(command=command)
    assert f"ExecStart=:/usr/bin/env -- {line}" in found["lines"]
    assert found["program"] == program


@pytest.mark.parametrize(
    ("changes", "there"),
    [
        ({}, ["KillSignal=SIGTERM", "TimeoutStopSec=60", "SyslogIdentifier=chat-app-worker"]),
        ({"stop_signal": "INT", "stop_timeout": "5"}, ["KillSignal=SIGINT", "TimeoutStopSec=5"]),
        ({"settings": {"MemoryMax": "1G", "Nice": [1, 2]}}, ["MemoryMax=1G", "Nice=1", "Nice=2"]),
    ],
)
def test_its_own_lines(changes: dict[str, Any], there: list[str]) -> None:
    assert [line for line in there if line not in made(**changes)["lines"]] == []


def test_the_texts_of_a_release() -> None:
    processes = [made(), made(name="beat", single=True)]
    texts = process.with_units(TEXTS, processes)
    assert sorted(texts) == ["processes", "service"]
    workers = process.units(texts, "aaaa", single=False)
    assert list(workers) == ["worker"]
    assert workers["worker"].startswith(
        "[Service]\nUser=chat\n\n[Unit]\nDescription=chat-app, release aaaa: "
    )
    assert list(process.units(texts, "aaaa", single=True)) == ["beat"]


def test_a_release_without_processes() -> None:
    texts = process.with_units(TEXTS, [])
    assert texts == {"service": "s"}
    assert process.units(texts, "aaaa", single=True) == {}
