#!/usr/bin/python
# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Get an app's certificate from a CA."""

from __future__ import annotations

DOCUMENTATION = r"""
module: stream_certificate
short_description: Get an app's certificate from a CA
version_added: 0.1.0
description:
  - Lets certbot get a certificate by HTTP, through the running Nginx, unless the app has it.
    Puts certificate and key into one file that Nginx reads, and reloads Nginx.
  - certbot's own timer renews the certificate. It then does the same with the new one.
  - Warns and does not fail if the CA gives no certificate. Nginx goes on with the one that it has.
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
  names:
    description: Host names of the certificate.
    type: list
    elements: str
    required: true
  email:
    description: Address that the CA may write to. Empty for none.
    type: str
    default: ""
  directory:
    description: URL of the CA's ACME directory.
    type: str
    required: true
  certificate:
    description: File for certificate and key.
    type: path
    required: true
  issued:
    description: File that says that the certificate comes from this CA for these names.
    type: path
    required: true
  webroot:
    description: Directory from which Nginx answers the CA.
    type: path
    required: true
  holder:
    description:
      - Who has the lock of the deploy, see M(unbuffered.streaming.stream_claim). The module stops
        when another deploy has taken over. Empty for none.
    type: str
    default: ""
attributes:
  check_mode:
    description: Asks no CA. Reports a change if the certificate is missing.
    support: full
  diff_mode:
    description: There is nothing to show.
    support: none
  platform:
    description: Runs on Debian and Ubuntu.
    support: full
    platforms: debian
"""

EXAMPLES = r"""
- name: Get the certificate
  stream_certificate:
    name: chat
    names: [chat.example.org]
    directory: https://acme-v02.api.letsencrypt.org/directory
    certificate: /etc/ssl/streaming_api/chat-acme.pem
    issued: /etc/ssl/streaming_api/chat-acme.pem.3f0a91c2be47
    webroot: /var/lib/streaming_api/acme
"""

RETURN = r"""
problem:
  description: Why there is no certificate of the CA, and what is served. Empty if there is one.
  returned: success
  type: str
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.act.acme import Acme, obtain
from ..module_utils.act.editor import Editor
from ..module_utils.act.module import COMMON, acting
from ..module_utils.host.access import Host, run

OPTIONS = {
    **COMMON,
    "names": {"type": "list", "elements": "str", "required": True},
    "email": {"type": "str", "default": ""},
    "directory": {"type": "str", "required": True},
    "certificate": {"type": "path", "required": True},
    "issued": {"type": "path", "required": True},
    "webroot": {"type": "path", "required": True},
}


def main() -> None:
    module = AnsibleModule(OPTIONS, supports_check_mode=True)
    given = module.params
    editor = Editor(check=module.check_mode)
    wanted = Acme(**{field: given[field] for field in Acme._fields})
    with acting(module):
        problem = obtain(given["name"], wanted, Host(Path("/"), run), editor)
    if problem:
        module.warn(problem)
    module.exit_json(problem=problem, **editor.result())


if __name__ == "__main__":
    main()
