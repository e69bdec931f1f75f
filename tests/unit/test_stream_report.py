"""The module that writes reports."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from plugins.module_utils.latency.measurement import Measurement
from plugins.modules import stream_report
from tests.unit.ansible_module import run_module
from tests.unit.latency.stream_reports import diagnosis, faulty

if TYPE_CHECKING:
    from pathlib import Path

MEASURED = faulty()
RESULT = {
    **diagnosis(MEASURED, "nginx", "gzip"),
    "changed": False,
    "measured": [one.as_json() for one in MEASURED],
}


def run(
    capsys: pytest.CaptureFixture[str], dest: Path, *, check: bool = False, **options: Any
) -> dict[str, Any]:
    arguments = {"result": RESULT, "dest": str(dest), **options}
    return run_module(stream_report, arguments, capsys, check=check)


@pytest.mark.parametrize(
    ("name", "options", "kind", "begins"),
    [
        ("a.html", {}, "html", "<!doctype html>"),
        ("A.HTM", {}, "html", "<!doctype html>"),
        ("a.json", {}, "json", "{"),
        ("a.txt", {}, "text", "  "),
        ("a", {"format": "html"}, "html", "<!doctype html>"),
        ("a.html", {"format": "text"}, "text", "  "),
    ],
)
def test_the_name_says_what_is_written(
    name: str,
    options: dict[str, Any],
    kind: str,
    begins: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    dest = tmp_path / name
    result = run(capsys, dest, **options)
    assert result["changed"] and (result["format"], result["dest"]) == (kind, str(dest))
    assert dest.read_text().startswith(begins)
    assert result["size"] == dest.stat().st_size
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["a.html", "a.json", "a.txt"])
def test_the_same_again_changes_nothing(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dest = tmp_path / name
    assert run(capsys, dest)["changed"]
    before = dest.stat()
    assert not run(capsys, dest)["changed"]
    assert dest.stat().st_mtime_ns == before.st_mtime_ns
    assert not run(capsys, dest, check=True)["changed"]


def test_check_mode_writes_nothing_and_says_what_would_change(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dest = tmp_path / "a.txt"
    result = run(capsys, dest, check=True)
    assert result["changed"] and not dest.exists()
    assert result["diff"][0]["before"] == "" and "nginx" in result["diff"][0]["after"]
    run(capsys, dest)
    result = run(capsys, dest, check=True, result={**RESULT, "notes": ["another"]})
    assert result["changed"] and "another" not in dest.read_text()
    assert result["diff"][0]["before"] == dest.read_text()


def test_a_mode_is_set_and_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dest = tmp_path / "a.json"
    assert run(capsys, dest, mode="0600")["changed"]
    assert dest.stat().st_mode & 0o777 == 0o600
    assert not run(capsys, dest, mode="0600")["changed"]
    assert run(capsys, dest, mode="0640")["changed"]


def test_json_can_be_read_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dest = tmp_path / "a.json"
    run(capsys, dest, title="chat", made_at="today")
    found = json.loads(dest.read_text())
    assert (found["title"], found["made_at"]) == ("chat", "today")
    assert found["diagnosis"]["culprit"] == "nginx"
    again = [Measurement.of(one) for one in found["measured"]]
    assert [one.layer for one in again] == [one.layer for one in MEASURED]
    was = MEASURED[1].passes["gzip"].timelines[0].events
    events = again[1].passes["gzip"].timelines[0].events
    assert [(one.key, one.size, one.sent) for one in events] == [
        (one.key, one.size, one.sent) for one in was
    ]
    assert [one.arrived for one in events] == pytest.approx([one.arrived for one in was], abs=1e-5)


def test_measurements_can_be_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dest = tmp_path / "a.html"
    run(capsys, dest, measured=[])
    assert "<figure" not in dest.read_text()
    run(capsys, dest)
    assert "<figure" in dest.read_text()


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("a.pdf", {}, "a.pdf; use a name in .html, .htm, .json, .txt, or set format."),
        ("no/a.html", {}, "there is no directory"),
        (".", {"format": "html"}, "which is a directory"),
        ("a.html", {"result": {}}, "result is not a stream_latency result; missing: verdict."),
        (
            "a.html",
            {"result": {"failed": True, "msg": "pycurl is missing"}},
            "missing: verdict. It says: pycurl is missing",
        ),
        ("a.html", {"measured": [{"layer": "nginx"}]}, "measured is not the measured of"),
        (
            "a.html",
            {"measured": [{"layer": "a", "passes": {"x": [3]}}]},
            "measured is not the measured",
        ),
    ],
)
def test_bad_input_is_one_sentence(
    name: str,
    options: dict[str, Any],
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    result = run(capsys, tmp_path / name, **options)
    assert result["failed"] and said in result["msg"]
    assert "\n" not in result["msg"] and not list(tmp_path.iterdir())
