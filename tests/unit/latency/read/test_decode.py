"""From bytes to events: whatever comes, in whatever pieces, and never an exception."""

from __future__ import annotations

import gzip
import importlib
import json
import random
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from plugins.module_utils.latency.read import inflate
from plugins.module_utils.latency.read.decode import Decoder
from plugins.module_utils.latency.read.events import LONGEST
from plugins.module_utils.latency.timeline import CUT_SHORT, GARBLED, KEPT, Event

SSE = "text/event-stream"
NDJSON = "application/x-ndjson"
TEXT = "text/plain; charset=utf-8"
HELLO = {
    "event": "hello",
    "n": 0,
    "opened_monotonic": 6.5,
    "sent_monotonic": 7.0,
    "clock": "boot",
    "pid": 9,
    "open_streams": 2,
    "at": "inside",
    "secret": "no",
}


def decoded(kind: str, *pieces: bytes, encoding: str = "", whole: bool = True) -> Decoder:
    """What comes of pieces, one each second."""
    decoder = Decoder(kind, encoding)
    for second, piece in enumerate(pieces):
        decoder.feed(piece, float(second))
    decoder.finish(whole=whole)
    return decoder


def keys(decoder: Decoder) -> list[str | None]:
    return [event.key for event in decoder.events]


def times(decoder: Decoder) -> list[float]:
    return [event.arrived for event in decoder.events]


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ([b"data: a\n\n"], 1),
        ([b"data: a\r\n\r\n"], 1),
        ([b"data: a\r\r"], 1),
        ([b"data: a\r", b"\n\r", b"\ndata: b\n\n"], 2),
        ([b"data: a\r", b"\r", b"data: b\r\r"], 2),
        ([b"data: a\r", b"\n", b"\n", b"data: b\n\n"], 2),
        ([b"\xef\xbb\xbfdata: a\n\n"], 1),
        ([b"data:a\ndata:b\n\n"], 1),
        ([b"data\n\n"], 1),
        ([b": heartbeat\n\n", b":\n\n"], 0),
        ([b"event: tick\n\n"], 0),
        ([b"id: 1\nretry: 5\n\n"], 0),
        ([b"data: a\n\ndata: not ended\n"], 1),
        ([b"data: a\n\n\n\n\ndata: b\n\n"], 2),
        ([b"\n\n"], 0),
        ([b""], 0),
    ],
)
def test_server_sent_events(pieces: list[bytes], expected: int) -> None:
    decoder = decoded(SSE, *pieces)
    assert (len(decoder.events), decoder.seen) == (expected, expected)
    assert decoder.format == "sse" and not decoder.trouble


def test_a_hello_of_others_is_values_only() -> None:
    deep = "[" * 600 + "]" * 600
    hello = f'data: {{"event": "hello", "pid": 1, "release": {deep}}}\n\n'
    assert decoded(SSE, hello.encode()).server == {"pid": 1}


def test_an_event_comes_when_its_last_byte_has_come() -> None:
    decoder = decoded(SSE, b"data: {", b'"n": 7}\n', b": still here\n", b"\nda", b"ta: 2\n\n")
    assert times(decoder) == [3.0, 4.0]
    assert keys(decoder) == ["7", None]
    assert [at for at, _ in decoder.reads] == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert sum(event.size for event in decoder.events) == decoder.size


def test_a_heartbeat_is_a_read_and_no_event() -> None:
    decoder = decoded(SSE, b": ping\n\n", b"data: a\n\n")
    assert len(decoder.reads) == 2 and times(decoder) == [1.0]


@pytest.mark.parametrize("cut", range(1, 12))
@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_it_does_not_matter_where_reads_are_cut(cut: int, end: bytes) -> None:
    body = b"id: 1\ndata: {}\n\n: x\n\ndata: a\ndata: b\n\nid: 3\ndata:\n\n".replace(b"\n", end)
    pieces = [body[at : at + cut] for at in range(0, len(body), cut)]
    assert keys(decoded(SSE, *pieces)) == ["1", None, "3"]


@pytest.mark.parametrize(
    ("kind", "wrap"),
    [(SSE, b"data: %s\n\n"), (NDJSON, b"%s\n"), (NDJSON, b"\x1e%s\n"), (TEXT, b"event %s\n")],
)
def test_what_an_event_says_of_itself(kind: str, wrap: bytes) -> None:
    said = [
        HELLO,
        {"event": "received", "n": 1, "sent_monotonic": 7.1},
        {"event": "tick", "n": 1, "sent_monotonic": 7.25},
        {"event": "end", "n": 2, "sent_monotonic": 8},
    ]
    decoder = decoded(kind, *(wrap % json.dumps(one).encode() for one in said))
    assert [event.sent for event in decoder.events] == [7.0, 7.1, 7.25, 8.0]
    assert keys(decoder) == ["0", "received 1", "1", "2"]
    assert (decoder.opened, decoder.server_clock) == (6.5, "boot")
    assert decoder.server == {"pid": 9, "open_streams": 2, "at": "inside"}
    assert decoder.finished


@pytest.mark.parametrize(
    ("event", "sent"),
    [
        ('{"sent_monotonic": 1}', 1.0),
        ('{"sent_monotonic": -1e308}', None),
        ('{"sent_monotonic": true}', None),
        ('{"sent_monotonic": "1"}', None),
        ('{"sent_monotonic": NaN}', None),
        ('{"sent_monotonic": 1e999}', None),
        (f'{{"sent_monotonic": 1{"0" * 400}}}', None),
        ('{"sent_monotonic": 1', None),
        ("[" * 100_000, None),
        ("{" + '"a":{' * 100_000, None),
        ('["sent_monotonic"]', None),
        ("\udcff".encode("utf-8", "surrogateescape").decode("latin-1"), None),
    ],
)
def test_odd_events(event: str, sent: float | None) -> None:
    decoder = decoded(SSE, b"data: " + event.encode() + b"\n\n")
    assert [one.sent for one in decoder.events] == [sent]


@pytest.mark.parametrize("last", [b"data: [DONE]\n\n", b"event: end\ndata: x\n\n"])
def test_the_last_event(last: bytes) -> None:
    assert decoded(SSE, last).finished
    assert not decoded(SSE, b"data: x\n\n").finished


def test_another_field_says_when_an_event_was_sent() -> None:
    decoder = Decoder(NDJSON, sent_field="at")
    decoder.feed(b'{"at": 3.5, "sent_monotonic": 1}\n', 0.0)
    assert decoder.events[0].sent == 3.5


@pytest.mark.parametrize(
    ("kind", "pieces", "format_", "events"),
    [
        (TEXT, [b"a\n", b"b\n", b"\n", b"c"], "lines", 3),
        (TEXT, [b"a\nb\nc\n"], "lines", 3),
        (TEXT, [b"Once ", b"upon ", b"a ", b"time "], "chunks", 4),
        (TEXT, [b"token "] * 30 + [b"\n"] + [b"token "] * 30, "chunks", 61),
        (TEXT, [b"x" * 16384] * 3 + [b"\n"], "lines", 1),
        ("", [b"a\n", b"b\n"], "lines", 2),
        ("application/octet-stream", [b"\x00\n\x01", b"\n\n"], "chunks", 2),
        (NDJSON, [b'{"n": 1}\n{"n"', b": 2}\n", b'{"n": 3}'], "ndjson", 3),
        (TEXT, [b"<p>one\r\n", b"<p>two\r\n"], "lines", 2),
    ],
)
def test_lines_and_chunks(kind: str, pieces: list[bytes], format_: str, events: int) -> None:
    decoder = decoded(kind, *pieces)
    assert (decoder.format, len(decoder.events), decoder.trouble) == (format_, events, "")


@pytest.mark.parametrize(
    ("kind", "pieces", "trouble"),
    [
        (SSE, [b"<html>", b"<body>no\n\n"], "not server-sent events: the line '<html><body>no'"),
        (SSE, [b'{"n": 1}\n', b'{"n": 2}\n'], "not server-sent events"),
        (SSE, [b"data: 1\n", b"data: 2\n"], "no blank line ends"),
        (SSE, [b"\x00\xff\x00" * 9, b"\x00"], "the body is binary, not sse"),
        (NDJSON, [b"\x00\x00"], "the body is binary, not ndjson"),
    ],
)
def test_what_is_not_what_it_says_is_chunks(kind: str, pieces: list[bytes], trouble: str) -> None:
    decoder = decoded(kind, *pieces)
    assert trouble in decoder.trouble
    assert (decoder.format, len(decoder.events)) == ("chunks", len(pieces))


def test_a_line_that_is_no_json_is_told() -> None:
    decoder = decoded(NDJSON, b'{"n": 1}\n', b"Internal Server Error\n")
    assert (decoder.format, len(decoder.events)) == ("ndjson", 2)
    assert "Internal Server Error" in decoder.trouble


def test_what_is_left_in_the_middle_is_no_trouble() -> None:
    body = gzip.compress(b"data: a\n\ndata: b")
    assert not decoded(SSE, body[:-9], encoding="gzip", whole=False).trouble
    assert not decoded(SSE, b"data: a\n", whole=False).trouble
    assert "ends in the middle" in decoded(SSE, body[:-9], encoding="gzip").trouble


def flushed(pieces: list[bytes], wbits: int) -> list[bytes]:
    """Compressed so that each piece can be read at once."""
    squeeze = zlib.compressobj(wbits=wbits)
    parts = [squeeze.compress(piece) + squeeze.flush(zlib.Z_SYNC_FLUSH) for piece in pieces]
    return [*parts, squeeze.flush()]


@pytest.mark.parametrize(
    ("encoding", "wbits"),
    [("gzip", 31), ("x-gzip", 31), ("GZIP ", 31), ("deflate", 15), ("deflate", -15)],
)
def test_compressed_events_come_when_they_can_be_read(encoding: str, wbits: int) -> None:
    events = [b'data: {"n": %d}\n\n' % n for n in range(5)]
    decoder = decoded(SSE, *flushed(events, wbits), encoding=encoding)
    assert times(decoder) == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert keys(decoder) == ["0", "1", "2", "3", "4"] and not decoder.trouble
    assert decoder.decoded == sum(map(len, events)) != decoder.size


def test_compressed_byte_by_byte_and_in_members() -> None:
    body = gzip.compress(b"data: a\n\n") + gzip.compress(b"data: b\n\n") + b"\0\0"
    decoder = decoded(SSE, *(bytes([byte]) for byte in body), encoding="gzip")
    assert len(decoder.events) == 2 and not decoder.trouble
    raw = b"".join(flushed([b"data: a\n\n"], -15))
    assert len(decoded(SSE, *(bytes([byte]) for byte in raw), encoding="deflate").events) == 1


def brotli_flushed(pieces: list[bytes]) -> list[bytes]:
    squeeze = importlib.import_module("brotli").Compressor()
    parts = [squeeze.process(piece) + squeeze.flush() for piece in pieces]
    return [*parts, squeeze.finish()]


def zstd_flushed(pieces: list[bytes]) -> list[bytes]:
    zstandard = importlib.import_module("zstandard")
    squeeze = zstandard.ZstdCompressor().compressobj()
    flush = zstandard.COMPRESSOBJ_FLUSH_BLOCK
    parts = [squeeze.compress(piece) + squeeze.flush(flush) for piece in pieces]
    return [*parts, squeeze.flush()]


class OldBrotli:
    """The library before 1.2, which has no limit of what comes out."""

    def __init__(self) -> None:
        library = importlib.import_module("brotli")
        self.error = library.error
        self.Decompressor = lambda: OldDecompressor(library.Decompressor())


class OldDecompressor:
    def __init__(self, real: Any) -> None:
        self.is_finished = real.is_finished
        self._real = real

    def process(self, data: bytes) -> bytes:
        plain: bytes = self._real.process(data)
        return plain


Flushed = Callable[[list[bytes]], list[bytes]]
LIBRARIES: dict[str, tuple[str, str, Callable[[], Any], Flushed]] = {
    "brotli": ("br", "BROTLI", lambda: importlib.import_module("brotli"), brotli_flushed),
    "brotli before 1.2": ("br", "BROTLI", OldBrotli, brotli_flushed),
    "Python's zstd": ("zstd", "ZSTD", lambda: importlib.import_module("backports.zstd"), zstd_flushed),
    "zstandard": ("zstd", "ZSTANDARD", lambda: importlib.import_module("zstandard"), zstd_flushed),
}  # fmt: skip


@pytest.fixture(params=LIBRARIES)
def library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> tuple[str, Flushed]:
    """Only this library is here: the encoding that it knows, and how to compress so."""
    encoding, name, found, squeeze = LIBRARIES[request.param]
    for one in ("BROTLI", "ZSTD", "ZSTANDARD"):
        monkeypatch.setattr(inflate, one, found() if one == name else None)
    return encoding, squeeze


TICKS = [b'data: {"n": %d}\n\n' % n for n in range(5)]


def test_a_library_decodes_events_as_they_come(library: tuple[str, Flushed]) -> None:
    encoding, squeeze = library
    pieces = squeeze(TICKS)
    decoder = decoded(SSE, *pieces, encoding=encoding)
    assert times(decoder) == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert (decoder.format, keys(decoder)) == ("sse", ["0", "1", "2", "3", "4"])
    assert not decoder.trouble and decoder.decoded == sum(map(len, TICKS))
    held = decoded(SSE, b"".join(pieces), encoding=encoding.upper())
    assert times(held) == [0.0] * 5 and not held.trouble
    singly = (bytes([byte]) for byte in b"".join(pieces))
    assert keys(decoded(SSE, *singly, encoding=encoding)) == ["0", "1", "2", "3", "4"]


def test_a_library_knows_what_is_cut_or_garbled(library: tuple[str, Flushed]) -> None:
    encoding, squeeze = library
    pieces = squeeze(TICKS)
    cut = decoded(SSE, *pieces[:3], encoding=encoding)
    assert (len(cut.events), cut.trouble) == (3, CUT_SHORT)
    assert not decoded(SSE, *pieces[:3], encoding=encoding, whole=False).trouble
    for bad, trouble in (
        ([b"\xffdata: a\n\n", b"data: b\n\n"], GARBLED),
        ([*pieces, b"data: more\n\n"], "the compressed body is damaged"),
    ):
        decoder = decoded(SSE, *bad, encoding=encoding)
        assert decoder.trouble.startswith(trouble)
        assert decoder.format == "chunks" and decoder.size == sum(map(len, bad))


def test_a_library_reads_what_grows_enormously_in_steps(library: tuple[str, Flushed]) -> None:
    encoding, squeeze = library
    bomb = b"".join(squeeze([b"\0" * (1 << 20)] * 64))
    assert len(bomb) < 20_000
    steps = [len(plain) for plain in inflate.decompressor(encoding)[0].feed(bomb)]
    assert sum(steps) == 64 << 20 and max(steps) <= 17 << 20
    if inflate.ZSTD or hasattr(inflate.BROTLI, "__file__"):
        assert max(steps) <= 2 * inflate.STEP


def test_frames_of_zstd_follow_each_other(library: tuple[str, Flushed]) -> None:
    encoding, squeeze = library
    if encoding == "zstd":
        frames = [b"".join(squeeze([tick])) for tick in TICKS]
        assert times(decoded(SSE, *frames, encoding="zstd")) == [0.0, 1.0, 2.0, 3.0, 4.0]
        assert len(decoded(SSE, b"".join(frames), encoding="zstd").events) == 5


def test_nothing_that_a_library_gets_is_an_exception(library: tuple[str, Flushed]) -> None:
    encoding, squeeze = library
    body = b"".join(squeeze(TICKS))
    chance = random.Random(7)  # noqa: S311
    for _ in range(300):
        bad = bytearray(body)
        for _ in range(chance.randrange(4)):
            bad[chance.randrange(len(bad))] = chance.randrange(256)
        at = chance.randrange(len(bad))
        decoder = decoded(SSE, bytes(bad[:at]), bytes(bad[at:]), encoding=encoding)
        assert decoder.size == len(body) and len(decoder.trouble) < 300


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, br"])
def test_without_a_library_compressed_bytes_are_chunks(
    encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for library in ("BROTLI", "ZSTD", "ZSTANDARD"):
        monkeypatch.setattr(inflate, library, None)
    decoder = decoded(SSE, b"\x0b\x02", b"\x80\x00", encoding=encoding)
    assert decoder.events == (Event(0.0, 2), Event(1.0, 2))
    assert (decoder.format, decoder.trouble) == ("chunks", "")


def test_heartbeats_without_events_are_chunks() -> None:
    assert decoded(SSE, *[b": ping\n\n"] * 3).format == "chunks"
    assert len(decoded(SSE, *[b": ping\n\n"] * 3).events) == 3
    some = decoded(SSE, *[b": ping\n\n"] * 3, b"data: a\n\n")
    assert (some.format, len(some.events)) == ("sse", 1)


def test_bad_gzip_is_told_and_read_on() -> None:
    decoder = decoded(SSE, b"data: a\n\n", b"data: b\n\n", encoding="gzip")
    assert "not compressed as Content-Encoding says" in decoder.trouble
    assert (decoder.format, len(decoder.reads), decoder.size) == ("chunks", 2, 18)


def test_an_empty_body_is_no_trouble() -> None:
    assert not decoded(SSE, encoding="gzip").trouble
    assert decoded(TEXT).events == ()


@pytest.mark.parametrize("kind", [SSE, NDJSON, TEXT])
def test_an_endless_event_is_cut(kind: str) -> None:
    pieces = [b'data: {"n": 1}\n\n' if kind == SSE else b'{"n": 1}\n', b"data: {"]
    pieces += [b"x" * (1 << 16)] * (2 * LONGEST >> 16)
    pieces += [b"\n\n", b'data: {"n": 2}\n\n' if kind == SSE else b'{"n": 2}\n']
    decoder = decoded(kind, *pieces)
    assert keys(decoder)[0] == "1" and keys(decoder)[-1] == "2"
    assert 4 <= len(decoder.events) <= 5
    assert max(event.size for event in decoder.events) < 1.2 * LONGEST
    assert not decoder.trouble


def test_a_long_stream_is_counted_and_its_beginning_kept() -> None:
    decoder = decoded(NDJSON, *(b"{}\n" for _ in range(KEPT + 100)))
    assert (decoder.seen, len(decoder.events), len(decoder.reads)) == (KEPT + 100, KEPT, KEPT)


def test_what_grows_enormously_is_read_in_steps() -> None:
    bomb = gzip.compress(b"\n" * (4 << 20))
    decoder = decoded(TEXT, bomb, encoding="gzip")
    assert decoder.decoded == 4 << 20 and not decoder.trouble


@pytest.mark.parametrize("encoding", ["", "gzip", "deflate", "br"])
@pytest.mark.parametrize("kind", [SSE, NDJSON, TEXT, "application/json", "", ";;;"])
def test_nothing_that_comes_is_an_exception(kind: str, encoding: str) -> None:
    chance = random.Random(7)  # noqa: S311
    for _ in range(200):
        pieces = [
            chance.choice([chance.randbytes(chance.randrange(50)), b"data: {\n", b"\r", b"\n\n"])
            for _ in range(6)
        ]
        decoder = decoded(kind, *pieces, encoding=encoding, whole=chance.random() < 0.5)
        assert decoder.size == sum(map(len, pieces))
        assert len(decoder.trouble) < 300
