"""The reference app as it was with `fastapi.sse`, before it was made cheap: what now is compared with."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]
COMMIT = "fbef3d6"


def before() -> Path:
    """Take it from Git's history, and return its directory."""
    directory = ROOT / ".cache/bench/before"
    directory.mkdir(parents=True, exist_ok=True)
    archive = subprocess.run(
        ["git", "archive", f"{COMMIT}:files/app"], cwd=ROOT, check=True, capture_output=True
    )
    subprocess.run(["tar", "-xf", "-", "-C", str(directory)], input=archive.stdout, check=True)
    return directory
