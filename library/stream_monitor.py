#!/usr/bin/python
# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Install the monitor on a host, and tell it what to watch."""

from __future__ import annotations

DOCUMENTATION = r"""
module: stream_monitor
short_description: Install the monitor on a host, and tell it what to watch
version_added: 0.1.0
description:
  - Writes the monitor's program and its other files, and restarts
    C(streaming_api-monitor.service) if one of them has changed. All apps of a host share it.
  - Stops the service if it has no app to watch any more.
author: The streaming_api authors (@unbuffered)
options:
  program:
    description:
      - Files of the program, path to text. An action plugin on the controller fills it in.
    type: dict
    default: {}
  texts:
    description: Other files, path to text. A file with an empty text is removed.
    type: dict
    required: true
  tokens:
    description: Files that get a random token if they do not exist. Only root can read them.
    type: list
    elements: path
    default: []
attributes:
  action:
    description: An action plugin brings the files of the program from the controller.
    support: full
  check_mode:
    description: Reports what would change.
    support: full
  diff_mode:
    description: Shows all files but the program and the tokens.
    support: full
  platform:
    description: Runs on Debian and Ubuntu.
    support: full
    platforms: debian
"""

EXAMPLES = r"""
- name: Install the monitor
  stream_monitor:
    texts:
      /etc/systemd/system/streaming_api-monitor.service: "{{ unit }}"
      /etc/systemd/system/streaming_api-monitor.service.d/chat.conf: "{{ credentials }}"
      /etc/streaming_api/monitor/chat.json: "{{ config }}"
"""

RETURN = r""" # """

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.act import claim
from ..module_utils.act.editor import ActError, Editor
from ..module_utils.act.monitor import LOCK, Wanted, install

OPTIONS = {
    "program": {"type": "dict", "default": {}},
    "texts": {"type": "dict", "required": True},
    "tokens": {"type": "list", "elements": "path", "default": [], "no_log": False},  # only where
}


def main() -> None:
    module = AnsibleModule(OPTIONS, supports_check_mode=True)
    editor = Editor(check=module.check_mode)
    try:
        if module.check_mode:
            install(Wanted(**module.params), editor)
        else:
            with claim.alone(LOCK):
                install(Wanted(**module.params), editor)
    except (ActError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(**editor.result())


if __name__ == "__main__":
    main()
