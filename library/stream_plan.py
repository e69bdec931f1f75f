#!/usr/bin/python
# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
# The code is the action plugin of the same name: plugins/action/.

from __future__ import annotations

DOCUMENTATION = r"""
module: stream_plan
short_description: Claim a host and plan the deploy of a release
version_added: 0.1.0
description:
  - Takes the lock of the app's deploys on the host, reads the host, names the release by all that
    it is made of, and decides what has to happen to which release.
  - The same inputs name the same release on every machine. Of the source count the content of its
    files, their paths, whether their owner may run them, and where links lead; owner, times,
    umask and the place of the source do not. Secrets count through a slow function, so that
    nobody can guess one by its release.
  - Refuses a deploy in one sentence while nothing has changed. One such sentence names the deploy
    that runs already.
author: The streaming_api authors (@unbuffered)
options:
  app:
    description:
      - What M(unbuffered.streaming.stream_settings) returns as
        RV(unbuffered.streaming.stream_settings#module:app).
    type: dict
    required: true
  settings:
    description:
      - What M(unbuffered.streaming.stream_settings) returns as
        RV(unbuffered.streaming.stream_settings#module:settings).
    type: dict
    required: true
  texts:
    description:
      - The texts that a release is made of besides its source, C(service), C(socket), C(gunicorn)
        and C(probe).
    type: dict
    required: true
  secrets:
    description: The secret variables of the app's environment.
    type: dict
    default: {}
attributes:
  action:
    description: An action plugin does the work on the controller.
    support: full
  check_mode:
    description: Takes no lock, and plans the same.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
  platform:
    description: Where it runs.
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
  description: The id of the release, 12 hexadecimal digits.
  returned: success
  type: str
  sample: 3f0a91c2be47
is_new:
  description: Whether the release has to be built.
  returned: success
  type: bool
live:
  description: The id of the live release; null if there is none.
  returned: success
  type: str
replaced:
  description: Releases that finish their streams when the release has taken over.
  returned: success
  type: list
  elements: str
outdated:
  description: Releases that are removed then.
  returned: success
  type: list
  elements: str
measures:
  description: Whether the release can be measured.
  returned: success
  type: bool
holder:
  description: Who has the lock now.
  returned: once the lock was taken
  type: str
"""
