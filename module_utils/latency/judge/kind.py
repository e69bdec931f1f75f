# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether the answer is a stream at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterator

from . import figures
from .judged import FEWEST_EVENTS, Case, Problem
from .words import NO_STREAM, UNKNOWN

if TYPE_CHECKING:
    from ..timeline import Timeline

NOT_STREAMS = ("text/html", "application/json", "image/", "video/", "application/pdf")
DOWNLOADS = (
    *NOT_STREAMS,
    "application/octet-stream",
    "application/zip",
    "application/gzip",
    "application/xml",
    "application/javascript",
    "text/javascript",
    "text/css",
    "text/csv",
    "text/xml",
    "audio/",
    "font/",
)


def _no_stream(case: Case) -> Iterator[Problem]:
    one = case.timelines[0]
    if case.name in {"burst", "idle", "leave"}:
        return
    kind = _type(one)
    flows_before = case.had.reads > 1
    at_once = len(figures.arrivals(one.events)) <= 1 and not flows_before
    if at_once and one.format in {"lines", "chunks"} and kind.startswith(NOT_STREAMS):
        yield UNKNOWN, NO_STREAM, f"not a stream: {kind} of {one.size} bytes, all at once"
        return
    trouble = f", {one.error}" if one.error else ""
    whole = [case.alone.timelines[0]] if case.alone and case.alone.timelines else []
    # Over a network a file comes in parts too, and a compressed file has no length.
    if not case.before and any(map(_is_download, (one, *whole))):
        yield UNKNOWN, NO_STREAM, f"not a stream: {kind} of {one.size} bytes{trouble}"
    elif len(one.events) < FEWEST_EVENTS:
        yield UNKNOWN, NO_STREAM, f"too short to tell: {len(one.events)} events{trouble}"


def _type(one: Timeline) -> str:
    return one.header("content-type").split(";")[0].strip().lower()


def _is_download(one: Timeline) -> bool:
    """Whether it is a file or a page: its length was known before its first byte."""
    bare = one.format in {"lines", "chunks"} and bool(one.header("content-length"))
    return bare and _type(one).startswith(DOWNLOADS)


CHECKS = (_no_stream,)
