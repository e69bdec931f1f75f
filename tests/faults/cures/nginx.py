"""Remedies for Nginx."""

from __future__ import annotations

from tests.faults.cures.app import GREETED
from tests.faults.cures.cure import Cure, Cures, configured, directed, location, run

HEARTBEAT = Cure("send a heartbeat", run("wrapped:alive"))
UNBUFFERED = Cure("proxy_buffering off", location(proxy_buffering="off"))

CURES: Cures = {
    "nginx-buffering-http10": (
        Cure(
            "Set proxy_buffering off and proxy_http_version 1.1",
            location(proxy_buffering="off", proxy_http_version="1.1"),
        ),
    ),
    "nginx-buffering-large": (
        Cure("Set proxy_buffering off", location(proxy_buffering="off")),
        Cure("have the app send X-Accel-Buffering: no", run("probed:polite")),
    ),
    "nginx-gzip": (Cure("Set gzip off", location(gzip="off")), UNBUFFERED),
    "nginx-brotli": (
        Cure("Set brotli off", location(brotli="off")),
        Cure("leave the stream's type out of brotli_types", location(brotli_types="text/css")),
    ),
    "nginx-accel-ignored": (
        Cure(
            "Remove X-Accel-Buffering from proxy_ignore_headers",
            location(proxy_ignore_headers=None),
        ),
        UNBUFFERED,
    ),
    "nginx-read-timeout": (
        Cure("Raise proxy_read_timeout", location(proxy_read_timeout="60s")),
        HEARTBEAT,
    ),
    "nginx-send-timeout": (Cure("Raise send_timeout", location(send_timeout="60s")),),
    "nginx-chunked-off": (
        Cure("Set chunked_transfer_encoding on", location(chunked_transfer_encoding="on")),
        Cure("serve HTTP/2", configured(listen="ssl http2")),
    ),
    "nginx-shutdown-timeout": (
        Cure("Raise worker_shutdown_timeout", directed("main", worker_shutdown_timeout="60s")),
        Cure("remove it", directed("main", worker_shutdown_timeout=None)),
    ),
    "nginx-cache": (Cure("Set proxy_cache off", location(proxy_cache="off")),),
    "nginx-body-filter": (
        Cure("Remove sub_filter", location(sub_filter=None, sub_filter_types=None)),
        Cure("leave the stream's type out", location(sub_filter_types="text/css")),
    ),
    "nginx-connections": (
        Cure(
            "Raise worker_connections and worker_rlimit_nofile",
            lambda fault: directed("events", worker_connections=1024)(
                directed("main", worker_rlimit_nofile=2048)(fault)
            ),
        ),
    ),
    "nginx-upstream": (
        Cure("that proxy_pass leads to it", location(proxy_pass="http://upstream")),
    ),
    "nginx-big-header": (
        Cure(
            "Set proxy_buffer_size (4k or 8k by default) above the size of the headers",
            location(proxy_buffer_size="16k", proxy_buffers="8 16k"),
        ),
        Cure("send smaller cookies", run("wrapped:slim")),
    ),
    "nginx-request-buffering": (
        Cure(
            "Set proxy_request_buffering off and proxy_http_version 1.1",
            location(proxy_request_buffering="off", proxy_http_version="1.1"),
        ),
    ),
    "nginx-http2-streams": (
        Cure(
            "Raise http2_max_concurrent_streams",
            directed("server", http2_max_concurrent_streams=256),
        ),
    ),
    "nginx-http2-headers": (GREETED,),
    "nginx-limit-rate": (Cure("Remove limit_rate", location(limit_rate=None)),),
    "nginx-limit-conn": (Cure("Raise limit_conn", location(limit_conn="streams 100")),),
    "nginx-limit-req": (
        Cure("Raise limit_req's burst", location(limit_req="zone=streams burst=100 nodelay")),
    ),
}
