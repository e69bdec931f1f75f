"""Real servers: what is read through Nginx, with TLS and HTTP/2, and what the passes make of it."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from plugins.module_utils.latency import ladder
from plugins.module_utils.latency.ladder import Ladder
from plugins.module_utils.latency.measurement import Measurement
from plugins.module_utils.latency.read.measure import measure
from plugins.module_utils.latency.read.passes import REQUESTS, Plan
from plugins.module_utils.latency.read.reader import read, read_all
from plugins.module_utils.latency.read.request import Request, Target
from plugins.module_utils.latency.timeline import Timeline
from tests.reader.conftest import TOKEN, Stack

HEADERS = (("X-Stream-Probe-Token", TOKEN),)


def delays(one: Timeline) -> list[float]:
    """How late each event came, in seconds: server and reader have one clock."""
    assert one.same_clock
    return [one.began + event.arrived - (event.sent or 0) for event in one.events]


def probe(base: str, query: str = "", **options: Any) -> Request:
    return Request(f"{base}/.stream-probe?{query}", headers=HEADERS, **options)


@pytest.mark.parametrize("http", ["1.0", "1.1", "auto", "2"])
@pytest.mark.parametrize("where", ["socket", "http", "https"])
def test_each_event_is_read_when_it_comes(stack: Stack, where: str, http: str) -> None:
    request = {
        "socket": probe("http://x", "count=40", unix_socket=stack.socket),
        "http": probe(stack.http, "count=40"),
        "https": probe(stack.https, "count=40", ca_path=stack.certificate),
    }[where]
    one = read(request._replace(http=http))
    assert (one.status, one.format, one.error) == (200, "sse", "")
    assert (len(one.events), one.finished) == (42, True)
    assert one.ended == ("close" if http == "1.0" else "complete")
    spoken = {"1.0": ("1.0", "1.1"), "2": ("2",) if where == "https" else ("1.1",)}
    spoken["auto"] = spoken["2"]
    assert one.http in spoken.get(http, ("1.1",))
    assert one.tls == ("TLSv1.3" if where == "https" else "")
    assert one.server["open_streams"] >= 1
    assert max(delays(one)[1:]) < 0.5  # of 0.8
    assert median(delays(one)) < 0.02  # before the next event is sent


def test_a_fast_stream_is_read_without_lag(stack: Stack) -> None:
    one = read(probe("http://x", "count=1500&interval=0.001", unix_socket=stack.socket))
    late = delays(one)
    assert len(late) == 1502
    assert median(late[-500:]) < median(late[:500]) + 0.005
    assert median(late) < 0.005


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({}, "certificate verify failed: "),
        ({"ca_path": "/etc/ssl/certs/ca-certificates.crt"}, "certificate verify failed: "),
        ({"address": "127.0.0.1", "other": True}, "certificate verify failed: "),
        ({"ca_path": "/no/such"}, "cannot read the certificates of /no/such"),
        ({"plain": True}, "TLS failed"),
        ({"validate_certs": False}, ""),
    ],
)
def test_certificates(stack: Stack, options: dict[str, Any], error: str) -> None:
    url = stack.https
    if options.pop("other", None):
        url = url.replace("localhost", "other.example")
        options["ca_path"] = stack.certificate
    if options.pop("plain", None):
        url = stack.http.replace("http:", "https:")
    one = read(probe(url, "count=1", **options))
    assert one.ended == ("refused" if error else "complete")
    assert error in one.error


def test_an_origin_under_its_public_name(stack: Stack, tmp_path: Path) -> None:
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=x -keyout k -out c"
    subprocess.run(command.split(), cwd=tmp_path, check=True, capture_output=True)
    port = stack.http.rpartition(":")[2]
    one = read(probe("http://api.example.org", "count=1", address=f"127.0.0.1:{port}"))
    assert (one.status, one.ended) == (200, "complete")


def test_one_connection_or_many(stack: Stack) -> None:
    request = probe(stack.https, "count=3", ca_path=stack.certificate)
    for shared in (True, False):
        many = read_all([request] * 20, shared=shared)
        assert {(one.http, one.ended) for one in many} == {("2", "complete")}
        connections = {one.header("x-connection") for one in many}
        assert len(connections) == (1 if shared else 20)


def test_the_servers_limit_of_streams_is_seen(stack: Stack) -> None:
    request = probe(stack.https, "count=3&interval=0.7", ca_path=stack.certificate)
    many = read_all([request] * 140, shared=True)
    first_end = min(one.began + one.ended_at for one in many)
    # The next one may begin a moment before this process notes the end; the others began long before.
    began = [one.began + (one.headers_at or 0) for one in many]
    waited = [at for at in began if at > first_end - 0.7]
    assert len(waited) == 140 - 128  # Nginx's default


def test_without_the_token_the_app_answers(stack: Stack) -> None:
    answer = read(Request(f"{stack.http}/.stream-probe"))
    assert (answer.status, answer.server) == (200, {})


def test_all_passes(stack: Stack) -> None:
    names = tuple(REQUESTS)
    plan = Plan({"count": 10}, parallel=5, burst=20, multiplex=10, leave=5, idle=1.0, pause=0.5)
    layers = [
        Target("gunicorn", probe("http://x", unix_socket=stack.socket), ("identity", "multiplex")),
        Target("public", probe(stack.https, ca_path=stack.certificate), names),
    ]
    inside, public = measure(layers, plan)
    streams = {name: len(one.timelines) for name, one in public.passes.items()}
    several = {"parallel": 5, "burst": 20, "multiplex": 10, "leave": 5}
    assert streams == {**dict.fromkeys(names, 1), **several}
    assert list(inside.passes) == ["identity"]
    assert "TLS" in inside.skipped["multiplex"]
    left = public.passes["leave"]
    assert left.open_before == left.open_after == 0
    (upload,) = public.passes["upload"].timelines
    sent = [at for at, what in upload.marks if what == "sent"]
    assert len(sent) == 5
    ends = {name: {found.ended for found in one.timelines} for name, one in public.passes.items()}
    assert ends.pop("burst") == ends.pop("leave") == {"limit"}
    assert set.union(*ends.values()) == {"complete"}
    received = [event.key for event in upload.events if "received" in str(event.key)]
    assert received == [f"received {n}" for n in range(1, len(received) + 1)]
    assert len(received) > 2  # a server that is held up reads two pieces at once
    assert (upload.headers_at or 9) < sent[-1]
    idle = public.passes["idle"].timelines[0].events
    assert idle[1].arrived - idle[0].arrived > 0.5
    slow = public.passes["slow"].timelines[0]
    assert max(b - a for (a, _), (b, _) in pairwise(slow.reads)) > 0.4


def test_the_ladder_and_a_fault(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    read_layers: list[list[str]] = []

    def spy(targets: Sequence[Target], *args: Any) -> tuple[Measurement, ...]:
        read_layers.append([one.name for one in targets])
        return measure(targets, *args)

    monkeypatch.setattr(ladder, "measure", spy)
    options: dict[str, Any] = {
        "probe_token": TOKEN,
        "ca_path": stack.certificate,
        "stream": {"count": 25},
        "layers": [
            {"name": "gunicorn", "url": "http://x/.stream-probe", "unix_socket": stack.socket},
            {"name": "nginx", "url": f"{stack.http}/.stream-probe"},
            {"name": "public", "url": f"{stack.https}/.stream-probe"},
        ],
    }
    found = Ladder.of(options).climb()
    assert found["verdict"] == "streaming", found["message"]
    options["layers"][1]["url"] = f"{stack.http}/held/.stream-probe"
    read_layers.clear()
    found = Ladder.of(options).climb()
    assert (found["verdict"], found["culprit"], found["culprit_pass"]) == (
        "buffered",
        "nginx",
        "browser",
    )
    assert found["causes"][0]["cause"] == "nginx-gzip"
    assert TOKEN not in str(found)
    # Read again is what the verdict rests on.
    assert read_layers == [["gunicorn", "nginx", "public"], ["gunicorn", "nginx"]]
