# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Helpers that build sentences about a value."""

from __future__ import annotations

import difflib
import re
from typing import Iterable

PREFIX = "streaming_api_"
PROGRAMS = ("gunicorn", "nginx", "service")  # the second part of a variable's name
LONGEST = 60


def shown(value: object) -> str:
    """Quote a value in a sentence: short, on one line, without passwords and keys."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    text = value if isinstance(value, str) else repr(value)
    text = re.sub(r"://[^/@\s]+@", "://***@", text)
    text = re.sub(r"(-----BEGIN [A-Z ]+-----).*", r"\1...", text, flags=re.DOTALL)
    short = text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."
    return repr(short) if isinstance(value, str) else short


def sentence(label: str, value: object, allowed: str) -> str:
    return f"{label} is {shown(value)}; allowed is {allowed}."


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that is most like this name; empty if no name is known."""
    short = {form: candidate for candidate in known for form in _short_forms(candidate)}
    found = difflib.get_close_matches(_bare(name), sorted(short), n=1, cutoff=0)
    return short[found[0]] if found else ""


def _bare(name: str) -> str:
    return name[len(PREFIX) :] if name.startswith(PREFIX) else name


def _short_forms(name: str) -> list[str]:
    """Short forms of a variable's name: without the role's name, and without the program's."""
    bare = _bare(name)
    program, _, rest = bare.partition("_")
    return [rest, bare] if program in PROGRAMS and rest else [bare]


def listed(words: Iterable[object], last: str = "or") -> str:
    *head, tail = [str(word) for word in words]
    return f"{', '.join(head)} {last} {tail}" if head else tail
