# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The base of the action plugins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ansible.plugins.action import ActionBase

Options = Mapping[str, Mapping[str, Any]]


class RefusalError(Exception):
    """Fails the task. The message is for people; ``fields`` go into the result."""

    def __init__(self, message: str, **fields: Any) -> None:
        super().__init__(message)
        self.fields = fields


class Action(ActionBase):  # type: ignore[misc]  # Ansible has no types
    """An action that decides on the controller and may run modules on the host."""

    OPTIONS: ClassVar[Options] = {}

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        self._variables: dict[str, Any] = task_vars or {}
        _, args = self.validate_argument_spec(argument_spec=dict(self.OPTIONS))
        try:
            result.update(self.act(args))
        except RefusalError as refusal:
            result.update(failed=True, msg=str(refusal), **refusal.fields)
        return result

    def act(self, args: dict[str, Any]) -> dict[str, Any]:
        """Do the work and return the fields of the result. A RefusalError fails the task."""
        raise NotImplementedError

    @property
    def is_check(self) -> bool:
        return bool(self._task.check_mode)

    def module(self, module: str, **args: Any) -> dict[str, Any]:
        """Run one of our modules on the host. If the module fails, so does the task."""
        collection = (self._task.resolved_action or "").rpartition(".")[0]
        full = f"{collection}.{module}" if collection.count(".") == 1 else module
        found: dict[str, Any] = self._execute_module(
            module_name=full, module_args=args, task_vars=self._variables
        )
        if found.get("failed") or found.get("unreachable"):
            fields = {key: value for key, value in found.items() if key not in ("msg", "failed")}
            raise RefusalError(str(found.get("msg", f"{module} failed")), **fields)
        return found
