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
  - Keeps the proven site, which names the live release, writes the app's record, lets the
    replaced releases finish their streams, and removes outdated ones.
  - Releases the lock of the deploy at its end, which saves a round trip.
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
  site:
    description: The text of the site that was proven.
    type: str
    required: true
  record:
    description: What the host keeps of the app.
    type: dict
    required: true
  replaced:
    description: Releases that finish their streams, and then stop.
    type: list
    elements: str
    default: []
  ended:
    description: Releases that drain, and stop now, so that others may drain.
    type: list
    elements: str
    default: []
  outdated:
    description: Releases to remove.
    type: list
    elements: str
    default: []
  holder:
    description: Who has the lock.
    type: str
    default: ""
attributes:
  check_mode:
    description: Says whether something would change.
    support: full
  diff_mode:
    description: Shows where the link to the live release leads.
    support: full
  platform:
    description: Where it runs.
    support: full
    platforms: debian
"""

EXAMPLES = r"""
- name: Make the release the live one
  stream_commit:
    name: chat
    release: 3f0a91c2be47
    site: "{{ lookup('template', 'site.conf.j2') }}"
    record:
      name: chat
      user: chat
      root: /srv
      ports: [80]
      server_names: []
      history: [3f0a91c2be47]
"""

RETURN = r"""
released:
  description: The holder whose lock was released; empty if none was.
  returned: success
  type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.act import claim
from ..module_utils.act.commit import Commit, commit
from ..module_utils.act.editor import ActError, Editor
from ..module_utils.deploy.places import Places

OPTIONS = {
    "name": {"type": "str", "required": True},
    "root": {"type": "path", "default": "/srv"},
    "release": {"type": "str", "required": True},
    "site": {"type": "str", "required": True},
    "record": {"type": "dict", "required": True},
    "replaced": {"type": "list", "elements": "str", "default": []},
    "ended": {"type": "list", "elements": "str", "default": []},
    "outdated": {"type": "list", "elements": "str", "default": []},
    "holder": {"type": "str", "default": ""},
}


def main() -> None:
    module = AnsibleModule(OPTIONS, supports_check_mode=True)
    given = module.params
    places = Places(given["name"], given["root"])
    editor = Editor(check=module.check_mode)
    wanted = Commit(**{field: given[field] for field in Commit._fields})
    try:
        commit(places, given["release"], wanted, editor)
    except ActError as error:
        module.fail_json(msg=str(error), failure=error.failure)
    except OSError as error:
        module.fail_json(msg=str(error))
    released = "" if module.check_mode else given["holder"]
    if released:
        claim.release(places, released)
    module.exit_json(released=released, **editor.result())


if __name__ == "__main__":
    main()
