"""How often the layers are read until one of them is at fault."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from plugins.module_utils.latency import ladder
from plugins.module_utils.latency.measurement import Measurement
from plugins.module_utils.latency.read.request import Target
from plugins.module_utils.latency.timeline import Timeline
from tests.unit.latency.made_streams import cut, in_the_end, layer, stream

LAYERS = {"layers": [{"name": name, "url": "http://a"} for name in ("gunicorn", "nginx", "public")]}
LATE = cut(every=0.6)  # after 12 s


@pytest.mark.parametrize(
    ("gunicorn", "nginx", "culprit", "reads"),
    [
        ([stream()], [stream()], None, "1 1 1"),
        ([stream()], [in_the_end()], "nginx", "2 2 1"),
        ([stream()], [cut()], "nginx", "3 2 1"),
        ([stream(every=0.6)], [LATE], "nginx", "2 2 1"),
        ([cut()], [cut()], "gunicorn", "2 1 1"),
        ([stream(), cut()], [cut()], "gunicorn", "2 2 2"),
        ([stream(), stream(), cut()], [cut()], "gunicorn", "3 3 2"),
        ([stream(), stream(), cut()], [stream(), cut()], None, "1 1 1"),
    ],
    ids=[
        "nothing",
        "nginx holds",
        "nginx cuts",
        "nginx cuts late, and a third round would take long",
        "the app's workers die",
        "they die, but not in the first round",
        "they die, but only nginx's streams in two rounds",
        "they die, and no stream of the first round",
    ],
)
def test_how_often_layers_are_read(
    gunicorn: Sequence[Timeline],
    nginx: Sequence[Timeline],
    culprit: str,
    reads: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A layer's last stream here is that of all its further rounds."""
    sent = {"gunicorn": gunicorn, "nginx": nginx, "public": nginx}
    read: Counter[str] = Counter()

    def measure(targets: Sequence[Target], *_: Any) -> tuple[Measurement, ...]:
        found = []
        for name in (target.name for target in targets):
            one = sent[name][min(read[name], len(sent[name]) - 1)]
            found.append(layer(name, identity=one))
            read[name] += 1
        return tuple(found)

    monkeypatch.setattr(ladder, "measure", measure)
    found = ladder.Ladder.of(LAYERS).climb()
    assert (found["culprit"], " ".join(map(str, read.values()))) == (culprit, reads)
