"""Stacks that others built: what was measured there, and what must be said of it."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.module_utils.latency.judge.diagnosis import Diagnosis, diagnose
from plugins.module_utils.latency.judge.rounds import confirm
from plugins.module_utils.latency.measurement import Measurement
from plugins.module_utils.latency.timeline import Event, Timeline
from tests.unit.latency.made_streams import (
    CHUNKED,
    GZIPPED,
    cut,
    in_lumps,
    in_the_end,
    layer,
    refused,
    stream,
)

UVICORN = (*CHUNKED, ("server", "uvicorn"))
PLAIN: dict[str, Any] = {"stamped": False, "headers": UVICORN}
APP = layer("gunicorn", identity=stream(**PLAIN), browser=stream(**PLAIN))
WSGI = (*CHUNKED, ("server", "gunicorn"))
BROTLI = (*CHUNKED, ("content-encoding", "br"), ("server", "nginx/1.22.1"))
EXPRESS = (*GZIPPED, ("server", "uvicorn"), ("x-powered-by", "Express"))
CADDY = (*GZIPPED, ("server", "Caddy"))
NGINX = (*CHUNKED, ("server", "nginx/1.22.1"))


def after(other: Timeline) -> Timeline:
    """A stream that was opened beside the other one, and began when that one had ended."""
    wait = other.ended_at + 0.002
    made = stream(**PLAIN, hold=wait)
    return made._replace(headers_at=wait)


def in_blocks(size: int, of: int = 66, count: int = 200) -> Timeline:
    """Events of ``of`` bytes through a buffer of ``size`` bytes."""
    made = stream(count=count, every=0.01, **PLAIN)
    reads: list[tuple[float, int]] = []
    events: list[Event] = []
    sent = 0
    for event in made.events:
        sent += of
        if sent // size > len(reads):
            reads.append((event.arrived, size))
    rest = made.events[-1].arrived
    ends = [at for at, _ in reads] + [rest]
    for n, event in enumerate(made.events, 1):
        events.append(Event(ends[min((n * of - 1) // size, len(ends) - 1)], of, None, event.key))
    last = of * count - size * len(reads)
    return made._replace(events=tuple(events), reads=(*reads, (rest, last)), size=of * count)


def copied() -> Timeline:
    """All events at once, and at once."""
    made = stream(every=0.00001, stamped=False, headers=NGINX)
    return made._replace(headers_at=0.001)


def closed_at(at: float, **others: Any) -> Timeline:
    """A front ends each answer cleanly at this time."""
    made = stream(finished=False, **{**PLAIN, **others})
    events = tuple(event for event in made.events if event.arrived < at)
    return made._replace(events=events, reads=made.reads[: len(events)], ended_at=at, last_at=at)


OPEN = stream(finished=False, count=200, **PLAIN)
LONG = layer("gunicorn", identity=OPEN, browser=OPEN)
FAT = stream(stamped=False, headers=(*CHUNKED, ("set-cookie", "a" * 5000)))
ANSWERED = stream(**PLAIN)


def said(status: int, words: str) -> Measurement:
    one = refused(status, said=words)
    return layer("gunicorn", identity=one, browser=one)


# layers -> culprit, its verdict, the first cause
CASES: dict[str, tuple[list[Measurement], str, str, str]] = {
    "a generator that blocks, default passes": (
        [layer("gunicorn", identity=ANSWERED, browser=after(ANSWERED))],
        "gunicorn", "stalled", "app-blocking",
    ),
    "one sync worker, default passes": (
        [layer("gunicorn", identity=ANSWERED, browser=after(ANSWERED)._replace(headers=WSGI))],
        "gunicorn", "stalled", "gunicorn-sync-worker",
    ),
    "a relay in blocks of 1024": (
        [layer("gunicorn", identity=in_blocks(1024), browser=in_blocks(1024))],
        "gunicorn", "lumped", "app-writes-in-blocks",
    ),
    "a buffer of 8 KiB, from outside": (
        [layer("public", identity=in_blocks(4096, 200), browser=in_blocks(4096, 200))],
        "public", "lumped", "app-writes-in-blocks",
    ),
    "batches, no one knows whose": (
        [layer("gunicorn", identity=in_lumps(10, **PLAIN), browser=in_lumps(10, **PLAIN))],
        "", "unknown", "",
    ),
    "gzip holds it, from outside alone": (
        [layer("public", identity=stream(**PLAIN), browser=in_the_end(stamped=False, headers=GZIPPED))],
        "public", "buffered", "nginx-gzip",
    ),
    "a warm cache, in the first look": (
        [APP, layer("nginx", identity=copied(), browser=copied())],
        "nginx", "buffered", "nginx-cache",
    ),
    "limit_rate, and nobody knows when it was sent": (
        [APP, layer("nginx", identity=in_lumps(5, every=0.08, stamped=False, headers=NGINX), browser=in_lumps(5, every=0.08, stamped=False, headers=NGINX))],
        "nginx", "lumped", "nginx-limit-rate",
    ),
    "brotli holds what browsers get": (
        [APP, layer("nginx", identity=stream(stamped=False, headers=NGINX), browser=in_the_end(stamped=False, headers=BROTLI))],
        "nginx", "buffered", "nginx-brotli",
    ),
    "a Node front compresses": (
        [APP, layer("public", identity=stream(**PLAIN), browser=in_the_end(stamped=False, headers=EXPRESS))],
        "public", "buffered", "edge-compression",
    ),
    "the layer nginx is Caddy": (
        [APP, layer("nginx", identity=stream(**PLAIN), browser=in_the_end(stamped=False, headers=CADDY))],
        "nginx", "buffered", "edge-compression",
    ),
    "the layer nginx is lighttpd": (
        [APP, layer("nginx", identity=in_the_end(headers_at=0.98, **PLAIN), browser=in_the_end(headers_at=0.98, **PLAIN))],
        "nginx", "buffered", "edge-collects",
    ),
    "a limit on the whole time": (
        [LONG, layer("public", identity=closed_at(2.0, count=200), browser=closed_at(2.0, count=200))],
        "public", "truncated", "edge-total-timeout",
    ),
    "an authentication first": (
        [APP, layer("nginx", identity=stream(hold=1.5, headers_at=1.502, **PLAIN), browser=stream(hold=1.5, headers_at=1.503, **PLAIN))],
        "nginx", "delayed", "edge-headers-late",
    ),
    "a large cookie": (
        [layer("gunicorn", identity=FAT), layer("nginx", identity=refused(502), browser=refused(502))],
        "nginx", "refused", "nginx-big-header",
    ),
    "a host that MCP does not know": ([said(421, "Invalid Host header")], "gunicorn", "refused", "bad-host"),
    "a host that Starlette does not know": ([said(400, "Invalid host header")], "gunicorn", "refused", "bad-host"),
    "a field is missing": ([said(422, '{"detail": "Field required"}')], "gunicorn", "refused", "bad-request"),
    "no session": ([said(400, "Bad Request: Missing session ID")], "gunicorn", "refused", "bad-request"),
    "no Accept header": ([said(406, "Client must accept text/event-stream")], "gunicorn", "refused", "not-acceptable"),
    "another media type": ([said(415, "")], "gunicorn", "refused", "media-type"),
    "Socket.IO": ([said(400, '{"code":0,"message":"Transport unknown"}')], "gunicorn", "refused", "not-http-streaming"),
    "the session of another worker": (
        [layer("gunicorn", identity=ANSWERED, browser=refused(404, said="no such session"))],
        "gunicorn", "refused", "session-elsewhere",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_layer_verdict_and_cause(case: str) -> None:
    layers, culprit, verdict, cause = CASES[case]
    found = diagnose(layers)
    first = found.causes[0].cause.id if found.causes else ""
    assert (found.culprit, found.verdict, first) == (culprit, verdict, cause), found.message


def test_a_cut_in_one_of_two_rounds_is_no_noise() -> None:
    whole = [APP, layer("public", identity=stream(**PLAIN), browser=stream(**PLAIN))]
    ended = cut(ended="complete", **PLAIN)._replace(ended="complete")
    short = [APP, layer("public", identity=stream(**PLAIN), browser=ended)]
    for one, other in ((whole, short), (short, whole)):
        found = confirm(diagnose(one), other)
        assert (found.culprit, found.verdict) == ("public", "truncated"), found.message
        assert "in one of two rounds" in found.message


def first_remedy(found: Diagnosis) -> str:
    return str(found.as_json()["causes"][0]["remedy"])


def test_a_remedy_is_in_the_words_of_the_product() -> None:
    assert "res.flush()" in first_remedy(diagnose(CASES["a Node front compresses"][0]))
    assert "encode" in first_remedy(diagnose(CASES["the layer nginx is Caddy"][0]))
    assert "lighttpd" in first_remedy(diagnose(CASES["the layer nginx is lighttpd"][0]))


def test_what_is_open_comes_with_the_measurement_that_settles_it() -> None:
    assert "sent_field" in diagnose(CASES["batches, no one knows whose"][0]).next
    outside = diagnose(CASES["gzip holds it, from outside alone"][0])
    assert "nearer to the app" in outside.next
    assert ", perhaps because " in outside.message
