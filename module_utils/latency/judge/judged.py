# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""A pass with its verdict, and what it is compared with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Mapping, NamedTuple, Sequence, Tuple

from ..thresholds import STARVED
from .metrics import Metrics
from .words import rank

if TYPE_CHECKING:
    from ..measurement import Pass
    from ..thresholds import Thresholds
    from ..timeline import Timeline

FEWEST_EVENTS = 3  # with fewer events nobody can tell whether a stream streams
COMPRESSED = ("browser", "gzip")  # passes that accept compression
SAME_STREAM = (*COMPRESSED, "again", "post")  # passes that read a single stream, as identity does
SINGLE = ("identity", *SAME_STREAM)
NOT_READ_ON = ("slow", "leave", "burst")  # passes whose reader is late itself, or leaves

Problem = Tuple[str, str, str]  # verdict, problem, reason


class Judged(NamedTuple):
    """A pass with its verdict. ``problem`` is what the verdict rests on, ``reason`` says it."""

    verdict: str
    problem: str
    reason: str
    metrics: Metrics
    measured: Pass

    @property
    def timelines(self) -> Sequence[Timeline]:
        """The streams of the pass."""
        return self.measured.timelines

    @property
    def eased(self) -> bool:
        """Whether the machine was so busy that small delays do not count."""
        return self.measured.waited > STARVED

    @property
    def rank(self) -> int:
        """How bad it is, from 0."""
        return rank(self.verdict)


def same_pass(name: str, passes: Mapping[str, Judged]) -> Judged | None:
    """The pass of this name, or else one that it can be compared with."""
    others = {"multiplex": ("parallel",)}.get(name, ("identity",) if name in SAME_STREAM else ())
    return next((passes[other] for other in (name, *others) if other in passes), None)


class Case(NamedTuple):
    """A pass that needs a verdict.

    ``before`` is the same pass at the layer before; at the first layer it is the uncompressed pass,
    for passes that can be compared with it. ``alone`` is this layer's pass of a single stream.

    ``here`` and ``earlier`` have all single streams of this layer, and those of the layers before
    that streamed. They show how much the stream differs from time to time. ``beside`` has streams
    of this layer that were open at the same time. ``nearest``: it is the app's own socket.
    """

    name: str
    timelines: Sequence[Timeline]
    metrics: Metrics
    before: Judged | None
    alone: Judged | None
    allowed: Thresholds
    here: Sequence[Timeline] = ()
    earlier: Sequence[Timeline] = ()
    beside: Sequence[Timeline] = ()
    nearest: bool = False

    @property
    def had(self) -> Metrics:
        """The figures of the layer before."""
        return self.before.metrics if self.before else Metrics()

    @property
    def compared(self) -> Sequence[Timeline]:
        """The streams before, with which this pass can be compared."""
        if self.name in SINGLE and self.earlier:
            return self.earlier
        return self.before.timelines if self.before else ()

    def share(self, some: Sequence[Timeline]) -> str:
        """How many streams out of all, as the beginning of a sentence; empty for one stream."""
        return f"{len(some)} of {len(self.timelines)} streams: " if len(self.timelines) > 1 else ""
