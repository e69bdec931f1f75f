#!/usr/bin/python
# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Build a release of an app."""

from __future__ import annotations

DOCUMENTATION = r"""
module: stream_build
short_description: Build a release of an app
version_added: 0.1.0
description:
  - Makes the release's directory with its source, its settings and its virtual environment,
    imports the app once in the sandbox of its service, writes its units, and then its manifest,
    C(release.json).
  - A release without a manifest is not complete. What a killed build has left is built anew; a
    build that fails leaves nothing.
  - uv runs as the build's user, in a unit that ends with the lock of the deploy.
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
  user:
    description: The user that runs the app.
    type: str
    required: true
  build_user:
    description: The user that runs the build.
    type: str
    required: true
  archive:
    description: The packed source. The action plugin copies it from the controller to the host.
    type: path
  files:
    description: Files to write into the source, texts by their paths.
    type: dict
    default: {}
  settings:
    description: The text of C(gunicorn.conf.py).
    type: str
    required: true
  probe:
    description: The text of C(stream_probe.py), empty for none.
    type: str
    default: ""
  environment:
    description: The text of the app's environment file.
    type: str
    default: ""
  build_environment:
    description: The text of the build's environment file.
    type: str
    default: ""
  units:
    description: The texts of the C(service) and the C(socket).
    type: dict
    required: true
  uv:
    description: The directory of uv's own virtual environment.
    type: path
    required: true
  steps:
    description: What uv does, in this order. Each is a list of a name and of uv's arguments.
    type: list
    elements: list
    default: []
  server_packages:
    description: Requirements of the server. A version that the app brought wins.
    type: list
    elements: str
    default: []
  sandbox:
    description: Properties of the unit that imports the app.
    type: list
    elements: str
    default: []
  manifest:
    description: What the manifest says besides the date and the packages.
    type: dict
    default: {}
attributes:
  check_mode:
    description: Shows the settings and the units that it would write.
    support: full
  diff_mode:
    description: Shows the settings and the units, never an environment.
    support: full
  platform:
    description: Where it runs.
    support: full
    platforms: debian
"""

EXAMPLES = r"""
- name: Build the release
  stream_build:
    name: chat
    release: 3f0a91c2be47
    user: chat
    build_user: chat-build
    settings: "{{ lookup('template', 'gunicorn.conf.py.j2') }}"
    units:
      service: "{{ lookup('template', 'app.service.j2') }}"
      socket: "{{ lookup('template', 'app.socket.j2') }}"
    uv: /opt/streaming_api/uv-0.13.9
    steps:
      - [create the virtual environment, [venv, /srv/chat/releases/3f0a91c2be47/venv]]
"""

RETURN = r"""
failure:
  description: What the play says of a failure, by kind.
  returned: failure
  type: dict
  contains:
    kind:
      description: What failed.
      type: str
      sample: build
    step:
      description: The step of a build.
      type: str
    journal:
      description: The last lines that the release has logged.
      type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.act.build import Build, build
from ..module_utils.act.editor import ActError, Editor
from ..module_utils.deploy.places import Places

OPTIONS = {
    "name": {"type": "str", "required": True},
    "root": {"type": "path", "default": "/srv"},
    "release": {"type": "str", "required": True},
    "user": {"type": "str", "required": True},
    "build_user": {"type": "str", "required": True},
    "archive": {"type": "path"},
    "files": {"type": "dict", "default": {}},
    "settings": {"type": "str", "required": True},
    "probe": {"type": "str", "default": ""},
    "environment": {"type": "str", "default": "", "no_log": True},
    "build_environment": {"type": "str", "default": "", "no_log": True},
    "units": {"type": "dict", "required": True},
    "uv": {"type": "path", "required": True},
    "steps": {"type": "list", "elements": "list", "default": []},
    "server_packages": {"type": "list", "elements": "str", "default": []},
    "sandbox": {"type": "list", "elements": "str", "default": []},
    "manifest": {"type": "dict", "default": {}},
}


def main() -> None:
    module = AnsibleModule(OPTIONS, supports_check_mode=True)
    given = dict(module.params)
    places = Places(given.pop("name"), given.pop("root"))
    editor = Editor(check=module.check_mode)
    try:
        build(places, given.pop("release"), Build(**given), editor)
    except ActError as error:
        module.fail_json(msg=str(error), failure=error.failure)
    except OSError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=True, diff=editor.diff)


if __name__ == "__main__":
    main()
