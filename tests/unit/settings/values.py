"""Values of the role's variables, and what is asked of the sentence about a bad one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from plugins.module_utils.settings.check import check

ROOT = Path(__file__).parents[3]
ROLE = ROOT / "roles/streaming_api"
SPEC = yaml.safe_load((ROLE / "meta/argument_specs.yml").read_text())["argument_specs"]["deploy"][
    "options"
]
MINIMAL = {
    "streaming_api_name": "chat",
    "streaming_api_app": "main:app",
    "streaming_api_source": "app",
}
LEAVE_OUT = object()
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


def variables(changes: dict[str, Any]) -> dict[str, Any]:
    """The minimal valid set with changes; names without their prefix."""
    values = MINIMAL | {f"streaming_api_{name}": value for name, value in changes.items()}
    return {name: value for name, value in values.items() if value is not LEAVE_OUT}


def locations(*more: dict[str, Any], **options: Any) -> dict[str, Any]:
    return {"nginx_locations": [{"path": "/", **options}, *more]}


def processes(*more: dict[str, Any], **options: Any) -> dict[str, Any]:
    return {"processes": [{"name": "worker", "command": "celery worker", **options}, *more]}


# id, changes, what the one sentence must contain besides "streaming_api_"
Row = tuple[str, dict[str, Any], tuple[str, ...]]


def assert_one_sentence(changes: dict[str, Any], words: tuple[str, ...]) -> None:
    problems = check(variables(changes), SPEC).problems
    assert len(problems) == 1
    problem = problems[0]
    assert "streaming_api_" in problem
    assert [word for word in words if word not in problem] == []
    assert problem.endswith(".")
    assert "allowed is" in problem or "unknown; the nearest" in problem or "it is" in problem
    assert "\n" not in problem
    assert "hunter2" not in problem
