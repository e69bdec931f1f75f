"""Where the servers and what they serve are found."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[3]
APPS = Path(__file__).parents[1] / "apps"
PROBE = ROOT / "roles" / "streaming_api" / "files"
FRONTS = ROOT / ".cache" / "fronts"
TOKEN = "token-of-the-laboratory"


def unpacked(name: str) -> list[str]:
    """The beginning of the command for a program that is unpacked, not installed."""
    found = None if "/" in name else next(FRONTS.glob(f"usr/*bin/{name}"), None)
    return [*with_libraries(), str(found or name)]


def with_libraries() -> list[str]:
    """What lets a program find the unpacked libraries."""
    libraries = [*FRONTS.glob("usr/lib/*-linux-gnu"), *FRONTS.glob("usr/lib/*-linux-gnu/varnish")]
    return ["env", "LD_LIBRARY_PATH=" + ":".join(map(str, libraries))]
