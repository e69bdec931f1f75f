# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Signs of many streams at once, and of streams that are refused."""

from __future__ import annotations

from ... import timeline
from .. import words
from ..ends import said
from ..lateness import slowdown
from .scene import SIGNS, Scene, sign


@sign
def streams_wait(scene: Scene) -> str:
    """Some streams wait for others."""
    for name in ("parallel", "burst", "multiplex"):
        judged = scene.worse(name, words.WAITING)
        if judged:
            return judged.reason
    return ""


@sign
def http2_streams_wait(scene: Scene) -> str:
    """Some streams of one HTTP/2 connection wait for others."""
    judged = scene.worse("multiplex", words.WAITING)
    return judged.reason if judged else ""


@sign
def streams_slow_down(scene: Scene) -> str:
    """Concurrent streams all take longer."""
    judged = scene.here.get("parallel")
    ratio = slowdown(judged.timelines, scene.singles) if judged else None
    if judged and ratio and ratio > scene.allowed.slowdown:
        return f"{judged.metrics.streams} at once take {ratio:.1f} times as long as one"
    return ""


@sign
def streams_take_turns(scene: Scene) -> str:
    """The server serves one stream at a time, or one event of one stream."""
    judged = scene.here.get("parallel")
    if not judged or judged.metrics.streams < 4:
        return ""
    streams, ratio = judged.metrics.streams, slowdown(judged.timelines, scene.singles)
    if ratio and ratio > 0.6 * streams:
        return f"{streams} at once take {ratio:.1f} times as long as one"
    begun = sorted((one.headers_at or 0.0, one.ended_at) for one in judged.timelines)
    if all(end <= begins + 0.01 for (_, end), (begins, _) in zip(begun, begun[1:])):
        return f"each of {streams} streams begins when the one before it has ended"
    return ""


@sign
def some_refused(scene: Scene) -> str:
    """Some of many streams are refused, others are served."""
    refused = scene.refused
    streams = scene.fault.timelines if scene.fault else ()
    if refused and len(refused) < len(streams):
        return f"{len(refused)} of {len(streams)} refused: {said(refused[0])}"
    return ""


@sign
def no_connection(scene: Scene) -> str:
    """No server accepts the connection, or the server closes it without an answer."""
    silent = [one for one in scene.refused if one.ended == timeline.REFUSED]
    return said(silent[0]) if silent else ""


def _status(name: str, *statuses: int) -> None:
    def refused_with(scene: Scene) -> str:
        found = [one for one in scene.refused if one.status in statuses]
        return said(found[0]) if found else ""

    SIGNS[name] = refused_with


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
    """Streams go on after their readers left."""
    judged = scene.here.get("leave")
    if not judged:
        return ""
    before, after = judged.measured.open_before, judged.measured.open_after
    if before is not None and after is not None and after > before:
        return f"{after - before} streams are still open after their readers left"
    return ""
