"""Options of the laboratory, and what it writes down."""

from __future__ import annotations

import base64
import json
import pickle
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.faults.cases import FAULTS
from tests.faults.report import Record, render
from tests.faults.servers import ROOT

RESULT = ROOT / "docs" / "faults.md"
PICTURES = ROOT / "docs" / "pictures.json"  # for the pages of the causes
RECORD = pytest.StashKey[Record]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add to pytest's own."""
    parser.addoption(
        "--write", action="store_true", help=f"write {RESULT.name} and {PICTURES.name}"
    )
    parser.addoption("--rounds", type=int, default=1, help="how often each stack is measured")


def pytest_configure(config: pytest.Config) -> None:
    """Begin with nothing known, and all that is needed."""
    config.stash[RECORD] = Record()
    config.addinivalue_line("markers", "again: what another test shows too, with another stack")
    for name in ("faults", "faults-old"):
        if not (ROOT / ".cache" / name / "bin" / "gunicorn").exists():
            raise pytest.UsageError("The apps' environments are missing: run ./dev faults.")
    for name in ("fronts", "node"):
        if not (ROOT / ".cache" / name / "made-from").exists():
            raise pytest.UsageError("Servers for the front are missing: run ./dev faults.")
    for name in ("nginx", "haproxy", "node", "openssl", "curl"):
        if not shutil.which(name):
            raise pytest.UsageError(f"There is no {name}: run ./dev faults.")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out `again`, unless there are several rounds, or somebody has chosen tests."""
    if config.getoption("rounds") > 1 or config.getoption("write") or config.getoption("keyword"):
        return
    again = [item for item in items if item.get_closest_marker("again")]
    items[:] = [item for item in items if item not in again]
    config.hook.pytest_deselected(items=again)


@pytest.fixture
def record(pytestconfig: pytest.Config) -> Record:
    """Where each measurement is written down."""
    return pytestconfig.stash[RECORD]


@pytest.fixture
def rounds(pytestconfig: pytest.Config) -> range:
    """So many times."""
    return range(pytestconfig.getoption("rounds"))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand over what this process recorded, if it works for another one (pytest-xdist).

    Otherwise fail if too little of the whole is right, though no single part has to be.
    """
    record = session.config.stash[RECORD]
    if hasattr(session.config, "workeroutput"):
        found = pickle.dumps(record)
        session.config.workeroutput["record"] = base64.b64encode(found).decode()
    elif record.too_low() and not session.exitstatus:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take what a worker recorded."""
    found = getattr(node, "workeroutput", {}).get("record")
    if found:
        node.config.stash[RECORD].add(pickle.loads(base64.b64decode(found)))  # noqa: S301


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say it in a line, and write it down when asked to."""
    record = config.stash[RECORD]
    terminalreporter.write_line(record.summary())
    if record.too_low():
        terminalreporter.write_line(record.too_low(), red=True)
    if config.getoption("write"):
        Path(RESULT).write_text(render(record), encoding="utf-8")
        _write_pictures(record)


def _write_pictures(record: Record) -> None:
    """One for each cause; those that were not measured this time stay."""
    kept = json.loads(PICTURES.read_text()) if PICTURES.exists() else {}
    for fault in reversed(FAULTS):  # of several stacks with a cause, the first one counts
        if fault.name in record.pictures:
            kept[fault.cause] = {"stack": fault.name, **record.pictures[fault.name].as_json()}
    built = {fault.cause for fault in FAULTS}
    kept = {cause: found for cause, found in kept.items() if cause in built}
    PICTURES.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", encoding="utf-8")
