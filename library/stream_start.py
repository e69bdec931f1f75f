#!/usr/bin/python
# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Start a release of an app beside the running one."""

from __future__ import annotations

DOCUMENTATION = r"""
module: stream_start
short_description: Start a release of an app beside the running one
version_added: 0.1.0
description:
  - Writes the files that all releases of the app need on the host.
  - Then starts the release's service and socket, and waits until the app answers on the socket.
author: The streaming_api authors (@unbuffered)
options:
  name:
    description: The app's name.
    type: str
    required: true
  root:
    description: The parent of the app's directory.
    type: path
    default: /srv
  release:
    description: The release's id.
    type: str
    required: true
  files:
    description:
      - Files that all releases of the app need on the host. The module has systemd verify the
        units among them before it writes any.
    type: list
    elements: dict
    default: []
    options:
      path:
        description: Where the file is.
        type: path
        required: true
      text:
        description: The file's text.
        type: str
        required: true
  token:
    description: Create the probe's token if it is missing.
    type: bool
    default: false
  reload:
    description: Reload systemd's unit files even if O(files) changes none.
    type: bool
    default: false
  path:
    description:
      - Path to request. A status below 400 passes.
      - So does one from 400 to 499, unless the app refuses its own name (400, 421), lacks a path
        other than C(/), or answers worse than O(live).
    type: str
    default: /
  host:
    description: C(Host) header of the request.
    type: str
    default: localhost
  headers:
    description: More headers of the request.
    type: dict
    default: {}
  timeout:
    description: Minimum time in seconds that the release gets to start and to answer.
    type: float
    default: 60
  live:
    description: The release that has the traffic now, to compare with. Empty for none.
    type: str
    default: ""
  holder:
    description:
      - Who has the lock of the deploy, see M(unbuffered.streaming.stream_claim). The module stops
        when another deploy has taken over. Empty for none.
    type: str
    default: ""
  hidden:
    description: Secrets to blot out of messages, in JSON in Base64.
    type: str
    default: ""
attributes:
  check_mode:
    description: Reports whether a file would change. Starts nothing.
    support: full
  diff_mode:
    description: Shows units and settings, but no programs and no secrets.
    support: full
  platform:
    description: Runs on Debian and Ubuntu.
    support: full
    platforms: debian
"""

EXAMPLES = r"""
- name: Start the release
  stream_start:
    name: chat
    release: 3f0a91c2be47
    path: /healthz
"""

RETURN = r"""
status:
  description: HTTP status of the answer.
  returned: success, not in check mode
  type: int
  sample: 200
seconds:
  description: Seconds until the answer.
  returned: success, not in check mode
  type: float
  sample: 1.2
failure:
  description: Why the module failed, for M(unbuffered.streaming.stream_outcome).
  returned: failure
  type: dict
  contains:
    kind:
      description: The kind of the failure.
      type: str
      sample: start
    step:
      description: The step of the build.
      type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.act.ask import Question
from ..module_utils.act.editor import Editor
from ..module_utils.act.module import COMMON, acting
from ..module_utils.act.start import Start, start

OPTIONS = {
    **COMMON,
    "hidden": {"type": "str", "default": "", "no_log": True},
    "release": {"type": "str", "required": True},
    "files": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "path": {"type": "path", "required": True},
            "text": {"type": "str", "required": True},
        },
    },
    "token": {"type": "bool", "default": False, "no_log": False},  # whether, not which
    "reload": {"type": "bool", "default": False},
    "path": {"type": "str", "default": "/"},
    "host": {"type": "str", "default": "localhost"},
    "headers": {"type": "dict", "default": {}},
    "timeout": {"type": "float", "default": 60},
    "live": {"type": "str", "default": ""},
}


def main() -> None:
    module = AnsibleModule(OPTIONS, supports_check_mode=True)
    given = module.params
    editor = Editor(check=module.check_mode)
    question = Question(given["path"], given["host"], given["headers"])
    wanted = Start(
        {file["path"]: file["text"] for file in given["files"]},
        given["token"],
        question,
        given["timeout"],
        reloads=given["reload"],
        holder=given["holder"],
        live=given["live"] if given["live"] != given["release"] else "",
    )
    with acting(module) as places:
        found = start(places, given["release"], wanted, editor)
    module.exit_json(**found, **editor.result())


if __name__ == "__main__":
    main()
