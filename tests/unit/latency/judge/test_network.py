"""A long way, and one that loses packets, are no fault of a layer."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.module_utils.latency.judge.diagnosis import diagnose
from plugins.module_utils.latency.judge.rounds import confirm
from plugins.module_utils.latency.timeline import Timeline
from tests.unit.latency.made_streams import SOCKET, in_lumps, in_the_end, layer, stream

TRIP = 0.15


def far(late: list[float] | float = 0.0, **others: Any) -> Timeline:
    """A stream on this machine's clock that reaches its reader by a network, so much too late."""
    lateness = [TRIP / 2 + by for by in (late if isinstance(late, list) else [late] * 50)]
    made = {
        "connected": TRIP,
        "headers_at": 2 * TRIP + 0.002,
        "hold": 1.5 * TRIP,
        "opened": 1000.0 + 1.5 * TRIP,
        "round_trip": TRIP,
    }
    return stream(lateness, **{**made, **others})


LOST = [max(0.0, 0.3 - n % 20 * 0.02) for n in range(50)]  # each 20th event, sent again

STREAMING = {
    "far": far(),
    "far, the other way is longer": far(0.04),
    "far, over TLS": far(connected=3 * TRIP, headers_at=4 * TRIP, hold=3.5 * TRIP, opened=None),
    "far, one packet comes later": far([0.3 if n == 20 else 0.0 for n in range(50)]),
}
UNKNOWN = {
    "packets are lost": far(LOST, lost=3),
    "packets are lost, near": far(LOST, lost=3, round_trip=0.001),
    "the whole of a short stream waits for a packet": in_the_end(lost=1, count=25),
    "the request is lost": stream(hold=1.2, opened=1001.2, headers_at=1.21, lost=1),
}
ACCUSED = {
    "far, and in lumps": far([0.02 * (24 - n % 25) for n in range(50)]),
    "far, and asked late": far(hold=1.5, opened=1001.5, headers_at=1.6),
    "far, and the headers are held": far(headers_at=0.8, hold=0.2, opened=1000.2),
    "near, and in lumps": in_lumps(round_trip=0.0001),
    "packets are lost, and far more is held": in_the_end(lost=1, every=0.1),
}


@pytest.mark.parametrize("name", STREAMING)
def test_distance_is_no_fault(name: str) -> None:
    """Half a round trip is nobody's delay."""
    found = diagnose([SOCKET, layer("public", identity=STREAMING[name])])
    assert found.verdict == "streaming", found.message


@pytest.mark.parametrize("name", UNKNOWN)
def test_loss_accuses_nobody(name: str) -> None:
    """What lost packets can do proves nothing; where they are not lost it can be measured."""
    found = diagnose([SOCKET, layer("public", identity=UNKNOWN[name])])
    assert (found.culprit, found.verdict) == ("", "unknown"), found.message
    assert "lost packets" in found.message
    assert "on the host" in found.next


@pytest.mark.parametrize("name", ACCUSED)
def test_more_than_the_network_is_a_fault(name: str) -> None:
    """What is later than the way explains is the layer's."""
    found = diagnose([SOCKET, layer("public", identity=ACCUSED[name])])
    assert found.culprit == "public", found.message


def test_a_long_hold_in_one_round_is_noise_where_packets_are_lost() -> None:
    """A sender whose packets are lost waits longer each time."""
    whole, held = stream(same_clock=False), in_the_end(every=0.1, same_clock=False)
    for lost, verdict in ((0, "buffered"), (1, "streaming")):
        good, bad = (layer("public", identity=one) for one in (whole._replace(lost=lost), held))
        found = confirm(diagnose([SOCKET, bad]), [SOCKET, good])
        assert found.verdict == verdict, found.message
