# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Causes in the app."""

from __future__ import annotations

from .cause import GUNICORN, PROXY, Cause

CAUSES = (
    Cause(
        "app-compression",
        "app",
        "a compression middleware holds compressed data",
        "Do not compress streams in the app, or use a middleware that flushes each chunk"
        " (Starlette's does since 1.10).",
        "https://www.starlette.io/middleware/#gzipmiddleware",
        needs=("held_when_compressed", "compressed_here"),
        supports=("vary_always",),
    ),
    Cause(
        "app-headers-held",
        "app",
        "a middleware or the server holds the headers until the first chunk",
        "Use a worker that sends the headers at once (Uvicorn's does, Gunicorn's asgi worker does"
        " not), or send a comment as the first chunk.",
        GUNICORN + "#worker_class",
        needs=("headers_wait",),
    ),
    Cause(
        "app-computed-first",
        "app",
        "the app computes the whole body before it sends the first byte",
        "Yield each part as soon as it exists. Check the middlewares too: one that reads the whole"
        " body has the same effect.",
        "https://fastapi.tiangolo.com/advanced/custom-response/#streamingresponse",
        needs=("held", "in_one_read"),
        supports=("has_content_length",),
    ),
    Cause(
        "app-lumps",
        "app",
        "the app, a middleware or the server collects chunks before it sends them",
        "Send each event by itself. Remove middlewares one by one: one that reads the body must"
        " pass on each chunk.",
        "https://www.starlette.io/middleware/#limitations",
        needs=("held",),
        excludes=("in_one_read", "reads_of_one_size"),
    ),
    Cause(
        "app-thread-pool",
        "app",
        "the streams share a thread pool that is too small (40 threads for synchronous generators)",
        "Make the generator asynchronous, or enlarge the pool.",
        "https://www.starlette.io/threadpool/",
        needs=("streams_slow_down",),
        excludes=("streams_take_turns", "slower_than_a_pool"),
    ),
    Cause(
        "app-short-blocking",
        "app",
        "each event blocks the event loop for a moment; many streams add these moments up",
        "Find the call that blocks (python -X dev with asyncio debug, or py-spy), and run it in a"
        " thread or a process. More workers share the load.",
        "https://docs.python.org/3/library/asyncio-dev.html#debug-mode",
        needs=("streams_slow_down", "slower_than_a_pool"),
        excludes=("streams_take_turns",),
    ),
    Cause(
        "app-blocking",
        "app",
        "the app serves one stream at a time: a blocking call stops its event loop, or it queues",
        "Await an asynchronous call instead, or run the blocking call in a thread. If the app"
        " queues on purpose, let it send the headers and a comment while the reader waits.",
        "https://docs.python.org/3/library/asyncio-dev.html#running-blocking-code",
        needs=("streams_take_turns",),
        excludes=("wsgi_server",),
        settle="passes: [identity, parallel]",
    ),
    Cause(
        "app-stands-still",
        "app",
        "the app's event loop stands still at times: something blocks it, or it gets no CPU",
        "Find the call that blocks (python -X dev with asyncio debug, or py-spy), and run it in a"
        " thread or a process.",
        "https://docs.python.org/3/library/asyncio-dev.html#debug-mode",
        needs=("stands_still",),
    ),
    Cause(
        "app-writes-in-blocks",
        "app",
        "the app, or a client in it that reads another server, passes on blocks of one size",
        "Write each event as it comes, without a buffer. Read without a block size"
        " (httpx: aiter_bytes(), aiohttp: iter_any(), requests: iter_content(None)).",
        "https://www.python-httpx.org/quickstart/#streaming-responses",
        needs=("held", "reads_of_one_size"),
    ),
    Cause(
        "app-error",
        "app",
        "the app fails in the middle of the stream, or its process is killed",
        "Read the app's log for the exception, and the system's log for a process that was killed."
        " Send an error event before the stream ends.",
        "https://www.starlette.io/exceptions/",
        needs=("cut_unasked",),
        excludes=("cut_after_requests",),
        supports=("cut_at_an_event", "cut_one_by_one"),
    ),
    Cause(
        "app-no-heartbeat",
        "app",
        "the stream is silent for longer than the idle limit of a proxy may be",
        "Send a comment or an empty event every 15 seconds.",
        "https://html.spec.whatwg.org/multipage/server-sent-events.html#authoring-notes",
        needs=("long_silence",),
        risk=True,
    ),
    Cause(
        "app-headers-missing",
        "app",
        "the response lacks headers that tell a proxy not to hold it",
        "Send Content-Type: text/event-stream (or application/x-ndjson), Cache-Control: no-cache,"
        " no-transform and X-Accel-Buffering: no.",
        PROXY + "proxy_buffering",
        needs=("lacks_headers",),
        risk=True,
    ),
    Cause(
        "app-cut-at-sigterm",
        "app",
        "the app ends its streams as soon as it gets SIGTERM",
        "Let running streams finish during the shutdown (sse-starlette 3:"
        " AppStatus.disable_automatic_graceful_drain()), or tell the readers to reconnect.",
        "https://github.com/sysid/sse-starlette",
        needs=("cut_by_stop",),
    ),
    Cause(
        "app-ignores-departure",
        "app",
        "the app continues streams after their readers left",
        "End the generator when its reader leaves (await request.is_disconnected(), or an"
        " asynchronous generator that is closed).",
        "https://www.starlette.io/requests/#body",
        needs=("stays_open",),
        excludes=("ends_before",),
        risk=True,
    ),
)
