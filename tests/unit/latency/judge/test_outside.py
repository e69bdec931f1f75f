"""From outside alone: several causes explain the same, and the likeliest come first."""

from __future__ import annotations

import pytest

from plugins.module_utils.latency.judge.diagnosis import Diagnosis, diagnose
from plugins.module_utils.latency.timeline import Timeline
from tests.unit.latency.made_streams import (
    CHUNKED,
    GZIPPED,
    cut,
    in_the_end,
    layer,
    refused,
    stream,
)

NGINX = ("server", "nginx/1.22.1")
VARY = ("vary", "Accept-Encoding")


def seen(one: Timeline, other: Timeline) -> Diagnosis:
    return diagnose([layer("public", identity=one, browser=other)])


def compressed(*, always: bool = False, with_vary: bool = False) -> Diagnosis:
    """Only the compressed answer is held. It says Vary, or both answers do."""
    plain, zipped = (*CHUNKED, NGINX), (*GZIPPED, NGINX)
    return seen(
        stream(stamped=False, headers=(*plain, VARY) if always else plain),
        in_the_end(stamped=False, headers=(*zipped, VARY) if with_vary else zipped),
    )


def bad_gateway() -> Timeline:
    return refused(502, headers=(("content-type", "text/html"), NGINX))


def at_once(server: str) -> Timeline:
    headers = (*CHUNKED, ("server", server))
    made = in_the_end(stamped=False, headers=headers)
    return made._replace(headers_at=made.reads[0][0])


def late(seconds: float) -> Timeline:
    return stream(hold=seconds, headers_at=seconds, stamped=False)


@pytest.mark.parametrize(
    ("found", "first_two"),
    [
        pytest.param(compressed(), ["nginx-gzip", "edge-compression"], id="without Vary"),
        pytest.param(
            compressed(with_vary=True), ["nginx-gzip", "edge-compression"], id="Vary if compressed"
        ),
        pytest.param(
            compressed(with_vary=True, always=True),
            ["nginx-gzip", "app-compression"],
            id="Vary in each answer",
        ),
        pytest.param(
            seen(cut(20), cut(20, began=1000.5)),
            ["app-error", "gunicorn-worker-timeout"],
            id="cut at one event",
        ),
        # With uwsgi_pass, Nginx passes on the name of the app's server. With proxy_pass it does not.
        pytest.param(
            seen(at_once("gunicorn"), at_once("gunicorn")),
            ["nginx-buffering-http10", "edge-collects"],
            id="the server may speak uwsgi",
        ),
        pytest.param(
            seen(at_once("uvicorn"), at_once("uvicorn")),
            ["edge-collects", "edge-buffering"],
            id="the server speaks HTTP only",
        ),
        pytest.param(
            seen(bad_gateway(), bad_gateway()),
            ["nginx-upstream", "nginx-big-header"],
            id="a 502 of Nginx",
        ),
    ],
)
def test_the_likeliest_come_first(found: Diagnosis, first_two: list[str]) -> None:
    assert [one.cause.id for one in found.causes][:2] == first_two, found.message
    assert "nearer to the app" in found.next


def test_headers_that_are_late_alike_are_a_risk_and_no_fault() -> None:
    found = seen(late(1.0), late(1.02))
    assert found.verdict == "streaming"
    assert [one.cause.id for one in found.risks][:1] == ["headers-late"]
    held = at_once("nginx")
    for one, other in ((late(0.3), late(0.3)), (late(1.0), late(2.0)), (held, held)):
        assert "headers-late" not in [risk.cause.id for risk in seen(one, other).risks]
