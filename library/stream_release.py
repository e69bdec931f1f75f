#!/usr/bin/python
# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Name a release by what it is made of, and pack its source."""

from __future__ import annotations

DOCUMENTATION = r"""
module: stream_release
short_description: Name a release by what it is made of, and pack its source
description:
  - Makes the id of a release from everything that it is made of. The same inputs give the same id
    on every machine; any change of them gives another one.
  - Of the source counts the content of its files, their paths below it, whether their owner may run
    them, and where links lead. Owner, times, umask, empty directories, and the place of the source
    do not.
  - Runs where the source is, which is the controller as a rule.
version_added: 0.1.0
author: The streaming_api authors (@unbuffered)
options:
  source:
    description: A directory or a wheel.
    type: path
  exclude:
    description:
      - Patterns of the shell of what does not belong to the source. Each is compared with the name
        of every file and directory at any depth, and with its path below the source.
    type: list
    elements: str
    default: []
  project:
    description:
      - Directory of the source that may be a project to install, see RV(installable); by default
        its top.
    type: str
    default: ""
  parts:
    description: What else the release is made of, such as the text of its unit or its environment.
    type: dict
    default: {}
  secrets:
    description:
      - The secret values of its environment. The id depends on them through a slow function, so
        that nobody can guess a weak secret by trying which one gives the id.
    type: dict
    default: {}
  archive:
    description:
      - Where to write the source as a reproducible C(tar.gz), with its directories. A file that
        exists is taken as it is.
    type: path
  source_digest:
    description:
      - The digest that the source had when the release was named. A source that has changed since
        then is not packed, and the module fails.
    type: str
attributes:
  check_mode:
    description: Returns the same, and writes no archive.
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
- name: Name the release
  stream_release:
    source: /home/me/chat
    exclude: [.git, "*.pyc", docs/*]
    parts:
      environment: {MODEL: small}
    secrets: "{{ chat_secrets }}"
  delegate_to: localhost
  register: release

- name: Pack its source
  stream_release:
    source: /home/me/chat
    exclude: [.git, "*.pyc", docs/*]
    archive: "/tmp/{{ release.source_digest }}.tar.gz"
    source_digest: "{{ release.source_digest }}"
  delegate_to: localhost
"""

RETURN = r"""
id:
  description: The id of the release, 12 hexadecimal digits.
  returned: success
  type: str
  sample: 3f0a91c2be47
source_digest:
  description: The digest of the source alone; null without a source.
  returned: success
  type: str
  sample: 9b1d0b2c0a6c0e6f4f1f9f3b0c6c5b0f9d5a3e2b1c0d9e8f7a6b5c4d3e2f1a0b
files:
  description: How many files and links the source has.
  returned: success
  type: int
  sample: 14
bytes:
  description: How many bytes its files have.
  returned: success
  type: int
  sample: 48213
dependency_files:
  description:
    - Which of C(uv.lock), C(requirements.txt), C(pyproject.toml) and C(setup.py) lie at its top,
      in this order.
  returned: success
  type: list
  elements: str
  sample: [uv.lock, pyproject.toml]
installable:
  description:
    - Whether O(project) is a project to install, not files to run in place. C(pyproject.toml) has a
      table C([build-system\]), or there is a C(setup.py).
  returned: success
  type: bool
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils import release

OPTIONS = {
    "source": {"type": "path"},
    "exclude": {"type": "list", "elements": "str", "default": []},
    "project": {"type": "str", "default": ""},
    "parts": {"type": "dict", "default": {}},
    "secrets": {"type": "dict", "default": {}, "no_log": True},
    "archive": {"type": "path"},
    "source_digest": {"type": "str"},
}


def main() -> None:
    module = AnsibleModule(OPTIONS, supports_check_mode=True, required_by={"archive": "source"})
    given, archive = module.params, module.params["archive"]
    try:
        entries = release.scan(given["source"], given["exclude"]) if given["source"] else []
        source = (
            release.describe(entries, given["project"]) if given["source"] else release.NO_SOURCE
        )
        packs = bool(archive) and not release.is_packed(archive)
        if packs and not module.check_mode:
            release.pack(entries, given["source_digest"] or source.digest, archive)
    except release.ReleaseError as error:
        module.fail_json(msg=str(error))
    if source.bytes > release.LARGE:
        module.warn(release.large(source.bytes))
    result = {
        "id": release.identify(source.digest, given["parts"], given["secrets"]),
        "source_digest": source.digest,
        "files": source.files,
        "bytes": source.bytes,
        "dependency_files": source.dependency_files,
        "installable": source.installable,
    }
    # Ansible blots out secrets wherever they occur: one such as 1 would take digits of the id.
    given["secrets"] = None
    shown = str(list(result.values()))
    module.no_log_values = {secret for secret in module.no_log_values if secret not in shown}
    module.exit_json(changed=packs, **result)


if __name__ == "__main__":
    main()
