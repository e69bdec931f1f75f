# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Pack a source into an archive. The same source gives the same archive everywhere."""

from __future__ import annotations

import gzip
import hashlib
import os
import tarfile
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Iterator

from .describe import digest_of
from .errors import ReleaseError, reading, shown

if TYPE_CHECKING:
    from .scan import Entry

CHANGED = "The source changed while it was deployed; deploy it again."


def is_packed(archive: str) -> bool:
    try:
        return Path(archive).exists()
    except OSError:
        return False  # and writing it will say why


def pack(entries: list[Entry], digest: str | None, archive: str) -> None:
    """Write the source into a tar.gz, whole or not at all."""
    path = Path(archive)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _written_whole(path) as file:
            _write(file, entries, digest)
    except OSError as error:
        raise ReleaseError(
            f"archive is '{shown(archive)}', which cannot be written ({error.strerror or error})."
        ) from error


@contextmanager
def _written_whole(path: Path) -> Iterator[IO[bytes]]:
    """A new file. It gets its name when all of its content is on the disk."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).rename(path)
    except BaseException:
        Path(temporary).unlink()
        raise


def _write(file: IO[bytes], entries: list[Entry], digest: str | None) -> None:
    """Write the archive. Fails if the content does not have this digest."""
    with gzip.GzipFile("", "wb", 6, file, mtime=0) as packed, tarfile.open(
        fileobj=packed, mode="w", format=tarfile.GNU_FORMAT, encoding="utf-8"
    ) as tar:

        def content(entry: Entry) -> bytes:
            with _Reader(entry) as reader:
                info = _info(entry.name, 0o755 if entry.kind == "program" else 0o644)
                info.size = reader.size
                tar.addfile(info, reader)
                return reader.read_so_far.digest()

        for directory in sorted({parent for entry in entries for parent in _parents(entry.name)}):
            info = _info(directory, 0o755)
            info.type = tarfile.DIRTYPE
            tar.addfile(info)
        for entry in entries:
            if entry.kind == "link":
                info = _info(entry.name, 0o777)
                info.type = tarfile.SYMTYPE
                info.linkname = os.fsdecode(entry.target)
                tar.addfile(info)
        if digest_of(entries, content) != digest:
            raise ReleaseError(CHANGED)


class _Reader:
    """A file that computes the digest of its content while it is read."""

    def __init__(self, entry: Entry) -> None:
        self._name = os.fsdecode(entry.name)
        with reading(self._name):
            self._file = Path(entry.path).open("rb")  # noqa: SIM115 - it is one itself
            self.size = os.fstat(self._file.fileno()).st_size
        self.read_so_far = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        with reading(self._name):
            block = self._file.read(size)
        if len(block) < size:
            raise ReleaseError(CHANGED)  # tarfile asks for no more than there was
        self.read_so_far.update(block)
        return block

    def __enter__(self) -> _Reader:  # noqa: PYI034 - Self is of Python 3.11
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def _info(name: bytes, mode: int) -> tarfile.TarInfo:
    """A header without owner and time."""
    info = tarfile.TarInfo(os.fsdecode(name))
    info.mode = mode
    return info


def _parents(name: bytes) -> list[bytes]:
    parts = name.split(b"/")
    return [b"/".join(parts[:depth]) for depth in range(1, len(parts))]
