# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""One word for a pass of a layer, against the layer before it and what is allowed.

It goes by what the layer did to the stream, not by the stream's own ways: an event counts as held
back when it came later than it was sent (or than the layer before would have it), however events
are bundled on their way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator, Mapping, NamedTuple, Sequence, Tuple

from . import metrics as figures
from . import timeline as ends
from .decode import CHUNKS, CUT_SHORT, LINES
from .metrics import Metrics
from .timeline import Event

if TYPE_CHECKING:
    from .timeline import Timeline

STREAMING = "streaming"
UNKNOWN = "unknown"
DELAYED = "delayed"
LUMPED = "lumped"
BUFFERED = "buffered"
STALLED = "stalled"
TRUNCATED = "truncated"
REFUSED = "refused"
# From harmless to worst; what is not known accuses nobody.
ORDER = (STREAMING, UNKNOWN, DELAYED, LUMPED, BUFFERED, STALLED, TRUNCATED, REFUSED)

FEWEST_EVENTS = 3  # with fewer there is nothing to tell streaming from not streaming by
ALIKE = ("gzip", "again", "post")  # a single stream, asked for in another way
NOT_READ_ON = ("slow", "leave", "burst")  # the reader itself is late, or leaves
BUSY = 0.4  # share of one CPU
STARVED = 0.1  # share of the time
RESTART = 2.0  # seconds that the start of a service may take
NOT_STREAMS = ("text/html", "application/json", "image/", "video/", "application/pdf")
DOWNLOADS = (
    *NOT_STREAMS,
    "application/octet-stream",
    "application/zip",
    "application/gzip",
    "application/xml",
    "application/javascript",
    "text/javascript",
    "text/css",
    "text/csv",
    "text/xml",
    "audio/",
    "font/",
)


Problem = Tuple[str, str, str]  # the verdict, what it rests on, why


class Thresholds(NamedTuple):
    """What is allowed, in seconds or as a ratio. The first five hold for what a layer adds: each
    is allowed at least, and ``relative`` times what the layer before had. The others hold for every
    layer by itself, and only when they are given.
    """

    delay_p50: float = 0.015
    delay_p99: float = 0.25
    time_to_headers: float = 0.2
    slowdown: float = 1.6  # so many times as long as one alone may streams side by side take
    wait: float = 0.3  # later than the first of those opened together may headers come
    relative: float = 3.0
    time_to_first_chunk: float | None = None
    largest_gap: float | None = None
    coalesced_ratio: float | None = None
    silence: float = 60.0  # the shortest idle limit on the way, to warn of

    def eased(self, waited: float) -> Thresholds:
        """On a machine so busy that the reader waited for a CPU this share of the time."""
        if waited <= STARVED:
            return self
        by = 1 + 30 * waited
        return self._replace(
            delay_p50=by * self.delay_p50,
            delay_p99=by * self.delay_p99,
            time_to_headers=by * self.time_to_headers,
            wait=(1 + 5 * waited) * self.wait,
            slowdown=(1 + waited) * self.slowdown,  # what runs alone is slow as well
        )

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Thresholds:
        """Those given, the others at their defaults. Raises ValueError on what is none."""
        for name, value in given.items():
            if name not in cls._fields:
                allowed = ", ".join(cls._fields)
                raise ValueError(f"thresholds has '{name}', which is none; there are {allowed}.")
            if value is None and getattr(cls(), name) is None:
                continue
            if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
                raise ValueError(
                    f"thresholds.{name} is {value!r}; allowed are seconds or a ratio, 0 or more."
                )
        return cls(**given)


# What a verdict rests on.
NOT_ANSWERED = "not answered"
CUT = "cut"
SILENT = "silent"
WAITING = "waiting"
UPLOAD_HELD = "upload held"
NO_STREAM = "no stream"
READER = "reader"
UNSTEADY = "unsteady"  # bad in two rounds, in different ways
HELD = "held"
REPLAYED = "replayed"
HEADERS_HELD = "headers held"
SLOWED = "slowed"
OVER_LIMIT = "over limit"
# What one and the same fault may look like in two rounds.
KINDS = ({HELD, REPLAYED}, {SILENT, WAITING, SLOWED})
SURE = (NOT_ANSWERED, CUT, NO_STREAM, UPLOAD_HELD, REPLAYED)  # however late the reader looks


class Judged(NamedTuple):
    """A pass of a layer: the word for it, what that rests on, why in a few words, its figures, and
    what it saw.
    """

    verdict: str
    problem: str
    reason: str
    metrics: Metrics
    timelines: Sequence[Timeline]

    @property
    def rank(self) -> int:
        """How bad it is; what streams and what is unknown are not."""
        return rank(self.verdict)


def alike(one: str, other: str) -> bool:
    """Whether two problems can be of one fault."""
    return one == other or any({one, other} <= kind for kind in KINDS)


def rank(verdict: str) -> int:
    """How bad a verdict is, from 0."""
    return max(0, ORDER.index(verdict) - 1)


def judge(
    name: str,
    timelines: Sequence[Timeline],
    before: Judged | None = None,
    alone: Judged | None = None,
    allowed: Thresholds | None = None,
    *,
    busy: float = 0.0,
    length: int = 0,
    nearest: bool = True,
) -> Judged:
    """Find the word for a pass. ``before`` is the same pass at the layer before, ``alone`` the
    layer's own pass of a single stream, which streams side by side are compared with. ``busy`` is
    the reader's own share of a CPU: what a busy reader finds late is its own doing. ``length`` is
    how many events the stream always has, if it has, and ``nearest`` whether the layer is the
    app's own.
    """
    if before and any(other.format == CHUNKS for other in before.timelines):
        timelines = [_in_chunks(one) for one in timelines]
    found = figures.measure(timelines, before.timelines if before else ())
    allowed = allowed or Thresholds()
    case = _Case(name, timelines, found, before, alone, allowed, length, nearest)
    for look in _LOOKS:
        for verdict, problem, reason in look(case):
            if busy > BUSY and problem not in SURE:
                why = f"the reader itself was too busy to tell ({reason})"
                return Judged(UNKNOWN, READER, why, found, timelines)
            return Judged(verdict, problem, reason, found, timelines)
    return Judged(STREAMING, "", "", found, timelines)


def _in_chunks(one: Timeline) -> Timeline:
    """Text whose layer before has no lines has none here either, whatever few reads look like."""
    if one.format != LINES or figures.encoding(one) != "identity":
        return one
    return one._replace(format=CHUNKS, events=tuple(Event(at, size) for at, size in one.reads))


def same_pass(name: str, passes: Mapping[str, Judged]) -> Judged | None:
    """The pass of this name, or one that can be compared with it."""
    others = {"multiplex": ("parallel",)}.get(name, ("identity",) if name in ALIKE else ())
    return next((passes[other] for other in (name, *others) if other in passes), None)


class _Case(NamedTuple):
    name: str
    timelines: Sequence[Timeline]
    metrics: Metrics
    before: Judged | None
    alone: Judged | None
    allowed: Thresholds
    length: int
    nearest: bool

    @property
    def had(self) -> Metrics:
        """The figures of the layer before."""
        return self.before.metrics if self.before else Metrics()

    def share(self, some: Sequence[Timeline]) -> str:
        """So many of so many, where there are many."""
        return f"{len(some)} of {len(self.timelines)} streams: " if len(self.timelines) > 1 else ""


def answered(one: Timeline) -> bool:
    """Whether the server gave a stream at all."""
    return one.ended != ends.REFUSED and 200 <= one.status < 300


def _refused(case: _Case) -> Iterator[Problem]:
    refused = [
        one
        for one in case.timelines
        if not answered(one) and (one.status or one.ended == ends.REFUSED)
    ]
    if refused and _takes_none(case, refused[0].status):
        yield UNKNOWN, NO_STREAM, f"there is no {case.name} here: {said(refused[0])}"
    elif refused:
        yield REFUSED, NOT_ANSWERED, case.share(refused) + said(refused[0])


def _takes_none(case: _Case, status: int) -> bool:
    """Whether this says that there is nothing to POST to; or not so, where a GET is answered."""
    if case.name not in {"post", "upload"}:
        return False
    gets = case.alone is not None and any(map(answered, case.alone.timelines))
    return status in {405, 501} or (case.name == "post" and gets and 400 <= status < 500)


def said(one: Timeline) -> str:
    """What the server answered instead of a stream."""
    if not one.status:
        return one.error or "no answer"
    if 300 <= one.status < 400:
        return f"HTTP {one.status}, a redirect to {one.header('location') or 'nowhere'}"
    return f"HTTP {one.status}"


def _truncated(case: _Case) -> Iterator[Problem]:
    cut = [one for one in case.timelines if is_cut(one, case.before, case.length)]
    if cut:
        one = cut[0]
        how = "reset" if one.ended == ends.RESET else "ended as if complete"
        at = f"{one.ended_at:.2f} s, {figures.silence_before_end(one):.2f} s after the last byte"
        yield TRUNCATED, CUT, f"{case.share(cut)}{how} at {at}, with {len(one.events)} events"


def is_cut(one: Timeline, before: Judged | None = None, length: int = 0) -> bool:
    """Whether a stream ended before its last event; ``length`` is how many it always has."""
    if one.finished or one.ended in {ends.LIMIT, ends.TIMEOUT, ends.REFUSED}:
        return False
    if one.ended == ends.RESET or one.error == CUT_SHORT:
        return True
    if one.opened is not None:
        return True  # the probe's streams say when they are finished
    others = before.timelines if before else ()
    # Without a last event only a stream that has always the same length tells that it was cut.
    return any(other.finished for other in others) or len(one.events) < 0.9 * length


def _withheld(case: _Case) -> Iterator[Problem]:
    """Hardly anything has come in a time in which the layer before had events."""
    one = case.timelines[0]
    if case.name in NOT_READ_ON or len(case.timelines) > 1 or len(one.events) >= FEWEST_EVENTS:
        return
    sent = _sent_meanwhile(case, one)
    if sent >= FEWEST_EVENTS and not one.finished:
        came = f"{len(one.events)} came" if one.events else "nothing came"
        yield BUFFERED, HELD, f"of {sent} events {came} in {one.ended_at:.1f} s"


def _sent_meanwhile(case: _Case, one: Timeline) -> int:
    """How many events the layer before had when this stream was silent."""
    if not case.before or case.before.rank:
        return 0
    last = one.events[-1].arrived if one.events and one.ended == ends.TIMEOUT else 0.0
    until = one.ended_at - 0.1
    events = case.before.timelines[0].events if case.before.timelines else ()
    return sum(last < event.arrived < until for event in events)


def _silent(case: _Case) -> Iterator[Problem]:
    silent = [one for one in case.timelines if one.ended == ends.TIMEOUT]
    if not silent:
        return
    one = silent[0]
    after = f"after {len(one.events)} events" if one.headers_at else "and no headers came"
    lasted = f"{case.share(silent)}silent for {figures.silence_before_end(one):.1f} s {after}"
    if one.headers_at is None or _sent_meanwhile(case, one) >= FEWEST_EVENTS:
        yield STALLED, SILENT, lasted
    else:
        yield UNKNOWN, SILENT, f"{lasted}, which may be the stream's own way"


def _waiting(case: _Case) -> Iterator[Problem]:
    wait = case.allowed.wait
    waiting = waiters(case.timelines, case.alone, wait)
    if waiting and not (case.before and waiters(case.before.timelines, case.alone, wait)):
        longest = max(one.headers_at or one.ended_at for one in waiting)
        yield STALLED, WAITING, f"{case.share(waiting)}headers after up to {longest:.2f} s"


def _left_unanswered(case: _Case) -> Iterator[Problem]:
    """The reader has left before there was an answer: late it is only if others were not."""
    left = [one for one in case.timelines if one.ended == ends.LIMIT and one.headers_at is None]
    if not left:
        return
    waited = f"{case.share(left)}no answer yet after {left[0].ended_at:.1f} s"
    before, way = case.had.time_to_headers_seconds, 2 * (left[0].connected or 0.0)
    where = "at the layer before"
    if before is None and case.alone:
        before, where = case.alone.metrics.time_to_headers_seconds, "alone"
    limit = case.allowed.time_to_headers + case.allowed.relative * (before or 0.0) + way
    if before is not None and left[0].ended_at > limit:
        yield STALLED, SILENT, f"{waited}, {where} after {before:.2f} s"
    else:
        yield UNKNOWN, NO_STREAM, waited


def _restarted(case: _Case) -> Iterator[Problem]:
    for one in case.timelines:
        waited = restart_waited(one)
        if waited:
            yield STALLED, WAITING, f"headers {waited:.1f} s after the restart"


def restart_waited(one: Timeline) -> float:
    """Seconds that a new stream waited for a restart, more than a start takes."""
    restarts = [at for at, what in one.marks if what == "restart"]
    waited = (one.headers_at or one.ended_at) - restarts[0] if restarts else 0.0
    return waited if waited > RESTART else 0.0


def waiters(timelines: Sequence[Timeline], alone: Judged | None, wait: float) -> list[Timeline]:
    """Of streams that were opened together, those that began when others had ended, or would have:
    half of what one lasts after the first, and ``wait`` seconds at least.
    """
    opened = [
        (one.headers_at - (one.connected or 0.0), one)  # handshakes of TLS are the reader's work
        for one in timelines
        if one.headers_at is not None
    ]
    if not opened:
        return []
    first = min(at for at, _ in opened)
    lasted = sorted(one.ended_at - (one.headers_at or 0.0) for _, one in opened)
    opened += [  # those that were left would have begun later still
        (one.ended_at - (one.connected or 0.0), one)
        for one in timelines
        if one.headers_at is None and one.ended == ends.LIMIT
    ]
    usual = alone.metrics.duration_seconds if alone else figures.quantile(lasted, 0.5)
    return [one for at, one in opened if at - first > max(0.5 * (usual or 0.0), wait)]


def _upload_held(case: _Case) -> Iterator[Problem]:
    """The answer has to begin while the request is still being sent, as at the layer before."""
    if not case.before:
        return  # an app may well read all of it first
    one = case.timelines[0]
    sent = max((at for at, what in one.marks if what == "sent"), default=None)
    if case.name == "upload" and sent and one.headers_at and one.headers_at >= 0.9 * sent:
        waited = (
            f"the answer began at {one.headers_at:.2f} s, the request had ended at {sent:.2f} s"
        )
        yield DELAYED, UPLOAD_HELD, waited


def _no_stream(case: _Case) -> Iterator[Problem]:
    one = case.timelines[0]
    if case.name in {"burst", "idle", "leave"}:
        return
    kind = _type(one)
    flows_before = case.had.reads > 1
    at_once = len(figures.arrivals(one.events)) <= 1 and not flows_before
    if at_once and one.format in {"lines", "chunks"} and kind.startswith(NOT_STREAMS):
        yield UNKNOWN, NO_STREAM, f"not a stream: {kind} of {one.size} bytes, all at once"
        return
    trouble = f", {one.error}" if one.error else ""
    whole = [case.alone.timelines[0]] if case.alone and case.alone.timelines else []
    # Over a network the parts of a file come one by one too, and compressed it has no length.
    if not case.before and any(map(_is_download, (one, *whole))):
        yield UNKNOWN, NO_STREAM, f"not a stream: {kind} of {one.size} bytes{trouble}"
    elif len(one.events) < FEWEST_EVENTS:
        yield UNKNOWN, NO_STREAM, f"too short to tell: {len(one.events)} events{trouble}"


def _type(one: Timeline) -> str:
    return one.header("content-type").split(";")[0].strip().lower()


def _is_download(one: Timeline) -> bool:
    """Whether it is a file or a page, whose length was known before its first byte."""
    bare = one.format in {"lines", "chunks"} and bool(one.header("content-length"))
    return bare and _type(one).startswith(DOWNLOADS)


def _held_back(case: _Case) -> Iterator[Problem]:
    if case.name in NOT_READ_ON:
        return
    here, had, allowed = case.metrics, case.had, case.allowed
    if not case.before and at_once_in_the_end(case.timelines[0]):
        after = f"{here.time_to_first_chunk_seconds:.2f} s after the request"
        yield BUFFERED, HELD, f"all {here.events} events came in one read, {after}"
    if not case.before and here.delay_p50_seconds is None and not case.nearest:
        together = here.coalesced_ratio or 0.0
        if together > 0.5:
            say = f"{together:.0%} of the events come together, and do not say when they were sent"
            yield UNKNOWN, NO_STREAM, say
    link = figures.link(case.timelines[0])
    p50, p99 = had.delay_p50_seconds, had.delay_p99_seconds
    if case.before and here.delay_from == figures.LUMPS:
        p50, p99 = figures.lumps(case.before.timelines)
    for name, delay, delay_before, least in (
        ("p50", here.delay_p50_seconds, p50, max(allowed.delay_p50, link)),
        ("p99", here.delay_p99_seconds, p99, max(allowed.delay_p99, 10 * link)),
    ):
        limit = max(least, allowed.relative * (delay_before or 0.0))
        if delay is not None and delay > limit:
            yield _how_held(here, had), HELD, f"delay {name} {delay:.3f} s, allowed {limit:.3f} s"


def _how_held(here: Metrics, had: Metrics) -> str:
    coalesced = here.coalesced_ratio or 0.0
    if coalesced > 0.9 and (here.stretch_ratio or 0.0) < 0.25:
        return BUFFERED
    return LUMPED if coalesced > 0.2 + (had.coalesced_ratio or 0.0) else DELAYED


def at_once_in_the_end(one: Timeline) -> bool:
    """Whether all came in one read, late, and the stream ended with it; for events that do not tell
    when they were sent. What goes on after it may have begun with what was there already.
    """
    stamped = any(event.sent is not None for event in one.events)
    first = figures.first_chunk(one) or 0.0
    late = first - (one.connected or 0.0) > 0.25
    together = len(figures.arrivals(one.events)) == 1 and figures.span(one.events) < 0.1 * first
    over = one.ended not in {ends.LIMIT, ends.TIMEOUT} and figures.silence_before_end(one) < 0.1
    return not stamped and len(one.events) >= 5 and late and together and over


def _replayed(case: _Case) -> Iterator[Problem]:
    """A second reader gets at once what took its time before."""
    if case.name != "again" or not case.alone or not case.alone.timelines:
        return
    then, now = case.alone.timelines[0], case.timelines[0]
    took, takes = figures.span(then.events), figures.span(now.events)
    if took > 0.2 and takes < 0.2 * took and len(now.events) == len(then.events):
        yield BUFFERED, REPLAYED, f"the second reader got {len(now.events)} events in {takes:.2f} s"


def _headers_held(case: _Case) -> Iterator[Problem]:
    here, had, allowed = case.metrics, case.had, case.allowed
    if here.headers_held_seconds is not None:
        limit = max(allowed.time_to_headers, allowed.relative * (had.headers_held_seconds or 0.0))
        held = here.headers_held_seconds
        if held > limit:
            after = f"headers {held:.2f} s after the app had begun its answer"
            yield DELAYED, HEADERS_HELD, f"{after}, allowed {limit:.2f} s"
        return
    headers, before = here.time_to_headers_seconds, had.time_to_headers_seconds
    if headers is not None and before is not None and here.streams == 1:
        connected = case.timelines[0].connected or 0.0
        headers -= connected
        limit = allowed.time_to_headers + allowed.relative * before + connected
        if headers > limit:
            yield DELAYED, HEADERS_HELD, f"headers after {headers:.2f} s, allowed {limit:.2f} s"


def _slowed(case: _Case) -> Iterator[Problem]:
    """Streams side by side must not take longer than one alone."""
    ratio = slowdown(case.timelines, case.alone)
    had = slowdown(case.before.timelines, case.alone) if case.before else None
    if case.name == "parallel" and ratio and ratio > case.allowed.slowdown * (had or 1.0):
        yield (
            DELAYED,
            SLOWED,
            f"{len(case.timelines)} at once took {ratio:.1f} times as long as one",
        )


def slowdown(timelines: Sequence[Timeline], alone: Judged | None) -> float | None:
    """How much longer streams side by side took than one alone."""
    if not alone or len(timelines) < 2 or not alone.timelines:
        return None
    one = alone.timelines[0]
    usual = _pace(one)
    paces = sorted(_pace(one) for one in timelines if len(one.events) > FEWEST_EVENTS)
    middle = figures.quantile(paces, 0.5)
    return middle / usual if middle and usual and figures.span(one.events) > 0.1 else None


def _pace(one: Timeline) -> float:
    """Seconds between two events, on average; without the longest pause, which waits for others."""
    if len(one.events) <= FEWEST_EVENTS:
        return 0.0
    return (figures.span(one.events) - figures.kept_gap(one)) / (len(one.events) - 2)


def _over_the_limits(case: _Case) -> Iterator[Problem]:
    if case.name in (*NOT_READ_ON, "idle"):
        return
    here, allowed = case.metrics, case.allowed
    first, gap = here.time_to_first_chunk_seconds, here.largest_gap_seconds
    for name, found, limit, word in (
        ("time to first chunk", first, allowed.time_to_first_chunk, DELAYED),
        ("largest gap", gap, allowed.largest_gap, STALLED),
        ("coalesced ratio", here.coalesced_ratio, allowed.coalesced_ratio, LUMPED),
    ):
        if limit is not None and found is not None and found > limit:
            yield word, OVER_LIMIT, f"{name} {found:.3f}, allowed {limit:.3f}"


# What can be wrong, the worst first.
_LOOKS = (
    _refused,
    _truncated,
    _withheld,
    _silent,
    _waiting,
    _left_unanswered,
    _restarted,
    _upload_held,
    _no_stream,
    _replayed,
    _held_back,
    _headers_held,
    _slowed,
    _over_the_limits,
)
