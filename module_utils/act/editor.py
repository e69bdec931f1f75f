# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Write files on the host, whole or not at all, and note the changes for Ansible's diff."""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import stat
import tempfile
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from ..deploy.places import RECORDS


class ActError(Exception):
    """An act failed. The message says why; ``failure`` has fields of outcome.Failure."""

    def __init__(self, said: str, **failure: str) -> None:
        super().__init__(said)
        self.failure = failure


class Owner(NamedTuple):
    """The names of a user and a group."""

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
    """Writes files below ``root``. In check mode, only notes what would change.

    ``diff`` is a list in Ansible's format. It contains no secret.
    """

    def __init__(self, root: Path = Path("/"), *, check: bool = False) -> None:
        self._root, self.check = root, check
        self.changed = False
        self.diff: list[dict[str, str]] = []

    def path(self, path: str) -> Path:
        return self._root / path.lstrip("/")

    def text(self, path: str) -> str | None:
        """The text of a file; None if the file does not exist."""
        try:
            return self.path(path).read_text(encoding="utf-8", errors="replace")
        except (FileNotFoundError, NotADirectoryError):
            return None

    def target(self, path: str) -> str:
        """Where a symbolic link points to; '' if it does not exist."""
        place = self.path(path)
        return os.readlink(place) if place.is_symlink() else ""

    def names(self, path: str) -> list[str]:
        """The names in a directory; none if the directory does not exist."""
        try:
            return sorted(one.name for one in self.path(path).iterdir())
        except (FileNotFoundError, NotADirectoryError):
            return []

    def note(self, what: str, before: str = "", after: str = "") -> None:
        """Note a change for the diff."""
        self.changed = True
        self.diff.append(
            {"before_header": what, "after_header": what, "before": before, "after": after}
        )

    def directory(self, path: str, owner: Owner = ROOT, mode: int = 0o755) -> None:
        """Create a directory. If it exists, take away what the mode does not allow.

        Its parent must exist, and must belong to root.
        """
        place = self.path(path)
        if place.is_dir():
            self._tighten(place, mode)
            return
        self.changed = True
        if self.check:
            return
        place.mkdir(mode=0o700)
        self.give(path, owner, mode)

    def _tighten(self, place: Path, mode: int) -> None:
        found = stat.S_IMODE(place.stat().st_mode)
        if found & ~mode and not place.is_symlink():
            self.changed = True
            if not self.check:
                place.chmod(found & mode)

    def parents(self, path: str) -> None:
        """Create the missing directories above a file, owned by root and readable by all."""
        above = [str(parent) for parent in PurePosixPath(path).parents]
        for parent in reversed(above):
            if not self.path(parent).is_dir():
                self.directory(parent)

    def records(self) -> None:
        """Create the directory of what the role remembers. Only root looks into it."""
        self.parents(RECORDS)
        self.directory(RECORDS, mode=0o700)

    def write(
        self,
        path: str,
        text: str,
        owner: Owner = ROOT,
        mode: int = 0o644,
        *,
        shown: bool = True,
    ) -> bool:
        """Write a file if its text differs. Return whether it did. ``shown``: in the diff."""
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

    def give(self, path: str, owner: Owner, mode: int) -> None:
        """Change whose a file is that nobody else could replace meanwhile."""
        place = self.path(path)
        if os.geteuid() == 0:
            os.chown(place, *owner.ids())
        place.chmod(mode)

    def link(self, path: str, target: str) -> bool:
        """Create or replace a symbolic link in one step. Return whether it differed."""
        place, before = self.path(path), self.target(path)
        if before == target:
            return False
        self.note(path, f"{before}\n" if before else "", f"{target}\n")
        if self.check:
            return True
        new = place.with_name(f".{place.name}.new")
        new.unlink() if new.is_symlink() else None
        new.symlink_to(target)
        new.rename(place)
        return True

    def remove(self, path: str) -> None:
        """Remove a file, a link or a whole directory, if it exists."""
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
