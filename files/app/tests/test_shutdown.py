"""What SIGTERM does to running streams."""

import asyncio
import signal
from collections.abc import Iterator

import httpx
import pytest
from rig import TRANSPORTS, Seen, Server, running
from websockets.exceptions import ConnectionClosed

from lifecycle import lifecycle
from main import app

HTTP = [transport for transport in TRANSPORTS if transport != "ws"]
SERVERS = ["uvicorn", "gunicorn"]


def begin(server: Server, **query: float) -> tuple[list[Iterator[Seen]], list[list[Seen]]]:
    """Open a stream over each HTTP transport; return them and the first event of each."""
    streams = [server.listen(transport, **query) for transport in HTTP]
    return streams, [[next(stream)] for stream in streams]


@pytest.mark.parametrize("kind", SERVERS)
def test_a_running_stream_is_finished(kind: str) -> None:
    with running(kind) as server:
        streams, seen = begin(server, count=40, interval=0.03)
        server.process.terminate()
        for stream, events in zip(streams, seen, strict=True):
            events += stream
    for events in seen:
        assert [event.n for event in events] == [*range(1, 42)]
        assert events[-1].event == "end"


@pytest.mark.parametrize("kind", SERVERS)
def test_a_stream_beyond_the_drain_time_resumes_elsewhere(kind: str) -> None:
    with running(kind, APP_DRAIN_SECONDS="0.3") as server:
        streams, seen = begin(server, count=1000, interval=0.01)
        server.process.terminate()
        for stream, events in zip(streams, seen, strict=True):
            events += stream
    assert server.process.returncode in (0, -signal.SIGTERM)

    with running() as elsewhere:
        for transport, events in zip(HTTP, seen, strict=True):
            reconnect = events.pop()
            assert reconnect.event == "reconnect"
            assert reconnect.n == events[-1].n
            assert transport != "sse" or reconnect.id == str(reconnect.n)  # no id of its own
            events += elsewhere.listen(
                transport, count=reconnect.n + 5, interval=0.01, after=reconnect.n
            )
            assert [event.n for event in events] == [*range(1, reconnect.n + 7)]
            assert events[-1].event == "end"


def test_a_websocket_is_told_to_come_back() -> None:
    with running() as server, server.websocket(interval=60) as websocket:
        websocket.send("stream")
        websocket.recv()
        server.process.terminate()
        with pytest.raises(ConnectionClosed) as closed:
            websocket.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1012
    assert server.process.returncode in (0, -signal.SIGTERM)


def test_ready_until_the_shutdown_begins(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    assert server.get("/healthz").json() == {"alive": True}
    assert server.get("/readyz").json() == {"ready": True, "open_streams": 0}

    # a server that shuts down closes its socket at once, so only old connections see this
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://app") as client:
            return await client.get("/readyz")

    monkeypatch.setattr(lifecycle, "draining", True)
    response = asyncio.run(ask())
    assert response.status_code == 503
    assert response.json() == {"ready": False, "open_streams": 0}
