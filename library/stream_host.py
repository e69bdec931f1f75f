#!/usr/bin/python
# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read what the role must know about a host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: stream_host
short_description: Read what the role must know about a host
description:
  - Reads the host's system, the app's releases, and conflicts with the app. Changes nothing.
  - Must run as root to see which process listens on a port.
version_added: 0.1.0
author: The streaming_api authors (@unbuffered)
options:
  name:
    description: The app's name.
    type: str
    required: true
  root:
    description: Parent of the app's directory.
    type: path
    default: /srv
  user:
    description: User that runs the app. The default is O(name).
    type: str
  ports:
    description:
      - Ports of the app's site, variable name to port. The sentence about a conflict names the
        variable.
    type: dict
    default: {}
  server_names:
    description: Host names of the app's site. Without names, the site is the default server.
    type: list
    elements: str
    default: []
  packages:
    description:
      - Packages that the app needs, as apt names them. C(name:architecture) and C(name=version)
        are allowed.
    type: list
    elements: str
    default: []
  files:
    description: Files and directories that a build needs.
    type: list
    elements: path
    default: []
  nginx_directives:
    description: Directives of Nginx's main file to look for.
    type: list
    elements: str
    default: []
  users:
    description: Users that a build needs.
    type: list
    elements: str
    default: []
  nginx_user:
    description: Expected user of Nginx's workers.
    type: str
  keeps_welcome:
    description: The distribution's welcome page stays, and is the default server of port 80.
    type: bool
    default: false
  texts:
    description: Files that should have a certain text, path to text.
    type: dict
    default: {}
  path:
    description: Path of the app on its server. It begins and ends with a slash.
    type: str
    default: /
  site_of:
    description: The app of this host in whose site O(name) is. Empty for a site of its own.
    type: str
    default: ""
  locations:
    description:
      - Locations of the app as Nginx has them, each with the variable that sets it. The sentence
        about a conflict names the variable.
    type: dict
    default: {}
  shared:
    description: What the app must have in common with the app O(site_of), by variable.
    type: dict
    default: {}
attributes:
  check_mode:
    description: Works as without check mode.
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
- name: Read the host
  stream_host:
    name: chat
    ports:
      streaming_api_nginx_http_port: 80
    server_names: [chat.example.org]
    packages: [nginx]
  register: host

- name: Check that the host can take the app
  ansible.builtin.assert:
    that: host.conflicts | length == 0
    fail_msg: "{{ host.conflicts | join('\n') }}"
"""

RETURN = r"""
distribution:
  description: Distribution of the host.
  returned: success
  type: dict
  contains:
    id:
      description: Id of the distribution.
      type: str
      sample: debian
    version:
      description: Version of the distribution, empty if it has none.
      type: str
      sample: "12"
    codename:
      description: Name of that version, empty if it has none.
      type: str
      sample: bookworm
    pretty:
      description: Distribution and version for people.
      type: str
      sample: Debian GNU/Linux 12 (bookworm)
supported:
  description: Whether the role supports this distribution.
  returned: success
  type: bool
systemd:
  description: Version of systemd, null if something else started the host.
  returned: success
  type: int
  sample: 252
python:
  description: Version of the Python that runs this module.
  returned: success
  type: str
  sample: 3.11.2
python_path:
  description: Path of the Python that runs this module.
  returned: success
  type: str
  sample: /usr/bin/python3.11
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
      description: Whether Nginx is installed.
      type: bool
    version:
      description: Version of Nginx, null if unknown.
      type: str
      sample: 1.22.1
    welcome_page:
      description: Whether Nginx serves the distribution's unchanged default site.
      type: bool
    workers:
      description: Ids of the worker processes that take requests.
      type: list
      elements: int
euid:
  description: Id of the user that the module ran as; 0 is root.
  returned: success
  type: int
missing_files:
  description: The O(files) that do not exist.
  returned: success
  type: list
  elements: str
outdated_files:
  description: The paths of O(texts) that have another text, or are missing.
  returned: success
  type: list
  elements: str
nginx_lines:
  description:
    - The lines of C(/etc/nginx/nginx.conf) with the O(nginx_directives), without their indentation.
  returned: success
  type: list
  elements: str
  sample: ["worker_connections 16384;"]
capacity:
  description: What the host has for streams.
  returned: success
  type: dict
  contains:
    memory:
      description: Memory in bytes.
      type: int
      sample: 2147483648
    files:
      description: Number of open files that a process of a service may have.
      type: int
      sample: 524288
    somaxconn:
      description: Connections that may wait at one socket, the kernel's C(net.core.somaxconn).
      type: int
      sample: 4096
    notsent:
      description: Bytes that a socket takes before they can be sent, C(net.ipv4.tcp_notsent_lowat).
      type: int
      sample: 4294967295
missing_users:
  description: The O(users) that do not exist.
  returned: success
  type: list
  elements: str
missing_packages:
  description: The O(packages) that are not installed.
  returned: success
  type: list
  elements: str
  sample: [nginx]
site_is_proven:
  description:
    - Whether Nginx has the proven site, the last site that was seen to stream, and sends requests
      to the live release. Also true without a site and without a release.
  returned: success
  type: bool
live:
  description:
    - Id of the live release, the last one that was seen to stream; null without one.
  returned: success
  type: str
  sample: 3f0a91c2be47
history:
  description: Ids of the releases that were live, the latest first.
  returned: success
  type: list
  elements: str
  sample: [3f0a91c2be47]
releases:
  description:
    - The releases on the host. First those that were live, the latest first. Then the other
      complete releases, the newest first. The incomplete releases are last.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Id of the release.
      type: str
      sample: 3f0a91c2be47
    state:
      description:
        - V(live) has the traffic. V(draining) finishes its streams. V(ending) is being stopped.
          V(running) runs, but has no traffic and does not drain. V(partial) is not complete, or was
          taken back. V(kept) is complete and stopped.
      type: str
      sample: live
    created:
      description: When the release was built, null if unknown.
      type: str
      sample: "2026-01-31T12:00:00Z"
    built:
      description: Whether the release is complete.
      type: bool
    runs:
      description: Whether the release's service and socket are active.
      type: bool
    connections:
      description: Number of connections of the release's socket. Each stream is one connection.
      type: int
    memory_bytes:
      description: Memory of the release's processes, null if none runs. Shared memory counts once.
      type: int
    seconds_left:
      description: Seconds that the release may still drain, null if it does not drain.
      type: int
    probe:
      description: Whether the release has the probe, null if its manifest does not say.
      type: bool
    proof_paths:
      description:
        - Streams of the app to measure, from the time of the build. Null if the manifest does not
          say.
      type: list
      elements: str
apps:
  description: The other apps of the role on the host.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the app.
      type: str
      sample: docs
    user:
      description: User that runs the app.
      type: str
      sample: docs
    root:
      description: Parent of the app's directory.
      type: str
      sample: /srv
    ports:
      description: Ports of the app's site.
      type: list
      elements: int
      sample: [80]
    server_names:
      description: Host names of the app's site.
      type: list
      elements: str
      sample: [docs.example.org]
    streams:
      description: Number of streams that the app is set up for.
      type: int
      sample: 4096
    path:
      description: Path of the app on its server.
      type: str
      sample: /
    site_of:
      description: The app in whose site it is, empty if it has a site of its own.
      type: str
    locations:
      description: Locations of the app as Nginx has them.
      type: list
      elements: str
      sample: [/]
    shared:
      description:
        - What apps in its site must have in common with it, by variable. Null if an older version
          of the role has deployed the app.
      type: dict
conflicts:
  description: Why the host cannot take the app, one sentence for each reason.
  returned: success
  type: list
  elements: str
  sample: ["streaming_api_nginx_http_port is 22, where sshd listens already; choose a free port."]
unclaimed:
  description:
    - For each of O(ports), the addresses of it that have no default server. None if the app has no
      O(server_names), since it is the default server itself.
  returned: success
  type: dict
  sample: {"streaming_api_nginx_http_port": ["*", "[::]"]}
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
    "nginx_directives": {"type": "list", "elements": "str", "default": []},
    "users": {"type": "list", "elements": "str", "default": []},
    "nginx_user": {"type": "str"},
    "keeps_welcome": {"type": "bool", "default": False},
    "texts": {"type": "dict", "default": {}},
    "path": {"type": "str", "default": "/"},
    "site_of": {"type": "str", "default": ""},
    "locations": {"type": "dict", "default": {}},
    "shared": {"type": "dict", "default": {}},
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
