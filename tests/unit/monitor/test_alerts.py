"""The rules for Prometheus: that they work, and that each alert has a page that helps."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from typing import Any

import pytest
import yaml

from plugins.module_utils.latency.judge.causes import CAUSES
from plugins.module_utils.latency.tell.content import PAGES
from plugins.module_utils.monitor.metrics import HISTOGRAM, METRICS

from .prometheus import ROOT, promtool

MONITORING = ROOT / "monitoring"
RUNBOOKS = ROOT / "docs/runbooks"
GROUPS = yaml.safe_load((MONITORING / "alerts.yml").read_text())["groups"]
RULES: list[dict[str, Any]] = [rule for group in GROUPS for rule in group["rules"]]
ALERTS = [rule for rule in RULES if "alert" in rule]
NAMES = sorted({rule["alert"] for rule in ALERTS})
RECORDED = {rule["record"] for rule in RULES if "record" in rule}
FILES = ("alerts_test.yml", "alerts_days_test.yml")
TESTED = [yaml.safe_load((MONITORING / name).read_text()) for name in FILES]
TESTS = [test for file in TESTED for test in file["tests"]]
PARTS = ("_bucket", "_count", "_sum")


def exposed() -> set[str]:
    """The names of all series that the monitor has, and of those that rules record."""
    names = {name for name, metric in METRICS.items() if metric.kind != HISTOGRAM}
    names |= {
        name + part
        for name, metric in METRICS.items()
        if metric.kind == HISTOGRAM
        for part in PARTS
    }
    return names | RECORDED


def used(expression: str) -> set[str]:
    """The names of our series in an expression."""
    return set(re.findall(r"\bstreaming[_:][\w:]+", re.sub(r'"[^"]*"', "", expression)))


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "rules", "--lint-fatal", "alerts.yml"),
        ("test", "rules", *FILES),
        ("check", "config", "--syntax-only", "prometheus.example.yml"),
    ],
    ids=" ".join,
)
def test_promtool_agrees(arguments: tuple[str, ...]) -> None:
    done = subprocess.run(
        [promtool(), *arguments], cwd=MONITORING, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_groups_are_evaluated_in_their_order() -> None:
    """Those that are not named are evaluated in any order."""
    order = [group["name"] for group in GROUPS]
    assert [file["group_eval_order"] for file in TESTED] == [order] * len(FILES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.get("alert") or rule["record"])
def test_a_rule_uses_metrics_that_there_are(rule: dict[str, Any]) -> None:
    names = used(rule["expr"])
    assert names <= exposed()
    assert names or "up{" in rule["expr"] or rule["expr"].startswith("vector(")


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_an_alert_says_what_it_is_and_where_to_read_on(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in ("critical", "warning", "info")
    assert re.search(r"\w.*\.$", rule["annotations"]["summary"])
    base = PAGES.replace("/causes/", "/runbooks/")
    assert rule["annotations"]["runbook_url"] == f"{base}{rule['alert']}.md"


def test_alerts_of_one_name_differ_in_their_labels() -> None:
    found = Counter((rule["alert"], str(rule["labels"])) for rule in ALERTS)
    assert {*found.values()} == {1}


@pytest.mark.parametrize("name", NAMES)
def test_each_alert_is_tested_to_fire_and_to_be_silent_before_and_after(name: str) -> None:
    checks = [
        [bool(check.get("exp_alerts")) for check in test.get("alert_rule_test", ())]
        for test in TESTS
        if test["name"].partition(",")[0] == name
    ]
    assert any(found[-1] is False and True in found for found in checks), "clears"
    assert (
        any(found[0] is False and True in found for found in checks) or name == "StreamBudgetBurns"
    )


def test_each_alert_has_its_page_and_each_page_its_alert() -> None:
    assert sorted(path.stem for path in RUNBOOKS.iterdir()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_page_helps(name: str) -> None:
    text = (RUNBOOKS / f"{name}.md").read_text()
    heads = re.findall("^#+ (.*)", text, flags=re.MULTILINE)
    assert heads[0] == name
    for head in ("What readers see", "First commands", "Remedy", "Silence"):
        assert head in heads
    for link in re.findall(r"\]\(([^)#]+)", text):
        assert link.startswith("https://") or (RUNBOOKS / link).is_file(), link


def test_each_cause_that_accuses_is_linked() -> None:
    """Risks and what only another client does wrong are no culprits of a monitor."""
    text = (RUNBOOKS / "StreamNotStreaming.md").read_text()
    linked = set(re.findall(r"causes/([\w-]+)\.md", text))
    assert linked == {one.id for one in CAUSES if not one.risk and one.layer != "client"}
