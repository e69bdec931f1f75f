"""The probe's stream begins inside Starlette and FastAPI apps: probe_apps.py has them."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".cache/app/bin/python"
FILES = ROOT / "roles/streaming_api/files"

pytestmark = pytest.mark.skipif(not PYTHON.exists(), reason="./dev unit makes its Python")

TICKS = ["hello", *["tick"] * 5, "end"]
POSTED = ["hello", "received", "received", *["tick"] * 5, "end"]


@pytest.fixture(scope="module")
def answers() -> Any:
    argv = [str(PYTHON), "-W", "error", "-X", "dev", str(Path(__file__).with_name("probe_apps.py"))]
    places = os.pathsep.join(str(path) for path in (ROOT, ROOT / "files/app", FILES))
    environment = {**os.environ, "PYTHONPATH": places}
    done = subprocess.run(
        argv, check=False, capture_output=True, text=True, timeout=120, env=environment
    )
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("case", "at", "chunks", "events"),
    [
        ("starlette", "inside", 7, TICKS),
        ("fastapi", "inside", 7, TICKS),
        ("reference", "inside", 7, TICKS),
        ("wrapped", "inside", 7, TICKS),
        ("counted", "inside", 7, TICKS),
        ("mount of apps", "inside", 7, TICKS),
        ("dependencies", "inside", 7, TICKS),
        ("middleware", "inside", 7, TICKS),
        ("middleware, post", "inside", 9, POSTED),
        ("lumps", "inside", 1, TICKS),
        ("lumps, front", "front", 7, TICKS),
        ("lumps outside", "inside", 1, TICKS),
        ("gzip", "inside", 7, TICKS),
        ("reads the body", "inside", 7, TICKS),
        ("blocks", "inside", 7, TICKS),
        ("refuses", "front", 7, TICKS),
        ("refuses, post", "front", 9, POSTED),
        ("reads and refuses, post", "front", 7, TICKS),
        ("redirects", "front", 7, TICKS),
        ("fails", "front", 7, TICKS),
        ("streams", "front", 7, TICKS),
        ("no starlette", "front", 7, TICKS),
    ],
)
def test_where_the_stream_begins(
    answers: Any, case: str, at: str, chunks: int, events: list[str]
) -> None:
    answer = answers[case]
    assert (answer["status"], answer["at"], answer["complete"]) == (200, at, True)
    assert (answer["chunks"], answer["events"]) == (chunks, events)
    assert answer["headers"]["content-type"].startswith("text/event-stream")
    assert answer["open"] == [1, 1]


def test_the_apps_middleware_sees_the_answer(answers: Any) -> None:
    assert answers["middleware"]["headers"]["x-seen"] == "yes"


def test_a_body_that_a_middleware_has_read_comes_as_one_piece(answers: Any) -> None:
    answer = answers["reads the body, post"]
    assert (answer["at"], answer["complete"]) == ("inside", True)
    assert answer["events"] == ["hello", "received", *TICKS[1:]]


def test_a_client_that_leaves_ends_the_stream_inside(answers: Any) -> None:
    answer = answers["leaves"]
    assert (answer["at"], answer["open"]) == ("inside", [1, 1])
    assert 2 < len(answer["events"]) < 500


@pytest.mark.parametrize("case", ["no token", "path of the app"])
def test_without_the_token_or_the_path_the_app_answers(answers: Any, case: str) -> None:
    assert (answers[case]["status"], answers[case]["ways in"]) == (200, 0)


def test_the_way_in_is_made_once_and_is_in_no_schema(answers: Any) -> None:
    assert answers["starlette"]["ways in"] == 1
    assert [path for path in answers["schema"]["paths"] if "probe" in path] == []
