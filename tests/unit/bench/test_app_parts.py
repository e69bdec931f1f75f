"""The tables of the parts that measure the app and its servers."""

from typing import Any

from bench import servers, shapes
from bench.behind import ROOT

COST = {"cpu": 20.0, "memory": 10.0, "p50": 0.001, "p99": 0.002, "opened": 1000, "lost": 0}


def test_shapes_are_compared_with_a_streaming_response_of_the_same_round() -> None:
    names = [*shapes.SHAPES, shapes.BEFORE_NAME, shapes.NOW_NAME]
    rounds = [
        {name: {**COST, "cpu": factor * (60 if name == shapes.NOW_NAME else 50)} for name in names}
        for factor in (1, 2)  # the second round is on a busy machine
    ]
    table = shapes.table({"streams": 1000, "interval": 1.0, "rounds": rounds})
    assert "| 90 (60-120) | 1.2 (1.2-1.2) | 2.0 ms | 10 (10-10) |" in table.splitlines()[-1]
    assert len(table.splitlines()) == len(names) + 4


def test_every_shape_has_a_route() -> None:
    app = (ROOT / "bench/shape_app.py").read_text()
    for shape in shapes.SHAPES:
        assert f'"/{shape}"' in app or shape in ("response-model", "response-dict", "response-text")


def test_servers_show_the_worst_burst_and_stop() -> None:
    def seen(burst: int, finished: bool) -> dict[str, Any]:
        stop = {"finished": finished, "events": 30, "new": "waits", "seconds": 3.2}
        return {"one": {**COST, "burst": burst, "headers": 0.001, "stop": stop}}

    rounds = [seen(1000, True), seen(639, False)]
    table = servers.table({"streams": 1000, "interval": 1.0, "rounds": rounds})
    assert "| 639 of 1000 | 1.0 ms | cut, 1 times | waits | 3.2 s |" in table.splitlines()[-1]
