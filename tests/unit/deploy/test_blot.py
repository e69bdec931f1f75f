"""Secrets in words that the role relays: no form of them is left, and other words stay."""

from __future__ import annotations

import base64
import html
import json
import re
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from plugins.module_utils.deploy.blot import Blot, pack

URL = "redis://:mark3d+pa55/w0rd%22é@db:6379/0"
KEY = 'mark3d-"key"\\with\'all&<of>them\n'
SECRETS = {"REDIS_URL": URL, "KEY": KEY, "PIN": 4711}
BUILD = {"INDEX_TOKEN": "mark3d.build-t0ken", "UV_INDEX_URL": "https://me:ind3x-pass@pypi.example/simple"}  # fmt: skip
BLOT = Blot.of(pack(SECRETS, BUILD, ["https://bot:g1t-passw0rd@git.example/a", None]))


def base64_of(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


FORMS: dict[str, str] = {
    "as it is": f"cannot connect to {URL}",
    "in quotes": f"input_value='{URL}', input_type=str",
    "a long value cut short": f"input_value='{URL[:20]}...{URL[-20:]}'",
    "its password": "authentication of 'mark3d+pa55/w0rd%22é' failed",
    "its password, decoded": "authentication of 'mark3d+pa55/w0rd\"é' failed",
    "URL-encoded": f"GET /?url={quote(URL, safe='')}",
    "URL-encoded but for /": f"GET /?url={quote(URL)}",
    "of a form": f"url={quote_plus(KEY)}",
    "URL-encoded in small letters": re.sub("%..", lambda found: found[0].lower(), quote(KEY)),
    "JSON": json.dumps({"key": KEY}),
    "JSON with its letters": json.dumps({"url": URL}, ensure_ascii=False),
    "JSON in JSON": json.dumps({"text": json.dumps({"key": KEY})}),
    "repr": f"KeyError: {KEY!r}",
    "repr in JSON": json.dumps({"error": repr({"key": KEY})}),
    "repr of bytes": repr(KEY.encode()),
    "a page": f"<p>{html.escape(KEY)}</p>",
    "Base64": base64_of(KEY),
    "Base64, safe in a URL": base64.urlsafe_b64encode(URL.encode()).decode(),
    "Base64 behind one byte": base64_of("u" + URL),
    "Base64 behind two bytes": base64_of("u:" + URL),
    "Base64 in front of others": base64_of(f"user:{URL}:more"),
    "hexadecimal": URL.encode().hex(),
    "an environment file": 'KEY="' + KEY.replace("\\", "\\\\").replace('"', '\\"') + '"',
    "a number": "the PIN 4711 is wrong",
    "of the build": "401 for mark3d.build-t0ken",
    "the password of an index": "https://me:ind3x-pass@pypi.example/simple",
    "the password of a repository": "fatal: g1t-passw0rd is wrong",
}
LEFT = ("mark3d", "pa55", "all&", "4711", "t0ken", "ind3x-pass", "g1t-pass")


def traces(text: str) -> list[str]:
    """What is left of a secret in a text, in any of the forms."""
    seen = [text, text.replace("\\", "")]
    for word in text.replace('"', " ").replace("'", " ").split():
        for padded in (word, word + "=", word + "=="):
            try:
                seen.append(base64.b64decode(padded, altchars=b"-_").decode(errors="replace"))
            except ValueError:
                continue
        try:
            seen.append(bytes.fromhex(word).decode(errors="replace"))
        except ValueError:
            continue
    return [left for left in LEFT if any(left in one for one in seen)]


@pytest.mark.parametrize("form", FORMS)
def test_no_form_is_left(form: str) -> None:
    assert traces(FORMS[form])  # it was there
    assert traces(BLOT(FORMS[form])) == []
    assert "***" in BLOT(FORMS[form])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ModuleNotFoundError: No module named 'redis'",
        "Connection to db refused",
        "port 47110 is taken",  # the PIN is a part of it
        "https://pypi.example/simple answers 404",
        "1 validation error for Settings\nredis_url\n  Input should be a valid integer",
    ],
)
def test_other_words_stay(text: str) -> None:
    assert BLOT(text) == text


def test_the_words_around_it_stay() -> None:
    assert BLOT(f"a {URL} b {URL} c") == "a *** b *** c"
    assert BLOT(URL) == "***"


@pytest.mark.parametrize("value", ["", "1", "abc", "true"])
def test_a_value_that_every_text_has(value: str) -> None:
    """A value of fewer than four characters would blot out what explains the failure."""
    blot = Blot([value])
    assert blot("1 of 3: abcdef, construed") == "1 of 3: abcdef, construed"


def test_values_inside_a_value() -> None:
    account = json.dumps({"type": "service_account", "private_key": "mark3d-private", "more": [{"token": "mark3d-token"}]})  # fmt: skip
    blot = Blot([account, "host=db password=mark3d-dsn dbname=a"])
    for word in ("mark3d-private", "mark3d-token", "mark3d-dsn"):
        assert blot(f"cannot use {word}.") == "cannot use ***."
    assert blot("no account") == "no account"


def test_a_value_of_several_lines() -> None:
    pem = "-----BEGIN PRIVATE KEY-----\n" + "\n".join(f"MIIEvQIBADANBgk{n}" * 3 for n in range(4))
    said = Blot([pem])(f"cannot read:\n  {pem.splitlines()[2]}\n")
    assert "MIIEvQ" not in said


def test_a_result() -> None:
    found: dict[str, Any] = {
        "msg": URL,
        "rc": 4711,
        "lines": [KEY, None, True],
        "deep": {"a": (URL,)},
    }
    assert BLOT.deep(found) == {
        "msg": "***",
        "rc": 4711,
        "lines": ["***", None, True],
        "deep": {"a": ["***"]},
    }


@pytest.mark.parametrize("hidden", ["", "no base64", "bm8ganNvbg=="])
def test_without_secrets(hidden: str) -> None:
    assert Blot.of(hidden)("all stays") == "all stays"


def test_a_megabyte_takes_no_time() -> None:
    text = "nothing to see here\n" * 50_000
    assert BLOT(text) == text
