"""Scanners of others. They come from PyPI by uv, which is in ./dev's environment."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from plays import ROOT
from rawclient import NAME
from testhost import Machine

SSLYZE, GIXY_NG, GIXY_NEXT = "sslyze==6.3.1", "gixy-ng==0.2.59", "gixy-next==0.9.0"


def tool(package: str, *command: str, text: str = "") -> str:
    """Run a program of a package of PyPI, in an environment of its own."""
    uv = Path(sys.executable).with_name("uv")
    argv = ["nice", str(uv), "tool", "run", "--quiet", "--from", package, *command]
    done = subprocess.run(
        argv, input=text, capture_output=True, text=True, check=False, timeout=600,
        env={**os.environ, "NO_COLOR": "1"},
    )  # fmt: skip
    assert done.stdout, done.stderr
    return done.stdout


def sslyze(machine: Machine, profile: str) -> list[str]:
    """What does not comply, a line each."""
    authority = str(ROOT / ".cache/edge/ca.pem")
    target = f"127.0.0.1:{machine.https}"
    said = tool(SSLYZE, "sslyze", f"--mozilla_config={profile}", f"--certinfo_ca_file={authority}", f"--sni={NAME}", target)  # fmt: skip
    verdict = re.search(rf"^ *{re.escape(target)}: (OK|FAILED) - (.*)$", said, re.MULTILINE)
    assert verdict, said
    found = re.findall(r"^ +\* (.*)$", said[verdict.end() :], re.MULTILINE)
    assert (verdict.group(1) == "OK") is (not found), said
    return found


def gixy(checker: str, dump: str) -> list[dict[str, str]]:
    """The findings in what `nginx -T` has printed."""
    found: list[dict[str, str]] = json.loads(tool(checker, "gixy", "-f", "json", "-", text=dump))
    return found
