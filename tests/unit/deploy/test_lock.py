"""Who holds a deploy."""

from __future__ import annotations

import pytest

from plugins.module_utils.deploy.lock import Holder, is_gone, parse

ME = Holder("me@laptop", 42, "cafe", "beef", "1f")


def test_a_holder_is_written_and_read() -> None:
    assert str(ME) == "me@laptop, process 42 (cafe beef 1f)"
    assert parse(str(ME)) == ME


@pytest.mark.parametrize("text", ["", "somebody", "me@laptop, process x (cafe beef 1f)", f"{ME}."])
def test_a_description_that_names_nobody(text: str) -> None:
    assert parse(text) is None


@pytest.mark.parametrize(
    ("holder", "gone"),
    [
        (None, False),
        (ME._replace(who="you@laptop", pid=7), False),
        (ME._replace(machine="feed", pid=7), False),  # another machine of that name
        (ME._replace(pid=7, started="beef"), False),  # it still runs
        (ME._replace(pid=7, started="dead"), True),  # another process has its number now
        (ME._replace(pid=8), True),
        (ME._replace(claim="1e"), True),  # an earlier deploy of this process
        (ME._replace(started="dead"), True),  # an earlier process with our number
    ],
)
def test_whether_the_holder_is_gone(holder: Holder | None, gone: bool) -> None:
    running = {7: "beef", 42: "beef"}
    assert is_gone(holder, ME, lambda pid: running.get(pid, "")) is gone
