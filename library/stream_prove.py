#!/usr/bin/python
# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
# The code is the action plugin of the same name: plugins/action/.

from __future__ import annotations

DOCUMENTATION = r"""
module: stream_prove
short_description: Measure the streams of a release at a layer
version_added: 0.1.0
description:
  - Measures the probe and the streams of C(streaming_api_proof_paths) with
    M(unbuffered.streaming.stream_latency), on the release's own socket, through Nginx, or from
    the controller.
  - Fails when a stream does not stream, or when something else answers in place of the release.
    What the controller measures never fails.
author: The streaming_api authors (@unbuffered)
options:
  at:
    description: Where to measure. Delegate V(outside) to the controller.
    type: str
    choices: [socket, nginx, outside]
    required: true
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
  before:
    description:
      - The result at the layer before. What was measured there is compared with, not measured
        again.
    type: dict
    default: {}
  host:
    description: The host's address, for V(outside).
    type: str
    default: ""
  token:
    description: The probe's token, for V(outside). It is sent over verified TLS only.
    type: str
    default: ""
attributes:
  action:
    description: An action plugin does the work on the controller.
    support: full
  check_mode:
    description: Measures as otherwise.
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
- name: Prove the stream through Nginx
  stream_prove:
    at: nginx
    app: "{{ checked.app }}"
    settings: "{{ checked.settings }}"
    plan: "{{ plan }}"
"""

RETURN = r"""
measured:
  description:
    - For each stream its two paths, through Nginx and on the socket, and the result of
      M(unbuffered.streaming.stream_latency).
  returned: at the socket and at Nginx
  type: list
  elements: list
result:
  description:
    - The result of M(unbuffered.streaming.stream_latency); empty if nothing could be asked.
  returned: from outside
  type: dict
failure:
  description: What the play says of a failure, its C(kind) and its C(evidence).
  returned: failure
  type: dict
"""
