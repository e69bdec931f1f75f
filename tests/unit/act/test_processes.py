"""A release's background processes start, and what must not run beside them ends first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from plugins.module_utils.act import claim, units
from plugins.module_utils.act import processes as module
from plugins.module_utils.act.editor import ActError, Editor
from plugins.module_utils.act.processes import bring, hand_over
from plugins.module_utils.act.units import Said
from plugins.module_utils.deploy.places import SINGLE, UNITS, Places

CHAT = Places("chat")
TICKER = CHAT.process(SINGLE, "ticker")


class Manager:
    """Stands in for systemd. ``log`` has what it started and ended, and with which text."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.clock = 1000.0
        self.units: dict[str, dict[str, Any]] = {}
        self.loaded: dict[str, str] = {}
        self.log: list[str] = []
        self.asked: list[str] = []
        self.dies: dict[str, float] = {}  # seconds after which a unit ends each time
        self.stuck: dict[str, str] = {}  # the state after a stop
        self.busy: list[str] = []  # was told to end already, and has a job

    # --- the host ---

    def release(self, release: str, *workers: str, **singles: str) -> None:
        for worker in workers:
            self.write(f"{UNITS}/{CHAT.process(release, worker)}", release)
        for process, text in singles.items():
            self.write(f"{CHAT.singles(release)}/{process}.service", text)

    def write(self, path: str, text: str) -> None:
        file = self.root / path[1:]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def text(self, unit: str) -> str:
        file = self.root / UNITS[1:] / unit
        return file.read_text() if file.exists() else ""

    def of(self, unit: str) -> dict[str, Any]:
        new = {"ActiveState": "inactive", "NRestarts": 0, "UnitFileState": "disabled"}
        return self.units.setdefault(unit, {**new, "Result": "success", "since": 0.0})

    @property
    def running(self) -> list[str]:
        return sorted(unit for unit in self.units if self.of(unit)["ActiveState"] == "active")

    # --- what is asked of it ---

    def sleep(self, seconds: float) -> None:
        self.clock += seconds
        for unit, life in self.dies.items():
            own = self.of(unit)
            if own["ActiveState"] == "active" and self.clock >= own["since"] + life:
                own.update(NRestarts=own["NRestarts"] + 1, since=self.clock)

    def run(self, command: list[str], **_: object) -> Said:
        self.asked.append(" ".join(command))
        if command[0] == "journalctl":
            return Said(0, "no such queue\n", "")
        verb, *words = command[1:]
        named = [word for word in words if not word.startswith("--")]
        if verb == "show":
            return Said(0, "\n\n".join(map(self._shown, named)), "")
        if verb == "daemon-reload":
            self.loaded = {unit: self.text(unit) for unit in self.units}
        for unit in named:
            getattr(self, f"_{verb.replace('-', '_')}")(unit)
        return Said(0, "", "")

    def _shown(self, unit: str) -> str:
        own = self.of(unit)
        since = f"ActiveEnterTimestampMonotonic={own['since'] * 1e6:.0f}"
        return "\n".join([f"Id={unit}", since, *(f"{name}={own[name]}" for name in own)])

    def _start(self, unit: str) -> None:
        own = self.of(unit)
        if own["ActiveState"] != "inactive":
            return
        own.update(ActiveState="active", NRestarts=0, since=self.clock)
        self.log.append(f"start {unit} {self.loaded.get(unit, self.text(unit))}")

    def _stop(self, unit: str) -> None:
        own = self.of(unit)
        if own["ActiveState"] != "inactive":
            self.log.append(f"end {unit}")
        own["ActiveState"] = self.stuck.get(unit, "inactive")

    def _enable(self, unit: str) -> None:
        assert self.text(unit)
        self.of(unit)["UnitFileState"] = "enabled"

    def _disable(self, unit: str) -> None:
        self.of(unit)["UnitFileState"] = "disabled"

    def _reset_failed(self, unit: str) -> None:
        pass


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Manager:
    made = Manager(tmp_path)
    monkeypatch.setattr(units, "run", made.run)
    monkeypatch.setattr(module.time, "sleep", made.sleep)
    monkeypatch.setattr(module.time, "monotonic", lambda: made.clock)
    made.release("old1", "worker", ticker="old")
    made.release("new1", "worker", ticker="new")
    hand_over(CHAT, "old1", Editor(tmp_path))
    made.log.clear()
    made.asked.clear()
    return made


OLD, NEW = CHAT.process("old1", "worker"), CHAT.process("new1", "worker")


def test_the_first_release(tmp_path: Path, host: Manager) -> None:
    assert host.running == [OLD, TICKER]
    assert {host.of(unit)["UnitFileState"] for unit in (OLD, TICKER)} == {"enabled"}
    assert host.text(TICKER) == "old"
    editor = Editor(tmp_path)
    brought = hand_over(CHAT, "old1", editor)
    assert list(brought.units) == ["worker", "ticker"]
    assert (editor.changed, host.log) == (False, [])
    assert host.clock == pytest.approx(1000 + module.UP, abs=0.5)


def test_a_switch(tmp_path: Path, host: Manager) -> None:
    """A single process ends before its successor starts. The drain ends the other one."""
    editor = Editor(tmp_path)
    assert hand_over(CHAT, "new1", editor).killed == []
    assert host.log == [f"end {TICKER}", f"start {NEW} new1", f"start {TICKER} new"]
    assert host.running == [NEW, OLD, TICKER]
    assert editor.changed


@pytest.mark.parametrize("dies", [True, False])
def test_the_way_back(tmp_path: Path, host: Manager, dies: bool) -> None:
    hand_over(CHAT, "new1", Editor(tmp_path))
    host.log.clear()
    if dies:
        host.of(OLD)["ActiveState"] = "inactive"
    bring(CHAT, "old1", Editor(tmp_path))
    again = [f"start {OLD} old1"] * dies
    assert host.log == [f"end {TICKER}", *again, f"start {TICKER} old"]


def test_one_that_had_to_be_killed(tmp_path: Path, host: Manager) -> None:
    host.of(TICKER)["Result"] = "timeout"
    assert hand_over(CHAT, "new1", Editor(tmp_path)).killed == [TICKER]


def test_the_units_of_a_killed_deploy(tmp_path: Path, host: Manager) -> None:
    """It was killed after it had ended the old process and had written the new one's unit."""
    host.loaded[TICKER] = "old"
    host.write(f"{UNITS}/{TICKER}", "new")
    host.of(TICKER)["ActiveState"] = "inactive"
    hand_over(CHAT, "new1", Editor(tmp_path))
    assert f"start {TICKER} new" in host.log


def test_one_that_cannot_be_ended(tmp_path: Path, host: Manager) -> None:
    host.stuck[TICKER] = "deactivating"
    with pytest.raises(ActError, match=r"chat@single.ticker.service does not end: it is deactiv"):
        hand_over(CHAT, "new1", Editor(tmp_path))
    assert host.log == [f"end {TICKER}"]
    assert host.text(TICKER) == "old"


@pytest.mark.parametrize("release", ["next", ""])
def test_a_release_without_it(tmp_path: Path, host: Manager, release: str) -> None:
    """An app that has no such process any more, and the undo of an app's first release."""
    brought = bring(CHAT, release, Editor(tmp_path))
    assert (brought.units, host.log, host.text(TICKER)) == ({}, [f"end {TICKER}"], "")
    assert host.of(TICKER)["UnitFileState"] == "disabled"


def test_one_that_becomes_single(tmp_path: Path, host: Manager) -> None:
    host.release("next", worker="next")
    bring(CHAT, "next", Editor(tmp_path))
    single = CHAT.process(SINGLE, "worker")
    assert host.log == [f"end {TICKER}", f"end {OLD}", f"start {single} next"]


def test_one_that_is_single_no_more(tmp_path: Path, host: Manager) -> None:
    host.release("next", "ticker")
    bring(CHAT, "next", Editor(tmp_path))
    assert host.log == [f"end {TICKER}", f"start {CHAT.process('next', 'ticker')} next"]


def test_a_release_that_comes_back_out_of_its_drain(tmp_path: Path, host: Manager) -> None:
    """Its worker has been told to end, and has a job. It is not waited for."""
    host.of(OLD).update(ActiveState="deactivating", UnitFileState="disabled")
    hand_over(CHAT, "old1", Editor(tmp_path))
    assert f"systemctl start --no-block {OLD}" in host.asked
    assert host.of(OLD)["UnitFileState"] == "enabled"


def test_one_that_ends_again_and_again(tmp_path: Path, host: Manager) -> None:
    host.dies[NEW] = 1
    with pytest.raises(ActError, match=r"^worker has ended 2 times since its start$") as failed:
        hand_over(CHAT, "new1", Editor(tmp_path))
    assert failed.value.failure == {"kind": "process", "evidence": "worker has logged:\nno such queue"}  # fmt: skip
    assert any("--since=@" in words for words in host.asked if words.startswith("journalctl"))


def test_what_ended_before_this_deploy_does_not_count(tmp_path: Path, host: Manager) -> None:
    host.of(OLD)["NRestarts"] = 7
    hand_over(CHAT, "old1", Editor(tmp_path))


def test_one_that_systemd_cannot_start(
    tmp_path: Path, host: Manager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host, "_start", lambda _: None)
    with pytest.raises(ActError, match=r"^worker does not start$"):
        hand_over(CHAT, "new1", Editor(tmp_path))


def test_a_deploy_that_has_lost_its_lock(
    tmp_path: Path, host: Manager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claim, "is_held", lambda _, holder: holder != "me")
    with pytest.raises(ActError, match="no longer has its lock"):
        hand_over(CHAT, "new1", Editor(tmp_path), holder="me")
    assert host.running == [NEW, OLD, TICKER]


def test_an_app_without_processes_asks_systemd_nothing(tmp_path: Path) -> None:
    assert hand_over(Places("docs"), "aaaa", Editor(tmp_path)).units == {}


PLANNED = [{"name": "worker", "single": False}, {"name": "ticker", "single": True}]


def test_check_mode(tmp_path: Path, host: Manager) -> None:
    """Of a release that is not built only the plan knows the processes."""
    editor = Editor(tmp_path, check=True)
    brought = hand_over(CHAT, "next", editor, PLANNED)
    assert list(brought.units) == ["worker", "ticker"]
    [noted] = editor.diff
    assert noted["before"] == f"{TICKER}\n"
    assert noted["after"] == f"{CHAT.process('next', 'worker')}\n{TICKER}\n"
    assert host.log == []
    assert not any(words.split()[1] != "show" for words in host.asked)


def test_check_mode_without_a_change(tmp_path: Path, host: Manager) -> None:
    editor = Editor(tmp_path, check=True)
    hand_over(CHAT, "old1", editor)
    assert (editor.changed, host.log) == (False, [])
