"""The lock of a deploy."""

from __future__ import annotations

import fcntl
import threading
from contextlib import nullcontext
from pathlib import Path

import pytest

from plugins.module_utils.act import claim
from plugins.module_utils.act.claim import Held
from plugins.module_utils.act.editor import ActError
from plugins.module_utils.deploy.places import Places
from tests.unit.act.conftest import Systemd

CHAT = Places("chat")
BEGIN = "systemd-run --quiet --collect --unit=chat-deploy.service"
SHOW = "systemctl show"


def shown(holder: str, state: str = "active") -> str:
    return f"ActiveState={state}\nDescription={holder}\nActiveEnterTimestamp=today\n"


def test_a_free_lock(systemd: Systemd) -> None:
    assert claim.take(CHAT, "me") is None
    [asked] = systemd.asked
    assert asked.startswith(BEGIN)
    assert "--description=me " in asked
    assert "--property=RuntimeMaxSec=1h" in asked


@pytest.mark.parametrize(
    ("holder", "state", "gone", "held", "stopped"),
    [
        ("me", "active", "", None, False),  # it is mine already
        ("you", "active", "", Held("you", "today"), False),
        ("you", "active", "him", Held("you", "today"), False),
        ("you", "active", "you", Held("you", "today"), True),  # and the next one was faster
    ],
)
def test_a_lock_that_is_taken(
    systemd: Systemd, holder: str, state: str, gone: str, held: Held | None, stopped: bool
) -> None:
    systemd.answer(BEGIN, status=1)
    systemd.answer(SHOW, shown(holder, state))
    assert claim.take(CHAT, "me", gone) == held
    assert (systemd.asked_to("stop") == ["stop chat-deploy.service"]) is stopped


def test_a_lock_that_cannot_be_taken(systemd: Systemd, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has it: there is no systemd, say."""
    monkeypatch.setattr(claim, "FORGETS", 0.0)
    systemd.answer(BEGIN, status=1, error="no bus")
    systemd.answer(SHOW, shown("", "inactive"))
    with pytest.raises(ActError, match="cannot be taken: no bus"):
        claim.take(CHAT, "me")


def test_systemd_still_knows_the_lock_of_the_dead(
    systemd: Systemd, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its unit has ended, and systemd forgets it a moment later."""
    systemd.answer(BEGIN, status=1, error="already loaded or has a fragment file")
    systemd.answer(SHOW, shown("you", "inactive"))
    monkeypatch.setattr(claim.time, "sleep", lambda _: systemd.answer(BEGIN))
    assert claim.take(CHAT, "me", "you") is None


@pytest.mark.parametrize(("begins", "lost"), [(0, False), (1, True)])
def test_an_undo_takes_an_expired_lock_again(systemd: Systemd, begins: int, lost: bool) -> None:
    systemd.answer(SHOW, shown("", "inactive"))
    systemd.answer(BEGIN, status=begins)
    expected = pytest.raises(ActError, match="no longer has its lock") if lost else nullcontext()
    with expected, claim.acting(CHAT, "me", retakes=True):
        pass


@pytest.mark.parametrize(("holder", "stops"), [("me", True), ("you", False), ("", False)])
def test_only_the_holder_releases_it(systemd: Systemd, holder: str, stops: bool) -> None:
    systemd.answer(SHOW, shown(holder))
    claim.unlock(CHAT, "me")
    assert bool(systemd.asked_to("stop")) is stops


# --- acts: one at a time, and only of the deploy that has the lock ---


@pytest.mark.parametrize(
    ("holder", "state", "lost"),
    [("me", "active", False), ("you", "active", True), ("me", "inactive", True)],
)
def test_an_act_stops_when_its_deploy_has_lost_the_lock(
    systemd: Systemd, holder: str, state: str, lost: bool
) -> None:
    systemd.answer(SHOW, shown(holder, state))
    expected = pytest.raises(ActError, match="no longer has its lock") if lost else nullcontext()
    with expected, claim.acting(CHAT, "me"):
        assert not lost


@pytest.mark.usefixtures("systemd")
def test_an_act_without_a_deploy_needs_no_lock() -> None:
    with claim.acting(CHAT, ""):
        pass


def test_in_check_mode_nothing_is_locked(acting: Path, systemd: Systemd) -> None:
    with claim.acting(CHAT, "me", check=True):
        pass
    assert (acting.exists(), systemd.asked) == (False, [])


def test_a_deploy_that_takes_over_waits_for_the_last_act(acting: Path, systemd: Systemd) -> None:
    systemd.answer(SHOW, shown("you", "inactive"))
    acting.parent.mkdir()
    with acting.open("w") as theirs:
        fcntl.flock(theirs, fcntl.LOCK_EX)
        taking = threading.Thread(target=claim.take, args=(CHAT, "me"))
        taking.start()
        taking.join(0.3)
        assert taking.is_alive()
    taking.join(5)
    assert not taking.is_alive()


def test_an_act_that_never_ends(
    acting: Path, monkeypatch: pytest.MonkeyPatch, systemd: Systemd
) -> None:
    systemd.answer(SHOW, shown("you", "inactive"))
    monkeypatch.setattr(claim, "ACT_ENDS", 0.05)
    acting.parent.mkdir()
    with acting.open("w") as theirs:
        fcntl.flock(theirs, fcntl.LOCK_EX)
        with pytest.raises(ActError, match="earlier deploy still runs"):
            claim.take(CHAT, "me")


def test_a_release_is_revived(systemd: Systemd) -> None:
    systemd.answer("systemctl is-active", "active\n")
    claim.revive(CHAT, "aaaa", 30)
    assert systemd.asked_to("stop") == ["stop chat-drain@aaaa.service"]


def test_one_that_is_being_stopped_ends_first(
    systemd: Systemd, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            systemd.answer("systemctl is-active", "inactive\n")

    monkeypatch.setattr(claim.time, "sleep", sleep)
    systemd.answer("systemctl is-active", "deactivating\n")
    claim.revive(CHAT, "aaaa", 30)
    assert len(slept) == 3


def test_a_drain_that_cannot_be_stopped(systemd: Systemd) -> None:
    systemd.answer("systemctl stop", status=1, error="no bus")
    with pytest.raises(ActError, match=r"^systemctl stop chat-drain@aaaa.service failed: no bus$"):
        claim.revive(CHAT, "aaaa", 30)
