"""What the monitor believes of the files, which belong to the app."""

from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from plugins.module_utils.monitor import counts, stream_slots, values
from plugins.module_utils.monitor.stream_slots import ANSWERS, ENDED, IN_FLIGHT, LAYOUT, OPENED


def words(**changes: int) -> list[int]:
    """Three streams: one complete, one left, one open."""
    numbers = [0] * stream_slots.WORDS
    numbers[0] = LAYOUT
    numbers[IN_FLIGHT], numbers[OPENED], numbers[ENDED], numbers[ENDED + 1] = 1, 3, 1, 1
    numbers[ANSWERS] = 3
    for name, value in changes.items():
        numbers[getattr(stream_slots, name)] = value
    return numbers


def content(numbers: list[int]) -> bytes:
    return struct.pack(f"={len(numbers)}Q", *numbers)


def taken(path: Path) -> int:
    """Lock the file, as its process does."""
    file = os.open(path, os.O_RDWR)
    fcntl.flock(file, fcntl.LOCK_EX)
    return file


def test_without_a_directory(tmp_path: Path) -> None:
    assert counts.read(str(tmp_path / "none")) is None


def test_a_directory_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "file").touch()
    assert counts.read(str(tmp_path / "link")) is None
    assert counts.read(str(tmp_path / "file")) is None


def test_an_empty_directory(tmp_path: Path) -> None:
    nothing = {"complete": 0, "left": 0, "failed": 0}
    answers = {"2xx": 0, "3xx": 0, "4xx": 0, "5xx": 0, "429": 0}
    assert counts.read(str(tmp_path)) == values.Streams(ended=nothing, answers=answers)


def test_the_sum_of_the_living_and_the_dead(tmp_path: Path) -> None:
    """The open stream of a dead process was cut."""
    for number in range(3):
        (tmp_path / f"streams-{number}").write_bytes(content(words(FIRST_CHUNK_SUM=10**9)))
    files = [taken(tmp_path / f"streams-{number}") for number in range(2)]
    found = counts.read(str(tmp_path))
    for file in files:
        os.close(file)
    assert found == values.Streams(
        in_flight=2,
        opened=9,
        ended={"complete": 3, "left": 3, "failed": 1},
        answers={"2xx": 9, "3xx": 0, "4xx": 0, "5xx": 0, "429": 0},
        time_to_first_chunk=values.Histogram(total=3.0),
    )


def link(path: Path) -> None:
    (path.parent / "other").write_bytes(content(words()))
    path.symlink_to("other")


def beyond(path: Path) -> None:
    path.touch()
    os.truncate(path, 2**40)


STRANGE: dict[str, Callable[[Path], object]] = {
    "a link": link,
    "a link to a device": lambda path: path.symlink_to("/dev/zero"),
    "a pipe": os.mkfifo,
    "a directory": Path.mkdir,
    "an empty file": Path.touch,
    "a short file": lambda path: path.write_bytes(content(words())[:-1]),
    "a long file": lambda path: path.write_bytes(content(words()) + b"x"),
    "a huge file": beyond,
    "another layout": lambda path: path.write_bytes(content(words(MAGIC=LAYOUT + 1))),
    "a count that nobody reaches": lambda path: path.write_bytes(content(words(OPENED=2**60))),
    "streams that no process has": lambda path: path.write_bytes(content(words(IN_FLIGHT=2**30))),
    "a sum that nobody reaches": lambda path: path.write_bytes(
        content(words(NEXT_CHUNK_SUM=2**64 - 1))
    ),
}


@pytest.mark.parametrize("make", STRANGE.values(), ids=STRANGE)
def test_a_strange_file_counts_for_nothing(tmp_path: Path, make: Callable[[Path], object]) -> None:
    make(tmp_path / "streams-0")
    (tmp_path / "streams-1").write_bytes(content(words()))
    found = counts.read(str(tmp_path))
    assert found
    assert found.opened == 3


def test_other_names_are_not_read(tmp_path: Path) -> None:
    for name in ("streams-64", "streams-", "streams-01", ".streams-0"):
        (tmp_path / name).write_bytes(content(words()))
    found = counts.read(str(tmp_path))
    assert found
    assert found.opened == 0


def test_more_ends_than_streams(tmp_path: Path) -> None:
    (tmp_path / "streams-0").write_bytes(content(words(OPENED=0, IN_FLIGHT=0)))
    found = counts.read(str(tmp_path))
    assert found
    assert found.ended["failed"] == 0


def test_the_bounds_have_one_source() -> None:
    assert values.BOUNDS is stream_slots.BOUNDS
    linked = Path("roles/streaming_api/files/stream_slots.py")
    assert linked.resolve() == Path(stream_slots.__file__).resolve()
