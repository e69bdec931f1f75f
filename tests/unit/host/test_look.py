"""The answer as a whole, and the files and users that a build needs."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

from tests.unit.host.made_host import see, write


def test_a_fresh_host(root: Path) -> None:
    assert see(root) == {
        "distribution": {
            "id": "debian",
            "version": "12",
            "codename": "bookworm",
            "pretty": "Debian GNU/Linux 12 (bookworm)",
        },
        "supported": True,
        "systemd": 252,
        "python": platform.python_version().rstrip("+"),
        "python_path": str(Path(sys.executable).resolve()),
        "ipv6": False,
        "nginx": see(root)["nginx"],
        "euid": os.geteuid(),
        "missing_packages": [],
        "missing_files": [],
        "outdated_files": [],
        "nginx_lines": [],
        "capacity": see(root)["capacity"],
        "missing_users": [],
        "site_is_proven": True,
        "live": None,
        "history": [],
        "releases": [],
        "apps": [],
        "conflicts": [],
        "unclaimed": {},
        "warnings": [],
    }


def test_what_a_build_needs(root: Path) -> None:
    write(root, {"/etc/passwd": "chat:x:990:990::/:/bin/false\n", "/opt/uv": ""})
    found = see(root, files=("/opt/uv", "/opt", "/srv/x"), users=("chat", "chat-build"))
    assert (found["missing_files"], found["missing_users"]) == (["/srv/x"], ["chat-build"])
