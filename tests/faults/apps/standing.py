"""An app whose own work beside the streams blocks the event loop for a second, again and again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from probed import TOKEN
from starlette.applications import Starlette
from stream_probe import Probe

WORK = 0.9  # seconds
REST = 0.3


async def work(threaded: bool) -> None:
    """Work without end."""
    while True:
        if threaded:
            await asyncio.to_thread(time.sleep, WORK)
        else:
            time.sleep(WORK)  # noqa: ASYNC251
        await asyncio.sleep(REST)


def app_that_works(*, threaded: bool) -> Probe:
    """An app that works as long as it lives."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        task = asyncio.create_task(work(threaded))
        yield
        task.cancel()

    return Probe(Starlette(lifespan=lifespan), TOKEN)


app = app_that_works(threaded=False)
threaded = app_that_works(threaded=True)
