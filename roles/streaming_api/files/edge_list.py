# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Keep the list of an edge's addresses current: fetch it, and install it in Nginx.

Two units run this program, each as what it needs to be. ``streaming_api-edge-fetch.service`` is
nobody in particular and has the network: it writes the lists to its standard output, a file that
systemd has opened. ``streaming_api-edge.service`` is root: it reads that file, takes nothing but
networks from it, and lets Nginx test them. If anything is wrong, the last good list stays.

``networks.py`` beside this file comes from the role's module_utils/deploy/. Both need only the
standard library of Python >= 3.8.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Callable, Mapping

sys.path.insert(0, str(Path(__file__).resolve().parent))  # python3 -I leaves it out

import networks

MOST = 64 * 1024  # bytes of a list
PATIENCE = 30  # seconds for a connection, and between two reads
Command = Callable[..., "subprocess.CompletedProcess[str]"]


class RefreshError(Exception):
    """The list stays as it is; the message says why."""


# --- fetch ---


class _OverTls(urllib.request.HTTPRedirectHandler):
    """Follows redirects to https only."""

    def redirect_request(self, *args: Any) -> urllib.request.Request | None:
        if not args[-1].startswith("https:"):
            raise RefreshError(f"It redirects to {args[-1]}, which is not https.")
        return super().redirect_request(*args)


def fetch(urls: list[str]) -> str:
    """The lists of all URLs, one below the other. Each must be a list of networks."""
    found = []
    for url in urls:
        try:
            text = _get(url)
            networks.read(text)
        except (RefreshError, networks.NetworksError, OSError, ValueError) as error:
            raise RefreshError(f"{url}: {error}") from error
        found.append(text.rstrip("\n") + "\n")
    return "".join(found)


def _get(url: str) -> str:
    if not url.startswith("https:"):
        raise RefreshError("It is not an https URL.")
    agent = {"User-Agent": "streaming_api"}  # some sites refuse Python's own name
    request = urllib.request.Request(url, headers=agent)  # noqa: S310 - it is https, see above
    with urllib.request.build_opener(_OverTls).open(request, timeout=PATIENCE) as answer:
        return _decoded(answer.read(MOST + 1))


def _decoded(content: bytes) -> str:
    if len(content) > MOST:
        raise RefreshError(f"The list has more than {MOST} bytes.")
    return content.decode("ascii", errors="replace")


# --- install ---


def install(text: str, root: Path = Path("/"), run: Command | None = None) -> str:
    """Write the list for Nginx and reload Nginx. Return what was done, in one sentence.

    Nginx reads the files only at a reload, so it does not see a list that its test refuses.
    """
    run = run or _run
    try:
        listed = networks.read(text)
    except networks.NetworksError as error:
        raise RefreshError(str(error)) from error
    wanted = networks.files(listed)
    before = {path: _text(root / path.lstrip("/")) for path in wanted}
    if before == wanted:
        return f"The list has not changed: {len(listed)} networks."
    try:
        _write(root, wanted)
        _must(run, "nginx", "-t", "-q")
        if run("systemctl", "is-active", "--quiet", "nginx.service").returncode == 0:
            _must(run, "systemctl", "reload", "nginx.service")
    except BaseException:
        _write(root, before)
        raise
    return f"The list has changed: {len(listed)} networks."


def _text(path: Path) -> str | None:
    """None if there is no such file."""
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except FileNotFoundError:
        return None


def _write(root: Path, texts: Mapping[str, str | None]) -> None:
    """Replace each file whole; remove one without a text."""
    for name, text in texts.items():
        path = root / name.lstrip("/")
        if text is None:
            path.unlink(missing_ok=True)
            continue
        handle, new = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(text)
            os.fchmod(file.fileno(), 0o644)
            os.fsync(file.fileno())
        Path(new).rename(path)


def _must(run: Command, *command: str) -> None:
    done = run(*command)
    if done.returncode != 0:
        raise RefreshError(f"{' '.join(command)}: {done.stderr.strip() or done.returncode}")


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    environment = {"LC_ALL": "C", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=60, env=environment
    )


def main(arguments: list[str]) -> int:
    """Run ``fetch URL...`` or ``install FILE``."""
    action, *rest = arguments
    try:
        if action == "fetch":
            sys.stdout.write(fetch(rest))
        else:
            with Path(rest[0]).open("rb") as file:
                said = install(_decoded(file.read(MOST + 1)))
            sys.stderr.write(f"{said}\n")
    except (RefreshError, OSError, subprocess.SubprocessError) as error:
        sys.stderr.write(f"The last good list stays. {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
