"""More faults of the app and its server: what default passes can show of them, and blocks."""

from __future__ import annotations

from tests.faults.cases.fault import OWN, PARALLEL, Fault
from tests.faults.servers import Gunicorn, Nginx
from tests.faults.stack import Stack

BLOCKS = Stack(Gunicorn("blocks:app"))
BLOCKING = Stack(Gunicorn("blocking:app"))
ENDLESS = {"count": 5000}  # 100 s, of which 2 are read
FAILING = Stack(Gunicorn("failing:app"))

FAULTS = (
    # Nothing is compared with the first layer: what shows are reads of one size, cut in events.
    Fault("app-writes-in-blocks", BLOCKS, path="/buffer", variant="8-kib"),
    Fault("app-writes-in-blocks", BLOCKS, path="/relay", variant="relay"),
    # Two streams are read side by side, and one waits for the other.
    Fault("app-blocking", BLOCKING, path=OWN, variant="default"),
    Fault("app-blocking", BLOCKING, path="/bare", variant="bare"),
    Fault(
        "gunicorn-sync-worker",
        Stack(Gunicorn("wsgi:app", {"worker-class": "sync"})),
        path=OWN,
        variant="default",
    ),
    # Streams without an end: the other one begins when its reader has left, or never.
    Fault(
        "app-blocking", BLOCKING, path=OWN, stream=ENDLESS, more={"seconds": 2}, variant="endless"
    ),
    Fault(
        "gunicorn-sync-worker",
        Stack(Gunicorn("wsgi:app", {"worker-class": "sync"}), Nginx()),
        path=OWN,
        stream=ENDLESS,
        more={"seconds": 2},
        variant="endless",
    ),
    # All slow down alike; a pool of threads would let 40 run at full pace.
    Fault(
        "app-short-blocking",
        BLOCKING,
        PARALLEL,
        "/short",
        {"count": 10},
        more={"parallel": 50},
    ),
    Fault(
        "app-stands-still",
        Stack(Gunicorn("standing:app")),
        more={"thresholds": {"largest_gap": 0.5}},
    ),
    Fault("app-error", FAILING, path=OWN),
    Fault("app-error", FAILING, path="/plain", variant="plain"),
)
