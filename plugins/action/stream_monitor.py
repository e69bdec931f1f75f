# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bring the monitor's program from the controller to the host."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import ansible.plugins

try:
    from ..plugin_utils import acting
except ImportError:  # not in a collection: Ansible loads this file as ansible.plugins.action.<name>
    ansible.plugins.__path__.append(str(Path(__file__).resolve().parents[1]))
    from ..plugin_utils import acting

from ..module_utils import controller


class ActionModule(acting.Action):
    """Takes one round trip. Without an app to watch, the program stays as it is."""

    OPTIONS: ClassVar[acting.Options] = {
        "texts": {"type": "dict", "required": True},
        "tokens": {"type": "list", "elements": "str", "default": []},
    }

    def act(self, args: dict[str, Any]) -> dict[str, Any]:
        program = controller.monitor_program() if any(args["texts"].values()) else {}
        return self.module("stream_monitor", program=program, **args)
