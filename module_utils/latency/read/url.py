# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""URLs and addresses, in the form that libcurl takes."""

from __future__ import annotations

import re
from typing import Any, Mapping
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit


def in_ascii(url: str) -> str:
    """The URL in ASCII: the name in IDNA, the rest percent-encoded."""
    if url.isascii():
        return url
    parts = urlsplit(url)
    user, at, place = parts.netloc.rpartition("@")
    rest = (_percent(part) for part in (parts.path, parts.query, parts.fragment))
    return urlunsplit((parts.scheme, _percent(user) + at + idna(place), *rest))


def _percent(text: str) -> str:
    return re.sub(r"[^\0-\x7f]+", lambda found: quote(found.group()), text)


def idna(name: str) -> str:
    return name if name.isascii() else name.encode("idna").decode()


def connect_to(address: str) -> str:
    """CONNECT_TO for ``host[:port]``. An IPv6 address may come without brackets."""
    if address.count(":") > 1 and not address.startswith("["):
        address = f"[{address}]"
    host, colon, port = address.rpartition(":")
    if not colon or address.endswith("]"):
        host, port = address, ""
    return f"::{host}:{port}"


def with_query(url: str, values: Mapping[str, Any]) -> str:
    """The URL with these values in its query. They replace values of the same name."""
    parts = urlsplit(url)
    kept = [pair for pair in parse_qsl(parts.query, True) if pair[0] not in values]
    new = [
        (name, f"{value:g}" if isinstance(value, float) else value)
        for name, value in values.items()
    ]
    return urlunsplit(parts._replace(query=urlencode(kept + new)))
