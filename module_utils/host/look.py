# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read everything that the role must know about a host."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

from .access import Answer, Host, run
from .capacity import capacity
from .conflicts import conflicts
from .defaults import foreign, unclaimed
from .nginx import main_lines, nginx
from .packages import is_installed, packages
from .records import apps, history, live, site_is_proven
from .releases import releases
from .sites import servers
from .system import is_supported, os_release, systemd, user_id

if TYPE_CHECKING:
    from .wanted import Wanted


def look(
    wanted: Wanted,
    root_dir: Path = Path("/"),
    run_command: Callable[[list[str]], Answer] = run,
) -> dict[str, Any]:
    """The result of the module stream_host, and the warnings."""
    host = Host(root_dir, run_command)
    installed = packages(host)
    system = os_release(host)
    warnings: list[str] = []
    known = apps(host, warnings.append)
    sites = servers(host)
    ipv6 = bool(host.text("/proc/net/if_inet6"))
    return {
        "distribution": {
            "id": system.get("ID", ""),
            "version": system.get("VERSION_ID", ""),
            "codename": system.get("VERSION_CODENAME", ""),
            "pretty": system.get("PRETTY_NAME", ""),
        },
        "supported": is_supported(system),
        "systemd": systemd(host, installed),
        "python": ".".join(str(number) for number in sys.version_info[:3]),
        "python_path": os.path.realpath(sys.executable),
        "ipv6": ipv6,
        "euid": os.geteuid(),
        "nginx": nginx(host),
        "missing_packages": [spec for spec in wanted.packages if not is_installed(spec, installed)],
        "missing_files": [path for path in wanted.files if not host.path(path).exists()],
        "outdated_files": [path for path, text in wanted.texts.items() if host.text(path) != text],
        "nginx_lines": main_lines(host, wanted.nginx_directives),
        "capacity": capacity(host),
        "missing_users": [name for name in wanted.users if user_id(host, name) is None],
        "site_is_proven": site_is_proven(host, wanted),
        "live": live(host, wanted),
        "history": history(host, wanted),
        "releases": [release._asdict() for release in releases(host, wanted)],
        "apps": [app._asdict() for app in known if app.name != wanted.name],
        "conflicts": conflicts(wanted, host, system, known, sites),
        "unclaimed": unclaimed(wanted, foreign(sites, wanted, known, host), known, ipv6=ipv6),
        "warnings": warnings,
    }
