"""Sources of releases, and how they are described and packed."""

from __future__ import annotations

import tarfile
from pathlib import Path

from plugins.module_utils.release.archive import pack
from plugins.module_utils.release.describe import describe
from plugins.module_utils.release.scan import scan

FILES = {
    "main.py": "app = 1\n",
    "requirements.txt": "fastapi\n",
    "api/routes.py": "",
    "api/deep/er/data.bin": "\0\1",
    "größe/日本.txt": "x",
}


def write(directory: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return directory


def digest(source: Path, *exclude: str) -> str | None:
    return describe(scan(str(source), exclude)).digest


def packed(source: Path, archive: Path, *exclude: str) -> bytes:
    entries = scan(str(source), exclude)
    pack(entries, describe(entries).digest, str(archive))
    return archive.read_bytes()


def names(archive: Path) -> list[str]:
    with tarfile.open(archive) as tar:
        return tar.getnames()
