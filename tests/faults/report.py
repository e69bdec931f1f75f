"""The results of the laboratory, as numbers and as a page."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from tests.faults import stalls
from tests.faults.cases import FAULTS, Fault
from tests.faults.cures import reason_against
from tests.faults.strips import Picture
from tests.faults.witness import NOTHING, Seen, blind_to

NOBODY = "nobody"
LAYERS = ("gunicorn", "nginx", "public", "client", NOBODY)
MISSING = (
    ("systemd-socket-restart", "needs systemd, which holds the socket during the restart"),
    (
        "nginx-nodelay",
        (
            "`tcp_nodelay off` does no harm on a loopback, where the receiver acknowledges at once."
            " `edge-nodelay` shows HAProxy's version of it"
        ),
    ),
    ("client-six-connections", "a limit of browsers; the client here has no such limit"),
)


# What looks the same to somebody who sees only the public address.
FROM_THERE = {
    # Another Nginx, or the same one: it does not pass on the header that the app has sent.
    "edge-buffering": ("nginx-buffering-http10",),
    "nginx-accel-ignored": ("nginx-buffering-http10", "nginx-gzip"),
    # What Nginx says of an app that does not answer.
    "unreachable": ("nginx-upstream",),
    # A stream, which begins late: the app may think.
    "edge-headers-late": ("headers-late",),
}


SHARE = 0.9  # of the faults that are seen from outside, the right cause is among the first two
ENOUGH = 30  # of them, of which one more or less says little


def expected(fault: Fault) -> str:
    """The layer that has to be named."""
    return NOBODY if fault.risk else fault.layer


class Outcome(NamedTuple):
    """What the diagnosis said of a fault."""

    fault: Fault
    layer: str
    causes: tuple[str, ...]
    remedy: str  # of the first cause

    @classmethod
    def of(cls, fault: Fault, said: Mapping[str, Any]) -> Outcome:
        """Read a diagnosis. A risk accuses nobody; look for it among the other risks."""
        found = list(said["risks" if fault.risk else "causes"])
        if fault.risk:
            found.sort(key=lambda one: one["cause"] != fault.cause)
        causes = tuple(one["cause"] for one in found)
        remedy = found[0]["remedy"] if found else ""
        return cls(fault, said["culprit"] or NOBODY, causes, remedy)

    @property
    def right_layer(self) -> bool:
        """Whether the named layer is right."""
        return self.layer == expected(self.fault)

    @property
    def right_cause(self) -> bool:
        """Whether the right cause is named first."""
        return self.causes[:1] == (self.fault.cause,)

    @property
    def right(self) -> bool:
        """Whether layer and cause are right."""
        return self.right_layer and self.right_cause


class Outside(NamedTuple):
    """What the diagnosis said of a fault when it saw only what the public sees."""

    fault: Fault
    verdict: str
    causes: tuple[str, ...]

    @staticmethod
    def shows(fault: Fault) -> bool:
        """Whether it is worth a look: with a proxy in front, and nothing but the usual passes."""
        fronted = fault.stack.nginx is not None or fault.stack.edge is not None
        return fault.usual and fronted and not fault.risk

    @classmethod
    def of(cls, fault: Fault, said: Mapping[str, Any]) -> Outside:
        """Read a diagnosis."""
        found = [*said["causes"], *said["risks"]]
        return cls(fault, said["verdict"], tuple(one["cause"] for one in found))

    @property
    def seen(self) -> bool:
        """Whether it is not said to stream; that it may not is enough."""
        return self.verdict != "streaming"

    @property
    def right(self) -> bool:
        """Whether the right cause is one of the first two, or what it is from there."""
        from_there = FROM_THERE.get(self.fault.cause, ())
        named = set(self.causes[:2]) & {self.fault.cause, *from_there}
        return bool(named) and (self.seen or from_there == ("headers-late",))


class Witnessed(NamedTuple):
    """Where the witness saw something wrong with a fault's stack, and what."""

    fault: Fault
    layer: str
    what: str

    @property
    def right(self) -> bool:
        """Whether it is the layer that the laboratory takes to be at fault."""
        return self.layer == expected(self.fault)


class Cured(NamedTuple):
    """What the diagnosis said of a fault's stack after a remedy, whose ``words`` were applied."""

    fault: Fault
    words: str
    streams: bool

    @classmethod
    def of(cls, fault: Fault, words: str, said: Mapping[str, Any]) -> Cured:
        """Read a diagnosis. A risk has to be gone; others may stay."""
        gone = fault.cause not in {one["cause"] for one in said["risks"]}
        return cls(fault, words, bool(said["streams"]) and gone)


class Trial(NamedTuple):
    """A run over a healthy stack; the accusation should be empty."""

    name: str
    loaded: bool
    accusation: str


class Record:
    """All outcomes of a run of the laboratory."""

    def __init__(self) -> None:
        self.faults: list[Outcome] = []
        self.outside: list[Outside] = []
        self.healthy: list[Trial] = []
        self.cured: list[Cured] = []
        self.pictures: dict[str, Picture] = {}  # by the name of the fault
        # Seconds of each diagnosis with the usual passes, and whether it was a default one.
        self.took: list[tuple[float, bool]] = []
        self.witness: list[Witnessed] = []
        self.unaccused: list[tuple[str, Seen]] = []  # the witness on healthy stacks
        self.changed: list[tuple[str, int]] = []  # of so many tries with stalls, for each diagnosis

    def add(self, other: Record) -> None:
        """Take what another process recorded."""
        self.faults += other.faults
        self.outside += other.outside
        self.healthy += other.healthy
        self.cured += other.cured
        self.pictures = {**other.pictures, **self.pictures}
        self.took += other.took
        self.witness += other.witness
        self.unaccused += other.unaccused
        self.changed += other.changed

    def too_low(self) -> str:
        """What is wrong with the whole, though each part may be as bad; empty if nothing is."""
        missed = [one for one in self.outside if not one.right]
        if len(self.outside) < ENOUGH or len(missed) <= (1 - SHARE) * len(self.outside):
            return ""
        names = ", ".join(f"{one.fault.name} ({' '.join(one.causes[:2])})" for one in missed)
        return f"From outside alone, less than {SHARE:.0%} are right. Wrong are: {names}."

    def summary(self) -> str:
        """Summarize the record in a few sentences."""
        causes = {one.fault.cause for one in self.faults}
        accused = [one for one in self.healthy if one.accusation]
        loaded = sum(one.loaded for one in self.healthy)
        return (
            f"{len(causes)} causes in {len({one.fault.name for one in self.faults})} faulty stacks,"
            f" {len(self.faults)} measurements:"
            f" the right layer {sum(one.right_layer for one in self.faults)} times,"
            f" the right cause first {sum(one.right_cause for one in self.faults)} times."
            f" A witness that shares no code with the module looked at {len(self.witness)} of them:"
            " the layer where it first saw something wrong was that of the fault"
            f" {sum(one.right for one in self.witness)} times."
            f" Of {len(self.unaccused)} healthy stacks it saw something wrong with"
            f" {sum(seen != NOTHING for _, seen in self.unaccused)}."
            f" From outside alone, {len(self.outside)} measurements: seen"
            f" {sum(one.seen for one in self.outside)} times, the right cause among the first two"
            f" {sum(one.right for one in self.outside)} times."
            f" The remedy, applied to {len({one.fault.name for one in self.cured})} of the stacks in"
            f" {len(self.cured)} ways: {sum(one.streams for one in self.cured)} of them stream."
            f" {len({one.name for one in self.healthy})} kinds of healthy stacks, {len(self.healthy)}"
            f" runs, {loaded} of them on a busy machine: {len(accused)} accusations."
            f" Judged {stalls.TRIES * len(self.changed)} times as if the reader had been kept from its"
            f" CPU {stalls.A_SECOND} times a second, {stalls.LENGTH * 1000:.0f} ms each on average:"
            f" another layer or cause {sum(count for _, count in self.changed)} times."
            + _took(self.took)
        )


def _took(diagnoses: list[tuple[float, bool]]) -> str:
    usual = [seconds for seconds, default in diagnoses if default]
    longer = [seconds for seconds, default in diagnoses if not default]
    said = ""
    if usual:
        middle, most = statistics.median(usual), max(usual)
        said += f" A default diagnosis took {middle:.1f} s (median), and {most:.1f} s at most"
        said += f"; one of the longer streams of other apps {max(longer):.1f} s." if longer else "."
    return said


def _same_from_there() -> str:
    return "; ".join(
        f"`{cause}` is " + " or ".join(f"`{one}`" for one in others)
        for cause, others in FROM_THERE.items()
    )


def render(record: Record) -> str:
    """The page."""
    parts = [
        "# Faults that the diagnosis recognizes",
        (
            "Written by `./dev faults --write`. Each stack consists of real servers (Gunicorn; Nginx,"
            " HAProxy, Apache, Caddy, lighttpd, Varnish, Squid and others in front) and has one fault."
            " `stream_latency` measures it at all its layers: `gunicorn` is the unix socket, `nginx`"
            " the host's proxy before it, Nginx unless the name says otherwise, `public` a second"
            " proxy in front."
            " [tests/faults/cases](../tests/faults/cases) builds the stacks."
        ),
        record.summary(),
        "## The matrix",
        (
            "A risk does no harm yet. The diagnosis names the risk and accuses no layer. The witness"
            " ([tests/faults/witness](../tests/faults/witness)) reads bare sockets, and tells where"
            " it first sees something wrong. In the last column, the remedy that the diagnosis names"
            " was applied to the stack ([tests/faults/cures](../tests/faults/cures)), and the stack"
            " was measured again."
        ),
        _matrix(record),
        *_reasons("Where one or two plain requests show the witness nothing:", blind_to),
        *_reasons("Remedies that no machine can apply:", reason_against),
        "## Layer by layer",
        _layers(record),
        "## From outside alone",
        (
            "Here the diagnosis sees only the outermost layer, as somebody does who has no account"
            " on the host. That it cannot tell counts as seen; that it streams does not. Some faults"
            f" look the same from there, and each of these names is right: {_same_from_there()}."
        ),
        _outside(record),
        "## Healthy stacks",
        _healthy(record),
        "## Not reproduced here",
        _table(("cause", "why"), [(f"`{cause}`", why) for cause, why in MISSING]),
    ]
    return "\n\n".join(parts) + "\n"


def _matrix(record: Record) -> str:
    rows = []
    for fault in FAULTS:
        outcomes = [one for one in record.faults if one.fault.name == fault.name]
        if not outcomes:
            continue
        named = Counter(one.layer for one in outcomes)
        first = Counter((one.causes or ("none",))[0] for one in outcomes)
        right = sum(one.right for one in outcomes)
        rows.append(
            (
                f"`{fault.name}`" + (" (a risk)" if fault.risk else ""),
                expected(fault),
                _counted(named),
                _counted(first),
                f"{right} of {len(outcomes)}",
                _witness(record, fault),
                _remedy(record, fault),
            )
        )
    heads = ("fault built", "layer at fault", "layer named", "cause named first", "right")
    return _table((*heads, "witness", "remedy"), rows)


def _witness(record: Record, fault: Fault) -> str:
    """What it saw, and where."""
    found = [one for one in record.witness if one.fault.name == fault.name]
    if not found:
        return "cannot look" if blind_to(fault) else "did not look"
    seen = Counter(f"{one.layer}: {one.what}" if one.what else one.layer for one in found)
    return _counted(seen)


def _remedy(record: Record, fault: Fault) -> str:
    """What the stack does after it."""
    outcomes = [one for one in record.cured if one.fault.name == fault.name]
    failed = [one.words for one in outcomes if not one.streams]
    if failed:
        return "FAILED: " + "; ".join(failed)
    if outcomes:
        return "the risk is gone" if fault.risk else "streams"
    return "for a person" if reason_against(fault) else "not measured"


def _reasons(head: str, why: Callable[[Fault], str]) -> list[str]:
    """A table of the faults by the reason that each has."""
    reasons = dict.fromkeys(filter(None, map(why, FAULTS)))
    rows = [
        (reason, ", ".join(f"`{one.name}`" for one in FAULTS if why(one) == reason))
        for reason in reasons
    ]
    return [head, _table(("why", "faults"), rows)]


def _counted(found: Counter[str]) -> str:
    if len(found) == 1:
        return next(iter(found))
    return ", ".join(f"{name} ({count})" for name, count in found.most_common())


def _layers(record: Record) -> str:
    rows = []
    for layer in LAYERS:
        built = [one for one in record.faults if layer == expected(one.fault)]
        healthy = [
            NOBODY if not one.accusation else one.accusation.split()[0] for one in record.healthy
        ]
        named = Counter(one.layer for one in built) + Counter(healthy if layer == NOBODY else [])
        rows.append((layer, *(str(named[other] or "") for other in LAYERS)))
    return _table(("at fault \\ named", *LAYERS), rows)


def _outside(record: Record) -> str:
    rows = []
    for fault in FAULTS:
        found = [one for one in record.outside if one.fault.name == fault.name]
        if not found:
            continue
        verdicts = Counter(one.verdict for one in found)
        causes = Counter(" or ".join(one.causes[:2]) or "none" for one in found)
        right = sum(one.right for one in found)
        rows.append(
            (f"`{fault.name}`", _counted(verdicts), _counted(causes), f"{right} of {len(found)}")
        )
    return _table(("fault built", "verdict", "causes named first", "right"), rows)


def _healthy(record: Record) -> str:
    rows = []
    for name in dict.fromkeys(one.name for one in record.healthy):
        trials = [one for one in record.healthy if one.name == name]
        accused = [one for one in trials if one.accusation]
        loaded = sum(one.loaded for one in trials)
        rows.append((name, str(len(trials)), str(loaded), str(len(accused))))
    return _table(("kind", "runs", "on a busy machine", "accusations"), rows)


def _table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [heads, ("---",) * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
