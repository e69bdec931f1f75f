# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read the text of an Nginx configuration as Nginx does: words, blocks, quotes and comments."""

from __future__ import annotations

import re
from typing import Iterator, NamedTuple

_TOKEN = re.compile(
    r"""
    \s+ | \#[^\n]*                             # skipped
    | "(?P<double>(?:\\.|[^"\\])*)"
    | '(?P<single>(?:\\.|[^'\\])*)'
    | (?P<mark>[;{}])
    | (?P<word>(?:\\.|\$\{[^}]*\}|[^\s;{\\])+)
    | .                                        # a quote without its end
    """,
    re.VERBOSE | re.DOTALL,
)


class Directive(NamedTuple):
    """A directive and its arguments. ``block`` is None if it has none."""

    words: tuple[str, ...]
    block: tuple[Directive, ...] | None = None

    @property
    def name(self) -> str:
        return self.words[0] if self.words else ""


def directives(text: str) -> tuple[Directive, ...]:
    """The directives of a file. A file that Nginx refuses gives what can be read of it."""
    return _block(_tokens(text))


def _tokens(text: str) -> Iterator[tuple[bool, str]]:
    """Whether the token is one of ; { } that means something, and the token."""
    for found in _TOKEN.finditer(text):
        if found.lastgroup:
            yield found.lastgroup == "mark", found.group(found.lastgroup)


def _block(tokens: Iterator[tuple[bool, str]]) -> tuple[Directive, ...]:
    found: list[Directive] = []
    words: list[str] = []
    for is_mark, text in tokens:
        if not is_mark:
            words.append(text)
            continue
        if text == "{":
            found.append(Directive(tuple(words), _block(tokens)))
        elif text == ";" and words:
            found.append(Directive(tuple(words)))
        words = []
        if text == "}":
            break
    return tuple(found)
