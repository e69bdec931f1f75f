# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""A diagnosis as text for a terminal, and the words and units that all reports share."""

from __future__ import annotations

import re
import textwrap
import unicodedata
from typing import Any, Callable, Iterable, Iterator, Mapping

from . import metrics

Json = Mapping[str, Any]

WIDTH = 110
LONGEST = 1000  # characters of what a server says that a report repeats
NOTHING = "-"
FIGURES = ("events", "reads")  # of a timeline

# What a layer does to the stream, by its verdict.
DOES = {
    "streaming": "lets the stream through",
    "delayed": "delays the stream",
    "lumped": "lets the stream through in lumps",
    "buffered": "holds the stream back",
    "stalled": "lets the stream come to a halt",
    "truncated": "cuts the stream",
    "refused": "refuses the stream",
    "unknown": "could not be judged",
}
# One column each; the long ones would push the table over its width.
FRAMINGS = {"close-delimited": "close", "content-length": "length"}

_NAMES = r"token|secret|passw|pwd|key|auth|sig|session|cookie|credential|jwt|code"
_SECRET_NAME = re.compile(_NAMES, re.IGNORECASE)
_HEADER = re.compile(r"[\w-]+\Z")  # its name
_IN_NAME = r"[\w.\-%\[\]]"
_IN_VALUE = r"[^&;#\s\"'<>]"
_SECRETS = (
    (re.compile(r"://[^/\s?#\"<>]*@"), "://***@"),
    (
        re.compile(
            rf"([?&;#]{_IN_NAME}{{0,60}}(?:{_NAMES}){_IN_NAME}*=){_IN_VALUE}+", re.IGNORECASE
        ),
        r"\1***",
    ),
    # Not "Basic authentication": that is no secret.
    (re.compile(r"\b([Bb]earer|[Bb]asic)\s+(?=\S*[0-9A-Z=])[\w.~+/=-]{6,}"), r"\1 ***"),
    (re.compile(r"\beyJ[\w-]{5,}\.[\w-]+\.[\w-]*"), "***"),
)


# --- Words and units. ----------------------------------------------------------------------------


def seconds(value: float | None) -> str:
    """A time in s as people say it: 0.4 ms, 12 ms, 1.25 s, 5 min 2 s."""
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
    """A word of a table."""
    return NOTHING if value is None or value == "" else clean(str(value))


def clean(text: str) -> str:
    """What a server or a URL says, on one line, bounded, without secrets and control characters."""
    text = text[: 4 * LONGEST]
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    text = "".join(" " if unicodedata.category(one)[0] in "CZ" else one for one in text[:LONGEST])
    return " ".join(text.split())


def redacted(found: Any) -> Any:
    """The same JSON value without secrets, in URLs, and in headers and options by their names; a
    timeline's figures, which are text too, stay as they are.
    """
    if isinstance(found, str):
        return clean(found)
    if isinstance(found, Mapping):
        return {clean(str(name)): _value(name, value) for name, value in found.items()}
    if isinstance(found, (list, tuple)):
        if len(found) == 2 and _HEADER.match(str(found[0])) and _is_secret(*found):
            return [found[0], "***"]
        return [redacted(one) for one in found]
    return found


def _value(name: object, value: Any) -> Any:
    if _is_secret(name, value):
        return "***"
    return value if name in FIGURES else redacted(value)


def _is_secret(name: object, value: object) -> bool:
    return (
        isinstance(name, str)
        and isinstance(value, str)
        and bool(value)
        and bool(_SECRET_NAME.search(name))
    )


def headline(diagnosis: Json) -> str:
    """The verdict in a sentence."""
    verdict, culprit = diagnosis["verdict"], diagnosis.get("culprit")
    if verdict == "streaming":
        layers = [one["layer"] for one in diagnosis["layers"] if one["verdict"] == "streaming"]
        names = " and ".join(filter(None, (", ".join(layers[:-1]), *layers[-1:])))
        return clean(f"It streams: each event arrives when it is sent, at {names}.")
    if verdict == "unknown":
        return "It cannot be said whether it streams."
    if culprit:
        return clean(f"{culprit} {DOES.get(verdict, verdict)}.")
    return f"The stream is {verdict}, and it cannot be said which layer does it."


def rows(
    diagnosis: Json,
) -> Iterator[tuple[Json, str, Mapping[str, Any]]]:
    """Each layer with each of its passes: the layer, the pass's name, the pass."""
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
    """Whether a layer is at fault in the pass ``name``, has got the stream so from the layer that
    is, is fine, or something else.

    A layer is judged by what it adds, so that one behind the culprit may count as streaming.
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
    """A column of the table of metrics; ``head`` has its first and its second line."""

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
    """What else a reader should know: noise, layers that were not measured, estimates."""
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
        yield f"{', '.join(layers)} got the stream so from {diagnosis['culprit']} (inherited)."


ESTIMATES = {
    metrics.LUMPS: "estimated: the events do not say when they were sent, so those that came"
    " together count as sent in the stream's own cadence",
    metrics.OFFSET_UNKNOWN: "above the shortest one: the reader has another clock than the server",
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


# --- The text. -----------------------------------------------------------------------------------


def render(diagnosis: Json) -> str:
    """The table of all layers and passes, and below it what is wrong, why, and what to do."""
    parts = ["\n".join(_table(diagnosis)), *_verdict(diagnosis)]
    parts += [
        _list("Also possible:", map(_possible, diagnosis["causes"][1:])),
        _list("No harm now, but it can become some:", map(_risk, diagnosis["risks"])),
        _list("Notes:", notes(diagnosis)),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _table(diagnosis: Json) -> Iterator[str]:
    heads = ["\nlayer", "\npass", "\nverdict", *(column.head for column in COLUMNS)]
    lines = [list(line) for line in zip(*(head.split("\n") for head in heads))]
    last = ""
    for layer, name, one in rows(diagnosis):
        shown = [column.show(one["metrics"].get(column.metric)) for column in COLUMNS]
        first = "" if layer["layer"] == last else clean(layer["layer"])
        verdict = one["verdict"]
        stands = standing(diagnosis, layer["layer"], name, verdict)
        verdict = {GUILTY: verdict.upper(), INHERITED: INHERITED}.get(stands, verdict)
        lines.append([first, word(name), verdict, *shown])
        last = layer["layer"]
    widths = [max(map(len, column)) for column in zip(*lines)]
    # What others may call as they like gives way: layers, then encodings and passes.
    for n, least in ((0, 8), (-2, 8), (1, 9)):
        over = sum(widths) + 2 * (len(widths) - 1) - WIDTH
        widths[n] = max(min(widths[n], least), widths[n] - max(over, 0))
    right = [False] * 3 + [column.number for column in COLUMNS]
    for line in lines:
        yield "  ".join(map(_fit, line, widths, right)).rstrip()


def _fit(cell: str, width: int, right: bool) -> str:
    if len(cell) > width:
        cell = cell[: width - 1] + "~"
    return cell.rjust(width) if right else cell.ljust(width)


def _verdict(diagnosis: Json) -> Iterator[str]:
    if diagnosis["verdict"] == "streaming":
        yield _wrap(headline(diagnosis))
        return
    where = diagnosis.get("culprit_pass")
    yield _wrap(headline(diagnosis).rstrip(".") + (f" ({where} pass)." if where else "."))
    if not diagnosis["causes"]:
        yield _wrap(clean(diagnosis["message"]))
        return
    cause = diagnosis["causes"][0]
    yield "\n".join(
        _wrap(clean(value), f"  {label:<8}")
        for label, value in (
            ("cause", f"{cause['title']} ({cause['cause']}, at {cause['layer']})"),
            ("seen", "; ".join(cause["evidence"])),
            ("remedy", cause["remedy"]),
            ("more", cause["link"]),
        )
        if value
    )


def _possible(cause: Json) -> str:
    return f"{clean(cause['title'])}, at {clean(cause['layer'])}{_because(cause)}"


def _risk(cause: Json) -> str:
    what = f"{clean(cause['layer'])}: {clean(cause['title'])}{_because(cause)}"
    return f"{what}. {clean(cause['remedy'])}"


def _because(cause: Json) -> str:
    return f" ({clean('; '.join(cause['evidence']))})" if cause["evidence"] else ""


def _list(title: str, lines: Iterable[str]) -> str:
    items = [_wrap(line, "  - ") for line in lines]
    return "\n".join([title, *items]) if items else ""


def _wrap(text: str, label: str = "") -> str:
    """Filled to the width; further lines begin below the first one's text."""
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=label,
        subsequent_indent=" " * len(label),
        break_long_words=False,
        break_on_hyphens=False,
    )
