# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Causes in front of the host, and in the client."""

from __future__ import annotations

from .cause import Cause

CAUSES = (
    # edge
    Cause(
        "edge-idle-timeout",
        "edge",
        "the load balancer or CDN cuts idle connections",
        "Raise its idle timeout (ALB: 60 s, Cloudflare: 120 s), or send a heartbeat every 15 s.",
        "https://developers.cloudflare.com/fundamentals/reference/connection-limits/",
        needs=("cut_in_silence",),
    ),
    Cause(
        "edge-compression",
        "edge",
        "the CDN or load balancer collects the stream to compress it",
        "Send Cache-Control: no-transform, or turn compression off for the path.",
        "https://developers.cloudflare.com/speed/optimization/content/compression/",
        needs=("held_when_compressed", "compressed_here"),
        supports=("another_server",),
    ),
    Cause(
        "edge-cache",
        "edge",
        "the CDN answers from its cache",
        "Send Cache-Control: no-store, and turn the CDN's cache off for the path.",
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
        "Read without a block size (curl -N, aiter_raw(), iter_content(None)).",
        "https://curl.se/docs/manpage.html#-N",
        needs=("held",),
        supports=("reads_of_one_size", "late_events"),
    ),
)
