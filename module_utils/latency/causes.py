# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The catalogue: why a stream arrives late, in lumps or cut. Data only.

A cause is there when all the signs that it ``needs`` are seen at its layer and none that it
``excludes``; what ``supports`` it puts it before others. A ``risk`` does no harm now. The signs are
in ``signs``.
"""

from __future__ import annotations

from typing import NamedTuple, Tuple

Names = Tuple[str, ...]

NGINX = "https://nginx.org/en/docs/http/"
PROXY = NGINX + "ngx_http_proxy_module.html#"
CORE = NGINX + "ngx_http_core_module.html#"
GUNICORN = "https://gunicorn.org/reference/settings/"
SYSTEMD = "https://www.freedesktop.org/software/systemd/man/latest/"


class Cause(NamedTuple):
    """Why a stream does not stream: where, what its reader sees, how it is told from others, and
    what to do about it.
    """

    id: str
    layer: str  # app, gunicorn, systemd, nginx, edge, client; empty: any
    title: str
    remedy: str
    link: str
    needs: Names
    excludes: Names = ()
    supports: Names = ()
    risk: bool = False


CAUSES = (
    # app
    Cause(
        "app-compression",
        "app",
        "a compression middleware keeps what it has compressed",
        "Leave compression of streams out of the app, or use a middleware that flushes each chunk"
        " (Starlette's does since 1.10).",
        "https://www.starlette.io/middleware/#gzipmiddleware",
        needs=("held_when_compressed", "compressed_here"),
    ),
    Cause(
        "app-headers-held",
        "app",
        "a middleware or the server keeps the headers until the first chunk",
        "Use a worker that sends the headers at once (uvicorn's does, Gunicorn's asgi worker does"
        " not), or send a comment as the first chunk.",
        GUNICORN + "#worker_class",
        needs=("headers_wait",),
    ),
    Cause(
        "app-computed-first",
        "app",
        "the whole body is there before its first byte is sent",
        "Yield the parts as they come about; a middleware that reads the whole body has the same"
        " effect.",
        "https://fastapi.tiangolo.com/advanced/custom-response/#streamingresponse",
        needs=("held", "in_one_read"),
        supports=("has_content_length",),
    ),
    Cause(
        "app-lumps",
        "app",
        "the app, a middleware of it or its server collects chunks before it sends them",
        "Take the middlewares off one by one; those that read the body must pass on each chunk.",
        "https://www.starlette.io/middleware/#limitations",
        needs=("held",),
        excludes=("in_one_read",),
    ),
    Cause(
        "app-thread-pool",
        "app",
        "the streams share a pool of threads that is too small (40 for synchronous generators)",
        "Make the generator asynchronous, or give the pool more threads.",
        "https://www.starlette.io/threadpool/",
        needs=("streams_slow_down",),
        excludes=("streams_take_turns",),
    ),
    Cause(
        "app-blocking",
        "app",
        "a blocking call stops the event loop, and all streams with it",
        "Await an asynchronous call instead, or run the blocking one in a thread.",
        "https://docs.python.org/3/library/asyncio-dev.html#running-blocking-code",
        needs=("streams_take_turns",),
        excludes=("wsgi_server",),
    ),
    Cause(
        "app-no-heartbeat",
        "app",
        "the stream is silent for longer than an idle limit on the way may allow",
        "Send a comment or an empty event every 15 seconds.",
        "https://html.spec.whatwg.org/multipage/server-sent-events.html#authoring-notes",
        needs=("long_silence",),
        risk=True,
    ),
    Cause(
        "app-headers-missing",
        "app",
        "the response lacks headers that keep a proxy from holding it",
        "Send Content-Type: text/event-stream (or application/x-ndjson), Cache-Control: no-cache,"
        " no-transform and X-Accel-Buffering: no.",
        PROXY + "proxy_buffering",
        needs=("lacks_headers",),
        risk=True,
    ),
    Cause(
        "app-cut-at-sigterm",
        "app",
        "the app ends its streams as soon as it is told to stop",
        "Let running streams end by themselves during the shutdown, or tell the readers to"
        " reconnect (sse-starlette: AppStatus.should_exit).",
        "https://github.com/sysid/sse-starlette",
        needs=("cut_by_stop",),
    ),
    Cause(
        "app-ignores-departure",
        "app",
        "the app goes on with streams that nobody reads any more",
        "End the generator when its reader leaves (await request.is_disconnected(), or an"
        " asynchronous generator that is closed).",
        "https://www.starlette.io/requests/#body",
        needs=("stays_open",),
        risk=True,
    ),
    # gunicorn
    Cause(
        "gunicorn-sync-worker",
        "gunicorn",
        "a sync or gthread worker serves as many streams as it has threads; the others wait",
        "Use an ASGI worker (uvicorn_worker.UvicornWorker), or more threads than streams.",
        GUNICORN + "#worker_class",
        needs=("streams_wait",),
        excludes=("streams_slow_down", "asgi_server"),
        supports=("wsgi_server",),
    ),
    Cause(
        "gunicorn-backlog",
        "gunicorn",
        "the queue of connections that wait is too short for a burst",
        "Raise Gunicorn's backlog, the socket unit's Backlog= and net.core.somaxconn.",
        GUNICORN + "#backlog",
        needs=("some_refused", "no_connection"),
    ),
    Cause(
        "gunicorn-worker-timeout",
        "gunicorn",
        "a worker was killed while it had streams, as Gunicorn does after timeout when it drains",
        "Set timeout to at least graceful_timeout and max_requests to 0; else look into the journal"
        " for what killed it (OOM).",
        GUNICORN + "#timeout",
        needs=("cut_unasked",),
    ),
    Cause(
        "gunicorn-graceful-timeout",
        "gunicorn",
        "the stop gives streams less time than they take",
        "Raise graceful_timeout and the unit's TimeoutStopSec= to the longest stream.",
        GUNICORN + "#graceful_timeout",
        needs=("cut_after_stop",),
    ),
    Cause(
        "gunicorn-http10",
        "gunicorn",
        "the server answers without framing, so that a cut stream looks complete",
        "Use a server that answers HTTP/1.1 with chunks.",
        "https://www.rfc-editor.org/rfc/rfc9112#section-6.3",
        needs=("close_delimited",),
        supports=("http_1_0",),
        risk=True,
    ),
    # systemd
    Cause(
        "systemd-socket-restart",
        "systemd",
        "new streams wait in the socket until the restarted service has finished its old ones",
        "Start a new service beside the old one instead of restarting it.",
        SYSTEMD + "systemd.socket.html",
        needs=("waits_for_restart",),
    ),
    Cause(
        "systemd-nofile",
        "systemd",
        "the service may not open more files, so further connections wait",
        "Raise LimitNOFILE= of the unit.",
        SYSTEMD + "systemd.exec.html#Process%20Properties",
        needs=("streams_wait",),
        excludes=("wsgi_server", "streams_slow_down", "streams_take_turns"),
        supports=("asgi_server",),
    ),
    # nginx
    Cause(
        "nginx-buffering-http10",
        "nginx",
        "proxy_buffering holds an answer that has no framing, as by HTTP/1.0, until it ends",
        "Set proxy_buffering off and proxy_http_version 1.1.",
        PROXY + "proxy_buffering",
        needs=("held",),
        excludes=(
            "app_said_no_buffering",
            "comes_from_a_cache",
            "constant_rate",
            "late_by_one",
            "steps_of_acknowledgement",
        ),
        supports=("in_one_read",),
    ),
    Cause(
        "nginx-gzip",
        "nginx",
        "gzip collects what it compresses",
        "Set gzip off for the stream's location, or proxy_buffering off.",
        NGINX + "ngx_http_gzip_module.html",
        needs=("held_when_compressed", "compressed_here"),
        excludes=("app_said_no_buffering",),
    ),
    Cause(
        "nginx-accel-ignored",
        "nginx",
        "Nginx buffers although the app asks it not to: X-Accel-Buffering is ignored or stripped",
        "Remove X-Accel-Buffering from proxy_ignore_headers, or set proxy_buffering off.",
        PROXY + "proxy_ignore_headers",
        needs=("late_events", "app_said_no_buffering"),
        excludes=("comes_from_a_cache", "constant_rate", "steps_of_acknowledgement"),
    ),
    Cause(
        "nginx-read-timeout",
        "nginx",
        "proxy_read_timeout is shorter than a silence of the stream",
        "Raise proxy_read_timeout, or send a heartbeat more often.",
        PROXY + "proxy_read_timeout",
        needs=("cut_in_silence",),
        excludes=("cut_while_paused",),
    ),
    Cause(
        "nginx-send-timeout",
        "nginx",
        "send_timeout is shorter than a pause of the reader",
        "Raise send_timeout.",
        CORE + "send_timeout",
        needs=("cut_while_paused",),
    ),
    Cause(
        "nginx-chunked-off",
        "nginx",
        "chunked_transfer_encoding off takes the framing away: a stream that is cut looks complete",
        "Set chunked_transfer_encoding on, or serve HTTP/2.",
        CORE + "chunked_transfer_encoding",
        needs=("close_delimited",),
        risk=True,
    ),
    Cause(
        "nginx-shutdown-timeout",
        "nginx",
        "worker_shutdown_timeout ends the streams of the old workers after a reload",
        "Raise worker_shutdown_timeout to the longest stream, or leave it out.",
        "https://nginx.org/en/docs/ngx_core_module.html#worker_shutdown_timeout",
        needs=("cut_after_reload",),
    ),
    Cause(
        "nginx-cache",
        "nginx",
        "proxy_cache answers with what another reader got before",
        "Set proxy_cache off for the stream's location.",
        PROXY + "proxy_cache",
        needs=("comes_from_a_cache",),
    ),
    Cause(
        "nginx-body-filter",
        "nginx",
        "a body filter (sub_filter) keeps the end of each chunk, which might begin a match",
        "Turn sub_filter off for the stream's location.",
        NGINX + "ngx_http_sub_module.html",
        needs=("held", "late_by_one"),
    ),
    Cause(
        "nginx-connections",
        "nginx",
        "worker_connections are used up; a proxied stream takes two",
        "Raise worker_connections and worker_rlimit_nofile.",
        "https://nginx.org/en/docs/ngx_core_module.html#worker_connections",
        needs=("some_refused",),
        excludes=("status_503", "status_429", "status_502"),
        supports=("status_500", "no_connection"),
    ),
    Cause(
        "nginx-upstream",
        "nginx",
        "Nginx cannot reach the app",
        "See whether the app runs, and whether its socket's queue is long enough (backlog).",
        PROXY + "proxy_pass",
        needs=("status_502",),
    ),
    Cause(
        "nginx-request-buffering",
        "nginx",
        "proxy_request_buffering reads the whole request before the app sees any of it",
        "Set proxy_request_buffering off and proxy_http_version 1.1.",
        PROXY + "proxy_request_buffering",
        needs=("request_is_held",),
    ),
    Cause(
        "nginx-nodelay",
        "nginx",
        "tcp_nodelay off: small chunks wait for the acknowledgement of those before",
        "Set tcp_nodelay on, which is the default.",
        CORE + "tcp_nodelay",
        needs=("held", "steps_of_acknowledgement"),
    ),
    Cause(
        "nginx-http2-streams",
        "nginx",
        "one HTTP/2 connection has all the streams that it may have (http2_max_concurrent_streams)",
        "Raise http2_max_concurrent_streams; each open stream of a browser counts.",
        NGINX + "ngx_http_v2_module.html#http2_max_concurrent_streams",
        needs=("http2_streams_wait",),
        supports=("streams_wait",),
    ),
    Cause(
        "nginx-http2-headers",
        "nginx",
        "this Nginx keeps the headers of HTTP/2 in its TLS buffer until the first chunk",
        "Use Nginx 1.26 or newer, or send a comment as the first chunk.",
        "https://nginx.org/en/CHANGES",
        needs=("headers_wait", "http2_over_tls"),
        excludes=("held",),
    ),
    Cause(
        "nginx-limit-rate",
        "nginx",
        "limit_rate lets through so many bytes a second",
        "Take limit_rate off the stream's location.",
        CORE + "limit_rate",
        needs=("constant_rate",),
    ),
    Cause(
        "nginx-limit-conn",
        "nginx",
        "limit_conn allows fewer connections than there are streams",
        "Raise limit_conn: each open stream counts for as long as it lasts.",
        NGINX + "ngx_http_limit_conn_module.html",
        needs=("status_503", "some_refused"),
    ),
    Cause(
        "nginx-limit-req",
        "nginx",
        "limit_req allows fewer requests a second",
        "Raise limit_req's rate or burst.",
        NGINX + "ngx_http_limit_req_module.html",
        needs=("status_429", "some_refused"),
    ),
    # edge
    Cause(
        "edge-idle-timeout",
        "edge",
        "the load balancer or CDN ends what is idle for too long",
        "Raise its idle timeout (ALB: 60 s, Cloudflare: 120 s), or send a heartbeat every 15 s.",
        "https://developers.cloudflare.com/fundamentals/reference/connection-limits/",
        needs=("cut_in_silence",),
    ),
    Cause(
        "edge-compression",
        "edge",
        "the CDN or load balancer compresses the stream and collects it for that",
        "Send Cache-Control: no-transform, or turn compression off for the path.",
        "https://developers.cloudflare.com/speed/optimization/content/compression/",
        needs=("held_when_compressed", "compressed_here"),
        supports=("another_server",),
    ),
    Cause(
        "edge-cache",
        "edge",
        "the CDN answers from its cache",
        "Send Cache-Control: no-store, and let the CDN bypass its cache for the path.",
        "https://developers.cloudflare.com/cache/how-to/cache-rules/",
        needs=("comes_from_a_cache",),
    ),
    Cause(
        "edge-nodelay",
        "edge",
        "a proxy in front lets the kernel collect small chunks",
        "HAProxy: option http-no-delay; Nginx: tcp_nodelay on.",
        "https://docs.haproxy.org/dev/configuration.html#option%20http-no-delay",
        needs=("held", "steps_of_the_kernel"),
    ),
    Cause(
        "edge-get-buffered",
        "edge",
        "what is in front buffers the answers to GET, and not those to POST",
        "Open the stream by POST, or turn buffering off in what is in front.",
        "https://developers.cloudflare.com/rules/",
        needs=("held", "streams_by_post"),
    ),
    Cause(
        "edge-buffering",
        "edge",
        "another proxy in front buffers the stream",
        "Turn response buffering off there (Nginx: proxy_buffering off, Cloudflare:"
        " response_body_buffering none).",
        "https://developers.cloudflare.com/rules/",
        needs=("held",),
        excludes=("comes_from_a_cache", "streams_by_post"),
        supports=("another_server", "in_one_read"),
    ),
    # client
    Cause(
        "client-reads-in-blocks",
        "client",
        "the client reads blocks of a fixed size, or its output is buffered",
        "Read what is there (curl -N; aiter_raw() or iter_content(None) instead of a block size).",
        "https://curl.se/docs/manpage.html#-N",
        needs=("held",),
        supports=("reads_of_one_size", "late_events"),
    ),
    # whatever the layer
    Cause(
        "certificate",
        "",
        "the certificate is not valid for this name",
        "Renew it or name the right one; a private authority goes into ca_path.",
        "https://curl.se/docs/sslcerts.html",
        needs=("certificate_fails",),
    ),
    Cause(
        "unauthorized",
        "",
        "the server wants to know who asks",
        "Give authorization, or headers with what it wants.",
        "https://www.rfc-editor.org/rfc/rfc9110#section-15.5.2",
        needs=("status_401",),
    ),
    Cause(
        "not-found",
        "",
        "there is nothing at this path",
        "See that the URL's path is right, and that each layer passes it on unchanged.",
        "https://www.rfc-editor.org/rfc/rfc9110#section-15.5.5",
        needs=("status_404",),
    ),
    Cause(
        "method",
        "",
        "the path wants to be asked by another method",
        "Give method, and the body that it wants: most token streams are asked for by POST.",
        "https://www.rfc-editor.org/rfc/rfc9110#section-15.5.6",
        needs=("status_405",),
    ),
    Cause(
        "unavailable",
        "",
        "the server says that it cannot serve now: maintenance, no backend, or too much to do",
        "Look into its journal, and into that of what it passes requests on to.",
        "https://www.rfc-editor.org/rfc/rfc9110#section-15.6.4",
        needs=("status_503",),
        excludes=("some_refused",),
    ),
    Cause(
        "too-many-requests",
        "",
        "the server limits how often it may be asked",
        "Ask less often, or raise the limit.",
        "https://www.rfc-editor.org/rfc/rfc6585#section-4",
        needs=("status_429",),
        excludes=("some_refused",),
    ),
    Cause(
        "silence",
        "",
        "no answer comes, or what was sent before this layer does not come any more",
        "See what the server waits for; its journal and a stack trace (py-spy dump) help.",
        "https://github.com/benfred/py-spy",
        needs=("falls_silent",),
    ),
    Cause(
        "redirect",
        "",
        "the answer is a redirect, which is not followed: another URL would be measured",
        "Measure the URL that it leads to.",
        "https://www.rfc-editor.org/rfc/rfc9110#section-15.4",
        needs=("status_redirect",),
    ),
    Cause(
        "server-error",
        "",
        "the server fails",
        "Look into its journal.",
        "https://www.rfc-editor.org/rfc/rfc9110#section-15.6",
        needs=("status_500",),
        excludes=("some_refused",),
    ),
    Cause(
        "unreachable",
        "",
        "nobody answers there",
        "See that the server runs, that it listens there, and that no firewall is between.",
        "https://curl.se/libcurl/c/libcurl-errors.html",
        needs=("no_connection",),
        excludes=("some_refused", "certificate_fails"),
    ),
    Cause(
        "too-slow-an-answer",
        "edge",
        "what is in front gave up waiting",
        "Send the headers and a first chunk at once.",
        "https://developers.cloudflare.com/support/troubleshooting/http-status-codes/",
        needs=("status_504",),
    ),
    Cause(
        "no-stream",
        "",
        "this URL gives a page, not a stream",
        "Measure the URL of a stream.",
        "https://html.spec.whatwg.org/multipage/server-sent-events.html",
        needs=("is_no_stream",),
    ),
)
