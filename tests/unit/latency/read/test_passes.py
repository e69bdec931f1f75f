"""What the passes ask for."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.module_utils.latency.read import measure, passes, reader
from plugins.module_utils.latency.read.passes import Plan
from plugins.module_utils.latency.read.request import Request, Target
from plugins.module_utils.latency.timeline import Timeline
from tests.unit.latency.made_streams import stream

URL = "http://127.0.0.1:1/api/stream"
PROBE = "https://127.0.0.1:1/api/.stream-probe?count=9"


def asks(name: str, url: str, plan: Plan | None = None, **base: Any) -> list[Request]:
    return passes.REQUESTS[name](passes.Ask(Request(url, **base), plan or Plan()))


@pytest.mark.parametrize(
    ("name", "streams", "changed"),
    [
        ("identity", 1, {}),
        ("again", 1, {}),
        ("browser", 1, {"accept_encoding": "gzip, deflate, br, zstd"}),
        ("gzip", 1, {"accept_encoding": "gzip"}),
        ("post", 1, {"method": "POST", "body": b""}),
        ("parallel", 50, {}),
        ("burst", 100, {"events": 1}),
        ("slow", 1, {"pause": (0.5, 3.0), "seconds": 33.0}),
        ("upload", 1, {"method": "POST", "pieces": passes.PIECES}),
        ("leave", 20, {"events": 2}),
    ],
)
def test_what_a_pass_asks_for(name: str, streams: int, changed: dict[str, Any]) -> None:
    found = asks(name, PROBE)
    assert len(found) == streams
    assert found[0]._replace(url="") == Request()._replace(**changed)


def test_a_reader_that_pauses_is_patient() -> None:
    (one,) = asks("slow", PROBE, Plan(pause=30.0))
    assert (one.pause, one.patience, one.seconds) == ((0.5, 30.0), 35.0, 60.0)


@pytest.mark.parametrize(
    ("url", "stream", "query"),
    [
        (URL, {}, ""),
        (URL, {"count": 5, "interval": 0.5}, "count=5&interval=0.5"),
        (URL + "?count=1&a=b%20c&d=", {"count": 5}, "a=b+c&d=&count=5"),
        (PROBE, {}, "count=9"),
        (PROBE, {"format": "text"}, "count=9&format=text"),
    ],
)
def test_the_query_says_what_stream_is_wanted(url: str, stream: dict[str, Any], query: str) -> None:
    found = asks("identity", url, Plan(stream))[0].url
    assert found.partition("?")[2] == query


@pytest.mark.parametrize(
    ("name", "base", "why"),
    [
        ("idle", {"url": URL}, "the stream takes no parameters"),
        ("multiplex", {"url": URL}, "HTTP/2 needs TLS"),
        ("multiplex", {"url": PROBE, "http": "1.1"}, "http is 1.1"),
        ("browser", {"url": URL, "headers": (("accept-encoding", ""),)}, "headers set Accept-E"),
        ("gzip", {"url": URL, "headers": (("Accept-Encoding", "br"),)}, "headers set Accept-E"),
        ("browser", {"url": "", "command": ("curl",)}, "a command makes its own requests"),
    ],
)
def test_a_pass_that_makes_no_sense_is_left_out(name: str, base: dict[str, Any], why: str) -> None:
    layer = measure._Reading(Target("x", Request(**base), (name,)), Plan())
    assert layer.requests == {}
    assert why in layer.skipped[name]


@pytest.mark.parametrize(
    ("most", "kernels", "name", "skipped"),
    [
        (150, 150, "burst", "this machine may open only 150 files"),
        (4096, 4096, "burst", ""),
        (1 << 40, 1 << 20, "burst", ""),
        (150, 150, "parallel", ""),
    ],
)
def test_what_this_machine_cannot_open_is_not_asked_for(
    monkeypatch: pytest.MonkeyPatch, most: int, kernels: int, name: str, skipped: str
) -> None:
    limits = [(100, most)]

    def change(_: int, wanted: tuple[int, int]) -> None:
        if wanted[0] > wanted[1] or wanted[1] > kernels:
            raise ValueError
        limits.append(wanted)

    monkeypatch.setattr(reader.resource, "getrlimit", lambda _: limits[-1])
    monkeypatch.setattr(reader.resource, "setrlimit", change)
    monkeypatch.setattr(measure, "read_all", lambda asked, **_: (stream(),) * len(asked))
    layer = measure._Reading(Target("x", Request(URL), (name,)), Plan(burst=300))
    layer.read_others()
    assert layer.skipped.get(name, "") == skipped
    assert bool(layer.passes) != bool(skipped)


@pytest.mark.parametrize(
    ("libcurl", "ends", "skipped"),
    [
        ("libcurl 7.88.1", ["complete", "refused"], "libcurl 7.88.1 here cannot share"),
        ("libcurl 7.61.1", ["complete", "complete"], ""),
        ("libcurl 7.61.1", ["refused", "refused"], ""),
        ("", ["complete", "refused"], ""),
    ],
)
def test_what_libcurl_cannot_share_is_not_the_servers_fault(
    monkeypatch: pytest.MonkeyPatch, libcurl: str, ends: list[str], skipped: str
) -> None:
    def read_all(asked: list[Request], **_: Any) -> tuple[Timeline, ...]:
        return tuple(stream(ended=end) for _, end in zip(asked, ends * len(asked), strict=False))

    monkeypatch.setattr(measure, "suspect", lambda: libcurl)
    monkeypatch.setattr(measure, "read", lambda _: stream(http="2"))
    monkeypatch.setattr(measure, "read_all", read_all)
    request = Request(URL, http="2-prior-knowledge")
    layer = measure._Reading(Target("x", request, ("multiplex",)), Plan(multiplex=4))
    layer.read_others()
    assert layer.skipped.get("multiplex", "").startswith(skipped)
    assert bool(layer.passes) != bool(skipped)
