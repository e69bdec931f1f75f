# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Take secrets out of text and JSON, before anybody stores or shows them."""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Mapping

LONGEST = 1000  # characters of a server's text
FIGURES = ("events", "reads")  # of a timeline

_NAMES = r"token|secret|passw|pwd|key|auth|sig|session|cookie|credential|jwt|code"
_IN_TEXT = _NAMES.replace("|code", "")  # a code is a secret in a URL; elsewhere it explains
_SECRET_NAME = re.compile(_NAMES, re.IGNORECASE)
_HEADER = re.compile(r"[\w-]+\Z")  # its name
_IN_NAME = r"[\w.\-%\[\]]"
_IN_VALUE = r"[^&;#\s\"'<>]"
_SECRETS = (
    (re.compile(r"://[^/\s?#\"<>]*@"), "://***@"),
    (
        re.compile(
            rf"([?&;#]{_IN_NAME}{{0,60}}(?:{_NAMES}){_IN_NAME}*=){_IN_VALUE}+", re.IGNORECASE
        ),
        r"\1***",
    ),
    # "Basic authentication" is not a secret.
    (re.compile(r"\b([Bb]earer|[Bb]asic)\s+(?=\S*[0-9A-Z=])[\w.~+/=-]{6,}"), r"\1 ***"),
    # In JSON, also in JSON that is a string of JSON.
    (
        re.compile(
            rf"""([\w.-]{{0,60}}(?:{_IN_TEXT})[\w.-]*\\?["']\s*:\s*\\?["'])[^"'\\]+""",
            re.IGNORECASE,
        ),
        r"\1***",
    ),
    (
        re.compile(rf"(\b[\w.-]{{0,60}}(?:{_IN_TEXT})[\w.-]*=[\"']?){_IN_VALUE}+", re.IGNORECASE),
        r"\1***",
    ),
    # "session: none" is not a secret.
    (
        re.compile(
            rf"(\b[\w-]{{0,60}}(?:{_IN_TEXT})[\w-]*:\s*)(?=[\w.~+/=-]*[0-9])[\w.~+/=-]{{8,}}",
            re.IGNORECASE,
        ),
        r"\1***",
    ),
    (re.compile(r"\b(?:sk|pk|gh[opsu]|github_pat|xox[abps])[-_][\w-]{10,}"), "***"),
    (re.compile(r"\beyJ[\w-]{5,}\.[\w-]+\.[\w-]*"), "***"),
)


def clean(text: str) -> str:
    """Text of a server or a URL as one line of at most LONGEST characters, without secrets and
    control characters.
    """
    text = text[: 4 * LONGEST]
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    text = "".join(" " if unicodedata.category(one)[0] in "CZ" else one for one in text[:LONGEST])
    return " ".join(text.split())


def redacted(found: Any) -> Any:
    """The same JSON value without secrets. The values of headers and options are secret by name.

    The events and reads of a timeline are text, but they stay as they are.
    """
    if isinstance(found, str):
        return clean(found)
    if isinstance(found, Mapping):
        return {clean(str(name)): _value(name, value) for name, value in found.items()}
    if isinstance(found, (list, tuple)):
        if len(found) == 2 and _HEADER.match(str(found[0])) and _is_secret(*found):
            return [found[0], "***"]
        return [redacted(one) for one in found]
    return found


def is_secret_name(name: str) -> bool:
    """Whether a name says that its value is secret."""
    return bool(_SECRET_NAME.search(name))


def _value(name: object, value: Any) -> Any:
    if _is_secret(name, value):
        return "***"
    return value if name in FIGURES else redacted(value)


def _is_secret(name: object, value: object) -> bool:
    return isinstance(name, str) and isinstance(value, str) and bool(value) and is_secret_name(name)
