# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the monitor finds out. Values only: no file, socket or clock is used here."""

from __future__ import annotations

from typing import Mapping, NamedTuple, Optional

from .stream_slots import BOUNDS

Number = Optional[float]


class Histogram(NamedTuple):
    """Counts of values: ``counts`` has one item for each of ``BOUNDS``, and one for the rest.

    The counts are not cumulative. ``total`` is the sum of the values, in seconds.
    """

    counts: tuple[int, ...] = (0,) * (len(BOUNDS) + 1)
    total: float = 0.0


class PassSample(NamedTuple):
    """One pass of a layer (``identity``, ``browser``). Times are seconds, None means unknown.

    ``delays`` are the delays of the events of this round, one number for each.
    """

    verdict: str
    time_to_headers: Number = None
    time_to_first_chunk: Number = None
    delay_p50: Number = None
    delay_p99: Number = None
    largest_gap: Number = None
    coalesced_ratio: Number = None
    truncated: bool = False
    delays: tuple[float, ...] = ()


class LayerSample(NamedTuple):
    """One layer: ``gunicorn``, ``nginx`` or ``public``, with its passes by name."""

    layer: str
    verdict: str
    passes: Mapping[str, PassSample]


class Sample(NamedTuple):
    """One round of measurements of one path of an app, from the app outwards.

    ``at`` is when it began, in seconds since 1970. ``path`` is the location in Nginx, such as
    ``/api/``. ``verdict`` is that of the whole way. ``culprit`` is the layer at fault and ``cause``
    the id of the likeliest cause; both are '' if it streams. ``message`` is the diagnosis in one to
    three sentences, ``remedy`` what to do, or ''. ``took`` is in seconds.
    """

    app: str
    path: str
    at: float
    verdict: str
    culprit: str = ""
    cause: str = ""
    message: str = ""
    remedy: str = ""
    layers: tuple[LayerSample, ...] = ()
    took: float = 0.0


class Streams(NamedTuple):
    """What the processes of a release count of the app's own streams, since they started.

    ``in_flight`` streams are open now. ``ended`` has the number of streams that ended, by how:
    ``complete``, ``left`` (the reader went away) or ``failed`` (the app raised an error, or its
    process died).
    ``answers`` has the number of all answers by the class of their status: ``2xx`` to ``5xx``.
    """

    in_flight: int = 0
    opened: int = 0
    ended: Mapping[str, int] = {}
    answers: Mapping[str, int] = {}
    time_to_first_chunk: Histogram = Histogram()
    time_per_output_chunk: Histogram = Histogram()


class ReleaseState(NamedTuple):
    """A release with running processes, or the live one.

    ``state`` is ``live``, ``draining``, or ``starting`` for one that runs beside the live one and
    does not drain. ``seconds_left`` is the rest of its drain time. ``streams`` is None if the
    release does not count them.
    """

    release: str
    state: str
    connections: int = 0
    memory_bytes: int | None = None
    seconds_left: Number = None
    streams: Streams | None = None


class AppState(NamedTuple):
    """An app at a moment. Times are seconds since 1970.

    ``deployed_at`` is when the live release became live. ``certificate_ends`` is the end of the
    certificate that Nginx shows; None without TLS, or if unknown.
    """

    app: str
    at: float
    releases: tuple[ReleaseState, ...] = ()
    deployed_at: Number = None
    certificate_ends: Number = None


class Mark(NamedTuple):
    """Something that happened. ``kind`` is ``deploy``, ``drain``, ``drained`` or ``monitor``.

    ``text`` is a sentence. ``at`` is in seconds since 1970.
    """

    app: str
    at: float
    kind: str
    text: str
