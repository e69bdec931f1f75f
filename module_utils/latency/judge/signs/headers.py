# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Signs in the headers of an answer, and in when they come."""

from __future__ import annotations

import re

from .. import figures, words
from ..ends import answered
from .scene import Scene, sign

STREAM_TYPES = ("text/event-stream", "application/x-ndjson", "application/jsonl")


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
