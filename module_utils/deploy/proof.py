# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Decide what the proof measures, at which layers, and what the results mean.

Also decide who may read the probe's token: ``outside`` sends it over verified TLS only.

A stream has two paths: one through Nginx, and one on the release's socket. They differ for the
probe, which is measured in every location.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Collection, Mapping, NamedTuple, Sequence
from urllib.parse import urlsplit

from .request import HOST

if TYPE_CHECKING:
    from .app import App
    from .plan import Plan

# The longest that a stream is read: from its start, and from its first event. It may be endless.
SECONDS, SECONDS_OF_EVENTS = 10, 4
ACCEPTED_RISKS = ("nginx-chunked-off",)  # a default of the role; docs/deploy.md tells its price
PROBE = "/.stream-probe?count=30"
_PROBE_PATH = re.compile(r"/[.]stream-probe([?#]|$)")
_PREFIX_LOCATION = re.compile(r"(\^~\s*)?(/.*?)/?$")
# Why the host itself is not measured from outside.
UNVERIFIED = "the probe's token is sent over verified TLS only"
EDGE_ONLY = "it answers its edge only (streaming_api_edge)"
# Problems that leave a verdict open and accuse nobody: the app itself may send events together, or
# whoever measures is too busy. From afar, the network loses packets.
OPEN_ON_HOST = ("bunched", "machine")
OPEN_FROM_AFAR = ("machine", "reader", "network")
# The probe cannot measure a location that needs a login. That is no fault.
CLOSED = ("unauthorized", "redirect")

Result = Mapping[str, Any]  # what the module stream_latency returns


class Stream(NamedTuple):
    """The two paths of a stream, each with its query."""

    path: str
    on_socket: str

    @property
    def is_probe(self) -> bool:
        return _PROBE_PATH.search(self.path) is not None

    @property
    def shown(self) -> str:
        return self.path.partition("?")[0]


class Measured(NamedTuple):
    """A stream and its measurements."""

    stream: Stream
    result: Result

    @classmethod
    def of(cls, pair: Sequence[Any]) -> Measured:
        """From JSON."""
        return cls(Stream(*pair[0]), pair[1])

    def pair(self) -> list[Any]:
        """For JSON."""
        return [list(self.stream), dict(self.result)]

    @property
    def streams(self) -> bool:
        return bool(self.result.get("streams"))

    @property
    def is_closed(self) -> bool:
        causes = [cause["cause"] for cause in self.result.get("causes", [])]
        return self.stream.on_socket == PROBE and causes[:1] in [[cause] for cause in CLOSED]

    @property
    def is_fault(self) -> bool:
        return not (self.streams or self.is_closed or is_open_by(OPEN_ON_HOST, self.result))


def is_open_by(problems: Collection[str], result: Result) -> bool:
    """Whether each layer was measured, and nothing but these problems leaves the verdict open."""
    layers = [layer["passes"] for layer in result.get("layers", [])]
    found = {
        one.get("problem")
        for passes in layers
        for one in passes.values()
        if one["verdict"] != "streaming"
    }
    measured = bool(layers) and all(layers)
    return measured and result.get("verdict") == "unknown" and found <= {*problems}


class Choice(NamedTuple):
    """What the proof reads: the probe, and streams of the app by their paths."""

    probe: bool
    paths: list[str]


def choice(
    given: Mapping[str, Any], plan: Plan, release: Mapping[str, Any] | None, *, has_token: bool
) -> Choice:
    """What the proof can read of this release.

    ``release`` is a release to go back to, as the host knows it. It may lack the probe or streams
    that the inventory names today. ``has_token``: the probe's token is on the host. A running
    release does not learn a token that is created later.
    """
    built = release or {}
    paths = given["streaming_api_proof_paths"]
    if built.get("proof_paths") is not None:
        paths = [path for path in paths if path in built["proof_paths"]]
    probe = given["streaming_api_probe"] and built.get("probe") is not False
    return Choice(bool(probe and (has_token or not plan.is_live)), paths)


def on_socket(choice: Choice) -> list[Stream]:
    """The streams that are measured on the release's own socket."""
    probe = [Stream(PROBE, PROBE)] if choice.probe else []
    return probe + [Stream(path, path) for path in choice.paths]


def through_nginx(
    choice: Choice, locations: Sequence[Mapping[str, Any]], stripped: str = ""
) -> list[Stream]:
    """The streams that are measured through Nginx: the probe in each location that has paths.

    ``stripped`` is what Nginx takes away from the begin of each path.
    """
    found = (_PREFIX_LOCATION.match(location["path"]) for location in locations)
    prefixes = [match.group(2).rstrip("/") for match in found if match]
    probes = [Stream(prefix + PROBE, PROBE) for prefix in prefixes] if choice.probe else []
    return probes + [Stream(stripped + path, path) for path in choice.paths]


# --- layers, as options of stream_latency ---


def layer_gunicorn(app: App, socket: str, stream: Stream) -> dict[str, Any]:
    return {
        "name": "gunicorn",
        "url": f"http://{app.headers.get(HOST, app.server_name)}{stream.on_socket}",
        "unix_socket": socket,
        "headers": {name: value for name, value in app.headers.items() if name != HOST},
    }


def layer_nginx(app: App, stream: Stream) -> dict[str, Any]:
    return {
        "name": "nginx",
        "url": f"{app.scheme}://{app.server_name}:{app.port}{stream.path}",
        "address": f"127.0.0.1:{app.port}",
        "validate_certs": False,  # the public name may still point elsewhere
    }


def below(app: App, stream: Stream) -> str:
    """The path of a stream below that of the app, which the public URL is the URL of."""
    return stream.path[len(app.path) - 1 :]


class Outside(NamedTuple):
    """What the controller measures: a stream, at the host itself and at the public URL.

    ``seen`` is None and ``layers`` is empty if no stream may be read. ``skips_origin``: why the
    stream is read at the public URL only, '' if it is not.
    """

    seen: Measured | None
    layers: list[dict[str, Any]]
    skips_origin: str


def outside(app: App, given: Mapping[str, Any], host: str, measured: Sequence[Measured]) -> Outside:
    """Choose what the controller measures: the first stream that needs no login.

    The probe's token leaves the controller over verified TLS only, so that nobody else can read it.
    ``host`` is the host's address.
    """
    public = given["streaming_api_public_url"]
    trusted = given["streaming_api_tls"] in ("provided", "acme")
    is_open = [
        one
        for one in measured
        if one.streams and (public.startswith("https:") or not one.stream.is_probe)
    ]
    if not public or not is_open:
        return Outside(None, [], skips_origin="")
    seen = is_open[0]
    skips = "" if trusted or not seen.stream.is_probe else UNVERIFIED
    if given["streaming_api_edge"] != "none":
        skips = EDGE_ONLY
    url, path = urlsplit(public), below(app, seen.stream)
    address = f"[{host}]" if ":" in host and not host.startswith("[") else host
    origin = {
        "name": "origin",
        "url": f"{app.scheme}://{url.hostname}:{app.port}{url.path.rstrip('/')}{path}",
        "address": f"{address}:{app.port}",
        "validate_certs": trusted,
    }
    world = {"name": "public", "url": f"{public.rstrip('/')}{path}"}
    return Outside(seen, [world] if skips else [origin, world], skips_origin=skips)


# --- results ---


def _answer(measured: Sequence[Measured]) -> Mapping[str, Any]:
    """The first timeline of the first probe through Nginx. It names who answered."""
    for one in measured:
        if one.stream.on_socket == PROBE:
            layers = one.result.get("measured") or [{}]
            identity = layers[-1].get("passes", {}).get("identity") or {}
            timelines = identity.get("timelines") or [{}]
            return dict(timelines[0])
    return {}


def answers_instead(measured: Sequence[Measured], release: str) -> str:
    """One sentence that names who answers the probe through Nginx in place of the release.

    Empty if the release answers. Also empty if nobody can tell, because the location needs a login.
    """
    answer = _answer(measured)
    if answer.get("status") == 404:
        path = next(one.stream.shown for one in measured if one.stream.on_socket == PROBE)
        return (
            f"{path} is not found there (404): another site with the same name, an exact location "
            "or `extra` takes its requests."
        )
    found = (answer.get("server") or {}).get("release")
    if answer.get("status") != 200 or found == release:
        return ""
    who = f"release {found}" if found else "something else"
    return f"{who} answers, perhaps through another site with the same name."


def only_from_front(measured: Sequence[Measured]) -> bool:
    """Whether only the probe was seen to stream, and that in front of the app's own middleware."""
    streaming = [one for one in measured if one.streams]
    server = _answer(streaming).get("server") or {}
    return server.get("at") == "front" and all(one.stream.on_socket == PROBE for one in streaming)
