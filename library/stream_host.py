#!/usr/bin/python
# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read what the role must know of a host before it changes anything."""

from __future__ import annotations

DOCUMENTATION = r"""
module: stream_host
short_description: Read what the role must know of a host before it changes anything
description:
  - Reads the host's system, the app's releases, and what is in the way of the app. Changes nothing.
  - Has to run as root to see which process listens on a port.
version_added: 0.1.0
author: The streaming_api authors (@unbuffered)
options:
  name:
    description: The app's name.
    type: str
    required: true
  root:
    description: The directory of the apps.
    type: path
    default: /srv
  user:
    description: The user that is to run the app; by default it is called as the app is.
    type: str
  ports:
    description:
      - The ports that the app's site is to listen on, each under the name of the variable that has
        it, which is how a conflict is reported.
    type: dict
    default: {}
  server_names:
    description: The names that the app's site is to serve; without any it is the default server.
    type: list
    elements: str
    default: []
  packages:
    description:
      - Packages that the app needs, as apt names them. C(name:architecture) and C(name=version)
        work as well.
    type: list
    elements: str
    default: []
  files:
    description: Files and directories that a build needs.
    type: list
    elements: path
    default: []
  nginx_lines:
    description: Lines that Nginx's main file is to have, without their indentation.
    type: list
    elements: str
    default: []
  users:
    description: Users that a build needs.
    type: list
    elements: str
    default: []
  nginx_user:
    description: The user that Nginx's workers are expected to run as.
    type: str
attributes:
  check_mode:
    description: Only reads, in check mode as otherwise.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
  platform:
    description: Where it runs.
    support: full
    platforms: debian
"""

EXAMPLES = r"""
- name: Look at the host
  stream_host:
    name: chat
    ports:
      streaming_api_nginx_http_port: 80
    server_names: [chat.example.org]
    packages: [nginx]
  register: host

- name: The host can take the app
  ansible.builtin.assert:
    that: host.conflicts | length == 0
    fail_msg: "{{ host.conflicts | join('\n') }}"
"""

RETURN = r"""
distribution:
  description: What the host runs.
  returned: success
  type: dict
  contains:
    id:
      description: The distribution.
      type: str
      sample: debian
    version:
      description: Its version; empty where it has none.
      type: str
      sample: "12"
    codename:
      description: Its version's name; empty where it has none.
      type: str
      sample: bookworm
    pretty:
      description: All of it for people.
      type: str
      sample: Debian GNU/Linux 12 (bookworm)
supported:
  description: Whether the role supports this distribution.
  returned: success
  type: bool
systemd:
  description: The version of systemd; null when something else started the host.
  returned: success
  type: int
  sample: 252
python:
  description: The version of the Python that runs this module.
  returned: success
  type: str
  sample: 3.11.2
ipv6:
  description: Whether the host has IPv6.
  returned: success
  type: bool
nginx:
  description: Nginx on the host.
  returned: success
  type: dict
  contains:
    installed:
      description: Whether it is there.
      type: bool
    version:
      description: Its version; null when it is not there or does not tell.
      type: str
      sample: 1.22.1
    welcome_page:
      description: Whether it serves the distribution's default site, as it was installed.
      type: bool
    workers:
      description: The processes that take requests.
      type: list
      elements: int
euid:
  description: The user that the module ran as; 0 is root.
  returned: success
  type: int
missing_files:
  description: Those of O(files) that are not there.
  returned: success
  type: list
  elements: str
missing_nginx_lines:
  description: Those of O(nginx_lines) that are not in C(/etc/nginx/nginx.conf).
  returned: success
  type: list
  elements: str
  sample: ["worker_connections 16384;"]
missing_users:
  description: Those of O(users) that are not there.
  returned: success
  type: list
  elements: str
missing_packages:
  description: Those of O(packages) that are not installed.
  returned: success
  type: list
  elements: str
  sample: [nginx]
site_is_proven:
  description: Whether the app's site is the one that was last seen to stream, or neither is there.
  returned: success
  type: bool
live:
  description:
    - The id of the live release, that of the site that was last seen to stream; null when there
      is none.
  returned: success
  type: str
  sample: 3f0a91c2be47
history:
  description: The ids of the releases that have been live, the latest first.
  returned: success
  type: list
  elements: str
  sample: [3f0a91c2be47]
releases:
  description:
    - The releases on the host. Those that were live come first, the latest before the others, then
      the newest, at last the half built ones.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Its id.
      type: str
      sample: 3f0a91c2be47
    state:
      description:
        - V(live), V(draining) when it finishes its streams, V(ending) when it is being stopped,
          V(running) when its socket or its service runs beside the live one for another reason,
          V(partial) when it was never built to the end or was taken back, else V(kept).
      type: str
      sample: live
    created:
      description: When it was built; null when that is unknown.
      type: str
      sample: "2026-01-31T12:00:00Z"
    built:
      description: Whether it was built to the end.
      type: bool
    runs:
      description: Whether its service and its socket are active.
      type: bool
    connections:
      description: How many connections its socket has; a stream is one.
      type: int
    memory_bytes:
      description: The memory of its processes, of what they share a share; null when none runs.
      type: int
    seconds_left:
      description: How long it may still drain; null when it does not.
      type: int
    probe:
      description: Whether it has the probe; null when its manifest does not say.
      type: bool
    proof_paths:
      description: The streams that it was to be measured by; null when its manifest does not say.
      type: list
      elements: str
apps:
  description: The other apps that the role put on the host.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      type: str
      sample: docs
    user:
      description: The user that runs it.
      type: str
      sample: docs
    root:
      description: The directory of its directory.
      type: str
      sample: /srv
    ports:
      description: The ports that its site listens on.
      type: list
      elements: int
      sample: [80]
    server_names:
      description: The names that its site serves.
      type: list
      elements: str
      sample: [docs.example.org]
conflicts:
  description: Why the host cannot take the app, a sentence for each reason.
  returned: success
  type: list
  elements: str
  sample: ["streaming_api_nginx_http_port is 22, where sshd listens already; choose a free port."]
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.host.access import HostError
from ..module_utils.host.look import look
from ..module_utils.host.wanted import Wanted

OPTIONS = {
    "name": {"type": "str", "required": True},
    "root": {"type": "path", "default": "/srv"},
    "user": {"type": "str"},
    "ports": {"type": "dict", "default": {}},
    "server_names": {"type": "list", "elements": "str", "default": []},
    "packages": {"type": "list", "elements": "str", "default": []},
    "files": {"type": "list", "elements": "path", "default": []},
    "nginx_lines": {"type": "list", "elements": "str", "default": []},
    "users": {"type": "list", "elements": "str", "default": []},
    "nginx_user": {"type": "str"},
}


def main() -> None:
    module = AnsibleModule(OPTIONS, supports_check_mode=True)
    try:
        found = look(Wanted.of(module.params))
    except HostError as error:
        module.fail_json(msg=str(error))
    for warning in found.pop("warnings"):
        module.warn(warning)
    module.exit_json(changed=False, **found)


if __name__ == "__main__":
    main()
