#!/usr/bin/python
# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
# Documentation only. The code is the action plugin of the same name in plugins/action/.

from __future__ import annotations

DOCUMENTATION = r"""
module: stream_prove
short_description: Measure the streams of a release at a layer
version_added: 0.1.0
description:
  - Measures the probe and the streams of C(streaming_api_proof_paths) with
    M(unbuffered.streaming.stream_latency), on the release's own socket, through Nginx, or from
    the controller.
  - Says in RV(streams) whether the release answers and streams. It does not fail then, so that
    the figures are not printed as an error.
author: The streaming_api authors (@unbuffered)
options:
  at:
    description: Where to measure. Delegate a task with V(outside) to the controller.
    type: str
    choices: [socket, nginx, outside]
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
  before:
    description:
      - The result of this module at the previous layer. The module compares with it, and does
        not measure that layer again.
    type: dict
    default: {}
  host:
    description: Address of the host, for O(at=outside).
    type: str
    default: ""
  token:
    description:
      - Token of the probe, for O(at=outside). It leaves the controller over verified TLS only.
    type: str
    default: ""
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
    description: Runs on the controller, and modules of this collection on the host.
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
    - One pair for each stream. First its two paths, through Nginx and on the socket, then the
      result of M(unbuffered.streaming.stream_latency).
  returned: with O(at=socket) and O(at=nginx)
  type: list
  elements: list
result:
  description:
    - The result of M(unbuffered.streaming.stream_latency). Empty if no stream may be read from
      outside.
  returned: with O(at=outside)
  type: dict
streams:
  description: Whether the release answers, and each of its streams streams.
  returned: with O(at=socket) and O(at=nginx)
  type: bool
message:
  description: Why not, in a sentence. Empty if it streams.
  returned: with O(at=socket) and O(at=nginx)
  type: str
failure:
  description:
    - The C(kind) of the failure and its C(evidence), for
      M(unbuffered.streaming.stream_outcome).
  returned: if it does not stream
  type: dict
"""
