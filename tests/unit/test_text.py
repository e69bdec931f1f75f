"""What a terminal shows of a diagnosis."""

from __future__ import annotations

import pytest

from plugins.module_utils.latency import text
from plugins.module_utils.latency.timeline import Measurement
from tests.unit.stream_reports import CAUSE, OTHER, RISK, diagnosis, faulty, healthy


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "-"),
        (0.0, "0 ms"),
        (0.00004, "0 ms"),
        (0.0004, "0.4 ms"),
        (0.00994, "9.9 ms"),
        (0.00996, "10 ms"),
        (0.012, "12 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1.00 s"),
        (1.25, "1.25 s"),
        (9.996, "10.0 s"),
        (99.94, "99.9 s"),
        (99.96, "1 min 40 s"),
        (302, "5 min 2 s"),
        (3599.6, "1 h 0 min"),
        (-0.0004, "-0.4 ms"),
    ],
)
def test_seconds_as_people_say_them(value: float | None, shown: str) -> None:
    assert text.seconds(value) == shown


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
        ("cookie eyJhbGciOi.eyJzdWIi.c2ln", "cookie ***"),
        ("https://h/s?count=50&interval=0.02", "https://h/s?count=50&interval=0.02"),
        ("two\nlines\tand \x1b[31mred\x07", "two lines and [31mred"),
        ("back\u202ewards\u200b", "back wards"),
        ("caf\u00e9", "caf\u00e9"),
    ],
)
def test_what_others_say_is_cleaned(said: str, shown: str) -> None:
    assert text.clean(said) == shown


def test_what_others_say_is_bounded() -> None:
    assert len(text.clean("x" * 1_000_000)) == text.LONGEST
    assert "secret" not in text.clean("x" * 990 + "?token=secret")


def test_secrets_go_by_the_names_of_headers_and_options() -> None:
    found = {
        "headers": [["set-cookie", "id=1"], ["content-type", "text/plain"]],
        "probe_token": "abc",
        "url": "https://h/?key=abc",
        "layers": [{"count": 3, "ratio": 0.5, "on": True, "none": None}],
        "evidence": ["the token is sent twice", "seen on nginx"],
    }
    assert text.redacted(found) == {
        "headers": [["set-cookie", "***"], ["content-type", "text/plain"]],
        "probe_token": "***",
        "url": "https://h/?key=***",
        "layers": [{"count": 3, "ratio": 0.5, "on": True, "none": None}],
        "evidence": ["the token is sent twice", "seen on nginx"],
    }


def test_all_is_well_in_one_sentence() -> None:
    table, sentence = text.render(diagnosis(healthy())).strip().split("\n\n")
    assert sentence == (
        "It streams: each event arrives when it is sent, at gunicorn, nginx and public."
    )
    assert len(table.splitlines()) == 2 + 3 * 2
    assert "0.5 ms" in table and "chunked" in table


def test_what_is_wrong_why_and_what_to_do() -> None:
    shown = text.render(
        diagnosis(faulty(), "nginx", "gzip", risks=[RISK], notes=["public once was slow: noise"])
    )
    assert "nginx lets the stream through in lumps (gzip pass)." in shown
    flat = " ".join(shown.split())
    for said in (*CAUSE["evidence"], CAUSE["remedy"], CAUSE["link"], OTHER["title"], "noise"):
        assert str(said) in flat
    assert RISK["title"] in flat.partition("No harm now")[2]
    assert shown.index(CAUSE["link"]) < shown.index(OTHER["title"]) < shown.index(RISK["title"])
    # The layer at fault stands out without colours, and only there.
    assert shown.count("LUMPED") == 1
    assert "lumped" not in shown
    assert "public got the stream so from nginx (inherited)." in shown


@pytest.mark.parametrize("verdict", [word for word in text.DOES if word != "unknown"])
def test_each_verdict_has_a_sentence(verdict: str) -> None:
    said = text.headline(diagnosis(faulty(), "nginx", "gzip", verdict))
    assert said == "nginx " + text.DOES[verdict] + "." or verdict == "streaming"
    assert said.endswith(".")


def test_without_a_cause_the_message_says_it() -> None:
    found = diagnosis(faulty(), "nginx", "gzip", causes=[], message="nginx lumps; cause unknown.")
    assert "nginx lumps; cause unknown." in text.render(found)


def test_a_layer_that_was_not_measured() -> None:
    measured = [Measurement("gunicorn", {}, problem="no permission on /run/a.sock")]
    shown = text.render(diagnosis([*measured, *healthy()[1:]]))
    assert "gunicorn  -         unknown" in shown
    assert "gunicorn was not measured: no permission on /run/a.sock" in shown
    assert "at nginx and public." in shown


def test_unknown_accuses_nobody() -> None:
    found = diagnosis(healthy(), message="Cannot tell whether public streams: not a stream.")
    shown = text.render({**found, "verdict": "unknown"})
    assert "It cannot be said whether it streams." in shown
    assert "not a stream" in shown


def test_estimated_delays_are_said_to_be_so() -> None:
    assert "estimated" not in text.render(diagnosis(healthy()))
    assert "are estimated" in text.render(diagnosis(healthy(stamped=False)))
    assert "another clock" in text.render(diagnosis(healthy(clock="elsewhere")))


LONG = "a-very-long-name-of-a-layer-that-somebody-has-chosen-without-a-thought-for-tables"


@pytest.mark.parametrize("name", ["nginx", LONG, "\x1b[2Jnginx\n\nIt streams", "<b>"])
def test_the_table_is_aligned_and_no_line_too_long(name: str) -> None:
    measured = [one._replace(layer=name) for one in faulty()[1:2]]
    found = diagnosis([faulty()[0], *measured, faulty()[2]], name, "gzip", notes=["word " * 90])
    for layer in found["layers"]:
        for one in layer["passes"].values():
            one["metrics"].update(
                framing="close-delimited", encoding="zstd, br, gzip", largest_gap_seconds=345.0
            )
    lines = text.render(found).splitlines()
    assert max(map(len, lines)) <= text.WIDTH
    assert not any(line != line.rstrip() for line in lines)
    assert "\x1b" not in "".join(lines)
    table = lines[: lines.index("")]
    assert len(table) == 8
    column = table[1].index("verdict")
    assert {line[column:].split()[0].lower() for line in table[2:]} == {
        "streaming",
        "lumped",
        "inherited",
    }
    assert len({line.index("close") for line in table[2:]}) == 1
