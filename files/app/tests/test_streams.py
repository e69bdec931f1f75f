"""The stream over each transport."""

import json
import re
from collections.abc import Iterator

import pytest
from rig import PATHS, TRANSPORTS, Seen, Server, running, wait_until

HTTP = [transport for transport in TRANSPORTS if transport != "ws"]


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_events_arrive_when_they_are_sent(server: Server, transport: str) -> None:
    seen = list(server.listen(transport, count=20, interval=0.03))
    sent = seen[-1].sent_monotonic - seen[0].sent_monotonic
    arrived = seen[-1].arrived - seen[0].arrived
    assert arrived / sent > 0.4  # 0 when something collects them


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize(
    ("query", "ticks"),
    [
        ({"count": 4}, [1, 2, 3, 4]),
        ({"count": 4, "after": 2}, [3, 4]),
        ({"count": 4, "after": 4}, []),
        ({"count": 2, "size": 70}, [1, 2]),
    ],
)
def test_each_transport_carries_the_same_stream(
    server: Server, transport: str, query: dict[str, float], ticks: list[int]
) -> None:
    *body, end = server.listen(transport, interval=0.001, **query)
    assert [(tick.event, tick.n) for tick in body] == [("tick", n) for n in ticks]
    assert {len(tick.padding) for tick in body} <= {query.get("size", 0)}
    assert (end.event, end.n) == ("end", query["count"] + 1)


def test_a_fast_stream_is_whole(server: Server) -> None:
    numbers = [seen.n for seen in server.listen("sse", count=1000, interval=0.001)]
    assert numbers == [*range(1, 1002)]


@pytest.mark.parametrize("transport", HTTP)
@pytest.mark.parametrize(
    ("last_event_id", "query", "lines"),
    [
        ("2", "count=4", 3),
        ("2", "count=4&after=1", 3),  # the header is newer
        ("4", "count=4", 1),
        ("5", "count=4", 0),  # the client has the end already
    ],
)
def test_last_event_id(
    server: Server, transport: str, last_event_id: str, query: str, lines: int
) -> None:
    response = server.get(
        f"{PATHS[transport]}?interval=0.001&{query}", headers={"Last-Event-ID": last_event_id}
    )
    assert response.status_code == (200 if lines else 204)
    assert len(re.findall(r"^(?:data: )?(?:{|tick |end )", response.text, re.M)) == lines


@pytest.mark.parametrize("transport", HTTP)
@pytest.mark.parametrize(
    "query",
    [
        *("count=0", "count=-1", "count=100001", "count=many"),
        *("interval=0", "interval=0.0009", "interval=60.1", "interval=nan", "interval=inf"),
        *("size=-1", "size=65537", "after=-1"),
    ],
)
def test_bad_parameters(server: Server, transport: str, query: str) -> None:
    response = server.get(f"{PATHS[transport]}?{query}")
    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"] == ["query", query.partition("=")[0]]


@pytest.mark.parametrize("transport", HTTP)
@pytest.mark.parametrize("last_event_id", ["-1", "x"])
def test_bad_last_event_id(server: Server, transport: str, last_event_id: str) -> None:
    response = server.get(PATHS[transport], headers={"Last-Event-ID": last_event_id})
    assert response.status_code == 422


@pytest.mark.parametrize(
    ("transport", "content_type"),
    [
        ("sse", "text/event-stream; charset=utf-8"),
        ("ndjson", "application/x-ndjson"),
        ("text", "text/plain; charset=utf-8"),
    ],
)
def test_headers(server: Server, transport: str, content_type: str) -> None:
    headers = server.get(PATHS[transport], params={"count": 1, "interval": 0.001}).headers
    assert headers["Content-Type"] == content_type
    assert headers.get_list("Cache-Control") == ["no-cache, no-transform"]
    assert headers.get_list("X-Accel-Buffering") == ["no"]


def test_sse_frames(server: Server) -> None:
    text = server.get("/api/stream?count=2&interval=0.001").text
    first, second, end, rest = (re.sub("data: .*", "data: ", frame) for frame in text.split("\n\n"))
    assert first == "data: \nid: 1\nretry: 1000"
    assert second == "data: \nid: 2"
    assert end == "event: end\ndata: \nid: 3"
    assert rest == ""


def test_silence_is_filled_with_comments() -> None:
    with running("uvicorn with a short heartbeat") as server:
        text = server.get("/api/stream?count=1&interval=1").text
    before_end, _, _ = text.partition("event: end")
    assert before_end.count("\n: ping\n") >= 2


def test_websocket_echo_beside_a_stream(server: Server) -> None:
    with server.websocket(count=1000, interval=0.01) as websocket:
        websocket.send("stream")
        assert json.loads(websocket.recv())["n"] == 1
        websocket.send("hello")
        answers = (json.loads(message) for message in websocket)
        assert next(answer for answer in answers if "echo" in answer)["echo"] == "hello"
        assert next(answers)["event"] == "tick"


def test_websocket_takes_no_notice_of_binary_frames(server: Server) -> None:
    with server.websocket() as websocket:
        websocket.send(b"stream")
        websocket.send("still there?")
        assert json.loads(websocket.recv())["echo"] == "still there?"


def test_websocket_starts_over_when_asked_again(server: Server) -> None:
    with server.websocket(count=5, interval=0.05) as websocket:
        websocket.send("stream")
        numbers = [json.loads(websocket.recv())["n"] for _ in range(2)]
        websocket.send("stream")
        while numbers[-1] != 6:
            numbers.append(json.loads(websocket.recv())["n"])
    assert numbers[-6:] == [1, 2, 3, 4, 5, 6]
    assert numbers.count(6) == 1


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize(
    "query",
    [
        {"interval": 60},  # asleep
        {"interval": 0.001, "count": 100_000, "size": 65_536},  # waiting for the client to read
    ],
)
def test_a_client_that_goes_away_stops_its_stream(
    server: Server, transport: str, query: dict[str, float]
) -> None:
    stream: Iterator[Seen] = server.listen(transport, **query)
    next(stream)
    wait_until(lambda: server.open_streams() == 1)
    del stream  # closes the connection
    wait_until(lambda: server.open_streams() == 0)
