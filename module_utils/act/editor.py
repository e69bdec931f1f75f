# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Files on the host: written whole or not at all, and noted for Ansible's diff."""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import tempfile
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple


class ActError(Exception):
    """An act failed. The message says what; ``failure`` are fields of outcome.Failure."""

    def __init__(self, said: str, **failure: str) -> None:
        super().__init__(said)
        self.failure = failure


class Owner(NamedTuple):
    """A user and a group by their names."""

    user: str = "root"
    group: str = "root"

    def ids(self) -> tuple[int, int]:
        try:
            return pwd.getpwnam(self.user).pw_uid, grp.getgrnam(self.group).gr_gid
        except KeyError:
            raise ActError(
                f"This host lacks the user {self.user} or the group {self.group}."
            ) from None


ROOT = Owner()


class Editor:
    """Writes files below ``root``; in check mode it only notes what would change.

    ``diff`` is a list as Ansible shows it. A secret's text is in no diff.
    """

    def __init__(self, root: Path = Path("/"), *, check: bool = False) -> None:
        self._root, self.check = root, check
        self.changed = False
        self.diff: list[dict[str, str]] = []

    def path(self, path: str) -> Path:
        return self._root / path.lstrip("/")

    def text(self, path: str) -> str | None:
        """A file's text; None if there is none."""
        try:
            return self.path(path).read_text(encoding="utf-8", errors="replace")
        except (FileNotFoundError, NotADirectoryError):
            return None

    def note(self, what: str, before: str = "", after: str = "") -> None:
        """Something changes."""
        self.changed = True
        self.diff.append(
            {"before_header": what, "after_header": what, "before": before, "after": after}
        )

    def directory(self, path: str, owner: Owner = ROOT, mode: int = 0o755) -> None:
        """Make a directory, or leave the one that is there as it is. Its parent is there."""
        place = self.path(path)
        if place.is_dir():
            return
        self.changed = True
        if self.check:
            return
        place.mkdir(mode=0o700)
        self._give(place, owner, mode)

    def parents(self, path: str) -> None:
        """Make the directories above a file, root's and open to all, as far as they are missing."""
        above = [str(parent) for parent in PurePosixPath(path).parents]
        for parent in reversed(above):
            self.directory(parent)

    def write(
        self,
        path: str,
        text: str,
        owner: Owner = ROOT,
        mode: int = 0o644,
        *,
        shown: bool = True,
    ) -> bool:
        """Write a file if its text differs; returns whether it did. ``shown``: in the diff."""
        before = self.text(path)
        if before == text:
            return False
        if shown:
            self.note(path, before or "", text)
        self.changed = True
        if not self.check:
            self._replace(self.path(path), text, owner, mode)
        return True

    def _replace(self, place: Path, text: str, owner: Owner, mode: int) -> None:
        handle, new = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                if os.geteuid() == 0:
                    os.fchown(file.fileno(), *owner.ids())
                os.fchmod(file.fileno(), mode)
                os.fsync(file.fileno())
            Path(new).rename(place)
        except BaseException:
            Path(new).unlink()
            raise

    @staticmethod
    def _give(place: Path, owner: Owner, mode: int) -> None:
        if os.geteuid() == 0:
            os.chown(place, *owner.ids())
        place.chmod(mode)

    def link(self, path: str, target: str) -> None:
        """Make a symbolic link, in one step."""
        place = self.path(path)
        before = os.readlink(place) if place.is_symlink() else ""
        if before == target:
            return
        self.note(path, before, target)
        if self.check:
            return
        new = place.with_name(f".{place.name}.new")
        new.unlink() if new.is_symlink() else None
        new.symlink_to(target)
        new.rename(place)

    def remove(self, path: str) -> None:
        """Remove a file, a link or a whole directory, if it is there."""
        place = self.path(path)
        if not os.path.lexists(place):
            return
        self.changed = True
        if self.check:
            return
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place)
        else:
            place.unlink()

    def result(self) -> dict[str, Any]:
        return {"changed": self.changed, "diff": self.diff}
