"""The reference app, and what it sees of a request."""

from collections import Counter
from typing import Any

from fastapi import Request, Response
from main import app

reached: Counter[str] = Counter()


@app.middleware("http")
async def count(request: Request, call_next: Any) -> Any:
    """Count the requests with a name that reach the app: GET /reached/NAME, or any path ?as=NAME."""
    reached[request.query_params.get("as", request.url.path)] += 1
    return await call_next(request)


@app.get("/fat")
async def fat(length: int) -> Response:
    """An answer with a large header, as a session in cookies makes it."""
    return Response("fat", headers={"Set-Cookie": "session=" + "a" * length})


@app.get("/reached")
async def counts() -> dict[str, int]:
    """How often each was seen."""
    return dict(reached)


@app.api_route("/seen", methods=["GET", "POST", "PUT"])
async def seen(request: Request) -> dict[str, Any]:
    """Who asks, as the app believes, and the headers that came."""
    body = await request.body()
    return {
        "client": request.client.host if request.client else "",
        "url": str(request.url),
        "headers": [
            [name.decode(), value.decode("latin-1")] for name, value in request.headers.raw
        ],
        "body": len(body),
    }
