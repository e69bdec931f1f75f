"""Stacks with nothing wrong, of many kinds: none of them may be accused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from tests.faults.cases.fault import (
    ALONE,
    ASGI,
    BUFFERING,
    GZIP,
    IDLE,
    NO_DELAY,
    OWN,
    PARALLEL,
    PROBE,
    behind,
)
from tests.faults.servers import Gunicorn, Haproxy, Nginx, Script
from tests.faults.stack import Stack


class Healthy(NamedTuple):
    """A stack, and the stream to read from it; the query is the probe's."""

    name: str
    stack: Stack = Stack()
    stream: Mapping[str, Any] = {}
    path: str = PROBE
    passes: tuple[str, ...] = ("identity", "browser")
    more: Mapping[str, Any] = {}  # options of the module
    disturbance: str = ""
    unsure: bool | None = False  # nobody can know whether the app sends it so: verdict unknown


def odd(path: str) -> bool | None:
    """None where it depends on chance whether most events of a stream come together."""
    return None if "bursty" in path or "few" in path else False


USERS = Gunicorn("own:app")
MODELS = Gunicorn("models:app")
TLS = Nginx(listen="ssl")
HTTP2 = Nginx(listen="ssl http2")
NGINX = Nginx()
HAPROXY = Haproxy(NO_DELAY)
QUESTION = {
    "method": "POST",
    "headers": {"Content-Type": "application/json"},
    "body": '{"model": "small", "stream": true, "messages": [{"role": "user", "content": "Hi"}]}',
}

HEALTHY = (
    Healthy("good"),
    # cadences and sizes
    Healthy("1-ms", stream={"count": 500, "interval": 0.001}),
    Healthy("5-ms", stream={"count": 100, "interval": 0.005}),
    Healthy("200-ms", stream={"count": 4, "interval": 0.2}),
    Healthy("5-s", stream={"count": 1, "interval": 5}, passes=ALONE),
    Healthy("1-KiB", stream={"size": 1024, "format": "ndjson"}),
    Healthy("64-KiB", stream={"size": 65_536}),
    Healthy("64-KiB-fast", stream={"size": 65_536, "interval": 0.005, "count": 100}),
    Healthy("2-B", Stack(USERS), path="/drops"),
    Healthy("short", stream={"count": 3}),
    # formats
    Healthy("ndjson", stream={"format": "ndjson"}),
    Healthy("text", stream={"format": "text"}),
    # HTTP and TLS
    Healthy("http2", Stack(nginx=Nginx(listen="http2"))),
    Healthy("http2-tls", Stack(nginx=Nginx(listen="ssl http2"))),
    Healthy(
        "http2-tls-1-ms", Stack(nginx=Nginx(listen="ssl http2")), {"count": 500, "interval": 0.001}
    ),
    Healthy("tls", Stack(nginx=Nginx(listen="ssl")), {"format": "ndjson"}),
    Healthy("chunked-off", behind(chunked_transfer_encoding="off")),
    # compression that flushes each chunk
    Healthy("gzip-unbuffered", behind(**GZIP)),
    Healthy("gzip-in-app", Stack(Gunicorn("probed:compressed")), {"format": "ndjson"}),
    # settings that look bad and are not
    Healthy("buffering-http11", behind(**BUFFERING)),
    Healthy(
        "buffering-gzip-polite", Stack(Gunicorn("probed:polite"), Nginx({**BUFFERING, **GZIP}))
    ),
    Healthy("sub-filter", behind(sub_filter_types="*", sub_filter="foo bar")),
    Healthy("limit-rate-unbuffered", behind(limit_rate=1000)),
    # other servers, more of them
    Healthy("asgi-worker", Stack(Gunicorn(settings=ASGI))),
    Healthy(
        "threads", Stack(Gunicorn("wsgi:app", {"worker-class": "gthread", "threads": 4})), path=OWN
    ),
    Healthy("http10-server", Stack(Script("http10.py")), path=OWN),
    Healthy("two-nginx", Stack(edge=Nginx())),
    Healthy("two-nginx-tls", Stack(edge=Nginx(listen="ssl http2"))),
    Healthy("haproxy", Stack(edge=Haproxy(NO_DELAY))),
    # other passes
    Healthy("side-by-side", passes=PARALLEL, more={"parallel": 20}),
    Healthy("burst", passes=("identity", "burst")),
    Healthy(
        "multiplex",
        Stack(nginx=Nginx(listen="ssl http2")),
        passes=("identity", "multiplex"),
        more={"multiplex": 100},
    ),
    Healthy("idle", passes=IDLE, more={"idle": 1.0}),
    Healthy("slow-reader", passes=("identity", "slow"), more={"pause": 1.0}),
    Healthy("post-and-again", passes=("identity", "post", "again")),
    Healthy("upload", behind(proxy_request_buffering="off"), passes=("identity", "upload")),
    Healthy("leave", passes=("identity", "leave")),
    # what is done to them is no fault of theirs
    Healthy("reload", passes=ALONE, disturbance="reload"),
    Healthy("stop", passes=ALONE, disturbance="stop"),
    Healthy("requests", passes=ALONE, disturbance="requests"),
    # what users have: no timestamps, no fixed cadence
    Healthy("tokens", Stack(USERS), path="/tokens"),
    Healthy("tokens-http2-tls", Stack(USERS, Nginx(listen="ssl http2")), path="/tokens"),
    Healthy("words", Stack(USERS), path="/words"),
    Healthy("progress", Stack(USERS), path="/progress"),
    Healthy("plain", Stack(USERS), path="/plain"),
    Healthy("lines", Stack(USERS), path="/lines"),
    Healthy("endless", Stack(USERS), path="/endless", more={"seconds": 1}),
    Healthy("history", Stack(USERS), path="/history", more={"seconds": 1}, unsure=True),
    Healthy("heartbeats", Stack(USERS), path="/beats"),
    Healthy("chat", Stack(USERS), path="/chat"),
    Healthy("bunches", Stack(USERS), path="/bunches", unsure=True),
    Healthy("tokens-side-by-side", Stack(USERS), path="/tokens", passes=PARALLEL),
    # what models and jobs send: random pauses and lengths, odd chunks
    *(
        Healthy(path[1:].replace("/", "-"), Stack(MODELS), path=path, unsure=odd(path))
        for path in (
            "/thinks",
            "/thinks-first",
            "/cached",
            "/tool-call",
            "/bursty",
            "/jittered",
            "/warms-up",
            "/tires",
            "/heartbeats",
            "/token-lines",
            "/token-text",
            "/long-lines",
            "/few/3",
            "/few/4",
            "/few/5",
            "/answer",
            "/answer-open",
            "/answer-text",
            "/answer-bursty",
            "/halves",
            "/field-by-field",
            "/unicode",
            "/split-unicode",
            "/crlf",
            "/resumable",
            "/multi-line",
        )
    ),
    Healthy("silent", Stack(MODELS), path="/silent", more={"patience": 1.5}, unsure=True),
    Healthy("batches", Stack(MODELS), path="/batches", unsure=True),
    Healthy("completions", Stack(MODELS), path="/chat/completions", more=QUESTION),
    # the same through TLS
    *(
        Healthy(f"{path[1:]}-tls", Stack(MODELS, TLS), path=path, unsure=odd(path))
        for path in ("/thinks", "/cached", "/bursty", "/long-lines", "/halves", "/crlf")
    ),
    *(
        Healthy(f"{path[1:]}-http2-tls", Stack(MODELS, HTTP2), path=path)
        for path in ("/thinks-first", "/jittered", "/token-lines", "/answer", "/resumable")
    ),
    Healthy("completions-tls", Stack(MODELS, TLS), path="/chat/completions", more=QUESTION),
    # and through a second proxy
    *(
        Healthy(f"{path[1:]}-two-nginx", Stack(MODELS, edge=NGINX), path=path, unsure=odd(path))
        for path in ("/thinks", "/bursty", "/answer-bursty", "/unicode", "/heartbeats")
    ),
    *(
        Healthy(f"{path[1:]}-haproxy", Stack(MODELS, edge=HAPROXY), path=path)
        for path in ("/thinks-first", "/jittered", "/answer-open", "/multi-line")
    ),
    Healthy(
        "completions-haproxy", Stack(MODELS, edge=HAPROXY), path="/chat/completions", more=QUESTION
    ),
    # 20 of them together, on several workers, twice on one connection
    *(
        Healthy(
            f"{path[1:]}-side-by-side",
            Stack(MODELS),
            path=path,
            passes=("identity", "browser", "parallel"),  # two single streams, as everywhere else
            more={"parallel": 20},
            unsure=odd(path),
        )
        for path in ("/thinks", "/thinks-first", "/cached", "/bursty", "/answer")
    ),
    Healthy("workers", Stack(Gunicorn("models:app", {"workers": 2})), path="/token-lines"),
    Healthy(
        "workers-side-by-side",
        Stack(Gunicorn("models:app", {"workers": 2})),
        path="/jittered",
        passes=PARALLEL,
        more={"parallel": 20},
    ),
    Healthy("answer-again", Stack(MODELS), path="/answer", passes=("identity", "again")),
)
