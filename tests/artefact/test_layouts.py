"""Each module finds its imports in every layout, and gives an answer that only its own code can give."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.deploy.made_app import ID, PLAN, described, settings

from .conftest import NAME, ROOT, Project

if TYPE_CHECKING:
    from pathlib import Path

SPEC = str(ROOT / "roles/streaming_api/meta/argument_specs.yml")
TEXTS = {
    "service": "[Service]",
    "socket": "[Socket]",
    "gunicorn": "workers = 1",
    "modules": {},
    "server": "",
}
SOURCE = {"digest": None, "dependency_files": [], "installable": False, "build_variables": {}}
CHECKED = {"app": described().fields(), "settings": settings()}
MEASURED_BY = {"probe": True, "paths": []}
PLANNED = {
    **PLAN._asdict(),
    "holder": "me",
    "texts": TEXTS,
    "source": SOURCE,
    "measured_by": MEASURED_BY,
}
UNDONE = {"site": "untouched", "release": "removed", "problem": ""}
RELEASE = {"name": "x", "release": ID}

# Arguments, and an answer in check mode that only the module's own code can give.
ASKED: dict[str, tuple[dict[str, Any], str]] = {
    "stream_build": (
        {**CHECKED, "plan": PLANNED},
        rf'"after_header": "/etc/systemd/system/chat-app@{ID}.socket"',
    ),
    "stream_certificate": (
        {
            "name": "x",
            "names": ["a.org"],
            "directory": "https://ca.example/dir",
            "certificate": "/c/x.pem",
            "issued": "/c/x.pem.1",
            "webroot": "/c/acme",
        },
        r'"problem": ""',
    ),
    "stream_claim": ({"name": "x", "holder": "me"}, r'"held": null'),
    "stream_commit": ({**RELEASE, "record": {}}, r'"unlocked": ""'),
    "stream_host": ({"name": "x"}, r'"supported": (true|false)'),
    "stream_latency": ({"url": "http://127.0.0.1:9/", "fail": False, "seconds": 1}, r'"verdict": '),
    "stream_monitor": (
        {"texts": {"/etc/x.conf": "x"}},
        r'"after_header": "/etc/x.conf"',
    ),
    "stream_outcome": (
        {**CHECKED, "say": "failure", "plan": PLANNED, "failed": {"msg": "why"}, "undone": UNDONE},
        r"could not be deployed; it is stopped and removed; what was live is untouched: why",
    ),
    "stream_plan": ({**CHECKED, "texts": TEXTS}, r'"holder": "[^"]+, process \d+ '),
    "stream_prove": ({**CHECKED, "plan": PLANNED, "at": "outside"}, r'"skips_origin": ""'),
    "stream_report": ({"result": {}, "dest": "report.html"}, r"stream_latency"),
    "stream_settings": ({"spec": SPEC, "entry": "deploy"}, r"streaming_api_name is missing"),
    "stream_start": (
        {**RELEASE, "files": [{"path": "/etc/x.conf", "text": "x"}]},
        r'"after_header": "/etc/x.conf"',
    ),
    "stream_switch": ({**RELEASE, "site": "s"}, r'"reloaded": true'),
    "stream_undo": (RELEASE, r'"site": "untouched"'),
}
NAMES = sorted(
    {path.stem for place in ("library", "plugins/action") for path in (ROOT / place).glob("*.py")}
)


def checkout(directory: Path) -> tuple[Project, str, list[Any]]:
    """This repository, with its ansible.cfg."""
    return Project(directory, {"ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}), "", []


def role_by_path(directory: Path) -> tuple[Project, str, list[Any]]:
    """Another project with our roles/ in its roles_path."""
    (directory / "ansible.cfg").write_text(f"[defaults]\nroles_path = {ROOT / 'roles'}\n")
    # A play that names the role can use its plugins.
    role = {"ansible.builtin.import_role": {"name": "streaming_api"}, "when": False}
    return Project(directory, {}), "", [role]


@pytest.mark.parametrize("name", NAMES)
def test_each_has_a_row(name: str) -> None:
    assert name in ASKED, f"Add {name} to ASKED."


def test_each_row_has_a_module() -> None:
    assert sorted(ASKED) == NAMES


@pytest.mark.parametrize("layout", [checkout, role_by_path, "collection"])
def test_each_answers(layout: Any, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if layout == "collection":
        project, prefix, first = request.getfixturevalue("installed"), f"{NAME}.", []
    else:
        project, prefix, first = layout(tmp_path)
    answers = tmp_path / "answers.json"
    tasks = [
        {
            f"{prefix}{name}": arguments,
            "register": f"_{name}",
            "ignore_errors": True,
            "check_mode": True,
        }
        for name, (arguments, _) in ASKED.items()
    ]
    content = "{{ {" + ", ".join(f"'{name}': _{name}" for name in ASKED) + "} | to_json }}"
    last = {"ansible.builtin.copy": {"content": content, "dest": str(answers), "mode": "0600"}}
    play = [{"hosts": "localhost", "gather_facts": False, "tasks": [*first, *tasks, last]}]
    playbook = tmp_path / "ask.yml"
    playbook.write_text(json.dumps(play))

    done = project.play(str(playbook))

    assert answers.exists(), done.stdout + done.stderr
    for name, answer in json.loads(answers.read_text()).items():
        assert re.search(ASKED[name][1], json.dumps(answer)), (name, answer)
