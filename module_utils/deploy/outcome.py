# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a person reads when a deploy has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, NamedTuple, Sequence

if TYPE_CHECKING:
    from .proof import Measured, Outside

ERROR_LOG = "/var/log/nginx/error.log"
# How each kind of failure begins, and whether what Nginx sends where was at stake.
STARTS = {
    "start": "did not answer on its socket",
    "socket-stream": "does not stream on its own socket",
    "site-refused": "has a site that Nginx refuses",
    "reload": "is not known to Nginx, which could not reload",
    "health": "answers on its socket, but not through Nginx",
    "misdirected": "is not what answers through Nginx",
    "nginx-stream": "does not stream through Nginx",
}
# What the release has logged does not explain these.
NO_JOURNAL = ("build", "import", "site-refused", "reload", "health", "misdirected")
SITE = {
    "restored": "the previous Nginx site has been restored",
    "removed": "its Nginx site has been removed",
    "untouched": "what was live is untouched",
}
NOT_BACK = "the previous Nginx site could not be restored"
RELEASE = {
    "stopped": "it is stopped",
    "removed": "it is stopped and removed",
    "draining": "it finishes the streams that it has",
    "live": "it stays live",
    "none": "",
}


class Failure(NamedTuple):
    """Why a deploy failed. ``kind`` is a key of STARTS, ``build``, ``import`` or ''.

    ``said`` is one sentence, ``step`` the step of a build, ``evidence`` lines that prove it.
    """

    kind: str
    said: str
    step: str = ""
    evidence: str = ""
    journal: str = ""

    @classmethod
    def of(cls, result: Mapping[str, Any]) -> Failure:
        """From the result of a failed task, whichever module it ran."""
        failed = [one for one in result.get("results", []) if one.get("failed")]
        first = failed[0] if failed else result
        said = str(first.get("stderr") or first.get("msg") or "").strip()
        return cls(said=said, **{"kind": "", **first.get("failure", {})})


class Undone(NamedTuple):
    """What was put back: keys of SITE and RELEASE; ``problem`` is why that did not work."""

    site: str = "untouched"
    release: str = "none"
    problem: str = ""


def failure(unit: str, app: str, failed: Failure, undone: Undone) -> str:
    """The message of a deploy that has failed: what, what became of it, why, and the evidence.

    ``app`` is what ``streaming_api_app`` says.
    """
    site = NOT_BACK if undone.problem else SITE[undone.site]
    state = "; ".join(word for word in (RELEASE[undone.release], site) if word)
    if failed.kind == "import":
        last = (failed.said.splitlines() or [""])[-1]
        first = f"streaming_api_app is '{app}', which cannot be imported: {last}."
        lines = [first, _sentence(f"{state}. All of the output:"), failed.said]
    elif failed.kind == "build":
        first = f"{unit} could not be built ({failed.step})."
        lines = [first, _sentence(f"{state}."), failed.said]
    else:
        start = STARTS.get(failed.kind, "could not be deployed")
        lines = [f"{unit} {start}; {state}: {failed.said}", failed.evidence]
    if failed.journal:
        lines += ["Its journal:", failed.journal]
    if undone.problem:
        lines.append(f"Going back failed: {undone.problem}")
    return "\n".join(line for line in lines if line)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


class Seen(NamedTuple):
    """What the proof saw of a release that is live now."""

    through_nginx: Sequence[Measured]
    outside: Outside | None = None
    outside_text: str = ""
    from_front: bool = False
    public_url: str = ""


def report(live: str, seen: Seen | None) -> str:
    """The closing words of a good deploy; ``live`` says what is live where.

    One table: that of the stream that was measured as far out as possible. A line for each other
    stream.
    """
    if seen is None:
        return live
    if not seen.through_nginx:
        return (
            "The stream was not measured: the release has neither the probe nor a path of "
            f"streaming_api_proof_paths.\n\n{live}"
        )
    is_open = [one for one in seen.through_nginx if one.streams]
    was_outside = seen.outside and seen.outside_text
    tabled = seen.outside.seen if seen.outside and was_outside else None
    tabled = tabled or (is_open or list(seen.through_nginx))[0]
    lines = [seen.outside_text if was_outside else str(tabled.result.get("text", ""))]
    for other in seen.through_nginx:
        if not other.streams:
            lines.append(f"{other.stream.shown} could not be measured: {other.result['message']}")
        elif other != tabled:
            lines.append(f"{other.stream.shown} streams too.")
    if seen.from_front:
        lines.append(
            "The probe answered in front of the app: the effect of the app's own middleware on a "
            "stream was not measured. Name a stream of the app in streaming_api_proof_paths."
        )
    lines += _not_measured_outside(seen, some_open=bool(is_open))
    return "\n".join([*(line.rstrip() for line in lines if line), "", live])


def _not_measured_outside(seen: Seen, *, some_open: bool) -> list[str]:
    if not seen.public_url or seen.outside is None:
        return []
    if not seen.outside.layers:
        why = (
            "the probe's token is sent over verified TLS only"
            if some_open
            else "no stream lets everybody in"
        )
        return [
            (
                f"{seen.public_url} was not measured: {why}. "
                "Name a stream of the app in streaming_api_proof_paths."
            )
        ]
    if seen.outside.skips_origin:
        return [
            (
                "The host itself was not measured from here (origin): the probe's token is sent "
                "over verified TLS only."
            )
        ]
    return []
