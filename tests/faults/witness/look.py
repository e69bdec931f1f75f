"""Look at all layers of a stack: the first one where something is wrong."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple
from urllib.parse import urlencode

from tests.faults.cases import Fault, Healthy
from tests.faults.load import quiet
from tests.faults.servers import TOKEN, Nginx
from tests.faults.stack import Running
from tests.faults.witness.answer import Sight
from tests.faults.witness.reader import Question, read
from tests.faults.witness.rule import wrong

LOOKS = 3  # at most: what a busy machine shows once is no fault

HEADERS = {
    "identity": {"Accept-Encoding": "identity"},
    "again": {"Accept-Encoding": "identity"},
    "post": {"Accept-Encoding": "identity"},
    "idle": {"Accept-Encoding": "identity"},
    "gzip": {"Accept-Encoding": "gzip"},
    "browser": {"Accept-Encoding": "gzip, deflate, br, zstd"},
}
ALIKE = (
    "again",
    "browser",
    "gzip",
)  # those that the app itself should answer as it does `identity`

CROWD = "It shows with many streams at once."
PASSES = {
    "parallel": CROWD,
    "burst": CROWD,
    "multiplex": "It is one of HTTP/2.",
    "leave": "It shows when readers leave.",
    "slow": "It shows when the reader pauses.",
    "upload": "It shows while the request is sent.",
}
CAUSES = {
    "edge-chunks-late": "It shows by the first chunk; the witness compares headers and rhythm.",
    "app-blocking": CROWD,
    "app-stands-still": "Without a limit, an app may send when it likes.",
    "gunicorn-sync-worker": CROWD,
    "session-elsewhere": "It shows in every other answer.",
}


class Seen(NamedTuple):
    """The layer where something is wrong, and what."""

    layer: str
    what: str


NOTHING = Seen("nobody", "")


def blind_to(case: Fault | Healthy) -> str:
    """Why one or two plain requests cannot show it; empty if they can."""
    if case.disturbance:
        return "It shows when something is done to the stack meanwhile."
    if isinstance(case, Fault) and case.client:
        return "It is one of the client."
    fronts = (one for one in case.stack[1:] if isinstance(one, Nginx))
    if any("http2" in one.listen for one in fronts):
        return PASSES["multiplex"]
    reasons = (PASSES[name] for name in case.passes if name in PASSES)
    return next(reasons, CAUSES.get(getattr(case, "cause", ""), ""))


def look(found: Running, case: Fault | Healthy, stream: Mapping[str, Any]) -> Seen:
    """What is seen at first, if it is seen again."""
    seen: list[Seen] = []
    while len(seen) < LOOKS:
        with quiet() if seen else contextlib.nullcontext():
            one = _look(found, case, stream)
        if one == NOTHING or one in seen:
            return one
        seen.append(one)
    return NOTHING


def _look(found: Running, case: Fault | Healthy, stream: Mapping[str, Any]) -> Seen:
    layers = list(found.places)
    asked = [(layer, name) for layer in layers for name in case.passes]
    with ThreadPoolExecutor(len(asked)) as pool:
        questions = [_question(found, layer, name, case, stream) for layer, name in asked]
        sights = dict(zip(asked, pool.map(read, questions), strict=True))
    for layer, before in zip(layers, ["", *layers], strict=False):
        for name in case.passes:
            compared = sights.get((before, name)) or _of_the_app(sights, layer, name)
            what = wrong(sights[layer, name], compared)
            if what:
                return Seen(layer, what)
    return NOTHING


def _of_the_app(sights: Mapping[tuple[str, str], Sight], layer: str, name: str) -> Sight | None:
    return sights.get((layer, "identity")) if name in ALIKE else None


def _question(
    found: Running, layer: str, name: str, case: Fault | Healthy, stream: Mapping[str, Any]
) -> Question:
    place = found.places[layer]
    idle = {"silence": case.more["idle"], "count": 3} if name == "idle" else {}
    own = case.more.get("headers", {})
    headers = {**HEADERS[name], **own, "X-Stream-Probe-Token": TOKEN}
    return Question(
        f"{place.url}{case.path}?{urlencode({**stream, **idle})}",
        place.unix_socket,
        "POST" if name == "post" else case.more.get("method", "GET"),
        tuple(headers.items()),
        case.more.get("body", ""),
        float(case.more.get("seconds", 10)),
        str(found.certificate),
    )
