"""Reports to plays.py what a play does, one JSON object a line."""

from __future__ import annotations

import json
import os
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: report
type: notification
short_description: Reports tasks, failures and counts to a file descriptor
description: The environment's E(TEST_REPORT_TO) is the number of that descriptor.
"""


class CallbackModule(CallbackBase):  # type: ignore[misc]
    """Beginning tasks, failures and, in the end, the counts of all hosts."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "report"
    CALLBACK_NEEDS_ENABLED = True

    def _report(self, **what: Any) -> None:
        os.write(int(os.environ["TEST_REPORT_TO"]), f"{json.dumps(what)}\n".encode())

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:  # noqa: ARG002
        self._report(task=str(task.name or task.action))

    def v2_playbook_on_handler_task_start(self, task: Any) -> None:
        self._report(task=str(task.name or task.action))

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        if not ignore_errors:
            self._report(failure=str(result._result.get("msg", "")))

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._report(failure=str(result._result.get("msg", "")))

    def v2_playbook_on_stats(self, stats: Any) -> None:
        each = [stats.summarize(host) for host in stats.processed]
        self._report(counts={name: sum(one[name] for one in each) for name in ("ok", "changed")})
