"""Stacks whose reader is far away, by a network that may lose packets."""

from __future__ import annotations

from tests.faults.cases.fault import ALONE, BUFFERING, IDLE, NO_DELAY, PARALLEL, PROBE, Fault
from tests.faults.cases.healthy import MODELS, USERS, Healthy
from tests.faults.network import Network
from tests.faults.servers import Apache, Caddy, Front, Gunicorn, Haproxy, Nginx
from tests.faults.stack import Stack

NETWORKS = {
    "150-ms": Network(0.15),
    "300-ms": Network(0.3),
    "loss-3": Network(0.04, 0.03),
    "loss-10": Network(0.04, 0.1),
}
FRONTS: dict[str, Front] = {
    "nginx": Nginx(),
    "nginx-http2": Nginx(listen="ssl http2"),
    "haproxy": Haproxy(NO_DELAY),
    "caddy": Caddy(),
    "apache": Apache(),
}
STREAMS = {
    "probe": (Gunicorn(), PROBE),
    "tokens": (USERS, "/tokens"),
    "thinks": (MODELS, "/thinks"),
}


def healthy(network: str, front: str, stream: str) -> Healthy:
    """A good stack behind this network. A loss is no fault, but may leave a doubt."""
    app, path = STREAMS[stream]
    carrier = NETWORKS[network]
    stack = Stack(app, FRONTS[front], network=carrier)
    unsure = None if carrier.loss else False
    return Healthy(f"{network}-{front}-{stream}", stack, path=path, unsure=unsure)


SEVERAL_TRIPS = {"count": 75}

FAULTS = (
    # Nginx turns Nagle's algorithm off for what it does not buffer, and for TLS.
    *(
        Fault(
            "edge-nagle",
            Stack(app, Nginx(BUFFERING), network=NETWORKS[name]),
            path=path,
            stream=SEVERAL_TRIPS,
            variant=f"{name}-{stream}-host",
            at="nginx",
        )
        for name in ("150-ms", "300-ms")
        for stream, (app, path) in {"probe": STREAMS["probe"], "plain": (USERS, "/plain")}.items()
    ),
    Fault(
        "edge-nagle",
        Stack(edge=Nginx(BUFFERING), network=NETWORKS["150-ms"]),
        stream=SEVERAL_TRIPS,
        variant="150-ms",
        at="public",
    ),
    Fault(
        "edge-nagle",
        Stack(nginx=Nginx({"tcp_nodelay": "off"}), network=NETWORKS["150-ms"]),
        stream=SEVERAL_TRIPS,
        variant="nodelay-off-host",
        at="nginx",
    ),
    # A NAT that forgets: both ends stay open, and hear nothing of each other.
    *(
        Fault(
            "edge-forgets-idle",
            stack._replace(network=Network(0.02, forgets=1.0)),
            IDLE,
            more={"idle": 1.6, "patience": 2},
            variant=at,
            at=at,
        )
        for at, stack in {"nginx": Stack(), "public": Stack(edge=Haproxy(NO_DELAY))}.items()
    ),
    Fault(
        "edge-forgets-idle",
        Stack(MODELS, network=Network(0.02, forgets=1.0)),
        path="/tool-call",
        passes=ALONE,
        more={"patience": 2},
        variant="own",
        at="nginx",
    ),
)

HEALTHY_FAR = (
    *(healthy(name, "nginx", stream) for name in NETWORKS for stream in STREAMS),
    *(healthy("150-ms", front, "probe") for front in FRONTS if front != "nginx"),
    *(healthy("300-ms", front, "tokens") for front in FRONTS if front != "nginx"),
    *(healthy("loss-3", front, "thinks") for front in FRONTS if front != "nginx"),
    *(healthy("loss-10", front, "probe") for front in FRONTS if front != "nginx"),
    # fast and long: a connection's first packets wait for acknowledgements too
    Healthy("150-ms-1-ms", Stack(network=Network(0.15)), {"count": 500, "interval": 0.001}),
    Healthy("150-ms-5-ms", Stack(network=Network(0.15)), {"count": 300, "interval": 0.005}),
    Healthy("150-ms-64-KiB", Stack(network=Network(0.15)), {"size": 65_536}),
    Healthy(
        "150-ms-buffering-http2",
        Stack(nginx=Nginx(BUFFERING, listen="ssl http2"), network=Network(0.15)),
    ),
    Healthy(
        "loss-10-side-by-side", Stack(network=NETWORKS["loss-10"]), passes=PARALLEL, unsure=None
    ),
)
