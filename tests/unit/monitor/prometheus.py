"""Prometheus' own programs, and the client library of the distribution. `./dev unit` unpacks them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
UNPACKED = ROOT / ".cache/prometheus/usr"
WHERE = f"{UNPACKED}/bin:{os.environ.get('PATH', '')}"


def program(name: str) -> str:
    """The path of `prometheus` or `promtool`; without it the test is skipped."""
    found = shutil.which(name, path=WHERE)
    return found or pytest.skip(f"There is no {name}; ./dev unit unpacks it with apt.")


def promtool() -> str:
    """The path of promtool."""
    return program("promtool")


def debian_library() -> str:
    """The directory with the distribution's prometheus_client."""
    found = UNPACKED / "lib/python3/dist-packages"
    if not (found / "prometheus_client").is_dir():
        pytest.skip("There is no python3-prometheus-client; ./dev unit unpacks it with apt.")
    return str(found)
