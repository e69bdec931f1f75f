"""How commands and files of a host are read."""

from __future__ import annotations

from pathlib import Path

import pytest

from plugins.module_utils.host import access
from plugins.module_utils.host.access import Answer, HostError
from tests.unit.host.made_host import see


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        (["sh", "-c", "echo $LC_ALL; echo to stderr >&2; exit 3"], Answer(3, "C\nto stderr\n")),
        (["/gone/for/good"], Answer(127, "[Errno 2] No such file or directory: '/gone/for/good'")),
    ],
)
def test_commands(command: list[str], answer: Answer) -> None:
    assert access.run(command) == answer


def test_a_file_that_cannot_be_read(root: Path) -> None:
    (root / "etc/passwd").unlink()
    (root / "etc/passwd").mkdir()
    with pytest.raises(HostError, match=r"^/etc/passwd cannot be read \(Is a directory\)\.$"):
        see(root)
