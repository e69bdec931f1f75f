"""Faults of what is in front of the host, and of the client."""

from __future__ import annotations

from tests.faults.cases.fault import (
    ALONE,
    BUFFERING,
    CACHE,
    CACHE_PATH,
    COMPRESSION,
    GZIP,
    HTTP_1_0,
    IDLE,
    NO_DELAY,
    Fault,
    fronted,
)
from tests.faults.servers import APPS, Haproxy, Nginx
from tests.faults.stack import Stack

AGAIN = ("identity", "again")
READER = str(APPS / "reader_of_blocks.py")
TOKEN = "X-Stream-Probe-Token: {token}"

FAULTS = (
    # HAProxy keeps what it has for up to 200 ms, in the hope of more, unless it is told not to.
    Fault("edge-nodelay", Stack(edge=Haproxy()), stream={"count": 50}),
    Fault(
        "edge-idle-timeout",
        fronted(proxy_read_timeout="1s"),
        IDLE,
        more={"idle": 1.6},
        variant="nginx",
    ),
    Fault(
        "edge-idle-timeout",
        Stack(edge=Haproxy({**NO_DELAY, "timeout server": "1s"})),
        IDLE,
        more={"idle": 1.6},
        variant="haproxy",
    ),
    Fault("edge-compression", fronted(**BUFFERING, **GZIP), variant="nginx"),
    # It flushes with each event, but what it flushes is the event before.
    Fault(
        "edge-compression",
        Stack(edge=Haproxy({**NO_DELAY, **COMPRESSION})),
        variant="haproxy",
    ),
    Fault("edge-cache", Stack(edge=Nginx(CACHE, http=CACHE_PATH)), AGAIN, variant="silent"),
    Fault(
        "edge-cache",
        Stack(
            edge=Nginx({**CACHE, "add_header": "X-Cache $upstream_cache_status"}, http=CACHE_PATH)
        ),
        AGAIN,
        variant="header",
    ),
    # proxy_buffering needs an answer that nothing frames: such is that of an Nginx with
    # chunked_transfer_encoding off.
    Fault(
        "edge-buffering",
        Stack(nginx=Nginx({"chunked_transfer_encoding": "off"}), edge=Nginx(BUFFERING)),
    ),
    Fault(
        "edge-get-buffered",
        Stack(
            edge=Nginx(
                {
                    **BUFFERING,
                    **HTTP_1_0,
                    "error_page": "418 = @post",
                    "if": "($request_method = POST) { return 418; }",
                },
                more="location @post { proxy_pass http://upstream; proxy_http_version 1.1; }",
            )
        ),
        ("identity", "post"),
    ),
    Fault(
        "client-reads-in-blocks",
        Stack(),
        ALONE,
        stream={"count": 100},
        client=("curl", "--silent", "--header", TOKEN, "{url}"),
        variant="curl",
    ),
    Fault(
        "client-reads-in-blocks",
        Stack(),
        ALONE,
        stream={"count": 100},
        client=("python3", READER, "{url}", "{token}"),
        variant="python",
    ),
)
