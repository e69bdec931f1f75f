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
        "a sync or gthread worker serves one stream per thread; the others wait",
        "Use an ASGI worker (uvicorn_worker.UvicornWorker), or more threads than streams"
        " (Waitress: --threads).",
        GUNICORN + "#worker_class",
        needs=("streams_wait",),
        excludes=("streams_slow_down", "asgi_server"),
        supports=("wsgi_server",),
    ),
    Cause(
        "gunicorn-backlog",
        "gunicorn",
        "the queue of waiting connections is too short for a burst",
        "Raise Gunicorn's backlog, the socket unit's Backlog= and net.core.somaxconn. Gunicorn's"
        " asgi worker ignores them and queues 100: use uvicorn_worker.UvicornWorker.",
        GUNICORN + "#backlog",
        needs=("some_refused", "no_connection"),
    ),
    Cause(
        "gunicorn-worker-timeout",
        "gunicorn",
        "a worker was killed while it had streams; a draining worker is killed after timeout",
        "Set timeout to at least graceful_timeout, and max_requests to 0. A sync worker is killed"
        " timeout seconds after a stream began: use an ASGI worker. Otherwise search the journal"
        " for what killed the worker (OOM).",
        GUNICORN + "#timeout",
        needs=("cut_unasked",),
        excludes=("cut_by_the_clock", "cut_one_by_one"),
        supports=("cut_after_requests", "cut_all_at_once"),
    ),
    Cause(
        "gunicorn-graceful-timeout",
        "gunicorn",
        "the stop gives streams less time than they need",
        "Raise graceful_timeout and TimeoutStopSec= of the unit above the longest stream.",
        GUNICORN + "#graceful_timeout",
        needs=("cut_after_stop",),
    ),
    Cause(
        "gunicorn-http10",
        "gunicorn",
        "the server answers without framing, so a cut stream looks complete",
        "Use a server that answers with HTTP/1.1 and chunks.",
        "https://www.rfc-editor.org/rfc/rfc9112#section-6.3",
        needs=("close_delimited",),
        supports=("http_1_0",),
        risk=True,
    ),
    # systemd
    Cause(
        "systemd-socket-restart",
        "systemd",
        "new streams wait in the socket until the restarting service has finished its old streams",
        "Start a new service beside the old one. Do not restart it.",
        SYSTEMD + "systemd.socket.html",
        needs=("waits_for_restart",),
    ),
    Cause(
        "systemd-nofile",
        "systemd",
        "the service reached its limit of open files, so new connections wait",
        "Raise LimitNOFILE= of the unit.",
        SYSTEMD + "systemd.exec.html#Process%20Properties",
        needs=("streams_wait",),
        excludes=("wsgi_server", "streams_slow_down", "streams_take_turns"),
        supports=("asgi_server",),
    ),
)
