"""The reference app, which can block its event loop."""

import asyncio
import time

from main import app


@app.post("/block")
async def block(seconds: float) -> None:
    """Block the event loop, but for moments, as a call without `await` would."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(1)  # noqa: ASYNC251 - on purpose
        await asyncio.sleep(0)
