#!/usr/bin/python
# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Take the lock of an app's deploys, and read the host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: stream_claim
short_description: Take the lock of an app's deploys, and read the host
version_added: 0.1.0
description:
  - Takes the lock, so that only one deploy of an app runs at a time. The lock is the systemd unit
    C(<name>-deploy.service). It ends after an hour, or when the host stops.
  - Then reads the host as M(unbuffered.streaming.stream_host) does. No other deploy can change the
    host between this reading and the deploy.
  - M(unbuffered.streaming.stream_plan) runs this module on the host.
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
  holder:
    description: Who takes the lock. No other process may use the same text.
    type: str
    required: true
  gone:
    description: A holder whose process has certainly ended. The module takes over its lock.
    type: str
    default: ""
  state:
    description: V(present) takes the lock. V(absent) releases the lock if O(holder) has it.
    type: str
    choices: [present, absent]
    default: present
  revive:
    description:
      - Id of a draining release that is deployed again. The module ends its drain before it reads
        the host.
    type: str
    default: ""
  stop_timeout:
    description: Seconds that running streams get when a release stops.
    type: int
    default: 30
  host:
    description: Options of M(unbuffered.streaming.stream_host).
    type: dict
    default: {}
attributes:
  check_mode:
    description: Only reads the host.
    support: full
  diff_mode:
    description: Shows no differences.
    support: none
  platform:
    description: Runs on Debian and Ubuntu.
    support: full
    platforms: debian
"""

EXAMPLES = r"""
- name: Keep other deploys out
  stream_claim:
    name: chat
    holder: me@laptop, process 4711 (1 2)

- name: Let other deploys in
  stream_claim:
    name: chat
    holder: me@laptop, process 4711 (1 2)
    state: absent
"""

RETURN = r"""
held:
  description:
    - The C(holder) of the lock and C(since) when, if another deploy has it. The module then has
      not read the host. Otherwise null.
  returned: with O(state=present)
  type: dict
facts:
  description: Result of M(unbuffered.streaming.stream_host).
  returned: with O(state=present), unless another deploy has the lock
  type: dict
"""

import os
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.act import claim, units
from ..module_utils.act.editor import ActError
from ..module_utils.deploy.places import Places
from ..module_utils.host.access import HostError
from ..module_utils.host.look import look
from ..module_utils.host.wanted import Wanted

OPTIONS = {
    "name": {"type": "str", "required": True},
    "root": {"type": "path", "default": "/srv"},
    "holder": {"type": "str", "required": True},
    "gone": {"type": "str", "default": ""},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "revive": {"type": "str", "default": ""},
    "stop_timeout": {"type": "int", "default": 30},
    "host": {"type": "dict", "default": {}},
}


def main() -> None:
    module = AnsibleModule(OPTIONS, supports_check_mode=True)
    given = module.params
    places = Places(given["name"], given["root"])
    if given["state"] == "absent":
        if not module.check_mode:
            claim.unlock(places, given["holder"])
        module.exit_json(changed=False)
    try:
        held = None
        # Without root or systemd the facts say so, and the deploy is refused.
        if not module.check_mode and os.geteuid() == 0 and Path("/run/systemd/system").is_dir():
            held = claim.take(places, given["holder"], given["gone"])
            if held:
                module.exit_json(changed=False, held=held._asdict())
            if given["revive"]:
                claim.revive(places, given["revive"], given["stop_timeout"])
        wanted = Wanted.of({**given["host"], "name": given["name"], "root": given["root"]})
        facts = look(wanted)
    except (HostError, ActError) as error:
        if given["revive"]:
            units.systemctl("start", places.drain(given["revive"]))
        module.fail_json(msg=str(error))
    for warning in facts.pop("warnings"):
        module.warn(warning)
    module.exit_json(changed=bool(given["revive"]), held=None, facts=facts)


if __name__ == "__main__":
    main()
