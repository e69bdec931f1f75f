# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tests of one value; the rules are built from them."""

from __future__ import annotations

import ipaddress
import keyword
import re
import shlex
from typing import Any, Callable, Iterable, NamedTuple


class Rule(NamedTuple):
    """A condition for a value, and its description in words."""

    holds: Callable[[Any], bool]
    allowed: str


def like(pattern: str, allowed: str) -> Rule:
    return Rule(lambda value: re.fullmatch(pattern, str(value), re.ASCII) is not None, allowed)


def at_least(low: int, unit: str = "") -> Rule:
    return Rule(lambda value: value >= low, f"a whole number{unit}, {low} or more")


def between(low: int, high: int, unit: str = "") -> Rule:
    return Rule(lambda value: low <= value <= high, f"a whole number{unit} from {low} to {high}")


def none_of(words: Iterable[str], allowed: str) -> Rule:
    refused = frozenset(words)
    return Rule(lambda value: str(value).lower() not in refused, allowed)


def is_requirement(text: str) -> bool:
    """Roughly PEP 508: a name, then extras, versions or a URL, then a marker."""
    return re.fullmatch(_REQUIREMENT, text.strip(), re.ASCII) is not None


def is_relative(path: object) -> bool:
    """Whether it is a path below a directory: not absolute, without `..`."""
    text = str(path)
    parts = text.split("/")
    return text.isprintable() and not {"", "..", "."} & set(parts) and "\\" not in text


def is_wheel_path(package: str) -> bool:
    """Whether it is the path of a wheel, not a requirement with the URL of a wheel."""
    return package.endswith(".whl") and "://" not in package and package.isprintable()


def is_scalar(value: object) -> bool:
    return (
        isinstance(value, (str, int, float))
        and not isinstance(value, bool)
        and "\0" not in str(value)
    )


def is_line(value: object) -> bool:
    """Whether it is a value, or a list of values, that fits on one line of a unit."""
    values = value if isinstance(value, list) else [value]
    return all(
        isinstance(each, (str, int, float))
        and str(each).isprintable()
        and not str(each).endswith("\\")
        for each in values
    )


def is_command(text: str) -> bool:
    """Whether it is a program and its arguments, on one line, with the quotes of a shell closed."""
    try:
        return str(text).isprintable() and bool(shlex.split(str(text)))
    except ValueError:
        return False


def is_threshold(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0


def is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return re.fullmatch(r"[0-9a-fA-F.:]+(/\d+)?", text) is not None


def is_app(text: str) -> bool:
    module, colon, attribute = text.partition(":")
    words = [*module.split("."), attribute]
    return bool(colon) and all(
        word.isidentifier() and not keyword.iskeyword(word) for word in words
    )


def is_pem_or_path(text: str, kind: str) -> bool:
    """Whether it is PEM text of this kind, or an absolute path that needs no quotes."""
    if text.lstrip().startswith("-----BEGIN "):
        return f"{kind}-----" in text and "-----END " in text
    return re.fullmatch(ABSOLUTE, text, re.ASCII) is not None


def is_complete(directives: str) -> bool:
    """Whether each directive ends and all braces match."""
    bare = re.sub(_QUOTED_OR_COMMENT, "", directives).strip()
    depth = 0
    for char in bare:
        depth += {"{": 1, "}": -1}.get(char, 0)
        if depth < 0:
            return False
    return depth == 0 and bare[-1:] in ("", ";", "}")


ABSOLUTE = r"(?!.*/\.\.(/|$))(/[A-Za-z0-9._@+-]+)+/?"
_QUOTED_OR_COMMENT = r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|(?<!\S)#[^\n]*"
_CLAUSE = r"\s*(===|~=|==|!=|<=|>=|<|>)\s*[A-Za-z0-9.*+!_-]+\s*"
_REQUIREMENT = (
    r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?"
    r"\s*(\[[A-Za-z0-9._,\s-]*\])?"
    rf"\s*(\(?{_CLAUSE}(,{_CLAUSE})*\)?|@\s*[a-z+]+://[A-Za-z0-9._~:/?#@!&*+,=%-]+)?"
    r"(\s*;[A-Za-z0-9_.'\"<>=!~(),\s-]+)?"
)
