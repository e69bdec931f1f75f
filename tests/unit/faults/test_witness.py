"""The laboratory's witness: its decoder and its rule, with made answers."""

from __future__ import annotations

import ast
import gc
import gzip
import socket
from pathlib import Path

import pytest

from tests.faults.witness import answer, rule
from tests.faults.witness.answer import CUT, OPEN, WHOLE, Answer, Sight
from tests.faults.witness.reader import Question, read

SSE = "Content-Type: text/event-stream\r\n"
CHUNKED = f"HTTP/1.1 200 OK\r\n{SSE}Transfer-Encoding: chunked\r\n\r\n".encode()
UNFRAMED = f"HTTP/1.0 200 OK\r\n{SSE}\r\n".encode()
EVEN = tuple(0.001 for _ in range(27))
GOOD = Sight(200, 0.01, WHOLE, 27, 0, EVEN)


def event(sent: float, **more: float) -> bytes:
    told = "".join(f'"{name}": {value}, ' for name, value in more.items())
    return f'data: {{{told}"sent_monotonic": {sent}}}\n\n'.encode()


def chunk(data: bytes) -> bytes:
    return f"{len(data):x};name=value\r\n".encode() + data + b"\r\n"


def seen(*parts: tuple[float, bytes], end: str = CUT) -> Sight:
    one = Answer(asked=10.0)
    for at, data in parts:
        one.feed(at, data)
    return one.sight(end)


def test_chunks() -> None:
    first, second = event(10.1, opened_monotonic=10.0), event(10.2)
    found = seen((10.05, CHUNKED), (10.101, chunk(first)), (10.203, chunk(second) + b"0\r\n\r\n"))
    assert (found.status, found.end, found.moments, found.within) == (200, WHOLE, 2, 0)
    assert found.headers == pytest.approx(0.05)
    assert found.waited == pytest.approx(0.05)
    assert found.delays == pytest.approx((0.001, 0.003))


def test_bytes_one_by_one() -> None:
    body = CHUNKED + chunk(event(10.1)) + chunk(event(10.2)) + b"0\r\n\r\n"
    found = seen(*((11.0, body[at : at + 1]) for at in range(len(body))))
    assert (found.end, found.moments) == (WHOLE, 1)
    assert found.delays == pytest.approx((0.9, 0.8))


def test_an_event_has_come_when_its_end_has() -> None:
    found = seen((10, UNFRAMED), (10.1, event(10.1)[:-2]), (10.5, b"\n\n"))
    assert found.delays == pytest.approx((0.4,))
    assert found.within == 1


def test_the_length_ends_it() -> None:
    head = f"HTTP/1.1 200 OK\r\n{SSE}Content-Length: 4\r\n\r\n".encode()
    assert seen((10, head + b"ab"), (10.1, b"cd"), end=OPEN).end == WHOLE
    assert seen((10, head + b"ab")).end == CUT


def test_without_a_last_chunk_it_is_cut() -> None:
    assert seen((10, CHUNKED + chunk(event(10)))).end == CUT
    assert seen((10, CHUNKED + chunk(event(10))), end=OPEN).end == OPEN


def test_without_framing_the_connection_ends_it() -> None:
    assert seen((10, UNFRAMED + event(10))).end == WHOLE
    assert seen().end == CUT


def test_what_is_compressed() -> None:
    squeezed = gzip.compress(event(10.1))
    head = f"HTTP/1.0 200 OK\r\n{SSE}Content-Encoding: ".encode()
    found = seen((10, head + b"gzip\r\n\r\n"), (10.1, squeezed[:9]), (10.4, squeezed[9:]))
    assert found.delays == pytest.approx((0.3,))
    other = seen((10, head + b"br\r\n\r\n"), (10.1, b"ab"), (10.4, b"cd"))
    assert (other.readable, other.moments, other.delays) == (False, 2, ())


def test_an_interim_answer_comes_before_the_answer() -> None:
    assert seen((10, b"HTTP/1.1 103 Early Hints\r\n\r\n" + CHUNKED)).status == 200


def later(seconds: float) -> tuple[float, ...]:
    return tuple(one + seconds for one in EVEN)


@pytest.mark.parametrize(
    ("here", "before", "what"),
    [
        (GOOD, GOOD, ""),
        (GOOD, None, ""),
        (GOOD._replace(delays=later(0.005)), GOOD, ""),
        (GOOD._replace(status=502), GOOD, rule.REFUSED),
        (Sight(), None, rule.REFUSED),
        (GOOD._replace(delays=(), garbled=True), GOOD, rule.UNREADABLE),
        (GOOD._replace(end=CUT), GOOD, CUT),
        (GOOD._replace(end=CUT), None, CUT),
        (GOOD._replace(end=OPEN), GOOD, CUT),
        (GOOD._replace(end=OPEN), GOOD._replace(end=OPEN), ""),
        (GOOD._replace(delays=EVEN[:9]), GOOD, CUT),
        (GOOD._replace(delays=later(0.02)), GOOD, rule.HELD),
        (GOOD._replace(delays=later(0.02)), None, rule.HELD),
        (GOOD._replace(moments=2, delays=(), readable=False), GOOD, rule.HELD),
        (GOOD._replace(moments=25, delays=(), readable=False), GOOD, ""),
        (GOOD._replace(delays=(), within=20), None, rule.HELD),
        (GOOD._replace(delays=(), within=1), None, ""),
        (GOOD._replace(headers=0.5), GOOD, rule.LATE_HEADERS),
        (GOOD._replace(headers=0.5, waited=0.5), None, rule.LATE_HEADERS),
        (GOOD._replace(headers=0.5), None, ""),  # the app may think before it answers
    ],
)
def test_rule(here: Sight, before: Sight | None, what: str) -> None:
    assert rule.wrong(here, before) == what


def test_it_shares_no_code_with_the_module() -> None:
    files = list(Path(answer.__file__).parent.glob("*.py"))
    names = {
        name
        for file in files
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        for name in (
            [node.module]
            if isinstance(node, ast.ImportFrom)
            else [one.name for one in node.names]
            if isinstance(node, ast.Import)
            else []
        )
        if name
    }
    assert files and not [name for name in names if name.startswith(("plugins", "pycurl"))]


def test_nobody_answers(tmp_path: Path) -> None:
    """The warning of a socket left open would fail this test."""
    path = tmp_path / "gone.sock"
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(path))
    found = read(Question("http://app/stream", unix_socket=str(path)))
    gc.collect()
    assert rule.wrong(found) == rule.REFUSED
