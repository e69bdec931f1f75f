"""Run an action plugin in this process, with Ansible's own classes and a host that is made up."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ansible.parsing.dataloader import DataLoader
from ansible.playbook.play_context import PlayContext
from ansible.playbook.task import Task
from ansible.plugins.loader import connection_loader
from ansible.template import Templar, trust_as_template

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType


def trusted(value: Any) -> Any:
    """Variables as a play has them: their templates may be run."""
    if isinstance(value, str):
        return trust_as_template(value)
    if isinstance(value, dict):
        return {name: trusted(each) for name, each in value.items()}
    if isinstance(value, list):
        return [trusted(each) for each in value]
    return value


def nobody(module: str, args: dict[str, Any]) -> dict[str, Any]:
    raise AssertionError((module, args))


def run_action(
    plugin: ModuleType,
    args: dict[str, Any],
    variables: dict[str, Any] | None = None,
    host: Callable[[str, dict[str, Any]], dict[str, Any]] = nobody,
    *,
    check: bool = False,
) -> dict[str, Any]:
    """The result of a task. ``host`` answers in place of the modules that the plugin runs."""
    task = Task()
    task.action = task._resolved_action = plugin.__name__.rpartition(".")[2]
    task.args, task.check_mode, task.async_val = args, check, 0
    given = trusted(variables or {})
    loader = DataLoader()
    action = plugin.ActionModule(
        task=task,
        connection=connection_loader.get("local", PlayContext(), "/dev/null"),
        play_context=PlayContext(),
        loader=loader,
        templar=Templar(loader=loader, variables=given),
        shared_loader_obj=None,
    )

    def execute(module_name: str, module_args: dict[str, Any], task_vars: Any) -> dict[str, Any]:
        assert task_vars == given
        return host(module_name, json.loads(json.dumps(module_args)))

    action._execute_module = execute
    result: dict[str, Any] = json.loads(json.dumps(action.run(task_vars=given)))
    return result
