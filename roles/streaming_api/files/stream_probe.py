# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Add a stream to measure to an ASGI 3 app. Only requests with the token get the stream.

``Probe`` answers every path that ends in ``/.stream-probe`` with numbered events and their send
times, if the request has the token. All other requests reach the app unchanged: without the token
nobody can tell that there is a probe.

In a Starlette or FastAPI app the stream starts behind the app's middleware, like the app's own
streams. In other apps, or if a middleware answers the request itself, the stream starts in front of
the app. ``at`` in the first event says where.

Needs only the standard library of Python >= 3.8.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import os
import sys
import time
from pathlib import Path
from typing import Any, Awaitable, Callable, MutableMapping, NamedTuple
from urllib.parse import parse_qsl

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

SUFFIX = "/.stream-probe"
HEADER = b"x-stream-probe-token"
VISIT = "stream_probe.visit"  # in the scope of a request of ours
CREDENTIAL = "probe-token"
WRAPPERS = 100  # more than any app has around it
PATIENCE = 1.0  # seconds that an app has to notice that it is cancelled

# The options of a request: type, default, minimum and maximum.
OPTIONS: dict[str, tuple[type, float, float, float]] = {
    "count": (int, 50, 1, 100_000),  # events between the first and the last
    "interval": (float, 0.02, 0.001, 60),  # seconds between two events
    "size": (int, 0, 0, 65_536),  # bytes of padding in each event
    "silence": (float, 0, 0, 600),  # seconds after the first event
    "hold": (float, 0, 0, 600),  # seconds between the headers and the first event
}
FORMATS = {
    "sse": ("text/event-stream", "id: {n}\ndata: {event}\n\n"),
    "ndjson": ("application/x-ndjson", "{event}\n"),
    "text": ("text/plain", "event {event}\n"),
}


class Asked(NamedTuple):
    """The stream that a request asks for."""

    ticks: int
    interval: float
    size: int
    silence: float
    hold: float
    format: str
    front: bool
    reads: bool  # the request's body, piece by piece

    @classmethod
    def of(cls, scope: Message) -> Asked:
        """Raise ValueError with one sentence about a wrong option."""
        if scope["method"] not in ("GET", "POST"):
            raise ValueError(f"The method is {scope['method']}; allowed are GET and POST.")
        query = dict(parse_qsl(scope.get("query_string", b"").decode("latin-1")))
        format_ = query.get("format", "sse")
        if format_ not in FORMATS:
            raise ValueError(f"format is {format_!r}; allowed are {', '.join(FORMATS)}.")
        ticks, interval, size, silence, hold = (_number(name, query) for name in OPTIONS)
        front, reads = query.get("at") == "front", scope["method"] == "POST"
        return cls(ticks, interval, size, silence, hold, format_, front, reads)


def _number(name: str, query: dict[str, str]) -> Any:
    kind, default, least, most = OPTIONS[name]
    given = query.get(name, default)
    try:
        value = kind(given)
    except ValueError:
        value = None
    if value is None or not least <= value <= most:
        raise ValueError(f"{name} is {given!r}; allowed is a number from {least} to {most}.")
    return value


class Probe:
    """The app with the probe beside it."""

    def __init__(self, app: App, token: str, release: str = "") -> None:
        """Answer requests with this token. With an empty token, answer nobody."""
        self._app = app
        self._token = token.encode()
        self._release = release
        self._open = 0

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        self._open += 1
        try:
            if scope["path"].endswith(SUFFIX) and self._has_token(scope):
                await self._answer(scope, receive, send)
            else:
                await self._app(scope, receive, send)
        finally:
            self._open -= 1

    def _has_token(self, scope: Message) -> bool:
        given = next((value for name, value in scope["headers"] if name.lower() == HEADER), b"")
        return bool(self._token) and hmac.compare_digest(given, self._token)

    async def _answer(self, scope: Message, receive: Receive, send: Send) -> None:
        try:
            asked = Asked.of(scope)
        except ValueError as error:
            await _refuse(send, 400, str(error))
            return
        visit = Visit(asked, receive, send, self._hello)
        goes_in = not asked.front and make_way_in(self._app)
        if not goes_in or not await visit.pass_through(self._app, scope):
            await visit.stream("front", visit.receive, send)

    def _hello(self) -> dict[str, Any]:
        """What the first event says of this process; its own request is one of those open."""
        return {
            "clock": BOOT,
            "pid": os.getpid(),
            "release": self._release,
            "open_streams": self._open,
        }


class Visit:
    """A request for the probe. It may pass through the app before the answer."""

    def __init__(
        self, asked: Asked, receive: Receive, send: Send, hello: Callable[[], dict[str, Any]]
    ) -> None:
        self._asked, self._receive, self._send, self._hello = asked, receive, send, hello
        self._arrived = False
        self._body_ended = False

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request" and not message.get("more_body"):
            self._body_ended = True
        return message

    async def pass_through(self, app: App, scope: Message) -> bool:
        """Call the app. False if the app did not reach the probe's route; nothing was sent then."""
        turned_away = asyncio.get_running_loop().create_future()

        async def send(message: Message) -> None:
            if not self._arrived:  # the app's own answer, which must not be sent
                if not turned_away.done():
                    turned_away.set_result(None)
                await asyncio.Event().wait()
            await self._send(message)

        calls = asyncio.ensure_future(app({**scope, VISIT: self}, self.receive, send))
        try:
            await asyncio.wait({calls, turned_away}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not calls.done():
                calls.cancel()
                await asyncio.wait({calls}, timeout=PATIENCE)
        if self._arrived:
            calls.result()
        elif calls.done() and not calls.cancelled():
            calls.exception()  # its failure is not what is asked for
        return self._arrived

    async def arrive(self, receive: Receive, send: Send) -> None:
        """Answer from inside the app."""
        self._arrived = True
        await self.stream("inside", receive, send)

    async def stream(self, at: str, receive: Receive, send: Send) -> None:
        """Send the stream, until its end or until the client leaves."""
        # What the app has read before it turned us away does not come again.
        reads = self._asked.reads and not (at == "front" and self._body_ended)
        stream = Stream(self._asked, receive, send)
        with contextlib.suppress(ClientLeftError):
            await stream.run(lambda: {"at": at, **self._hello()}, reads=reads)


class ClientLeftError(Exception):
    """Nobody reads any more."""


class Stream:
    """The events of one answer."""

    def __init__(self, asked: Asked, receive: Receive, send: Send) -> None:
        self._asked, self._receive, self._send = asked, receive, send
        self._left: asyncio.Future[None] | None = None  # done when the client has left

    async def run(self, hello: Callable[[], dict[str, Any]], *, reads: bool) -> None:
        """Send all of it; raise ClientLeftError when the client leaves before the end."""
        asked = self._asked
        headers = [(b"content-type", FORMATS[asked.format][0].encode())]
        opened = time.monotonic()
        await self._send({"type": "http.response.start", "status": 200, "headers": headers})
        try:
            if not reads:
                self._watch()
            await self._pause(asked.hold)
            await self._tell("hello", 0, opened_monotonic=opened, **hello())
            if reads:
                await self._acknowledge()
                self._watch()
            await self._tick()
        finally:
            if self._left:
                self._left.cancel()

    async def _tick(self) -> None:
        asked, padding = self._asked, "." * self._asked.size
        due = time.monotonic() + asked.silence
        for n in range(1, asked.ticks + 1):
            await self._pause(due - time.monotonic())
            await self._tell("tick", n, padding=padding)
            # On a busy machine an event may be late, but no two are ever sent at once.
            due = max(due, time.monotonic() - asked.interval / 2) + asked.interval
        await self._pause(due - time.monotonic())
        await self._tell("end", asked.ticks + 1)

    async def _acknowledge(self) -> None:
        """Answer each piece of the request's body when it comes."""
        pieces, more = 0, True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientLeftError
            if message.get("body"):
                pieces += 1
                await self._tell("received", pieces, bytes=len(message["body"]))
            more = message.get("more_body", False)

    async def _tell(self, event: str, n: int, **more: Any) -> None:
        values = {"event": event, "n": n, **more, "sent_monotonic": time.monotonic()}
        text = FORMATS[self._asked.format][1].format(n=n, event=json.dumps(values))
        more_body = event != "end"
        await self._send(
            {"type": "http.response.body", "body": text.encode(), "more_body": more_body}
        )

    def _watch(self) -> None:
        """From now on expect nothing from the client but its leaving."""
        self._left = asyncio.ensure_future(_wait_for_leave(self._receive))

    async def _pause(self, seconds: float) -> None:
        if self._left is None:
            await asyncio.sleep(seconds)
            return
        done, _ = await asyncio.wait({self._left}, timeout=max(seconds, 0))
        if done:
            self._left.result()
            raise ClientLeftError


async def _wait_for_leave(receive: Receive) -> None:
    ended = False
    while (message := await receive())["type"] != "http.disconnect":
        if ended:  # a middleware that says the same again and again
            await asyncio.Event().wait()
        ended = not message.get("more_body")


async def _refuse(send: Send, status: int, sentence: str) -> None:
    headers = [(b"content-type", b"text/plain")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": sentence.encode()})


def make_way_in(app: Any) -> bool:
    """Give the innermost Starlette app the probe's route, as the first. False without such an app.

    The app has imported Starlette if it is made of it, so nothing is imported here.
    """
    routing: Any = sys.modules.get("starlette.routing")
    for _ in range(WRAPPERS if routing else 0):
        router = getattr(app, "router", app)
        if isinstance(router, routing.Router):
            if not any(getattr(route, "path", "") == SUFFIX for route in router.routes[:1]):
                router.routes.insert(0, _way_in(routing))
            return True
        app = getattr(app, "app", None)
    return False


def _way_in(routing: Any) -> Any:
    class WayIn(routing.BaseRoute):  # type: ignore[misc]
        """A route that only a request for the probe takes."""

        # What one may read of any route.
        path, name, methods, include_in_schema = SUFFIX, "stream_probe", ("GET", "POST"), False

        def matches(self, scope: Message) -> tuple[Any, Message]:
            return (routing.Match.FULL if VISIT in scope else routing.Match.NONE), {}

        def url_path_for(self, name: str, /, **params: Any) -> Any:
            raise routing.NoMatchFound(name, params)

        async def handle(self, scope: Message, receive: Receive, send: Send) -> None:
            await scope[VISIT].arrive(receive, send)

    return WayIn()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:
        return ""


BOOT = _text(Path("/proc/sys/kernel/random/boot_id"))


def serve(app: str) -> Probe:
    """The app that Gunicorn serves: the app with this name, and the probe."""
    from gunicorn.util import import_app  # noqa: PLC0415 - nothing else here needs Gunicorn

    token = _text(Path(os.environ.get("CREDENTIALS_DIRECTORY", "/nowhere"), CREDENTIAL))
    return Probe(import_app(app), token, Path(__file__).parent.name)
