"""Remedies for the app and its server."""

from __future__ import annotations

from tests.faults.cures.cure import Cure, Cures, configured, directed, run, served
from tests.faults.servers import Gunicorn

UVICORN = {"worker-class": "uvicorn_worker.UvicornWorker"}
GREETED = Cure("send a comment as the first chunk", run("wrapped:greeted"))

CURES: Cures = {
    "app-compression": (
        Cure("Do not compress streams in the app", configured(app="probed:app")),
        Cure("use a middleware that flushes each chunk", configured(environment="faults")),
    ),
    "app-headers-held": (
        Cure("Use a worker that sends the headers at once", directed("settings", **UVICORN)),
        Cure("send a comment as the first chunk", configured(app="wrapped:greeted")),
    ),
    "app-thread-pool": (
        Cure("Make the generator asynchronous", run("cured:awaiting")),
        Cure("enlarge the pool", run("cured:pooled")),
    ),
    "app-blocking": (
        Cure("Await an asynchronous call instead", run("cured:awaiting")),
        Cure("run the blocking call in a thread", run("cured:threaded")),
    ),
    "app-short-blocking": (Cure("run it in a thread", run("cured:threaded")),),
    "app-stands-still": (Cure("run it in a thread", run("standing:threaded")),),
    "app-computed-first": (Cure("Yield each part as soon as it exists", run("cured:awaiting")),),
    "app-writes-in-blocks": (
        Cure("Write each event as it comes, without a buffer", run("cured:each")),
    ),
    "app-error": (
        Cure("Send an error event before the stream ends", run("cured:open_about_errors")),
    ),
    "app-no-heartbeat": (Cure("Send a comment", run("wrapped:alive")),),
    "app-headers-missing": (Cure("X-Accel-Buffering: no", run("wrapped:polite")),),
    "app-cut-at-sigterm": (
        Cure("Let running streams finish during the shutdown", run("wrapped:unhurried")),
    ),
    "app-ignores-departure": (
        Cure("an asynchronous generator that is closed", run("cured:awaiting")),
    ),
    "gunicorn-sync-worker": (
        Cure("Use an ASGI worker", run("cured:awaiting")),
        Cure(
            "more threads than streams",
            directed("settings", **{"worker-class": "gthread", "threads": 64, "workers": 1}),
        ),
    ),
    "gunicorn-backlog-asgi": (
        Cure("use uvicorn_worker.UvicornWorker", directed("settings", **UVICORN)),
    ),
    "gunicorn-backlog": (Cure("Raise Gunicorn's backlog", directed("settings", backlog=4096)),),
    "gunicorn-worker-timeout": (
        Cure(
            "Set timeout to at least graceful_timeout, and max_requests to 0",
            directed("settings", **{"timeout": 30, "max-requests": 0}),
        ),
    ),
    "gunicorn-graceful-timeout": (
        Cure("Raise graceful_timeout", directed("settings", **{"graceful-timeout": 30})),
    ),
    "gunicorn-http10": (
        Cure("Use a server that answers with HTTP/1.1 and chunks", served(Gunicorn("fat:app"))),
    ),
    "systemd-nofile": (Cure("Raise LimitNOFILE=", configured(open_files=1024)),),
}
