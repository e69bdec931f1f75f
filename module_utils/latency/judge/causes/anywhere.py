# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Causes that any layer can have."""

from __future__ import annotations

from .cause import Cause

CAUSES = (
    Cause(
        "certificate",
        "",
        "the certificate is not valid for this name",
        "Renew the certificate, or use the right one. Put a private authority into ca_path.",
        "https://curl.se/docs/sslcerts.html",
        needs=("certificate_fails",),
    ),
    Cause(
        "unauthorized",
        "",
        "the server requires authorization",
        "Set authorization, or the headers that the server requires.",
        "https://www.rfc-editor.org/rfc/rfc9110#section-15.5.2",
        needs=("status_401",),
    ),
    Cause(
        "not-found",
        "",
        "the server has nothing at this path",
        "Check the path of the URL, and that each layer passes it on unchanged.",
        "https://www.rfc-editor.org/rfc/rfc9110#section-15.5.5",
        needs=("status_404",),
    ),
    Cause(
        "method",
        "",
        "the path needs another method",
        "Set method and body. Most token streams need POST.",
        "https://www.rfc-editor.org/rfc/rfc9110#section-15.5.6",
        needs=("status_405",),
    ),
    Cause(
        "unavailable",
        "",
        "the server cannot serve now: maintenance, no backend, or overload",
        "Read the journals of the server and of its backend.",
        "https://www.rfc-editor.org/rfc/rfc9110#section-15.6.4",
        needs=("status_503",),
        excludes=("some_refused",),
    ),
    Cause(
        "too-many-requests",
        "",
        "the server limits the rate of requests",
        "Send fewer requests, or raise the limit.",
        "https://www.rfc-editor.org/rfc/rfc6585#section-4",
        needs=("status_429",),
        excludes=("some_refused",),
    ),
    Cause(
        "silence",
        "",
        "no answer comes, or the stream stops although the layer before still sends",
        "Find out what the server waits for, by its journal and a stack trace (py-spy dump).",
        "https://github.com/benfred/py-spy",
        needs=("falls_silent",),
    ),
    Cause(
        "redirect",
        "",
        "the answer is a redirect; the module does not follow it, because it leads to another URL",
        "Measure the URL that the redirect leads to.",
        "https://www.rfc-editor.org/rfc/rfc9110#section-15.4",
        needs=("status_redirect",),
    ),
    Cause(
        "server-error",
        "",
        "the server fails",
        "Read the server's journal.",
        "https://www.rfc-editor.org/rfc/rfc9110#section-15.6",
        needs=("status_500",),
        excludes=("some_refused",),
    ),
    Cause(
        "unreachable",
        "",
        "no server answers there",
        "Check that the server runs and listens there, and that no firewall blocks it.",
        "https://curl.se/libcurl/c/libcurl-errors.html",
        needs=("no_connection",),
        excludes=("some_refused", "certificate_fails"),
    ),
    Cause(
        "too-slow-an-answer",
        "edge",
        "a proxy in front gave up waiting",
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
