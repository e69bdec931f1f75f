"""The action plugin stream_prove: what is asked of stream_latency, and what its answers mean."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.action import stream_prove
from plugins.module_utils.deploy.proof import PROBE
from tests.unit.action_plugin import nobody, run_action
from tests.unit.deploy.made_app import ID, PLAN, described, measured, settings

TOKEN_FILE = "/etc/streaming_api/chat-app.probe-token"


class Latency:
    """Measures streams by their URLs."""

    def __init__(self, **by_url: dict[str, Any]) -> None:
        self.by_url, self.asked = by_url, list[dict[str, Any]]()

    def __call__(self, module: str, args: dict[str, Any]) -> dict[str, Any]:
        assert module == "stream_latency"
        self.asked.append(args)
        url = args["layers"][-1]["url"]
        return next((found for part, found in self.by_url.items() if part in url), good())


def good(**timeline: Any) -> dict[str, Any]:
    own = {"status": 200, "server": {"release": ID}, **timeline}
    layers = [{"passes": {"identity": {"timelines": [own]}}}]
    return {"streams": True, "causes": [], "text": "table", "message": "", "measured": layers}


LUMPED = {"streams": False, "causes": [{"cause": "nginx-gzip"}], "text": "table", "message": "It lumps."}  # fmt: skip


def prove(
    at: str, host: Any = nobody, paths: tuple[str, ...] = (), more: dict[str, Any] | None = None, **changes: Any
) -> dict[str, Any]:  # fmt: skip
    plan = {**PLAN._asdict(), "holder": "me", "measured_by": {"probe": True, "paths": [*paths]}}
    args = {"at": at, "app": described(**changes).fields(), "settings": settings(**changes)}
    return run_action(stream_prove, {**args, "plan": plan, **(more or {})}, {}, host)


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_prove.time, "sleep", lambda _: None)


def test_on_the_socket() -> None:
    latency = Latency()
    found = prove("socket", latency, paths=("/own",))
    assert [stream[0][0] for stream in found["measured"]] == [PROBE, "/own"]
    assert [one["layers"][0]["name"] for one in latency.asked] == ["gunicorn"] * 2
    assert {one["probe_token_file"] for one in latency.asked} == {TOKEN_FILE}


@pytest.mark.parametrize(("at", "kind"), [("socket", "socket-stream"), ("nginx", "nginx-stream")])
def test_a_stream_that_does_not_stream(at: str, kind: str) -> None:
    found = prove(at, Latency(own=LUMPED), paths=("/own",))
    assert "failed" not in found  # its figures would be printed as an error
    assert (found["streams"], found["message"], found["holder"]) == (False, "It lumps.", "me")
    assert found["failure"] == {"kind": kind, "evidence": "table"}
    assert len(found["measured"]) == 2


def test_through_nginx_the_socket_is_not_measured_again() -> None:
    before = {"measured": [measured(PROBE, measured=["as before"]).pair()]}
    latency = Latency()
    prove("nginx", latency, more={"before": before})
    [asked] = latency.asked
    assert [one["name"] for one in asked["layers"]] == ["nginx"]
    assert asked["measured"] == ["as before"]


def test_a_live_release_is_measured_at_both_layers() -> None:
    latency = Latency()
    prove("nginx", latency, more={"before": {"skipped": True}})
    assert [one["name"] for one in latency.asked[0]["layers"]] == ["gunicorn", "nginx"]


def test_another_one_answers() -> None:
    latency = Latency(probe=good(server={"release": "abcdef"}))
    found = prove("nginx", latency)
    assert found["failure"] == {"kind": "misdirected"}
    assert found["message"].startswith("release abcdef answers")
    assert len(latency.asked) == stream_prove.RETRIES


def test_the_old_workers_may_answer_for_a_moment() -> None:
    answers = [good(server={"release": "abcdef"}), good()]
    found = prove("nginx", lambda *_: answers.pop(0))
    assert found["streams"] is True


def test_from_outside_the_token_goes_along_with_the_probe_only() -> None:
    for stream, sent in ((measured(PROBE), "hunter2"), (measured("/own", on_socket="/own"), None)):
        latency = Latency()
        more = {"before": {"measured": [stream.pair()]}, "host": "192.0.2.1", "token": "hunter2"}
        found = prove("outside", latency, more=more, public_url="https://a.org")
        [asked] = latency.asked
        assert asked.get("probe_token") == sent
        assert "probe_token_file" not in asked  # that is on the host
        assert found["result"]["streams"] is True


def test_from_outside_nothing_goes_back() -> None:
    more = {"before": {"measured": [measured(PROBE).pair()]}}
    found = prove("outside", Latency(a=LUMPED), more=more, public_url="https://a.org")
    assert "failed" not in found
    assert found["result"] == LUMPED


def test_nothing_can_be_asked_from_outside() -> None:
    found = prove("outside", more={"before": {"measured": []}}, public_url="https://a.org")
    assert (found["seen"], found["layers"], found["result"]) == (None, [], {})


def test_a_module_that_fails_fails_the_task() -> None:
    found = prove("socket", lambda *_: {"failed": True, "msg": "no pycurl", "rc": 1})
    assert (found["failed"], found["msg"], found["rc"]) == (True, "no pycurl", 1)
