# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Signs of readers who leave, and of streams that nobody hears of any more."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..waits import stopped_at_a_pause
from .scene import Scene, sign

if TYPE_CHECKING:
    from ..judged import Judged

# What clients say: curl's exit status 28, that of timeout(1), exceptions, signals of an alarm.
TIMES_UP = r"(?i)time.?out|timed out|deadline|exit status (?:28|124)\b|signal (?:14|15)\b"


@sign
def stays_open(scene: Scene) -> str:
    """Streams go on after their readers left."""
    more = _still_open(scene.here.get("leave"))
    return f"{more} streams are still open after their readers left" if more else ""


@sign
def ends_before(scene: Scene) -> str:
    """Streams end when their readers leave at the layer before."""
    before = scene.before.get("leave")
    known = before and before.measured.open_after is not None and not _still_open(before)
    return "at the layer before, streams end when their readers leave" if known else ""


def _still_open(judged: Judged | None) -> int:
    if not judged:
        return 0
    before, after = judged.measured.open_before, judged.measured.open_after
    return max(0, after - before) if before is not None and after is not None else 0


@sign
def silent_after_a_pause(scene: Scene) -> str:
    """Nothing came after a pause of the stream, and the connection stayed open."""
    one, before = scene.one, scene.before.get(scene.at_fault)
    pause = stopped_at_a_pause(one, before.timelines) if one and before else 0.0
    return (
        f"nothing more after a pause of {pause:.1f} s, which the layer before ended"
        if pause
        else ""
    )


@sign
def command_fails(scene: Scene) -> str:
    """The client's command cannot be run, or ends with an error."""
    for one in scene.refused:
        if re.search(r"^cannot run|ended with exit status", one.error):
            return one.error
    return ""


@sign
def client_times_out(scene: Scene) -> str:
    """A client command ends in the midst of the stream and says that its time is up."""
    one = scene.cut
    by_itself = one is not None and not one.http and re.search(TIMES_UP, one.error)
    return f"at {one.ended_at:.1f} s: {one.error}" if one and by_itself else ""
