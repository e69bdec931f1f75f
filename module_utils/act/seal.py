# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Take what a build has made over from the build: from then on only root can change it.

The build chose every name and every link below. So nothing is opened by a path: each step goes from
an open directory to its own entries, and follows no link. A directory goes to root before its
entries are read, so nobody can exchange them meanwhile.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Iterator

if TYPE_CHECKING:
    from pathlib import Path

ENTER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
LOOK = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
# An access list could let the build write on, whoever owns the file.
ACCESS_LISTS = ("system.posix_acl_access", "system.posix_acl_default")
NOT_THERE = (errno.ENODATA, errno.ENOTSUP)


def seal(directory: Path, group: int) -> None:
    """Give a directory to root, with all that is in it. The group can read it, nobody else can.

    What is neither a file, a directory nor a link is removed.
    """
    with _opened(str(directory), ENTER) as top:
        _seal(top, group)


def _seal(directory: int, group: int) -> None:
    _take(directory, group, 0o750)
    for name in os.listdir(directory):
        found = os.stat(name, dir_fd=directory, follow_symlinks=False)
        if stat.S_ISDIR(found.st_mode):
            with _opened(name, ENTER, directory) as below:
                _seal(below, group)
        elif stat.S_ISREG(found.st_mode):
            # Root can open it, whatever its mode is.
            with _opened(name, LOOK, directory) as file:
                _take(file, group, 0o550 if found.st_mode & stat.S_IXUSR else 0o440)
        elif stat.S_ISLNK(found.st_mode):
            if os.geteuid() == 0:
                os.chown(name, 0, group, dir_fd=directory, follow_symlinks=False)
        else:
            os.unlink(name, dir_fd=directory)


def _take(file: int, group: int, mode: int) -> None:
    """Own an open file. The new mode has no setuid bit."""
    if os.geteuid() == 0:
        os.fchown(file, 0, group)
    for name in ACCESS_LISTS:
        _remove(file, name)
    os.fchmod(file, mode)


def _remove(file: int, attribute: str) -> None:
    try:
        os.removexattr(file, attribute)
    except OSError as error:
        if error.errno not in NOT_THERE:
            raise


@contextmanager
def _opened(name: str, flags: int, directory: int | None = None) -> Iterator[int]:
    file = os.open(name, flags, dir_fd=directory)
    try:
        yield file
    finally:
        with suppress(OSError):
            os.close(file)
