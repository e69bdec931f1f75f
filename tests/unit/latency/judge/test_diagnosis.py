"""Timelines in; layer, verdict and cause out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from plugins.module_utils.latency import timeline
from plugins.module_utils.latency.judge.diagnosis import diagnose
from plugins.module_utils.latency.judge.layers import hops_between
from plugins.module_utils.latency.measurement import Measurement
from plugins.module_utils.latency.read import decode
from plugins.module_utils.latency.timeline import Event
from tests.unit.latency.made_streams import (
    GZIPPED,
    SOCKET,
    TO_THE_END,
    cut,
    endless,
    in_lumps,
    in_the_end,
    layer,
    nothing,
    refused,
    stream,
    with_pass,
)

LEFT = layer("gunicorn", identity=stream(), leave=stream(ended="limit"))
PLAIN = layer("gunicorn", identity=stream(stamped=False), gzip=stream(stamped=False))
LONG: dict[str, Any] = {
    "count": 100,
    "stamped": False,
    "headers": TO_THE_END,
    "ended": "close",
    "finished": False,
}
JSON: dict[str, Any] = {
    "format": "lines",
    "headers": (("content-type", "application/json"), ("transfer-encoding", "chunked")),
    "finished": False,
}
NO_BUFFERING = (("x-accel-buffering", "no"), ("content-type", "text/event-stream"))


def tokens(of: int = 1) -> timeline.Timeline:
    """Text without line breaks, a hundred tokens, so many of which come together."""
    made = stream(count=100 // of, every=0.02 * of, stamped=False, format="chunks", finished=False)
    came = [Event(0.02 * of + one.arrived, 6 * of) for one in made.events]
    return made._replace(events=tuple(came), ended_at=came[-1].arrived)


def text(*reads: tuple[float, int], lines: int = 1, ended_at: float = 0.0) -> timeline.Timeline:
    """Text with a few line breaks, which are the last bytes; by its reads, as the decoder has it."""
    last, size = reads[-1][0], sum(size for _, size in reads)
    chunks = lines * decode.READS_PER_LINE < len(reads)
    events = [Event(at, size) for at, size in reads]
    return timeline.Timeline(
        1000.0,
        events=tuple(events if chunks else [Event(last, size // lines)] * lines),
        reads=reads,
        headers=(("content-type", "text/plain"), ("transfer-encoding", "chunked")),
        status=200,
        http="1.1",
        format="chunks" if chunks else "lines",
        headers_at=0.002,
        ended_at=ended_at or last,
        size=size,
        last_at=last,
    )


def download(kind: str, *, at: float = 0.05, length: bool = True) -> timeline.Timeline:
    """So many bytes as a network brings them."""
    came = text(*((at + 0.003 * n, 10_000) for n in range(60)))
    size = (("content-length", "600000"),) if length else (("content-encoding", "gzip"),)
    return came._replace(headers=(("content-type", kind), *size))


def bunches(of: int, more: int = 0) -> timeline.Timeline:
    """Events that the app sends together, and that do not tell when."""
    at = [0.1 + 0.4 * n for n in range(12) for _ in range(of)] + [0.1 + 0.4 * 11] * more
    return stream(stamped=False)._replace(
        events=tuple(Event(one, 60) for one in at), ended_at=at[-1]
    )


def bursts(of: int, step: float, every: float = 1.0) -> timeline.Timeline:
    """So many events soon after each other, again and again; they do not tell when they were sent."""
    at = [0.1 + every * n + step * m for n in range(10) for m in range(of)]
    return stream(stamped=False)._replace(
        events=tuple(Event(one, 60) for one in at), ended_at=at[-1]
    )


def at_once(
    at: float, then: float = 0.0, *, count: int = 10, step: float = 0.0, **others: Any
) -> timeline.Timeline:
    """Events that come together, and do not tell when they were sent; and what is quiet then."""
    events = tuple(Event(at + step * n, 60) for n in range(count))
    last = events[-1].arrived
    return stream(stamped=False, finished=False, headers_at=at, last_at=last)._replace(
        events=events,
        reads=tuple((one.arrived, 60) for one in events[::count]),
        **others,
        ended_at=last + then,
    )


def large(one: timeline.Timeline) -> timeline.Timeline:
    """The same stream of larger events."""
    return one._replace(events=tuple(event._replace(size=5000) for event in one.events))


def late_by_one(in_pairs: int) -> timeline.Timeline:
    """Each event comes when the next one is sent; so many of 50 wait one longer, for their pair."""
    late = [0.0602 if n < in_pairs and n % 2 == 0 else 0.0302 for n in range(50)]
    return stream(late, every=0.03)


def far(trip: float, late: list[float] | float = 0.04) -> timeline.Timeline:
    """A stream to a reader at such a round trip."""
    return stream(late, same_clock=False, hold=3 * trip, connected=3 * trip, headers_at=4 * trip)


def stagger(of: int, count: int = 10) -> list[timeline.Timeline]:
    """Streams of which so many run at a time; the others wait for them."""
    starts = [(n // of) * 0.985 for n in range(count)]
    return [stream(hold=start, headers_at=0.002 + start) for start in starts]


TOKENS = text(*((0.05 * n, 6) for n in range(1, 11)))
FAST_TOKENS = text(*((0.005 * n, 6) for n in range(1, 101)), lines=5)
PAIRED = [0.05, 0.1, 0.15, 0.25, 0.3, 0.35, 0.45, 0.5]  # two pairs of ten share a read
ENDLESS = layer("gunicorn", identity=endless(), gzip=endless())

# layers -> culprit, its verdict, the first cause
CASES: dict[str, tuple[list[Measurement], str, str, str]] = {
    "all stream": ([SOCKET, layer("nginx", identity=stream(0.0005), gzip=stream(0.0005))], "", "streaming", ""),
    "without timestamps": ([PLAIN, layer("nginx", identity=stream(0.001, stamped=False))], "", "streaming", ""),
    "another clock": ([SOCKET, layer("public", identity=stream(5.08, same_clock=False))], "", "streaming", ""),
    "1 ms cadence": ([layer("gunicorn", identity=in_lumps(3, every=0.001))], "", "streaming", ""),
    "nginx buffers": ([SOCKET, layer("nginx", identity=in_the_end(), gzip=in_the_end())], "nginx", "buffered", "nginx-buffering-http10"),
    "nginx buffers, no timestamps": ([PLAIN, layer("nginx", identity=in_the_end(stamped=False))], "nginx", "buffered", "nginx-buffering-http10"),
    "nginx buffers, another clock": ([SOCKET, layer("nginx", identity=in_the_end(same_clock=False))], "nginx", "buffered", "nginx-buffering-http10"),
    "nginx ignores": ([layer("gunicorn", identity=stream(headers=NO_BUFFERING)), layer("nginx", identity=in_lumps())], "nginx", "lumped", "nginx-accel-ignored"),
    "nginx gzip": ([SOCKET, layer("nginx", identity=stream(), gzip=in_the_end(headers=GZIPPED))], "nginx", "buffered", "nginx-gzip"),
    "nginx cache": ([SOCKET, layer("nginx", identity=stream(), again=in_the_end()._replace(began=1003.0))], "nginx", "buffered", "nginx-cache"),
    "nginx caches, no timestamps": ([PLAIN, layer("nginx", identity=stream(stamped=False), again=stream(stamped=False, every=0.0))], "nginx", "buffered", "nginx-cache"),
    "nginx ignores, compressed": ([layer("gunicorn", identity=stream(headers=NO_BUFFERING)), layer("nginx", identity=stream(), gzip=in_the_end(headers=GZIPPED))], "nginx", "buffered", "nginx-accel-ignored"),
    "nginx filters": ([SOCKET, layer("nginx", identity=stream(0.0202))], "nginx", "delayed", "nginx-body-filter"),
    "nginx fills buffers": ([SOCKET, layer("nginx", identity=large(stream(0.0202)))], "nginx", "delayed", "nginx-buffering-large"),
    "nginx fills buffers, and some events come in pairs": ([SOCKET, layer("nginx", identity=large(late_by_one(in_pairs=22)))], "nginx", "lumped", "nginx-buffering-large"),
    "nginx holds pairs": ([SOCKET, layer("nginx", identity=large(late_by_one(in_pairs=50)))], "nginx", "lumped", "nginx-buffering-http10"),
    "nginx corks": ([layer("gunicorn", identity=stream(every=0.01)), layer("nginx", identity=in_lumps(4, every=0.01))], "nginx", "lumped", "nginx-nodelay"),
    "edge corks": ([SOCKET, layer("public", identity=in_lumps(11))], "public", "lumped", "edge-nodelay"),
    "edge corks behind nginx": ([layer("nginx", identity=stream()), layer("public", identity=in_lumps(11))], "public", "lumped", "edge-nodelay"),
    "cut, and nobody knows why": ([layer("gunicorn", identity=cut(30))], "gunicorn", "truncated", "app-error"),
    "worker killed": ([layer("gunicorn", identity=cut(20), browser=cut(10, began=1000.2))], "gunicorn", "truncated", "gunicorn-worker-timeout"),
    "max_requests": ([layer("gunicorn", identity=cut(30, marks=((0.2, "requests"),)))], "gunicorn", "truncated", "gunicorn-worker-timeout"),
    "the app fails now and then": ([layer("gunicorn", identity=cut(30), browser=cut(20))], "gunicorn", "truncated", "app-error"),
    "nginx cuts silence": ([layer("gunicorn", idle=stream(every=0.5, count=4)), layer("nginx", idle=cut(2, 0.45, every=0.5, count=4))], "nginx", "truncated", "nginx-read-timeout"),
    "nginx cuts the slow": ([layer("gunicorn", slow=stream()), layer("nginx", slow=cut(20, 2.0))], "nginx", "truncated", "nginx-send-timeout"),
    "reload cuts": ([SOCKET, layer("nginx", identity=cut(40, marks=((0.2, "reload"),)))], "nginx", "truncated", "nginx-shutdown-timeout"),
    "nginx is limited": ([layer("gunicorn", identity=stream(), parallel=[stream()] * 9), layer("nginx", identity=stream(), parallel=[stream()] * 5 + [refused(503)] * 4)], "nginx", "refused", "nginx-limit-conn"),
    "nginx is full": ([layer("gunicorn", identity=stream(), parallel=[stream()] * 9), layer("nginx", identity=stream(), parallel=[stream()] * 5 + [refused(500)] * 4)], "nginx", "refused", "nginx-connections"),
    "nginx cannot reach it": ([SOCKET, layer("nginx", identity=refused(502), gzip=refused(502))], "nginx", "refused", "nginx-upstream"),
    "http2 headers": ([layer("gunicorn", identity=stream(hold=0.5)), layer("nginx", identity=stream(hold=0.5, headers_at=0.502, http="2", tls="TLSv1.3"))], "nginx", "delayed", "nginx-http2-headers"),
    "http2 streams": ([layer("gunicorn", identity=stream()), layer("nginx", identity=stream(), multiplex=stagger(8))], "nginx", "stalled", "nginx-http2-streams"),
    "rate": ([SOCKET, layer("nginx", identity=stream([0.0002 + 0.02 * n for n in range(50)]))], "nginx", "delayed", "nginx-limit-rate"),
    "app serves one of two endless streams": ([layer("gunicorn", identity=nothing("limit"), browser=endless())], "gunicorn", "stalled", "app-blocking"),
    "app serves the first of two endless streams": ([layer("gunicorn", identity=endless(), browser=nothing("limit"))], "gunicorn", "stalled", "app-blocking"),
    "nginx compresses without end": ([layer("gunicorn", identity=endless(), browser=endless()), layer("nginx", identity=endless(), browser=nothing("limit"))], "nginx", "buffered", "nginx-gzip"),
    "app compresses": ([layer("gunicorn", identity=stream(), gzip=in_the_end(headers=GZIPPED))], "gunicorn", "buffered", "app-compression"),
    "app computes first": ([layer("gunicorn", identity=in_the_end())], "gunicorn", "buffered", "app-computed-first"),
    "app computes first, no timestamps": ([layer("gunicorn", identity=in_the_end(stamped=False))], "gunicorn", "buffered", "app-computed-first"),
    "middleware lumps": ([layer("gunicorn", identity=in_lumps(), gzip=in_lumps()), layer("nginx", identity=in_lumps(), gzip=in_lumps())], "gunicorn", "lumped", "app-lumps"),
    "app holds headers": ([layer("gunicorn", identity=stream(hold=0.5, headers_at=0.502))], "gunicorn", "delayed", "app-headers-held"),
    "thread pool": ([layer("gunicorn", identity=stream(), parallel=[stream(every=0.05)] * 60)], "gunicorn", "delayed", "app-thread-pool"),
    "blocking, in turn": ([layer("gunicorn", identity=stream(every=0.01), parallel=[stream(every=0.08)] * 8)], "gunicorn", "delayed", "app-blocking"),
    "blocking, one after the other": ([layer("gunicorn", identity=stream(), parallel=stagger(1))], "gunicorn", "stalled", "app-blocking"),
    "the reader pauses": ([layer("gunicorn", slow=in_lumps(25))], "", "streaming", ""),
    "client blocks": ([layer("nginx", identity=stream()), layer("client", identity=in_lumps(16)._replace(http="", reads=((0.3, 4096), (0.6, 4096), (0.9, 99))))], "client", "lumped", "client-reads-in-blocks"),
    "blocking": ([layer("gunicorn", identity=stream(), parallel=[stream(every=0.3, headers_at=0.3)] * 20)], "gunicorn", "delayed", "app-blocking"),
    "sync worker": ([layer("gunicorn", identity=stream(), parallel=[one._replace(headers=(("server", "gunicorn"),)) for one in stagger(2)])], "gunicorn", "stalled", "gunicorn-sync-worker"),
    "files": ([layer("gunicorn", identity=stream(), parallel=[one._replace(headers=(("server", "uvicorn"),)) for one in stagger(2)])], "gunicorn", "stalled", "systemd-nofile"),
    "backlog": ([layer("gunicorn", identity=stream(), burst=[stream()] * 90 + [refused(0, "the queue is full")] * 10)], "gunicorn", "refused", "gunicorn-backlog"),
    "stop cuts": ([layer("gunicorn", identity=cut(20, 0.1, marks=((0.35, "stop"),)))], "gunicorn", "truncated", "app-cut-at-sigterm"),
    "stop cuts later": ([layer("gunicorn", identity=cut(40, 2.0, marks=((0.35, "stop"),)))], "gunicorn", "truncated", "gunicorn-graceful-timeout"),
    "edge buffers": ([SOCKET, layer("nginx", identity=stream()), layer("public", identity=in_lumps(16))], "public", "lumped", "edge-buffering"),
    "edge compresses": ([SOCKET, layer("public", identity=stream(), gzip=in_lumps(headers=GZIPPED))], "public", "lumped", "nginx-gzip"),
    "edge is idle": ([layer("origin", idle=stream(every=0.5, count=4)), layer("public", idle=cut(2, 0.45, every=0.5, count=4))], "public", "truncated", "edge-idle-timeout"),
    "edge caches": ([layer("origin", identity=stream()), layer("public", identity=in_the_end(headers=(("cf-cache-status", "HIT"),)))], "public", "buffered", "edge-cache"),
    "edge buffers GET": ([layer("origin", identity=stream(), post=stream()), layer("public", identity=in_the_end(), post=stream())], "public", "buffered", "edge-get-buffered"),
    "client": ([layer("public", identity=stream()), layer("client", identity=in_lumps())], "client", "lumped", "client-reads-in-blocks"),
    "the earlier of two": ([SOCKET, layer("nginx", identity=stream(), gzip=in_lumps(headers=GZIPPED)), layer("public", identity=in_the_end(), gzip=in_the_end())], "nginx", "lumped", "nginx-gzip"),
    "wants to know who": ([layer("public", identity=refused(401))], "public", "refused", "unauthorized"),
    "nobody there": ([layer("public", identity=refused(0, "connection refused"))], "public", "refused", "unreachable"),
    "certificate": ([layer("public", identity=refused(0, "the certificate is not valid"))], "public", "refused", "certificate"),
    "redirect": ([layer("public", identity=refused(301, headers=(("location", "/x"),)))], "public", "refused", "redirect"),
    "a page": ([layer("public", identity=stream(count=2, stamped=False, format="lines", headers=(("content-type", "text/html"),)))], "", "unknown", ""),
    "a download": ([layer("public", identity=download("application/json"), gzip=download("application/json", length=False))], "", "unknown", "no-stream"),
    "a film": ([layer("public", identity=download("Video/mp4; codecs=x"))], "", "unknown", "no-stream"),
    "text that is computed first": ([layer("public", identity=text((0.6, 60), lines=10)._replace(headers=(("content-type", "text/plain"), ("content-length", "60"))))], "public", "buffered", "app-computed-first"),
    "silence": ([SOCKET, layer("nginx", identity=stream(count=3, ended="timeout", ended_at=9.0, finished=False))], "nginx", "stalled", "silence"),
    "a limit of the reader": ([SOCKET, layer("nginx", identity=stream(ended="limit", finished=False))], "", "streaming", ""),
    "the reader is busy": ([SOCKET, with_pass(layer("nginx", identity=in_lumps()), "identity", busy=0.9)], "", "unknown", ""),
    "the machine is busy": ([SOCKET, with_pass(layer("nginx", identity=in_lumps(4, every=0.02)), "identity", waited=0.3)], "", "streaming", ""),
    "the machine is full": ([SOCKET, with_pass(layer("nginx", identity=stream(0.4)), "identity", pressed=0.95)], "", "unknown", ""),
    "full, and something is wrong": ([SOCKET, with_pass(layer("nginx", identity=in_the_end()), "identity", pressed=0.95)], "nginx", "buffered", "nginx-buffering-http10"),
    "full, and far away": ([SOCKET, with_pass(layer("public", identity=stream([0.01 * n for n in range(50)], connected=0.1, same_clock=False)), "identity", pressed=0.95)], "public", "delayed", "nginx-limit-rate"),
    "and something is wrong": ([SOCKET, with_pass(layer("nginx", identity=in_the_end()), "identity", waited=0.3)], "nginx", "buffered", "nginx-buffering-http10"),
    "handshakes take turns": ([layer("nginx", identity=stream(), parallel=[stream(stamped=False, connected=n / 2, headers_at=n / 2) for n in range(9)])], "", "streaming", ""),
    "garbled": ([layer("nginx", identity=stream(count=1, error="not server-sent events"))], "", "unknown", ""),
    "no permission": ([Measurement("gunicorn", {}, problem="no permission"), layer("nginx", identity=stream())], "", "streaming", ""),
    "refused inside only": ([layer("origin", identity=refused(0, "timed out")), layer("public", identity=stream())], "", "streaming", ""),
    "nothing": ([], "", "unknown", ""),
    # What hardly comes, or not at all
    "endless, nothing comes": ([ENDLESS, layer("nginx", identity=nothing("limit", headers_at=0.003))], "nginx", "buffered", "nginx-buffering-http10"),
    "endless, no headers either": ([ENDLESS, layer("nginx", identity=nothing("timeout"))], "nginx", "buffered", "nginx-buffering-http10"),
    "endless, gzip only": ([ENDLESS, layer("nginx", identity=endless(), gzip=nothing("timeout"))], "nginx", "buffered", "nginx-gzip"),
    "bare text in one piece": ([layer("gunicorn", identity=tokens()), layer("nginx", identity=tokens(of=100))], "nginx", "buffered", "nginx-buffering-http10"),
    "bare text in lumps": ([layer("gunicorn", identity=tokens()), layer("nginx", identity=tokens(of=20))], "nginx", "lumped", "nginx-buffering-http10"),
    "bare text": ([layer("gunicorn", identity=tokens()), layer("nginx", identity=tokens())], "", "streaming", ""),
    "tokens and a line break, pairs in one read": ([layer("gunicorn", identity=TOKENS), layer("nginx", identity=text(*((at, 12 if at in (0.25, 0.45) else 6) for at in PAIRED)))], "", "streaming", ""),
    "tokens and line breaks, some in one read": ([layer("gunicorn", identity=text(*((0.05 * n, 6) for n in range(1, 21)), lines=2)), layer("nginx", identity=text(*((0.05 * n, 12 if n % 5 == 0 else 6) for n in range(1, 21) if n % 5 != 4), lines=2))], "", "streaming", ""),
    "tokens and line breaks in one piece": ([layer("gunicorn", identity=FAST_TOKENS), layer("nginx", identity=text((0.5, 600), lines=5))], "nginx", "buffered", "nginx-buffering-http10"),
    "JSON lines in one piece": ([layer("gunicorn", identity=stream(stamped=False, **JSON)), layer("nginx", identity=in_the_end(stamped=False, **JSON))], "nginx", "buffered", "nginx-buffering-http10"),
    "events are rare": ([layer("public", identity=stream(count=4, every=1.0, stamped=False, ended="timeout", ended_at=24.0, finished=False))], "", "unknown", ""),
    "no answer yet": ([layer("public", identity=nothing("limit"))], "", "unknown", "nginx-buffering-http10"),
    "no answer yet, but to the layer before": ([layer("gunicorn", identity=stream(count=2, every=9.0)), layer("nginx", identity=nothing("limit"))], "nginx", "stalled", "silence"),
    "no answer yet to some": ([layer("gunicorn", identity=stream(), parallel=[stream()] * 5 + [nothing("limit")] * 5)], "gunicorn", "stalled", "gunicorn-sync-worker"),
    "no answer yet to any": ([layer("gunicorn", identity=stream(), parallel=[nothing("limit")] * 5)], "gunicorn", "stalled", "silence"),
    "no answer": ([layer("public", identity=nothing("timeout"))], "public", "stalled", "silence"),
    # Cuts
    "unframed, always as long": ([layer("gunicorn", identity=stream(**LONG), gzip=stream(**LONG)), layer("nginx", identity=stream(**{**LONG, "count": 20}))], "nginx", "truncated", ""),
    "half a gzip": ([SOCKET, layer("nginx", gzip=stream(error="the compressed body ends in the middle", finished=False))], "nginx", "truncated", ""),
    # The app's own ways
    "events in bunches": ([layer("gunicorn", identity=bunches(4)), layer("nginx", identity=bunches(4))], "", "unknown", ""),
    "[DONE] with the last one": ([layer("gunicorn", identity=bunches(1, more=1))], "", "streaming", ""),
    "bunches from outside": ([layer("public", identity=bunches(4))], "", "unknown", ""),
    "bursts a little closer": ([layer("gunicorn", identity=bursts(5, 0.0006)), layer("nginx", identity=bursts(5, 0.00045))], "", "streaming", ""),
    "a token's events in one read": ([layer("gunicorn", identity=bursts(3, 0.001, 0.05)), layer("nginx", identity=bursts(3, 0.0, 0.05))], "", "streaming", ""),
    "bursts held for another second": ([layer("gunicorn", identity=bursts(3, 0.001, 0.05)), layer("nginx", identity=bursts(30, 0.0, 0.5))], "nginx", "lumped", "nginx-buffering-http10"),
    "a backlog, then quiet": ([layer("public", identity=at_once(0.3, 9.7, ended="limit"))], "", "unknown", ""),
    "a backlog, then quiet until patience ends": ([layer("public", identity=at_once(0.3, 20.0, ended="timeout"))], "", "unknown", ""),
    "a backlog, then an end": ([layer("public", identity=at_once(0.3, 2.0))], "", "unknown", ""),
    "a backlog at the app": ([layer("gunicorn", identity=at_once(0.3, 9.7, ended="limit")), layer("nginx", identity=at_once(0.3, 9.7, ended="limit"))], "", "unknown", ""),
    "all at once, far away": ([layer("public", identity=at_once(0.45, connected=0.3))], "", "unknown", ""),
    "many rows without a pause": ([layer("gunicorn", identity=at_once(0.3, count=5000, step=0.0003))], "", "streaming", ""),
    "all at once, from outside": ([layer("public", identity=at_once(0.6))], "public", "buffered", "nginx-buffering-http10"),
    "answers of other lengths": ([layer("gunicorn", identity=stream(count=19), parallel=[stream(count=20 + 3 * n) for n in range(20)])], "", "streaming", ""),
    "reads the request first": ([layer("gunicorn", upload=stream(headers_at=1.01, hold=1.0, opened=1001.0, marks=((0.5, "sent"), (1.0, "sent"))))], "", "streaming", ""),
    "nginx reads the request first": ([layer("gunicorn", upload=stream(marks=((1.0, "sent"),))), layer("nginx", upload=stream(headers_at=1.01, hold=1.0, marks=((1.0, "sent"),)))], "nginx", "delayed", "nginx-request-buffering"),
    # A long way
    "far": ([SOCKET, layer("origin", identity=far(0.08)), layer("public", identity=far(0.15))], "", "streaming", ""),
    "far, by a bad link": ([SOCKET, layer("public", identity=far(0.04, [0.04 + 0.045 * (n % 2) for n in range(50)]))], "", "streaming", ""),
    "far, a packet is lost": ([SOCKET, layer("public", identity=far(0.04, [0.04 + (0.3 - (n - 20) * 0.02 if 20 <= n < 35 else 0.0) for n in range(50)]))], "", "streaming", ""),
    "far, and buffered": ([SOCKET, layer("public", identity=in_the_end(same_clock=False, connected=0.24, headers_at=0.325))], "public", "buffered", "nginx-buffering-http10"),
    "far, connected slowly, and buffered": ([layer("public", identity=in_the_end(same_clock=False, connected=0.56, headers_at=0.7))], "public", "buffered", "app-computed-first"),
    # Passes that only one layer has
    "blocking, measured at nginx only": ([layer("gunicorn", identity=stream(every=0.01)), layer("nginx", identity=stream(every=0.01), parallel=[stream(every=0.08)] * 8)], "nginx", "delayed", "app-blocking"),
    "threads, multiplexed": ([layer("gunicorn", identity=stream(), parallel=[one._replace(headers=(("server", "gunicorn"),)) for one in stagger(2)]), layer("nginx", identity=stream(), multiplex=stagger(2))], "gunicorn", "stalled", "gunicorn-sync-worker"),
    "no POST": ([layer("gunicorn", identity=stream(), post=refused(405))], "", "streaming", ""),
    "POST without what it wants": ([layer("gunicorn", identity=stream(), post=refused(422))], "", "streaming", ""),
    "POST is too much": ([layer("gunicorn", identity=stream(), post=refused(500))], "gunicorn", "refused", "server-error"),
    "POST only": ([layer("public", identity=refused(405))], "public", "refused", "method"),
    "maintenance": ([SOCKET, layer("nginx", identity=refused(503))], "nginx", "refused", "unavailable"),
    "none of its passes": ([Measurement("gunicorn", {}), layer("nginx", identity=stream())], "", "streaming", ""),
    "another clock of this machine": ([layer("gunicorn", identity=stream()._replace(began=1100.0))], "", "streaming", ""),
    "another clock, and buffered": ([layer("gunicorn", identity=in_the_end()._replace(began=900.0))], "gunicorn", "buffered", "app-computed-first"),
    "edge in blocks": ([layer("nginx", identity=stream()), layer("public", identity=in_lumps(16)._replace(reads=((0.3, 16384), (0.6, 16384), (0.9, 99))))], "public", "lumped", "edge-buffering"),
    "an edge behind an edge": ([layer("balancer", identity=stream()), layer("cdn", identity=in_lumps(16))], "cdn", "lumped", "edge-buffering"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_layer_verdict_and_cause(case: str) -> None:
    layers, culprit, verdict, cause = CASES[case]
    found = diagnose(layers)
    first = found.causes[0].cause.id if found.causes else ""
    assert (found.culprit, found.verdict, first) == (culprit, verdict, cause), found.message
    assert found.failed == (verdict != "streaming")
    assert all(one.evidence for one in found.causes)
    json.dumps(found.as_json())


RISKS: dict[str, tuple[list[Measurement], list[str]]] = {
    "none": ([SOCKET], []),
    "chunked off": ([SOCKET, layer("nginx", identity=stream(headers=TO_THE_END))], ["nginx-chunked-off"]),
    "HTTP/1.0": ([layer("gunicorn", identity=stream(headers=TO_THE_END, http="1.0"))], ["gunicorn-http10"]),
    "it was so before": ([layer("gunicorn", identity=stream(headers=TO_THE_END, http="1.0")), layer("nginx", identity=stream(headers=TO_THE_END))], ["gunicorn-http10"]),
    "silence": ([layer("gunicorn", identity=stream(every=61.0, count=4))], ["app-no-heartbeat"]),
    "headers": ([PLAIN], ["app-headers-missing"]),
    "a command": ([layer("client", identity=stream(stamped=False, http="", headers=()))], []),
    "headers are there": ([layer("gunicorn", identity=stream(stamped=False, headers=(*NO_BUFFERING, ("cache-control", "no-cache"), ("transfer-encoding", "chunked"))))], []),
    "goes on": ([with_pass(LEFT, "leave", open_before=1, open_after=4)], ["app-ignores-departure"]),
    "does not": ([with_pass(LEFT, "leave", open_before=1, open_after=1)], []),
}  # fmt: skip


@pytest.mark.parametrize("case", RISKS)
def test_risks_are_no_faults(case: str) -> None:
    layers, risks = RISKS[case]
    found = diagnose(layers)
    assert [one.cause.id for one in found.risks] == risks
    assert not found.failed


def test_what_one_pass_does_not_tell_is_said() -> None:
    silent = stream(count=2)
    found = diagnose([layer("gunicorn", identity=stream(), gzip=silent)])
    assert not found.failed
    assert found.notes == ("No verdict on the gzip pass at gunicorn: too short to tell: 2 events.",)


def test_seen_from_outside_only_the_hops_cannot_be_told_apart() -> None:
    found = diagnose([layer("public", identity=in_the_end())])
    assert {one.cause.layer for one in found.causes} == {"app", "nginx", "edge"}
    assert "cannot be told apart" in found.notes[0]


@pytest.mark.parametrize(
    ("before", "here", "hops"),
    [
        (None, "gunicorn", ("app", "gunicorn", "systemd")),
        ("gunicorn", "nginx", ("nginx",)),
        ("nginx", "origin", ("nginx", "edge")),
        ("nginx", "public", ("edge",)),
        ("gunicorn", "public", ("nginx", "edge")),
        ("public", "client", ("client",)),
        (None, "public", ("app", "gunicorn", "systemd", "nginx", "edge")),
        ("nginx", "some-proxy", ("edge",)),
    ],
)
def test_the_cause_is_between_two_layers(before: str | None, here: str, hops: tuple[str]) -> None:
    assert hops_between(before, here) == hops
