# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Signs of a layer that holds events back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ... import timeline
from .. import figures, words
from ..ends import answered
from ..judged import COMPRESSED
from ..lateness import in_blocks
from .headers import is_no_stream
from .scene import SIGNS, Scene, sign

if TYPE_CHECKING:
    from ...timeline import Timeline

LATE = 0.25  # seconds; a page in one piece that comes sooner was hardly held
NGINX_BUFFER = 4096  # bytes; 8192 where a page of memory has so many
HITS = ("x-cache", "cf-cache-status", "x-cache-status", "x-proxy-cache", "cache-status")


@sign
def held(scene: Scene) -> str:
    """Uncompressed events are late."""
    for name in ("identity", "again", "post"):
        judged = scene.worse(name, words.HELD)
        if judged:
            return f"{name} pass {judged.verdict}: {judged.reason}"
    return _perhaps_held(scene)


def _perhaps_held(scene: Scene) -> str:
    """From outside alone, a stream that is held until its end looks like a late page."""
    judged, one = scene.fault, scene.one
    if not judged or not one or judged.problem != words.NO_STREAM:
        return ""
    if is_no_stream(scene) or not scene.outside:
        return ""
    if one.ended == timeline.LIMIT and not one.reads:
        return f"nothing came in {one.ended_at:.1f} s"
    late = figures.first_chunk(one) or 0.0
    in_one_piece = len(figures.arrivals(one.events)) == 1 and late > LATE
    return f"{one.size} bytes came in one piece, after {late:.2f} s" if in_one_piece else ""


@sign
def stands_still(scene: Scene) -> str:
    """The app itself sent nothing of the probe's stream for longer than is allowed."""
    one = scene.one
    if scene.before or not one or not one.server or not scene.blamed_for(words.OVER_LIMIT):
        return ""
    limit = scene.allowed.largest_gap or 0.0
    silence = figures.silence_before_end(one)
    if scene.nearest and one.ended == timeline.LIMIT and not one.finished and silence > limit:
        return f"nothing more for {silence:.2f} s, then the reader left"
    sent = [event.sent for event in one.events if event.sent is not None]
    pauses = sorted(after - before for before, after in zip(sent, sent[1:]))
    if not pauses or pauses[-1] < 0.9 * figures.largest_gap(one):
        return ""
    usual = pauses[len(pauses) // 2]
    return f"it sent an event each {usual:.2f} s, and once nothing for {pauses[-1]:.2f} s"


@sign
def late_events(scene: Scene) -> str:
    """Events are late, compressed or not."""
    return held(scene) or held_when_compressed(scene)


@sign
def held_when_compressed(scene: Scene) -> str:
    """Only the pass that allows compression has late events."""
    alone = scene.here.get("identity")
    for name in COMPRESSED:
        judged = scene.worse(name, words.HELD)
        if judged and alone and alone.problem != words.HELD:
            return f"only the {name} pass is {judged.verdict}: {judged.reason}"
    return ""


@sign
def compressed_here(scene: Scene) -> str:
    """The body is compressed, and is not compressed at the layer before."""
    for name in (*COMPRESSED, "identity"):
        judged, before = scene.here.get(name), scene.before.get(name)
        if judged and judged.metrics.encoding not in {"identity", ""}:
            if before and before.metrics.encoding == judged.metrics.encoding:
                return ""
            return f"Content-Encoding: {judged.metrics.encoding}" + (
                ", not at the layer before" if before else ""
            )
        if name in COMPRESSED and judged and judged.metrics.time_to_headers_seconds is None:
            return "no answer to a request that accepts compression"
    return ""


def _compressed_with(name: str, encoding: str) -> None:
    def compressed_with(scene: Scene) -> str:
        found = any(one.metrics.encoding == encoding for one in scene.here.values())
        return f"Content-Encoding: {encoding}" if found else ""

    compressed_with.__doc__ = f"The body is compressed with {name}."
    SIGNS[f"compressed_with_{name}"] = compressed_with


_compressed_with("gzip", "gzip")
_compressed_with("deflate", "deflate")
_compressed_with("brotli", "br")
_compressed_with("zstd", "zstd")


@sign
def vary_always(scene: Scene) -> str:
    """Compressed or not, the answer says Vary: Accept-Encoding, as middlewares do."""
    return "Vary: Accept-Encoding in each answer" if _vary(scene) == {True} else ""


@sign
def vary_when_compressed(scene: Scene) -> str:
    """Only the compressed answer says Vary: Accept-Encoding, as HAProxy and Caddy do."""
    return "Vary: Accept-Encoding only with compression" if len(_vary(scene)) == 2 else ""


@sign
def vary_never(scene: Scene) -> str:
    """The compressed answer does not say Vary, as with Nginx."""
    return "no Vary: Accept-Encoding" if _vary(scene) == {False} else ""


def _vary(scene: Scene) -> set[bool]:
    """Whether the answers say Vary: Accept-Encoding; empty without a compressed one."""
    answers = [one for one in scene.singles if answered(one)]
    if len({figures.encoding(one) for one in answers}) < 2:
        return set()
    return {"accept-encoding" in one.header("vary").lower() for one in answers}


@sign
def whole_answer_held(scene: Scene) -> str:
    """Headers and events come together, when the last event has been sent."""
    judged, one = scene.fault, scene.one
    if not judged or not one or judged.verdict != words.BUFFERED:
        return ""
    if not one.http and one.reads:
        return ""  # the output of a command
    first = figures.first_chunk(one)
    if one.headers_at is None or first is None:
        return "no headers come while events are sent"
    if one.headers_at > 0.9 * first and first > 0.2:
        return f"headers and events come together after {first:.2f} s"
    return ""


@sign
def length_is_new(scene: Scene) -> str:
    """The answer has a Content-Length, and has none at the layer before."""
    one, before = scene.one, scene.one_before
    length = one.header("content-length") if one else ""
    return (
        f"Content-Length: {length}"
        if length and before and not before.header("content-length")
        else ""
    )


@sign
def in_one_read(scene: Scene) -> str:
    """All events come at the end."""
    judged = scene.fault
    if judged and judged.problem == words.NO_STREAM and scene.one and scene.one.reads:
        return _perhaps_held(scene)
    if judged and judged.verdict == words.BUFFERED:
        at = judged.metrics.duration_seconds
        return f"{judged.metrics.events or 'no'} events until {at:.2f} s, all in one piece"
    return ""


@sign
def has_content_length(scene: Scene) -> str:
    """The answer has a Content-Length, so the whole body existed before it was sent."""
    length = scene.one.header("content-length") if scene.one else ""
    return f"Content-Length: {length}" if length else ""


@sign
def app_said_no_buffering(scene: Scene) -> str:
    """The layer before sends X-Accel-Buffering: no."""
    said = scene.one_before.header("x-accel-buffering") if scene.one_before else ""
    return "the layer before sends X-Accel-Buffering: no" if said.lower() == "no" else ""


@sign
def comes_from_a_cache(scene: Scene) -> str:
    """The events were sent earlier, to another reader."""
    for name, judged in scene.here.items():
        for one in judged.timelines:
            for header in HITS:
                if "hit" in one.header(header).lower():
                    return f"{header}: {one.header(header)} ({name} pass)"
            age = one.header("age")
            if age.isdigit() and int(age) > 0:
                return f"age: {age} ({name} pass)"
            if judged.problem == words.REPLAYED:
                return judged.reason
            old = [event for event in one.events if event.sent and event.sent < one.began - 0.05]
            if one.same_clock and len(old) > len(one.events) / 2 and name not in {"slow", "idle"}:
                return f"events of the {name} pass were sent before its request"
    return ""


@sign
def steps_of_acknowledgement(scene: Scene) -> str:
    """Lumps come every 40 ms, the time that Linux delays an acknowledgement."""
    return _steps(scene, 0.035, 0.05)


@sign
def steps_of_the_kernel(scene: Scene) -> str:
    """Lumps come every 200 ms, the time that Linux holds corked data."""
    return _steps(scene, 0.19, 0.27)


@sign
def steps_of_the_round_trip(scene: Scene) -> str:
    """Lumps come once in each round trip to the server."""
    one = scene.one
    return _told(one, figures.steps_of_a_trip(one)) if one and _is_held(scene) else ""


def _steps(scene: Scene, least: float, most: float) -> str:
    one = scene.one
    return _told(one, figures.steps_of(one, least, most)) if one and _is_held(scene) else ""


def _is_held(scene: Scene) -> bool:
    return not scene.fault or scene.fault.problem == words.HELD


def _told(one: Timeline, steps: list[float]) -> str:
    middle, cadence = figures.quantile(steps, 0.5), figures.cadence_of(one) or 0.0
    if middle is None:
        return ""
    return f"arrivals in steps of {middle * 1000:.0f} ms, departures every {cadence * 1000:.0f} ms"


@sign
def records_of_nginx(scene: Scene) -> str:
    """Nginx answers HTTP/1.1 over TLS, so it may fill a record of 16 KiB before it sends one."""
    one = scene.one
    server = one.header("server") if one else ""
    by_nginx = re.match("nginx|openresty", server, re.IGNORECASE)
    return f"HTTP/1.1 over {one.tls}" if one and one.tls and one.http == "1.1" and by_nginx else ""


@sign
def late_by_one(scene: Scene) -> str:
    """Each event comes only when the next one is sent."""
    judged = scene.worse("identity", words.HELD)
    share, pause = figures.late_by_one(judged.timelines[0]) if judged else (0.0, 0.0)
    # Lumps of two give a half: the first of each.
    return (
        f"{share:.0%} of the events come {pause * 1000:.0f} ms late, when the next is sent"
        if share > 0.6
        else ""
    )


@sign
def larger_than_a_buffer(scene: Scene) -> str:
    """Most events are larger than one of Nginx's buffers."""
    size = (
        figures.quantile(sorted(event.size for event in scene.one.events), 0.5)
        if scene.one
        else None
    )
    if size is None or size <= NGINX_BUFFER:
        return ""
    return f"events of {size:.0f} bytes, and a buffer of Nginx's has {NGINX_BUFFER}"


@sign
def constant_rate(scene: Scene) -> str:
    """The stream falls behind more and more."""
    for name in ("identity", *COMPRESSED):
        judged = scene.worse(name, words.HELD)
        if not judged or (judged.metrics.stretch_ratio or 0.0) < 1.2:
            continue
        one = judged.timelines[0]
        late, _ = figures.delays_of(one)
        # An event that was held until the end is not late at the end.
        behind = late and late[-1] > 0.2 * (figures.sent_span(one) or 0.0)
        if behind or (not late and _evenly(one, scene.one_before)):
            rate = judged.metrics.size_bytes / (judged.metrics.duration_seconds or 1.0)
            return f"{rate:.0f} bytes a second, and each event is later than the one before"
    return ""


def _evenly(one: Timeline, before: Timeline | None) -> bool:
    """Whether half of the bytes came in half of the time, and not more events than before."""
    if before is None or len(one.events) > 1.2 * len(before.events):
        return False
    middle = (one.reads[0][0] + one.reads[-1][0]) / 2
    half = sum(size for at, size in one.reads if at < middle)
    return 0.35 < half / sum(size for _, size in one.reads) < 0.65


@sign
def reads_of_one_size(scene: Scene) -> str:
    """The stream comes in blocks of one size, not in events."""
    one = scene.one
    sizes = [size for _, size in one.reads[:-1]] if one and not one.http else []
    if len(sizes) >= 2 and len(set(sizes)) == 1 and sizes[0] >= 256:
        return f"reads of {sizes[0]} bytes each"
    size = in_blocks(one) if one and scene.fault and scene.fault.problem == words.HELD else 0
    return f"reads of {size} bytes each, which end inside events" if size else ""


@sign
def streams_by_post(scene: Scene) -> str:
    """GET is held back, and POST is not."""
    post = scene.here.get("post")
    if post and post.verdict == words.STREAMING and scene.worse("identity", words.HELD):
        return "the same stream by POST is not held back"
    return ""


@sign
def another_server(scene: Scene) -> str:
    """Another server answers than at the layer before."""
    here, before = scene.one, scene.one_before
    if not here or not before:
        return ""
    for name in ("via", "server"):
        now, then = here.header(name), before.header(name)
        if now and now != then:
            return f"{name}: {now}" + (f", not {then}" if then else "")
    return ""
