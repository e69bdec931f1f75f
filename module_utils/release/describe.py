# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read a source: its digest, its size, its dependency files."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Iterable, NamedTuple

from ..deploy.install import DEPENDENCY_FILES
from . import layout
from .errors import reading

if TYPE_CHECKING:
    from .scan import Entry

BLOCK = 1024 * 1024
LARGE = 1024 * 1024 * 1024


class Source(NamedTuple):
    """A release's source in short.

    ``unreadable`` says why no dependency file was found, '' if that is no problem.
    ``build_variables`` are for the build's environment. ``requires_python`` are the versions of
    Python with which uv can install it, '' for all.
    """

    digest: str | None
    files: int
    bytes: int
    dependency_files: list[str]
    installable: bool
    unreadable: str
    build_variables: dict[str, str]
    requires_python: str = ""


NO_SOURCE = Source(None, 0, 0, [], installable=False, unreadable="", build_variables={})


def describe(entries: list[Entry], project: str = "", tag: str = "") -> Source:
    """Read the whole source once.

    ``project`` is the directory that may be installable. ``tag`` is what was fetched from Git.
    """
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
    setup, text = inside.get("setup.py"), _text(inside.get("pyproject.toml"))
    lists = [os.fsdecode(name) for name in named if b"/" not in name]
    only = list(found) in ([], ["pyproject.toml"])
    installable = bool(setup and setup.is_file()) or layout.is_package(text or "")
    enforced = installable or "uv.lock" in found
    return Source(
        digest,
        len(entries),
        size,
        list(found),
        installable=installable,
        unreadable=layout.unreadable(_text(found.get("pyproject.toml")), lists) if only else "",
        build_variables=layout.version_variables(text or "", tag),
        requires_python=layout.requires_python(text or "") if enforced else "",
    )


def _text(file: Path | None) -> str | None:
    if not file or not file.is_file():
        return None
    return file.read_text(encoding="utf-8", errors="replace")


def digest_of(entries: Iterable[Entry], content: Callable[[Entry], bytes]) -> str:
    """One digest of all entries. ``content`` reads a file and returns its digest."""
    whole = hashlib.sha256()
    for entry in entries:
        inside = entry.target if entry.kind == "link" else content(entry)
        for field in (entry.kind.encode(), entry.name, inside):
            whole.update(b"%d:%s" % (len(field), field))
    return whole.hexdigest()


def large(size: int) -> str:
    return (
        f"The source has {size / LARGE:.1f} GiB, and each host gets a copy of it for each release: "
        "exclude what the app does not need."
    )
