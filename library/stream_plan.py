#!/usr/bin/python
# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
# Documentation only. The code is the action plugin of the same name in plugins/action/.

from __future__ import annotations

DOCUMENTATION = r"""
module: stream_plan
short_description: Claim a host and plan the deploy of a release
version_added: 0.1.0
description:
  - Takes the lock of the app's deploys on the host and reads the host. Computes the id of the
    release. Decides which releases to build, drain and remove.
  - The id is a digest of everything that the release is made of. The same inputs give the same id
    from every controller. The content of the source's files counts, and their paths, whether
    their owner may run them, and the targets of links. Owner, times, umask and location of the
    source do not count. Secrets count through a slow hash, so that the id does not help to guess
    them.
  - Refuses a deploy in one sentence, before anything has changed. If another deploy of the app
    runs, the sentence names its holder.
author: The streaming_api authors (@unbuffered)
options:
  app:
    description:
      - The app, RV(unbuffered.streaming.stream_settings#module:app).
    type: dict
    required: true
  settings:
    description:
      - The variables, RV(unbuffered.streaming.stream_settings#module:settings).
    type: dict
    required: true
  texts:
    description:
      - The rendered files of the release, C(service), C(socket), C(gunicorn) and C(probe). They
        are part of the id.
    type: dict
    required: true
  host_texts:
    description: Files that all apps of the host share, path to text.
    type: dict
    default: {}
  plan:
    description:
      - A plan that this module made before. If its release drains, the module takes the release out
        of its drain and plans again; otherwise it returns the plan.
    type: dict
    default: {}
  secrets:
    description: Secret environment variables of the app.
    type: dict
    default: {}
attributes:
  action:
    description: An action plugin does the work on the controller.
    support: full
  check_mode:
    description: Takes no lock. The plan is the same.
    support: full
  diff_mode:
    description: Shows no differences.
    support: none
  platform:
    description: Runs on the controller, and modules of this collection on the host.
    support: full
    platforms: posix
"""

EXAMPLES = r"""
- name: Plan the release
  stream_plan:
    app: "{{ checked.app }}"
    settings: "{{ checked.settings }}"
    texts: {service: "...", socket: "...", gunicorn: "...", probe: ""}
  register: plan
"""

RETURN = r"""
id:
  description: Id of the release, 12 hexadecimal digits.
  returned: success
  type: str
  sample: 3f0a91c2be47
is_new:
  description: Whether the release must be built.
  returned: success
  type: bool
live:
  description: Id of the live release, null without one.
  returned: success
  type: str
replaced:
  description: Ids of the releases that drain after the switch.
  returned: success
  type: list
  elements: str
outdated:
  description: Ids of the releases that are removed after the switch.
  returned: success
  type: list
  elements: str
refusals:
  description:
    - For each port of the app, the addresses that need a server that refuses unknown names. Without
      addresses the port needs none.
  returned: success
  type: list
  elements: dict
  sample: [{port: 80, tls: false, addresses: ["*", "[::]"]}]
outdated_files:
  description: Paths of O(host_texts) that have another text on the host, or are missing.
  returned: success
  type: list
  elements: str
streams:
  description: Number of streams and other requests that the app may have open at once.
  returned: success
  type: int
  sample: 8192
full_lines:
  description: Directives of the site that refuse more.
  returned: success
  type: list
  elements: str
nginx_lines:
  description:
    - Lines of Nginx's main file for the streams of all apps of the host, each with its block. Empty
      if the role leaves that file alone.
  returned: success
  type: list
  elements: dict
  sample: [{line: "worker_connections 25600;", block: events}]
kernel:
  description: The kernel's settings that are worse than what streams need, name to value.
  returned: success
  type: dict
  sample: {"net.core.somaxconn": 65535}
measures:
  description: Whether the deploy measures the release.
  returned: success
  type: bool
holder:
  description: The holder of the lock. Release the lock with this value.
  returned: success, and when a plan is refused
  type: str
"""
