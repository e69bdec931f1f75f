#!/usr/bin/python
# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Measure how a stream arrives at each layer, and name the layer that holds it back."""

from __future__ import annotations

DOCUMENTATION = r"""
module: stream_latency
short_description: Measure how a stream arrives at each layer, and name the layer that holds it back
description:
  - Reads a stream (server-sent events, NDJSON, lines) at several layers, from the application
    outwards, and notes when each event comes.
  - Says for each layer whether it lets the stream through as it was sent, delays it, lumps it
    together, holds all of it back, lets it come to a halt, cuts it or refuses it; and names the
    first layer that does, the likely cause, and what to change.
  - Fails when the stream was not shown to stream, unless O(fail=false). What it returns is the same
    either way.
version_added: 0.1.0
author: The streaming_api authors (@unbuffered)
requirements:
  - python3-pycurl on the host that the module runs on
options:
  layers:
    description:
      - Where to read the stream, in their order from the application outwards. Each is compared
        with the one before it.
      - By default one layer named V(public), which is read at O(url).
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - Its name. V(gunicorn), V(nginx), V(origin), V(public), V(edge) and V(client) tell
            which causes are possible; any other name stands for something in front of the host.
        type: str
        required: true
      url:
        description: What to read; by default the common O(url).
        type: str
      unix_socket:
        description: Connect to this Unix socket, whatever the URL's host is.
        type: path
      address:
        description:
          - Connect to this host or host:port under the name that the URL has, without a change in
            the DNS. That is how to read the origin of a name that leads to a CDN.
        type: str
      command:
        description:
          - Read what this command prints, instead of a URL. It shows when a client library gives
            out what it has read.
        type: list
        elements: str
      method:
        description: As the common O(method).
        type: str
      headers:
        description: More headers than the common O(headers), or other values of them.
        type: dict
      body:
        description: As the common O(body).
        type: str
      http:
        description: As the common O(http).
        type: str
        choices: [auto, "1.0", "1.1", "2", 2-prior-knowledge, "3"]
      validate_certs:
        description: As the common O(validate_certs).
        type: bool
      ca_path:
        description: As the common O(ca_path).
        type: path
      passes:
        description: As the common O(passes).
        type: list
        elements: str
  url:
    description: What to read, for all layers that have no URL of their own.
    type: str
  method:
    description: The method of the requests; by default GET, or POST with a O(body).
    type: str
  headers:
    description: Headers of the requests. What is secret belongs into O(authorization).
    type: dict
  authorization:
    description: The value of the header Authorization.
    type: str
  probe_token:
    description:
      - The token of the probe endpoint; sent to URLs whose path ends in C(/.stream-probe), and to
        no others.
    type: str
  probe_token_file:
    description: A file with the probe's token on the host that runs the module, in place of O(probe_token).
    type: path
  body:
    description: The body of the requests.
    type: str
  http:
    description:
      - The version of HTTP; V(auto) takes HTTP/2 where TLS offers it. V(3) needs a libcurl that
        can.
    type: str
    choices: [auto, "1.0", "1.1", "2", 2-prior-knowledge, "3"]
    default: auto
  validate_certs:
    description: Whether certificates are verified.
    type: bool
    default: true
  ca_path:
    description: Certificates to verify with, a file or a directory; by default those of the system.
    type: path
  passes:
    description:
      - How to read each layer.
      - V(identity) reads one stream, uncompressed. V(gzip) reads one that may be compressed.
        V(again) reads one more when they have ended, as a cache would answer it. V(post) asks by
        POST.
      - V(parallel) reads O(parallel) streams at once. V(burst) opens O(burst) at once, and leaves
        each after its first event. V(multiplex) reads O(multiplex) over one HTTP/2 connection.
      - V(idle) has the stream be silent for O(idle) seconds. V(slow) does not read for O(pause)
        seconds in the midst of large events. V(upload) sends the request's body in pieces over a
        second.
      - V(leave) leaves 20 streams, and looks whether the application notices.
      - Passes that a layer cannot have are left out, and named in RV(notes). V(idle) is of use only
        with a stream that takes parameters, V(leave) with the probe endpoint.
    type: list
    elements: str
    choices:
      [identity, gzip, again, post, parallel, burst, multiplex, idle, slow, upload, leave]
    default: [identity, gzip]
  stream:
    description:
      - The stream to ask for, as parameters in the URL's query. The probe endpoint takes all of
        these, and an application may as well.
    type: dict
    suboptions:
      count:
        description: The number of events.
        type: int
      interval:
        description: Seconds between two events.
        type: float
      size:
        description: Bytes of padding in each event.
        type: int
      silence:
        description: Seconds between the first event and the second.
        type: float
      hold:
        description: Seconds between the headers and the first event.
        type: float
      format:
        description: The format of the stream.
        type: str
        choices: [sse, ndjson, text]
  parallel:
    description: The number of streams in the pass V(parallel).
    type: int
    default: 50
  burst:
    description:
      - The number of streams in the pass V(burst); over TLS 100 at most, as the handshakes of one
        reader take their time.
    type: int
    default: 500
  multiplex:
    description: The number of streams in the pass V(multiplex).
    type: int
    default: 150
  idle:
    description: Seconds of silence in the pass V(idle).
    type: float
    default: 5
  pause:
    description: Seconds without reading in the pass V(slow).
    type: float
    default: 3
  events:
    description: Leave a stream after so many events; V(0) reads it to its end.
    type: int
    default: 0
  seconds:
    description: Leave a stream after so many seconds.
    type: float
    default: 30
  patience:
    description: Seconds of silence, or without an answer, after which a stream counts as halted.
    type: float
    default: 20
  size_limit:
    description: Leave a stream after so many bytes; V(0) is no limit.
    type: int
    default: 67108864
  sent_field:
    description:
      - The field of the events' JSON that says when the event was sent, in seconds of the server's
        monotonic clock. Without it the layers are compared with each other only.
    type: str
    default: sent_monotonic
  thresholds:
    description:
      - What is allowed. The first five hold for what a layer adds to the layer before it, the
        others for each layer by itself when they are given.
    type: dict
    suboptions:
      delay_p50:
        description: Seconds from an event's departure to its arrival, median. The default is 0.015.
        type: float
      delay_p99:
        description: The same, 99th percentile. The default is 0.25.
        type: float
      time_to_headers:
        description: Seconds until the headers come. The default is 0.2.
        type: float
      slowdown:
        description: How many times as long as one alone streams side by side may take (1.6).
        type: float
      wait:
        description: Seconds that streams may begin after the first of those opened together (0.3).
        type: float
      relative:
        description:
          - A layer may have so many times the delay of the layer before it, when that is more than
            what is allowed otherwise. The default is 3.
        type: float
      time_to_first_chunk:
        description: Seconds until the first byte of the body comes.
        type: float
      largest_gap:
        description: Seconds between two arrivals at most.
        type: float
      coalesced_ratio:
        description: The share of the events that came together with another one, from 0 to 1.
        type: float
      silence:
        description:
          - Seconds of silence that everything on the way allows; a longer one is reported as a
            risk. The default is 60.
        type: float
  measured:
    description:
      - Layers that were measured elsewhere, nearer to the application; what an earlier task has
        returned as RV(measured). All together get one verdict.
    type: list
    elements: dict
    default: []
  rounds:
    description:
      - With V(2), what looks bad is measured once more, and is a fault only if it looks bad again.
      - The default is 2, and 1 with a O(disturbance).
    type: int
    choices: [1, 2]
  disturbance:
    description:
      - Run a command while the streams are read, to see whether they bear it. The layers are then
        read at the same time. Not in check mode.
    type: dict
    suboptions:
      command:
        description: The command and its arguments.
        type: list
        elements: str
        required: true
      after:
        description: Seconds after the beginning.
        type: float
        default: 0.5
      name:
        description:
          - What to call it. V(reload), V(stop) and V(restart) tell which causes are possible.
        type: str
  fail:
    description: Whether to fail when the stream was not shown to stream.
    type: bool
    default: true
attributes:
  check_mode:
    description: Measures in check mode as well, without the O(disturbance).
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
  platform:
    description: Where it runs.
    support: full
    platforms: posix
notes:
  - Reads from the host that the task runs on. For what the world sees delegate a task to the
    controller, with the RV(measured) of the host's task as its O(measured).
  - Redirects are not followed, and proxies of the environment are not used.
"""

EXAMPLES = r"""
- name: Measure a public stream
  stream_latency:
    url: https://api.example.org/api/stream
    seconds: 10

- name: Measure the app's socket and Nginx, on the host
  stream_latency:
    probe_token: "{{ probe_token }}"
    layers:
      - name: gunicorn
        url: http://localhost/.stream-probe
        unix_socket: /run/chat/chat.sock
      - name: nginx
        url: http://localhost/api/.stream-probe
    fail: false
  register: host

- name: Add what the controller sees, and judge all of it
  stream_latency:
    url: https://api.example.org/api/.stream-probe
    probe_token: "{{ probe_token }}"
    measured: "{{ host.measured }}"
    layers:
      - name: origin
        address: 203.0.113.10
      - name: public
    thresholds:
      delay_p50: 0.05
  delegate_to: localhost

- name: Streams bear a reload of Nginx
  stream_latency:
    layers:
      - name: nginx
        url: http://localhost/api/stream?count=200
    disturbance:
      command: [nginx, -s, reload]
      name: reload
"""

RETURN = r"""
streams:
  description: Whether the stream was shown to stream at all layers.
  returned: when it was measured
  type: bool
verdict:
  description:
    - V(streaming), V(delayed), V(lumped), V(buffered), V(stalled), V(truncated), V(refused), or
      V(unknown).
  returned: when it was measured
  type: str
  sample: buffered
culprit:
  description: The first layer that is worse than the one before it; null when there is none.
  returned: when it was measured
  type: str
  sample: nginx
culprit_pass:
  description: The pass that shows it.
  returned: when it was measured
  type: str
  sample: gzip
message:
  description: All of it in a sentence or three.
  returned: when it was measured
  type: str
layers:
  description: Each layer.
  returned: when it was measured
  type: list
  elements: dict
  contains:
    layer:
      description: Its name.
      type: str
      sample: nginx
    url:
      description: What was read.
      type: str
    problem:
      description: Why it could not be measured; empty when it could.
      type: str
    verdict:
      description: As above, for this layer.
      type: str
    worst_pass:
      description: The pass that is worst.
      type: str
    passes:
      description: Each pass by its name, with C(verdict), C(reason) and C(metrics).
      type: dict
causes:
  description: The possible causes, the likeliest first.
  returned: when it was measured
  type: list
  elements: dict
  contains:
    cause:
      description: Its id.
      type: str
      sample: nginx-gzip
    layer:
      description: Where it is.
      type: str
      sample: nginx
    title:
      description: What it is.
      type: str
    evidence:
      description: What speaks for it.
      type: list
      elements: str
    remedy:
      description: What to change.
      type: str
    link:
      description: Where to read more.
      type: str
risks:
  description: What does no harm now, but may later; as RV(causes).
  returned: when it was measured
  type: list
  elements: dict
notes:
  description: What else is to be known, such as noise that only one round saw.
  returned: when it was measured
  type: list
  elements: str
text:
  description: A table of all figures, and a paragraph about what is wrong, for a terminal.
  returned: when it was measured
  type: str
measured:
  description: All that was seen, for O(measured) of a later task and for a report.
  returned: when it was measured
  type: list
  elements: dict
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.latency import ladder

REQUEST = {
    "url": {"type": "str"},
    "method": {"type": "str"},
    "headers": {"type": "dict"},
    "body": {"type": "str"},
    "ca_path": {"type": "path"},
}
VERSIONS = ["auto", "1.0", "1.1", "2", "2-prior-knowledge", "3"]
PASSES = [
    "identity",
    "gzip",
    "again",
    "post",
    "parallel",
    "burst",
    "multiplex",
    "idle",
    "slow",
    "upload",
    "leave",
]

OPTIONS = {
    **REQUEST,
    "layers": {
        "type": "list",
        "elements": "dict",
        "options": {
            **REQUEST,
            "name": {"type": "str", "required": True},
            "unix_socket": {"type": "path"},
            "address": {"type": "str"},
            "command": {"type": "list", "elements": "str"},
            "http": {"type": "str", "choices": VERSIONS},
            "validate_certs": {"type": "bool"},
            "passes": {"type": "list", "elements": "str", "no_log": False},
        },
    },
    "authorization": {"type": "str", "no_log": True},
    "probe_token": {"type": "str", "no_log": True},
    "probe_token_file": {"type": "path", "no_log": False},
    "http": {"type": "str", "choices": VERSIONS, "default": "auto"},
    "validate_certs": {"type": "bool", "default": True},
    "passes": {
        "type": "list",
        "elements": "str",
        "choices": PASSES,
        "default": ["identity", "gzip"],
        "no_log": False,  # no passwords
    },
    "stream": {
        "type": "dict",
        "options": {
            "count": {"type": "int"},
            "interval": {"type": "float"},
            "size": {"type": "int"},
            "silence": {"type": "float"},
            "hold": {"type": "float"},
            "format": {"type": "str", "choices": ["sse", "ndjson", "text"]},
        },
    },
    "parallel": {"type": "int", "default": 50},
    "burst": {"type": "int", "default": 500},
    "multiplex": {"type": "int", "default": 150},
    "idle": {"type": "float", "default": 5},
    "pause": {"type": "float", "default": 3},
    "events": {"type": "int", "default": 0},
    "seconds": {"type": "float", "default": 30},
    "patience": {"type": "float", "default": 20},
    "size_limit": {"type": "int", "default": 67108864},
    "sent_field": {"type": "str", "default": "sent_monotonic"},
    "thresholds": {
        "type": "dict",
        "options": {
            "delay_p50": {"type": "float"},
            "delay_p99": {"type": "float"},
            "time_to_headers": {"type": "float"},
            "slowdown": {"type": "float"},
            "wait": {"type": "float"},
            "relative": {"type": "float"},
            "time_to_first_chunk": {"type": "float"},
            "largest_gap": {"type": "float"},
            "coalesced_ratio": {"type": "float"},
            "silence": {"type": "float"},
        },
    },
    "measured": {"type": "list", "elements": "dict", "default": []},
    "rounds": {"type": "int", "choices": [1, 2]},
    "disturbance": {
        "type": "dict",
        "options": {
            "command": {"type": "list", "elements": "str", "required": True},
            "after": {"type": "float", "default": 0.5},
            "name": {"type": "str"},
        },
    },
    "fail": {"type": "bool", "default": True},
}


def main() -> None:
    module = AnsibleModule(OPTIONS, supports_check_mode=True)
    options = dict(module.params)
    file = options.pop("probe_token_file")
    if file and not options["probe_token"]:
        token = Path(file).read_text(encoding="utf-8").strip() if Path(file).exists() else ""
        options["probe_token"] = token or None
        module.no_log_values.update({token} - {""})
    if module.check_mode:
        options["disturbance"] = None
    try:
        found = ladder.Ladder.of(options).climb()
    except ladder.LadderError as error:
        module.fail_json(msg=str(error))
    found["changed"] = bool(options["disturbance"])
    if options["fail"] and not found["streams"]:
        module.fail_json(msg=found["message"], **found)
    module.exit_json(msg=found["message"], **found)


if __name__ == "__main__":
    main()
