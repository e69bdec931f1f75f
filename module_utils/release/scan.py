# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""List the files and links of a source."""

from __future__ import annotations

import fnmatch
import os
import re
import stat
from pathlib import Path
from typing import Callable, Iterable, NamedTuple

from .errors import ReleaseError, reading, shown

_LINKS = 40  # as many in a row as the kernel follows
_SPECIAL = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFBLK: "a device",
    stat.S_IFCHR: "a device",
}


class Entry(NamedTuple):
    """A file (a program if its owner may run it) or a link of the source."""

    name: bytes
    path: str
    kind: str
    target: bytes = b""


def scan(source: str, exclude: Iterable[str] = ()) -> list[Entry]:
    """The files and links of a directory, or the one wheel, in the order of their names."""
    path = Path(source)
    with reading("."):
        is_directory, exists = path.is_dir(), path.exists()
    if is_directory:
        return sorted(_scan_directory(source, _excluder(exclude)))
    if not exists:
        raise ReleaseError(f"source is '{shown(source)}', which does not exist.")
    if path.suffix != ".whl" or not path.is_file():
        raise ReleaseError(
            f"source is '{shown(source)}'; allowed is a directory or a wheel (a file *.whl)."
        )
    return [Entry(os.fsencode(path.name), source, "file")]


def _scan_directory(source: str, excluded: Callable[[str, str], bool]) -> Iterable[Entry]:
    pending = [""]
    while pending:
        below = pending.pop()
        for item in _items(source, below):
            relative = f"{below}{item.name}"
            if excluded(item.name, relative):
                continue
            if item.is_dir(follow_symlinks=False):
                pending.append(f"{relative}/")
            else:
                yield _entry(source, relative, item)


def _items(source: str, below: str) -> list[os.DirEntry[str]]:
    with reading(below.rstrip("/") or "."), os.scandir(Path(source, below)) as items:
        return list(items)


def _entry(source: str, relative: str, item: os.DirEntry[str]) -> Entry:
    name = os.fsencode(relative)
    with reading(relative):
        mode = item.stat(follow_symlinks=False).st_mode
        target = os.readlink(item.path) if stat.S_ISLNK(mode) else ""
    if target:
        if _leaves(source, relative, target):
            raise ReleaseError(
                f"The source's '{shown(relative)}' is a link to '{shown(target)}', outside the "
                "source; allowed is a relative link to something inside it, or exclude it."
            )
        return Entry(name, item.path, "link", os.fsencode(target))
    if not stat.S_ISREG(mode):
        special = _SPECIAL.get(stat.S_IFMT(mode), "a special file")
        raise ReleaseError(
            f"The source's '{shown(relative)}' is {special}; allowed are files, directories and "
            "links: remove it or exclude it."
        )
    return Entry(name, item.path, "program" if mode & stat.S_IXUSR else "file")


def _leaves(source: str, relative: str, target: str) -> bool:
    """Whether a link leads out of the source, wherever the source may be."""
    here = relative.split("/")[:-1]
    ahead = target.split("/")[::-1]
    links = 1
    if target.startswith("/"):
        return True
    while ahead and links <= _LINKS:
        part = ahead.pop()
        if part in ("", "."):
            continue
        if part == "..":
            if not here:
                return True
            here.pop()
            continue
        here.append(part)
        path = Path(source, *here)
        if path.is_symlink():
            links += 1
            here.pop()
            onward = os.readlink(path)
            if onward.startswith("/"):
                return True
            ahead.extend(onward.split("/")[::-1])
    return False


def _excluder(patterns: Iterable[str]) -> Callable[[str, str], bool]:
    """Whether a pattern fits a name, or its path below the source."""
    wanted = [pattern.rstrip("/") for pattern in patterns if pattern.rstrip("/")]
    if not wanted:
        return lambda _name, _relative: False
    fits = re.compile("|".join(fnmatch.translate(pattern) for pattern in wanted)).match
    return lambda name, relative: bool(fits(name) or fits(relative))
