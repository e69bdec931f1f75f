# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What each pass asks of a layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Mapping, NamedTuple
from urllib.parse import urlsplit

from .url import with_query

if TYPE_CHECKING:
    from .request import Request

PROBE = "/.stream-probe"  # end of the path of the probe endpoint
STREAM = {  # parameters of the probe's stream, and their types
    "count": "int",
    "interval": "float",
    "size": "int",
    "silence": "float",
    "hold": "float",
    "format": "str",
}

# More than the buffers on the way can hold.
LARGE = {"size": 1 << 16, "count": 200, "interval": 0.01}
PIECES = tuple((n * 0.25, b"." * 1024) for n in range(5))  # of an upload, over one second
BROWSERS = "gzip, deflate, br, zstd"  # what Chrome and Firefox accept, in their words
MOST_TLS = 100  # streams of a burst over TLS


class Plan(NamedTuple):
    """How much the passes ask for. ``stream`` has parameters for the URL's query."""

    stream: Mapping[str, Any] = {}
    parallel: int = 50
    burst: int = 500
    multiplex: int = 150
    leave: int = 20
    idle: float = 5.0  # seconds
    pause: float = 3.0  # seconds


class Skip(Exception):  # noqa: N818 - not an error
    """The pass makes no sense at this layer; says why."""


class Ask(NamedTuple):
    """What a pass needs to make its requests."""

    base: Request
    plan: Plan

    @property
    def takes_parameters(self) -> bool:
        """Whether the URL's query can describe the stream."""
        return not self.base.command and bool(
            self.plan.stream or urlsplit(self.base.url).path.endswith(PROBE)
        )

    def stream(self, **more: Any) -> Request:
        """The request, with ``more`` parameters of the stream if the URL takes parameters."""
        if not self.takes_parameters:
            return self.base
        return self.base._replace(url=with_query(self.base.url, {**self.plan.stream, **more}))

    def http(self) -> None:
        """Raise Skip for a command, which makes its own requests."""
        if self.base.command:
            raise Skip("a command makes its own requests")


def _accepting(encodings: str) -> Callable[[Ask], list[Request]]:
    """One stream that may be compressed in these ways."""

    def requests(ask: Ask) -> list[Request]:
        ask.http()
        if ask.base.header("Accept-Encoding") is not None:
            raise Skip("headers set Accept-Encoding")
        return [ask.stream()._replace(accept_encoding=encodings)]

    return requests


def _post(ask: Ask) -> list[Request]:
    ask.http()
    return [ask.stream()._replace(method="POST", body=ask.base.body or b"")]


def _burst(ask: Ask) -> list[Request]:
    """Over TLS fewer streams: with more handshakes one reader would not open them at once."""
    tls = urlsplit(ask.base.url).scheme == "https"
    streams = min(ask.plan.burst, MOST_TLS) if tls else ask.plan.burst
    return [ask.stream()._replace(events=1)] * streams


def _multiplex(ask: Ask) -> list[Request]:
    """Long streams with few events, so that the reader itself is not slow."""
    ask.http()
    if urlsplit(ask.base.url).scheme != "https" and ask.base.http != "2-prior-knowledge":
        raise Skip("HTTP/2 needs TLS, or http: 2-prior-knowledge")
    if ask.base.http not in ("auto", "2", "2-prior-knowledge"):
        raise Skip(f"http is {ask.base.http}")
    return [ask.stream(count=10, interval=0.1)] * ask.plan.multiplex


def _idle(ask: Ask) -> list[Request]:
    if not ask.takes_parameters:
        raise Skip("the stream takes no parameters: give stream, or measure the probe")
    silence, base = ask.plan.idle, ask.stream(silence=ask.plan.idle, count=3)
    return [
        base._replace(
            patience=max(base.patience, silence + 5),
            seconds=max(base.seconds, silence + 10),
            seconds_of_events=0.0,
        )
    ]


def _slow(ask: Ask) -> list[Request]:
    ask.http()
    base, pause = ask.stream(**LARGE), ask.plan.pause
    return [
        base._replace(
            pause=(0.5, pause),
            patience=max(base.patience, pause + 5),
            seconds=base.seconds + pause,
            seconds_of_events=0.0,
        )
    ]


def _upload(ask: Ask) -> list[Request]:
    ask.http()
    return [ask.stream(count=10)._replace(method="POST", pieces=PIECES, body=None)]


def _leave(ask: Ask) -> list[Request]:
    ask.http()
    return [ask.stream(count=1200, interval=0.05)._replace(events=2)] * ask.plan.leave


REQUESTS: dict[str, Callable[[Ask], list[Request]]] = {
    "identity": lambda ask: [ask.stream()],
    "browser": _accepting(BROWSERS),
    "gzip": _accepting("gzip"),
    "again": lambda ask: [ask.stream()],
    "post": _post,
    "parallel": lambda ask: [ask.stream()] * ask.plan.parallel,
    "burst": _burst,
    "multiplex": _multiplex,
    "idle": _idle,
    "slow": _slow,
    "upload": _upload,
    "leave": _leave,
}
TOGETHER = ("identity", "browser", "gzip", "post", "idle", "upload")
