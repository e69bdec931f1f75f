# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Causes in Gunicorn and in its unit."""

from __future__ import annotations

from .cause import GUNICORN, SYSTEMD, Cause

CAUSES = (
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
)
