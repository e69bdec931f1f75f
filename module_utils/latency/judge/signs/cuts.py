# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Signs of streams that are cut, fall silent, or wait."""

from __future__ import annotations

from .. import figures, words
from ..ends import SAME_MOMENT, is_cut
from ..waits import restart_waited
from .scene import Scene, sign

APART = 0.1  # seconds between cuts that have not one cause
AT_ONCE = 0.02  # seconds between cuts that have one
ROUND = (1, 2, 3, 4, 5, 10, 15, 20, 25, 30, 45, 50, 55, 60, 75, 90, 100, 120, 180, 240, 300, 600)


@sign
def cut_in_silence(scene: Scene) -> str:
    """The stream is cut after a silence."""
    one = scene.cut
    if not one or one.marks:
        return ""
    silence = figures.silence_before_end(one)
    if silence >= 0.3 and silence > 0.5 * figures.largest_gap(one):
        return f"cut {silence:.2f} s after the last byte"
    return ""


@sign
def cut_by_the_clock(scene: Scene) -> str:
    """All streams are cut at the same time after their start, although events flow."""
    judged = scene.fault
    if not judged or not scene.cut or scene.cut.marks:
        return ""
    if judged.problem == words.TIME_IS_UP:
        return judged.reason
    ends = sorted(one.ended_at for one in scene.singles)
    gap = figures.largest_gap(scene.cut)
    flows = figures.silence_before_end(scene.cut) < max(3 * gap, 0.05)
    # The limit is noticed at the next event.
    together = len(ends) > 1 and ends[-1] - ends[0] < max(SAME_MOMENT * ends[-1], 1.5 * gap)
    at_an_event = scene.nearest and cut_at_an_event(scene)
    if together and flows and ends[0] > 0.5 and not at_an_event:
        return f"all cut {ends[-1]:.2f} s after their start, while events flow"
    return ""


@sign
def cut_at_an_event(scene: Scene) -> str:
    """All streams are cut after the same number of events."""
    streams = scene.singles if scene.cut and not scene.cut.marks else []
    counts = {len(one.events) for one in streams}
    if len(streams) > 1 and len(counts) == 1:
        return f"all cut after {counts.pop()} events"
    return ""


@sign
def cut_one_by_one(scene: Scene) -> str:
    """Streams that are read side by side are cut at different moments, so no process died."""
    ends = _cut_side_by_side(scene)
    if len(ends) < 2 or ends[-1] - ends[0] < APART:
        return ""
    return f"streams side by side are cut {ends[-1] - ends[0]:.2f} s after each other"


@sign
def cut_all_at_once(scene: Scene) -> str:
    """Streams that are read side by side are cut at one moment, but not at the same event."""
    ends = _cut_side_by_side(scene)
    if len(ends) < 2 or ends[-1] - ends[0] >= AT_ONCE or cut_at_an_event(scene):
        return ""
    return f"{len(ends)} streams are cut at one moment"


def _cut_side_by_side(scene: Scene) -> list[float]:
    """When streams were cut that were open at the same time, by the reader's clock, in order."""
    if not scene.cut or scene.cut.marks:
        return []
    streams = [one for one in scene.singles if is_cut(one, scene.singles)]
    ends = sorted(one.began + one.ended_at for one in streams)
    began = max((one.began for one in streams), default=0.0)
    return ends if ends and began < ends[0] else []


@sign
def cut_after_requests(scene: Scene) -> str:
    """The stream is cut after other requests, as by max_requests."""
    late = _after(scene, "requests")
    return f"cut {late:.1f} s after other requests" if late is not None else ""


@sign
def cut_at_a_round_time(scene: Scene) -> str:
    """The cut comes a round time after the start, or after the last byte, as a limit is set."""
    one = scene.cut
    if not one or one.marks:
        return ""
    silence = figures.silence_before_end(one)
    for name, took in (("the last byte", silence), ("the start", one.ended_at)):
        near = min(ROUND, key=lambda limit: abs(limit - took))
        if abs(near - took) < max(0.02 * near, 0.03):
            return f"cut {near:g} s after {name}, a round time"
    return ""


@sign
def cut_while_paused(scene: Scene) -> str:
    """The stream is cut while the reader does not read."""
    one = scene.cut
    return (
        f"cut while the reader paused, at {one.ended_at:.1f} s"
        if one and scene.at_fault == "slow"
        else ""
    )


@sign
def cut_by_stop(scene: Scene) -> str:
    """The stream is cut as soon as the service is told to stop."""
    late = _after(scene, "stop")
    return f"cut {late:.1f} s after the stop" if late is not None and late < 1.0 else ""


@sign
def cut_after_stop(scene: Scene) -> str:
    """The stream is cut some time after the service is told to stop."""
    late = _after(scene, "stop")
    return f"cut {late:.1f} s after the stop" if late is not None and late >= 1.0 else ""


@sign
def cut_unasked(scene: Scene) -> str:
    """The stream is cut, and nobody stopped or reloaded anything."""
    one = scene.cut
    if one and not {what for _, what in one.marks} & {"stop", "reload"}:
        return f"cut at {one.ended_at:.1f} s, without a stop or a reload"
    return ""


@sign
def cut_after_reload(scene: Scene) -> str:
    """The stream is cut after a reload."""
    late = _after(scene, "reload")
    return f"cut {late:.1f} s after the reload" if late is not None else ""


def _after(scene: Scene, name: str) -> float | None:
    one = scene.cut
    marks = [at for at, what in one.marks if what == name] if one else []
    return one.ended_at - marks[-1] if one and marks and one.ended_at >= marks[-1] else None


@sign
def long_silence(scene: Scene) -> str:
    """The stream is silent for longer than a proxy may allow."""
    for judged in scene.here.values():
        for one in judged.timelines:
            longest = max(one.longest_silence, figures.silence_before_end(one))
            if longest >= scene.allowed.silence:
                return f"silent for {longest:.1f} s"
    return ""


@sign
def request_is_held(scene: Scene) -> str:
    """The answer waits for the whole request."""
    judged = scene.worse("upload", words.UPLOAD_HELD)
    return judged.reason if judged else ""


@sign
def waits_for_restart(scene: Scene) -> str:
    """A new stream waits until a restart has ended."""
    one = scene.one
    return scene.fault.reason if scene.fault and one and restart_waited(one) else ""


@sign
def falls_silent(scene: Scene) -> str:
    """No more bytes come, and the connection stays open."""
    judged = scene.fault
    return judged.reason if judged and judged.rank and judged.problem == words.SILENT else ""
