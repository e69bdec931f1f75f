#!/usr/bin/python
# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
# The code is the action plugin of the same name: plugins/action/.

from __future__ import annotations

DOCUMENTATION = r"""
module: stream_outcome
short_description: Report how a deploy has ended
version_added: 0.1.0
description:
  - Prints the table of what was measured and what is live, or fails with the reason why the
    deploy failed, what became of the release, and the evidence.
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
  plan:
    description: What M(unbuffered.streaming.stream_plan) returns.
    type: dict
    required: true
  failed:
    description: The result of the task that failed.
    type: dict
  undone:
    description: What M(unbuffered.streaming.stream_undo) returned.
    type: dict
    default: {}
  nginx:
    description: What M(unbuffered.streaming.stream_prove) returned at Nginx.
    type: dict
    default: {}
  outside:
    description: What M(unbuffered.streaming.stream_prove) returned from outside.
    type: dict
    default: {}
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
- name: Report how the release streams
  stream_outcome:
    app: "{{ checked.app }}"
    settings: "{{ checked.settings }}"
    plan: "{{ plan }}"
    nginx: "{{ through_nginx }}"
"""

RETURN = r"""
msg:
  description: The report.
  returned: always
  type: str
"""
