"""Ask an ASGI app by hand: what it sends, and when; and a client that sends a body, or leaves."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import time
from typing import Any

TOKEN = "s3cret"
PATH = "/api/.stream-probe"


@dataclasses.dataclass
class Answer:
    """What came: the messages of the app, and when each did, in seconds of one clock."""

    messages: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    times: list[float] = dataclasses.field(default_factory=list)

    @property
    def status(self) -> int:
        return self.messages[0]["status"] if self.messages else 0

    @property
    def headers(self) -> dict[str, str]:
        return {k.decode().lower(): v.decode() for k, v in self.messages[0]["headers"]}

    @property
    def chunks(self) -> list[bytes]:
        return [message["body"] for message in self.messages[1:] if message.get("body")]

    @property
    def text(self) -> str:
        return b"".join(self.chunks).decode()

    @property
    def events(self) -> list[dict[str, Any]]:
        """The JSON objects, whatever stands around them."""
        lines = (line[line.find("{") :] for line in self.text.splitlines() if "{" in line)
        return [json.loads(line) for line in lines]

    @property
    def complete(self) -> bool:
        return bool(self.messages) and not self.messages[-1].get("more_body", True)


async def ask(
    app: Any,
    query: str = "",
    *,
    path: str = PATH,
    token: str | None = TOKEN,
    method: str = "GET",
    pieces: tuple[tuple[float, bytes], ...] = (),
    stays: float = 10.0,
) -> Answer:
    """One request; `pieces` of the body come after so many seconds each, the client `stays`."""
    answer = Answer()
    left = asyncio.Event()
    body = [*pieces] if pieces else [(0.0, b"")]

    async def receive() -> dict[str, Any]:
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(left.wait(), body[0][0] if body else None)
            return {"type": "http.disconnect"}
        _, piece = body.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(body)}

    async def send(message: dict[str, Any]) -> None:
        answer.messages.append(message)
        answer.times.append(time.monotonic())

    headers = [(b"host", b"localhost")]
    if token is not None:
        headers.append((b"x-stream-probe-token", token.encode()))
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    calls = asyncio.ensure_future(app(scope, receive, send))
    await asyncio.wait({calls}, timeout=stays)
    left.set()
    await asyncio.wait_for(calls, 5)
    return answer
