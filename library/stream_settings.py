#!/usr/bin/python
# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: stream_settings
short_description: Check the variables of the role streaming_api
version_added: 0.1.0
description:
  - Checks the C(streaming_api_*) variables against the role's argument specification and its rules,
    and what they name on the controller, before anything changes on a host.
  - Each problem is one sentence with the variable, its value and what is allowed.
  - The role runs it on the controller, with C(delegate_to=localhost).
author: The streaming_api authors (@unbuffered)
options:
  values:
    description:
      - The user's variables, name to value, as templating gives them.
      - Of a secret pass the name, and V(***) as the value if it is text or a number, else null.
        The key may be V(pem) or V(path) in place of itself. No message has the value of a secret.
    type: dict
    required: true
  spec:
    description: The options of the role's argument specification.
    type: dict
    required: true
  base:
    description: Directory that the paths in O(values) are relative to.
    type: path
    required: true
attributes:
  check_mode:
    description: Can run in check mode and then does the same.
    support: full
  diff_mode:
    description: Returns what it would change in diff mode.
    support: none
    details: It changes nothing.
"""

EXAMPLES = r"""
- name: Check the variables
  stream_settings:
    values:
      streaming_api_name: chat
      streaming_api_app: main:app
      streaming_api_source: files/app
    spec: "{{ specs.argument_specs.main.options }}"
    base: "{{ playbook_dir }}"
  delegate_to: localhost
  vars:
    specs: "{{ lookup('file', role_path ~ '/meta/argument_specs.yml') | from_yaml }}"
"""

RETURN = r"""
problems:
  description: One sentence for each problem; O(ignore:msg) has them all.
  returned: failure
  type: list
  elements: str
  sample: ["streaming_api_gunicorn_workers is 'many'; allowed is a whole number, 0 or more."]
origin:
  description: Where the app comes from, V(source), V(git_url) or V(package).
  returned: success
  type: str
source:
  description: The source's directory on the controller.
  returned: success, with a source
  type: str
dependencies:
  description: The files in the source that list dependencies, in the role's order of preference.
  returned: success, with a source
  type: list
  elements: str
  sample: [uv.lock, pyproject.toml]
dependency_file:
  description: The one to use, relative to the source; null without any.
  returned: success, with a source
  type: str
module_file:
  description: The file of the app's module, relative to the source; null when it is not there.
  returned: success
  type: str
wheel:
  description: The wheel on the controller.
  returned: success, with the path of a wheel
  type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.app_source import look
from ..module_utils.settings.check import check


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "values": {"type": "dict", "required": True},
            "spec": {"type": "dict", "required": True},
            "base": {"type": "path", "required": True},
        },
        supports_check_mode=True,
    )
    settings, problems = check(module.params["values"], module.params["spec"])
    # A release that is on the host already needs no source.
    builds = not settings.get("streaming_api_release")
    facts, more = look(settings, module.params["base"]) if builds else ({}, [])
    problems += more
    if problems:
        module.fail_json(msg="\n".join(problems), problems=problems)
    module.exit_json(changed=False, **facts)


if __name__ == "__main__":
    main()
