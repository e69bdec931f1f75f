"""An app that refuses, in each way that apps and their libraries have."""

from __future__ import annotations

import itertools
import json

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, StreamingResponse
from fastapi.security import HTTPBearer
from starlette.middleware.trustedhost import TrustedHostMiddleware
from ticks import Wanted, events

app = FastAPI()
trusted = TrustedHostMiddleware(app, allowed_hosts=["chat.example.org"])
asked = itertools.count()


def streamed(request: Request) -> StreamingResponse:
    """What is sent to those who are not refused."""
    wanted = Wanted.of(request.url.query)
    return StreamingResponse(events(wanted), media_type=wanted.content_type)


def protocol_error(status: int, message: str) -> JSONResponse:
    """An error in the terms of JSON-RPC, as an MCP server answers."""
    error = {"code": -32600, "message": message}
    return JSONResponse({"jsonrpc": "2.0", "id": "server-error", "error": error}, status)


@app.get("/stream")
async def stream(request: Request) -> StreamingResponse:
    """Refuse nobody; `trusted` does."""
    return streamed(request)


@app.get("/mcp-host", response_model=None)
async def mcp_host(request: Request) -> PlainTextResponse | StreamingResponse:
    """The protection against DNS rebinding, which knows localhost only."""
    if request.url.hostname == "localhost":
        return streamed(request)
    return PlainTextResponse("Invalid Host header", 421)


@app.get("/virtual", response_model=None)
async def virtual(request: Request) -> PlainTextResponse | StreamingResponse:
    """Know one name only, and do not say so."""
    if request.url.hostname == "app":
        return streamed(request)
    return PlainTextResponse("Bad Request (400)", 400)


@app.get("/question")
async def question(request: Request, prompt: str) -> StreamingResponse:
    """Want a field that the reader does not give."""
    del prompt
    return streamed(request)


@app.get("/mcp-session", response_model=None)
async def mcp_session(request: Request) -> JSONResponse | StreamingResponse:
    """Want a header that only an earlier request can have told."""
    if "mcp-session-id" in request.headers:
        return streamed(request)
    return protocol_error(400, "Bad Request: Missing session ID")


@app.get("/mcp-accept", response_model=None)
async def mcp_accept(request: Request) -> JSONResponse | StreamingResponse:
    """Want to hear that the reader knows JSON and events."""
    accepted = request.headers.get("accept", "")
    if "application/json" in accepted and "text/event-stream" in accepted:
        return streamed(request)
    message = "Client must accept both application/json and text/event-stream"
    return protocol_error(406, f"Not Acceptable: {message}")


@app.get("/mcp-type", response_model=None)
async def mcp_type(request: Request) -> PlainTextResponse | StreamingResponse:
    """Want a body that is JSON, and says so."""
    if request.headers.get("content-type") == "application/json":
        return streamed(request)
    return PlainTextResponse("Unsupported Media Type: Content-Type must be application/json", 415)


@app.post("/ask")
async def ask(request: Request) -> StreamingResponse:
    """Take POST only."""
    return streamed(request)


@app.get("/private", dependencies=[Depends(HTTPBearer())])
async def private(request: Request) -> StreamingResponse:
    """Want a token."""
    return streamed(request)


@app.get("/status/{status}", response_model=None)
async def with_status(status: int, request: Request) -> StreamingResponse:
    """Refuse with this all who have no key."""
    if "x-key" in request.headers:
        return streamed(request)
    raise HTTPException(status, headers={"Retry-After": "30"} if status in (429, 503) else None)


@app.get("/upgrade")
async def upgrade() -> PlainTextResponse:
    """Want a newer HTTP, as a service mesh does of one that asks by HTTP/1.0."""
    return PlainTextResponse("", 426, headers={"Upgrade": "HTTP/2.0", "Connection": "Upgrade"})


@app.get("/broken")
async def broken() -> None:
    """Have a bug."""
    raise RuntimeError("a bug")


@app.get("/slash/")
async def slash(request: Request) -> StreamingResponse:
    """Be found with a slash only; without one, the framework redirects."""
    return streamed(request)


@app.get("/elsewhere", response_model=None)
async def elsewhere(request: Request) -> JSONResponse | StreamingResponse:
    """Know the session in every other request, as one of two workers does."""
    if next(asked) % 2:
        return protocol_error(404, "Session not found")
    return streamed(request)


@app.get("/socket")
async def socket() -> PlainTextResponse:
    """Speak WebSockets."""
    return PlainTextResponse(
        "Upgrade Required", 426, headers={"Upgrade": "websocket", "Connection": "Upgrade"}
    )


@app.get("/socket.io/")
async def socket_io() -> PlainTextResponse:
    """Speak a protocol of its own."""
    found = json.dumps({"code": 0, "message": "Transport unknown"})
    return PlainTextResponse(found, 400, media_type="application/json")


@app.get("/page")
async def page() -> HTMLResponse:
    """The page of the application, which is no stream."""
    return HTMLResponse("<!doctype html>\n<title>Chat</title>\n<div id=app></div>\n")
