#!/usr/bin/python
# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
# The code is the action plugin of the same name: plugins/action/.

from __future__ import annotations

DOCUMENTATION = r"""
module: stream_settings
short_description: Check the variables of the role streaming_api
version_added: 0.1.0
description:
  - Checks all C(streaming_api_*) variables of the host against the role's argument specification
    and its rules, and what they name on the controller, before anything changes on a host.
  - Each problem is one sentence with the variable, its value and what is allowed. No sentence has
    the value of a secret.
author: The streaming_api authors (@unbuffered)
options:
  spec:
    description: The role's file C(meta/argument_specs.yml).
    type: path
    required: true
  entry:
    description: The entry point in it.
    type: str
    default: deploy
attributes:
  action:
    description: An action plugin does the work on the controller.
    support: full
  check_mode:
    description: Does the same.
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
- name: Check the variables
  stream_settings:
    spec: "{{ role_path }}/meta/argument_specs.yml"
  register: checked
"""

RETURN = r"""
problems:
  description: One sentence for each problem; O(ignore:msg) has them all.
  returned: failure
  type: list
  elements: str
  sample: ["streaming_api_gunicorn_workers is 'many'; allowed is a whole number, 0 or more."]
settings:
  description:
    - The variables by their names, converted and with their defaults, without the secret ones.
  returned: success
  type: dict
app:
  description:
    - What the later steps must know of the app, such as its directory, its ports and its users.
  returned: success
  type: dict
"""
