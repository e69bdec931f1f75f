# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the monitor found out in the last days, in a SQLite file of bounded size.

A row for each layer of a round. Old rows make room for new ones, in the same file.
"""

from __future__ import annotations

import sqlite3
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Iterable, Iterator, NamedTuple

from .values import Mark, Number, PassSample, Sample

PAGE = 4096  # bytes, SQLite's unit
TRIMS = 200  # rounds from one look at the size to the next
SPARE = 0.1  # share of the rounds that goes at a time when the file is full
JOURNAL = 0.3  # share of the size that is left to SQLite's journal
LONGEST = 2000  # characters of a text
TABLES = """
CREATE TABLE IF NOT EXISTS round (
    id INTEGER PRIMARY KEY, at REAL NOT NULL, app TEXT NOT NULL, path TEXT NOT NULL,
    verdict TEXT NOT NULL, culprit TEXT NOT NULL, cause TEXT NOT NULL, message TEXT NOT NULL,
    took REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS round_at ON round (app, at);
CREATE TABLE IF NOT EXISTS layer (
    round INTEGER NOT NULL REFERENCES round (id) ON DELETE CASCADE,
    place INTEGER NOT NULL, layer TEXT NOT NULL, verdict TEXT NOT NULL,
    time_to_first_chunk REAL, delay_p50 REAL, delay_p99 REAL, largest_gap REAL,
    PRIMARY KEY (round, place)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS mark (
    id INTEGER PRIMARY KEY, at REAL NOT NULL, app TEXT NOT NULL, kind TEXT NOT NULL,
    text TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS mark_at ON mark (app, at);
"""
SETTINGS = """
PRAGMA journal_mode = TRUNCATE;
PRAGMA synchronous = NORMAL;
PRAGMA foreign_keys = ON;
PRAGMA cache_size = -512;
"""


class HistoryError(Exception):
    """The history could not be written or read; later it may work again."""


class LayerRow(NamedTuple):
    """A layer in a round; figures of its worst pass, in seconds."""

    layer: str
    verdict: str
    time_to_first_chunk: Number
    delay_p50: Number
    delay_p99: Number
    largest_gap: Number


class RoundRow(NamedTuple):
    """A round of a path. The fields are those of ``values.Sample``.

    The message is empty if it streams.
    """

    at: float
    path: str
    verdict: str
    culprit: str
    cause: str
    message: str
    layers: tuple[LayerRow, ...]


class History:
    """The file. Any thread may use it. All methods but ``size`` raise HistoryError."""

    def __init__(self, file: str, days: float = 3.0, size_limit: int = 32 << 20) -> None:
        """``size_limit`` is in bytes. A file that is no history is moved aside."""
        self._file, self._days = Path(file), days
        self._pages = max(int(size_limit * (1 - JOURNAL)) // PAGE, 16)
        self._lock = threading.Lock()
        self._base: sqlite3.Connection | None = None
        self._added = 0

    def add(self, sample: Sample) -> None:
        """Keep a round."""
        streams = not sample.culprit and sample.verdict == "streaming"
        row = (
            sample.at,
            sample.app,
            sample.path,
            sample.verdict,
            sample.culprit,
            sample.cause,
            "" if streams else sample.message[:LONGEST],
            sample.took,
        )
        with self._writing() as base:
            number = base.execute(
                "INSERT INTO round (at, app, path, verdict, culprit, cause, message, took)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                row,
            ).lastrowid
            base.executemany(
                "INSERT INTO layer VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (number, place, layer.layer, layer.verdict, *_worst(layer.passes.values()))
                    for place, layer in enumerate(sample.layers)
                ],
            )
            self._added += 1
            if self._added % TRIMS == 1:
                self._trim(base, sample.at)

    def mark(self, mark: Mark) -> None:
        """Keep something that happened."""
        with self._writing() as base:
            base.execute(
                "INSERT INTO mark (at, app, kind, text) VALUES (?, ?, ?, ?)",
                (mark.at, mark.app, mark.kind, mark.text[:LONGEST]),
            )

    def rounds(self, app: str, since: float) -> list[RoundRow]:
        """The rounds that began after this time, in the order in which they were measured."""
        with self._using() as base:
            found: dict[int, tuple[tuple[object, ...], list[LayerRow]]] = {}
            for number, *row in base.execute(
                "SELECT id, at, path, verdict, culprit, cause, message FROM round"
                " WHERE app = ? AND at > ? ORDER BY id",
                (app, since),
            ):
                found[number] = (tuple(row), [])
            for number, *row in base.execute(
                "SELECT round, layer, layer.verdict, time_to_first_chunk, delay_p50, delay_p99,"
                " largest_gap FROM layer JOIN round ON round.id = round"
                " WHERE app = ? AND at > ? ORDER BY round, place",
                (app, since),
            ):
                found[number][1].append(LayerRow(*row))
        return [RoundRow(*row, tuple(layers)) for row, layers in found.values()]  # type: ignore[call-arg, arg-type]

    def marks(self, app: str, since: float) -> list[Mark]:
        """What happened after this time."""
        with self._using() as base:
            rows = base.execute(
                "SELECT app, at, kind, text FROM mark WHERE app = ? AND at > ? ORDER BY id",
                (app, since),
            )
            return [Mark(*row) for row in rows]

    def size(self) -> int:
        """Bytes of the file and its journal."""
        files = (self._file, self._file.with_name(f"{self._file.name}-journal"))
        sizes = 0
        for file in files:
            with suppress(OSError):
                sizes += file.stat().st_size
        return sizes

    def close(self) -> None:
        """Close the file; it opens again when it is needed."""
        with self._lock:
            self._close()

    # --- the file ---

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._using() as base, base:  # commit, or roll back
            yield base

    @contextmanager
    def _using(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                if self._base is None:
                    self._base = self._open()
                yield self._base
            except sqlite3.DatabaseError as error:
                broken = _is_broken(error)
                self._close()
                if broken:
                    self._move_aside()
                raise HistoryError(f"the history cannot be used: {error}") from error
            except OSError as error:
                raise HistoryError(f"the history cannot be used: {error}") from error

    def _open(self) -> sqlite3.Connection:
        try:
            return self._connect()
        except sqlite3.DatabaseError as error:
            if not _is_broken(error):
                raise
            self._move_aside()
            return self._connect()

    def _connect(self) -> sqlite3.Connection:
        base = sqlite3.connect(self._file, check_same_thread=False)
        try:
            base.executescript(SETTINGS)
            base.execute(f"PRAGMA max_page_count = {self._pages}")
            base.executescript(TABLES)
        except sqlite3.Error:
            base.close()
            raise
        return base

    def _close(self) -> None:
        if self._base is not None:
            with suppress(sqlite3.Error):
                self._base.close()
            self._base = None

    def _move_aside(self) -> None:
        with suppress(OSError):
            self._file.replace(self._file.with_name(f"{self._file.name}.broken"))

    def _trim(self, base: sqlite3.Connection, now: float) -> None:
        """Let old rows go, and more of them if the file is nearly full. Their pages are used again.

        By the order of the rows too, because a clock may jump.
        """
        oldest = now - self._days * 86400
        base.execute("DELETE FROM round WHERE at < ?", (oldest,))
        base.execute("DELETE FROM mark WHERE at < ?", (oldest,))
        (pages,) = base.execute("PRAGMA page_count").fetchone()
        (free,) = base.execute("PRAGMA freelist_count").fetchone()
        if pages - free > (1 - 2 * SPARE) * self._pages:
            for table in ("round", "mark"):
                base.execute(
                    f"DELETE FROM {table} WHERE id < (SELECT min(id) + (max(id) - min(id)) * ?"  # noqa: S608 - our own words
                    f" FROM {table})",
                    (SPARE,),
                )


def _is_broken(error: sqlite3.DatabaseError) -> bool:
    """Whether the file itself is wrong, not only full or locked."""
    return not isinstance(error, sqlite3.OperationalError) or "malformed" in str(error)


def _worst(passes: Iterable[PassSample]) -> tuple[Number, Number, Number, Number]:
    """The figures of the pass whose chunks are the latest."""
    found = list(passes)
    if not found:
        return None, None, None, None
    worst = max(found, key=lambda one: one.delay_p99 or 0.0)
    return worst.time_to_first_chunk, worst.delay_p50, worst.delay_p99, worst.largest_gap
