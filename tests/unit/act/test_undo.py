"""Going back: what becomes of the site and of the release."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from plugins.module_utils.act import nginx
from plugins.module_utils.act import undo as module
from plugins.module_utils.act.editor import ActError, Editor
from plugins.module_utils.act.undo import Undo, undo
from plugins.module_utils.deploy.outcome import Undone
from plugins.module_utils.deploy.places import SINGLE, UNITS, Places, proven_refusal, refusal
from plugins.module_utils.host.access import Answer, Host
from tests.unit.act.conftest import Systemd

CHAT = Places("chat")
NEW = "new1"


SITE = "upstream chat {\n    keepalive_time 500ms;\n}\n"
OLD_SITE = "upstream chat {}\n"  # of a Nginx that cannot renew its connections


class Rig:
    """A host with links, sites, and the files of the release that failed."""

    def __init__(self, root: Path, systemd: Systemd) -> None:
        self.root, self.systemd = root, systemd
        self.loads: list[bool] = []
        self.refuses = False
        for path in CHAT.files(NEW)[:3]:
            self.write(path, "")
        self.runs("active")

    def write(self, path: str, text: str) -> None:
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def link(self, path: str, release: str) -> None:
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.symlink_to(CHAT.socket(release))

    def traffic(self, release: str, live: str = "", proven: str = SITE, site: str = SITE) -> None:
        """One release has the traffic, another one or none is live."""
        self.link(CHAT.traffic, release)
        self.write(CHAT.site, site)
        if live:
            self.link(CHAT.proven_traffic, live)
            self.write(CHAT.proven_site, proven)

    def has_traffic(self) -> str:
        link = self.root / CHAT.traffic[1:]
        return link.readlink().stem if link.is_symlink() else ""

    def there(self, path: str) -> bool:
        return (self.root / path.lstrip("/")).exists()

    def runs(self, *states: str) -> None:
        self.systemd.answer("systemctl is-active", "\n".join(states) + "\n")

    def load(self, _host: Host, _files: object, *, reload: bool) -> bool:
        self.loads.append(reload)
        if self.refuses and reload:
            raise ActError("its error log says why.", kind="reload")
        return reload

    def undo(self, release: str = NEW, **wanted: Any) -> tuple[Undone, str]:
        given: dict[str, Any] = {"may_have_streams": False, "was_live": False, **wanted}
        host = Host(self.root, lambda _: Answer(1, ""))
        return undo(CHAT, Undo(release, **given), host, Editor(self.root))


@pytest.fixture
def rig(tmp_path: Path, systemd: Systemd, monkeypatch: pytest.MonkeyPatch) -> Rig:
    made = Rig(tmp_path, systemd)
    monkeypatch.setattr(nginx, "load", made.load)
    systemd.answer("journalctl", "its journal\n")
    return made


def test_one_that_never_had_traffic(rig: Rig) -> None:
    """It failed at its start: nothing but itself changes."""
    rig.traffic("old1", live="old1")
    assert rig.undo() == (Undone("untouched", "removed"), "its journal")
    assert not any(rig.there(path) for path in CHAT.files(NEW))
    assert rig.systemd.asked_to("start") == []
    assert rig.loads == [False]


def test_one_that_had_traffic_finishes_its_streams(rig: Rig) -> None:
    rig.traffic(NEW, live="old1")
    assert rig.undo()[0] == Undone("restored", "draining")
    assert rig.has_traffic() == "old1"
    assert rig.loads == [False]  # Nginx follows the link
    assert rig.systemd.asked_to("start") == [f"start chat-drain@{NEW}.service"]
    assert rig.there(CHAT.withdrawn(NEW))
    assert rig.there(CHAT.manifest(NEW))


def test_a_changed_site_is_restored_too(rig: Rig) -> None:
    rig.traffic(NEW, live="old1", site=f"{SITE}# changed\n")
    assert rig.undo()[0] == Undone("restored", "draining")
    assert (rig.root / CHAT.site[1:]).read_text() == SITE
    assert (rig.has_traffic(), rig.loads) == ("old1", [True])


def test_an_old_nginx_is_reloaded(rig: Rig) -> None:
    rig.traffic(NEW, live="old1", proven=OLD_SITE, site=OLD_SITE)
    assert rig.undo()[0] == Undone("restored", "draining")
    assert (rig.has_traffic(), rig.loads) == ("old1", [True])


def test_the_first_release_leaves_no_site(rig: Rig) -> None:
    rig.traffic(NEW)
    assert rig.undo()[0] == Undone("removed", "draining")
    assert rig.has_traffic() == ""
    assert not rig.there(CHAT.site)


def test_one_that_was_live_before_stays_on_the_host(rig: Rig) -> None:
    rig.traffic(NEW, live="old1")
    assert rig.undo(was_live=True)[0] == Undone("restored", "draining")
    assert not rig.there(CHAT.withdrawn(NEW))


def test_one_that_was_live_and_has_no_streams_is_stopped(rig: Rig) -> None:
    assert rig.undo(was_live=True)[0] == Undone("untouched", "stopped")
    assert rig.there(CHAT.manifest(NEW))
    # One of them alone would bring the other back.
    assert f"stop chat@{NEW}.socket chat@{NEW}.service" in rig.systemd.asked_to("stop")


def test_one_that_ran_before_may_have_streams(rig: Rig) -> None:
    assert rig.undo(may_have_streams=True)[0].release == "draining"


@pytest.mark.parametrize("state", ["inactive", "failed", "unknown"])
def test_one_that_does_not_run_has_no_streams(rig: Rig, state: str) -> None:
    rig.traffic(NEW)
    rig.runs(state, state)
    assert rig.undo(may_have_streams=True)[0] == Undone("removed", "removed")


def test_the_live_release_is_left_alone(rig: Rig) -> None:
    """A deploy of the same release that failed: it is live already."""
    rig.traffic(NEW, live=NEW, site=f"{SITE}# changed\n")
    assert rig.undo(may_have_streams=True)[0] == Undone("restored", "live")
    assert rig.systemd.asked_to("stop", "start", "disable") == []


def test_one_that_was_never_built(rig: Rig) -> None:
    for path in CHAT.files(NEW)[:3]:
        (rig.root / path[1:]).unlink()
    (rig.root / CHAT.directory(NEW)[1:]).rmdir()
    rig.runs("inactive")
    assert rig.undo()[0] == Undone("untouched", "none")
    assert rig.systemd.asked_to("stop") == []


def test_what_nginx_may_still_send_requests_to_runs_on(rig: Rig) -> None:
    rig.traffic(NEW, live="old1", site=f"{SITE}# changed\n")
    rig.refuses = True
    undone, journal = rig.undo()
    assert (undone.release, journal) == ("none", "its journal")
    assert undone.problem == "The previous site could not be loaded: its error log says why."
    assert rig.systemd.asked_to("stop", "start", "disable") == []


def test_a_site_that_no_worker_has_read(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nginx refused the reload, and may refuse the next one too: nobody waits for it."""
    monkeypatch.setattr(module, "has_lost_reload", lambda *_: True)
    rig.traffic(NEW, live="old1", site=f"{SITE}# changed\n")
    assert rig.undo()[0] == Undone("restored", "draining")  # to be safe
    assert rig.loads == []
    assert rig.systemd.asked_to("reload") == ["reload nginx.service"]


def test_the_site_of_a_killed_deploy(rig: Rig) -> None:
    rig.traffic(NEW, live="old1")
    assert rig.undo("") == (Undone("restored", "none"), "")
    assert rig.there(CHAT.manifest(NEW))


TICKER, WORKER = CHAT.process(SINGLE, "ticker"), CHAT.process(NEW, "worker")


def test_the_processes_of_before_run_again(rig: Rig) -> None:
    """First: if the undo is killed, the link still tells the next deploy."""
    rig.traffic(NEW, live="old1")
    rig.write(f"{UNITS}/{TICKER}", "new")
    rig.write(f"{CHAT.singles('old1')}/ticker.service", "old")
    rig.systemd.answer("systemctl show", f"Id={TICKER}\nActiveState=inactive\n")
    assert rig.undo()[0] == Undone("restored", "draining", "", "restored")
    assert (rig.root / UNITS[1:] / TICKER).read_text() == "old"
    assert rig.systemd.asked_to("stop", "start") == [
        f"start {TICKER}",
        f"start chat-drain@{NEW}.service",
    ]


def test_the_processes_of_before_cannot_run_again(rig: Rig) -> None:
    rig.traffic(NEW, live="old1")
    rig.write(f"{CHAT.singles('old1')}/ticker.service", "old")
    rig.systemd.answer("systemctl enable", status=1, error="read-only")
    undone = rig.undo()[0]
    assert (undone.site, undone.release, undone.processes) == ("restored", "draining", "broken")
    assert "The previous processes could not be started: " in undone.problem


def test_one_that_could_not_start_again_may_finish_its_job(rig: Rig) -> None:
    """It has drained, and one of its processes still does."""
    rig.write(f"{UNITS}/{WORKER}", "new")
    rig.runs("inactive", "failed", "deactivating")
    assert rig.undo(may_have_streams=True, was_live=True)[0].release == "draining"
    assert rig.systemd.asked_to("stop", "kill") == []


def test_the_first_release_leaves_no_process(rig: Rig) -> None:
    """One that a killed deploy has started; the play's next undo removes the release."""
    for unit in (TICKER, WORKER):
        rig.write(f"{UNITS}/{unit}", "new")
    assert rig.undo()[0] == Undone("untouched", "removed", "", "untouched")
    assert not any(rig.there(f"{UNITS}/{unit}") for unit in (TICKER, WORKER))
    assert f"kill --signal=KILL {WORKER}" in rig.systemd.asked_to("kill")


def test_one_that_hangs_is_killed(rig: Rig) -> None:
    rig.systemd.answer(f"systemctl stop chat@{NEW}.socket", status=124)
    assert rig.undo()[0].release == "removed"
    assert rig.systemd.asked_to("kill") == [f"kill --signal=KILL chat@{NEW}.service"]
    assert rig.systemd.asked_to("reset-failed") == [f"reset-failed chat@{NEW}.service"]


def test_what_it_has_in_the_sites_of_others_goes_back_too(rig: Rig) -> None:
    rig.traffic(NEW, live="old1")
    rig.write(CHAT.guest("new"), "location /new/ {}")
    rig.write(CHAT.guest("new").replace("chat", "talk"), "of another app")
    rig.write(CHAT.proven_guest("old"), "location /old/ {}")
    assert rig.undo()[0] == Undone("restored", "draining")
    assert not rig.there(CHAT.guest("new"))
    assert rig.there(CHAT.guest("new").replace("chat", "talk"))
    assert (rig.root / CHAT.guest("old")[1:]).read_text() == "location /old/ {}"


@pytest.mark.parametrize("proven", [None, "server { refuses all }"])
def test_the_servers_that_refuse_unknown_names_go_back_too(rig: Rig, proven: str | None) -> None:
    rig.traffic(NEW, live=NEW if proven else "")
    rig.write(refusal(80), "server { new }")
    rig.write(refusal(443), "server { of another app }")
    if proven:
        rig.write(proven_refusal(80), proven)
    undone, _ = rig.undo(ports=[80])
    assert undone.site == ("restored" if proven else "removed")
    assert rig.there(refusal(80)) is bool(proven)
    if proven:
        assert (rig.root / refusal(80)[1:]).read_text() == proven
    assert rig.there(refusal(443))
    assert rig.loads == [True]
