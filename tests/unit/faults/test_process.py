"""How the laboratory chooses its ports."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
TAKING = """
import sys
from tests.faults.process import free_port
print(*(free_port() for _ in range(40)), flush=True)
sys.stdin.read()  # stay, as a laboratory does while its servers run
"""


def test_no_two_laboratories_take_the_same_port() -> None:
    """Also with neighbouring process numbers, as pytest's workers have them."""
    taking = [
        subprocess.Popen(
            [sys.executable, "-X", "dev", "-c", TAKING],  # which tells of leaks
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    lines = [one.stdout.readline() for one in taking if one.stdout]
    leaks = [one.communicate()[1] for one in taking]
    ports = " ".join(lines).split()
    assert len(ports) == len(set(ports)) == 160
    assert leaks == [""] * 4
