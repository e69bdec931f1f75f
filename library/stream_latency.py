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
    outwards, and notes when each event arrives.
  - Gives each layer a verdict. A layer streams, or it delays, lumps, buffers, stalls, cuts or
    refuses the stream. Names the first layer at fault, the likely cause, and the remedy.
  - Fails unless it could show that the stream streams; see O(fail). The results are the same
    either way.
version_added: 0.1.0
author: The streaming_api authors (@unbuffered)
requirements:
  - python3-pycurl on the host that runs the module
options:
  layers:
    description:
      - Where to read the stream. The order is from the application outwards. Each layer is
        compared with the one before it.
      - By default there is one layer, V(public), which reads O(url).
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - The name of the layer. It says which causes are possible for V(gunicorn), V(nginx),
            V(origin), V(public), V(edge) and V(client). Any other name means a proxy in front of
            the host.
        type: str
        required: true
      url:
        description: The URL to read, instead of the common O(url).
        type: str
      unix_socket:
        description: Connect to this Unix socket instead of the URL's host.
        type: path
      address:
        description:
          - Connect to this host or host:port, but ask for the URL's host. This reads the origin
            behind a CDN without a change in the DNS.
        type: str
      command:
        description:
          - Read the output of this command instead of a URL. This shows when a client library
            passes on what it has read.
        type: list
        elements: str
      method:
        description: As the common O(method).
        type: str
      headers:
        description: Headers to add to the common O(headers). They replace those of the same name.
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
    description: The URL to read, for all layers without a URL of their own.
    type: str
  method:
    description: The method of the requests. The default is GET, or POST with a O(body).
    type: str
  headers:
    description:
      - The headers of the requests. Put secrets in O(authorization).
      - With an C(Accept-Encoding) here, all passes send that, and V(browser) and V(gzip) are
        skipped.
    type: dict
  authorization:
    description: The value of the header Authorization.
    type: str
  probe_token:
    description:
      - The token of the probe endpoint. The module sends it only to URLs whose path ends in
        C(/.stream-probe).
    type: str
  probe_token_file:
    description:
      - A file with the probe's token on the host that runs the module, in place of
        O(probe_token).
    type: path
  body:
    description: The body of the requests.
    type: str
  http:
    description:
      - The version of HTTP. V(auto) uses HTTP/2 where TLS offers it. V(3) needs a libcurl with
        HTTP/3.
    type: str
    choices: [auto, "1.0", "1.1", "2", 2-prior-knowledge, "3"]
    default: auto
  validate_certs:
    description: Verify certificates.
    type: bool
    default: true
  ca_path:
    description: A file or a directory with certificates to trust, instead of those of the system.
    type: path
  passes:
    description:
      - How to read each layer.
      - V(identity) reads one uncompressed stream. V(browser) reads one stream and accepts what
        browsers accept, which is gzip, deflate, br and zstd. V(gzip) reads one stream and accepts
        gzip only, as most HTTP libraries do. V(again) reads one more stream afterwards, which a
        cache would answer. V(post) reads one stream by POST.
      - To read the events of br, Python on the host needs brotli or brotlicffi, and for zstd
        zstandard, backports.zstd or Python 3.14. Without it, the module judges V(browser) by the
        times at which the compressed bytes come.
      - V(parallel) reads O(parallel) streams at once. V(burst) opens O(burst) streams at once and
        leaves each after its first event. V(multiplex) reads O(multiplex) streams over one HTTP/2
        connection.
      - V(idle) asks the stream to pause for O(idle) seconds. V(slow) asks for large events and
        stops reading for O(pause) seconds. V(upload) sends the body of the request in pieces, over
        one second.
      - V(leave) opens 20 streams, leaves them, and checks that the application closes them.
      - The module skips passes that make no sense at a layer, and lists them in RV(notes). V(idle)
        needs a stream with parameters. V(leave) needs the probe endpoint.
    type: list
    elements: str
    choices:
      - identity
      - browser
      - gzip
      - again
      - post
      - parallel
      - burst
      - multiplex
      - idle
      - slow
      - upload
      - leave
    default: [identity, browser]
  stream:
    description:
      - The stream to ask for. The module puts these parameters into the URL's query. The probe
        endpoint knows all of them; an application may know them too.
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
      - The number of streams in the pass V(burst). Over TLS it is 100 at most, because one reader
        needs too long for more handshakes.
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
    description: Leave a stream after this many events. V(0) means no limit.
    type: int
    default: 0
  seconds:
    description: Leave a stream after this many seconds.
    type: float
    default: 30
  seconds_of_events:
    description: Leave a stream this many seconds after its first event. V(0) means no limit.
    type: float
    default: 0
  patience:
    description: A stream counts as stalled after this many seconds without a byte.
    type: float
    default: 20
  size_limit:
    description: Leave a stream after this many bytes. V(0) means no limit.
    type: int
    default: 67108864
  sent_field:
    description:
      - The field of an event's JSON with the time when it was sent, in seconds of the server's
        monotonic clock. If events do not have it, the module can only compare layers.
    type: str
    default: sent_monotonic
  thresholds:
    description:
      - What is allowed. O(thresholds.delay_p50), O(thresholds.delay_p99),
        O(thresholds.time_to_headers), O(thresholds.slowdown) and O(thresholds.wait) limit what a
        layer adds to the layer before it. The others limit each layer by itself.
    type: dict
    suboptions:
      delay_p50:
        description: Seconds from an event's departure to its arrival, median.
        type: float
        default: 0.015
      delay_p99:
        description: Seconds from an event's departure to its arrival, 99th percentile.
        type: float
        default: 0.25
      time_to_headers:
        description: Seconds until the headers arrive.
        type: float
        default: 0.2
      slowdown:
        description: Allowed slowdown of concurrent streams, as a multiple of a single stream.
        type: float
        default: 1.6
      wait:
        description:
          - Of streams that are opened together, the last may get its headers this many seconds
            after the first.
        type: float
        default: 0.3
      relative:
        description:
          - A layer may always have the delay of the layer before it, multiplied by this.
        type: float
        default: 3
      time_to_first_chunk:
        description: Seconds until the first byte of the body arrives.
        type: float
      largest_gap:
        description: The longest time between two arrivals, in seconds.
        type: float
      coalesced_ratio:
        description: The share of the events that arrive together with another event, 0 to 1.
        type: float
      silence:
        description:
          - The shortest idle limit on the way, in seconds. A longer silence of the stream is
            reported as a risk.
        type: float
        default: 60
  accepted_risks:
    description: Risks that the caller knows. They are not among RV(risks), and not in RV(text).
    type: list
    elements: str
    choices:
      - app-no-heartbeat
      - app-headers-missing
      - app-ignores-departure
      - gunicorn-http10
      - nginx-chunked-off
      - edge-ignores-departure
      - headers-late
    default: []
  measured:
    description:
      - Layers that an earlier task measured, nearer to the application; its RV(measured). They
        come before O(layers), and all layers get one verdict.
    type: list
    elements: dict
    default: []
  rounds:
    description:
      - With V(2), the module measures again what looks bad. It counts as a fault only if it looks
        bad in both rounds.
      - The default is 2, or 1 with a O(disturbance).
    type: int
    choices: [1, 2]
  disturbance:
    description:
      - A command to run while the streams are read. It shows whether they survive. All layers are
        then read at the same time. Check mode does not run it.
    type: dict
    suboptions:
      command:
        description: The command and its arguments.
        type: list
        elements: str
        required: true
      after:
        description: Run it this many seconds after the start.
        type: float
        default: 0.5
      name:
        description:
          - The name of the disturbance. V(reload), V(stop) and V(restart) say which causes are
            possible.
        type: str
  fail:
    description: Fail unless the module could show that the stream streams.
    type: bool
    default: true
  hidden:
    description: Secrets to blot out of the result, in JSON in Base64.
    type: str
    default: ""
attributes:
  check_mode:
    description: Measures in check mode too, but without the O(disturbance).
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
  platform:
    description: Where it runs.
    support: full
    platforms: posix
notes:
  - The module reads from the host that runs the task. To see what the public sees, delegate a
    second task to the controller, and give it the RV(measured) of the first task as O(measured).
  - The module does not follow redirects, and does not use the proxies of the environment.
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

- name: Add what the controller sees, and judge all layers
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

- name: Check that streams survive a reload of Nginx
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
  description: Whether the module could show that the stream streams at all layers.
  returned: after a measurement
  type: bool
verdict:
  description:
    - V(streaming), V(delayed), V(lumped), V(buffered), V(stalled), V(truncated), V(refused), or
      V(unknown).
  returned: after a measurement
  type: str
  sample: buffered
culprit:
  description: The first layer that is worse than the layer before it; null without one.
  returned: after a measurement
  type: str
  sample: nginx
culprit_pass:
  description: The pass that shows it.
  returned: after a measurement
  type: str
  sample: browser
message:
  description: The diagnosis in one to three sentences.
  returned: after a measurement
  type: str
layers:
  description: Each layer.
  returned: after a measurement
  type: list
  elements: dict
  contains:
    layer:
      description: The name of the layer.
      type: str
      sample: nginx
    url:
      description: The URL, and the socket or address that was asked.
      type: str
    problem:
      description: Why the host could not measure the layer; empty if it could.
      type: str
    verdict:
      description: The verdict on this layer.
      type: str
    worst_pass:
      description: The pass with the worst verdict.
      type: str
    passes:
      description:
        - Each pass by its name, with C(verdict) and C(metrics). C(problem) is what the verdict
          rests on, in a word or two such as V(held), and C(reason) says it in figures.
          C(eased) is true if the machine was so busy that small delays did not count.
        - All metrics of time are seconds, and null if unknown. C(time_to_headers_seconds),
          C(time_to_first_chunk_seconds) and C(duration_seconds) count from the request,
          C(headers_held_seconds) from the start of the application's answer.
          C(delay_p50_seconds) and C(delay_p99_seconds) are arrival minus departure;
          C(delay_from) says how the departures are known. C(largest_gap_seconds) and
          C(time_per_output_chunk_seconds) are between two events, C(coalesced_ratio) is the share
          of events that came together with another, C(stretch_ratio) is the span of the arrivals
          divided by that of the departures.
        - C(streams), C(events), C(reads) and C(size_bytes) are counts. C(http), C(tls),
          C(encoding), C(framing) and C(ended) describe the answer.
      type: dict
causes:
  description: The possible causes at the layer at fault, the likeliest first.
  returned: after a measurement
  type: list
  elements: dict
  contains:
    cause:
      description: The id of the cause.
      type: str
      sample: nginx-gzip
    layer:
      description: The place of the cause.
      type: str
      sample: nginx
    title:
      description: What is wrong.
      type: str
    evidence:
      description: What the measurement shows.
      type: list
      elements: str
    remedy:
      description: What to change, in the words of RV(causes[].product) if they are known.
      type: str
    product:
      description: What answers at the layer, by its headers; empty if unknown.
      type: str
      sample: Nginx
    confidence:
      description:
        - V(plain) if the answer itself says it. V(likely) if no other cause explains as much; if
          there is no layer before, only without any other possible cause. Otherwise V(possible).
      type: str
      sample: likely
    link:
      description: A page with more about it.
      type: str
risks:
  description: Harmless now, but a risk. The items are like those of RV(causes).
  returned: after a measurement
  type: list
  elements: dict
notes:
  description: Other things to know, such as noise that only one round saw.
  returned: after a measurement
  type: list
  elements: str
next:
  description: The measurement that would settle what is still open; empty if nothing is.
  returned: after a measurement
  type: str
text:
  description: A table of all figures, and a paragraph about the fault, for a terminal.
  returned: after a measurement
  type: str
measured:
  description: All that was measured, for O(measured) of a later task and for a report.
  returned: after a measurement
  type: list
  elements: dict
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.deploy.blot import Blot
from ..module_utils.latency.errors import LatencyError
from ..module_utils.latency.judge.causes import CAUSES
from ..module_utils.latency.ladder import Ladder
from ..module_utils.latency.read.curl import HTTP_VERSIONS
from ..module_utils.latency.read.passes import REQUESTS, STREAM, Plan
from ..module_utils.latency.read.request import Disturbance, Request, Target
from ..module_utils.latency.tell import text
from ..module_utils.latency.thresholds import Thresholds

REQUEST = Request()
PLAN = Plan()
LIMITS = Thresholds()
HTTP = {"type": "str", "choices": list(HTTP_VERSIONS)}
PASSES = {"type": "list", "elements": "str", "no_log": False}  # no passwords
OF_REQUEST = {
    "url": {"type": "str"},
    "method": {"type": "str"},
    "headers": {"type": "dict"},
    "body": {"type": "str"},
    "ca_path": {"type": "path"},
}

OPTIONS = {
    **OF_REQUEST,
    "layers": {
        "type": "list",
        "elements": "dict",
        "options": {
            **OF_REQUEST,
            "name": {"type": "str", "required": True},
            "unix_socket": {"type": "path"},
            "address": {"type": "str"},
            "command": {"type": "list", "elements": "str"},
            "http": HTTP,
            "validate_certs": {"type": "bool"},
            "passes": PASSES,
        },
    },
    "authorization": {"type": "str", "no_log": True},
    "probe_token": {"type": "str", "no_log": True},
    "probe_token_file": {"type": "path", "no_log": False},  # where, not which
    "hidden": {"type": "str", "default": "", "no_log": True},
    "http": {**HTTP, "default": REQUEST.http},
    "validate_certs": {"type": "bool", "default": REQUEST.validate_certs},
    "passes": {
        **PASSES,
        "choices": list(REQUESTS),
        "default": list(Target("", REQUEST).passes),
    },
    "stream": {
        "type": "dict",
        "options": {
            **{name: {"type": kind} for name, kind in STREAM.items()},
            "format": {"type": STREAM["format"], "choices": ["sse", "ndjson", "text"]},
        },
    },
    "parallel": {"type": "int", "default": PLAN.parallel},
    "burst": {"type": "int", "default": PLAN.burst},
    "multiplex": {"type": "int", "default": PLAN.multiplex},
    "idle": {"type": "float", "default": PLAN.idle},
    "pause": {"type": "float", "default": PLAN.pause},
    "events": {"type": "int", "default": REQUEST.events},
    "seconds": {"type": "float", "default": REQUEST.seconds},
    "seconds_of_events": {"type": "float", "default": REQUEST.seconds_of_events},
    "patience": {"type": "float", "default": REQUEST.patience},
    "size_limit": {"type": "int", "default": REQUEST.size_limit},
    "sent_field": {"type": "str", "default": REQUEST.sent_field},
    "thresholds": {
        "type": "dict",
        "options": {
            name: {"type": "float"} if limit is None else {"type": "float", "default": limit}
            for name, limit in LIMITS._asdict().items()
        },
    },
    "accepted_risks": {
        "type": "list",
        "elements": "str",
        "choices": [cause.id for cause in CAUSES if cause.risk],
        "default": [],
    },
    "measured": {"type": "list", "elements": "dict", "default": []},
    "rounds": {"type": "int", "choices": [1, 2]},
    "disturbance": {
        "type": "dict",
        "options": {
            "command": {"type": "list", "elements": "str", "required": True},
            "after": {"type": "float", "default": Disturbance(()).after},
            "name": {"type": "str"},
        },
    },
    "fail": {"type": "bool", "default": True},
}


def main() -> None:
    module = AnsibleModule(OPTIONS, supports_check_mode=True)
    options = dict(module.params)
    file = options.pop("probe_token_file")
    blot, accepted = Blot.of(options.pop("hidden")), options.pop("accepted_risks")
    if file and not options["probe_token"]:
        token = Path(file).read_text(encoding="utf-8").strip() if Path(file).exists() else ""
        options["probe_token"] = token or None
        module.no_log_values.update({token} - {""})
    if module.check_mode:
        options["disturbance"] = None
    try:
        found = Ladder.of(options).climb()
    except LatencyError as error:
        module.fail_json(msg=blot(str(error)))
    found["risks"] = [risk for risk in found["risks"] if risk["cause"] not in accepted]
    found["text"] = text.render(found)
    found = blot.deep(found)
    found["changed"] = bool(options["disturbance"])
    if options["fail"] and not found["streams"]:
        module.fail_json(msg=found["message"], **found)
    module.exit_json(msg=found["message"], **found)


if __name__ == "__main__":
    main()
