"""The role's own names."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

ROLE = Path(__file__).parents[2] / "roles/streaming_api"


def test_no_task_registers_what_is_a_constant_of_the_role() -> None:
    """What is registered hides a variable of the same name, for the whole play."""
    tasks = "".join(path.read_text() for path in (ROLE / "tasks").glob("*.yml"))
    registered = set(re.findall(r"register: (\w+)", tasks))
    constants = set(yaml.safe_load((ROLE / "vars/main.yml").read_text()))
    assert len(registered) > 5
    assert registered & constants == set()
