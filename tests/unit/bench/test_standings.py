"""How proxies compare: the tables, the configurations, the kernel's memory for sockets."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import pytest

from bench import peers, sockets, standings
from bench.load import Found, Spread
from bench.standings import DIRECT, FIRST

NONE = Spread.of([])


def found(*delays: float, opened: int = 100, cut: int = 0, refused: int = 0) -> dict[str, Any]:
    spread = Spread.of(delays)
    return dataclasses.asdict(
        Found(
            opened=opened, refused=refused, cut=cut, lost=0, repeated=0, late=0, reasons={}, delay=spread,
            first=spread, gap=1.0, events=len(delays), seconds=1.0, cpu=0.1, lag=0.0,
        )
    )  # fmt: skip


def measured(peer: str, *delays: float, cpu: float = 0, opened: int = 100) -> dict[str, Any]:
    crowd = {"found": found(*delays, opened=opened), "streams": 100, "cpu_us": cpu, "memory": 2048}
    return {"peer": peer, "crowd": crowd}


def disturbed(peer: str) -> dict[str, Any]:
    slow = {"alone": found(0.001), "beside": found(0.004), "memory": 1024, "kernel": 10240}
    reload = {"found": found(0.01, cut=2, refused=3)}
    return {**measured(peer, 0.001, cpu=20), "slow": slow, "reload": reload}


def rows(*rounds: list[dict[str, Any]]) -> list[list[str]]:
    text = standings.table(
        {"rounds": list(rounds), "versions": {"Nginx": "nginx version: nginx/1.22.1"}}
    )
    return [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]


def test_a_delay_is_what_the_proxy_adds_in_the_same_round() -> None:
    first = [measured(DIRECT, 0.001), measured(FIRST, 0.002, cpu=20), measured("B", 0.003, cpu=50)]
    second = [measured(DIRECT, 0.002), measured(FIRST, 0.004, cpu=30), measured("B", 0.003, cpu=60)]
    _, direct, own, other = rows(first, second)
    assert direct[1] == "(1.50 (1.00-2.00) ms)"
    assert own == [
        FIRST,
        "1.50 (1.00-2.00) ms",
        "1.50 (1.00-2.00) ms",
        "25 (20-30) us",
        "2 (2-2) KiB",
        "all 100",
        "3.0 (2.0-4.0) ms",
    ]
    assert other[1] == "1.50 (1.00-2.00) ms"
    assert other[3] == "55 (50-60) us (2.2x)"


def test_what_was_held_or_not_opened_is_told() -> None:
    measurements = [
        measured(DIRECT, 0.001),
        measured("A", opened=0),
        measured("B", 0.001, opened=60),
    ]
    _, _, held, partly = rows(measurements)
    assert held[1] == "held to the end" and held[5] == "**0** of 100"
    assert partly[5] == "**60** of 100"


def test_versions() -> None:
    text = standings.table(
        {"rounds": [[measured(DIRECT, 0.001)]], "versions": {"Envoy": "9e5580/1.40.0/Clean"}}
    )
    assert text.endswith("Envoy 1.40.0.")


def test_slow_readers_and_a_reload() -> None:
    *_, row = rows([measured(DIRECT, 0.001), disturbed("A"), measured("B", 0.001)])
    assert row == ["A", "1.00 ms", "4.00 ms", "1 KiB", "10 KiB", "2", "3", "10 ms"]


def test_a_reload_of_what_holds_has_no_first_event() -> None:
    assert math.isnan(NONE.max)
    held = disturbed("A") | {"reload": {"found": found(opened=0)}}
    assert rows([measured(DIRECT, 0.001), held])[-1][-1] == "none came"


PLACE = peers.Place(8080, "/run/source.sock", "127.0.0.1:9090", Path("/tmp/peer"))  # noqa: S108


@pytest.mark.parametrize("best", [False, True])
def test_envoy_and_traefik_get_json(best: bool) -> None:
    for prepare in (peers.envoy, peers.traefik):
        prepared = prepare(PLACE, best=best)
        assert all(json.loads(text) for text in prepared.files.values())
    timeout = '"timeout": "0s"' in peers.envoy(PLACE, best=best).files["config.json"]
    flush = "flushInterval" in peers.traefik(PLACE, best=best).files["dynamic.yml"]
    assert (timeout, flush) == (best, best)


def test_each_peer_has_a_name_of_its_own() -> None:
    assert len({one.key for one in peers.PEERS}) == len(peers.PEERS)
    assert FIRST in {one.key for one in peers.PEERS}


def test_socket_memory() -> None:
    slabs = (
        "slabinfo - version: 2.1\n# name\nTCP 10 20 2000 13 8 : x\ndentry 1000 1000 192 21 1 : x\n"
    )
    assert sockets.objects(slabs) == 20_000
    assert (
        sockets.tcp("sockets: used 1\nTCP: inuse 5 orphan 0 tw 1 alloc 9 mem 3\nUDP: inuse 0\n") % 3
        == 0
    )
