"""From a task's options to targets."""

from __future__ import annotations

from typing import Any

from plugins.module_utils.latency.ladder import Ladder
from plugins.module_utils.latency.read.request import Request

URL = "http://127.0.0.1:1/api/stream"


PROBE = "https://127.0.0.1:1/api/.stream-probe?count=9"


def request(**options: Any) -> Request:
    return Ladder.of(options).targets[0].request


def test_a_layer_has_the_common_options_unless_it_has_its_own() -> None:
    found = Ladder.of(
        {
            "url": URL,
            "headers": {"A": 1, "B": "common", "accept-encoding": "br"},
            "seconds": 3,
            "layers": [
                {"name": "gunicorn", "unix_socket": "/run/x.sock", "passes": ["identity"]},
                {"name": "public", "url": PROBE, "headers": {"B": "own"}, "address": "10.0.0.1"},
            ],
        }
    ).targets
    assert [layer.request.url for layer in found] == [URL, PROBE]
    assert [layer.request.unix_socket for layer in found] == ["/run/x.sock", ""]
    assert [layer.request.address for layer in found] == ["", "10.0.0.1"]
    assert [layer.passes for layer in found] == [("identity",), ("identity", "browser")]
    assert found[0].request.headers == (("A", "1"), ("B", "common"), ("accept-encoding", "br"))
    assert found[1].request.headers == (("A", "1"), ("B", "own"), ("accept-encoding", "br"))
    assert found[0].request.seconds == 3


def test_the_token_goes_to_the_probe_only() -> None:
    options = {"probe_token": "sesame", "authorization": "Bearer abc"}
    assert request(url=URL, **options).headers == (("Authorization", "Bearer abc"),)
    assert ("X-Stream-Probe-Token", "sesame") in request(url=PROBE, **options).headers
