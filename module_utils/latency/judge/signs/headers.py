# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Signs in the headers of an answer, and in when they come."""

from __future__ import annotations

import re

from .. import figures, words
from ..ends import STREAM_TYPES, answered
from ..judged import COMPRESSED
from .scene import Scene, sign, sign_behind

PLAIN_OR_COMPRESSED = ("identity", *COMPRESSED)  # passes
LARGE_HEADERS = 3500  # bytes
LONG = 0.8  # seconds; headers that come sooner need no remark


@sign
def not_as_encoded(scene: Scene) -> str:
    """The body is not compressed as Content-Encoding says."""
    return scene.blamed_for(words.UNREADABLE)


@sign
def headers_wait(scene: Scene) -> str:
    """The headers wait for the first chunk."""
    return "" if _shifted(scene) else scene.first_worse(PLAIN_OR_COMPRESSED, words.HEADERS_HELD)


@sign
def first_chunk_late(scene: Scene) -> str:
    """The headers are in time, and the first chunk comes late."""
    return scene.first_worse(PLAIN_OR_COMPRESSED, words.FIRST_LATE)


@sign
def asked_late(scene: Scene) -> str:
    """The app gets the request late: headers and events come late, all by the same time."""
    late = scene.first_worse(PLAIN_OR_COMPRESSED, words.ASKED_LATE)
    return late or (
        scene.first_worse(PLAIN_OR_COMPRESSED, words.HEADERS_HELD) if _shifted(scene) else ""
    )


@sign
def headers_late_alike(scene: Scene) -> str:
    """From outside alone: the headers take long, and in each pass the same time."""
    streams = [one for one in scene.singles if answered(one) and one.headers_at is not None]
    took = sorted((one.headers_at or 0.0) - (one.connected or 0.0) for one in streams)
    if not scene.outside or len(took) < 2 or took[0] < LONG or took[-1] > 1.1 * took[0]:
        return ""
    return f"headers after {took[0]:.2f} to {took[-1]:.2f} s in {len(took)} passes"


def _shifted(scene: Scene) -> bool:
    """Whether the first chunk is as late as the headers are. With the app's clock it is known."""
    one, before = scene.one, scene.one_before
    if not one or not before or one.opened is not None:
        return False
    chunks = (figures.first_chunk(one) or 0.0) - (figures.first_chunk(before) or 0.0)
    return chunks > 0.7 * ((one.headers_at or 0.0) - (before.headers_at or 0.0))


@sign_behind
def headers_are_large(scene: Scene) -> str:
    """The headers at the layer before are larger than a proxy's usual buffer (4 KiB)."""
    size = sum(len(name) + _length(value) + 4 for name, value in scene.headers_before)
    return f"headers of {size} bytes at the layer before" if size > LARGE_HEADERS else ""


def _length(value: str) -> int:
    """Bytes of a header's value. The reader keeps only the length of a cookie."""
    secret = re.fullmatch(r"\(a secret of (\d+) bytes\)", value)
    return int(secret.group(1)) if secret else len(value)


@sign
def redirects_to_http(scene: Scene) -> str:
    """A request over TLS is redirected to http://."""
    refused = [one for one in scene.refused if 300 <= one.status < 400 and one.tls]
    where = refused[0].header("location") if refused else ""
    return f"redirect from https to {where}" if where.startswith("http://") else ""


@sign
def http2_over_tls(scene: Scene) -> str:
    """The answer is HTTP/2 over TLS."""
    one = scene.one
    return f"HTTP/2 over {one.tls}" if one and one.http == "2" and one.tls else ""


@sign
def http_1_0(scene: Scene) -> str:
    """The answer is HTTP/1.0."""
    return "answers HTTP/1.0" if scene.one and scene.one.http == "1.0" else ""


@sign
def wsgi_server(scene: Scene) -> str:
    """Gunicorn itself answers, so the worker is not an ASGI worker."""
    one = scene.one
    server = one.header("server") if one else ""
    return f"server: {server}" if server == "gunicorn" else ""


@sign
def asgi_server(scene: Scene) -> str:
    """An ASGI server answers."""
    server = scene.one.header("server") if scene.one else ""
    return (
        f"server: {server}"
        if server.startswith(("uvicorn", "hypercorn", "granian", "gunicorn/asgi"))
        else ""
    )


@sign
def close_delimited(scene: Scene) -> str:
    """Only the end of the connection ends the body, unlike at the layer before."""
    one, before = scene.one, scene.one_before
    if not one or not one.http or not answered(one):
        return ""
    if figures.framing(one) != "close-delimited":
        return ""
    if before and figures.framing(before) == "close-delimited":
        return ""
    return f"HTTP/{one.http} without Transfer-Encoding or Content-Length"


@sign_behind
def unframed_before(scene: Scene) -> str:
    """Only the end of the connection ends the body at the layer before."""
    before = scene.one_before
    unframed = before is not None and figures.framing(before) == "close-delimited"
    return "the layer before sends a body without framing" if unframed else ""


@sign
def lacks_headers(scene: Scene) -> str:
    """Headers are missing that tell a proxy not to hold the stream."""
    one = scene.one
    if not one or not one.http or not answered(one):
        return ""
    if one.opened is not None or scene.before:
        return ""
    missing = []
    kind = one.header("content-type").split(";")[0]
    if one.format in {"sse", "ndjson"} and kind not in STREAM_TYPES:
        missing.append(f"Content-Type is {kind or 'not set'}")
    if not set(re.findall(r"[\w-]+", one.header("cache-control"))) & {"no-cache", "no-store"}:
        missing.append("no Cache-Control: no-cache")
    if scene.nearest and one.header("x-accel-buffering").lower() != "no":  # Nginx removes it
        missing.append("no X-Accel-Buffering: no")
    is_stream = one.format in {"sse", "ndjson"} or kind in STREAM_TYPES
    return ", ".join(missing) if is_stream else ""


@sign
def is_no_stream(scene: Scene) -> str:
    """The answer is one page, not a stream."""
    for judged in scene.here.values():
        if judged.problem == words.NO_STREAM and judged.reason.startswith("not a stream"):
            return judged.reason
    return ""
