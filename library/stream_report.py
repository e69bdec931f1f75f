#!/usr/bin/python
# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Write the result of stream_latency as a report."""

from __future__ import annotations

DOCUMENTATION = r"""
module: stream_report
short_description: Write the result of stream_latency as a report
description:
  - Writes a diagnosis of M(unbuffered.streaming.stream_latency) as text, as JSON, or as one HTML
    file. The page draws when each event left and arrived at each layer. It needs no other file.
  - Leaves out passwords, tokens and keys in URLs, headers and messages.
  - Runs on the host that gets the file, usually the controller.
version_added: 0.1.0
author: The streaming_api authors (@unbuffered)
options:
  result:
    description: The registered result of M(unbuffered.streaming.stream_latency).
    type: dict
    required: true
  measured:
    description:
      - The measurements to draw; by default those in O(result).
      - An empty list leaves out the drawings.
    type: list
    elements: dict
  dest:
    description: The file to write. Its directory must exist.
    type: path
    required: true
  format:
    description: What to write. The default follows from the ending of O(dest), which is C(.html),
      C(.htm), C(.json) or C(.txt).
    type: str
    choices: [html, json, text]
  title:
    description: The title of the report; by default the URL of the outermost layer.
    type: str
    default: ""
  made_at:
    description:
      - The time of the measurement, for people. Without it the report shows no time. The same
        result always gives the same report.
    type: str
    default: ""
extends_documentation_fragment:
  - ansible.builtin.files
attributes:
  check_mode:
    description: Reports whether the file would change, and writes nothing.
    support: full
  diff_mode:
    description: Shows the file before and after, or only that it changes if it has over 100 kB.
    support: full
  platform:
    description: Where it runs.
    support: full
    platforms: posix
"""

EXAMPLES = r"""
- name: Measure
  stream_latency:
    layers:
      - name: public
        url: https://api.example.com/api/stream
    fail: false
  register: latency
  delegate_to: localhost

- name: Write the report
  stream_report:
    result: "{{ latency }}"
    dest: ./streaming-report.html
  delegate_to: localhost

- name: Write it as JSON that only its owner can read
  stream_report:
    result: "{{ latency }}"
    dest: /var/lib/reports/stream.json
    mode: "0600"
"""

RETURN = r"""
dest:
  description: The path of the file.
  returned: success
  type: str
  sample: /home/me/streaming-report.html
format:
  description: The format of the file.
  returned: success
  type: str
  sample: html
size:
  description: The size of the file in bytes.
  returned: success
  type: int
  sample: 48213
"""

import tempfile
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.latency.errors import ReportError
from ..module_utils.latency.tell.report import Report, kind_of

OPTIONS = {
    "result": {"type": "dict", "required": True},
    "measured": {"type": "list", "elements": "dict"},
    "dest": {"type": "path", "required": True},
    "format": {"type": "str", "choices": ["html", "json", "text"]},
    "title": {"type": "str", "default": ""},
    "made_at": {"type": "str", "default": ""},
}
LARGEST_DIFF = 100_000


def main() -> None:
    module = AnsibleModule(OPTIONS, supports_check_mode=True, add_file_common_args=True)
    given = module.params
    dest = Path(given["dest"])
    try:
        kind = given["format"] or kind_of(given["dest"])
        made = Report.of(given["result"], given["measured"], given["title"], given["made_at"])
        after = made.render(kind).encode()
        before = read(dest)
        if before != after and not module.check_mode:
            write(module, dest, after)
    except ReportError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"dest is {dest}; cannot write it: {error.strerror}.")
    attributes: dict[str, object] = {}
    changed = module.set_fs_attributes_if_different(
        module.load_file_common_arguments({**given, "path": str(dest)}),
        before != after,
        attributes,
    )
    diff = [compare(str(dest), before or b"", after), attributes]
    module.exit_json(changed=changed, dest=str(dest), format=kind, size=len(after), diff=diff)


def read(dest: Path) -> bytes | None:
    """The content of the file, or None. Raises ReportError if the path cannot be a file."""
    if dest.is_dir():
        raise ReportError(f"dest is {dest}, which is a directory; give the name of a file.")
    if not dest.parent.is_dir():
        raise ReportError(f"dest is {dest}, but there is no directory {dest.parent}.")
    return dest.read_bytes() if dest.exists() else None


def write(module: AnsibleModule, dest: Path, content: bytes) -> None:
    """Replace the file in one step, so that nobody sees half a report."""
    with tempfile.NamedTemporaryFile(dir=module.tmpdir, delete=False) as file:
        file.write(content)
    module.atomic_move(file.name, str(dest), unsafe_writes=module.params["unsafe_writes"])


def compare(dest: str, before: bytes, after: bytes) -> dict[str, object]:
    """What `--diff` shows: the contents, or for a large file only that it changes."""
    if before == after:
        return {}
    if max(len(before), len(after)) > LARGEST_DIFF:
        return {"dst_larger": LARGEST_DIFF, "src_larger": LARGEST_DIFF}
    return {
        "before_header": dest,
        "after_header": dest,
        "before": before.decode(errors="replace"),
        "after": after.decode(),
    }


if __name__ == "__main__":
    main()
