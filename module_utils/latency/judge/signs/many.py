# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Signs of many streams at once, and of streams that are refused."""

from __future__ import annotations

import re

from ... import timeline
from .. import words
from ..ends import answered, said
from ..judged import SAME_STREAM, SINGLE, same_pass
from ..lateness import slowdown
from .scene import SIGNS, Scene, sign

_LARGE = r"(?i)header.* too large|exceeds server limit|limit request (?:line|headers)"
NO_REASON = r"(?i)bad request|invalid request|error|http|[^a-z]"  # of a refusal's words
POOL = 40  # threads that Starlette gives to synchronous generators


@sign
def streams_wait(scene: Scene) -> str:
    """Some streams wait for others."""
    for name in ("parallel", "burst", "multiplex", "identity", *SAME_STREAM):
        judged = scene.worse(name, words.WAITING)
        if judged:
            return judged.reason
    return ""


@sign
def slower_than_a_pool(scene: Scene) -> str:
    """Concurrent streams are slower than a pool of 40 threads would make them."""
    judged = scene.here.get("parallel")
    ratio = slowdown(judged.timelines, scene.singles) if judged else None
    if judged and ratio and ratio > 2 * max(1.0, judged.metrics.streams / POOL):
        return f"{judged.metrics.streams} at once are all {ratio:.1f} times as slow"
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
    if scene.fault and scene.at_fault in SINGLE and scene.fault.problem == words.WAITING:
        return scene.fault.reason
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


@sign
def another_answer(scene: Scene) -> str:
    """The layer before sends a stream, and this one a page."""
    return scene.blamed_for(words.ANOTHER_ANSWER)


@sign
def answered_before(scene: Scene) -> str:
    """The layer before answers the same request."""
    before = same_pass(scene.at_fault, scene.before)
    known = scene.refused and before and all(map(answered, before.timelines))
    return "the layer before answers" if known else ""


@sign
def gives_no_reason(scene: Scene) -> str:
    """The refusal says no more than its status."""
    words = [re.sub(NO_REASON, "", one.said) for one in scene.refused]
    return "the refusal gives no reason" if words and not any(words) else ""


def _error(name: str, pattern: str, doc: str) -> None:
    def refused_by(scene: Scene) -> str:
        errors = [one.error for one in scene.refused if re.search(pattern, one.error)]
        return errors[0] if errors else ""

    refused_by.__doc__ = doc
    SIGNS[name] = refused_by


_error("name_unknown", "cannot resolve the name", "The name does not resolve.")
_error("closed_unanswered", "closed without an answer", "The server closes the connection at once.")
_error("not_http", r"is not HTTP|HTTP/2 (connection|stream)", "What answers is no valid HTTP.")
_error(
    "tls_not_spoken",
    r"(?i)wrong version number|packet length too long|unknown protocol|record layer",
    "What answers the TLS handshake is no TLS.",
)


def _status(name: str, *statuses: int) -> None:
    def refused_with(scene: Scene) -> str:
        found = [one for one in scene.refused if one.status in statuses]
        return said(found[0]) if found else ""

    first, last = ", ".join(map(str, statuses[:-1])), statuses[-1]
    refused_with.__doc__ = (
        f"The answer is HTTP {first} or {last}." if first else f"The answer is HTTP {last}."
    )
    SIGNS[name] = refused_with


_status("status_400", 400, 422)
_status("status_401", 401, 407)
_status("status_403", 403)
_status("status_404", 404, 410)
_status("status_405", 405, 501)
_status("status_406", 406)
_status("status_415", 415)
_status("status_421", 421)
_status("status_426", 426)
_status("status_429", 429)
_status("status_500", 500)
_status("status_502", 502)
_status("status_503", 503)
_status("status_504", 504, 524)
_status("status_52x", *range(520, 524), *range(525, 531))
_status("status_redirect", 301, 302, 303, 307, 308)


def _body(name: str, pattern: str, doc: str) -> None:
    def refused_saying(scene: Scene) -> str:
        found = [one for one in scene.refused if re.search(pattern, one.said, re.IGNORECASE)]
        return said(found[0]) if found else ""

    refused_saying.__doc__ = doc
    SIGNS[name] = refused_saying


@sign
def other_status(scene: Scene) -> str:
    """The refusal has a status that no other cause is about."""
    known = {*range(300, 309), *range(520, 531), 400, 401, 403, 404, 405, 406, 407, 410, 413, 414}
    known |= {415, 421, 422, 426, 429, 431, 500, 501, 502, 503, 504}
    found = [one for one in scene.refused if one.status >= 300 and one.status not in known]
    return said(found[0]) if found else ""


@sign
def answers_soon_before(scene: Scene) -> str:
    """The layer before begins its answer long before this one gives up."""
    before = scene.one_before
    gave_up = [one.headers_at for one in scene.refused if one.headers_at]
    if not before or before.headers_at is None or not answered(before) or not gave_up:
        return ""
    soon = before.headers_at < 0.3 * gave_up[0] and gave_up[0] > 0.05
    return f"the layer before answers after {before.headers_at:.2f} s" if soon else ""


@sign
def gave_up(scene: Scene) -> str:
    """The proxy gave up waiting."""
    found = [one for one in scene.refused if one.status in (503, 504)]
    return said(found[0]) if found else ""


@sign
def session_unknown(scene: Scene) -> str:
    """The refusal is about a session, or says that there is no such thing."""
    for one in scene.refused:
        if one.status in (404, 410) or re.search(r"(?i)session|\bsid\b", one.said):
            return said(one)
    return ""


@sign
def is_a_challenge(scene: Scene) -> str:
    """The refusal is a bot check."""
    for one in scene.refused:
        if one.header("cf-mitigated") or re.search(r"(?i)just a moment|captcha", one.said):
            return "the answer is a bot check"
    return ""


_body("body_names_the_host", r"\bhost\b", "The body of the refusal is about the host.")
_body(
    "body_names_a_protocol",
    r"websocket|upgrade required|transport unknown|engine\.?io",
    "The body of the refusal asks for another protocol than a stream.",
)
_body(
    "body_names_plain_http",
    r"plain HTTP (?:request was sent )?to (?:HTTPS|an SSL)|Client sent an HTTP request to an HTTPS",
    "The body of the refusal says that the port speaks TLS.",
)


@sign
def too_large(scene: Scene) -> str:
    """The refusal says that the request or its headers are too large."""
    for one in scene.refused:
        if one.status in (413, 414, 431) or (one.status == 400 and re.search(_LARGE, one.said)):
            return said(one)
    return ""


@sign
def others_are_answered(scene: Scene) -> str:
    """The same request is answered in another pass."""
    if not scene.refused:
        return ""
    for name, judged in scene.here.items():
        if name in SINGLE and any(map(answered, judged.timelines)):
            return f"the same request is answered in the {name} pass"
    return ""


@sign
def certificate_fails(scene: Scene) -> str:
    """The TLS handshake fails because of the certificate."""
    errors = [one.error for one in scene.refused if "certificate" in one.error.lower()]
    return errors[0] if errors else ""
