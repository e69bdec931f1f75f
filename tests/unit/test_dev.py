"""The last lines of `./dev test`: what failed, and the line that decides what CI thinks of a run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

DEV = Path(__file__).parents[2] / "dev.d"
CHECKS = DEV / "checks.sh"
JUNIT = (
    '<testsuites><testsuite name="pytest" errors="{e}" failures="{f}" skipped="{s}" tests="{t}">'
)


@pytest.mark.parametrize(
    ("checks", "junit", "line", "code"),
    [
        ("passed  ruff\npassed  mypy\n", {"t": 5}, "7 passed, 0 failed", 0),
        ("passed  ruff\n", {"t": 5, "s": 2}, "4 passed, 0 failed", 0),
        ("passed  ruff\n", None, "1 passed, 0 failed", 0),
        ("failed  ruff\n", None, "0 passed, 1 failed", 1),
        ("passed  ruff\nfailed  mypy\n", {"t": 5}, "6 passed, 1 failed", 1),
        ("passed  ruff\n", {"t": 5, "f": 1, "e": 1}, "4 passed, 2 failed", 1),
    ],
)
def test_the_closing_line(
    tmp_path: Path, checks: str, junit: dict[str, int] | None, line: str, code: int
) -> None:
    results = tmp_path / ".cache/results"
    results.mkdir(parents=True)
    (results / "checks").write_text(checks)
    if junit is not None:
        (results / "unit.xml").write_text(JUNIT.format(**({"e": 0, "f": 0, "s": 0} | junit)))
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f"source {CHECKS}; closing_line"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.stdout, ran.stderr, ran.returncode) == (line + "\n", "", code)


def test_what_failed_is_said_again(tmp_path: Path) -> None:
    results, printed = tmp_path / ".cache/results", tmp_path / ".cache/checks"
    results.mkdir(parents=True)
    printed.mkdir()
    (results / "checks").write_text("passed  ruff\nfailed  scenario edge\nfailed  scenario gate\n")
    (results / "edge-debian13.xml").write_text(
        '<testsuites><testsuite><testcase classname="molecule.edge.tests.test_slow" name="test_a[x]">'
        '<failure message="AssertionError: late&#10;assert 2 &lt; 1">trace</failure></testcase>'
        '<testcase classname="m" name="good"/></testsuite></testsuites>'
    )
    (printed / "edge").write_text("fatal: [edge]: FAILED! => the tests failed\n")
    (printed / "gate").write_text(
        "ok: [gate]\n\nfatal: [gate]: FAILED! =>\n    msg: no disk\n\nPLAY RECAP\n"
    )
    ran = subprocess.run(
        [sys.executable, DEV / "failures.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.splitlines() == [
        "FAILED molecule/edge/tests/test_slow.py::test_a[x] (edge-debian13)",
        "    AssertionError: late",
        "    assert 2 < 1",
        "FAILED scenario gate",
        "    fatal: [gate]: FAILED! =>",
        "        msg: no disk",
    ]
