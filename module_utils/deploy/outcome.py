# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The last message of a deploy: a report, or why the deploy failed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Callable, Mapping, NamedTuple, Sequence

from .paths import TOP

if TYPE_CHECKING:
    from .places import Places
    from .proof import Measured, Outside

# How the message of each kind of failure begins, after the name of the release's unit.
STARTS = {
    "start": "did not answer on its socket",
    "unhealthy": "did not answer well enough on its socket",
    "socket-stream": "does not stream on its own socket",
    "site-refused": "has a site that Nginx refuses",
    "reload": "got no traffic, because Nginx could not reload",
    "health": "answers on its socket, but not through Nginx",
    "misdirected": "is not what answers through Nginx",
    "nginx-stream": "does not stream through Nginx",
    "process": "does not keep its processes running",
}
LONGEST = 400  # characters of a line
# What the release has logged may explain these.
LOGS = ("", "start", "unhealthy", "socket-stream", "health")
# Of the system, and of SQLite.
_READ_ONLY = re.compile(
    r"Read-only file system|readonly database|unable to open database file", re.IGNORECASE
)
SITE = {
    "restored": "the previous Nginx site has been restored",
    "removed": "its Nginx site has been removed",
    "untouched": "what was live is untouched",
}
PROCESSES = {
    "restored": "the previous processes run again",
    "broken": "the previous processes do not run",
    "untouched": "",
}
NOT_BACK = "the previous Nginx site could not be restored"
RELEASE = {
    "stopped": "it is stopped",
    "removed": "it is stopped and removed",
    "draining": "it finishes the streams that it has",
    "live": "it is live",
    "none": "",
}


class Failure(NamedTuple):
    """Why a deploy failed.

    ``kind`` is a key of STARTS, ``build``, ``before-start``, ``import`` or ''.
    ``said`` is the reason in one sentence, or a command's output. ``step`` is the step of a build.
    ``evidence`` is the table of measurements.
    """

    kind: str
    said: str
    step: str = ""
    evidence: str = ""

    @classmethod
    def of(cls, result: Mapping[str, Any], proofs: Sequence[Mapping[str, Any]] = ()) -> Failure:
        """From the result of the failed task, whichever module it ran.

        ``limit`` in a result says which limit has ended a command, rather than its output.
        ``proofs`` are the results of this deploy's proofs: a proof does not fail itself, so that
        its many figures are not printed.
        """
        for proof in proofs:
            if not proof["streams"]:
                return cls(said=proof["message"], **proof["failure"])
        failed = [one for one in result.get("results", []) if one.get("failed")]
        first = failed[0] if failed else result
        said = str(first.get("stderr") or first.get("msg") or "").strip()
        failure = {"kind": "", **first.get("failure", {})}
        limit, output = failure.pop("limit", ""), failure.get("evidence")
        if output and failure["kind"] in READ:
            said = limit or READ[failure["kind"]](output)
        return cls(said=said, **failure)


class Undone(NamedTuple):
    """What the undo did: keys of SITE, RELEASE and PROCESSES. ``problem`` says why it failed."""

    site: str = "untouched"
    release: str = "none"
    problem: str = ""
    processes: str = "untouched"


def sentence(
    unit: str, app: str, failed: Failure, undone: Undone, left_out: str = "", advice: str = ""
) -> str:
    """The message of a deploy that has failed: what, what became of it, and why.

    ``app`` is the value of ``streaming_api_app``. ``left_out`` is a file of settings beside the
    source's others that does not go to hosts, '' for none. ``advice`` is a sentence about what the
    app has said.
    """
    site = SITE[undone.site]
    if undone.site == "untouched" and undone.problem and undone.processes != "broken":
        site = NOT_BACK
    elif undone.site == "untouched" and undone.release == "live":
        site = ""  # it is what is live
    words = (RELEASE[undone.release], site, PROCESSES[undone.processes])
    state = "; ".join(word for word in words if word)
    if failed.kind == "import":
        found = f"streaming_api_app is '{app}', which cannot be imported: {failed.said}"
        found = f"{found} ({state})"
    elif failed.kind == "before-start":
        found = (
            f"{unit} was not started, because {failed.step} (streaming_api_before_start) failed; "
            f"{state}; what that command did elsewhere, in a database for example, stays: "
            f"{failed.said}"
        )
    elif failed.kind == "build":
        found = f"{unit} could not be built ({failed.step}); {state}: {failed.said}"
    else:
        start = STARTS.get(failed.kind, "could not be deployed")
        found = f"{unit} {start}; {state}: {failed.said}"
    if failed.kind == "import" and left_out:
        found += (
            f" The source's {left_out} stays on the controller; put its values into "
            "streaming_api_environment and streaming_api_secrets."
        )
    if advice:
        found += f" {advice}"
    if undone.problem:
        found += f" The undo failed too: {undone.problem}"
    return found


def where_to_write(said: str, places: Places) -> str:
    """Where the app may write, if it tried to elsewhere. ``said`` is what it has said; else ''."""
    denied = re.search(r"Permission denied: '([^']*)'", said)
    own = denied is not None and denied[1].startswith(f"{places.home}/")
    if not own and not _READ_ONLY.search(said):
        return ""
    return (
        f"An app may write to {places.state} (its HOME and STATE_DIRECTORY), {places.app_cache} "
        "(CACHE_DIRECTORY) and /tmp; streaming_api_service_writable_paths adds directories."
    )


def evidence(failed: Failure, journal: str) -> str:
    """What proves it, for people; '' if the failed task has said all.

    ``journal`` is what the release has logged since it started.
    """
    if failed.kind in READ:
        return ""
    logged = f"The release has logged:\n{journal}" if journal and failed.kind in LOGS else ""
    return "\n\n".join(part for part in (failed.evidence.rstrip(), logged) if part)


def exception(text: str) -> str:
    """The exception of a traceback in one line: its type and its whole message.

    >>> exception("Traceback (most recent call last):\\n  File x\\nE: two\\n  lines")
    'E: two lines'
    """
    after = text.rpartition("Traceback (most recent call last):\n")[2].strip().splitlines()
    begin = next((n for n, line in enumerate(after) if re.match(r"[\w.]+(:|$)", line)), None)
    if begin is None:
        return last_line(text)
    said = [line.strip() for line in after[begin:]]
    whole = " ".join(line for line in said if line and not line.startswith("For further"))
    return whole if len(whole) <= LONGEST else f"{whole[:LONGEST]} ..."


def last_line(text: str) -> str:
    return (text.strip().splitlines() or [""])[-1]


def summary(text: str) -> str:
    """What a command said, in one line: from its first error on if that is short, else its end."""
    lines = text.strip().splitlines()
    errors = [number for number, line in enumerate(lines) if "error" in line.lower()]
    whole = " ".join(" ".join(lines[errors[0] if errors else 0 :]).split())
    return whole if len(whole) <= LONGEST else last_line(text)[-LONGEST:]


# The failed task itself shows the whole output that proves these; the reason is read in it.
READ: Mapping[str, Callable[[str], str]] = {
    "build": summary,
    "before-start": summary,
    "import": exception,
}


class Seen(NamedTuple):
    """The measurements of a release that is live now."""

    through_nginx: Sequence[Measured]
    outside: Outside | None = None
    outside_text: str = ""
    only_from_front: bool = False  # nothing behind the app's own middleware was measured
    public_url: str = ""
    heartbeat: str = ""  # what the app must do for its edge


class Live(NamedTuple):
    """What a person is told of the live release.

    ``path`` is the app's on its server. ``health`` is the path that was asked before the switch,
    and ``status`` what was taken as healthy. ``processes`` are the background processes.
    """

    unit: str
    host: str
    port: int
    streams: int
    path: str = TOP
    health: str = ""
    status: int = 0
    processes: Sequence[str] = ()


def live(told: Live) -> str:
    """The sentences that name the live release and its background processes."""
    where = f"port {told.port}" + ("" if told.path == TOP else f", at {told.path}")
    said = (
        f"{told.unit} is live on {told.host}, {where}. It takes {told.streams} streams and other "
        "requests at once; streaming_api_streams changes that."
    )
    if told.processes:
        *first, last = told.processes
        named = f"run {', '.join(first)} and {last}" if first else f"runs {last}"
        said += f" Beside it {named}."
    if told.status >= 400:
        said += (
            f" {told.health} answers {told.status}, and that was taken as healthy: it may be meant "
            "so. streaming_api_health_path can name a path that says more."
        )
    return said


def report(live: str, seen: Seen | None) -> str:
    """The report of a good deploy. ``live`` is the sentence that names the live release.

    The report has one table, of the stream that was measured at the outermost layer. Each other
    stream gets a line.
    """
    if seen is None:
        return live
    if not seen.through_nginx:
        return (
            "No stream was measured through Nginx: the release has no probe there, and no path of "
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
    if seen.only_from_front:
        lines.append(
            "The probe answered in front of the app: the effect of the app's own middleware on a "
            "stream was not measured. Name a stream of the app in streaming_api_proof_paths."
        )
    lines += _not_measured_outside(seen, some_open=bool(is_open))
    lines.append(seen.heartbeat)
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
            (f"The host itself was not measured from here (origin): {seen.outside.skips_origin}.")
        ]
    return []
