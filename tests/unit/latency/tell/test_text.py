"""What a terminal shows of a diagnosis."""

from __future__ import annotations

import pytest

from plugins.module_utils.latency.measurement import Measurement
from plugins.module_utils.latency.tell import text
from tests.unit.latency.stream_reports import CAUSE, OTHER, RISK, diagnosis, faulty, healthy


def test_all_is_well_in_one_sentence() -> None:
    table, sentence = text.render(diagnosis(healthy())).strip().split("\n\n")
    assert sentence == (
        "It streams: each event arrives when it is sent, at gunicorn, nginx and public."
    )
    assert len(table.splitlines()) == 2 + 3 * 2
    assert "0.5 ms" in table and "chunked" in table


def test_a_busy_machine_claims_less() -> None:
    found = diagnosis(healthy())
    found["layers"][0]["passes"]["identity"]["eased"] = True
    assert "It streams: as far as a busy machine can tell, each event arrives" in text.render(found)


def test_what_is_wrong_why_and_what_to_do() -> None:
    shown = text.render(
        diagnosis(faulty(), "nginx", "gzip", risks=[RISK], notes=["public once was slow: noise"])
    )
    assert "nginx lets the stream through in lumps (gzip pass)." in shown
    flat = " ".join(shown.split())
    for said in (*CAUSE["evidence"], CAUSE["remedy"], CAUSE["link"], OTHER["title"], "noise"):
        assert str(said) in flat
    assert str(RISK["title"]) in flat.partition("Harmless now")[2]
    assert (
        shown.index(str(CAUSE["link"]))
        < shown.index(str(OTHER["title"]))
        < shown.index(str(RISK["title"]))
    )
    # The layer at fault stands out without colours, and only there.
    assert shown.count("LUMPED") == 1
    assert "lumped" not in shown
    assert "public received it that way from nginx (inherited)." in shown


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
    assert "\n\nCannot tell whether public streams: not a stream.\n" in shown
    assert shown.count("Cannot tell") == 1


@pytest.mark.parametrize(
    ("confidence", "shown"),
    [
        ("plain", "(nginx-gzip, at nginx, the answer itself says so)"),
        ("likely", "(nginx-gzip, at nginx, likely)"),
        ("possible", "(nginx-gzip, at nginx, possible)"),
        (None, "(nginx-gzip, at nginx)"),  # from an older module
    ],
)
def test_a_cause_says_how_sure_it_is(confidence: str | None, shown: str) -> None:
    cause = {**CAUSE, **({"confidence": confidence} if confidence else {})}
    assert shown in text.render(diagnosis(faulty(), "nginx", "gzip", causes=[cause]))


def test_what_to_measure_next_is_said_once() -> None:
    step = "Measure nearer to the app too."
    found = diagnosis(healthy(), message=f"Cannot tell whether public streams: lumps. {step}")
    shown = text.render({**found, "verdict": "unknown", "next": step})
    assert f"  next    {step}" in shown and shown.count(step) == 1
    assert "next" not in text.render(found)


def test_another_cause_repeats_no_evidence() -> None:
    other = {**OTHER, "evidence": [*CAUSE["evidence"], "only of this one"]}
    shown = text.render(diagnosis(faulty(), "nginx", "gzip", causes=[CAUSE, other]))
    assert "nginx-buffering, at nginx); seen as well: only of this one" in " ".join(shown.split())
    assert shown.count(str(CAUSE["evidence"][1])) == 1


def test_estimated_delays_are_said_to_be_so() -> None:
    assert "estimates" not in text.render(diagnosis(healthy()))
    assert "are estimates" in text.render(diagnosis(healthy(stamped=False)))
    assert "relative to the shortest" in text.render(diagnosis(healthy(clock="elsewhere")))


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
