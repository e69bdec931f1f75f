"""Two rounds in; what counts of them out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from plugins.module_utils.latency.judge import layers
from plugins.module_utils.latency.judge import rounds as rounds_module
from plugins.module_utils.latency.judge.diagnosis import Diagnosis, diagnose
from plugins.module_utils.latency.judge.rounds import confirm
from plugins.module_utils.latency.measurement import Measurement
from tests.unit.latency.made_streams import (
    GZIPPED,
    SOCKET,
    endless,
    in_lumps,
    in_the_end,
    layer,
    nothing,
    stream,
    with_pass,
)


def rounds(*culprits: Any) -> Diagnosis:
    first, second = ([SOCKET, layer("nginx", identity=stream(), gzip=one)] for one in culprits)
    return confirm(diagnose(first), second)


def test_what_a_second_round_does_not_see_is_noise() -> None:
    found = rounds(in_lumps(), stream())
    assert not found.failed
    assert found.notes[0].startswith(
        "Noise: the gzip pass at nginx was lumped in one of two rounds"
    )
    assert rounds(stream(), in_lumps()).notes == found.notes


def test_what_two_rounds_see_is_a_fault() -> None:
    found = rounds(in_lumps(headers=GZIPPED), in_the_end(headers=GZIPPED))
    assert (found.culprit, found.verdict, found.notes) == ("nginx", "lumped", ())
    assert found.causes[0].cause.id == "nginx-gzip"


def test_what_two_rounds_see_differently_is_unknown() -> None:
    found = rounds(stream(0.3), stream(count=20, ended="timeout", ended_at=9.0, finished=False))
    assert (found.culprit, found.verdict) == ("", "unknown")
    assert "delayed in one round" in found.message
    assert "in the other" in found.message


def test_an_app_that_sends_to_its_first_reader_for_ever_is_at_fault_and_not_its_proxy() -> None:
    silent = nothing("limit")
    nginx = layer("nginx", identity=silent, browser=silent)
    first = [layer("gunicorn", identity=endless(), browser=silent), nginx]
    second = [layer("gunicorn", identity=silent, browser=silent), nginx]
    found = confirm(diagnose(first), second)
    assert (found.culprit, found.causes[0].cause.id) == ("gunicorn", "app-blocking")
    outside = [[one._replace(layer="public")] for one, _ in (first, second)]
    assert confirm(diagnose(outside[0]), outside[1]).verdict == "unknown"


def test_a_cache_is_found_in_the_first_round_and_warm_in_the_second() -> None:
    cached = in_the_end()._replace(began=1003.0)
    first = [SOCKET, layer("nginx", identity=stream(), again=cached._replace(began=1004.0))]
    second = [SOCKET, layer("nginx", identity=cached, again=cached._replace(began=1005.0))]
    found = confirm(diagnose(first), second)
    assert (found.culprit, found.causes[0].cause.id) == ("nginx", "nginx-cache")


def test_noise_of_one_layer_does_not_excuse_the_next() -> None:
    first = [layer("gunicorn", identity=stream(0.24)), layer("nginx", identity=stream(0.5))]
    second = [SOCKET, layer("nginx", identity=in_the_end())]
    for one, other in ((first, second), (second, first)):
        found = confirm(diagnose(one), other)
        assert found.culprit == "nginx", found.message


def test_layers_that_were_read_once_stay() -> None:
    first = [SOCKET, layer("nginx", identity=in_the_end()), layer("public", identity=in_the_end())]
    found = confirm(diagnose(first), first[:2])
    assert (found.culprit, found.layers[2].name) == ("nginx", "public")
    assert found.message == diagnose(first).message


def test_what_was_unsteady_is_so_for_a_later_task() -> None:
    found = rounds(stream(0.3), stream(count=20, ended="timeout", ended_at=9.0, finished=False))
    carried = [json.loads(json.dumps(one.as_json())) for one in found.measurements()]
    again = diagnose([Measurement.of(one) for one in carried])
    assert (again.culprit, again.verdict, again.message) == ("", "unknown", found.message)
    assert confirm(again, again.measurements()).message == found.message


def test_facts_are_those_of_the_round_that_counts() -> None:
    first = layer("gunicorn", identity=in_lumps(), gzip=stream())
    second = SOCKET
    for name, busy, again in (("identity", 0.3, 0.2), ("gzip", 0.1, 0.2)):
        first = with_pass(first, name, busy=busy)
        second = with_pass(second, name, busy=again)
    (one,) = confirm(diagnose([first]), [second]).measurements()
    assert {name: found.busy for name, found in one.passes.items()} == {
        "identity": 0.2,
        "gzip": 0.1,
    }


def test_what_counts_of_two_rounds_is_what_a_later_task_gets() -> None:
    first = [layer("gunicorn", identity=stream(), gzip=in_lumps())]
    second = [layer("gunicorn", identity=in_lumps(), gzip=stream())]
    found = confirm(diagnose(first), second)
    assert not found.failed
    assert not diagnose(found.measurements()).failed


@pytest.mark.parametrize(
    ("noise_in", "judged"),
    [((), 2), ((1,), 3), ((2,), 2)],
    ids=["no noise", "noise in the first round", "noise in the second round"],
)
def test_each_round_is_judged_once(
    monkeypatch: pytest.MonkeyPatch, noise_in: tuple[int, ...], judged: int
) -> None:
    """But a layer is judged again when what it was compared with was noise."""
    calls: list[str] = []

    def judge_layer(one: Measurement, *others: Any) -> layers.Layer:
        calls.append(one.layer)
        return layers.judge_layer(one, *others)

    monkeypatch.setattr(rounds_module, "judge_layer", judge_layer)
    socket = [layer("gunicorn", identity=in_lumps()) if n in noise_in else SOCKET for n in (1, 2)]
    first, second = ([one, layer("nginx", identity=in_the_end())] for one in socket)
    confirm(diagnose(first), second)
    assert len(calls) == judged
