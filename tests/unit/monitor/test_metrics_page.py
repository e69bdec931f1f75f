"""The page lists the metrics that there are."""

from __future__ import annotations

from docs import metrics


def test_the_table_is_up_to_date() -> None:
    assert metrics.PAGE.read_text() == metrics.page(), "run ./dev docs"
    assert "streaming_probe_culprit_info" in metrics.PAGE.read_text()
