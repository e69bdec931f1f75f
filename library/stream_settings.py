#!/usr/bin/python
# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
# Documentation only. The code is the action plugin of the same name in plugins/action/.

from __future__ import annotations

DOCUMENTATION = r"""
module: stream_settings
short_description: Check the variables of the role streaming_api
version_added: 0.1.0
description:
  - Checks all C(streaming_api_*) variables of the host against the role's argument specification
    and its rules. Also checks what they name on the controller, such as the source. Changes
    nothing.
  - Each problem is one sentence with the variable, its value and the allowed values. No sentence
    contains the value of a secret.
author: The streaming_api authors (@unbuffered)
options:
  spec:
    description: Path of the role's C(meta/argument_specs.yml).
    type: path
    required: true
  entry:
    description: Entry point in O(spec).
    type: str
    default: deploy
attributes:
  action:
    description: An action plugin does the work on the controller.
    support: full
  check_mode:
    description: Works as without check mode.
    support: full
  diff_mode:
    description: Shows no differences.
    support: none
  platform:
    description: Runs on the controller.
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
  description: One sentence for each problem. RV(ignore:msg) joins them.
  returned: failure
  type: list
  elements: str
  sample: ["streaming_api_gunicorn_workers is 'many'; allowed is a whole number, 0 or more."]
settings:
  description:
    - The variables by their full names, with defaults and converted values, without the secret
      ones.
  returned: success
  type: dict
app:
  description:
    - The app in the form that the later steps need, for example its directory, ports and users.
      Contains no secret.
  returned: success
  type: dict
"""
