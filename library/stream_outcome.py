#!/usr/bin/python
# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
# Documentation only. The code is the action plugin of the same name in plugins/action/.

from __future__ import annotations

DOCUMENTATION = r"""
module: stream_outcome
short_description: Report how a deploy ended
version_added: 0.1.0
description:
  - After a good deploy, prints the table of measurements and the live release.
  - After a failed deploy, prints the evidence, then fails with what failed, what became of the
    release, and the reason.
  - Fails too if the release streams on its host, but not at the public URL. The release stays
    live then. If the controller is too busy to tell, or its network loses packets, a warning says
    so instead.
author: The streaming_api authors (@unbuffered)
options:
  say:
    description:
      - V(report) after a good deploy, then V(outside), which fails if the public URL does not
        stream. V(evidence) after a failed deploy, then V(failure), which fails.
    type: str
    choices: [report, outside, evidence, failure]
    required: true
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
  plan:
    description: Result of M(unbuffered.streaming.stream_plan).
    type: dict
    required: true
  failed:
    description: Result of the task that failed. Without it the deploy was good.
    type: dict
  undone:
    description: Result of M(unbuffered.streaming.stream_undo).
    type: dict
    default: {}
  proofs:
    description:
      - The results of M(unbuffered.streaming.stream_prove), among which a failed one is found.
    type: list
    elements: dict
    default: []
  status:
    description: The status that was taken as healthy, from M(unbuffered.streaming.stream_start).
    type: int
    default: 0
  nginx:
    description: Result of M(unbuffered.streaming.stream_prove) at Nginx.
    type: dict
    default: {}
  outside:
    description: Result of M(unbuffered.streaming.stream_prove) from outside.
    type: dict
    default: {}
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
- name: Report how the release streams
  stream_outcome:
    say: report
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
