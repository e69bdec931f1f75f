"""The stream over four transports: SSE, NDJSON, plain text and WebSocket."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from contextlib import aclosing, suppress
from typing import Annotated, Any

from anyio import CancelScope, create_task_group
from fastapi import (
    APIRouter,
    Depends,
    Header,
    HTTPException,
    Query,
    Request,
    Response,
    WebSocket,
    WebSocketDisconnect,
    status,
)
from fastapi.responses import StreamingResponse
from fastapi.routing import APIRoute
from fastapi.sse import EventSourceResponse, ServerSentEvent

from ticks import Echo, Tick, Wanted, ticks

RETRY_MS = 1000  # an EventSource waits this long before it reconnects


class StreamRoute(APIRoute):
    """A route with headers against caching, compression and buffering on the way."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Add the headers to the response of FastAPI."""
        handle = super().get_route_handler()

        async def handle_stream(request: Request) -> Response:
            response = await handle(request)
            response.headers["Cache-Control"] = "no-cache, no-transform"
            response.headers["X-Accel-Buffering"] = "no"
            return response

        return handle_stream


router = APIRouter(prefix="/api", tags=["streams"], route_class=StreamRoute)


def read_wanted(
    query: Annotated[Wanted, Query()],
    last_event_id: Annotated[int | None, Header(ge=0)] = None,
) -> Wanted:
    """Read the query. `Last-Event-ID`, which an EventSource sends by itself, overrides `after`."""
    if last_event_id is not None:
        query = query.model_copy(update={"after": last_event_id})
    if query.after > query.count:  # the client has the end: 204 stops an EventSource
        raise HTTPException(status.HTTP_204_NO_CONTENT)
    return query


WantedStream = Annotated[Wanted, Depends(read_wanted)]


async def open_ticks(wanted: WantedStream) -> AsyncIterator[AsyncGenerator[Tick]]:
    """Open the stream, and close it when the response ends, for whatever reason.

    An abandoned generator runs its `finally` only when the garbage collector finds it, perhaps
    never. So a dependency holds the resources of a stream.
    """
    async with aclosing(ticks(wanted)) as stream:
        yield stream


Ticks = Annotated[AsyncGenerator[Tick], Depends(open_ticks)]


@router.get("/stream", response_class=EventSourceResponse)
async def sse(ticks: Ticks) -> AsyncIterator[ServerSentEvent]:
    """Server-sent events. FastAPI adds a comment after 15 seconds of silence."""
    retry: int | None = RETRY_MS
    async for tick in ticks:
        yield ServerSentEvent(
            data=tick,
            event=None if tick.event == "tick" else tick.event,
            id=None if tick.event == "reconnect" else str(tick.n),
            retry=retry,
        )
        retry = None  # once is enough


class NDJSONResponse(StreamingResponse):
    """One JSON document per line."""

    media_type = "application/x-ndjson"


@router.get("/ndjson", response_class=NDJSONResponse)
async def ndjson(ticks: Ticks) -> AsyncIterator[str]:
    """One JSON object per line."""
    async for tick in ticks:
        yield tick.model_dump_json() + "\n"


class TextResponse(StreamingResponse):
    """Plain text, sent as a stream."""

    media_type = "text/plain"


@router.get("/text", response_class=TextResponse)
async def text(ticks: Ticks) -> AsyncIterator[str]:
    """Words: event, number, the two times, padding."""
    async for tick in ticks:
        line = f"{tick.event} {tick.n} {tick.sent_at} {tick.sent_monotonic} {tick.padding}"
        yield line.rstrip() + "\n"


@router.websocket("/ws")
async def ws(websocket: WebSocket, wanted: WantedStream) -> None:
    """Send each text back with the server's time. The text `stream` starts the stream.

    Keep reading while the stream runs, to notice when the client has gone.
    """
    await websocket.accept()
    playing = CancelScope()
    async with create_task_group() as tasks:
        with suppress(WebSocketDisconnect):
            while (frame := await websocket.receive())["type"] == "websocket.receive":
                match frame.get("text"):
                    case "stream":
                        playing.cancel()  # requested again: start over
                        playing = CancelScope()
                        tasks.start_soon(play, websocket, wanted, playing)
                    case str(text):
                        await websocket.send_text(Echo(echo=text).model_dump_json())
        tasks.cancel_scope.cancel()


async def play(websocket: WebSocket, wanted: Wanted, scope: CancelScope) -> None:
    """Send the stream over a WebSocket."""
    with scope, suppress(WebSocketDisconnect):
        async with aclosing(ticks(wanted)) as stream:
            async for tick in stream:
                await websocket.send_text(tick.model_dump_json())
