"""Starlette and FastAPI apps behind the probe: prints, as JSON, what a client gets of each.

test_probe_inside.py runs it with the Python of the reference app's tests, which has both.
"""

# ruff: noqa: ARG001, ARG002 - the signatures are those of ASGI and Starlette

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from fastapi import Depends, FastAPI, HTTPException
from fastapi.middleware.gzip import GZipMiddleware
from main import app as reference
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Mount, Route

from roles.streaming_api.files.stream_counts import Counts
from roles.streaming_api.files.stream_probe import Probe
from tests.unit.asgi_client import TOKEN, Answer, ask

QUERY = "count=5&interval=0.01"


class Wrapper:
    """A pure ASGI middleware that passes all on."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(dict(scope), receive, send)


class Lumper(Wrapper):
    """Joins the whole body."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        held: list[bytes] = []

        async def hold(message: Any) -> None:
            if message["type"] == "http.response.body":
                held.append(message.get("body", b""))
                if message.get("more_body"):
                    return
                message = {**message, "body": b"".join(held)}
            await send(message)

        await self.app(scope, receive, hold)


class Counting(BaseHTTPMiddleware):
    async def dispatch(self, request: Request, call_next: Any) -> Response:
        response: Response = await call_next(request)
        response.headers["x-seen"] = "yes"
        return response


class ReadsBody(BaseHTTPMiddleware):
    async def dispatch(self, request: Request, call_next: Any) -> Response:
        await request.body()
        answer: Response = await call_next(request)
        return answer


class ReadsBodyAndRefuses(BaseHTTPMiddleware):
    async def dispatch(self, request: Request, call_next: Any) -> Response:
        await request.body()
        return PlainTextResponse("no", 401)


class Refuses(BaseHTTPMiddleware):
    async def dispatch(self, request: Request, call_next: Any) -> Response:
        return PlainTextResponse("no", 401)


class Redirects(BaseHTTPMiddleware):
    async def dispatch(self, request: Request, call_next: Any) -> Response:
        return RedirectResponse("https://example.org/")


class Fails(BaseHTTPMiddleware):
    async def dispatch(self, request: Request, call_next: Any) -> Response:
        raise RuntimeError("always")


class Streams(BaseHTTPMiddleware):
    """Answers itself, by a stream without an end."""

    async def dispatch(self, request: Request, call_next: Any) -> Response:
        async def forever() -> AsyncIterator[bytes]:
            while True:
                yield b"."
                await asyncio.sleep(0.01)

        return StreamingResponse(forever())


class Blocks(BaseHTTPMiddleware):
    """As slow as a busy machine."""

    async def dispatch(self, request: Request, call_next: Any) -> Response:
        time.sleep(0.15)  # noqa: ASYNC251 - that is the point
        response: Response = await call_next(request)
        return response


async def catch_all(request: Request) -> Response:
    return PlainTextResponse("mine")


def starlette(*middleware: Any) -> Starlette:
    routes = [Route("/{path:path}", catch_all, methods=["GET", "POST"])]
    return Starlette(routes=routes, middleware=[Middleware(each) for each in middleware])


def fastapi(**options: Any) -> FastAPI:
    app = FastAPI(**options)
    app.add_api_route("/{path:path}", lambda path: path)
    return app


def forbidden() -> None:
    raise HTTPException(403)


class NotStarlette:
    """Its `routes` are no routes of Starlette's."""

    routes = ((r"^/$", None),)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError("nobody asks this app")


Ask = Callable[[Any], Awaitable[Answer]]


def get(query: str = QUERY, **options: Any) -> Ask:
    return lambda probe: ask(probe, query, **options)


def post(query: str = QUERY) -> Ask:
    pieces = ((0.0, b"a"), (0.05, b"bc"))
    return lambda probe: ask(probe, query, method="POST", pieces=pieces)


CASES: dict[str, tuple[Callable[[], Any], Ask]] = {
    "starlette": (starlette, get()),
    "fastapi": (fastapi, get()),
    "reference": (lambda: reference, get()),
    "wrapped": (lambda: Wrapper(Wrapper(fastapi())), get()),
    "counted": (lambda: Counts(fastapi(), ""), get()),
    "mount of apps": (lambda: Starlette(routes=[Mount("/", fastapi())]), get()),
    "dependencies": (lambda: fastapi(dependencies=[Depends(forbidden)]), get()),
    "middleware": (lambda: starlette(Counting), get()),
    "middleware, post": (lambda: starlette(Counting), post()),
    "lumps": (lambda: starlette(Lumper), get()),
    "lumps, front": (lambda: starlette(Lumper), get(QUERY + "&at=front")),
    "lumps outside": (lambda: Lumper(starlette()), get()),
    "gzip": (lambda: starlette(GZipMiddleware), get()),
    "reads the body": (lambda: starlette(ReadsBody), get()),
    "reads the body, post": (lambda: starlette(ReadsBody), post()),
    "refuses": (lambda: starlette(Refuses), get()),
    "refuses, post": (lambda: starlette(Refuses), post()),
    "reads and refuses, post": (lambda: starlette(ReadsBodyAndRefuses), post()),
    "redirects": (lambda: starlette(Redirects), get()),
    "fails": (lambda: starlette(Fails), get()),
    "streams": (lambda: starlette(Streams), get()),
    "blocks": (lambda: starlette(Blocks), get()),
    "no starlette": (NotStarlette, get()),
    "no token": (starlette, get(token="wrong")),
    "leaves": (lambda: starlette(Counting), get("count=1000&interval=0.02", stays=1.0)),
    "path of the app": (starlette, get(path="/x")),
}


async def run(make: Callable[[], Any], asks: Ask) -> dict[str, Any]:
    asyncio.get_running_loop().slow_callback_duration = 60  # what is slow here is the machine
    app = make()
    probe = Probe(app, TOKEN)
    answers = [await asks(probe) for _ in range(2)]
    paths = [getattr(route, "path", "") for route in getattr(app, "routes", [])]
    first, second = answers
    events = first.events if "{" in first.text else []
    return {
        "status": first.status,
        "headers": first.headers,
        "at": events[0]["at"] if events else "",
        "events": [event["event"] for event in events],
        "chunks": len(first.chunks),
        "complete": first.complete,
        "open": [events[0]["open_streams"], second.events[0]["open_streams"]] if events else [],
        "ways in": paths.count("/.stream-probe"),
    }


def main() -> None:
    results = {name: asyncio.run(run(make, asks)) for name, (make, asks) in CASES.items()}
    results["schema"] = {"paths": sorted(reference.openapi()["paths"])}
    print(json.dumps(results))


if __name__ == "__main__":
    main()
