# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Decompress a body as it comes."""

from __future__ import annotations

import zlib
from typing import Iterator

STEP = 1 << 16  # bytes to decompress at a time


class Plain:
    """A body that is not compressed, or compressed in an unknown way."""

    ended = True

    def feed(self, data: bytes) -> Iterator[bytes]:
        if data:
            yield data


class Inflate:
    """Decompresses as far as possible. Knows gzip with several members, and raw deflate."""

    def __init__(self, *, deflate: bool) -> None:
        self._zlib = zlib.decompressobj(zlib.MAX_WBITS | 32)
        self._head: bytes | None = b"" if deflate else None

    def feed(self, data: bytes) -> Iterator[bytes]:
        if self._head is not None:
            self._head += data
            if len(self._head) < 2:
                return
            data, self._head = self._head, None
            if data[0] & 15 != zlib.DEFLATED or (data[0] << 8 | data[1]) % 31:
                self._zlib = zlib.decompressobj(-zlib.MAX_WBITS)
        full = False
        while data or full:
            if self._zlib.eof:
                data = data.lstrip(b"\0")
                if not data:
                    return
                self._zlib = zlib.decompressobj(zlib.MAX_WBITS | 32)
            plain = self._zlib.decompress(data, STEP)
            data = self._zlib.unused_data if self._zlib.eof else self._zlib.unconsumed_tail
            full = len(plain) == STEP and not self._zlib.eof
            if plain:
                yield plain

    @property
    def ended(self) -> bool:
        return self._zlib.eof


def decompressor(encoding: str) -> tuple[Plain | Inflate, bool]:
    """The decompressor for this Content-Encoding, and whether the encoding is known."""
    encoding = encoding.strip().lower()
    if encoding in ("gzip", "x-gzip", "deflate"):
        return Inflate(deflate=encoding == "deflate"), True
    return Plain(), encoding in ("", "identity")
