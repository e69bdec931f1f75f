"""The last line of `./dev test`, which decides what CI thinks of a run."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

CHECKS = Path(__file__).parents[2] / "dev.d/checks.sh"
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
