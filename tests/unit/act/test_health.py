"""What counts as healthy: at a first deploy, and at a change."""

from __future__ import annotations

import pytest

from plugins.module_utils.act.ask import Answer, Question
from plugins.module_utils.act.health import objection


def answer(status: int | None, path: str = "/") -> Answer:
    return Answer(status, f"{path} answers {status}")


@pytest.mark.parametrize(
    ("path", "status", "live", "nowhere", "why"),
    [
        # a first deploy
        ("/", 200, None, 404, ""),
        ("/", 302, None, 404, ""),
        ("/", 404, None, 404, ""),  # an API without a page
        ("/", 401, None, 404, ""),
        ("/", 400, None, 400, "ALLOWED_HOSTS"),
        ("/mcp", 421, None, 404, "to the name a.example"),
        ("/healthz", 404, None, 404, "streaming_api_health_path must be"),
        ("/mcp", 400, None, 404, ""),  # it wants a request of another form
        ("/v1/models", 401, None, 404, ""),
        # a change
        ("/", 404, 200, 404, "where the live release answers 200"),
        ("/", 403, 302, 404, "where the live release answers 302"),
        ("/", 404, 404, 404, ""),
        ("/", 400, 400, 400, ""),  # as before
        ("/", 400, 500, 400, "ALLOWED_HOSTS"),
        ("/mcp", 400, 400, 404, ""),
        ("/mcp", 400, 200, 404, "where the live release answers 200"),
        ("/healthz", 404, 404, 404, "streaming_api_health_path must be"),
        ("/healthz", 200, 404, 404, ""),  # a new path
        ("/", 200, 500, 404, ""),  # it mends what is broken
    ],
)
def test_objection(path: str, status: int, live: int | None, nowhere: int, why: str) -> None:
    found = objection(
        Question(path, "a.example"),
        answer(status, path),
        answer(live) if live else None,
        answer(nowhere),
    )
    assert (why in found) if why else not found


def test_a_live_release_that_does_not_answer_proves_nothing() -> None:
    assert objection(Question("/", "a"), answer(404), answer(None)) == ""
