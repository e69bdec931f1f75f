# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Nginx: its version, its workers, its main file and its default site."""

from __future__ import annotations

import hashlib
import os
import re
import time
from typing import TYPE_CHECKING, Any, Iterable

if TYPE_CHECKING:
    from pathlib import Path

    from .access import Host

NGINX = ("/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx")
NGINX_WORKER = b"nginx: worker process"
NGINX_QUITTING = b"nginx: worker process is shutting down"
WELCOME = "/etc/nginx/sites-enabled/default"
PARENT, STARTED = 1, 19  # of /proc/PID/stat, after the name
MARGIN = 0.05  # seconds by which the clocks of files and processes may differ


def nginx(host: Host) -> dict[str, Any]:
    for path in NGINX:
        if host.path(path).exists():
            version = re.search(r"nginx/([\d.]+)", host.run([path, "-v"]).text)
            return {
                "installed": True,
                "version": version.group(1) if version else None,
                "welcome_page": has_welcome_page(host),
                "workers": sorted(workers(host)),
            }
    return {"installed": False, "version": None, "welcome_page": False, "workers": []}


def has_lost_reload(host: Host, files: Iterable[str]) -> bool:
    """Whether one of these files is newer than a worker that takes requests.

    Then a deploy was killed before it could reload Nginx.
    """
    paths = [host.path(file) for file in files]
    changed = max((path.stat().st_ctime for path in paths if path.exists()), default=0.0)
    started = [int(stat[STARTED]) for stat in workers(host).values()]
    if not changed or not started:
        return False
    # Ages, since the two count from different moments.
    oldest = time.clock_gettime(time.CLOCK_BOOTTIME) - min(started) / os.sysconf("SC_CLK_TCK")
    return time.time() - changed < oldest - MARGIN


def main_lines(host: Host, directives: Iterable[str]) -> list[str]:
    """The lines of Nginx's main file with these directives, without their indentation."""
    lines = (line.strip() for line in host.text("/etc/nginx/nginx.conf").splitlines())
    names = tuple(f"{name} " for name in directives)
    return [line for line in lines if line.startswith(names)]


def workers(host: Host) -> dict[int, list[str]]:
    """The worker processes that take requests, each with the fields of its stat after the name.

    Workers that only finish their last requests are left out.
    """
    master = host.text("/run/nginx.pid").strip()
    stats = {process: _stat(process) for process in host.path("/proc").glob("[0-9]*")}
    return {
        int(process.name): stat
        for process, stat in stats.items()
        if stat and stat[PARENT] == master
    }


def _stat(process: Path) -> list[str]:
    """The fields; empty if the process is no such worker, or has ended."""
    try:
        command = (process / "cmdline").read_bytes()
        if not command.startswith(NGINX_WORKER) or command.startswith(NGINX_QUITTING):
            return []
        return (process / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def has_welcome_page(host: Host) -> bool:
    """Whether Nginx serves the default site, unchanged since its installation."""
    enabled = host.path(WELCOME)
    brought = re.search(
        r"^ /etc/nginx/sites-available/default ([0-9a-f]{32})$",
        host.text("/var/lib/dpkg/status"),
        re.MULTILINE,
    )
    if brought is None or not enabled.exists():
        return False
    page = enabled.read_bytes()
    return hashlib.new("md5", page).hexdigest() == brought.group(1)  # noqa: S324 - as dpkg
