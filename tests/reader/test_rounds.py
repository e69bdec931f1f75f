"""A round of the monitor against real servers."""

from __future__ import annotations

import gc
from collections import Counter
from statistics import median

from plugins.module_utils.monitor.rounds import measure
from plugins.module_utils.monitor.wanted import Wanted, Way
from tests.reader.conftest import TOKEN, Stack

PROBE = "/.stream-probe?count=20"


def wanted(stack: Stack, *prefixes: str, token: str = TOKEN) -> Wanted:
    ways = tuple(
        Way(
            f"{prefix}/",
            (
                {"name": "gunicorn", "url": f"http://localhost{PROBE}"},
                {"name": "nginx", "url": f"{stack.http}{prefix}{PROBE}"},
            ),
        )
        for prefix in prefixes
    )
    return Wanted("chat", "/srv", 15, ways, probe_token=token)


def test_each_path_has_a_sample(stack: Stack) -> None:
    fine, held = measure(wanted(stack, "", "/held"), stack.socket)
    assert (fine.path, fine.verdict, fine.culprit, fine.cause) == ("/", "streaming", "", "")
    assert [layer.layer for layer in fine.layers] == ["gunicorn", "nginx"]
    assert (held.path, held.culprit, held.cause) == ("/held/", "nginx", "nginx-gzip")
    assert held.layers[0].verdict == "streaming"
    assert "gzip" in held.message and held.remedy


def test_the_delay_of_each_event_is_known(stack: Stack) -> None:
    (sample,) = measure(wanted(stack, ""), stack.socket)
    for layer in sample.layers:
        for one in layer.passes.values():
            assert len(one.delays) == 22  # the first and the last event, too
            assert median(one.delays) < 0.1
            assert one.time_to_first_chunk is not None


def test_a_socket_that_is_gone_says_nothing_of_nginx(stack: Stack) -> None:
    """A release that ends meanwhile: what readers get counts."""
    (sample,) = measure(wanted(stack, ""), f"{stack.socket}.gone")
    assert (sample.verdict, sample.culprit) == ("streaming", "")
    assert [layer.verdict for layer in sample.layers] == ["refused", "streaming"]


def test_without_the_token_the_probe_is_not_found(stack: Stack) -> None:
    (sample,) = measure(wanted(stack, "", token="wrong"), stack.socket)
    assert sample.verdict != "streaming"


def test_many_rounds_leave_nothing_behind(stack: Stack) -> None:
    """A monitor measures for months."""
    asked = wanted(stack, "")
    short = asked._replace(
        ways=tuple(
            Way(
                way.path,
                tuple({**one, "url": f"{one['url']}&interval=0.001"} for one in way.layers),
            )
            for way in asked.ways
        )
    )

    def objects() -> Counter[str]:
        gc.collect()
        return Counter(type(one).__name__ for one in gc.get_objects())

    measure(short, stack.socket)
    before = objects()
    for _ in range(30):
        measure(short, stack.socket)
    more = {name: count for name, count in (objects() - before).items() if count >= 30}
    assert more == {}
