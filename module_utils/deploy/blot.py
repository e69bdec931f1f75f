# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Blot secrets out of the words of an app, of its build or of Nginx before the role relays them.

The role knows the values, so it need not guess what looks like a secret. A program may print a
value encoded, or only a part of the value: a settings class cuts long values short. So each value
is looked for in several forms, and of a long form each part counts.
"""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
from typing import Any, Callable, Iterable, Iterator, Mapping
from urllib.parse import quote, quote_plus, unquote

from ..latency.redact import is_secret_name

INSTEAD = "***"
SHORTEST = 4  # characters; every text has shorter values in it by chance
WORD = 6  # a value shorter than this counts only as a whole word
PART = 12  # characters of a value in a row that count as a part of it

_PASSWORD_IN_URL = re.compile(r"://[^/\s:@]*:([^\s@]+)@")
_PASSWORD_IN_LIST = re.compile(r"(\w+)\s*=\s*([^\s;&\"']+)")
_SIMPLE: tuple[Callable[[str], str], ...] = (
    lambda value: json.dumps(value)[1:-1],
    lambda value: json.dumps(value, ensure_ascii=False)[1:-1],
    lambda value: repr(value)[1:-1],
    lambda value: ascii(value)[1:-1],
)
_FINAL: tuple[Callable[[str], str], ...] = (
    lambda value: quote(value, safe=""),
    quote,
    quote_plus,
    lambda value: re.sub("%..", lambda found: found[0].lower(), quote(value, safe="")),
    html.escape,
    lambda value: repr(value.encode())[2:-1],
    lambda value: value.encode().hex(),
    lambda value: value.encode().hex().upper(),
    lambda value: value.replace("\\", "\\\\").replace('"', '\\"'),  # as in an environment file
)
_BASE64 = (base64.b64encode, base64.urlsafe_b64encode)


class Blot:
    """Replaces the values of secrets in text."""

    def __init__(self, values: Iterable[str]) -> None:
        forms = {form for value in values for part in _parts(value) for form in _forms(part)}
        self._whole = _pattern(forms)
        long = (form for form in forms if len(form) > PART)
        self._pieces = {form[at : at + PART] for form in long for at in range(len(form) - PART + 1)}

    @classmethod
    def of(cls, hidden: str, *more: str) -> Blot:
        """From what ``pack`` gives, and further values."""
        try:
            packed: Any = json.loads(base64.b64decode(hidden)) if hidden else {}
        except (ValueError, binascii.Error):
            packed = {}
        return cls([*_values(packed), *more])

    def __call__(self, text: str) -> str:
        found = [match.span() for match in self._whole.finditer(text)] if self._whole else []
        if self._pieces:
            starts = range(len(text) - PART + 1)
            found += [(at, at + PART) for at in starts if text[at : at + PART] in self._pieces]
        return _without(text, found)

    def deep(self, value: Any) -> Any:
        """The same JSON value with blotted texts."""
        if isinstance(value, str):
            return self(value)
        if isinstance(value, Mapping):
            return {name: self.deep(one) for name, one in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.deep(one) for one in value]
        return value


def pack(
    secrets: Mapping[str, Any], build: Mapping[str, Any], more: Iterable[str | None] = ()
) -> str:
    """Secrets as one word, to hand them to a module.

    ``build`` is the environment of the build: there, a name tells what is secret. Ansible would
    take each value of a list out of all that a module returns, also a value such as ``1``.
    """
    hidden = {"secrets": {**secrets}, "build": {**build}, "more": [one for one in more if one]}
    return base64.b64encode(json.dumps(hidden).encode()).decode()


def _values(packed: Mapping[str, Any]) -> Iterator[str]:
    yield from map(str, packed.get("secrets", {}).values())
    for name, value in packed.get("build", {}).items():
        if is_secret_name(name):
            yield str(value)
        else:
            yield from _passwords(str(value))
    for value in packed.get("more", []):
        # A URL is no secret, but its password is.
        yield from _passwords(value) if "://" in value else [value]


def _parts(value: str) -> Iterator[str]:
    """A value, and the passwords and texts inside it."""
    yield value
    yield value.strip()
    yield from _passwords(value)
    try:
        inside = json.loads(value)
    except ValueError:
        return
    if isinstance(inside, (dict, list)):
        yield from _leaves(inside)


def _passwords(value: str) -> Iterator[str]:
    for password in _PASSWORD_IN_URL.findall(value):
        yield password
        yield unquote(password)
    for name, found in _PASSWORD_IN_LIST.findall(value):
        if is_secret_name(name):
            yield found


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, one in value.items():
            if isinstance(one, (dict, list)) or is_secret_name(name):
                yield from _leaves(one)
    elif isinstance(value, list):
        for one in value:
            yield from _leaves(one)


def _forms(value: str) -> Iterator[str]:
    """A value as programs may print it."""
    if len(value) < SHORTEST:
        return
    once = {value, *(form(value) for form in _SIMPLE)}
    twice = {form(one) for one in once for form in _SIMPLE}
    yield from once | twice
    yield from (form(value) for form in _FINAL)
    for encode in _BASE64:
        yield encode(value.encode()).decode()
        for before in range(3):  # other text before the value moves its bits
            yield _certain(encode(bytes(before) + value.encode()).decode(), before)


def _certain(encoded: str, before: int) -> str:
    """The characters of a Base64 text that do not depend on what is around the value."""
    begin = (0, 2, 3)[before]
    padding = len(encoded) - len(encoded.rstrip("="))
    end = len(encoded) - (padding + 1 if padding else 0)
    return encoded[begin:end]


def _pattern(forms: Iterable[str]) -> re.Pattern[str] | None:
    wanted = sorted((form for form in forms if len(form) >= SHORTEST), key=len, reverse=True)
    words = [
        rf"(?<!\w){re.escape(form)}(?!\w)" if len(form) < WORD else re.escape(form)
        for form in wanted
    ]
    return re.compile("|".join(words)) if words else None


def _without(text: str, spans: Iterable[tuple[int, int]]) -> str:
    kept, reached = [], 0
    for begin, end in sorted(spans):
        if begin > reached or (begin == reached == 0):
            kept += [text[reached:begin], INSTEAD]
        reached = max(reached, end)
    return "".join([*kept, text[reached:]])
