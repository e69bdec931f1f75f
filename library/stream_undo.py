#!/usr/bin/python
# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Go back to the proven state of an app."""

from __future__ import annotations

DOCUMENTATION = r"""
module: stream_undo
short_description: Go back to the proven state of an app
version_added: 0.1.0
description:
  - Makes the background processes those of the live release again.
  - Points the link that Nginx connects to back to the live release. Restores the proven site, the
    last site that was seen to stream, and then reloads Nginx.
  - Then takes the failed release back. A release without streams is stopped and removed. A release
    that may have streams finishes them first. The live release stays.
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
    description: Id of the release that failed. Without it, only the site is restored.
    type: str
    default: ""
  may_have_streams:
    description: Whether the release ran before this deploy.
    type: bool
    default: false
  was_live:
    description: Whether the release was live before. It then stays on the host.
    type: bool
    default: false
  holder:
    description:
      - Who has the lock of the deploy, see M(unbuffered.streaming.stream_claim). The module stops
        when another deploy has taken over. Empty for none.
    type: str
    default: ""
  ports:
    description:
      - Ports of the app's site. The servers that refuse unknown names there are restored too.
    type: list
    elements: int
    default: []
  hidden:
    description: Secrets to blot out of messages, in JSON in Base64.
    type: str
    default: ""
attributes:
  check_mode:
    description: Does and reports nothing.
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
- name: Undo the deploy
  stream_undo:
    name: chat
    release: 3f0a91c2be47
"""

RETURN = r"""
site:
  description: What happened to the site, V(restored), V(removed) or V(untouched).
  returned: success
  type: str
  sample: restored
release:
  description:
    - What happened to the release, V(stopped), V(removed), V(draining), V(live) or V(none).
  returned: success
  type: str
  sample: removed
processes:
  description:
    - What happened to the background processes of the live release, V(restored), V(broken) or
      V(untouched).
  returned: success
  type: str
problem:
  description: What could not be restored and why, empty if all was.
  returned: success
  type: str
journal:
  description: The last lines that the release has logged.
  returned: success
  type: str
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.act import claim
from ..module_utils.act.editor import Editor
from ..module_utils.act.module import COMMON, acting, secrets_of
from ..module_utils.act.undo import Undo, undo
from ..module_utils.deploy.blot import Blot
from ..module_utils.deploy.places import Places
from ..module_utils.host.access import Host, run

OPTIONS = {
    **COMMON,
    "hidden": {"type": "str", "default": "", "no_log": True},
    "release": {"type": "str", "default": ""},
    "may_have_streams": {"type": "bool", "default": False},
    "was_live": {"type": "bool", "default": False},
    "ports": {"type": "list", "elements": "int", "default": []},
}


def main() -> None:
    module = AnsibleModule(OPTIONS, supports_check_mode=True)
    given = module.params
    if module.check_mode:
        module.exit_json(changed=False, site="untouched", release="none", problem="", journal="")
    editor = Editor()
    places = Places(given["name"], given["root"])
    # Without the lock, another deploy may have given the release traffic.
    may_have_streams = given["may_have_streams"] or not claim.is_held(places, given["holder"])
    wanted = Undo(given["release"], may_have_streams, given["was_live"], given["ports"])
    # Now, since the undo may remove the files that have them.
    blot = Blot.of(given["hidden"], *secrets_of(places, given["release"], editor))
    with acting(module, retakes=True) as places:
        undone, journal = undo(places, wanted, Host(Path("/"), run), editor)
    found = undone._replace(problem=blot(undone.problem))
    module.exit_json(changed=editor.changed, journal=blot(journal), **found._asdict())


if __name__ == "__main__":
    main()
