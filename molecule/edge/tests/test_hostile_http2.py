"""HTTP/2 that no reader sends: each connection gets its answer, and the app at most one request of it.

Nginx speaks HTTP/1.1 to the app, so what HTTP/2 allows in a header could become a second request there.
"""

from __future__ import annotations

import re

import pytest
from frameclient import (
    ACK,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADERS,
    PADDED,
    PING,
    PREFACE,
    PRIORITIZED,
    PRIORITY,
    PUSH,
    RESET,
    SETTINGS,
    WINDOW_UPDATE,
    Header,
    begin,
    block,
    exchange,
    frame,
)  # fmt: skip
from hostile import MARK, SMUGGLED, TARGET, Found, Outcome, send_all
from rawclient import NAME, send
from testhost import Machine

ORDINARY = {":method": "GET", ":scheme": "https", ":authority": NAME, ":path": TARGET}


def fields(*more: Header, **pseudo: str) -> list[Header]:
    """The headers of a request: the pseudo-headers that differ, and more."""
    known = {**ORDINARY, **{f":{name}": value for name, value in pseudo.items()}}
    return [*known.items(), *more]


def without(name: str) -> list[Header]:
    return [pair for pair in fields() if pair[0] != name]


def headers(pairs: list[Header], *, stream: int = 1, end: bool = True, flags: int = END_HEADERS, before: bytes = b"") -> bytes:  # fmt: skip
    return frame(HEADERS, flags | (END_STREAM if end else 0), stream, before + block(pairs))


def get(*more: Header, **pseudo: str) -> bytes:
    return headers(fields(*more, **pseudo))


def data(text: str, *, stream: int = 1, end: bool = True, flags: int = 0) -> bytes:
    return frame(DATA, flags | (END_STREAM if end else 0), stream, text.encode("latin-1"))


def post(text: str, *more: Header) -> bytes:
    """A request with this body."""
    return headers(fields(*more, method="POST"), end=False) + data(text)


UNENDED = headers(fields(method="POST"), end=False)


def length(value: str, text: str = "hello") -> bytes:
    return post(text, ("content-length", value))


def number(value: int) -> bytes:
    return value.to_bytes(4)


def blocks(pairs: list[Header]) -> bytes:
    """Headers in as many frames as they need."""
    whole = block(pairs)
    first, *rest = [whole[start : start + 16384] for start in range(0, len(whole), 16384)]
    more = [frame(CONTINUATION, 0, 1, piece) for piece in rest]
    more.append(frame(CONTINUATION, END_HEADERS, 1))
    return frame(HEADERS, END_STREAM, 1, first) + b"".join(more)


# Each connection: its answers and how many requests have reached the app, and the frames of which this
# is true of Nginx 1.22.
TABLE: dict[Outcome, dict[str, bytes]] = {
    Outcome("200", 1): {
        "an ordinary request": get(),
        "a body with its length": length("5"),
        "a body without a length": post("hello"),
        "100 SETTINGS": frame(SETTINGS) * 100 + get(),
        "100 PING": frame(PING, 0, 0, bytes(8)) * 100 + get(),
        "te: trailers": get(("te", "trailers")),
        "no :authority, but host": headers([*without(":authority"), ("host", NAME)]),
        "pseudo-header after a header": headers([("a", "b"), *fields()]),
        ":path after a header": headers([*without(":path"), ("a", "b"), (":path", ORDINARY[":path"])]),
        "connection: close": get(("connection", "close")),
        "connection: upgrade": get(("connection", "upgrade"), ("upgrade", "h2c")),
        "keep-alive": get(("keep-alive", "timeout=5")),
        "proxy-connection": get(("proxy-connection", "keep-alive")),
        "http2-settings": get(("http2-settings", "AAMAAABk")),
        "te: gzip": get(("te", "gzip")),
        "te: trailers, chunked": get(("te", "trailers, chunked")),
        "transfer-encoding: chunked": post(f"0\r\n\r\n{SMUGGLED}", ("transfer-encoding", "chunked")),
        "transfer_encoding": post(f"0\r\n\r\n{SMUGGLED}", ("transfer_encoding", "chunked")),
        "body of a GET": headers(fields(), end=False) + data(SMUGGLED),
        "umlaut in a name": get(("\xe4", "a")),
        "space around a value": get(("a", " b ")),
        "authority with a port of letters": get(authority=f"{NAME}:evil"),
        ":path with a fragment": get(path=f"{TARGET}&#a"),
        ":scheme http": get(scheme="http"),
        ":scheme odd": get(scheme="gopher"),
        "RST_STREAM of an idle stream": frame(RESET, 0, 1, number(8)) + get(),
        "GOAWAY of a reader, then a request": frame(GOAWAY, 0, 0, bytes(8)) + get(),
        "an unknown frame": frame(0xBE, 0xFF, 1, b"hello") + get(),
    },
    Outcome("400", 0): {
        "no :method": headers(without(":method")),
        "no :scheme": headers(without(":scheme")),
        "no :path": headers(without(":path")),
        "no :authority": headers(without(":authority")),
        "two :method": headers([*fields(), (":method", "POST")]),
        "two :scheme": headers([*fields(), (":scheme", "https")]),
        "two :path": headers([*fields(), (":path", "/reached")]),
        "two :authority": headers([*fields(), (":authority", NAME)]),
        "empty :method": get(method=""),
        ":method unknown": get(method="BREW"),  # Nginx passes it on; httptools knows no such
        "empty :scheme": get(scheme=""),
        "empty :path": get(path=""),
        "empty :authority": get(authority=""),
        "unknown pseudo-header": headers([*fields(), (":x", "a")]),
        ":status in a request": headers([*fields(), (":status", "200")]),
        ":protocol": get(protocol="websocket"),
        "a name of a colon": get((":", "a")),
        "upgrade: websocket": get(("upgrade", "websocket"), ("connection", "upgrade")),
        "transfer-encoding beside a length": post(f"0\r\n\r\n{SMUGGLED}", ("transfer-encoding", "chunked"), ("content-length", "5")),
        "longer than its length": length("5", SMUGGLED),
        "length 0 before a request": length("0", SMUGGLED),
        "shorter than its length": length("6"),
        "a length without a body": get(("content-length", "5")),
        "two equal lengths": post("hello", ("content-length", "5"), ("content-length", "5")),
        "two lengths": post("hello", ("content-length", "5"), ("content-length", "0")),
        "two lengths in one": length("5, 5"),
        "negative length": length("-1"),
        "length with a plus": length("+5"),
        "hexadecimal length": length("0x5"),
        "length with a space": length(" 5"),
        "empty length": length(""),
        "length beyond 64 bits": length("18446744073709551621"),
        "host agrees": get(("host", NAME)),
        "host is another": get(("host", "evil.example")),
        "two hosts": get(("host", NAME), ("host", "evil.example")),
        "authority of another, host ours": get(("host", NAME), authority="evil.example"),
        "authority with a path": get(authority=f"{NAME}/a"),
        "authority with a space": get(authority=f"{NAME} evil.example"),
        "authority with a comma": get(authority=f"{NAME}, evil.example"),
        ":path without a slash": get(path=TARGET[1:]),
        ":path is a star": get(path="*"),
        ":path is absolute": get(path=f"https://{NAME}{TARGET}"),
        ":path is absolute, of another": get(path=f"https://evil.example{TARGET}"),
        ":path with a space": get(path=f"{TARGET} HTTP/1.1"),
        ":path with a tab": get(path=f"{TARGET}\tA"),
        ":path out of the root": get(path=f"/../../etc/passwd?as={MARK}"),
        ":path with a bad escape": get(path=f"/%zz?as={MARK}"),
        ":method with a space": get(method=f"GET /smuggled?as={MARK} HTTP/1.1"),
        ":method in lower case": get(method="get"),
        ":method of a slash": get(method="GE/T"),
        "CONNECT": headers([(":method", "CONNECT"), (":authority", f"{NAME}:443")]),
        "4,000 small headers": blocks(fields(*(("a", "b") for _ in range(4000)))),
    },
    Outcome("405", 0): {
        "TRACE": get(method="TRACE"),
        "CONNECT with all": get(method="CONNECT"),
    },
    Outcome("421", 0): {
        "authority of another": get(authority="evil.example"),
        "authority with a user": get(authority=f"user@{NAME}"),
        "authority with another as user": get(authority=f"evil.example@{NAME}"),
    },
    Outcome("501", 0): {
        "transfer-encoding: identity": post(SMUGGLED, ("transfer-encoding", "identity")),
    },
    Outcome("goaway COMPRESSION_ERROR", 0): {
        "HPACK garbage": frame(HEADERS, END_HEADERS | END_STREAM, 1, b"\xff" * 20),
        "HPACK index 0": frame(HEADERS, END_HEADERS | END_STREAM, 1, block(fields()) + b"\x80"),
        "HPACK index of nothing": frame(HEADERS, END_HEADERS | END_STREAM, 1, block(fields()) + b"\xfe"),
        "HPACK table too large": frame(HEADERS, END_HEADERS | END_STREAM, 1, b"\x3f\xe1\xff\x03" + block(fields())),
        "HPACK Huffman of all ones": frame(HEADERS, END_HEADERS | END_STREAM, 1, block(fields()) + b"\x00\x81a\x84\xff\xff\xff\xff"),
    },
    Outcome("goaway ENHANCE_YOUR_CALM", 0): {
        "long header": get(("a", "a" * 9000)),
        "long name": get(("a" * 9000, "a")),
        "long :path": get(path=f"{TARGET}{'a' * 9000}"),
        "many headers": blocks(fields(*((f"a{n}", "a" * 1000) for n in range(40)))),
        "headers of 1 MB": blocks(fields(*(("a", "a" * 1000) for _ in range(1000)))),
        "CONTINUATION without an end": headers(fields(), flags=0) + frame(CONTINUATION, 0, 1, block([("a", "a" * 8000)])) * 200,
        "HEADERS too large": frame(HEADERS, END_HEADERS | END_STREAM, 1, block(fields(("a", "a" * 16384)))),
    },
    Outcome("goaway FLOW_CONTROL_ERROR", 0): {
        "WINDOW_UPDATE beyond 31 bits": frame(WINDOW_UPDATE, 0, 0, number(2**31 - 1)) + get(),
        "SETTINGS of a window too large": frame(SETTINGS, 0, 0, b"\x00\x04" + number(2**31)) + get(),
    },
    Outcome("goaway FRAME_SIZE_ERROR", 0): {
        "no header at all": headers([]),
        "HEADERS without their block": frame(HEADERS, END_HEADERS | END_STREAM, 1),
        "PRIORITY of 4 bytes": frame(PRIORITY, 0, 1, number(3)) + get(),
        "WINDOW_UPDATE of 3 bytes": frame(WINDOW_UPDATE, 0, 0, bytes(3)) + get(),
        "SETTINGS of 5 bytes": frame(SETTINGS, 0, 0, bytes(5)) + get(),
        "SETTINGS acknowledged with a payload": frame(SETTINGS, ACK, 0, bytes(6)) + get(),
        "PING of 7 bytes": frame(PING, 0, 0, bytes(7)) + get(),
        "RST_STREAM of 3 bytes": UNENDED + frame(RESET, 0, 1, bytes(3)),
        "PING too large": frame(PING, 0, 0, bytes(20000)) + get(),
        "HPACK literal without its end": frame(HEADERS, END_HEADERS | END_STREAM, 1, block(fields()) + b"\x00\x05abc"),
    },
    Outcome("goaway PROTOCOL_ERROR", 0): {
        "transfer-encoding in a trailer": UNENDED + data(f"0\r\n\r\n{SMUGGLED}", end=False) + headers([("transfer-encoding", "chunked")]),
        "empty name": get(("", "a")),
        "CONTINUATION of another stream": headers(fields(), flags=0) + frame(CONTINUATION, END_HEADERS, 3, block([("a", "b")])),
        "CONTINUATION alone": frame(CONTINUATION, END_HEADERS, 1, block(fields())),
        "DATA among CONTINUATION": headers(fields(), flags=0) + data(SMUGGLED),
        "PING among CONTINUATION": headers(fields(), flags=0) + frame(PING, 0, 0, bytes(8)),
        "HEADERS on stream 0": headers(fields(), stream=0),
        "HEADERS on an even stream": headers(fields(), stream=2),
        "HEADERS with too much padding": frame(HEADERS, END_HEADERS | END_STREAM | PADDED, 1, b"\xff" + block(fields())),
        "HEADERS that depend on themselves": headers(fields(), flags=END_HEADERS | PRIORITIZED, before=number(1) + b"\x10"),
        "DATA with too much padding": UNENDED + data("\xffhello", flags=PADDED),
        "trailers": UNENDED + data("hello", end=False) + headers([("a", "b")]),
        "trailers with a pseudo-header": UNENDED + data("hello", end=False) + headers([(":path", "/")]),
        "trailers are a request": UNENDED + data("hello", end=False) + headers(fields()),
        "trailers that do not end": UNENDED + headers([("a", "b")], end=False) + data(SMUGGLED),
        "trailers with a length": UNENDED + data("hello", end=False) + headers([("content-length", "0")]),
        "PRIORITY on itself": frame(PRIORITY, 0, 1, number(1) + b"\x10") + get(),
        "PRIORITY on stream 0": frame(PRIORITY, 0, 0, number(1) + b"\x10") + get(),
        "WINDOW_UPDATE of 0": frame(WINDOW_UPDATE, 0, 0, number(0)) + get(),
        "WINDOW_UPDATE of 0 on a stream": UNENDED + frame(WINDOW_UPDATE, 0, 1, number(0)) + data("hello"),
        "SETTINGS on a stream": frame(SETTINGS, 0, 1) + get(),
        "SETTINGS of a frame too small": frame(SETTINGS, 0, 0, b"\x00\x05" + number(1)) + get(),
        "PING on a stream": frame(PING, 0, 1, bytes(8)) + get(),
        "PUSH_PROMISE of a reader": frame(PUSH, END_HEADERS, 1, number(2) + block(fields())),
        "RST_STREAM on stream 0": frame(RESET, 0, 0, number(8)) + get(),
    },
    Outcome("goaway PROTOCOL_ERROR", 1): {
        "CONTINUATION after the end": get() + frame(CONTINUATION, END_HEADERS, 1, block([("a", "b")])),
        "HEADERS twice on a stream": get() + get(path=f"/smuggled?as={MARK}"),
        "HEADERS on an older stream": headers(fields(), stream=5) + headers(fields(path=f"/smuggled?as={MARK}"), stream=3),
        "DATA on stream 0": get() + data(SMUGGLED, stream=0),
    },
    Outcome("reset PROTOCOL_ERROR", 0): {
        "uppercase name": get(("Upper", "a")),
        "uppercase pseudo-header": headers([*fields(), (":Path", "/")]),
        "transfer-encoding with a space": post(f"0\r\n\r\n{SMUGGLED}", ("transfer-encoding ", "chunked")),
        "CR LF in a value": get(("a", f"b\r\n\r\n{SMUGGLED}")),
        "LF in a value": get(("a", f"b\n\n{SMUGGLED}")),
        "CR in a value": get(("a", "b\rc: d")),
        "NUL in a value": get(("a", "b\x00c")),
        "CR LF in a name": get(("a: b\r\ntransfer-encoding", "chunked")),
        "LF in a name": get(("a\nb", "c")),
        "NUL in a name": get(("a\x00b", "c")),
        "space in a name": get(("a b", "c")),
        "colon in a name": get(("transfer-encoding: chunked\x20a", "c")),
        "colon ends a name": get(("transfer-encoding:", "chunked")),
        "authority with CR LF": get(authority=f"{NAME}\r\nA: b"),
        "authority with a NUL": get(authority=f"{NAME}\x00"),
        ":path with CR LF": get(path=f"{TARGET} HTTP/1.1\r\nHost: {NAME}\r\n\r\n{SMUGGLED}"),
        ":path with a CR": get(path=f"{TARGET}\rA"),
        ":path with an LF": get(path=f"{TARGET}\nA: b"),
        ":path with a NUL": get(path=f"{TARGET}\x00"),
        ":method with CR LF": get(method=f"GET / HTTP/1.1\r\nHost: {NAME}\r\n\r\nGET"),
        ":scheme with a request": get(scheme=f"https://{NAME}/smuggled?as={MARK} HTTP/1.1\r\n"),
    },
    Outcome("reset STREAM_CLOSED", 1): {
        "DATA after the end": get() + data(SMUGGLED),
    },
    Outcome("silent", 0): {
        "CONTINUATION of nothing, without an end": headers(fields(), flags=0) + frame(CONTINUATION, 0, 1) * 20000,
        "DATA before HEADERS": data(SMUGGLED),
        "DATA too large": UNENDED + frame(DATA, 0, 1, bytes(16385)),
        "HTTP/1.1 in HTTP/2": f"GET {TARGET} HTTP/1.1\r\nHost: {NAME}\r\n\r\n".encode(),
    },
    Outcome("silent", 1): {
        "SETTINGS of no window": frame(SETTINGS, 0, 0, b"\x00\x04" + number(0)) + get(),
    },
}  # fmt: skip

# What Nginx 1.26 says in place of what 1.22 says.
NEWER: dict[Outcome, Outcome] = {
    Outcome("reset PROTOCOL_ERROR", 0): Outcome("400", 0),
    Outcome("silent", 1): Outcome("200", 1),
}

# Frames that cost a server more than their sender: Nginx closes the connection.
FLOODS: dict[str, bytes] = {
    "SETTINGS": frame(SETTINGS) * 1000000 + get(),
    "PING": frame(PING, 0, 0, bytes(8)) * 520000 + get(),
    "empty CONTINUATION": headers(fields(), flags=0) + frame(CONTINUATION, 0, 1) * 1000000,
    "empty DATA": UNENDED + frame(DATA, 0, 1) * 1000000,
    "PRIORITY": frame(PRIORITY, 0, 1, number(3) + b"\x10") * 100000 + get(),
    "WINDOW_UPDATE": frame(WINDOW_UPDATE, 0, 0, number(1)) * 700000 + get(),
    "requests that are reset": b"".join(headers(fields(), stream=n) + frame(RESET, 0, n, number(8)) for n in range(1, 6000, 2)),
    "requests at once": b"".join(headers(fields(), stream=n) for n in range(1, 6000, 2)),
    "bad requests": b"".join(headers(fields(path="x"), stream=n) for n in range(1, 6000, 2)),
}  # fmt: skip
MOST = 1000  # requests of a connection that reach the app


# Connections that do not begin with the preface of HTTP/2 and SETTINGS.
BEGINNINGS: dict[str, tuple[Outcome, bytes]] = {
    "no preface": (Outcome("goaway PROTOCOL_ERROR", 0), get()),
    "a wrong preface": (Outcome("goaway PROTOCOL_ERROR", 0), begin().replace(b"SM", b"XX") + get()),
    "no SETTINGS": (Outcome("200", 1), PREFACE + get()),
    "HTTP/1.1": (Outcome("goaway PROTOCOL_ERROR", 0), f"GET {TARGET} HTTP/1.1\r\nHost: {NAME}\r\n\r\n".encode()),
}  # fmt: skip

# HTTP/2 in connections that speak HTTP/1.1, on both ports.
UPGRADE = (
    f"GET {TARGET} HTTP/1.1\r\nHost: {NAME}\r\nConnection: Upgrade, HTTP2-Settings\r\n"
    "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n"
)
ELSEWHERE: dict[str, bytes] = {
    "prior knowledge": begin() + get(),
    "upgrade": UPGRADE.encode() + begin() + get(),
}


@pytest.fixture(scope="module")
def found(machine: Machine) -> Found:
    cases = {case: begin() + raw for rows in TABLE.values() for case, raw in rows.items()}
    cases.update((case, raw) for case, (_, raw) in BEGINNINGS.items())
    return send_all(machine.https, cases, lambda raw: str(exchange(machine.https, raw, patience=6)))


def test_there_are_enough() -> None:
    assert sum(map(len, TABLE.values())) >= 150


def test_each_gets_its_answer_and_reaches_the_app_or_not(found: Found, machine: Machine) -> None:
    wanted = {case: outcome for outcome, rows in TABLE.items() for case in rows}
    wanted.update((case, outcome) for case, (outcome, _) in BEGINNINGS.items())
    if machine.distro == "debian13":
        wanted = {case: NEWER.get(outcome, outcome) for case, outcome in wanted.items()}
    assert {case: one for case, one in found.outcomes.items() if one != wanted[case]} == {}


def test_no_connection_brings_a_second_request(found: Found) -> None:
    assert {case: one for case, one in found.outcomes.items() if one.reached > 1} == {}
    assert found.others == {}


def test_others_are_served_after_each(found: Found) -> None:
    assert found.unserved == []


@pytest.mark.parametrize(("tls", "first"), [(None, Outcome("301", 0)), (NAME, Outcome("200", 1))])
def test_only_a_handshake_leads_to_http2(machine: Machine, tls: str | None, first: Outcome) -> None:
    def ask(raw: bytes) -> str:
        said = send(machine.https if tls else machine.http, raw, tls=tls, quiet=2)
        return " ".join(re.findall(r"HTTP/1.1 (\d{3})", said.raw.decode("latin-1")))

    assert send_all(machine.https, ELSEWHERE, ask).outcomes == {
        "prior knowledge": Outcome("400", 0),
        "upgrade": Outcome(f"{first.said} 400", first.reached),
    }


@pytest.mark.parametrize("flood", FLOODS)
def test_a_flood_is_stopped(machine: Machine, flood: str) -> None:
    def ask(raw: bytes) -> str:
        return "closed" if exchange(machine.https, raw, patience=10, quiet=10).closed else "open"

    done = send_all(machine.https, {flood: begin() + FLOODS[flood]}, ask)
    said, reached = done.outcomes[flood]
    assert said == "closed"
    assert reached <= MOST
    assert done.unserved == []
