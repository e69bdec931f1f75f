"""The action plugin stream_outcome."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.utils.display import Display

from plugins.action import stream_outcome
from plugins.module_utils.deploy.proof import PROBE
from tests.unit.action_plugin import run_action
from tests.unit.deploy.made_app import PLAN, UNIT, described, measured, settings

URL = "https://a.org"
HOLDER = "me@laptop, process 7"
LIVE = (
    f"{UNIT} is live on a, port 80. It takes 4096 streams and other requests at once; "
    "streaming_api_streams changes that."
)
UNDONE = {"site": "restored", "release": "removed", "problem": "", "journal": "its journal"}


def tell(more: dict[str, Any], **changes: Any) -> dict[str, Any]:
    args = {"app": described(**changes).fields(), "settings": settings(**changes)}
    given = {
        "say": "report",
        **args,
        "plan": {**PLAN._asdict(), "holder": HOLDER, "streams": 4096},
        **more,
    }
    return run_action(stream_outcome, given, {"inventory_hostname": "a"})


def failed(
    result: dict[str, Any],
    undone: dict[str, Any] | None = None,
    proofs: tuple[dict[str, Any], ...] = (),
) -> tuple[str, str]:
    """The evidence and the message."""
    more = {"failed": result, "undone": undone or UNDONE, "proofs": [*proofs]}
    evidence = tell({"say": "evidence", **more})
    assert "failed" not in evidence
    found = tell({"say": "failure", **more})
    assert found["failed"] is True
    return str(evidence.get("msg", "")), str(found["msg"])


PROOF = {"streams": False, "message": "why", "failure": {"kind": "socket-stream", "evidence": "t"}}


def test_a_proof_that_failed() -> None:
    evidence, said = failed({"msg": "x"}, proofs=({}, {**PROOF, "holder": HOLDER}))
    assert evidence == "t\n\nThe release has logged:\nits journal"
    assert said == (
        f"{UNIT} does not stream on its own socket; it is stopped and removed; the previous Nginx "
        "site has been restored: why"
    )


def test_a_proof_of_an_earlier_deploy_does_not_count() -> None:
    _, said = failed({"msg": "no disk"}, proofs=({**PROOF, "holder": "an earlier one"},))
    assert "could not be deployed" in said
    assert said.endswith(": no disk")


@pytest.mark.parametrize("kind", ["build", "import", "site-refused", "reload", "misdirected"])
def test_what_the_journal_does_not_explain(kind: str) -> None:
    assert failed({"msg": "why", "failure": {"kind": kind}})[0] == ""


@pytest.mark.parametrize("is_failed", [True, False])  # the play has failed_when: false
def test_the_undo_failed(is_failed: bool) -> None:
    _, said = failed({"msg": "why"}, {"failed": is_failed, "msg": "no connection"})
    assert said.endswith(" The undo failed too: no connection")


@pytest.mark.parametrize(
    ("processes", "said"),
    [
        (["worker"], " Beside it runs worker."),
        (["worker", "mails", "beat"], " Beside it run worker, mails and beat."),
    ],
)
def test_what_runs_beside_it(processes: list[str], said: str) -> None:
    assert tell({"processes": processes})["msg"].endswith(f"changes that.{said}")


def test_a_good_deploy() -> None:
    seen = {"measured": [measured(PROBE).pair()]}
    found = tell({"nginx": seen})
    assert found["msg"] == f"table of {PROBE}\n\n{LIVE}"
    assert found["_ansible_verbose_always"] is True
    assert "failed" not in found


def test_the_answer_that_was_taken_as_healthy() -> None:
    assert "/ answers 404, and that was taken as healthy" in tell({"status": 404})["msg"]
    assert "healthy" not in tell({"status": 302})["msg"]


def test_without_the_proof() -> None:
    assert tell({}, proof=False)["msg"] == LIVE


def test_an_app_at_a_path() -> None:
    said = tell({}, proof=False, nginx_path="/chat/")["msg"]
    assert said.startswith(f"{UNIT} is live on a, port 80, at /chat/. It takes")


def outside(streams: bool) -> dict[str, Any]:
    seen = measured(PROBE)
    result = {"streams": streams, "text": "table of the world", "message": "An edge lumps."}
    return {
        "nginx": {"measured": [seen.pair()]},
        "outside": {"seen": seen.pair(), "layers": [{}], "skips_origin": "", "result": result},
    }


def test_it_streams_in_the_world() -> None:
    found = tell(outside(streams=True), public_url="https://a.org")
    assert found["msg"] == f"table of the world\n\n{LIVE}"
    assert tell({"say": "outside", **outside(streams=True)})["skipped"] is True


def test_it_streams_on_its_host_only() -> None:
    found = tell(outside(streams=False), public_url="https://a.org")
    assert found["msg"] == f"table of the world\n\n{LIVE}"
    found = tell({"say": "outside", **outside(streams=False)}, public_url="https://a.org")
    assert found["failed"] is True
    assert found["msg"] == (
        f"{UNIT} streams on its host, but not at https://a.org. It stays live, since the "
        "previous release would be behind the same URL. An edge lumps."
    )


def result_of(problem: str) -> dict[str, Any]:
    one = {"verdict": "unknown", "problem": problem}
    layer = {"passes": {"identity": one, "browser": {"verdict": "streaming"}}}
    return {"streams": False, "verdict": "unknown", "layers": [layer], "message": "Cannot tell."}


@pytest.mark.parametrize("problem", ["machine", "reader", "network"])
def test_what_the_controller_cannot_tell_fails_nothing(
    problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    warned: list[str] = []
    monkeypatch.setattr(Display, "warning", lambda _, said: warned.append(said))
    found = tell({"say": "outside", "outside": {"result": result_of(problem)}}, public_url=URL)
    assert "failed" not in found
    live = f"{UNIT} is live and streams on its host."
    assert warned == [f"{live} {URL} could not be judged from the controller: Cannot tell."]


@pytest.mark.parametrize("problem", ["unsteady", "no stream"])
def test_an_open_verdict_of_another_kind_fails(problem: str) -> None:
    found = tell({"say": "outside", "outside": {"result": result_of(problem)}}, public_url=URL)
    assert found["failed"] is True
