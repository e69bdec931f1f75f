# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which releases stay on a host. The role and the drain use this one file.

Needs nothing but the standard library.
"""

from __future__ import annotations

from typing import Iterable, NamedTuple, Sequence


class Built(NamedTuple):
    """A complete release. ``created`` is a date in ISO 8601, ``written`` a time in ns."""

    id: str
    created: str
    written: int


def by_worth(built: Iterable[Built], history: Sequence[str]) -> list[str]:
    """The ids, most useful first: what was live, the latest first, then what is newest.

    ``history`` has the ids that have been live, the latest first.
    """

    def worth(release: Built) -> tuple[int, str, int, str]:
        known = release.id in history
        was_live = -history.index(release.id) if known else -len(history)
        return (was_live, release.created, release.written, release.id)

    return [release.id for release in sorted(built, key=worth, reverse=True)]


def staying(ids: Iterable[str], live: str | None, keep: int) -> list[str]:
    """Those of ``ids`` (most useful first) that stay beside the live one, which counts as one of
    ``keep``.
    """
    return [release for release in ids if release != live][: max(keep - 1, 0)]
