# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read a host: its files below a root, and the output of its commands."""

from __future__ import annotations

import errno
import os
import subprocess
from typing import TYPE_CHECKING, Callable, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path


class HostError(Exception):
    """The host cannot be read; the message is one sentence."""


class Answer(NamedTuple):
    """What a command wrote to both of its outputs."""

    status: int
    text: str


def run(command: list[str]) -> Answer:
    try:
        done = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=20,
            check=False,
            env={"LC_ALL": "C", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        )
    except (OSError, subprocess.SubprocessError) as error:
        return Answer(127, str(error))
    return Answer(done.returncode, done.stdout.decode(errors="replace"))


class Host:
    """The host's files, and the output of its commands."""

    def __init__(self, root_dir: Path, run_command: Callable[[list[str]], Answer]) -> None:
        self._root_dir = root_dir
        self.run = run_command

    def path(self, path: str) -> Path:
        return self._root_dir / path.lstrip("/")

    def target(self, path: str) -> str:
        """Where a symbolic link points to; empty if it does not exist."""
        place = self.path(path)
        return os.readlink(place) if place.is_symlink() else ""

    def text(self, path: str) -> str:
        """The text of a file; empty if the file does not exist."""
        try:
            return self.path(path).read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR):
                return ""
            raise HostError(f"{path} cannot be read ({error.strerror}).") from error
