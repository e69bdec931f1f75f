"""The probe's endpoint in front of an app that is no Starlette's."""

from __future__ import annotations

import asyncio
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from roles.streaming_api.files.stream_probe import Probe
from tests.unit.asgi_client import PATH, TOKEN, Answer, ask

BOOT = Path("/proc/sys/kernel/random/boot_id").read_text().strip()


class Recorder:
    """An app that answers 204, and keeps what it was called with."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, Any, Any]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.calls.append((scope, receive, send))
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body", "body": b"", "more_body": False})


def probe(app: Any = None, token: str = TOKEN) -> Probe:
    return Probe(app or Recorder(), token, "0123456789ab")


def asked(query: str = "", **options: Any) -> Answer:
    return asyncio.run(ask(probe(), query, **options))


# --- what is not for it ---


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("http", "/"),
        ("http", "/.stream-probe/x"),
        ("http", "/api/.stream-probes"),
        ("http", "/x.stream-probe"),
        ("websocket", "/.stream-probe"),
        ("lifespan", ""),
    ],
)
def test_the_app_gets_what_the_server_gives(kind: str, path: str) -> None:
    async def receive() -> dict[str, Any]:
        return {}

    async def send(_: Any) -> None:
        return

    app = Recorder()
    scope = {"type": kind, "path": path, "headers": [(b"x-stream-probe-token", TOKEN.encode())]}
    before = dict(scope)
    asyncio.run(probe(app)(scope, receive, send))
    assert app.calls[0][0] is scope and scope == before
    assert app.calls[0][1:] == (receive, send)


@pytest.mark.parametrize("token", [None, "", "wrong", f"{TOKEN}x", TOKEN[:-1], "\xe9"])
def test_without_the_token_the_app_answers(token: str | None) -> None:
    app = Recorder()
    answer = asyncio.run(ask(probe(app), token=token))
    assert (answer.status, len(app.calls), app.calls[0][0]["path"]) == (204, 1, PATH)


@pytest.mark.parametrize("token", [None, "", TOKEN])
def test_no_token_is_nobodys(token: str | None) -> None:
    assert asyncio.run(ask(probe(token=""), token=token)).status == 204


@pytest.mark.parametrize(
    ("query", "options", "words"),
    [
        ("count=0", {}, ("count is '0'", "from 1 to 100000")),
        ("count=100001", {}, ("count is '100001'",)),
        ("count=many", {}, ("count is 'many'",)),
        ("count=1.5", {}, ("count is '1.5'",)),
        ("interval=0", {}, ("interval is '0'", "from 0.001 to 60")),
        ("interval=nan", {}, ("interval is 'nan'",)),
        ("interval=inf", {}, ("interval is 'inf'",)),
        ("size=-1", {}, ("size is '-1'", "from 0 to 65536")),
        ("silence=601", {}, ("silence is '601'",)),
        ("hold=-0.1", {}, ("hold is '-0.1'",)),
        ("format=xml", {}, ("format is 'xml'", "sse, ndjson, text")),
        ("", {"method": "DELETE"}, ("The method is DELETE", "GET and POST")),
    ],
)
def test_what_cannot_be_is_one_sentence(
    query: str, options: dict[str, Any], words: tuple[str, ...]
) -> None:
    answer = asked(query, **options)
    assert answer.status == 400
    assert answer.text.endswith(".") and "\n" not in answer.text
    assert [word for word in words if word not in answer.text] == []


# --- the stream ---


def test_the_events_of_a_stream() -> None:
    before = time.monotonic()
    answer = asked("count=3&interval=0.001&size=4&_=whatever")
    hello, *ticks, end = answer.events
    assert answer.status == 200 and answer.complete
    assert answer.headers == {"content-type": "text/event-stream"}
    assert len(answer.chunks) == 5
    facts = ("event", "n", "clock", "open_streams", "at", "release")
    assert [hello[name] for name in facts] == ["hello", 0, BOOT, 1, "front", "0123456789ab"]
    assert before <= hello["opened_monotonic"] <= hello["sent_monotonic"]
    assert [(tick["event"], tick["n"], tick["padding"]) for tick in ticks] == [
        ("tick", n, "....") for n in (1, 2, 3)
    ]
    assert (end["event"], end["n"]) == ("end", 4)
    sent = [event["sent_monotonic"] for event in answer.events]
    assert sent == sorted(sent)
    assert all(stamp <= at for stamp, at in zip(sent, answer.times[1:], strict=True))


@pytest.mark.parametrize(
    ("format_", "kind", "first"),
    [
        ("sse", "text/event-stream", 'id: 0\ndata: {"event": "hello"'),
        ("ndjson", "application/x-ndjson", '{"event": "hello"'),
        ("text", "text/plain", 'event {"event": "hello"'),
    ],
)
def test_the_formats(format_: str, kind: str, first: str) -> None:
    answer = asked(f"count=1&interval=0.001&format={format_}")
    assert answer.headers == {"content-type": kind}
    assert answer.text.startswith(first)
    assert [event["n"] for event in answer.events] == [0, 1, 2]


def gaps(answer: Answer) -> list[float]:
    return [later - earlier for earlier, later in pairwise(answer.times)]


def test_the_cadence_is_that_of_the_query() -> None:
    """The start of the answer, hello, three ticks and the end: five gaps."""
    _, _, first, second, third = gaps(asked("count=3&interval=0.2&silence=0.8"))[-5:]
    held, silent, *_ = gaps(asked("count=1&interval=0.001&hold=0.5&silence=0.1"))
    assert min(first, second, third) > 0.1
    assert held > silent


def test_the_silence_comes_after_hello() -> None:
    _, silent, *others = gaps(asked("count=3&interval=0.01&silence=1.5"))
    assert silent > max(others)


def test_a_late_event_is_not_followed_by_a_lump() -> None:
    """The loop is blocked for ten intervals; the ticks that fell into it are late, one by one."""

    async def run() -> Answer:
        reading = asyncio.ensure_future(ask(probe(), "count=8&interval=0.04"))
        await asyncio.sleep(0.1)
        time.sleep(0.4)  # noqa: ASYNC251 - that is the point
        return await reading

    assert min(gaps(asyncio.run(run()))[2:]) > 0.01


def test_a_client_that_leaves_ends_the_stream() -> None:
    answer = asked("count=1000&interval=0.05", stays=1.0)
    assert not answer.complete
    assert 2 < len(answer.events) < 200


@pytest.mark.parametrize("query", ["silence=60", "hold=60", "interval=60"])
def test_a_client_that_leaves_ends_a_silence(query: str) -> None:
    assert not asked(query, stays=0.1).complete


def test_open_requests_are_counted_the_apps_as_well() -> None:
    async def run() -> list[int]:
        arrived, goes_on = asyncio.Semaphore(0), asyncio.Event()

        async def app(*_: Any) -> None:
            arrived.release()
            await goes_on.wait()

        wrapped = probe(app)
        others = [asyncio.ensure_future(ask(wrapped, path="/stream")) for _ in range(3)]
        for _ in others:
            await arrived.acquire()
        during = await ask(wrapped, "count=1&interval=0.001")
        goes_on.set()
        await asyncio.gather(*others)
        after = await ask(wrapped, "count=1&interval=0.001")
        return [answer.events[0]["open_streams"] for answer in (during, after)]

    assert asyncio.run(run()) == [4, 1]


def test_each_piece_of_a_body_is_answered_when_it_comes() -> None:
    pieces = ((0.0, b"a"), (0.5, b"bc"), (0.5, b""), (0.0, b"def"))
    answer = asked("count=2&interval=0.001", method="POST", pieces=pieces)
    told = [(event["event"], event["n"], event.get("bytes")) for event in answer.events]
    assert told == [
        ("hello", 0, None),
        ("received", 1, 1),
        ("received", 2, 2),
        ("received", 3, 3),
        ("tick", 1, None),
        ("tick", 2, None),
        ("end", 3, None),
    ]
    between = gaps(answer)
    assert min(between[2], between[3]) > max(between[0], between[1])


def test_a_client_that_leaves_in_the_middle_of_its_body() -> None:
    answer = asked(method="POST", pieces=((0.0, b"a"), (60.0, b"b")), stays=0.5)
    assert [event["event"] for event in answer.events] == ["hello", "received"]
