#!/usr/bin/python
# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Point Nginx to a release of an app."""

from __future__ import annotations

DOCUMENTATION = r"""
module: stream_switch
short_description: Point Nginx to a release of an app
version_added: 0.1.0
description:
  - Lets Nginx check the new site and main file in a mount namespace, which the running server does
    not see. If Nginx refuses them, the module writes nothing.
  - Then writes both files, and points the link that Nginx connects to to the release's socket.
    Reloads Nginx if a file has changed, if an earlier reload was lost, or if Nginx is older than
    1.19.10, and waits until the new workers have taken over. Requests the app through Nginx.
  - After a failure, undo the switch with M(unbuffered.streaming.stream_undo).
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
    description: Id of the release.
    type: str
    required: true
  site:
    description: Content of the site.
    type: str
    required: true
  site_of:
    description: The app in whose site O(name) is. Empty if it has a site of its own.
    type: str
    default: ""
  place:
    description: Content of the file that the server of O(site_of) includes.
    type: str
    default: ""
  zones:
    description: Content of the file that the site of O(site_of) includes before its server.
    type: str
    default: ""
  lines:
    description:
      - Lines of Nginx's main file, each with its C(line) and C(block). C(block) is empty at the top
        level.
    type: list
    elements: dict
    default: []
  refusals:
    description:
      - Servers that refuse requests for unknown names, each with its C(port) and its C(text). An
        empty text removes the server. Port 0 means no server.
    type: list
    elements: dict
    default: []
  keep_welcome:
    description: Leave the distribution's welcome page enabled.
    type: bool
    default: true
  scheme:
    description: Scheme of the request through Nginx.
    type: str
    choices: [http, https]
    default: http
  port:
    description: Port of the request through Nginx, at 127.0.0.1.
    type: int
    default: 80
  path:
    description: Path to request. Any status from 200 to 499 passes.
    type: str
    default: /
  host:
    description: C(Host) header of the request.
    type: str
    default: localhost
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
    description: Writes nothing and requests nothing.
    support: full
  diff_mode:
    description: Shows the site and Nginx's main file.
    support: full
  platform:
    description: Runs on Debian and Ubuntu.
    support: full
    platforms: debian
"""

EXAMPLES = r"""
- name: Point Nginx to the release
  stream_switch:
    name: chat
    release: 3f0a91c2be47
    site: "{{ lookup('template', 'site.conf.j2') }}"
"""

RETURN = r"""
reloaded:
  description: Whether Nginx was started or reloaded.
  returned: success
  type: bool
status:
  description: HTTP status of the answer.
  returned: success, not in check mode
  type: int
  sample: 200
failure:
  description: Why the module failed, for M(unbuffered.streaming.stream_outcome).
  returned: failure
  type: dict
  contains:
    kind:
      description: The kind of the failure.
      type: str
      sample: site-refused
    step:
      description: The step of the build.
      type: str
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.act.ask import Question
from ..module_utils.act.editor import Editor
from ..module_utils.act.module import COMMON, acting
from ..module_utils.act.switch import Switch, switch
from ..module_utils.host.access import Host, run

OPTIONS = {
    **COMMON,
    "hidden": {"type": "str", "default": "", "no_log": True},
    "release": {"type": "str", "required": True},
    "site": {"type": "str", "required": True},
    "site_of": {"type": "str", "default": ""},
    "place": {"type": "str", "default": ""},
    "zones": {"type": "str", "default": ""},
    "lines": {"type": "list", "elements": "dict", "default": []},
    "refusals": {"type": "list", "elements": "dict", "default": []},
    "keep_welcome": {"type": "bool", "default": True},
    "scheme": {"type": "str", "choices": ["http", "https"], "default": "http"},
    "port": {"type": "int", "default": 80},
    "path": {"type": "str", "default": "/"},
    "host": {"type": "str", "default": "localhost"},
}


def main() -> None:
    module = AnsibleModule(OPTIONS, supports_check_mode=True)
    given = module.params
    editor = Editor(check=module.check_mode)
    wanted = Switch(
        given["release"],
        given["site"],
        given["lines"],
        given["keep_welcome"],
        given["scheme"],
        given["port"],
        Question(given["path"], given["host"]),
        {int(one["port"]): one["text"] for one in given["refusals"] if int(one["port"])},
        given["site_of"],
        given["place"],
        given["zones"],
    )
    with acting(module) as places:
        found = switch(places, wanted, Host(Path("/"), run), editor)
    module.exit_json(**found, **editor.result())


if __name__ == "__main__":
    main()
