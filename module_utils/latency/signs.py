# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is to be seen at a layer, by name: what the catalogue's causes are told apart by.

Each sign is a function that says in a few words what it saw, or nothing. The words are evidence for
a person to read.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Callable, Mapping, NamedTuple

from . import metrics as figures
from . import timeline as ends
from . import verdict as words

if TYPE_CHECKING:
    from .timeline import Timeline
    from .verdict import Judged, Thresholds

STREAM_TYPES = ("text/event-stream", "application/x-ndjson", "application/jsonl")
HITS = ("x-cache", "cf-cache-status", "x-cache-status", "x-proxy-cache", "cache-status")


class Scene(NamedTuple):
    """A layer and the one before it (empty for the first), each by its passes; the pass that is at
    fault (empty when none is), what else is known, what is allowed; whether it is the app's own.
    """

    here: Mapping[str, Judged]
    before: Mapping[str, Judged]
    at_fault: str
    facts: Mapping[str, Any]
    allowed: Thresholds
    nearest: bool = True

    def worse(self, name: str, problem: str) -> Judged | None:
        """The pass, if it has this problem and the layer before has not."""
        found, before = self.here.get(name), words.same_pass(name, self.before)
        if found and found.problem == problem and found.rank > (before.rank if before else 0):
            return found
        return None

    @property
    def fault(self) -> Judged | None:
        """The pass that is at fault."""
        return self.here.get(self.at_fault)

    @property
    def one(self) -> Timeline | None:
        """The stream to look at: that at fault, else any."""
        judged = self.fault or next(iter(self.here.values()), None)
        return judged.timelines[0] if judged and judged.timelines else None

    @property
    def one_before(self) -> Timeline | None:
        """The same stream at the layer before."""
        judged = self.before.get(self.at_fault) or next(iter(self.before.values()), None)
        return judged.timelines[0] if judged and judged.timelines else None

    @property
    def cut(self) -> Timeline | None:
        """A stream that was cut, in the pass at fault."""
        if not self.fault or self.fault.problem != words.CUT:
            return None
        before = self.before.get(self.at_fault)
        return next((one for one in self.fault.timelines if words.is_cut(one, before)), None)

    @property
    def refused(self) -> list[Timeline]:
        """The streams that were refused, in the pass at fault."""
        streams = self.fault.timelines if self.fault else ()
        return [one for one in streams if not words.answered(one)]


Sign = Callable[[Scene], str]
SIGNS: dict[str, Sign] = {}


def sign(look: Sign) -> Sign:
    """Put a sign on the list, under its name."""
    SIGNS[look.__name__] = look
    return look


def seen(scene: Scene) -> dict[str, str]:
    """All signs that are there, with what they saw."""
    found = {name: look(scene) for name, look in SIGNS.items()}
    return {name: words for name, words in found.items() if words}


# Held back: late or in lumps


@sign
def held(scene: Scene) -> str:
    """Uncompressed events are late."""
    for name in ("identity", "again", "post"):
        judged = scene.worse(name, words.HELD)
        if judged:
            return f"{name} pass {judged.verdict}: {judged.reason}"
    return ""


@sign
def late_events(scene: Scene) -> str:
    """Events are late, compressed or not."""
    return held(scene) or held_when_compressed(scene)


@sign
def held_when_compressed(scene: Scene) -> str:
    """Only the pass that allows compression has late events."""
    judged = scene.worse("gzip", words.HELD)
    alone = scene.here.get("identity")
    if judged and alone and alone.problem != words.HELD:
        return f"only the gzip pass is {judged.verdict}: {judged.reason}"
    return ""


@sign
def compressed_here(scene: Scene) -> str:
    """The body is compressed, and was not at the layer before."""
    for name in ("gzip", "identity"):
        judged, before = scene.here.get(name), scene.before.get(name)
        if judged and judged.metrics.encoding not in {"identity", ""}:
            if before and before.metrics.encoding == judged.metrics.encoding:
                return ""
            return f"Content-Encoding: {judged.metrics.encoding}" + (
                ", which the layer before has not" if before else ""
            )
        if name == "gzip" and judged and judged.metrics.time_to_headers_seconds is None:
            return "the answer to Accept-Encoding: gzip does not even begin"
    return ""


@sign
def in_one_read(scene: Scene) -> str:
    """Everything comes at the end."""
    judged = scene.fault
    if judged and judged.verdict == words.BUFFERED:
        at = judged.metrics.duration_seconds
        return f"{judged.metrics.events or 'no'} events until {at:.2f} s, and all in one piece"
    return ""


@sign
def has_content_length(scene: Scene) -> str:
    """The length of the body was known before it was sent."""
    length = scene.one.header("content-length") if scene.one else ""
    return f"Content-Length: {length}" if length else ""


@sign
def app_said_no_buffering(scene: Scene) -> str:
    """The layer before had the header that tells Nginx not to buffer."""
    said = scene.one_before.header("x-accel-buffering") if scene.one_before else ""
    return "the layer before sends X-Accel-Buffering: no" if said.lower() == "no" else ""


@sign
def comes_from_a_cache(scene: Scene) -> str:
    """What comes was sent to another reader, some time ago."""
    for name, judged in scene.here.items():
        for one in judged.timelines:
            for header in HITS:
                if "hit" in one.header(header).lower():
                    return f"{header}: {one.header(header)} ({name} pass)"
            age = one.header("age")
            if age.isdigit() and int(age) > 0:
                return f"age: {age} ({name} pass)"
            if name == "again" and judged.problem == words.REPLAYED:
                return judged.reason
            old = [event for event in one.events if event.sent and event.sent < one.began - 0.05]
            if one.same_clock and len(old) > len(one.events) / 2 and name not in {"slow", "idle"}:
                return f"events of the {name} pass had been sent before it asked for them"
    return ""


@sign
def steps_of_acknowledgement(scene: Scene) -> str:
    """Lumps come as far apart as Linux delays an acknowledgement."""
    return _steps(scene, 0.035, 0.05)


@sign
def steps_of_the_kernel(scene: Scene) -> str:
    """Lumps come as far apart as Linux keeps what is corked."""
    return _steps(scene, 0.19, 0.27)


def _steps(scene: Scene, least: float, most: float) -> str:
    one, cadence = scene.one, 0.0
    if not one or (scene.fault and scene.fault.problem != words.HELD):
        return ""
    times = [cluster[0].arrived for cluster in figures.arrivals(one.events)]
    gaps = [b - a for a, b in zip(times, times[1:])]
    steps = sorted(gap for gap in gaps if least <= gap <= most)
    cadence = figures.cadence_of(one) or 0.0
    if (
        len(steps) < max(2, len(gaps) / 2)
        or cadence > 0.8 * least
        or len(times) > len(one.events) / 2
    ):
        return ""
    middle = figures.quantile(steps, 0.5) or 0.0
    return f"arrivals in steps of {middle * 1000:.0f} ms, departures every {cadence * 1000:.0f} ms"


@sign
def late_by_one(scene: Scene) -> str:
    """Each event comes when the next one is sent."""
    judged = scene.worse("identity", words.HELD)
    if not judged or judged.metrics.coalesced_ratio is None:
        return ""
    cadence, late = figures.cadence_of(judged.timelines[0]), judged.metrics.delay_p50_seconds
    if cadence and late and judged.metrics.coalesced_ratio < 0.2 and 0.7 < late / cadence < 1.3:
        return f"events are {late * 1000:.0f} ms late, which is one interval"
    return ""


@sign
def constant_rate(scene: Scene) -> str:
    """The stream takes longer than it was sent, and falls behind more and more."""
    for name in ("identity", "gzip"):
        judged = scene.worse(name, words.HELD)
        if not judged or (judged.metrics.stretch_ratio or 0.0) < 1.2:
            continue
        one = judged.timelines[0]
        late, _ = figures.delays_of(one)
        # What is held until the end is not late then.
        if late and late[-1] > 0.2 * (figures.sent_span(one) or 0.0):
            rate = judged.metrics.size_bytes / (judged.metrics.duration_seconds or 1.0)
            return f"{rate:.0f} bytes a second, and later with every event"
    return ""


@sign
def reads_of_one_size(scene: Scene) -> str:
    """A command prints blocks of one size, whatever was sent."""
    one = scene.one
    sizes = [size for _, size in one.reads[:-1]] if one and not one.http else []
    if len(sizes) >= 2 and len(set(sizes)) == 1 and sizes[0] >= 256:
        return f"reads of {sizes[0]} bytes each"
    return ""


@sign
def streams_by_post(scene: Scene) -> str:
    """GET is held back and POST is not."""
    post = scene.here.get("post")
    if post and post.verdict == words.STREAMING and scene.worse("identity", words.HELD):
        return "the same by POST streams"
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


# Headers


@sign
def headers_wait(scene: Scene) -> str:
    """The headers wait for the first chunk."""
    for name in ("identity", "gzip"):
        judged = scene.worse(name, words.HEADERS_HELD)
        if judged:
            return f"{name} pass: {judged.reason}"
    return ""


@sign
def http2_over_tls(scene: Scene) -> str:
    """HTTP/2 in TLS."""
    one = scene.one
    return f"HTTP/2 over {one.tls}" if one and one.http == "2" and one.tls else ""


@sign
def http_1_0(scene: Scene) -> str:
    """The answer is HTTP/1.0."""
    return "answers HTTP/1.0" if scene.one and scene.one.http == "1.0" else ""


@sign
def wsgi_server(scene: Scene) -> str:
    """Gunicorn answers by itself, so the worker is not an ASGI worker."""
    one = scene.one
    server = one.header("server") if one else ""
    return f"server: {server}" if server == "gunicorn" else ""


@sign
def asgi_server(scene: Scene) -> str:
    """A server for ASGI answers."""
    server = scene.one.header("server") if scene.one else ""
    return (
        f"server: {server}"
        if server.startswith(("uvicorn", "hypercorn", "granian", "gunicorn/asgi"))
        else ""
    )


@sign
def close_delimited(scene: Scene) -> str:
    """Nothing but the end of the connection ends the body, which it did at the layer before."""
    one, before = scene.one, scene.one_before
    if not one or not one.http or not words.answered(one):
        return ""
    if figures.framing(one) != "close-delimited":
        return ""
    if before and figures.framing(before) == "close-delimited":
        return ""
    return f"HTTP/{one.http} without Transfer-Encoding or Content-Length"


@sign
def lacks_headers(scene: Scene) -> str:
    """Headers that keep what is in front from holding the stream are missing."""
    one = scene.one
    if not one or not one.http or not words.answered(one):
        return ""
    if one.opened is not None or scene.before:
        return ""
    missing = []
    kind = one.header("content-type").split(";")[0]
    if one.format in {"sse", "ndjson"} and kind not in STREAM_TYPES:
        missing.append(f"Content-Type is {kind or 'not set'}")
    if not set(re.findall(r"[\w-]+", one.header("cache-control"))) & {"no-cache", "no-store"}:
        missing.append("no Cache-Control: no-cache")
    if scene.nearest and one.header("x-accel-buffering").lower() != "no":  # Nginx takes it off
        missing.append("no X-Accel-Buffering: no")
    is_stream = one.format in {"sse", "ndjson"} or kind in STREAM_TYPES
    return ", ".join(missing) if is_stream else ""


# Ends


@sign
def cut_in_silence(scene: Scene) -> str:
    """The end came when nothing had been sent for a while."""
    one = scene.cut
    if not one or one.marks:
        return ""
    silence = figures.silence_before_end(one)
    if silence >= 0.3 and silence > 0.5 * figures.largest_gap(one):
        return f"cut {silence:.2f} s after the last byte"
    return ""


@sign
def cut_while_paused(scene: Scene) -> str:
    """The end came while the reader did not read."""
    one = scene.cut
    return (
        f"cut while the reader paused, at {one.ended_at:.1f} s"
        if one and scene.at_fault == "slow"
        else ""
    )


@sign
def cut_by_stop(scene: Scene) -> str:
    """The end came at once when the service was told to stop."""
    late = _after(scene, "stop")
    return f"cut {late:.1f} s after the stop" if late is not None and late < 1.0 else ""


@sign
def cut_after_stop(scene: Scene) -> str:
    """The end came some time after the service was told to stop."""
    late = _after(scene, "stop")
    return f"cut {late:.1f} s after the stop" if late is not None and late >= 1.0 else ""


@sign
def cut_unasked(scene: Scene) -> str:
    """The end came though nobody had stopped or reloaded anything."""
    one = scene.cut
    if one and not {what for _, what in one.marks} & {"stop", "reload"}:
        return f"cut at {one.ended_at:.1f} s, and nobody asked for it"
    return ""


@sign
def cut_after_reload(scene: Scene) -> str:
    """The end came after a reload."""
    late = _after(scene, "reload")
    return f"cut {late:.1f} s after the reload" if late is not None else ""


def _after(scene: Scene, name: str) -> float | None:
    one = scene.cut
    marks = [at for at, what in one.marks if what == name] if one else []
    return one.ended_at - marks[-1] if one and marks and one.ended_at >= marks[-1] else None


@sign
def long_silence(scene: Scene) -> str:
    """The stream is silent for longer than what is in front may allow."""
    for judged in scene.here.values():
        for one in judged.timelines:
            longest = max(one.longest_silence, figures.silence_before_end(one))
            if longest >= scene.allowed.silence:
                return f"silent for {longest:.1f} s"
    return ""


# Many streams


@sign
def streams_wait(scene: Scene) -> str:
    """Some of the streams wait for others."""
    for name in ("parallel", "burst", "multiplex"):
        judged = scene.worse(name, words.WAITING)
        if judged:
            return judged.reason
    return ""


@sign
def http2_streams_wait(scene: Scene) -> str:
    """Some of the streams of one connection wait for others."""
    judged = scene.worse("multiplex", words.WAITING)
    return judged.reason if judged else ""


@sign
def streams_slow_down(scene: Scene) -> str:
    """Side by side, all streams take longer."""
    judged, alone = scene.here.get("parallel"), scene.here.get("identity")
    ratio = words.slowdown(judged.timelines, alone) if judged else None
    if judged and ratio and ratio > scene.allowed.slowdown:
        return f"{judged.metrics.streams} at once take {ratio:.1f} times as long as one"
    return ""


@sign
def streams_take_turns(scene: Scene) -> str:
    """One stream is served at a time, or one event of one stream."""
    judged, alone = scene.here.get("parallel"), scene.here.get("identity")
    if not judged or judged.metrics.streams < 4:
        return ""
    streams, ratio = judged.metrics.streams, words.slowdown(judged.timelines, alone)
    if ratio and ratio > 0.6 * streams:
        return f"{streams} at once take {ratio:.1f} times as long as one"
    begun = sorted((one.headers_at or 0.0, one.ended_at) for one in judged.timelines)
    if all(end <= begins + 0.01 for (_, end), (begins, _) in zip(begun, begun[1:])):
        return f"of {streams} streams each begins when the one before it has ended"
    return ""


@sign
def some_refused(scene: Scene) -> str:
    """Some of many streams are refused, and others are served."""
    refused = scene.refused
    streams = scene.fault.timelines if scene.fault else ()
    if refused and len(refused) < len(streams):
        return f"{len(refused)} of {len(streams)} refused: {words.said(refused[0])}"
    return ""


@sign
def no_connection(scene: Scene) -> str:
    """Nobody takes the connection, or it is closed without an answer."""
    silent = [one for one in scene.refused if one.ended == ends.REFUSED]
    return words.said(silent[0]) if silent else ""


def _status(name: str, *statuses: int) -> None:
    def look(scene: Scene) -> str:
        found = [one for one in scene.refused if one.status in statuses]
        return words.said(found[0]) if found else ""

    SIGNS[name] = look


_status("status_401", 401, 403, 407)
_status("status_404", 404, 410)
_status("status_405", 405, 501)
_status("status_429", 429)
_status("status_500", 500)
_status("status_502", 502)
_status("status_503", 503)
_status("status_504", 504, 522, 524)
_status("status_redirect", 301, 302, 303, 307, 308)


@sign
def certificate_fails(scene: Scene) -> str:
    """The TLS handshake fails because of the certificate."""
    errors = [one.error for one in scene.refused if "certificate" in one.error.lower()]
    return errors[0] if errors else ""


@sign
def stays_open(scene: Scene) -> str:
    """Streams whose readers have left go on."""
    before, after = scene.facts.get("open_before"), scene.facts.get("open_after")
    if before is not None and after is not None and after > before:
        return f"{after - before} streams are still open after their readers have left"
    return ""


# Uploads, restarts and silence


@sign
def request_is_held(scene: Scene) -> str:
    """The answer waits for the whole request."""
    judged = scene.worse("upload", words.UPLOAD_HELD)
    return judged.reason if judged else ""


@sign
def waits_for_restart(scene: Scene) -> str:
    """A new stream waits for a restart to end."""
    one = scene.one
    return scene.fault.reason if scene.fault and one and words.restart_waited(one) else ""


@sign
def falls_silent(scene: Scene) -> str:
    """Nothing comes any more, and the connection stays."""
    judged = scene.fault
    return judged.reason if judged and judged.rank and judged.problem == words.SILENT else ""


@sign
def is_no_stream(scene: Scene) -> str:
    """One page, not a stream."""
    for judged in scene.here.values():
        if judged.problem == words.NO_STREAM and judged.reason.startswith("not a stream"):
            return judged.reason
    return ""
