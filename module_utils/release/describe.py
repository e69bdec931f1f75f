# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read a source: its digest, its size, its dependency files."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Iterable, Mapping, NamedTuple

from ..deploy.install import DEPENDENCY_FILES
from .errors import reading

if TYPE_CHECKING:
    from .scan import Entry

BLOCK = 1024 * 1024
LARGE = 1024 * 1024 * 1024


class Source(NamedTuple):
    """A release's source in short."""

    digest: str | None
    files: int
    bytes: int
    dependency_files: list[str]
    installable: bool


NO_SOURCE = Source(None, 0, 0, [], installable=False)


def describe(entries: list[Entry], project: str = "") -> Source:
    """Read the whole source once. ``project`` is the directory that may be installable."""
    size = 0
    buffer = memoryview(bytearray(BLOCK))

    def content(entry: Entry) -> bytes:
        nonlocal size
        read = hashlib.sha256()
        with reading(os.fsdecode(entry.name)), Path(entry.path).open("rb", buffering=0) as file:
            while True:
                length = file.readinto(buffer)
                if not length:
                    return read.digest()
                size += length
                read.update(buffer[:length])

    digest = digest_of(entries, content)
    named = {entry.name: Path(entry.path) for entry in entries}
    top = {name: named.get(name.encode()) for name in DEPENDENCY_FILES}
    found = {name: path for name, path in top.items() if path and path.is_file()}
    inside = {name: named.get(os.fsencode(str(Path(project, name)))) for name in top}
    return Source(digest, len(entries), size, list(found), installable=_installable(inside))


def digest_of(entries: Iterable[Entry], content: Callable[[Entry], bytes]) -> str:
    """One digest of all entries. ``content`` reads a file and returns its digest."""
    whole = hashlib.sha256()
    for entry in entries:
        inside = entry.target if entry.kind == "link" else content(entry)
        for field in (entry.kind.encode(), entry.name, inside):
            whole.update(b"%d:%s" % (len(field), field))
    return whole.hexdigest()


def _installable(found: Mapping[str, Path | None]) -> bool:
    """Whether this is a project that pip can install, rather than files to run in place."""
    setup, pyproject = found.get("setup.py"), found.get("pyproject.toml")
    if setup and setup.is_file():
        return True
    if not pyproject or not pyproject.is_file():
        return False
    text = pyproject.read_text(encoding="utf-8", errors="replace")
    return re.search(r"^\s*\[\s*build-system\s*\]\s*(#.*)?$", text, re.MULTILINE) is not None


def large(size: int) -> str:
    return (
        f"The source has {size / LARGE:.1f} GiB, and each host gets a copy of it for each release: "
        "exclude what the app does not need."
    )
