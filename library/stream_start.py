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
  - Starts the release's service and socket, and waits until the app answers on the socket.
  - Before that it writes what all releases of the app need on the host.
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
    description: What all releases need, texts by their paths. Units among them are verified first.
    type: dict
    default: {}
  token:
    description: Make the probe's token if it is missing.
    type: bool
    default: false
  reload:
    description: Have systemd read its unit files again. A killed deploy may have written some.
    type: bool
    default: false
  path:
    description: The path to ask. Any answer below 500 will do.
    type: str
    default: /
  host:
    description: The C(Host) header.
    type: str
    default: localhost
  headers:
    description: Further headers.
    type: dict
    default: {}
  timeout:
    description: Seconds that the release has to start and to answer.
    type: float
    default: 60
attributes:
  check_mode:
    description: Says whether something would be written.
    support: full
  diff_mode:
    description: Shows units and settings, no programs and no secrets.
    support: full
  platform:
    description: Where it runs.
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
  description: The status of the answer.
  returned: success, not in check mode
  type: int
  sample: 200
seconds:
  description: How long it took.
  returned: success, not in check mode
  type: float
  sample: 1.2
failure:
  description: What the play says of a failure, by kind.
  returned: failure
  type: dict
  contains:
    kind:
      description: What failed.
      type: str
      sample: start
    step:
      description: The step of a build.
      type: str
    journal:
      description: The last lines that the release has logged.
      type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.act.ask import Question
from ..module_utils.act.editor import ActError, Editor
from ..module_utils.act.start import Start, start
from ..module_utils.deploy.places import Places

OPTIONS = {
    "name": {"type": "str", "required": True},
    "root": {"type": "path", "default": "/srv"},
    "release": {"type": "str", "required": True},
    "files": {"type": "dict", "default": {}},
    "token": {"type": "bool", "default": False, "no_log": False},  # whether, not which
    "reload": {"type": "bool", "default": False},
    "path": {"type": "str", "default": "/"},
    "host": {"type": "str", "default": "localhost"},
    "headers": {"type": "dict", "default": {}},
    "timeout": {"type": "float", "default": 60},
}


def main() -> None:
    module = AnsibleModule(OPTIONS, supports_check_mode=True)
    given = module.params
    editor = Editor(check=module.check_mode)
    question = Question(given["path"], given["host"], given["headers"])
    wanted = Start(
        given["files"], given["token"], question, given["timeout"], reloads=given["reload"]
    )
    try:
        found = start(Places(given["name"], given["root"]), given["release"], wanted, editor)
    except ActError as error:
        module.fail_json(msg=str(error), failure=error.failure)
    except OSError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**found, **editor.result())


if __name__ == "__main__":
    main()
