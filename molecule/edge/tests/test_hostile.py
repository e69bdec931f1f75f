"""Requests that no reader sends: each gets its status, and a smuggled one never reaches the app.

Most of them carry a second request where a server and a proxy could disagree about the end of the
first. The app counts what reaches it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest
from rawclient import NAME, Said, get, send
from testhost import Machine

SMUGGLED = f"GET /smuggled?as=smuggled HTTP/1.1\r\nHost: {NAME}\r\n\r\n"
POST = f"POST /seen?as=first HTTP/1.1\r\nHost: {NAME}\r\n"
GET = f"GET /seen?as=first HTTP/1.1\r\nHost: {NAME}\r\n"


def chunked(text: str) -> str:
    return f"{len(text):x}\r\n{text}\r\n0\r\n\r\n"


# Each table: the statuses of all answers on a connection ('' for none), and the texts that get them.
# Where there is a second status, the first request has ended before the second: an ordinary second
# request of the same reader, which Nginx itself answers. Both Nginx versions say the same.
Table = dict[str, list[str]]

# Transfer-Encoding as a proxy may take it and a server not, or the other way round; with a length.
BESIDE_A_LENGTH: Table = {
    "200 404": [
        "Transfer_Encoding: chunked",
    ],
    "400": [
        "Transfer-Encoding : chunked", "Transfer-Encoding: chunked\x00", "Transfer-Encoding: chunked\r\nTransfer-Encoding: x",
        "Transfer-Encoding: x\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding:\r\n chunked", "X: y\r\n Transfer-Encoding: chunked", "Transfer-Encoding\r\n: chunked", "\x00Transfer-Encoding: chunked",
        "Transfer-Encoding\x00: chunked", "Transfer-Encoding\t: chunked", "X: y\rTransfer-Encoding: chunked", "X: y\nTransfer-Encoding: chunked",
        "tRANSFER-eNCODING: CHUNKED", "Transfer-Encoding: chunked ",
    ],
    "501": [
        "Transfer-Encoding: xchunked", "Transfer-Encoding: chunked, identity", "Transfer-Encoding: identity, chunked",
        "Transfer-Encoding: chunked, chunked", "Transfer-Encoding: gzip, chunked", "Transfer-Encoding: \x0bchunked", "Transfer-Encoding:\x0cchunked",
        'Transfer-Encoding: "chunked"', "Transfer-Encoding: 'chunked'", "Transfer-Encoding: chunk", "Transfer-Encoding:",
        "Transfer-Encoding: chunked;a=b", "Transfer-Encoding: identity", "Transfer-Encoding: x", "Transfer-Encoding: cow, chunked",
        "Transfer-Encoding:\tchunked",
    ],
}  # fmt: skip

# The same without a length.
ENCODINGS: Table = {
    "200": [
        "X: y\nTransfer-Encoding: chunked", "tRANSFER-eNCODING: CHUNKED", "Transfer-Encoding: chunked ",
    ],
    "200 400": [
        "Transfer_Encoding: chunked",
    ],
    "400": [
        "Transfer-Encoding : chunked", "Transfer-Encoding: chunked\x00", "Transfer-Encoding: chunked\r\nTransfer-Encoding: x",
        "Transfer-Encoding: x\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding:\r\n chunked", "X: y\r\n Transfer-Encoding: chunked", "Transfer-Encoding\r\n: chunked", "\x00Transfer-Encoding: chunked",
        "Transfer-Encoding\x00: chunked", "Transfer-Encoding\t: chunked", "X: y\rTransfer-Encoding: chunked",
    ],
    "501": [
        "Transfer-Encoding: xchunked", "Transfer-Encoding: chunked, identity", "Transfer-Encoding: identity, chunked",
        "Transfer-Encoding: chunked, chunked", "Transfer-Encoding: gzip, chunked", "Transfer-Encoding: \x0bchunked", "Transfer-Encoding:\x0cchunked",
        'Transfer-Encoding: "chunked"', "Transfer-Encoding: 'chunked'", "Transfer-Encoding: chunk", "Transfer-Encoding:",
        "Transfer-Encoding: chunked;a=b", "Transfer-Encoding: identity", "Transfer-Encoding: x", "Transfer-Encoding: cow, chunked",
        "Transfer-Encoding:\tchunked",
    ],
}  # fmt: skip

# Values of Content-Length for a body of 5 bytes, before another request.
LENGTHS: Table = {
    "400": [
        "-1", "+5", "0x5", "5, 5", "5,6", "5 5", "5;", "5\x00", "1e1", "5.0", "\xb2", "", " ", "\x0b5", "05x", "00000000000000000005x",
        "18446744073709551616", "9223372036854775808", "99999999999999999999999", "5\r\nContent-Length: 6", "5\r\nContent-Length: 5",
        "5\r\nContent-Length: 0", "0\r\nContent-Length: 5", '"5"', "'5'", "5-", "5h", "5_0", "NaN", "Infinity",
    ],
}  # fmt: skip

# Chunked bodies: sizes, their ends, what follows the last.
CHUNKS: Table = {
    "": [
        "1\r\nx\r\n0\r\n", "0\r\n\r",
    ],
    "200": [
        "1 \r\nx\r\n0\r\n\r\n", "1\nx\n0\n\n", "1;a\r\nx\r\n0\r\n\r\n", '1;a="b\r\nx\r\n0\r\n\r\n', "1;\nx\r\n0\r\n\r\n",
        "00000000000000000000001\r\nx\r\n0\r\n\r\n", "0\r\nA: b\r\n\r\n", "0\r\nContent-Length: 5\r\n\r\n",
        "0\r\nTransfer-Encoding: chunked\r\n\r\n", "0;\r\n\r\n", "0\n\r\n",
    ],
    "400": [
        "g\r\n", "-1\r\nx\r\n0\r\n\r\n", "+1\r\nx\r\n0\r\n\r\n", "0x1\r\nx\r\n0\r\n\r\n", " 1\r\nx\r\n0\r\n\r\n", "1\rx\r\n0\r\n\r\n",
        "1\r\nxy0\r\n\r\n", "1\r\nx0\r\n\r\n", "ffffffffffffffff\r\nx", "10000000000000000\r\nx", "fffffffffffffffe\r\nx", "\r\n1\r\nx\r\n0\r\n\r\n",
        "1\r\nx\r\n\r\n0\r\n\r\n", "1_0\r\nx\r\n0\r\n\r\n", "1\x00\r\nx\r\n0\r\n\r\n",
    ],
}  # fmt: skip

# Request lines.
LINES: Table = {
    "": [
        "GET /seen",
    ],
    "200": [
        "GET /seen HTTP/1.2", "GET /seen HTTP/1.10", "GET  /seen HTTP/1.1", "GET /seen  HTTP/1.1", "GET https://chat.example/seen HTTP/1.1",
    ],
    "400": [
        "GET /seen HTTP/0.9", "GET /seen HTTP/ 1.1", "GET /seen http/1.1", "GET /seen HTTQ/1.1", "get /seen HTTP/1.1", "GE T /seen HTTP/1.1",
        "GET\t/seen HTTP/1.1", "GET /seen\tHTTP/1.1", " GET /seen HTTP/1.1", "GET seen HTTP/1.1", "GET * HTTP/1.1", "OPTIONS * HTTP/1.1",
        "CONNECT chat.example:443 HTTP/1.1", "PRI * HTTP/2.0", "GET /\x00 HTTP/1.1", "GET /%00 HTTP/1.1", "GET /../../etc/passwd HTTP/1.1",
        "GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1", "GET /..%2f..%2fetc/passwd HTTP/1.1", "GET /%zz HTTP/1.1",
        "GET http://chat.example@evil.example/ HTTP/1.1", "GET /seen\x7f HTTP/1.1", "GET /seen\x1f HTTP/1.1", "\x16\x03\x01", "\x00",
    ],
    "404": [
        "GET //evil.example/ HTTP/1.1", "GET /seen#a HTTP/1.1",
    ],
    "405": [
        "TRACE /seen HTTP/1.1",
    ],
    "421": [
        "GET http://evil.example/seen HTTP/1.1",
    ],
    "505": [
        "GET /seen HTTP/2.0", "GET /seen HTTP/11",
    ],
}  # fmt: skip

# Headers of a GET.
HEADERS: Table = {
    "200": [
        "Host: chat.example:evil", "Host: chat.example\r\nA(b): c", "Host: chat.example\r\nConnection: Host",
        "Host: chat.example\r\nConnection: close, X-Forwarded-For", "Host: chat.example\r\nExpect: x",
    ],
    "400": [
        "Host: chat.example\r\nHost: evil.example", "Host: evil.example\r\nHost: chat.example", "Host: ", "Host", "X: y", "Host : chat.example",
        "Host: chat.example, evil.example", "Host: chat.example evil.example", "Host: chat.example/evil", "Host: chat.example\x00evil",
        "Host: chat.example\r\n: empty", "Host: chat.example\r\n\x00: a", "Host: chat.example\r\nA\x00b: c", "Host: chat.example\r\nA: b\x00c",
        "Host: chat.example\r\nno colon", "Host: chat.example\r\n folded: a", "Host: chat.example\r\nA: b\r\n folded", " Host: chat.example",
        "Host:\r\n chat.example", "Host: chat.example\r\nContent-Length : 5", "Host: ..", "Host: .",
    ],
    "421": [
        "Host: evil.example@chat.example", "Host: [::1",
    ],
}  # fmt: skip

OTHERS: dict[str, tuple[str, str]] = {
    "body of a GET": ("200", f"{GET}Content-Length: {len(SMUGGLED)}\r\n\r\n{SMUGGLED}"),
    "chunked body of a GET": ("200", f"{GET}Transfer-Encoding: chunked\r\n\r\n{chunked(SMUGGLED)}"),
    "chunked HTTP/1.0": ("400", f"{POST.replace('1.1', '1.0')}Transfer-Encoding: chunked\r\n\r\n{chunked(SMUGGLED)}"),
    "h2c": ("200", f"{GET}Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\nConnection: Upgrade, HTTP2-Settings\r\n\r\n"),
}  # fmt: skip


def cases() -> dict[str, tuple[str, str]]:
    """Each request with the statuses that it must get, by its name."""
    kinds: dict[str, tuple[Table, str]] = {
        "beside a length": (BESIDE_A_LENGTH, f"{POST}%s\r\nContent-Length: 6\r\n\r\n{chunked('')}{SMUGGLED}"),
        "encoding": (ENCODINGS, f"{POST}%s\r\n\r\n{chunked(SMUGGLED)}"),
        "length": (LENGTHS, f"{POST}Content-Length: %s\r\n\r\nhello{SMUGGLED}"),
        "chunks": (CHUNKS, f"{POST}Transfer-Encoding: chunked\r\n\r\n%s"),
        "line": (LINES, f"%s\r\nHost: {NAME}\r\n\r\n"),
        "header": (HEADERS, "GET /seen?as=first HTTP/1.1\r\n%s\r\n\r\n"),
    }  # fmt: skip
    found = {
        f"{kind}: {text!r}": (statuses, form.replace("%s", text))
        for kind, (table, form) in kinds.items()
        for statuses, texts in table.items()
        for text in texts
    }
    return {**found, **OTHERS}


CASES = cases()


@pytest.fixture(scope="module")
def counted(machine: Machine) -> tuple[Mapping[str, Said], dict[str, int]]:
    """All answers, and how often the app has meanwhile seen the first and the second request."""
    before = get(machine.https, "/reached?as=counting", tls=NAME).json()
    with ThreadPoolExecutor(8) as pool:
        asked = {
            case: pool.submit(send, machine.https, raw.encode("latin-1"), tls=NAME, timeout=3)
            for case, (_, raw) in CASES.items()
        }
        answers = {case: one.result() for case, one in asked.items()}
    after = get(machine.https, "/reached?as=counting", tls=NAME).json()
    return answers, {
        name: after.get(name, 0) - before.get(name, 0) for name in ("first", "smuggled")
    }


def statuses(said: Said) -> str:
    """Of all answers on the connection."""
    return " ".join(re.findall(r"HTTP/1.1 (\d{3})", said.raw.decode("latin-1")))


def test_there_are_enough() -> None:
    assert len(CASES) >= 150


def test_each_gets_its_status(counted: tuple[Mapping[str, Said], dict[str, int]]) -> None:
    wrong = {case: statuses(said) for case, said in counted[0].items()}
    assert {case: found for case, found in wrong.items() if found != CASES[case][0]} == {}


def test_the_app_sees_what_its_reader_was_answered(
    counted: tuple[Mapping[str, Said], dict[str, int]],
) -> None:
    """One request more than answers would have been smuggled past Nginx."""
    answered = [CASES[case][0].split() for case in counted[0] if "as=first" in CASES[case][1]]
    firsts = sum(found[:1] == ["200"] for found in answered)
    seconds = sum(found[1:] == ["404"] for found in answered)
    assert counted[1] == {"first": firsts, "smuggled": seconds}


def test_the_app_is_well(
    counted: tuple[Mapping[str, Said], dict[str, int]], machine: Machine
) -> None:
    assert counted[1]["first"] > 0
    assert [get(machine.https, "/readyz", tls=NAME).status for _ in range(20)] == [200] * 20
