"""The action plugin stream_plan: the lock, the drain, and what a later step needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from plugins.action import stream_plan
from plugins.module_utils import controller
from plugins.module_utils.deploy.lock import Holder
from tests.unit.action_plugin import run_action
from tests.unit.deploy.made_app import described, settings

ME = Holder("me@laptop", 42, "cafe", "beef", "1")
WORKER = {"name": "worker", "command": "celery worker"}
TEXTS = {
    "process": "[Service]\n",
    "service": "",
    "socket": "",
    "gunicorn": "",
    "modules": {},
    "server": "",
}
TOKEN = "/etc/streaming_api/chat-app.probe-token"
FACTS: dict[str, Any] = {
    "euid": 0,
    "conflicts": [],
    "nginx_lines": [],
    "capacity": {"memory": 2**31, "files": 524_288, "somaxconn": 4096, "notsent": 2**32 - 1},
    "apps": [],
    "missing_packages": [],
    "missing_users": [],
    "missing_files": [TOKEN],
    "python": "3.11.2",
    "python_path": "/usr/bin/python3.11",
    "distribution": {"id": "debian", "version": "12"},
    "nginx": {"installed": True, "version": "1.22.1", "welcome_page": True},
    "ipv6": True,
    "unclaimed": {"streaming_api_nginx_http_port": ["*", "[::]"]},
    "outdated_files": [],
    "systemd": 257,
    "live": None,
    "history": [],
    "releases": [],
    "site_is_proven": True,
}


class Host:
    """Answers stream_claim: one answer after the other, the last for good."""

    def __init__(self, *answers: dict[str, Any]) -> None:
        self.answers, self.asked = [*answers], list[dict[str, Any]]()

    def __call__(self, module: str, args: dict[str, Any]) -> dict[str, Any]:
        assert module == "stream_claim"
        self.asked.append(args)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def seen(**facts: Any) -> dict[str, Any]:
    return {"held": None, "facts": {**FACTS, **facts}}


def held(holder: Holder) -> dict[str, Any]:
    return {"held": {"holder": str(holder), "since": "Mon 10:00"}}


def release(id_: str, state: str, **more: Any) -> dict[str, Any]:
    own = {"id": id_, "state": state, "built": state != "partial", "runs": False}
    return {**own, "seconds_left": None, **more}


@pytest.fixture(autouse=True)
def _me(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(controller, "me", lambda: ME)
    monkeypatch.setattr(controller, "started", lambda pid: {7: "beef"}.get(pid, ""))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "app").mkdir()
    (tmp_path / "app/main.py").write_text("app = 1\n")
    (tmp_path / "app/requirements.txt").write_text("")
    return tmp_path / "app"


def plan(app: Path, host: Host, /, *, check: bool = False, **changes: Any) -> dict[str, Any]:
    given = {"source": str(app), **changes}
    secrets, made = given.pop("secrets", {}), given.pop("made", {})
    args = {"app": described(**given).fields(), "settings": settings(**given)}
    args |= {"texts": TEXTS, "secrets": secrets, "plan": made}
    return run_action(stream_plan, args, {}, host, check=check)


def test_a_fresh_host(source: Path) -> None:
    host = Host(seen())
    found = plan(source, host)
    assert (found["is_new"], found["is_live"], found["holder"]) == (True, False, str(ME))
    assert found["source"]["dependency_files"] == ["requirements.txt"]
    assert found["measured_by"] == {"probe": True, "paths": []}
    assert (found["measures"], found["removes_welcome"]) == (True, True)
    assert found["nginx_http2_directive"] is False
    [asked] = host.asked
    assert (asked["holder"], asked["gone"], asked["revive"]) == (str(ME), "", "")
    assert TOKEN in asked["host"]["files"]


def test_a_guest_has_no_port_of_its_own(source: Path) -> None:
    host = Host(seen(unclaimed={}))
    found = plan(source, host, nginx_site_of="web", nginx_path="/chat/")
    assert found["refusals"] == []
    [asked] = host.asked
    assert (asked["host"]["ports"], asked["host"]["site_of"]) == ({}, "web")
    assert asked["host"]["locations"] == {"/chat/": "streaming_api_nginx_locations[0].path"}
    assert asked["host"]["shared"]["streaming_api_tls"] == "none"


def test_the_name_depends_on_what_the_release_is_made_of(source: Path) -> None:
    def name(facts: dict[str, Any] | None = None, **changes: Any) -> str:
        return str(plan(source, Host(seen(**(facts or {}))), **changes)["id"])

    same = name()
    assert name() == name({"python": "3.11.9"}) == name(keep_releases=9) == same
    others = [
        name({"python": "3.12.1"}),
        name({"distribution": {"id": "ubuntu", "version": "24.04"}}),
        name(environment={"A": "b"}),
        name(secrets={"A": "b"}),
        name(files={"a": "b"}),
        name(extra_packages=["a"]),
        name(dependencies="requirements.txt"),
        name(processes=[WORKER]),
        name(processes=[{**WORKER, "command": "celery beat"}]),
        name(processes=[{**WORKER, "single": True}]),
        name(processes=[{**WORKER, "stop_timeout": 9}]),
    ]
    assert len({same, *others}) == 1 + len(others)


def test_an_app_without_processes_has_the_id_that_it_had(source: Path) -> None:
    found = plan(source, Host(seen()))
    assert not {"process", "processes"} & found["texts"].keys()


def test_no_secret_in_the_result(source: Path) -> None:
    assert "hunter2" not in str(plan(source, Host(seen()), secrets={"KEY": "hunter2"}))


# --- the lock ---

RUNS, GONE = ME._replace(pid=7), ME._replace(pid=8)


def test_a_deploy_that_runs_already(source: Path) -> None:
    found = plan(source, Host(held(RUNS)))
    assert found["failed"] is True
    assert found["msg"] == (
        "chat-app is being deployed already, by me@laptop, process 7, since Mon 10:00. Wait until "
        "that deploy has ended. If you know it is dead, end it: systemctl stop "
        "chat-app-deploy.service"
    )
    assert found["holder"] != str(RUNS)  # that lock is not ours to release


def test_a_lock_of_a_dead_process_is_taken_over(source: Path) -> None:
    host = Host(held(GONE), seen())
    assert "failed" not in plan(source, host)
    assert [one["gone"] for one in host.asked] == ["", str(GONE)]


def test_the_takeover_is_tried_once(source: Path) -> None:
    host = Host(held(GONE))
    assert plan(source, host)["failed"] is True
    assert len(host.asked) == 2


# --- refusals, each with the holder so that the lock is released ---


@pytest.mark.parametrize(
    ("facts", "changes", "said"),
    [
        ({"euid": 1000}, {}, "The role came to the host as an ordinary user; set become: true."),
        ({"conflicts": ["One.", "Two."]}, {}, "One.\nTwo."),
        ({}, {"release": "previous"}, "streaming_api_release is 'previous', but none was live before; there are no releases."),
        ({}, {"source": "/gone"}, "source is '/gone', which does not exist."),
    ],
)  # fmt: skip
def test_a_refusal(source: Path, facts: dict[str, Any], changes: dict[str, Any], said: str) -> None:
    found = plan(source, Host(seen(**facts)), **changes)
    assert (found["failed"], found["msg"], found["holder"]) == (True, said, str(ME))


PYPROJECT = '[build-system]\n[project]\nname = "chat"\nrequires-python = "{}" # why\n'


@pytest.mark.parametrize(
    ("requires", "python", "said"),
    [
        (">=3.12", None, "streaming_api_python is '/usr/bin/python3', Python 3.11.2 on this host; allowed is a Python that requires-python of the source's pyproject.toml allows (>=3.12): a version such as '3.12', which uv downloads if the host has none, or the path of one on the host."),
        (">=3.9,<3.11", "3.13", "streaming_api_python is '3.13'; allowed is a Python that requires-python of the source's pyproject.toml allows (>=3.9,<3.11): a version such as '3.9', which"),
        (">=3.10", None, ""),
        (">=3.13.2", "3.13", ""),  # uv takes the newest
        (">=3.13.2", "3.13.1", "streaming_api_python is '3.13.1'; "),
        (">=3.12", "3", ""),  # whatever uv finds
        (">=3.12", "/opt/python/bin/python3", ""),  # nobody knows its version
        ("newest", None, ""),  # uv says what is wrong
        (">=4", None, "allows (>=4): a version, which"),
    ],
)  # fmt: skip
def test_a_python_that_the_source_does_not_accept(
    source: Path, requires: str, python: str | None, said: str
) -> None:
    (source / "pyproject.toml").write_text(PYPROJECT.format(requires))
    changes: dict[str, Any] = {"python": python} if python else {}
    found = plan(source, Host(seen()), **changes)
    assert said in found.get("msg", "") if said else "failed" not in found


def test_the_version_of_another_interpreter_says_nothing(source: Path) -> None:
    (source / "pyproject.toml").write_text(PYPROJECT.format(">=3.12"))
    assert "failed" not in plan(source, Host(seen(python_path="/opt/ansible/bin/python3")))


def test_a_host_that_cannot_be_read_has_its_lock_all_the_same(source: Path) -> None:
    """The module takes the lock first, so it is ours to release."""
    found = plan(source, Host({"failed": True, "msg": "systemctl cannot tell."}))
    assert (found["msg"], found["holder"]) == ("systemctl cannot tell.", str(ME))


# --- a release of the host ---

OLD = "aaaaaaaaaaaa"


def test_a_rollback_needs_no_source() -> None:
    facts = {"releases": [release(OLD, "kept", probe=False, proof_paths=[])], "history": [OLD]}
    found = plan(Path("/gone"), Host(seen(**facts)), release="previous")
    assert (found["id"], found["is_new"], found["measures"]) == (OLD, False, False)


@pytest.mark.parametrize("state", ["draining", "ending"])
def test_a_plan_leaves_a_drain_alone(state: str) -> None:
    host = Host(seen(releases=[release(OLD, state)]))
    found = plan(Path("/gone"), host, release=OLD)
    assert ([one["revive"] for one in host.asked], found["state"]) == ([""], state)


def again(first: dict[str, Any], host: Host) -> dict[str, Any]:
    """The second plan, which has the first."""
    return plan(Path("/gone"), host, made=first, release=OLD)


@pytest.mark.parametrize("state", ["draining", "ending"])
def test_a_release_that_drains_is_revived(state: str) -> None:
    first = plan(Path("/gone"), Host(seen(releases=[release(OLD, state)])), release=OLD)
    host = Host(seen(releases=[release(OLD, "running", runs=True)]))
    found = again(first, host)
    assert [one["revive"] for one in host.asked] == [OLD]
    assert [one["holder"] for one in host.asked] == [first["holder"]]  # it has the lock already
    assert (found["state"], found["runs"], found["changed"]) == ("running", True, True)


def test_any_other_plan_stays_as_it_is() -> None:
    first = plan(Path("/gone"), Host(seen(releases=[release(OLD, "kept")])), release=OLD)
    host = Host()
    found = again(first, host)
    assert (host.asked, found["skipped"], found["changed"]) == ([], True, False)
    assert {**found, "skipped": None, "changed": None} == {
        **first,
        "skipped": None,
        "changed": None,
    }


def test_one_that_was_removed_a_moment_ago() -> None:
    first = plan(Path("/gone"), Host(seen(releases=[release(OLD, "draining")])), release=OLD)
    found = again(first, Host(seen()))
    assert f"'{OLD}', which is not on the host" in found["msg"] or "a moment ago" in found["msg"]
    assert found["holder"] == first["holder"]


def test_check_mode_revives_nothing() -> None:
    host = Host(seen(releases=[release(OLD, "draining")]))
    found = plan(Path("/gone"), host, check=True, release=OLD)
    assert (len(host.asked), found["state"], found["measures"]) == (1, "draining", False)


# --- how many streams ---


@pytest.mark.parametrize(
    ("asked", "others", "streams", "connections"),
    [(0, [], 16_384, 50_176), (100, [], 100, 1324), (100, [1000], 100, 4324)],
)
def test_the_app_and_its_nginx_take_as_many(
    source: Path, asked: int, others: list[int], streams: int, connections: int
) -> None:
    apps = [{"name": "docs", "streams": count} for count in others]
    found = plan(source, Host(seen(apps=apps)), streams=asked)
    assert found["streams"] == streams
    assert f"limit_conn streams_chat_app {streams};" in found["full_lines"]
    lines = [one["line"] for one in found["nginx_lines"]]
    assert f"worker_connections {connections};" in lines
    assert found["kernel"] == []  # their files are there: the host refuses them


def test_the_kernels_settings(source: Path) -> None:
    path = "/etc/sysctl.d/30-streaming_api-net.core.somaxconn.conf"
    [found] = plan(source, Host(seen(outdated_files=[path])))["kernel"]
    assert (found["path"], found["text"]) == (path, "net.core.somaxconn = 65535\n")


def test_a_main_file_of_the_users(source: Path) -> None:
    assert plan(source, Host(seen()), nginx_manage_main_file=False)["nginx_lines"] == []


def test_the_number_of_streams_makes_no_new_release(source: Path) -> None:
    less, more = (plan(source, Host(seen()), streams=count) for count in (100, 9000))
    assert less["id"] == more["id"]
