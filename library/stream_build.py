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
  - Creates the release's directory with its source, settings and virtual environment. Imports the
    app once in the sandbox of its service, and runs the app's own steps there. Then writes the
    units and, last, the manifest C(release.json).
  - A release without a manifest is not complete. The module removes the remains of a killed
    build and starts again. A build that fails leaves nothing behind.
  - The release's directory belongs to root. C(src), C(venv) and C(python) in it belong to
    O(build_user) while the build runs. Then root takes them over, and they are read-only.
  - uv runs as O(build_user), in a sandbox that ends with the lock of the deploy.
  - The action plugin of the same name computes these options in the role. It packs the source on
    the controller and copies it to the host.
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
    description: User that runs the app.
    type: str
    required: true
  build_user:
    description: User that runs the build.
    type: str
    required: true
  archive:
    description: Path of the packed source on the host.
    type: path
  files:
    description: Files to write into the source, path to content.
    type: dict
    default: {}
  settings:
    description: Content of C(gunicorn.conf.py).
    type: str
    required: true
  modules:
    description: Python files beside C(gunicorn.conf.py), name to content.
    type: dict
    default: {}
  environment:
    description: Content of the app's environment file.
    type: str
    default: ""
  build_environment:
    description: Content of the build's environment file.
    type: str
    default: ""
  units:
    description:
      - Content of the units, C(service) and C(socket), and C(<process>.service) for each background
        process that is not single.
    type: dict
    required: true
  singles:
    description: Content of the units of the single background processes, by process.
    type: dict
    default: {}
  programs:
    description: Programs of the background processes. The build fails if one is not there.
    type: list
    elements: str
    default: []
  uv:
    description: Directory of uv's own virtual environment.
    type: path
    required: true
  steps:
    description: Runs of uv, in this order. Each is a list of a name and of uv's arguments.
    type: list
    elements: list
    default: []
  server_packages:
    description: Requirements of the server. If the app installed another version, that wins.
    type: list
    elements: str
    default: []
  server_lock:
    description:
      - Requirements of the server with hashes, in the format of C(requirements.txt). Used in place
        of O(server_packages).
    type: str
    default: ""
  build_sandbox:
    description: systemd properties of the units that run uv.
    type: list
    elements: str
    default: []
  build_timeout:
    description: Seconds that all runs of uv together may take.
    type: float
    default: 1800
  sandbox:
    description: systemd properties of the units that import the app and run O(before_start).
    type: list
    elements: str
    default: []
  before_start:
    description:
      - Commands to run in the app's sandbox after the import, each a list of words. If one fails,
        nothing of the release stays on the host but what the command did elsewhere.
    type: list
    elements: list
    default: []
  before_start_timeout:
    description: Seconds that each command of O(before_start) may take.
    type: float
    default: 600
  manifest:
    description: Content of the manifest. The module adds the date and the packages.
    type: dict
    default: {}
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
    description: Shows the settings and units that the build would write.
    support: full
  diff_mode:
    description: Shows settings and units, no environment.
    support: full
  platform:
    description: Runs on Debian and Ubuntu.
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
  description: Why the module failed, for M(unbuffered.streaming.stream_outcome).
  returned: failure
  type: dict
  contains:
    kind:
      description: The kind of the failure.
      type: str
      sample: build
    step:
      description: The step of the build.
      type: str
    evidence:
      description: What the command of the step has said.
      type: str
    limit:
      description: Which limit has ended the command, if one has.
      type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.act.build import Build, build
from ..module_utils.act.editor import Editor
from ..module_utils.act.module import COMMON, acting

OPTIONS = {
    **COMMON,
    "hidden": {"type": "str", "default": "", "no_log": True},
    "release": {"type": "str", "required": True},
    "user": {"type": "str", "required": True},
    "build_user": {"type": "str", "required": True},
    "archive": {"type": "path"},
    "files": {"type": "dict", "default": {}},
    "settings": {"type": "str", "required": True},
    "modules": {"type": "dict", "default": {}},
    "environment": {"type": "str", "default": "", "no_log": True},
    "build_environment": {"type": "str", "default": "", "no_log": True},
    "units": {"type": "dict", "required": True},
    "singles": {"type": "dict", "default": {}},
    "programs": {"type": "list", "elements": "str", "default": []},
    "uv": {"type": "path", "required": True},
    "steps": {"type": "list", "elements": "list", "default": []},
    "server_packages": {"type": "list", "elements": "str", "default": []},
    "server_lock": {"type": "str", "default": ""},
    "build_sandbox": {"type": "list", "elements": "str", "default": []},
    "build_timeout": {"type": "float", "default": 1800},
    "sandbox": {"type": "list", "elements": "str", "default": []},
    "before_start": {"type": "list", "elements": "list", "default": []},
    "before_start_timeout": {"type": "float", "default": 600},
    "manifest": {"type": "dict", "default": {}},
}


def main() -> None:
    module = AnsibleModule(OPTIONS, supports_check_mode=True)
    given = module.params
    editor = Editor(check=module.check_mode)
    wanted = Build(**{field: given[field] for field in Build._fields})
    with acting(module) as places:
        build(places, given["release"], wanted, editor)
    module.exit_json(changed=True, diff=editor.diff)


if __name__ == "__main__":
    main()
