"""HTTP/1 that no reader sends: each gets its status, and a smuggled request never reaches the app.

Most of them carry a second request where a server and a proxy could disagree about the end of the
first. test_hostile_http2.py has those of HTTP/2.
"""

from __future__ import annotations

import re

import pytest
from hostile import SMUGGLED, TARGET, Found, Outcome, send_all
from rawclient import NAME, send
from testhost import Machine

POST = f"POST {TARGET} HTTP/1.1\r\nHost: {NAME}\r\n"
GET = f"GET {TARGET} HTTP/1.1\r\nHost: {NAME}\r\n"


def chunked(text: str) -> str:
    return f"{len(text):x}\r\n{text}\r\n0\r\n\r\n"


# Each table: the statuses of all answers on a connection ('' for none) and how many requests have
# reached the app, and the texts of which this is true. Both Nginx versions say the same.
Table = dict[Outcome, list[str]]

REFUSED = Outcome("400", 0)
UNKNOWN = Outcome("501", 0)  # an encoding that Nginx does not know
SERVED = Outcome("200", 1)

# Transfer-Encoding as a proxy may take it and a server not, or the other way round. What becomes of
# it alone, before a chunked body that is a request; and beside a Content-Length, before a request.
ENCODINGS: dict[tuple[Outcome, Outcome], list[str]] = {
    (SERVED, REFUSED): [
        "tRANSFER-eNCODING: CHUNKED", "Transfer-Encoding: chunked ", "X: y\nTransfer-Encoding: chunked",
    ],
    # Another header, which Nginx leaves out. So the second request is an ordinary one, or, without
    # the length, the body is a bad one.
    (Outcome("200 400", 1), Outcome("200 404", 2)): [
        "Transfer_Encoding: chunked",
    ],
    (REFUSED, REFUSED): [
        "Transfer-Encoding : chunked", "Transfer-Encoding: chunked\x00", "Transfer-Encoding: chunked\r\nTransfer-Encoding: x",
        "Transfer-Encoding: x\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding:\r\n chunked", "X: y\r\n Transfer-Encoding: chunked", "Transfer-Encoding\r\n: chunked", "\x00Transfer-Encoding: chunked",
        "Transfer-Encoding\x00: chunked", "Transfer-Encoding\t: chunked", "X: y\rTransfer-Encoding: chunked",
    ],
    (UNKNOWN, UNKNOWN): [
        "Transfer-Encoding: xchunked", "Transfer-Encoding: chunked, identity", "Transfer-Encoding: identity, chunked",
        "Transfer-Encoding: chunked, chunked", "Transfer-Encoding: gzip, chunked", "Transfer-Encoding: \x0bchunked", "Transfer-Encoding:\x0cchunked",
        'Transfer-Encoding: "chunked"', "Transfer-Encoding: 'chunked'", "Transfer-Encoding: chunk", "Transfer-Encoding:",
        "Transfer-Encoding: chunked;a=b", "Transfer-Encoding: identity", "Transfer-Encoding: x", "Transfer-Encoding: cow, chunked",
        "Transfer-Encoding:\tchunked",
    ],
}  # fmt: skip

# Values of Content-Length for a body of 5 bytes, before a request.
LENGTHS: Table = {
    REFUSED: [
        "-1", "+5", "0x5", "5, 5", "5,6", "5 5", "5;", "5\x00", "1e1", "5.0", "\xb2", "", " ", "\x0b5", "05x", "00000000000000000005x",
        "18446744073709551616", "9223372036854775808", "99999999999999999999999", "5\r\nContent-Length: 6", "5\r\nContent-Length: 5",
        "5\r\nContent-Length: 0", "0\r\nContent-Length: 5", '"5"', "'5'", "5-", "5h", "5_0", "NaN", "Infinity",
    ],
}  # fmt: skip

# Chunked bodies: sizes, their ends, what follows the last.
CHUNKS: Table = {
    Outcome("", 0): [
        "1\r\nx\r\n0\r\n", "0\r\n\r",
    ],
    SERVED: [
        "1 \r\nx\r\n0\r\n\r\n", "1\nx\n0\n\n", "1;a\r\nx\r\n0\r\n\r\n", '1;a="b\r\nx\r\n0\r\n\r\n', "1;\nx\r\n0\r\n\r\n",
        "00000000000000000000001\r\nx\r\n0\r\n\r\n", "0\r\nA: b\r\n\r\n", "0\r\nContent-Length: 5\r\n\r\n",
        "0\r\nTransfer-Encoding: chunked\r\n\r\n", "0;\r\n\r\n", "0\n\r\n",
    ],
    REFUSED: [
        "g\r\n", "-1\r\nx\r\n0\r\n\r\n", "+1\r\nx\r\n0\r\n\r\n", "0x1\r\nx\r\n0\r\n\r\n", " 1\r\nx\r\n0\r\n\r\n", "1\rx\r\n0\r\n\r\n",
        "1\r\nxy0\r\n\r\n", "1\r\nx0\r\n\r\n", "ffffffffffffffff\r\nx", "10000000000000000\r\nx", "fffffffffffffffe\r\nx", "\r\n1\r\nx\r\n0\r\n\r\n",
        "1\r\nx\r\n\r\n0\r\n\r\n", "1_0\r\nx\r\n0\r\n\r\n", "1\x00\r\nx\r\n0\r\n\r\n",
    ],
}  # fmt: skip

# Request lines; {} is a path that the app counts.
LINES: Table = {
    Outcome("", 0): [
        "GET {}",
    ],
    SERVED: [
        "GET {} HTTP/1.2", "GET {} HTTP/1.10", "GET  {} HTTP/1.1", "GET {}  HTTP/1.1", "GET https://chat.example{} HTTP/1.1",
        "GET {}&#a HTTP/1.1",
    ],
    REFUSED: [
        "GET {} HTTP/0.9", "GET {} HTTP/ 1.1", "GET {} http/1.1", "GET {} HTTQ/1.1", "get {} HTTP/1.1", "GE T {} HTTP/1.1",
        "GET\t{} HTTP/1.1", "GET {}\tHTTP/1.1", " GET {} HTTP/1.1", "GET seen HTTP/1.1", "GET * HTTP/1.1", "OPTIONS * HTTP/1.1",
        "CONNECT chat.example:443 HTTP/1.1", "PRI * HTTP/2.0", "GET /\x00 HTTP/1.1", "GET /%00 HTTP/1.1", "GET /../../etc/passwd HTTP/1.1",
        "GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1", "GET /..%2f..%2fetc/passwd HTTP/1.1", "GET /%zz HTTP/1.1",
        "GET http://chat.example@evil.example/ HTTP/1.1", "GET {}\x7f HTTP/1.1", "GET {}\x1f HTTP/1.1", "\x16\x03\x01", "\x00",
    ],
    Outcome("404", 1): [
        "GET //evil.example{} HTTP/1.1",
    ],
    Outcome("405", 0): [
        "TRACE {} HTTP/1.1",
    ],
    Outcome("421", 0): [
        "GET http://evil.example{} HTTP/1.1",
    ],
    Outcome("505", 0): [
        "GET {} HTTP/2.0", "GET {} HTTP/11",
    ],
}  # fmt: skip

# Headers of a GET.
HEADERS: Table = {
    SERVED: [
        "Host: chat.example:evil", "Host: chat.example\r\nA(b): c", "Host: chat.example\r\nConnection: Host",
        "Host: chat.example\r\nConnection: close, X-Forwarded-For", "Host: chat.example\r\nExpect: x",
    ],
    REFUSED: [
        "Host: chat.example\r\nHost: evil.example", "Host: evil.example\r\nHost: chat.example", "Host: ", "Host", "X: y", "Host : chat.example",
        "Host: chat.example, evil.example", "Host: chat.example evil.example", "Host: chat.example/evil", "Host: chat.example\x00evil",
        "Host: chat.example\r\n: empty", "Host: chat.example\r\n\x00: a", "Host: chat.example\r\nA\x00b: c", "Host: chat.example\r\nA: b\x00c",
        "Host: chat.example\r\nno colon", "Host: chat.example\r\n folded: a", "Host: chat.example\r\nA: b\r\n folded", " Host: chat.example",
        "Host:\r\n chat.example", "Host: chat.example\r\nContent-Length : 5", "Host: ..", "Host: .",
    ],
    Outcome("421", 0): [
        "Host: evil.example@chat.example", "Host: [::1",
    ],
}  # fmt: skip

OTHERS: dict[str, tuple[Outcome, str]] = {
    "body of a GET": (SERVED, f"{GET}Content-Length: {len(SMUGGLED)}\r\n\r\n{SMUGGLED}"),
    "chunked body of a GET": (SERVED, f"{GET}Transfer-Encoding: chunked\r\n\r\n{chunked(SMUGGLED)}"),
    "chunked HTTP/1.0": (REFUSED, f"{POST.replace('1.1', '1.0')}Transfer-Encoding: chunked\r\n\r\n{chunked(SMUGGLED)}"),
    "h2c": (SERVED, f"{GET}Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\nConnection: Upgrade, HTTP2-Settings\r\n\r\n"),
}  # fmt: skip


def encodings(place: int) -> Table:
    """Those alone, or those beside a length."""
    found: Table = {}
    for outcomes, texts in ENCODINGS.items():
        found.setdefault(outcomes[place], []).extend(texts)
    return found


def cases() -> dict[str, tuple[Outcome, str]]:
    """Each request and what must become of it, by its name."""
    kinds: dict[str, tuple[Table, str]] = {
        "encoding": (encodings(0), f"{POST}%s\r\n\r\n{chunked(SMUGGLED)}"),
        "encoding beside a length": (encodings(1), f"{POST}%s\r\nContent-Length: 6\r\n\r\n{chunked('')}{SMUGGLED}"),
        "length": (LENGTHS, f"{POST}Content-Length: %s\r\n\r\nhello{SMUGGLED}"),
        "chunks": (CHUNKS, f"{POST}Transfer-Encoding: chunked\r\n\r\n%s"),
        "line": (LINES, f"%s\r\nHost: {NAME}\r\n\r\n"),
        "header": (HEADERS, f"GET {TARGET} HTTP/1.1\r\n%s\r\n\r\n"),
    }  # fmt: skip
    found = {
        f"{kind}: {text!r}": (outcome, form.replace("%s", text).replace("{}", TARGET))
        for kind, (table, form) in kinds.items()
        for outcome, texts in table.items()
        for text in texts
    }
    return {**found, **OTHERS}


CASES = cases()


@pytest.fixture(scope="module")
def found(machine: Machine) -> Found:
    def ask(raw: bytes) -> str:
        said = send(machine.https, raw, tls=NAME, timeout=6, quiet=2)
        return " ".join(re.findall(r"HTTP/1.1 (\d{3})", said.raw.decode("latin-1")))

    raw = {case: text.encode("latin-1") for case, (_, text) in CASES.items()}
    return send_all(machine.https, raw, ask)


def test_there_are_enough() -> None:
    assert len(CASES) >= 150


def test_each_gets_its_status_and_reaches_the_app_or_not(found: Found) -> None:
    wrong = {case: one for case, one in found.outcomes.items() if one != CASES[case][0]}
    assert wrong == {}


def test_nothing_else_reaches_the_app(found: Found) -> None:
    assert found.others == {}


def test_others_are_served_after_each(found: Found) -> None:
    assert found.unserved == []
