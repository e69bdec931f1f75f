"""The action plugin stream_outcome."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.action import stream_outcome
from plugins.module_utils.deploy.proof import PROBE
from tests.unit.action_plugin import run_action
from tests.unit.deploy.made_app import PLAN, UNIT, described, measured, settings

UNDONE = {"site": "restored", "release": "removed", "problem": "", "journal": "its journal"}


def tell(more: dict[str, Any], **changes: Any) -> dict[str, Any]:
    args = {"app": described(**changes).fields(), "settings": settings(**changes)}
    given = {**args, "plan": PLAN._asdict(), **more}
    return run_action(stream_outcome, given, {"inventory_hostname": "a"})


def failed(result: dict[str, Any], undone: dict[str, Any] | None = None) -> str:
    found = tell({"failed": result, "undone": undone or UNDONE})
    assert found["failed"] is True
    return str(found["msg"])


def test_a_failure_has_the_journal() -> None:
    lines = failed({"msg": "why", "failure": {"kind": "nginx-stream", "evidence": "table"}})
    assert lines.splitlines() == [
        (
            f"{UNIT} does not stream through Nginx; it is stopped and removed; the previous Nginx "
            "site has been restored: why"
        ),
        "table",
        "Its journal:",
        "its journal",
    ]


def test_the_journal_before_it_was_stopped_counts() -> None:
    said = failed({"msg": "why", "failure": {"kind": "start", "journal": "at its start"}})
    assert said.endswith("Its journal:\nat its start")


@pytest.mark.parametrize(
    "kind", ["build", "import", "site-refused", "reload", "health", "misdirected"]
)
def test_what_the_journal_does_not_explain(kind: str) -> None:
    assert "journal" not in failed({"msg": "why", "failure": {"kind": kind}})


@pytest.mark.parametrize("is_failed", [True, False])  # the play has failed_when: false
def test_going_back_failed(is_failed: bool) -> None:
    said = failed({"msg": "why"}, {"failed": is_failed, "msg": "no connection"})
    assert said.splitlines()[-1] == "Going back failed: no connection"


def test_a_good_deploy() -> None:
    seen = {"measured": [measured(PROBE).pair()]}
    found = tell({"nginx": seen})
    assert found["msg"] == f"table of {PROBE}\n\n{UNIT} is live on a, port 80."
    assert found["_ansible_verbose_always"] is True
    assert "failed" not in found


def test_without_the_proof() -> None:
    assert tell({}, proof=False)["msg"] == f"{UNIT} is live on a, port 80."


def outside(streams: bool) -> dict[str, Any]:
    seen = measured(PROBE)
    result = {"streams": streams, "text": "table of the world", "message": "An edge lumps."}
    return {
        "nginx": {"measured": [seen.pair()]},
        "outside": {"seen": seen.pair(), "layers": [{}], "skips_origin": False, "result": result},
    }


def test_it_streams_in_the_world() -> None:
    found = tell(outside(streams=True), public_url="https://a.org")
    assert found["msg"] == f"table of the world\n\n{UNIT} is live on a, port 80."


def test_it_streams_on_its_host_only() -> None:
    found = tell(outside(streams=False), public_url="https://a.org")
    assert found["failed"] is True
    assert found["msg"].splitlines() == [
        "table of the world",
        "",
        f"{UNIT} is live on a, port 80.",
        "",
        (
            f"{UNIT} streams on its host, but not at https://a.org. It stays live, since the "
            "previous release would be behind the same URL. An edge lumps."
        ),
    ]
