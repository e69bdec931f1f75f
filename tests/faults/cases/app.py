"""Faults of the app."""

from __future__ import annotations

from tests.faults.cases.fault import ALONE, ASGI, IDLE, LONG, OWN, PARALLEL, Fault
from tests.faults.servers import Gunicorn
from tests.faults.stack import Stack

FAULTS = (
    Fault(
        "app-compression",
        Stack(Gunicorn("probed:compressed", environment="faults-old")),
        stream={"format": "ndjson"},  # this middleware leaves SSE alone
    ),
    Fault("app-headers-held", Stack(Gunicorn(settings=ASGI)), stream={"hold": 0.5}),
    Fault(
        "app-thread-pool",
        Stack(Gunicorn("threads:app")),
        PARALLEL,
        OWN,
        more={"parallel": 100},
    ),
    Fault(
        "app-blocking",
        Stack(Gunicorn("blocking:app")),
        PARALLEL,
        OWN,
        {"count": 10},
        more={"parallel": 8},
        variant="to-the-end",
    ),
    Fault(
        "app-blocking",
        Stack(Gunicorn("blocking:app")),
        PARALLEL,
        "/in-turn",
        {"count": 10},
        more={"parallel": 8},
        variant="in-turn",
    ),
    Fault("app-computed-first", Stack(Gunicorn("computed:app")), path=OWN),
    Fault(
        "app-no-heartbeat",
        Stack(),
        IDLE,
        more={"idle": 1.0, "thresholds": {"silence": 0.8}},
        risk=True,
    ),
    Fault("app-headers-missing", Stack(Gunicorn("own:app")), path="/progress", risk=True),
    Fault(
        "app-cut-at-sigterm",
        Stack(Gunicorn("sigterm:app")),
        ALONE,
        OWN,
        LONG,  # sse-starlette looks twice a second whether it shall stop
        disturbance="stop",
    ),
    Fault(
        "app-ignores-departure",
        Stack(Gunicorn("departed:app")),
        ("identity", "leave"),
        OWN,
        risk=True,
    ),
)
