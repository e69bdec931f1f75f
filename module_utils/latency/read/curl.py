# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""pycurl, and what it can do here."""

from __future__ import annotations

from ..errors import ReaderError

try:
    import pycurl
except ImportError:
    pycurl = None

__all__ = ["HTTP_VERSIONS", "need", "pycurl", "suspect"]

# Numbers, because an older pycurl does not have all the names.
HTTP_VERSIONS = {"auto": 4, "1.0": 1, "1.1": 2, "2": 3, "2-prior-knowledge": 5, "3": 30}
HAS_HTTP3 = 1 << 25
SHARES_H2C = 0x080B01  # 8.11.1; 7.88 fails on each stream but the first


def need(version: str = "auto") -> None:
    """Raise ReaderError if pycurl is missing or does not know this version of HTTP."""
    if pycurl is None:
        raise ReaderError("There is no pycurl for this Python: install python3-pycurl.")
    if version == "3" and not pycurl.version_info()[4] & HAS_HTTP3:
        raise ReaderError(f"The libcurl here cannot speak HTTP/3: {pycurl.version}.")


def suspect() -> str:
    """The libcurl here if it may fail to share a connection of HTTP/2 without TLS; or nothing."""
    return "" if pycurl.version_info()[2] >= SHARES_H2C else f"libcurl {pycurl.version_info()[1]}"
