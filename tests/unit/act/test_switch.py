"""Nginx gets the site of a release; a proven one becomes the live one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from plugins.module_utils.act import ask, nginx
from plugins.module_utils.act import switch as module
from plugins.module_utils.act.ask import Answer, Question
from plugins.module_utils.act.editor import ActError, Editor
from plugins.module_utils.act.switch import Switch, switch
from plugins.module_utils.deploy.places import Places, refusal
from plugins.module_utils.host.access import Answer as Said
from plugins.module_utils.host.access import Host
from plugins.module_utils.host.nginx import WELCOME

CHAT = Places("chat")
SITE = "upstream chat {\n    keepalive_time 500ms;\n}\n"
LINES = [{"line": "worker_processes 2;", "block": ""}]


class Rig:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.refused, self.answers = "", [Answer(200, "/ answers 200 OK")]
        self.checked: list[dict[str, str]] = []
        self.without: list[str] = []
        self.loads: list[bool] = []
        self.slept: list[float] = []
        for name in ("nginx.conf", "sites-enabled/default", "conf.d/other.conf"):
            (root / "etc/nginx" / name).parent.mkdir(parents=True, exist_ok=True)
            (root / "etc/nginx" / name).write_text("worker_processes 1;\n")

    def check(self, files: dict[str, str], without: list[str]) -> str:
        self.checked.append(files)
        self.without = without
        return self.refused

    def load(self, _host: Host, _files: object, *, reload: bool) -> bool:
        self.loads.append(reload)
        return reload

    def ask(self, *_: object) -> Answer:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def text(self, path: str) -> str:
        return (self.root / path.lstrip("/")).read_text()

    def target(self, path: str) -> str:
        return str((self.root / path.lstrip("/")).readlink())

    def switch(self, editor: Editor, **changes: Any) -> dict[str, Any]:
        given: dict[str, Any] = {
            "release": "aaaa",
            "site": SITE,
            "lines": LINES,
            "keeps_welcome": False,
            "scheme": "http",
            "port": 80,
            "question": Question("/", "a"),
        }
        host = Host(self.root, lambda _: Said(1, ""))
        return switch(CHAT, Switch(**{**given, **changes}), host, editor)


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rig:
    made = Rig(tmp_path)
    monkeypatch.setattr(nginx, "check", made.check)
    monkeypatch.setattr(nginx, "load", made.load)
    monkeypatch.setattr(ask, "on_port", made.ask)
    monkeypatch.setattr(module.time, "sleep", made.slept.append)
    return made


def test_a_switch(rig: Rig, editor: Editor) -> None:
    assert rig.switch(editor) == {"reloaded": True, "status": 200}
    assert rig.text(CHAT.site) == SITE
    assert rig.text(nginx.MAIN) == "worker_processes 2;\n"
    assert not (rig.root / WELCOME[1:]).exists()
    assert rig.checked == [{CHAT.site: SITE, nginx.MAIN: "worker_processes 2;\n"}]
    assert rig.without == [WELCOME]


def test_the_second_time_nothing_changes(rig: Rig, editor: Editor) -> None:
    rig.switch(editor)
    again = Editor(rig.root)
    assert rig.switch(again) == {"reloaded": False, "status": 200}
    assert again.result() == {"changed": False, "diff": []}
    assert len(rig.checked) == 1


@pytest.mark.parametrize(
    ("site", "reloads"),
    [
        (SITE, False),
        (f"{SITE}# changed\n", True),
        ("upstream chat {}\n", True),  # of a Nginx that cannot renew its connections
    ],
)
def test_another_release(rig: Rig, editor: Editor, site: str, reloads: bool) -> None:
    first = SITE if "keepalive" in site else site
    rig.switch(editor, site=first)
    rig.slept.clear()
    assert rig.target(CHAT.traffic) == "/run/chat/aaaa.sock"
    again = Editor(rig.root)
    assert rig.switch(again, release="bbbb", site=site)["reloaded"] is reloads
    assert rig.target(CHAT.traffic) == "/run/chat/bbbb.sock"
    assert again.changed
    # Without a reload Nginx may use a connection to the other release for a moment.
    assert rig.slept == ([] if reloads else [module.LINGERS])


def test_what_is_not_wanted_is_left_alone(rig: Rig, editor: Editor) -> None:
    rig.switch(editor, lines=[], keeps_welcome=True)
    assert rig.text(nginx.MAIN) == "worker_processes 1;\n"
    assert (rig.root / WELCOME[1:]).exists()
    assert rig.without == []


def test_a_site_that_nginx_refuses_is_not_written(rig: Rig, editor: Editor) -> None:
    rig.refused = "unknown directive"
    with pytest.raises(ActError, match="unknown directive") as failed:
        rig.switch(editor)
    assert failed.value.failure == {"kind": "site-refused"}
    assert not (rig.root / CHAT.site[1:]).exists()
    assert rig.text(nginx.MAIN) == "worker_processes 1;\n"
    assert rig.loads == []


def test_servers_that_refuse_unknown_names(rig: Rig, editor: Editor) -> None:
    rig.switch(editor, refusals={80: "server { a }", 443: ""})
    assert rig.text(refusal(80)) == "server { a }"
    assert rig.checked[0][refusal(80)] == "server { a }"
    assert rig.without == [refusal(443), WELCOME]
    again = Editor(rig.root)
    assert rig.switch(again, refusals={80: "server { a }"})["reloaded"] is False
    assert rig.switch(again, refusals={80: ""})["reloaded"] is True
    assert not (rig.root / refusal(80)[1:]).exists()


def test_a_guest_is_in_one_site_of_another_app(rig: Rig, editor: Editor) -> None:
    old = rig.root / CHAT.guest("old")[1:]
    old.parent.mkdir(parents=True)
    old.write_text("location /old/ {}")
    (old.parent / "talk.conf").write_text("of another app")
    place = {"site_of": "web", "place": "location /chat/ {}", "zones": "limit_req_zone a;"}
    rig.switch(editor, **place)
    for kind, text in (("conf", "location /chat/ {}"), ("zones", "limit_req_zone a;")):
        assert rig.text(CHAT.guest("web", kind)) == text
        assert rig.checked[0][CHAT.guest("web", kind)] == text
    assert rig.without == [CHAT.guest("old"), CHAT.guest("old", "zones"), WELCOME]
    assert not old.exists()
    assert (old.parent / "talk.conf").exists()
    again = Editor(rig.root)
    assert rig.switch(again, **place)["reloaded"] is False
    rig.switch(again)  # it has a site of its own now
    assert not (rig.root / CHAT.guest("web")[1:]).exists()


def test_nginx_may_need_a_moment(rig: Rig, editor: Editor) -> None:
    rig.answers.insert(0, Answer(None, "port 80: Connection refused"))
    assert rig.switch(editor)["status"] == 200


@pytest.mark.parametrize("answer", [Answer(502, "/ answers 502"), Answer(None, "port 80: no")])
def test_an_app_that_does_not_answer_through_nginx(
    rig: Rig, editor: Editor, answer: Answer
) -> None:
    rig.answers = [answer]
    with pytest.raises(ActError) as failed:
        rig.switch(editor)
    assert (str(failed.value), failed.value.failure) == (answer.said, {"kind": "health"})


def test_check_mode(rig: Rig) -> None:
    editor = Editor(rig.root, check=True)
    assert rig.switch(editor) == {"reloaded": True}
    assert editor.changed
    assert (rig.checked, rig.loads) == ([], [])
    assert rig.text(nginx.MAIN) == "worker_processes 1;\n"
