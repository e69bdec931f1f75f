# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Change and check Nginx's files, and reload Nginx."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Iterable, Mapping

from ..host.nginx import has_lost_reload, workers
from . import units
from .editor import ActError

if TYPE_CHECKING:
    from ..host.access import Host

DIRECTORY = "/etc/nginx"
MAIN = f"{DIRECTORY}/nginx.conf"
SERVICE = "nginx.service"
TAKES_OVER = 10.0  # seconds within which new workers must replace the old ones
# Only this command sees the replaced /etc/nginx, because it has its own mount namespace.
_CHECK = 'mount --bind "$0" /etc/nginx && exec nginx -t -q'


def with_lines(text: str, wanted: Iterable[Mapping[str, str]]) -> str:
    """Nginx's main file with these lines.

    Each has a ``line`` and a ``block``, '' for the top level. The line replaces the last line with
    the same directive, even a commented one. Without such a line it becomes the first line of its
    block.
    """
    lines = text.splitlines()
    for one in wanted:
        line, block = one["line"], one["block"]
        if line in (there.strip() for there in lines):
            continue
        new = f"    {line}" if block else line
        directive = re.compile(rf"\s*#?\s*{re.escape(line.split()[0])}\s")
        there = [number for number, each in enumerate(lines) if directive.match(each)]
        if there:
            lines[there[-1]] = new
            continue
        begins = re.compile(block or "events")
        found = [number for number, each in enumerate(lines) if begins.match(each)]
        if found:
            lines.insert(found[-1] + bool(block), new)
        else:
            lines.append(new)
    return "\n".join(lines) + "\n"


def check(files: Mapping[str, str], removed: Iterable[str] = ()) -> str:
    """Why Nginx refuses its configuration with these files and without the ``removed`` ones; ''
    if Nginx accepts it.

    The running server never sees the files.
    """
    with tempfile.TemporaryDirectory() as directory:
        copy = Path(directory, "nginx")
        # Not as links: what is written below must not reach the real files.
        shutil.copytree(DIRECTORY, copy, ignore_dangling_symlinks=True)
        for path, text in files.items():
            file = copy / Path(path).relative_to(DIRECTORY)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        for path in removed:
            link = copy / Path(path).relative_to(DIRECTORY)
            if os.path.lexists(link):
                link.unlink()
        said = units.run(["unshare", "--mount", "sh", "-c", _CHECK, str(copy)])
    return "" if said.status == 0 else said.text or "nginx -t failed."


def load(host: Host, files: Iterable[str], *, reload: bool) -> bool:
    """Start or reload Nginx if necessary. Return whether that was necessary.

    ``reload``: files have changed. Nginx also reloads if one of ``files`` is newer than its
    workers, because an earlier reload was lost then. A reload can fail although the files are good.
    Nginx then keeps its old configuration.
    """
    state = units.show(SERVICE, "ActiveState", "UnitFileState")
    if state.get("ActiveState") != "active" or state.get("UnitFileState") != "enabled":
        units.must("enable", "--now", "--quiet", SERVICE)
        if state.get("ActiveState") != "active":
            return True
    if not reload and not has_lost_reload(host, files):
        return False
    before = set(workers(host))
    said = units.systemctl("reload", SERVICE)
    if said.status != 0:
        raise ActError(said.text, kind="reload")
    deadline = time.monotonic() + TAKES_OVER
    while before & set(workers(host)):
        if time.monotonic() > deadline:
            raise ActError(
                "its error log says why (/var/log/nginx/error.log).",
                kind="reload",
            )
        time.sleep(0.02)
    return True
