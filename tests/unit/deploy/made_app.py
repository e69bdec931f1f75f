"""The app that the decisions are about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from plugins.module_utils.deploy.app import App, app
from plugins.module_utils.deploy.plan import Plan
from plugins.module_utils.deploy.proof import PROBE, Measured, Stream
from plugins.module_utils.settings.check import check

ROLE = Path(__file__).parents[3] / "roles/streaming_api"
SPEC = yaml.safe_load((ROLE / "meta/argument_specs.yml").read_text())["argument_specs"]["deploy"]
MINIMAL = {
    "streaming_api_name": "chat-app",
    "streaming_api_app": "main:app",
    "streaming_api_source": "/src",
}
ID = "0123456789ab"  # the release that is deployed
UNIT = f"chat-app@{ID}"
PLAN = Plan(
    id=ID,
    unit=UNIT,
    directory=f"/srv/chat-app/releases/{ID}",
    socket=f"/run/chat-app/{ID}.sock",
    state="",
    live=None,
    is_new=True,
    is_live=False,
    was_live=False,
    runs=False,
    replaced=[],
    ended=[],
    outdated=[],
    history=[ID],
    restores_site=False,
)


def settings(**changes: Any) -> dict[str, Any]:
    """The checked variables; names without their prefix."""
    given = {f"streaming_api_{name}": value for name, value in changes.items()}
    found, problems = check({**MINIMAL, **given}, SPEC["options"])
    assert problems == []
    return found


def described(**changes: Any) -> App:
    return app(settings(**changes), "/playbooks", "/cache")


def measured(path: str, cause: str = "", on_socket: str = PROBE, **result: Any) -> Measured:
    """What was measured of a stream; with a cause it does not stream."""
    found: dict[str, Any] = {
        "streams": not cause,
        "causes": [{"cause": cause}] if cause else [],
        "text": f"table of {path}",
        "message": cause,
        "measured": [],
    }
    return Measured(Stream(path, on_socket), {**found, **result})


def answering(path: str = f"/api{PROBE}", **timeline: Any) -> Measured:
    """What the first pass through Nginx says of who answered."""
    layers = [{"passes": {"identity": {"timelines": [timeline]}}}]
    return measured(path, measured=layers)
