"""Measurements as rows of marks."""

from __future__ import annotations

from typing import Any

from plugins.module_utils.latency.measurement import Measurement, Pass
from plugins.module_utils.latency.timeline import REFUSED, RESET, Timeline
from tests.faults.strips import WIDTH, picture
from tests.unit.latency.stream_reports import stream


def rows(*layers: tuple[str, Timeline]) -> dict[str, str]:
    measured = [Measurement(name, {"identity": Pass((one,))}) for name, one in layers]
    found = picture(measured, "identity", layers[-1][0])
    assert found and all(len(marks) == WIDTH for _, marks in found.rows)
    return dict(found.rows)


def ended(one: Timeline, at: float, **changes: Any) -> Timeline:
    return one._replace(ended_at=at, **changes)


def test_a_layer_that_streams_looks_as_the_app_does() -> None:
    even = ended(stream(count=30, interval=0.02), 0.6)
    found = rows(("gunicorn", even))
    assert list(found) == ["app", "gunicorn"]
    assert found["app"].count(".") == found["gunicorn"].count(".") == 30


def test_events_that_come_together_are_one_mark() -> None:
    held = ended(stream(count=30, interval=0.02, lump=0.59), 0.6, headers_at=0.59)
    found = rows(("gunicorn", ended(stream(count=30, interval=0.02), 0.6)), ("nginx", held))
    assert found["nginx"].strip() == "#" and found["nginx"].index("#") == 59
    pairs = rows(("gunicorn", ended(stream(count=30, interval=0.02, lump=0.04), 0.6)))
    assert set(pairs["gunicorn"]) == {" ", ":", "h"} and pairs["gunicorn"].count(":") >= 14


def test_headers_are_marked_if_no_event_comes_with_them() -> None:
    late = ended(stream(count=2, interval=0.3, late=0.2), 0.6, headers_at=0.1, opened=100.0)
    assert rows(("gunicorn", late))["gunicorn"].startswith(" " * 10 + "h" + " " * 9 + ".")
    together = ended(stream(count=2, interval=0.3, late=0.2), 0.6, headers_at=0.2)
    assert "h" not in rows(("gunicorn", together))["gunicorn"]


def test_a_cut_is_marked_where_it_came_and_a_whole_stream_has_none() -> None:
    whole = ended(stream(count=30, interval=0.02), 0.6)
    cut = ended(stream(count=30, interval=0.02, seen=10, ended=RESET), 0.3)
    found = rows(("gunicorn", whole), ("nginx", cut))
    assert found["nginx"].rstrip().index("x") == 30 and found["nginx"].rstrip().endswith("x")
    assert "x" not in found["gunicorn"]
    quiet = ended(stream(count=30, interval=0.02, seen=10), 0.3)  # only the others show it
    assert "x" in rows(("gunicorn", whole), ("nginx", quiet))["nginx"]


def test_a_refusal_has_its_status() -> None:
    whole = ended(stream(), 1.0)
    refused = Timeline(0.0, status=502, headers_at=0.5, ended_at=0.5)
    assert rows(("gunicorn", whole), ("nginx", refused))["nginx"].strip() == "!502"
    alone = rows(("gunicorn", Timeline(0.0, ended=REFUSED, ended_at=0.001)))
    assert alone == {"gunicorn": "!".ljust(WIDTH)}


def test_without_times_in_the_events_there_is_no_row_of_the_app() -> None:
    assert list(rows(("gunicorn", stream(stamped=False)))) == ["gunicorn"]


def test_of_many_streams_the_first_and_the_last_are_shown() -> None:
    waiting = tuple(
        ended(stream(count=3, late=0.1 * n), 2.0, headers_at=0.1 * n + 0.001) for n in range(12)
    )
    measured = [
        Measurement("gunicorn", {"parallel": Pass(waiting[::-1])}),
        Measurement("nginx", {"parallel": Pass(waiting)}),
    ]
    found = picture(measured, "parallel", "gunicorn")
    assert found and len(found.rows) == 6
    assert (found.rows[0][0], found.rows[-1][0]) == ("stream 1 of 12", "stream 12 of 12")
    starts = [len(marks) - len(marks.lstrip()) for _, marks in found.rows]
    assert starts == sorted(set(starts))


def test_no_picture_of_a_pass_that_was_not_made() -> None:
    assert picture([Measurement("nginx", {})], "identity", "nginx") is None
