# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Causes in front of the host, and in the client."""

from __future__ import annotations

from ..products import ANOTHER, NGINX
from .cause import CORE, FRONT, PROXY, Cause
from .cause import NGINX as NGINX_DOCS

COLLECTORS = (
    "Turn off what needs the whole body there: response inspection (ModSecurity:"
    " SecResponseBodyAccess Off), response buffering (lighttpd: server.stream-response-body = 1,"
    " HAProxy: no http-response wait-for-body), a body filter (Apache: no SetOutputFilter that"
    " collects)."
)

CAUSES = (
    # any proxy, the host's own too
    Cause(
        "edge-collects",
        FRONT,
        "a proxy collects the whole answer, with its headers, before it sends anything",
        COLLECTORS,
        "https://developers.cloudflare.com/rules/",
        needs=("held", "whole_answer_held"),
        excludes=("comes_from_a_cache", "streams_by_post", "unframed_before"),
        supports=("length_is_new",),
        remedies=(
            (NGINX, "If ModSecurity is on: modsecurity off for the location."),
            (
                "Apache",
                (
                    "SecResponseBodyAccess Off for the path (ModSecurity), and no SetOutputFilter"
                    " that collects (mod_ext_filter); ProxyPass with flushpackets=on."
                ),
            ),
            (
                "Varnish",
                (
                    "Set beresp.do_stream = true, beresp.do_esi = false and beresp.do_gzip = false"
                    " in vcl_backend_response: each of the three collects."
                ),
            ),
            ("lighttpd", "Set server.stream-response-body = 1."),
            (
                "Caddy",
                "Remove buffer_responses (response_buffers) from reverse_proxy.",
            ),
            (ANOTHER, COLLECTORS),
        ),
    ),
    Cause(
        "nginx-tls-buffer",
        FRONT,
        "proxy_buffering on: Nginx fills a TLS record (ssl_buffer_size, 16 KiB) before it sends it",
        "Set proxy_buffering off for the stream's location, or send X-Accel-Buffering: no.",
        NGINX_DOCS + "ngx_http_ssl_module.html#ssl_buffer_size",
        needs=("held", "records_of_nginx"),
        excludes=("app_said_no_buffering", "comes_from_a_cache", "constant_rate", "late_by_one"),
        supports=("in_one_read", "whole_answer_held"),
        remedies=((NGINX, "Set proxy_buffering off, or send X-Accel-Buffering: no."),),
    ),
    Cause(
        "edge-total-timeout",
        FRONT,
        "a limit on the whole time of a request ends the stream, although events flow",
        "Raise the limit on the whole request for the path, or end the stream before it and let"
        " the reader reconnect.",
        "https://docs.cloud.google.com/load-balancing/docs/https#timeouts_and_retries",
        needs=("cut_by_the_clock",),
        supports=("cut_at_a_round_time",),
        remedies=(
            ("Caddy", "Remove write from the timeouts of servers."),
            ("Varnish", "Raise the parameter send_timeout above the longest stream."),
            ("Apache", "Raise Timeout, and the body limit of mod_reqtimeout."),
        ),
    ),
    Cause(
        "edge-headers-late",
        FRONT,
        "a proxy waits before it asks the app: an authentication, a dead backend, a retry",
        "Find what the proxy asks first, and remove it or make it faster (Nginx: auth_request; an"
        " upstream that does not answer).",
        PROXY + "proxy_next_upstream",
        needs=("asked_late",),
    ),
    Cause(
        "edge-headers-held",
        FRONT,
        "a proxy holds the headers until the first chunk",
        "Send a comment as the first chunk.",
        "https://html.spec.whatwg.org/multipage/server-sent-events.html#authoring-notes",
        needs=("headers_wait",),
        excludes=("http2_over_tls", "held"),
    ),
    Cause(
        "edge-chunks-late",
        FRONT,
        "a proxy passes on the headers, and each chunk a constant time later",
        "Let it pass on each chunk at once: no delay, no scan of the first bytes.",
        "https://developers.cloudflare.com/rules/",
        needs=("first_chunk_late",),
    ),
    Cause(
        "edge-nagle",
        FRONT,
        "a server lets a small chunk wait until the reader has acknowledged the one before",
        "Set tcp_nodelay on. An Nginx with proxy_buffering on does so only with TLS: set"
        " proxy_buffering off.",
        CORE + "tcp_nodelay",
        needs=("held", "steps_of_the_round_trip"),
    ),
    Cause(
        "edge-starved",
        FRONT,
        "the proxy gets a CPU only now and then: a CPU quota, or a busy machine",
        "Raise the CPU quota of the proxy's unit, container or pod (CPUQuota=, limits.cpu), or free"
        " its machine.",
        "https://docs.kernel.org/scheduler/sched-bwc.html",
        needs=("held", "pauses_together"),
    ),
    Cause(
        "edge-cache-lock",
        FRONT,
        "a cache lets the second reader wait until the first one has the whole stream",
        "Turn the cache off for the path (Nginx: proxy_cache off; Varnish: return (pass)).",
        PROXY + "proxy_cache_lock",
        needs=("got_anothers_events",),
    ),
    Cause(
        "edge-ignores-departure",
        FRONT,
        "the proxy reads on after its reader left, so the app works for nobody",
        "Turn the cache off for the path: a cache reads to the end. Set proxy_ignore_client_abort"
        " off, Nginx's default.",
        PROXY + "proxy_ignore_client_abort",
        needs=("stays_open", "ends_before"),
        risk=True,
        remedies=(
            (
                "Express",
                "End the request to the server in response.on('close', ...).",
            ),
        ),
    ),
    Cause(
        "edge-forgets-idle",
        FRONT,
        "a NAT, firewall or balancer on the way forgets an idle connection, and tells nobody",
        "Send a heartbeat more often than it forgets, or TCP keepalives (Nginx: listen ..."
        " so_keepalive=30s). Let it send a reset (Azure: TCP reset).",
        "https://learn.microsoft.com/azure/load-balancer/load-balancer-tcp-reset",
        needs=("falls_silent", "silent_after_a_pause"),
    ),
    # in front of the host, or a host's proxy that is not Nginx
    Cause(
        "edge-idle-timeout",
        "edge",
        "the load balancer or CDN cuts idle connections",
        "Raise its idle timeout (Nginx: proxy_read_timeout, HAProxy: timeout server, Apache:"
        " timeout= of ProxyPass, ALB: 60 s, Cloudflare: 120 s), or send a heartbeat every 15 s.",
        "https://developers.cloudflare.com/fundamentals/reference/connection-limits/",
        needs=("cut_in_silence",),
        excludes=("cut_by_the_clock",),
        supports=("cut_at_a_round_time",),
        remedies=(
            ("Varnish", "Raise between_bytes_timeout, or send a heartbeat."),
            ("Squid", "Raise read_timeout, or send a heartbeat."),
            ("nghttpx", "Raise backend-read-timeout, or send a heartbeat."),
            ("Caddy", "Raise read_timeout in reverse_proxy's transport, or send a heartbeat."),
            ("Express", "Raise timeout of http-proxy, or send a heartbeat."),
        ),
    ),
    Cause(
        "edge-compression",
        "edge",
        "the CDN or proxy collects the stream to compress it",
        "Turn compression off for the path (Nginx: gzip off, brotli off; HAProxy: no compression"
        " algo). HAProxy and Cloudflare also obey Cache-Control: no-transform, Nginx does not.",
        "https://developers.cloudflare.com/speed/optimization/content/compression/",
        needs=("held_when_compressed", "compressed_here"),
        supports=("another_server", "vary_when_compressed", "vary_never"),
        remedies=(
            (
                "Express",
                (
                    "Send Cache-Control: no-transform, which the compression middleware obeys, or"
                    " call res.flush() after each event."
                ),
            ),
            ("Next.js", "Set compress: false in next.config.js, or send no-transform."),
            ("Caddy", "Exclude the path from encode, or leave the stream's type out of its match."),
            ("Apache", "SetEnv no-gzip 1 for the path (mod_deflate; no-brotli 1 for mod_brotli)."),
        ),
    ),
    Cause(
        "edge-cache",
        "edge",
        "the CDN or proxy answers from its cache",
        "Turn the cache off for the path (Nginx: proxy_cache off, Apache: CacheDisable), or send"
        " Cache-Control: no-store.",
        "https://developers.cloudflare.com/cache/how-to/cache-rules/",
        needs=("comes_from_a_cache",),
        excludes=("got_anothers_events",),
        settle="passes: [identity, again]",
        remedies=(
            ("Varnish", "return (pass) for the path in vcl_recv, or send Cache-Control: no-store."),
            ("Squid", "cache deny for the path, or send Cache-Control: no-store."),
        ),
    ),
    Cause(
        "edge-nodelay",
        "edge",
        "a proxy in front lets the kernel collect small chunks",
        "HAProxy: option http-no-delay; Nginx: tcp_nodelay on.",
        "https://docs.haproxy.org/dev/configuration.html#option%20http-no-delay",
        needs=("held", "steps_of_the_kernel"),
        excludes=("reads_of_one_size",),
    ),
    Cause(
        "edge-get-buffered",
        "edge",
        "a proxy in front buffers the answers to GET but not to POST",
        "Open the stream by POST, or turn off buffering in that proxy.",
        "https://developers.cloudflare.com/rules/",
        needs=("held", "streams_by_post"),
    ),
    Cause(
        "edge-buffering",
        "edge",
        "another proxy in front buffers the stream",
        "Turn off response buffering there (Nginx: proxy_buffering off, Cloudflare:"
        " response_body_buffering none, Apache: no mod_buffer, no mod_sed).",
        "https://developers.cloudflare.com/rules/",
        needs=("held",),
        excludes=(
            "comes_from_a_cache",
            "streams_by_post",
            "steps_of_the_round_trip",
            "pauses_together",
        ),
        supports=("in_one_read", "unframed_before"),
        remedies=(
            (
                ANOTHER,
                (
                    "Turn off response buffering there (Apache: no mod_buffer, no mod_sed,"
                    " lighttpd: server.stream-response-body = 1, HAProxy: option http-no-delay)."
                ),
            ),
            ("Varnish", "Set beresp.do_stream = true in vcl_backend_response."),
            ("Caddy", "Set flush_interval -1 in reverse_proxy."),
        ),
    ),
    # client
    Cause(
        "client-reads-in-blocks",
        "client",
        "the client reads blocks of a fixed size, or its output is buffered",
        "Read without a block size (curl -N, httpx: aiter_raw(), requests: iter_content(None),"
        " urllib: read1()).",
        "https://curl.se/docs/manpage.html#-N",
        needs=("held",),
        supports=("reads_of_one_size", "late_events", "in_one_read"),
    ),
    Cause(
        "client-fails",
        "client",
        "the client's command fails",
        "Run the command by hand, as the same user on the same machine.",
        "https://curl.se/docs/manpage.html#EXIT",
        needs=("command_fails",),
        excludes=("client_times_out",),
        plain=True,
    ),
    Cause(
        "client-deadline",
        "client",
        "the client gives the whole stream a limited time, and ends it",
        "Limit the time between two reads instead (curl: no --max-time; httpx, requests: a read"
        " timeout; aiohttp: sock_read, not total; fetch: no AbortSignal.timeout).",
        "https://docs.aiohttp.org/en/stable/client_quickstart.html#timeouts",
        needs=("client_times_out",),
    ),
)
