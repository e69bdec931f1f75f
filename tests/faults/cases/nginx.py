"""Faults of Nginx."""

from __future__ import annotations

from tests.faults.cases.fault import (
    ALONE,
    BUFFERING,
    CACHE,
    CACHE_PATH,
    GZIP,
    HTTP_1_0,
    IDLE,
    LONG,
    OWN,
    PARALLEL,
    Fault,
    behind,
)
from tests.faults.servers import Gunicorn, Nginx, Script
from tests.faults.stack import Stack

USERS = Gunicorn("own:app")  # its events do not say when they were sent
POLITE = Gunicorn("probed:polite")  # sends X-Accel-Buffering: no
IGNORED = {"proxy_ignore_headers": "X-Accel-Buffering"}

FAULTS = (
    Fault("nginx-buffering-http10", behind(**BUFFERING, **HTTP_1_0)),
    # What counts is that nothing frames the answer.
    Fault(
        "nginx-buffering-http10",
        Stack(Script("http10.py"), Nginx(BUFFERING)),
        path=OWN,
        variant="app",
    ),
    *(
        Fault(
            "nginx-buffering-http10",
            Stack(USERS, Nginx({**BUFFERING, **HTTP_1_0})),
            path=path,
            more={"seconds": 2},
            variant=path[1:],
        )
        for path in ("/endless", "/plain", "/lines", "/beats")
    ),
    # HTTP/1.1 frames the answer, but an event's end waits in a second buffer.
    Fault("nginx-buffering-large", behind(**BUFFERING), stream={"size": 5000}),
    Fault("nginx-gzip", behind(**BUFFERING, **GZIP)),
    *(
        Fault(
            "nginx-gzip",
            Stack(USERS, Nginx({**BUFFERING, **GZIP})),
            path=path,
            more={"seconds": 2},
            variant=path[1:],
        )
        for path in ("/endless", "/plain", "/lines", "/beats")
    ),
    Fault(
        "nginx-accel-ignored",
        Stack(POLITE, Nginx({**BUFFERING, **HTTP_1_0, **IGNORED})),
    ),
    Fault(
        "nginx-accel-ignored",
        Stack(POLITE, Nginx({**BUFFERING, **GZIP, **IGNORED})),
        variant="gzip",
    ),
    # HTTP/2 and plain HTTP/1.1 send what there is.
    Fault("nginx-tls-buffer", Stack(nginx=Nginx(BUFFERING, listen="ssl"))),
    Fault(
        "nginx-tls-buffer",
        Stack(USERS, edge=Nginx(BUFFERING, listen="ssl")),
        path="/plain",
        variant="public",
        at="public",
    ),
    Fault("nginx-read-timeout", behind(proxy_read_timeout="1s"), IDLE, more={"idle": 1.6}),
    Fault(
        "nginx-send-timeout",
        behind(send_timeout="1s"),
        ("identity", "slow"),
        more={"pause": 2.5},
    ),
    Fault("nginx-chunked-off", behind(chunked_transfer_encoding="off"), risk=True),
    Fault(
        "nginx-shutdown-timeout",
        Stack(nginx=Nginx(main={"worker_shutdown_timeout": "1s"})),
        ALONE,
        stream=LONG,
        disturbance="reload",
    ),
    Fault(
        "nginx-cache",
        Stack(nginx=Nginx(CACHE, http=CACHE_PATH)),
        ("identity", "again"),
    ),
    # sub_filter, ssi and their like pass on what they have. But where a pattern begins as each
    # event ends, that end is kept until the next event shows that it does not match.
    Fault(
        "nginx-body-filter",
        behind(sub_filter_types="*", sub_filter=r'"\n\ndata: [DONE]" "\n\n"'),
    ),
    Fault(
        "nginx-connections",
        Stack(nginx=Nginx(events={"worker_connections": 64})),
        PARALLEL,
        more={"parallel": 60},
    ),
    Fault("nginx-request-buffering", behind(), ("identity", "upload")),
    Fault(
        "nginx-http2-streams",
        Stack(nginx=Nginx(listen="http2")),
        ("identity", "multiplex"),
    ),
    # Without proxy_buffering it does nothing.
    Fault(
        "nginx-limit-rate",
        behind(**BUFFERING, limit_rate=5000),
        stream={"count": 50, "size": 200},
    ),
    Fault(
        "nginx-limit-conn",
        Stack(
            nginx=Nginx(
                {"limit_conn": "streams 10"},
                http={"limit_conn_zone": "$binary_remote_addr zone=streams:1m"},
            )
        ),
        PARALLEL,
        more={"parallel": 20},
    ),
    Fault(
        "nginx-limit-req",
        Stack(
            nginx=Nginx(
                {"limit_req": "zone=streams burst=10 nodelay", "limit_req_status": 429},
                http={"limit_req_zone": "$binary_remote_addr zone=streams:1m rate=5r/s"},
            )
        ),
        PARALLEL,
        more={"parallel": 20},
    ),
    Fault(
        "nginx-http2-headers",
        Stack(nginx=Nginx(listen="ssl http2")),
        stream={"hold": 0.5},
    ),
)
