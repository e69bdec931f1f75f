"""Measure a stack as a task does that has `stream_latency` in it."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from plugins.module_utils.latency.ladder import Ladder
from plugins.module_utils.latency.measurement import Measurement
from plugins.module_utils.latency.read.url import with_query
from plugins.module_utils.latency.tell import text
from tests.faults import stalls
from tests.faults.servers import TOKEN
from tests.faults.stack import Running, Stack, running

STREAM = {"count": 25, "interval": 0.02}


@contextlib.contextmanager
def started(stack: Stack) -> Iterator[Running]:
    """The stack, for as long as it is needed; what it said, when something goes wrong."""
    if stack.network and stack.network.missing():
        pytest.skip(stack.network.missing())
    # Not pytest's directories: the path of a unix socket must be short.
    with (
        tempfile.TemporaryDirectory(prefix="faults-") as directory,
        running(stack, Path(directory)) as found,
    ):
        try:
            yield found
        except BaseException:
            print(found.logs())
            raise


def diagnose(
    found: Running,
    path: str,
    stream: Mapping[str, Any],
    *,
    disturbance: str = "",
    client: tuple[str, ...] = (),
    outside: bool = False,
    **options: Any,
) -> dict[str, Any]:
    """What the module says of all layers of this stack, how long it took, in seconds, and how often
    it says something else if the reader stalls (`stalls.changed`).

    A client is one more layer. From ``outside`` there is only what the public sees.
    """
    wanted = {**STREAM, **stream}
    layers = [
        {
            "name": name,
            "url": place.url + path,
            "unix_socket": place.unix_socket,
            "http": place.http,
            "ca_path": str(found.certificate),
        }
        for name, place in found.places.items()
    ]
    if outside:
        layers = [{**layers[-1], "name": "public"}]
    if client:
        url = with_query(layers[-1]["url"], wanted)
        command = [part.format(url=url, token=TOKEN) for part in client]
        layers.append({"name": "client", "command": command})
    done = {"command": found.disturbing(disturbance), "name": disturbance} if disturbance else None
    task = {"layers": layers, "stream": wanted, "disturbance": done, "probe_token": TOKEN}
    ladder = Ladder.of({**task, **options})
    began = time.monotonic()
    said = ladder.climb()
    took = time.monotonic() - began
    measured = [Measurement.of(one) for one in said["measured"]]
    changed = stalls.changed(measured, ladder.allowed)
    return {**said, "text": text.render(said), "took": took, "changed": changed}


def was_busy(said: Mapping[str, Any]) -> bool:
    """Whether the machine was too busy to see small delays."""
    passes = [one for layer in said["layers"] for one in layer["passes"].values()]
    return any(one["eased"] or one["problem"] in {"machine", "reader"} for one in passes)
