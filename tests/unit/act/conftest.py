"""A host without systemd: what is asked of it is noted, and answered from a table."""

from __future__ import annotations

from pathlib import Path

import pytest

from plugins.module_utils.act import units
from plugins.module_utils.act.editor import Editor
from plugins.module_utils.act.units import Said
from plugins.module_utils.deploy.places import Places


class Systemd:
    """``answers`` are by the beginning of a command; the longest that fits counts."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answers: dict[str, Said] = {}

    def answer(self, command: str, out: str = "", status: int = 0, error: str = "") -> None:
        self.answers[command] = Said(status, out, error)

    def run(self, command: list[str], **_: object) -> Said:
        words = " ".join(command)
        self.asked.append(words)
        fitting = [known for known in self.answers if words.startswith(known)]
        return self.answers[max(fitting, key=len)] if fitting else Said(0, "", "")

    def asked_to(self, *verbs: str) -> list[str]:
        """The systemctl commands with these verbs, without the program."""
        said = [words.partition(" ")[2] for words in self.asked if words.startswith("systemctl ")]
        return [words for words in said if words.split()[0] in verbs]


@pytest.fixture
def systemd(monkeypatch: pytest.MonkeyPatch) -> Systemd:
    fake = Systemd()
    monkeypatch.setattr(units, "run", fake.run)
    return fake


@pytest.fixture
def editor(tmp_path: Path) -> Editor:
    return Editor(tmp_path)


@pytest.fixture(autouse=True)
def acting(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that an act locks: below a directory of the test, not in /run."""
    file = tmp_path_factory.mktemp("run") / "streaming_api/chat.lock"
    monkeypatch.setattr(Places, "acting", property(lambda _: str(file)))
    return file
