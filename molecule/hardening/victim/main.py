"""An app with secrets, and nothing to install."""

import asyncio


async def app(scope, receive, send):
    """Send five events; the reader of a long path gets many."""
    if scope["type"] != "http":
        return
    count = 600 if scope["path"] == "/long" else 5
    await send(
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [(b"content-type", b"text/event-stream")],
        }
    )
    for number in range(count):
        await send(
            {"type": "http.response.body", "body": b"data: %d\n\n" % number, "more_body": True}
        )
        await asyncio.sleep(0.1)
    await send({"type": "http.response.body", "body": b""})
