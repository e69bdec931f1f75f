"""What the deploy writes, the monitor reads."""

from __future__ import annotations

import json
from pathlib import Path

from plugins.module_utils.monitor.wanted import Certified, Wanted, Way, read

CHAT = Wanted(
    "chat",
    "/srv",
    15,
    (Way("/api/", ({"name": "gunicorn", "url": "http://a/"}, {"name": "nginx", "url": "http://a/"})),),
    {"delay_p50": 0.05},
    Certified(443, "chat.example"),
    probe_token="sesame",
    status_token="open",
)  # fmt: skip


def write(directory: Path, wanted: Wanted) -> None:
    (directory / f"{wanted.app}.json").write_text(json.dumps(wanted.fields()))
    (directory / f"{wanted.app}.probe-token").write_text(f"{wanted.probe_token}\n")
    (directory / f"{wanted.app}.status-token").write_text(f"{wanted.status_token}\n")


def test_all_apps_are_read(tmp_path: Path) -> None:
    other = CHAT._replace(app="other", certified=None, status_token="")
    write(tmp_path, other)
    write(tmp_path, CHAT)
    assert read(tmp_path) == [CHAT, other]


def test_the_config_has_no_token() -> None:
    assert "sesame" not in json.dumps(CHAT.fields())


def test_an_app_whose_config_is_gone_is_not_watched(tmp_path: Path) -> None:
    """systemd then gives an empty credential."""
    write(tmp_path, CHAT)
    (tmp_path / "other.json").write_text("\n")
    assert [one.app for one in read(tmp_path)] == ["chat"]


def test_missing_tokens_are_empty(tmp_path: Path) -> None:
    write(tmp_path, CHAT)
    (tmp_path / "chat.probe-token").unlink()
    (tmp_path / "chat.status-token").unlink()
    (found,) = read(tmp_path)
    assert (found.probe_token, found.status_token) == ("", "")
