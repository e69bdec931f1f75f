"""The stream over four transports: SSE, NDJSON, plain text and WebSocket."""

from contextlib import aclosing, suppress
from typing import Annotated, Any

from anyio import CancelScope, create_task_group
from fastapi import (
    APIRouter,
    Depends,
    Header,
    HTTPException,
    Query,
    WebSocket,
    WebSocketDisconnect,
    status,
)
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event

from response import Stream
from ticks import Echo, Tick, Wanted, ticks

TICK = Tick.model_json_schema()
RETRY_MS = 1000  # an EventSource waits this long before it reconnects


router = APIRouter(prefix="/api", tags=["streams"])


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


def described(media_type: str, schema: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    """Return what the API's documentation says about a stream: each item has this schema."""
    return {200: {"content": {media_type: {"itemSchema": schema}}}}


class EventStream(Stream[Tick | None]):
    """Server-sent events."""

    media_type = "text/event-stream"


@router.get(
    "/stream",
    response_class=EventStream,
    responses=described(
        "text/event-stream",
        {
            "type": "object",
            "properties": {
                "data": {"contentMediaType": "application/json", "contentSchema": TICK},
                "event": {"enum": ["end", "reconnect"]},
                "id": {"type": "integer"},
                "retry": {"type": "integer"},
            },
        },
    ),
)
async def sse(wanted: WantedStream) -> EventStream:
    """Server-sent events, and a comment after 15 seconds of silence."""
    first = wanted.after + 1

    def encode(tick: Tick | None) -> bytes:
        if tick is None:
            return KEEPALIVE_COMMENT
        return format_sse_event(
            data_str=tick.model_dump_json(),
            event=None if tick.event == "tick" else tick.event,
            id=None if tick.event == "reconnect" else str(tick.n),
            retry=RETRY_MS if tick.n == first else None,  # once is enough
        )

    return EventStream(ticks(wanted), encode)


class NDJSON(Stream[Tick | None]):
    """One JSON document per line."""

    media_type = "application/x-ndjson"


@router.get("/ndjson", response_class=NDJSON, responses=described("application/x-ndjson", TICK))
async def ndjson(wanted: WantedStream) -> NDJSON:
    """One JSON object per line."""

    def encode(tick: Tick | None) -> bytes:
        return f"{tick.model_dump_json()}\n".encode() if tick else b""

    return NDJSON(ticks(wanted), encode)


class Text(Stream[Tick | None]):
    """Plain text."""

    media_type = "text/plain"


@router.get("/text", response_class=Text)
async def text(wanted: WantedStream) -> Text:
    """Words: event, number, the two times, padding."""

    def encode(tick: Tick | None) -> bytes:
        if tick is None:
            return b""
        line = f"{tick.event} {tick.n} {tick.sent_at} {tick.sent_monotonic} {tick.padding}"
        return f"{line.rstrip()}\n".encode()

    return Text(ticks(wanted), encode)


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
                if tick is not None:
                    await websocket.send_text(tick.model_dump_json())
