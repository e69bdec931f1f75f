# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The types of the spec, and how to convert a value."""

from __future__ import annotations

import re
from typing import Any, Callable, Mapping, NamedTuple


class Kind(NamedTuple):
    """A type of the spec: its conversion, which raises for other values, and its name."""

    convert: Callable[[Any], Any]
    allowed: str


def _to_text(value: Any) -> str:
    if isinstance(value, (bool, float)) or not isinstance(value, (str, int)):
        raise TypeError
    return str(value)


def _to_whole(value: Any) -> int:
    if isinstance(value, bool) or not re.fullmatch(r"\s*[+-]?\d+\s*", str(value), re.ASCII):
        raise ValueError
    return int(value)


def _to_truth(value: Any) -> bool:
    word = str(value).lower() if isinstance(value, (bool, int, str)) else ""
    if word in ("true", "yes", "on", "1"):
        return True
    if word in ("false", "no", "off", "0"):
        return False
    raise ValueError


def _to_list(value: Any) -> list[Any]:
    if not isinstance(value, (list, tuple)):
        raise TypeError
    return list(value)


def _to_mapping(value: Any) -> dict[Any, Any]:
    if not isinstance(value, Mapping):
        raise TypeError
    return dict(value)


KINDS: dict[str, Kind] = {
    "str": Kind(_to_text, "text"),
    "path": Kind(_to_text, "a path"),
    "int": Kind(_to_whole, "a whole number"),
    "bool": Kind(_to_truth, "true or false"),
    "list": Kind(_to_list, "a list"),
    "dict": Kind(_to_mapping, "a mapping of names to values"),
}


# Words that YAML reads as another type if they have no quotes.
SPELT: dict[str, dict[Any, str]] = {
    "streaming_api_nginx_proxy_cache": {False: "off"},
    "streaming_api_nginx_locations[].proxy_cache": {False: "off"},
}
