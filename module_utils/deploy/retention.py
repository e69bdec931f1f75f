# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Decide which releases stay on a host.

The role and the drain both use this file, so it needs only the standard library.
"""

from __future__ import annotations

from typing import Iterable, NamedTuple, Sequence


class Built(NamedTuple):
    """A complete release. ``created`` is its date in ISO 8601.

    ``written`` is when its manifest was written, in ns.
    """

    id: str
    created: str
    written: int


def by_worth(built: Iterable[Built], history: Sequence[str]) -> list[str]:
    """The ids, the most useful first: those that were live, the latest first, then the newest.

    ``history`` lists the ids of the releases that were live, the latest first.
    """

    def worth(release: Built) -> tuple[int, str, int, str]:
        known = release.id in history
        was_live = -history.index(release.id) if known else -len(history)
        return (was_live, release.created, release.written, release.id)

    return [release.id for release in sorted(built, key=worth, reverse=True)]


def staying(ids: Iterable[str], live: str | None, keep: int) -> list[str]:
    """The releases that stay beside the live one.

    ``ids`` begins with the most useful release. ``keep`` includes the live one.
    """
    return [release for release in ids if release != live][: max(keep - 1, 0)]
