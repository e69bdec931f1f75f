# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What each pass asks a layer for, and which passes go together."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any, Callable, Mapping, NamedTuple, Sequence
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from .curl import need
from .reader import SPARE, Disturbance, ReaderError, Request, files_for, read, read_all
from .timeline import Measurement, Timeline

PROBE = "/.stream-probe"  # how the path of the probe endpoint ends
STREAM = ("count", "interval", "size", "silence", "hold", "format")  # what it takes

LARGE = {"size": 1 << 16, "count": 200, "interval": 0.01}  # more than all buffers on the way hold
PIECES = tuple((n * 0.25, b"." * 1024) for n in range(5))  # of an upload: a second
MOST_TLS = 100  # streams of a burst
SHORT = 0.2  # seconds
LONGEST_PATH = 107  # bytes of a unix socket's
ASKS = 8  # to find out how many streams are open: there may be several processes
NOTICE = 3.0  # seconds that the app has to notice that a reader has left


class Layer(NamedTuple):
    """Where to read the stream, and how to ask for it."""

    name: str
    request: Request
    passes: tuple[str, ...] = ("identity", "gzip")


class Plan(NamedTuple):
    """How much the passes ask for; ``stream`` is what the URL's query is to say, by name."""

    stream: Mapping[str, Any] = {}
    parallel: int = 50
    burst: int = 500
    multiplex: int = 150
    leave: int = 20
    idle: float = 5.0  # seconds
    pause: float = 3.0  # seconds


class _Skip(Exception):  # noqa: N818 - it is no error
    """Why a pass makes no sense here."""


def measure(
    layers: Sequence[Layer], plan: Plan | None = None, disturbance: Disturbance | None = None
) -> tuple[Measurement, ...]:
    """Measure layers, one after the other. With a disturbance, which is for all of them, the
    passes that go together are read at all layers at once.
    """
    plan = plan or Plan()
    made = [_Layer(layer, plan) for layer in layers]
    if disturbance:
        _read_together(made, disturbance)
    for one in made:
        if not disturbance:
            _read_together([one])
        one.read_others()
    return tuple(one.measurement() for one in made)


def _read_together(layers: Sequence[_Layer], disturbance: Disturbance | None = None) -> None:
    """The passes that do not disturb each other."""
    asked = [
        (layer, name, request)
        for layer in layers
        for name, requests in layer.together().items()
        for request in requests
    ]
    work = _Work()
    timelines = read_all([request for _, _, request in asked], disturbance=disturbance)
    for (layer, name, _), timeline in zip(asked, timelines):
        layer.passes[name] = (timeline,)
        work.note(name, layer.facts)


class _Work:
    """How much of a CPU the reader takes, and for how much of the time it waits for one. Near 1,
    it is the reader that is slow, or the machine.
    """

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._worked = time.process_time()
        self._waited = _waited()

    def note(self, name: str, facts: dict[str, Any]) -> None:
        """Note it as a fact of a pass; one that ends at once is busy by nature."""
        lasted = time.monotonic() - self._began
        if lasted < SHORT:
            return
        busy, waited = time.process_time() - self._worked, _waited() - self._waited
        facts.setdefault("reader_busy", {})[name] = round(busy / lasted, 2)
        facts.setdefault("reader_waited", {})[name] = round(min(1.0, waited / lasted), 2)


def _waited() -> float:
    """Seconds that this process could have run and was not let (Linux: sched-stats)."""
    try:
        return int(Path("/proc/self/schedstat").read_text(encoding="ascii").split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0


class _Layer:
    """A layer while it is being measured."""

    def __init__(self, layer: Layer, plan: Plan) -> None:
        self.layer = layer
        self.plan = plan
        self.passes: dict[str, tuple[Timeline, ...]] = {}
        self.facts: dict[str, Any] = {}
        self.problem = _problem(layer.request)

    def together(self) -> dict[str, list[Request]]:
        """What can be read at the same time."""
        return {name: requests for name, requests in self._asked() if name in TOGETHER}

    def read_others(self) -> None:
        """What has to be read alone."""
        for name, requests in self._asked():
            if name == "leave":
                self._read_leave(requests)
            elif name == "multiplex":
                self._read_multiplex(requests)
            elif name not in TOGETHER:
                self._read(name, requests)

    def _read(self, name: str, requests: list[Request], *, shared: bool = False) -> None:
        streams = 1 if shared else len(requests)
        files = files_for(streams)
        if streams + SPARE > files:
            self._skip(name, f"this machine may open only {files} files")
            return
        work = _Work()
        self.passes[name] = read_all(requests, shared=shared)
        work.note(name, self.facts)

    def measurement(self) -> Measurement:
        """What was seen, the passes in the order that was asked for."""
        order = [name for name in self.layer.passes if name in self.passes]
        passes = {name: self.passes[name] for name in order}
        for name, (timeline, *_) in passes.items():
            if name == "upload":
                sent = [at for at, what in timeline.marks if what == "sent"]
                self.facts["sent_pieces"] = sent
        url = show(self.layer.request)
        return Measurement(self.layer.name, passes, url, self.facts, self.problem)

    def _asked(self) -> list[tuple[str, list[Request]]]:
        names = () if self.problem else self.layer.passes
        return [(name, requests) for name in names for requests in self._requests(name)]

    def _requests(self, name: str) -> list[list[Request]]:
        """What the pass asks for, or nothing when it makes no sense."""
        try:
            return [REQUESTS[name](_Ask(self.layer.request, self.plan))]
        except _Skip as why:
            self._skip(name, str(why))
            return []

    def _skip(self, name: str, why: str) -> None:
        self.facts.setdefault("skipped", {})[name] = why

    def _read_multiplex(self, requests: list[Request]) -> None:
        """Over HTTP/1.1 each stream would wait for the one before it."""
        if read(requests[0]._replace(events=1)).http != "2":
            self._skip("multiplex", "the server does not speak HTTP/2")
            return
        self._read("multiplex", requests, shared=True)

    def _read_leave(self, requests: list[Request]) -> None:
        ask = _Ask(self.layer.request, self.plan).stream(count=1, interval=0.001)
        before = _open_streams(ask)
        self._read("leave", requests)
        after, until = _open_streams(ask), time.monotonic() + NOTICE
        while _open_in(after, before) > _open_in(before, after) and time.monotonic() < until:
            time.sleep(0.1)
            after = _open_streams(ask)
        if before.keys() & after.keys():
            self.facts["open_before"] = _open_in(before, after)
            self.facts["open_after"] = _open_in(after, before)


def _open_streams(ask: Request) -> dict[Any, int]:
    """How many streams each process has open, besides the one that asks."""
    found: dict[Any, int] = {}
    for _ in range(ASKS):
        said = read(ask).server
        if isinstance(said.get("open_streams"), int):
            pid, others = said.get("pid"), said["open_streams"] - 1
            found[pid] = min(found.get(pid, others), others)
    return found


def _open_in(counts: Mapping[Any, int], known: Mapping[Any, int]) -> int:
    return sum(count for pid, count in counts.items() if pid in known)


class _Ask(NamedTuple):
    """What a pass makes its requests from."""

    base: Request
    plan: Plan

    @property
    def takes_parameters(self) -> bool:
        """Whether the URL's query can say what the stream is to be."""
        return not self.base.command and bool(
            self.plan.stream or urlsplit(self.base.url).path.endswith(PROBE)
        )

    def stream(self, **more: Any) -> Request:
        """The request; ``more`` is what this pass wants of the stream, unless it cannot say."""
        if not self.takes_parameters:
            return self.base
        return self.base._replace(url=with_query(self.base.url, {**self.plan.stream, **more}))

    def http(self) -> None:
        """Raise when there is no request that could be changed."""
        if self.base.command:
            raise _Skip("a command asks as it likes")


def _gzip(ask: _Ask) -> list[Request]:
    ask.http()
    return [ask.stream()._replace(accept_encoding="gzip")]


def _post(ask: _Ask) -> list[Request]:
    ask.http()
    return [ask.stream()._replace(method="POST", body=ask.base.body or b"")]


def _burst(ask: _Ask) -> list[Request]:
    """One reader's handshakes take so long that over TLS a larger burst would be none."""
    tls = urlsplit(ask.base.url).scheme == "https"
    streams = min(ask.plan.burst, MOST_TLS) if tls else ask.plan.burst
    return [ask.stream()._replace(events=1)] * streams


def _multiplex(ask: _Ask) -> list[Request]:
    """Streams that last, of few events: the reader is not to be what is slow."""
    ask.http()
    if urlsplit(ask.base.url).scheme != "https" and ask.base.http != "2-prior-knowledge":
        raise _Skip("HTTP/2 needs TLS, or http: 2-prior-knowledge")
    if ask.base.http not in ("auto", "2", "2-prior-knowledge"):
        raise _Skip(f"http is {ask.base.http}")
    return [ask.stream(count=10, interval=0.1)] * ask.plan.multiplex


def _idle(ask: _Ask) -> list[Request]:
    if not ask.takes_parameters:
        raise _Skip("the stream cannot be told to be silent: give stream, or measure the probe")
    silence, base = ask.plan.idle, ask.stream(silence=ask.plan.idle, count=3)
    return [
        base._replace(
            patience=max(base.patience, silence + 5), seconds=max(base.seconds, silence + 10)
        )
    ]


def _slow(ask: _Ask) -> list[Request]:
    ask.http()
    base, pause = ask.stream(**LARGE), ask.plan.pause
    return [
        base._replace(
            pause=(0.5, pause),
            patience=max(base.patience, pause + 5),
            seconds=base.seconds + pause,
        )
    ]


def _upload(ask: _Ask) -> list[Request]:
    ask.http()
    return [ask.stream(count=10)._replace(method="POST", pieces=PIECES, body=None)]


def _leave(ask: _Ask) -> list[Request]:
    ask.http()
    return [ask.stream(count=1200, interval=0.05)._replace(events=2)] * ask.plan.leave


REQUESTS: dict[str, Callable[[_Ask], list[Request]]] = {
    "identity": lambda ask: [ask.stream()],
    "gzip": _gzip,
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
TOGETHER = ("identity", "gzip", "post", "idle", "upload")


def with_query(url: str, values: Mapping[str, Any]) -> str:
    """The URL with these values in its query, in place of what it had by their names."""
    parts = urlsplit(url)
    kept = [pair for pair in parse_qsl(parts.query, True) if pair[0] not in values]
    new = [
        (name, f"{value:g}" if isinstance(value, float) else value)
        for name, value in values.items()
    ]
    return urlunsplit(parts._replace(query=urlencode(kept + new)))


def show(request: Request) -> str:
    """Where a request goes, for people; without a password, which may be anywhere in a command."""
    if request.command:
        return request.command[0] + (" ..." if request.command[1:] else "")
    parts = urlsplit(request.url)
    url = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    there = f"unix:{request.unix_socket}" if request.unix_socket else request.address
    return f"{url} at {there}" if there else url


def _problem(request: Request) -> str:
    """Why it makes no sense to try: what we lack is no fault of the layer."""
    try:
        if not request.command:
            need(request.http)
    except ReaderError as error:
        return str(error).rstrip(".")
    path = request.unix_socket
    if len(os.fsencode(path)) > LONGEST_PATH:
        return f"the path of the socket is longer than {LONGEST_PATH} bytes: {path}"
    if path:
        try:
            allowed = Path(path).stat() and os.access(path, os.W_OK, effective_ids=True)
        except OSError as error:
            allowed = not isinstance(error, PermissionError)  # the reader says what else it is
        if not allowed:
            return f"no permission on the socket {path}"
    tls = urlsplit(request.url).scheme == "https"
    if tls and request.ca_path and not os.access(request.ca_path, os.R_OK):
        return f"the certificates in {request.ca_path} cannot be read"
    return ""
