# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What all reports show, in the same words and units."""

from __future__ import annotations

import re
from typing import Any, Callable, Iterator, Mapping

from ..judge.figures import LUMPS, OFFSET_UNKNOWN, SERVER_CLOCK
from ..redact import clean

Json = Mapping[str, Any]
NOTHING = "-"

# What a layer does to the stream, by its verdict.
DOES = {
    "streaming": "lets the stream through",
    "delayed": "delays the stream",
    "lumped": "lets the stream through in lumps",
    "buffered": "holds the stream back",
    "stalled": "stalls the stream",
    "truncated": "cuts the stream",
    "refused": "refuses the stream",
    "unknown": "could not be judged",
}

PAGES = "https://github.com/unbuffered/streaming/tree/main/docs/causes/"
UNSURE = "Cannot tell whether"  # begins what is said of an unknown verdict

# Short forms, to keep the table in its width.
FRAMINGS = {"close-delimited": "close", "content-length": "length"}


def seconds(value: float | None) -> str:
    """A time in seconds, for people: 0.4 ms, 12 ms, 1.25 s, 5 min 2 s."""
    if value is None:
        return NOTHING
    size = abs(value)
    if size < 0.00995:
        shown = f"{value * 1000:.1f}"
        return ("0" if float(shown) == 0 else shown) + " ms"
    if size < 0.9995:
        return f"{value * 1000:.0f} ms"
    if size < 99.95:
        return f"{value:.2f} s" if size < 9.995 else f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def percent(ratio: float | None) -> str:
    """A ratio of 1 as a percentage."""
    return NOTHING if ratio is None else f"{ratio * 100:.0f} %"


def word(value: object) -> str:
    """A cell of a table."""
    return NOTHING if value is None or value == "" else clean(str(value))


def headline(diagnosis: Json) -> str:
    """The verdict in a sentence."""
    verdict, culprit = diagnosis["verdict"], diagnosis.get("culprit")
    if verdict == "streaming":
        layers = [one["layer"] for one in diagnosis["layers"] if one["verdict"] == "streaming"]
        names = " and ".join(filter(None, (", ".join(layers[:-1]), *layers[-1:])))
        return clean(f"It streams: {_what_was_seen(diagnosis)}, at {names}.")
    if verdict == "unknown":
        return f"{UNSURE} it streams."
    if culprit:
        return clean(f"{culprit} {DOES.get(verdict, verdict)}.")
    return f"The stream is {verdict}, by an unknown layer."


def _what_was_seen(diagnosis: Json) -> str:
    """What the measurement can carry: only times in the events show when they were sent."""
    known = {
        one["metrics"].get("delay_from")
        for layer, name, one in rows(diagnosis)
        if name == "identity" and layer["verdict"] == "streaming"
    }
    said = "events arrive one by one"
    if known == {SERVER_CLOCK}:
        said = "each event arrives when it is sent"
    elif known <= {SERVER_CLOCK, OFFSET_UNKNOWN}:
        said = "events arrive in the rhythm in which they are sent"
    eased = any(one.get("eased") for _, _, one in rows(diagnosis))
    return f"as far as a busy machine can tell, {said}" if eased else said


def explained(diagnosis: Json) -> str:
    """The message, where no cause explains the verdict; ``next`` is shown elsewhere."""
    said, step = clean(str(diagnosis["message"])), next_step(diagnosis)
    return said[: -len(step)].strip() if step and said.endswith(step) else said


def next_step(diagnosis: Json) -> str:
    """What to measure next; empty if nothing is open."""
    return clean(str(diagnosis.get("next") or ""))


# How sure a cause is.
SURE = {"plain": "the answer itself says so", "likely": "likely", "possible": "possible"}


def named(cause: Json) -> str:
    """The id of a cause, where it is, and how sure it is."""
    sure = SURE.get(cause.get("confidence", ""), "")
    return clean(", ".join(filter(None, (cause["cause"], f"at {cause['layer']}", sure))))


def page_of(cause: Json) -> str:
    """The page of a cause in our documentation: how it is told apart, and each product's remedy."""
    return f"{PAGES}{cause['cause']}.md" if re.fullmatch(r"[a-z0-9-]+", cause["cause"]) else ""


def other_causes(diagnosis: Json) -> Iterator[tuple[Json, list[str]]]:
    """The causes after the first, each with the evidence that the first does not have."""
    for cause in diagnosis["causes"][1:]:
        first = diagnosis["causes"][0]["evidence"]
        yield cause, [clean(one) for one in cause["evidence"] if one not in first]


def rows(
    diagnosis: Json,
) -> Iterator[tuple[Json, str, Mapping[str, Any]]]:
    """For each pass of each layer: the layer, the name of the pass, the pass."""
    for layer in diagnosis["layers"]:
        for name, one in layer["passes"].items():
            yield layer, name, one
        if not layer["passes"]:
            yield layer, "", {"verdict": layer["verdict"], "reason": "", "metrics": {}}


GUILTY = "guilty"
INHERITED = "inherited"
FINE = "fine"
OTHER = "other"


def standing(diagnosis: Json, layer: str, name: str, verdict: str) -> str:
    """How a layer stands in the pass ``name``: guilty, inherited from the guilty, fine or other.

    A layer is judged by what it adds, so a layer behind the culprit can count as streaming.
    """
    culprit = diagnosis.get("culprit")
    names = [one["layer"] for one in diagnosis["layers"]]
    harmless = verdict in {"streaming", "unknown"}
    if culprit not in names:
        return FINE if verdict == "streaming" else OTHER
    if layer == culprit:
        return FINE if verdict == "streaming" else OTHER if harmless else GUILTY
    passes = diagnosis["layers"][names.index(culprit)]["passes"]
    spoilt = passes.get(name, {}).get("verdict", "unknown") not in {"streaming", "unknown"}
    if spoilt and verdict != "unknown" and names.index(layer) > names.index(culprit):
        return INHERITED
    return FINE if verdict == "streaming" else OTHER


class Column:
    """A column of the table of metrics. ``head`` has two lines."""

    def __init__(
        self, head: str, metric: str, show: Callable[[Any], str] = word, *, number: bool = False
    ) -> None:
        self.head, self.metric, self.show, self.number = head, metric, show, number


COLUMNS = (
    Column("time to\nheaders", "time_to_headers_seconds", seconds, number=True),
    Column("first\nchunk", "time_to_first_chunk_seconds", seconds, number=True),
    Column("delay\np50", "delay_p50_seconds", seconds, number=True),
    Column("delay\np99", "delay_p99_seconds", seconds, number=True),
    Column("largest\ngap", "largest_gap_seconds", seconds, number=True),
    Column("\ncoalesced", "coalesced_ratio", percent, number=True),
    Column("\nHTTP", "http"),
    Column("\nencoding", "encoding"),
    Column("\nframing", "framing", lambda name: FRAMINGS.get(name, word(name))),
)


def notes(diagnosis: Json) -> list[str]:
    """Other things to know: noise, layers without a measurement, estimates."""
    problems = [
        f"{layer['layer']} was not measured: {layer['problem']}"
        for layer in diagnosis["layers"]
        if layer["problem"]
    ]
    said = (*diagnosis["notes"], *problems, *_inherited(diagnosis), *_estimates(diagnosis))
    return [clean(note) for note in said]


def _inherited(diagnosis: Json) -> Iterator[str]:
    layers = {
        layer["layer"]: None
        for layer, name, one in rows(diagnosis)
        if standing(diagnosis, layer["layer"], name, one["verdict"]) == INHERITED
    }
    if layers:
        yield f"{', '.join(layers)} received it that way from {diagnosis['culprit']} (inherited)."


ESTIMATES = {
    LUMPS: "estimates: the events do not say when they were sent. Those that came together"
    " count as sent in the stream's cadence",
    OFFSET_UNKNOWN: "relative to the shortest one: reader and server have different clocks",
}


def _estimates(diagnosis: Json) -> Iterator[str]:
    for source, told in ESTIMATES.items():
        layers = {
            layer["layer"]: None
            for layer, _, one in rows(diagnosis)
            if one["metrics"].get("delay_from") == source
        }
        if layers:
            yield f"The delays at {', '.join(layers)} are {told}."
