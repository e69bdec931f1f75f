# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Decompress a body as it comes.

Brotli and zstd need a library that a host may lack. Without it the body stays compressed.
"""

from __future__ import annotations

import contextlib
import importlib
import zlib
from typing import Any, Iterator

STEP = 1 << 16  # bytes to decompress at a time
# Bytes to give to a library that cannot limit what comes out. Each few can become 128 KiB (zstd)
# or 16 MiB (Brotli).
SIP = 16
WINDOW = 23  # 2 ** 23 bytes are the largest window that zstd may have over HTTP (RFC 9659)


def _first(*names: str) -> Any:
    """The first of these modules that can be imported, or None."""
    for name in names:
        with contextlib.suppress(ImportError):
            return importlib.import_module(name)
    return None


BROTLI = _first("brotli", "brotlicffi")
ZSTD = _first("compression.zstd", "backports.zstd")
ZSTANDARD = _first("zstandard")  # since 0.19; before, it does not say where a frame ends


class GarbledError(Exception):
    """The body is not compressed as it should be."""


class Plain:
    """A body that is not compressed, or compressed in an unknown way."""

    ended = True

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Decompress as far as possible, in bounded pieces. Raises GarbledError."""
        if data:
            yield data


class Inflate(Plain):
    """Knows gzip with several members, and raw deflate."""

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
            try:
                plain = self._zlib.decompress(data, STEP)
            except zlib.error as error:
                raise GarbledError(error) from error
            data = self._zlib.unused_data if self._zlib.eof else self._zlib.unconsumed_tail
            full = len(plain) == STEP and not self._zlib.eof
            if plain:
                yield plain

    @property
    def ended(self) -> bool:  # type: ignore[override]
        return self._zlib.eof


class Brotli(Plain):
    """Brotli, by the library brotli or brotlicffi."""

    def __init__(self) -> None:
        self._brotli = BROTLI.Decompressor()
        try:  # brotli knows a limit since 1.2
            self._brotli.process(b"", output_buffer_limit=STEP)
            self._limit = {"output_buffer_limit": STEP}
        except TypeError:
            self._limit = {}

    def feed(self, data: bytes) -> Iterator[bytes]:
        sip = len(data) if self._limit else SIP
        for at in range(0, len(data), sip or 1):
            plain = self._process(data[at : at + sip])
            while plain:
                yield plain
                plain = self._process(b"") if self._limit else b""

    def _process(self, data: bytes) -> bytes:
        if not data and self.ended:
            return b""
        try:
            return bytes(self._brotli.process(data, **self._limit))
        except BROTLI.error as error:
            raise GarbledError(error) from error

    @property
    def ended(self) -> bool:  # type: ignore[override]
        return bool(self._brotli.is_finished())


class Zstd(Plain):
    """Zstd with several frames, by Python's own module or its backport, or by zstandard."""

    def __init__(self) -> None:
        self._error: Any = (ZSTD or ZSTANDARD).ZstdError
        self._zstd = self._new()

    def _new(self) -> Any:
        if ZSTD:
            return ZSTD.ZstdDecompressor(
                options={ZSTD.DecompressionParameter.window_log_max: WINDOW}
            )
        return ZSTANDARD.ZstdDecompressor(max_window_size=1 << WINDOW).decompressobj()

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data:
            sip = data if ZSTD else data[:SIP]
            data = data[len(sip) :]
            plain = self._process(sip)
            while plain:
                yield plain
                plain = self._process(b"") if ZSTD and not self._zstd.eof else b""
            if self._zstd.eof:
                data = self._zstd.unused_data + data

    def _process(self, data: bytes) -> bytes:
        if self._zstd.eof:
            self._zstd = self._new()
        try:
            return bytes(self._zstd.decompress(data, STEP) if ZSTD else self._zstd.decompress(data))
        except self._error as error:
            raise GarbledError(error) from error

    @property
    def ended(self) -> bool:  # type: ignore[override]
        return bool(self._zstd.eof)


def _says_the_end(library: Any) -> bool:
    return library is not None and hasattr(library.ZstdDecompressor().decompressobj(), "eof")


def decompressor(encoding: str) -> tuple[Plain, bool]:
    """The decompressor for this Content-Encoding, and whether the encoding is known here."""
    encoding = encoding.strip().lower()
    if encoding in ("gzip", "x-gzip", "deflate"):
        return Inflate(deflate=encoding == "deflate"), True
    if encoding == "br" and BROTLI:
        return Brotli(), True
    if encoding == "zstd" and (ZSTD or _says_the_end(ZSTANDARD)):
        return Zstd(), True
    return Plain(), encoding in ("", "identity")
