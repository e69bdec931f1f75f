# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The first words of an answer that is no stream."""

from __future__ import annotations

import html
import re

from ..redact import clean

MOST = 200  # characters

_NO_WORDS = re.compile(r"<!--|<(?:script|style)\b", re.IGNORECASE)
_ENDS = {
    "<!--": re.compile("-->"),
    "<script": re.compile(r"</script\s*>", re.IGNORECASE),
    "<style": re.compile(r"</style\s*>", re.IGNORECASE),
}
_TAG = re.compile(r"<[^<>]*>")
_TITLE = re.compile(r"<title\b[^<>]*>([^<]*)", re.IGNORECASE)
_HTML = re.compile(r"\s*<(?:!doctype|html|head|body|title|h1)\b", re.IGNORECASE)


def first_words(body: bytes, content_type: str) -> str:
    """The beginning of a body as one line, without secrets; of HTML the title and the text."""
    if b"\0" in body:
        return ""  # not text
    text = body.decode("utf-8", "replace")
    if "html" in content_type.lower() or _HTML.match(text):
        text = _of_html(text)
    text = clean(text)
    return text if len(text) <= MOST else text[: MOST - 3].rstrip() + "..."


def _of_html(page: str) -> str:
    page = _seen(page)
    found = _TITLE.search(page)
    title = found.group(1) if found else ""
    rest = page[: found.start()] + page[found.end() :] if found else page
    title, rest = (" ".join(html.unescape(one).split()) for one in (title, _TAG.sub(" ", rest)))
    if not title or rest.startswith(title):
        return rest
    return f"{title}: {rest}" if rest else title


def _seen(page: str) -> str:
    """Without comments, scripts and styles."""
    parts: list[str] = []
    at = 0
    while True:
        begin = _NO_WORDS.search(page, at)
        if not begin:
            return " ".join([*parts, page[at:]])
        parts.append(page[at : begin.start()])
        end = _ENDS[begin.group().lower()].search(page, begin.end())
        if not end:
            return " ".join(parts)
        at = end.end()
