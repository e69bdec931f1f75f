#!/usr/bin/python
# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make a proven release of an app the live one."""

from __future__ import annotations

DOCUMENTATION = r"""
module: stream_commit
short_description: Make a proven release of an app the live one
version_added: 0.1.0
description:
  - Makes the app's background processes those of the release, and fails if one of them does not
    stay up. Single processes of the replaced release end first.
  - Then stores the proven site, the link to the live release, and the app's record. Starts the
    drain of the replaced releases. Removes the outdated releases.
  - Releases the lock of the deploy at the end, which saves a round trip.
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
  record:
    description: The app's record, C(/etc/streaming_api/<name>.json).
    type: dict
    required: true
  replaced:
    description: Ids of releases that finish their streams and then stop.
    type: list
    elements: str
    default: []
  ended:
    description: Ids of draining releases that stop now, to make room for others.
    type: list
    elements: str
    default: []
  outdated:
    description: Ids of releases to remove.
    type: list
    elements: str
    default: []
  processes:
    description:
      - The release's background processes, each with its C(name) and whether it is C(single).
        Check mode reads this if the release is not built; otherwise the host tells.
    type: list
    elements: dict
    default: []
  hidden:
    description: Secrets to blot out of messages, in JSON in Base64.
    type: str
    default: ""
  holder:
    description: Holder of the lock. The lock stays if another holder has it.
    type: str
    default: ""
attributes:
  check_mode:
    description: Reports whether something would change.
    support: full
  diff_mode:
    description: Shows the target of the link C(current) and the processes that change.
    support: full
  platform:
    description: Runs on Debian and Ubuntu.
    support: full
    platforms: debian
"""

EXAMPLES = r"""
- name: Make the release the live one
  stream_commit:
    name: chat
    release: 3f0a91c2be47
    record:
      name: chat
      user: chat
      root: /srv
      ports: [80]
      server_names: []
      streams: 8192
      history: [3f0a91c2be47]
"""

RETURN = r"""
unlocked:
  description: The O(holder) whose lock the module released, empty in check mode.
  returned: success
  type: str
processes:
  description: The names of the background processes that run now.
  returned: success
  type: list
  elements: str
failure:
  description: Why the module failed, for M(unbuffered.streaming.stream_outcome).
  returned: failure
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.act import claim
from ..module_utils.act.commit import Commit, commit
from ..module_utils.act.editor import Editor
from ..module_utils.act.module import COMMON, acting, secrets_of
from ..module_utils.deploy.places import Places

OPTIONS = {
    **COMMON,
    "release": {"type": "str", "required": True},
    "record": {"type": "dict", "required": True},
    "replaced": {"type": "list", "elements": "str", "default": []},
    "ended": {"type": "list", "elements": "str", "default": []},
    "outdated": {"type": "list", "elements": "str", "default": []},
    "processes": {"type": "list", "elements": "dict", "default": []},
    "hidden": {"type": "str", "default": "", "no_log": True},
}


def main() -> None:
    module = AnsibleModule(OPTIONS, supports_check_mode=True)
    given = module.params
    editor = Editor(check=module.check_mode)
    wanted = Commit(**{field: given[field] for field in Commit._fields})
    places = Places(given["name"], given["root"])
    secrets = [] if module.check_mode else secrets_of(places, given["release"], editor)
    with acting(module, secrets=secrets):
        brought = commit(places, given["release"], wanted, editor)
    for unit in brought.killed:
        module.warn(f"{unit} did not end within its stop_timeout, and was killed.")
    unlocked = "" if module.check_mode else given["holder"]
    if unlocked:
        claim.unlock(places, unlocked)
    module.exit_json(unlocked=unlocked, processes=list(brought.units), **editor.result())


if __name__ == "__main__":
    main()
