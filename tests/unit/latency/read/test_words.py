"""What an answer says that is no stream."""

from __future__ import annotations

import gzip

import pytest

from plugins.module_utils.latency.read.decode import Decoder
from plugins.module_utils.latency.read.words import MOST, first_words

NGINX = b"""<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>
<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx/1.22.1</center>\r\n</body>
</html>\r\n<!-- a padding to disable MSIE and Chrome friendly error page -->"""
DJANGO = b"""<!DOCTYPE html><html><head><meta charset=utf-8><title>Page &amp; more</title>
<style>body { color: red }</style><script>if (1 < 2) { "</b>" }</script></head>
<body class="x"><p>Not <b>found</b></body>"""
FASTAPI = b'{"detail":[{"type":"missing","loc":["query","q"],"msg":"Field required"}]}'
MCP = b'{"jsonrpc":"2.0","error":{"code":-32600,"message":"Bad Request: Missing session ID"}}'


@pytest.mark.parametrize(
    ("kind", "body", "said"),
    [
        ("application/json", FASTAPI, FASTAPI.decode()),
        ("application/json", MCP, MCP.decode()),
        ("text/plain", b"Invalid host header", "Invalid host header"),
        ("text/html", NGINX, "502 Bad Gateway nginx/1.22.1"),
        ("", NGINX, "502 Bad Gateway nginx/1.22.1"),
        ("text/html; charset=utf-8", DJANGO, "Page & more: Not found"),
        ("text/html", b"<title>Only</title>", "Only"),
        ("text/html", b"<script>never ends", ""),
        ("text/plain", b"a\r\n\tb\x1b[31mc", "a b [31mc"),
        ("text/plain", b"caf\xc3\xa9 \xff", "caf\xe9 \ufffd"),
        ("text/plain", b"\x89PNG\0\0", ""),
        ("application/json", b'{"api_key": "s3cr3t"}', '{"api_key": "***"}'),
        ("text/plain", b"", ""),
    ],
)
def test_the_first_words(kind: str, body: bytes, said: str) -> None:
    assert first_words(body, kind) == said


def test_they_are_few_and_fast() -> None:
    said = first_words(b"word " * 10_000, "text/plain")
    assert len(said) <= MOST and said.endswith("...")
    secret = "x" * 185 + ' "token": "secret value"'
    assert "secret" not in first_words(secret.encode(), "application/json")
    for part in (b"<", b"<script>", b"<!--", b"<title>", b"&"):
        assert len(first_words(part * (65536 // len(part)), "text/html")) <= MOST


def test_only_what_was_decompressed_is_kept() -> None:
    for encoding, body, head in (
        ("", b"hello", b"hello"),
        ("gzip", gzip.compress(b"hello" * 9), b"hello" * 2),
        ("gzip", b"not gzip", b""),
        ("compress", b"unknown", b""),
    ):
        decoder = Decoder("text/plain", encoding, keep=10)
        decoder.feed(body, 0.0)
        assert decoder.head == head
