"""Faults of the app's server and its limits."""

from __future__ import annotations

from tests.faults.cases.fault import ALONE, ASGI, LONG, OWN, PARALLEL, Fault
from tests.faults.servers import Gunicorn, Script
from tests.faults.stack import Stack

FAULTS = (
    Fault(
        "gunicorn-sync-worker",
        Stack(Gunicorn("wsgi:app", {"worker-class": "sync", "workers": 2})),
        PARALLEL,
        OWN,
        {"count": 10},
        more={"parallel": 8},
        variant="sync",
    ),
    Fault(
        "gunicorn-sync-worker",
        Stack(Gunicorn("wsgi:app", {"worker-class": "gthread", "threads": 4})),
        PARALLEL,
        OWN,
        {"count": 10},
        more={"parallel": 12},
        variant="gthread",
    ),
    Fault(
        "gunicorn-backlog",
        Stack(Gunicorn(settings={"backlog": 16})),
        ("identity", "burst"),
        variant="setting",
    ),
    # This worker calls listen(100), whatever the setting says.
    Fault(
        "gunicorn-backlog",
        Stack(Gunicorn(settings=ASGI)),
        ("identity", "burst"),
        variant="asgi",
    ),
    # Not by a stop: Gunicorn kills nobody for his silence while it stops. But a worker that has
    # answered max_requests gives no sign of life while it finishes its streams.
    Fault(
        "gunicorn-worker-timeout",
        Stack(Gunicorn(settings={"timeout": 2, "max-requests": 10})),
        ALONE,
        stream=LONG,
        disturbance="requests",
    ),
    Fault(
        "gunicorn-graceful-timeout",
        Stack(Gunicorn(settings={"graceful-timeout": 1})),
        ALONE,
        stream=LONG,
        disturbance="stop",
    ),
    # Gunicorn answers HTTP/1.1; Python's own server is one that does not.
    Fault("gunicorn-http10", Stack(Script("http10.py")), path=OWN, risk=True),
    # asyncio waits a second when it may open no more files, and tries again.
    Fault(
        "systemd-nofile",
        # With a long backlog, asyncio says so once for each place in it, and is busy with that.
        Stack(Gunicorn(settings={"backlog": 64}, open_files=48)),
        PARALLEL,
        more={"parallel": 60},
    ),
)
