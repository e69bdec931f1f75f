"""Run a module of library/ in this process, as Ansible would."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from types import ModuleType


def run_module(
    module: ModuleType,
    arguments: dict[str, Any],
    capsys: pytest.CaptureFixture[str],
    *,
    check: bool = False,
) -> dict[str, Any]:
    from ansible.module_utils.common import warnings  # noqa: PLC0415 - slow
    from ansible.module_utils.testing import patch_module_args  # noqa: PLC0415 - with it

    warnings._global_warnings.clear()  # a module has a process of its own
    with (
        patch_module_args({**arguments, "_ansible_check_mode": check}),
        pytest.raises(SystemExit) as stop,
    ):
        module.main()
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert bool(stop.value.code) == bool(result.get("failed"))
    return result
