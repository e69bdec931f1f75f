# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""A release is named by what it is made of: its source, its other parts and its secrets.

``scan`` lists a source, ``digest`` reads it, ``pack`` writes it into an archive, ``identify`` makes
the name. Owner, times, umask and place of the source never matter.
"""

from __future__ import annotations

import fnmatch
import gzip
import hashlib
import json
import os
import re
import stat
import tarfile
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Callable, Iterable, Iterator, Mapping, NamedTuple

CHANGED = "The source changed while it was deployed; deploy it again."
ID_DIGITS = 12
BLOCK = 1024 * 1024
LARGE = 1024 * 1024 * 1024
DEPENDENCY_FILES = ("uv.lock", "requirements.txt", "pyproject.toml", "setup.py")

# About a tenth of a second and 32 MiB for each guess of a secret.
_SCRYPT_COST = 2**15
_SCRYPT_BLOCK = 8
_SCRYPT_MEMORY = 2 * 128 * _SCRYPT_COST * _SCRYPT_BLOCK

_LINKS = 40  # as many in a row as the kernel follows
_SPECIAL = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFBLK: "a device",
    stat.S_IFCHR: "a device",
}


class ReleaseError(Exception):
    """The source cannot be named or packed; the message is one sentence."""


class Entry(NamedTuple):
    """A file (a program if its owner may run it) or a link of the source."""

    name: bytes
    path: str
    kind: str
    target: bytes = b""


class Source(NamedTuple):
    """What a release's source is, in short."""

    digest: str | None
    files: int
    bytes: int
    dependency_files: list[str]
    installable: bool


NO_SOURCE = Source(None, 0, 0, [], installable=False)


# --- listing ---


def scan(source: str, exclude: Iterable[str] = ()) -> list[Entry]:
    """The files and links of a directory, or the one wheel, in the order of their names."""
    path = Path(source)
    with _reading("."):
        is_directory, exists = path.is_dir(), path.exists()
    if is_directory:
        return sorted(_scan_directory(source, _excluder(exclude)))
    if not exists:
        raise ReleaseError(f"source is '{_shown(source)}', which does not exist.")
    if path.suffix != ".whl" or not path.is_file():
        raise ReleaseError(
            f"source is '{_shown(source)}'; allowed is a directory or a wheel (a file *.whl)."
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
    with _reading(below.rstrip("/") or "."), os.scandir(Path(source, below)) as items:
        return list(items)


def _entry(source: str, relative: str, item: os.DirEntry[str]) -> Entry:
    name = os.fsencode(relative)
    with _reading(relative):
        mode = item.stat(follow_symlinks=False).st_mode
        target = os.readlink(item.path) if stat.S_ISLNK(mode) else ""
    if target:
        if _leaves(source, relative, target):
            raise ReleaseError(
                f"The source's '{_shown(relative)}' is a link to '{_shown(target)}', outside the "
                "source; allowed is a relative link to something inside it, or exclude it."
            )
        return Entry(name, item.path, "link", os.fsencode(target))
    if not stat.S_ISREG(mode):
        special = _SPECIAL.get(stat.S_IFMT(mode), "a special file")
        raise ReleaseError(
            f"The source's '{_shown(relative)}' is {special}; allowed are files, directories and "
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


# --- reading ---


def describe(entries: list[Entry], project: str = "") -> Source:
    """Read all of it once. ``project`` is the directory that may be a project to install."""
    size = 0
    buffer = memoryview(bytearray(BLOCK))

    def content(entry: Entry) -> bytes:
        nonlocal size
        read = hashlib.sha256()
        with _reading(os.fsdecode(entry.name)), Path(entry.path).open("rb", buffering=0) as file:
            while True:
                length = file.readinto(buffer)
                if not length:
                    return read.digest()
                size += length
                read.update(buffer[:length])

    digest = _digest(entries, content)
    named = {entry.name: Path(entry.path) for entry in entries}
    top = {name: named.get(name.encode()) for name in DEPENDENCY_FILES}
    found = {name: path for name, path in top.items() if path and path.is_file()}
    inside = {name: named.get(os.fsencode(str(Path(project, name)))) for name in top}
    return Source(digest, len(entries), size, list(found), installable=_installable(inside))


def _digest(entries: Iterable[Entry], content: Callable[[Entry], bytes]) -> str:
    """One digest of all entries; ``content`` reads a file and returns the digest of it."""
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


# --- packing ---


def is_packed(archive: str) -> bool:
    try:
        return Path(archive).exists()
    except OSError:
        return False  # and writing it will say why


def pack(entries: list[Entry], digest: str | None, archive: str) -> None:
    """Write the source into a tar.gz that is the same wherever it is made, whole or not at all."""
    path = Path(archive)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _written_whole(path) as file:
            _write(file, entries, digest)
    except OSError as error:
        raise ReleaseError(
            f"archive is '{_shown(archive)}', which cannot be written ({error.strerror or error})."
        ) from error


@contextmanager
def _written_whole(path: Path) -> Iterator[IO[bytes]]:
    """A new file that gets its name when all of it is on the disk."""
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
    """Write the archive, if what goes into it has this digest."""
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
        if _digest(entries, content) != digest:
            raise ReleaseError(CHANGED)


class _Reader:
    """A file that remembers the digest of what was read of it."""

    def __init__(self, entry: Entry) -> None:
        self._name = os.fsdecode(entry.name)
        with _reading(self._name):
            self._file = Path(entry.path).open("rb")  # noqa: SIM115 - it is one itself
            self.size = os.fstat(self._file.fileno()).st_size
        self.read_so_far = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        with _reading(self._name):
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


# --- naming ---


def identify(
    source_digest: str | None,
    parts: Mapping[str, Any] | None = None,
    secrets: Mapping[str, Any] | None = None,
) -> str:
    """The release's id.

    It is public. So that nobody finds a weak secret by trying which one gives this id, the secrets
    go into it through a slow function, salted with their names and with all the rest.
    """
    rest = _canonical({"source": source_digest, "parts": parts or {}})
    hidden = b""
    if secrets:
        salt = hashlib.sha256(_canonical(sorted(secrets)) + rest).digest()
        hidden = hashlib.scrypt(
            _canonical(secrets),
            salt=salt,
            n=_SCRYPT_COST,
            r=_SCRYPT_BLOCK,
            p=1,
            maxmem=_SCRYPT_MEMORY,
        )
    return hashlib.sha256(hashlib.sha256(rest).digest() + hidden).hexdigest()[:ID_DIGITS]


def _canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


# --- words ---


def large(size: int) -> str:
    return (
        f"The source has {size / LARGE:.1f} GiB, and each host gets a copy of it for each release: "
        "exclude what the app does not need."
    )


def _shown(path: str) -> str:
    return os.fsencode(path).decode(errors="replace")


@contextmanager
def _reading(relative: str) -> Iterator[None]:
    """What goes wrong inside is said of this part of the source."""
    try:
        yield
    except OSError as error:
        raise ReleaseError(
            f"The source's '{_shown(relative)}' cannot be read ({error.strerror or error}): "
            "make it readable or exclude it."
        ) from error
