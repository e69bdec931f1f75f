"""Imports in module_utils/latency go downward only, and what is pure does no I/O."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

MODULE_UTILS = Path(__file__).parents[3] / "module_utils"
ROOMS = ("read", "judge", "tell")
BELOW = {"errors", "measurement", "redact", "thresholds", "timeline"}
MAY_IMPORT = {
    "below": {"below"},
    "read": {"read", "below"},
    "judge": {"judge", "below"},
    "tell": {"tell", "judge", "below"},
    "ladder": {"read", "judge", "below"},
}
IO = {
    "os",
    "pathlib",
    "pycurl",
    "resource",
    "selectors",
    "socket",
    "subprocess",
    "tempfile",
    "time",
}


def sources(folder: str) -> dict[str, str]:
    """The files below a folder of module_utils: path to text."""
    return {
        path.relative_to(MODULE_UTILS).as_posix(): path.read_text(encoding="utf-8")
        for path in (MODULE_UTILS / folder).rglob("*.py")
    }


def imported(path: str, text: str) -> Iterator[str]:
    """What a file imports: modules of module_utils by their paths, others by their names."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module or ""
        elif isinstance(node, ast.ImportFrom):
            base = PurePosixPath(*PurePosixPath(path).parts[: -node.level])
            if node.module:
                yield str(base.joinpath(*node.module.split(".")))
            else:
                yield from (str(base / name.name) for name in node.names)


def room_of(path: str) -> str:
    """The room of a file or a module in latency/: a folder, `below`, or `ladder`."""
    name = PurePosixPath(path).with_suffix("").parts[1]
    return "below" if name in BELOW else name


def wrong_imports(path: str, text: str) -> list[str]:
    """What a file of latency/ must not import."""
    room = room_of(path)
    wrong = []
    for name in imported(path, text):
        if name.startswith("latency/"):
            if room_of(name) not in MAY_IMPORT[room]:
                wrong.append(name)
        elif room in ("below", "judge", "tell") and name.partition(".")[0] in IO:
            wrong.append(name)
    return wrong


FILES = {path: text for path, text in sources("latency").items() if path != "latency/__init__.py"}


@pytest.mark.parametrize("path", FILES)
def test_imports_go_downward(path: str) -> None:
    assert wrong_imports(path, FILES[path]) == []


@pytest.mark.parametrize(
    ("path", "text", "wrong"),
    [
        ("latency/read/loop.py", "from ..tell import text", ["latency/tell"]),
        ("latency/read/loop.py", "from ..tell.text import render", ["latency/tell/text"]),
        ("latency/tell/text.py", "from ..read.reader import read", ["latency/read/reader"]),
        ("latency/judge/signs/late.py", "from ...read import reader", ["latency/read"]),
        ("latency/judge/verdict.py", "import time", ["time"]),
        ("latency/judge/verdict.py", "from pathlib import Path", ["pathlib"]),
        ("latency/timeline.py", "from .judge.words import CUT", ["latency/judge/words"]),
        ("latency/ladder.py", "from .tell import text", ["latency/tell"]),
        ("latency/judge/signs/late.py", "from ..words import CUT\nfrom .scene import sign", []),
        ("latency/tell/text.py", "from ..judge.words import CUT\nfrom ..redact import clean", []),
        ("latency/read/loop.py", "import time\nfrom .stream import Stream", []),
    ],
)
def test_a_wrong_import_is_found(path: str, text: str, wrong: list[str]) -> None:
    assert wrong_imports(path, text) == wrong


def test_each_room_has_files() -> None:
    assert {room_of(path) for path in FILES} == {*ROOMS, "below", "ladder"}


def test_the_variable_checker_needs_the_thresholds_only() -> None:
    found = {
        name
        for path, text in sources("settings").items()
        for name in imported(path, text)
        if name.startswith("latency")
    }
    assert found == {"latency/thresholds"}
    own = list(imported("latency/thresholds.py", FILES["latency/thresholds.py"]))
    assert own == ["__future__", "typing"]
