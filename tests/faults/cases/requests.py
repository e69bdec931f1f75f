"""Requests that the app itself refuses, or does not answer with a stream."""

from __future__ import annotations

from tests.faults.cases.fault import OWN, Fault
from tests.faults.servers import Gunicorn, Script
from tests.faults.stack import Stack

REFUSING = Stack(Gunicorn("refusing:app"))

FAULTS = (
    Fault("bad-host", Stack(Gunicorn("refusing:trusted")), path=OWN, variant="trusted"),
    Fault("bad-host", REFUSING, path="/mcp-host", variant="mcp"),
    Fault("bad-request", REFUSING, path="/question", variant="field"),
    Fault("bad-request", REFUSING, path="/mcp-session", variant="mcp"),
    Fault("not-acceptable", REFUSING, path="/mcp-accept"),
    Fault("media-type", REFUSING, path="/mcp-type"),
    Fault("method", REFUSING, path="/ask"),
    Fault("unauthorized", REFUSING, path="/private"),
    Fault("forbidden", REFUSING, path="/status/403"),
    Fault("other-status", REFUSING, path="/status/418"),
    Fault("other-status", REFUSING, path="/status/451", variant="451"),
    Fault("not-found", REFUSING, path="/nowhere"),
    Fault("server-error", REFUSING, path="/broken"),
    Fault("unavailable", REFUSING, path="/status/503"),
    Fault("too-many-requests", REFUSING, path="/status/429"),
    Fault("redirect", REFUSING, path="/slash"),
    Fault("session-elsewhere", REFUSING, path="/elsewhere"),
    Fault("not-http-streaming", REFUSING, path="/socket", variant="426"),
    Fault("not-http-streaming", REFUSING, path="/socket.io/", variant="socket-io"),
    Fault("no-stream", REFUSING, path="/page", at="nobody"),
    Fault("unreachable", Stack(Script("gone.py")), path=OWN),
)
