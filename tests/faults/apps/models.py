"""What models and jobs send: pauses for thought, bursts, odd chunks; no event says when it was sent.

All of it is healthy: what is slow here is what makes the events, not what passes them on.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable, Iterable

from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

chance = random.Random()  # noqa: S311
SSE = "text/event-stream"
NDJSON = "application/x-ndjson"
TEXT = "text/plain"
DONE = "data: [DONE]\n\n"

Steps = Iterable[tuple[float, str]]  # how long to wait, and what to send then

app = FastAPI()


class Question(BaseModel):
    """What a chat's client sends."""

    model: str
    messages: list[dict[str, str]]
    stream: bool = False


async def paced(steps: Steps) -> AsyncIterator[str]:
    """One after the other."""
    for wait, text in steps:
        await asyncio.sleep(wait)
        yield text


def word() -> str:
    """A token, as a model would say it."""
    return "".join(chance.choices("abcdefgh", k=chance.randint(1, 9)))


def delta() -> str:
    """A token in the terms of a chat's API."""
    return json.dumps({"choices": [{"delta": {"content": word()}}]})


def event() -> str:
    """A token as an event."""
    return f"data: {delta()}\n\n"


def even(seconds: float, count: int, make: Callable[[], str] = event) -> Steps:
    """An even cadence."""
    return ((seconds, make()) for _ in range(count))


def answer(steps: Steps, kind: str = SSE) -> StreamingResponse:
    """Stream them."""
    return StreamingResponse(paced(steps), media_type=kind)


def thought() -> float:
    """How long a model thinks before it answers."""
    return chance.uniform(0, 2)


def length() -> int:
    """Of an answer, in tokens."""
    return chance.randint(5, 60)


@app.get("/thinks")
async def thinks() -> StreamingResponse:
    """Before the headers."""
    await asyncio.sleep(thought())
    return answer(even(0.02, 25))


@app.get("/thinks-first")
async def thinks_first() -> StreamingResponse:
    """After the headers, before the first event."""
    return answer([(thought(), event()), *even(0.02, 25)])


@app.get("/tool-call")
async def tool_call() -> StreamingResponse:
    """Words, a tool that takes a while, and more words."""
    return answer([*even(0.02, 10), (1.5, event()), *even(0.02, 15)])


@app.get("/cached")
async def cached() -> StreamingResponse:
    """Known questions are answered at once, others after a thought."""
    await asyncio.sleep(chance.choice((0, 1.5)))
    return answer(even(0.02, 25))


@app.get("/silent")
async def silent() -> StreamingResponse:
    """Nothing more to say, for now."""
    return answer([*even(0.05, 5), (3600, DONE)])


@app.get("/batches")
async def batches() -> StreamingResponse:
    """Ten rows of a database at a time."""
    return answer(even(0.4, 6, lambda: "data: row\n\n" * 10))


@app.get("/bursty")
async def bursty() -> StreamingResponse:
    """Most tokens come at once, eight of them after a quarter of a second."""
    late = chance.sample(range(40), 8)  # never none: that would look like a cache
    return answer((0.25 if n in late else 0, event()) for n in range(40))


@app.get("/jittered")
async def jittered() -> StreamingResponse:
    """Each pause is independent of the one before it."""
    return answer((chance.expovariate(25), event()) for _ in range(40))


@app.get("/warms-up")
async def warms_up() -> StreamingResponse:
    """Slow at first, then fast."""
    return answer([*even(0.3, 4), *even(0.01, 60)])


@app.get("/tires")
async def tires() -> StreamingResponse:
    """Fast at first, then slow."""
    return answer([*even(0.01, 60), *even(0.3, 4)])


@app.get("/heartbeats")
async def heartbeats() -> StreamingResponse:
    """Comments keep the connection alive between rare events."""
    return answer((0.1, event() if number % 6 == 5 else ": still here\n\n") for number in range(24))


@app.get("/token-lines")
async def token_lines() -> StreamingResponse:
    """A line of JSON for each token."""
    return answer(even(0.03, 40, lambda: delta() + "\n"), NDJSON)


@app.get("/token-text")
async def token_text() -> StreamingResponse:
    """Bare words, with pauses of their own."""
    return answer(((chance.expovariate(30), word() + " ") for _ in range(40)), TEXT)


@app.get("/long-lines")
async def long_lines() -> StreamingResponse:
    """Lines of 20 KiB, longer than most buffers."""
    line = json.dumps({"rows": ["x" * 100] * 200}) + "\n"
    return answer(even(0.05, 20, lambda: line), NDJSON)


@app.get("/few/{count}")
async def few(count: int) -> StreamingResponse:
    """So few events that there is little to judge by."""
    return answer(even(0.1, count))


@app.get("/answer")
async def random_answer() -> StreamingResponse:
    """Of random length, with the end that a chat's API sends."""
    return answer([*even(0.02, length()), (0, DONE)])


@app.get("/answer-open")
async def open_answer() -> StreamingResponse:
    """Of random length; only the end of the response is its end."""
    return answer(even(0.02, length()))


@app.get("/answer-text")
async def text_answer() -> StreamingResponse:
    """Of random length, in bare words."""
    return answer(even(0.02, length(), lambda: word() + " "), TEXT)


@app.get("/answer-bursty")
async def bursty_answer() -> StreamingResponse:
    """Of random length and cadence, after a thought."""
    steps = [(chance.expovariate(30), event()) for _ in range(length())]
    return answer([(thought(), event()), *steps, (0, DONE)])


@app.post("/chat/completions")
async def completions(question: Question) -> StreamingResponse:
    """Answer, with a first event that has no words, as a chat's API does."""
    role = json.dumps({"model": question.model, "choices": [{"delta": {"role": "assistant"}}]})
    return answer([(0.1, f"data: {role}\n\n"), *even(0.03, 30), (0, DONE)])


@app.get("/halves")
async def halves() -> StreamingResponse:
    """Chunks that begin and end within events."""
    text = "".join(event() for _ in range(40))
    return answer((0.02, text[at : at + 31]) for at in range(0, len(text), 31))


@app.get("/field-by-field")
async def field_by_field() -> StreamingResponse:
    """The two halves of an event one right after the other, as a template writes them."""
    return answer(
        step for n in range(30) for step in ((0.03, f"id: {n}\n"), (0.0, f"data: {delta()}\n\n"))
    )


@app.get("/unicode")
async def unicode() -> StreamingResponse:
    """Characters of two, three and four bytes."""
    return answer(even(0.02, 30, lambda: f"data: {chance.choice('éß日本語🎈🚀')}\n\n"))


@app.get("/split-unicode")
async def split_unicode() -> StreamingResponse:
    """Chunks that begin and end within characters."""
    body = ("data: 日本語🎈\n\n" * 30).encode()

    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(body), 11):
            yield body[at : at + 11]
            await asyncio.sleep(0.02)

    return StreamingResponse(pieces(), media_type=SSE)


@app.get("/crlf")
async def crlf() -> StreamingResponse:
    """Lines that end as those of HTTP."""
    return answer(even(0.02, 30, lambda: f"event: token\r\ndata: {word()}\r\n\r\n"))


@app.get("/resumable")
async def resumable() -> StreamingResponse:
    """Events with an id, from which a client goes on, and the time after which it comes again."""
    events = ((0.03, f"id: {n}\ndata: {word()}\n\n") for n in range(30))
    return answer([(0, "retry: 3000\n\n"), *events])


@app.get("/multi-line")
async def multi_line() -> StreamingResponse:
    """Several lines of data in each event."""
    return answer(even(0.03, 30, lambda: f"data: {word()}\ndata:\ndata: {word()}\n\n"))
