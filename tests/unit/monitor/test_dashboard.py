"""The dashboard for Grafana."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from monitoring import dashboard
from plugins.module_utils.latency.judge.words import ORDER

from .prometheus import promtool
from .test_alerts import exposed, used

STORED: dict[str, Any] = json.loads(dashboard.OUTPUT.read_text())
PANELS = [panel for panel in STORED["panels"] if panel["type"] != "row"]
TITLES = [panel["title"] for panel in PANELS]


def expressions() -> Iterator[tuple[str, str]]:
    """Each query by the panel's title and its letter, and what the variables ask."""
    for panel in PANELS:
        for target in panel["targets"]:
            yield f"{panel['title']} {target['refId']}", target["expr"]
    for annotation in STORED["annotations"]["list"]:
        yield annotation["name"], annotation["expr"]


QUERIES = dict(expressions())


def test_the_file_is_up_to_date() -> None:
    assert dashboard.OUTPUT.read_text() == dashboard.text(), "run ./dev docs"


def test_grafanas_own_types_read_it_without_a_loss() -> None:
    read = Dashboard.from_json(STORED)
    assert json.loads(json.dumps(read, cls=JSONEncoder)) == STORED


def test_each_panel_asks_a_question_of_its_own() -> None:
    assert all(title.endswith("?") for title in TITLES)
    assert len({*TITLES}) == len(TITLES)
    ids = [panel["id"] for panel in STORED["panels"]]
    assert len({*ids}) == len(ids) and 0 not in ids


def test_panels_do_not_overlap() -> None:
    seen: set[tuple[int, int]] = set()
    for panel in STORED["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & seen and place["x"] + place["w"] <= 24, panel["title"]
        seen |= cells


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_names_what_is_exposed_and_heeds_the_variables(name: str) -> None:
    expression = QUERIES[name]
    assert used(expression) <= exposed()
    assert used(expression) or "process_" in expression
    selected = re.findall(r"(?<!\w)(?:streaming|process)[\w:]*(\{[^}]*\})?", expression)
    for matchers in selected:
        assert '$instance"' in matchers or "objective" in expression


def test_promtool_reads_each_query(tmp_path: Path) -> None:
    rules = [
        {"record": f"panel:{number}", "expr": re.sub(r"\$(instance|app)\b", ".+", expression)}
        for number, expression in enumerate(QUERIES.values())
    ]
    path = tmp_path / "queries.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    done = subprocess.run(
        [promtool(), "check", "rules", str(path)], capture_output=True, text=True, check=False
    )
    assert f"{len(QUERIES)} rules found" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 0


def test_legends_use_labels_that_the_query_keeps() -> None:
    for panel in PANELS:
        for target in panel["targets"]:
            kept = re.search(r"\bsum by \(([^)]*)\)", target["expr"])
            named = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            if kept:
                assert named <= set(kept[1].split(", ")), panel["title"]


def test_each_verdict_has_its_word_and_colour() -> None:
    (found,) = PANELS[0]["fieldConfig"]["defaults"]["mappings"]
    assert [one["text"] for one in found["options"].values()] == list(ORDER)
    assert len({one["color"] for one in found["options"].values()}) == len(ORDER)
