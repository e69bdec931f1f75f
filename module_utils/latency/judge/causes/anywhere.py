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
