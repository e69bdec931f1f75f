"""What others say: cleaned, bounded, without secrets."""

from __future__ import annotations

import pytest

from plugins.module_utils.latency import redact


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("https://u:p@example.com/", "https://***@example.com/"),
        ("to http://token@host and https://a:b@c", "to http://***@host and https://***@c"),
        ("https://user:it's@host/x", "https://***@host/x"),
        ("https://user:p@ss@host/x", "https://***@host/x"),
        ("https://h/s?token=abc&n=1", "https://h/s?token=***&n=1"),
        ("https://h/s?n=1&api_key=abc#x", "https://h/s?n=1&api_key=***#x"),
        ("https://h/s?X-Amz-Signature=abc", "https://h/s?X-Amz-Signature=***"),
        ("https://h/#access_token=abc", "https://h/#access_token=***"),
        ("https://h/s?user[password]=abc", "https://h/s?user[password]=***"),
        ("sent Bearer abcDEF123 there", "sent Bearer *** there"),
        ("Basic authentication is asked for", "Basic authentication is asked for"),
        ('{"api_key": "s3cr3t", "n": 1}', '{"api_key": "***", "n": 1}'),
        ('{"error":{"access_token":"a b","code":-32600}}', '{"error":{"access_token":"***","code":-32600}}'),
        (r'"{\"client_secret\": \"abc\"}"', r'"{\"client_secret\": \"***\"}"'),
        ("{'password': 'abc'}", "{'password': '***'}"),
        ('{"api_key": "cut in the mid', '{"api_key": "***'),
        ('{"code": "invalid_api_key"}', '{"code": "invalid_api_key"}'),
        ('{"loc":["query","token"],"msg":"Field required"}', '{"loc":["query","token"],"msg":"Field required"}'),
        ('{"message":"Bad Request: Missing session ID"}', '{"message":"Bad Request: Missing session ID"}'),
        ("invalid token=abc, try again", "invalid token=*** try again"),
        ("token='abc' is bad", "token='***' is bad"),
        ("ended with code=exited, status=1", "ended with code=exited, status=1"),
        ("X-Api-Key: abcdef12 is bad", "X-Api-Key: *** is bad"),
        ("session: none is known", "session: none is known"),
        ("Incorrect API key provided: sk-proj-abcdef123456.", "Incorrect API key provided: ***."),
        ("cookie eyJhbGciOi.eyJzdWIi.c2ln", "cookie ***"),
        ("https://h/s?count=50&interval=0.02", "https://h/s?count=50&interval=0.02"),
        ("two\nlines\tand \x1b[31mred\x07", "two lines and [31mred"),
        ("back\u202ewards\u200b", "back wards"),
        ("caf\u00e9", "caf\u00e9"),
    ],
)  # fmt: skip
def test_what_others_say_is_cleaned(said: str, shown: str) -> None:
    assert redact.clean(said) == shown


def test_what_others_say_is_bounded() -> None:
    assert len(redact.clean("x" * 1_000_000)) == redact.LONGEST
    assert "secret" not in redact.clean("x" * 990 + "?token=secret")


def test_secrets_go_by_the_names_of_headers_and_options() -> None:
    found = {
        "headers": [["set-cookie", "id=1"], ["content-type", "text/plain"]],
        "probe_token": "abc",
        "url": "https://h/?key=abc",
        "layers": [{"count": 3, "ratio": 0.5, "on": True, "none": None}],
        "evidence": ["the token is sent twice", "seen on nginx"],
    }
    assert redact.redacted(found) == {
        "headers": [["set-cookie", "***"], ["content-type", "text/plain"]],
        "probe_token": "***",
        "url": "https://h/?key=***",
        "layers": [{"count": 3, "ratio": 0.5, "on": True, "none": None}],
        "evidence": ["the token is sent twice", "seen on nginx"],
    }
