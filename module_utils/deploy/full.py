# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Directives of the app's site that answer 503 when the app has all the streams that it may have.

Nginx has one status for all limits of connections. Here an address with too many gets 429, and a
full app says 503. So the status is 429, and its error page finds out which limit it was. Nginx
reads the keys of the limits in their order, and a variable of `map` keeps its first value: the
app's key has a value if the address has passed. If the error page is the first to read it, it is
empty.
"""

from __future__ import annotations

from .capacity import RETRY_AFTER
from .directives import directives


def blocks(identifier: str) -> list[str]:
    """What the error page and the limit need at the top level.

    The host's own requests, such as those of a proof, have a count of their own: they get through
    when the app is full.
    """
    counted, full = f"$counted_{identifier}", f"$full_{identifier}"
    return [
        _block(
            f"geo $reader_{identifier}",
            "default reader;",
            "127.0.0.0/8 host;",
            "::1 host;",
        ),
        _block(
            f"map $limit_conn_status {counted}",
            f"default $reader_{identifier};",
            "REJECTED '';",
        ),
        _block(
            f'map "$limit_conn_status {counted}" {full}',
            "default '';",
            f'"~^REJECTED ." {RETRY_AFTER}; # seconds',
        ),
        f"limit_conn_zone {counted} zone=streams_{identifier}:64k;",
    ]


def server_lines(extra: str, identifier: str, streams: int) -> list[str]:
    """The limit itself. The user's own limits, in ``extra``, replace it."""
    if any(one.name == "limit_conn" for one in directives(extra)):
        return []
    return [f"limit_conn streams_{identifier} {streams};", error_page(identifier)]


def error_page(identifier: str) -> str:
    """A location with an `error_page` of its own does not get the server's."""
    return f"error_page 429 @refused_{identifier};"


def replaces_error_pages(directives_text: str) -> bool:
    """Whether a location with these directives no longer gets the server's `error_page`."""
    return any(one.name == "error_page" for one in directives(directives_text))


def _block(name: str, *lines: str) -> str:
    return "\n".join([f"{name} {{", *(f"    {line}" for line in lines), "}"])
