"""Plain ASGI, so that nothing adds a header: the app of bench/settings.py.

Every path streams what the query asks for, with `X-Accel-Buffering: no` if the query has
`polite=1`; `/one` is one short answer.
"""

from __future__ import annotations

from typing import Any

from ticks import Wanted, events


async def app(scope: Any, _: Any, send: Any) -> None:
    """Answer one request."""
    assert scope["type"] == "http"
    if scope["path"] == "/one":
        await begin(send, [(b"content-type", b"text/plain"), (b"content-length", b"3")])
        await send({"type": "http.response.body", "body": b"one"})
        return
    query = scope["query_string"].decode()
    wanted = Wanted.of(query)
    headers = [(b"content-type", wanted.content_type.encode())]
    if "polite=1" in query:
        headers.append((b"x-accel-buffering", b"no"))
    await begin(send, headers)
    async for event in events(wanted):
        await send({"type": "http.response.body", "body": event, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def begin(send: Any, headers: list[tuple[bytes, bytes]]) -> None:
    """Send the headers."""
    await send({"type": "http.response.start", "status": 200, "headers": headers})
