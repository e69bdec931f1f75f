"""Remedies for requests that the app refuses; most are another request."""

from __future__ import annotations

from tests.faults.cases.fault import OWN
from tests.faults.cures.cure import Cure, Cures, asked, run, served
from tests.faults.servers import Gunicorn

BOTH = "application/json, text/event-stream"
JOURNAL = "The remedy is to read the journal; what to do next only a person can tell."

CURES: Cures = {
    "bad-host-trusted": (
        Cure("Ask for the name that the server knows", asked(headers={"Host": "chat.example.org"})),
        Cure("allow this one", run("refusing:app")),
    ),
    "bad-host-mcp": (
        Cure("Ask for the name that the server knows", asked(headers={"Host": "localhost"})),
    ),
    "bad-request-field": (Cure("as the app's own clients do", asked("/question?prompt=hi")),),
    "bad-request-mcp": (
        Cure("as the app's own clients do", asked(headers={"Mcp-Session-Id": "1"})),
    ),
    "not-acceptable": (Cure("Set headers: {Accept:", asked(headers={"Accept": BOTH})),),
    "media-type": (
        Cure(
            "Set headers: {Content-Type: application/json}",
            asked(headers={"Content-Type": "application/json"}),
        ),
    ),
    "method": (Cure("Set method", asked(method="POST")),),
    "unauthorized": (Cure("Set authorization", asked(authorization="Bearer x")),),
    "forbidden": (
        Cure("with the headers that the server requires", asked(headers={"X-Key": "x"})),
    ),
    "other-status": "The remedy is to look up what the status means; only a person can tell.",
    "not-found": (Cure("Check the path of the URL", asked(OWN)),),
    "redirect": (Cure("Measure the URL that the redirect leads to", asked("/slash/")),),
    "not-http-streaming": (Cure("Measure an HTTP stream", asked(OWN)),),
    "no-stream": (Cure("Measure the URL of a stream", asked(OWN)),),
    "unreachable": (
        Cure("Check that the server runs and listens there", served(Gunicorn("refusing:app"))),
    ),
    "server-error": JOURNAL,
    "unavailable": JOURNAL,
    "too-many-requests": "The app of this stack refuses each request; `nginx-limit-req` has a limit that can be raised.",
    "session-elsewhere": "The app of this stack only acts as two workers do: there is no second one to stop.",
}
