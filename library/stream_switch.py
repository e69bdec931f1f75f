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
  - Writes the app's site and the lines of Nginx's main file after Nginx has checked them where
    the running server does not see them. Reloads Nginx if something has changed, or if an earlier
    reload was lost, waits until its new workers have taken over, and asks the app through it.
  - If Nginx refuses the files, nothing is written. What fails later has to be undone with
    M(unbuffered.streaming.stream_undo).
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
  site:
    description: The text of the site.
    type: str
    required: true
  lines:
    description:
      - Lines of Nginx's main file, each with C(line) and C(block), which is empty for the top.
    type: list
    elements: dict
    default: []
  keep_welcome:
    description: Leave the distribution's welcome page enabled.
    type: bool
    default: true
  scheme:
    description: How the site is asked.
    type: str
    choices: [http, https]
    default: http
  port:
    description: Where the site is asked.
    type: int
    default: 80
  path:
    description: The path to ask. Any answer below 500 will do.
    type: str
    default: /
  host:
    description: The C(Host) header.
    type: str
    default: localhost
attributes:
  check_mode:
    description: Writes nothing, and asks nothing.
    support: full
  diff_mode:
    description: Shows the site and Nginx's main file.
    support: full
  platform:
    description: Where it runs.
    support: full
    platforms: debian
"""

EXAMPLES = r"""
- name: Point Nginx to the release
  stream_switch:
    name: chat
    site: "{{ lookup('template', 'site.conf.j2') }}"
"""

RETURN = r"""
reloaded:
  description: Whether Nginx was started or reloaded.
  returned: success
  type: bool
status:
  description: The status of the answer.
  returned: success, not in check mode
  type: int
  sample: 200
failure:
  description: What the play says of a failure, by kind.
  returned: failure
  type: dict
  contains:
    kind:
      description: What failed.
      type: str
      sample: site-refused
    step:
      description: The step of a build.
      type: str
    journal:
      description: The last lines that the release has logged.
      type: str
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.act.ask import Question
from ..module_utils.act.editor import ActError, Editor
from ..module_utils.act.switch import Switch, switch
from ..module_utils.deploy.places import Places
from ..module_utils.host.access import Host, run

OPTIONS = {
    "name": {"type": "str", "required": True},
    "root": {"type": "path", "default": "/srv"},
    "site": {"type": "str", "required": True},
    "lines": {"type": "list", "elements": "dict", "default": []},
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
        given["site"],
        given["lines"],
        given["keep_welcome"],
        given["scheme"],
        given["port"],
        Question(given["path"], given["host"]),
    )
    host = Host(Path("/"), run)
    try:
        found = switch(Places(given["name"], given["root"]), wanted, host, editor)
    except ActError as error:
        module.fail_json(msg=str(error), failure=error.failure)
    except OSError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**found, **editor.result())


if __name__ == "__main__":
    main()
