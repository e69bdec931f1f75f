"""The tables of the parts that measure the app and its servers."""

from typing import Any

import pytest

from bench import memory, servers, shapes
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


@pytest.mark.parametrize(
    ("place", "owner"),
    [
        ("/x/lib/python3.11/site-packages/uvicorn/server.py:125", "uvicorn"),
        ("/usr/lib/python3.11/asyncio/locks.py:168", "asyncio"),
        ("/x/files/app/streams.py:85", "files/app"),
        ("/x/roles/streaming_api/files/stream_probe.py:7", "the role's wrapper"),
        ("/usr/lib/python3.11/contextlib.py:105", memory.OTHERS),
        ("/x/lib/python3.11/site-packages/gunicorn/arbiter.py:1", memory.OTHERS),
    ],
)
def test_memory_belongs_to_whose_line_asked_for_it(place: str, owner: str) -> None:
    assert memory.owner(place) == owner


def test_what_a_debug_log_of_nginx_leaves_allocated() -> None:
    log = [
        "2026/11/27 12:24:40 [debug] 7#7: *1 malloc: 00AF:1024",
        "2026/11/27 12:24:40 [debug] 8#8: *2 posix_memalign: 00AF:1024 @16",  # its own memory
        "2026/11/27 12:24:40 [debug] 7#7: *1 posix_memalign: 00B0:512 @16",
        "2026/11/27 12:24:41 [debug] 7#7: *1 free: 00AF, unused: 0",
    ]
    assert memory.held(log) == {1024: 1, 512: 1}
