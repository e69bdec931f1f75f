"""What happened between two states of an app."""

from __future__ import annotations

import pytest

from plugins.module_utils.monitor.marks import changes
from plugins.module_utils.monitor.values import AppState, Mark, ReleaseState


def state(text: str, at: float, deployed_at: float | None = None) -> AppState:
    """A state from words such as `aaaa:live`, or `bbbb:draining:3` with its connections."""
    words = [word.split(":") for word in text.split()]
    releases = (ReleaseState(one[0], one[1], int(one[2]) if len(one) > 2 else 0) for one in words)
    return AppState("chat", at, tuple(releases), deployed_at)


@pytest.mark.parametrize(
    ("before", "after", "happened"),
    [
        (None, "a:live b:draining", []),
        ("", "", []),
        ("a:live b:draining", "a:live b:draining:9", []),
        ("", "a:live", [("deploy", 7, "Release a is live.")]),
        ("a:live", "a:live b:starting", []),
        (
            "a:live b:starting",
            "b:live a:draining:3",
            [
                ("deploy", 7, "Release b is live, in place of a."),
                ("drain", 9, "Release a finishes its streams: 3 connections."),
            ],
        ),
        (
            "a:live b:draining",
            "b:live a:draining:1",
            [
                ("deploy", 7, "Release b is live again, in place of a."),
                ("drain", 9, "Release a finishes its streams: 1 connection."),
            ],
        ),
        ("b:live a:draining", "b:live", [("drained", 9, "Release a has ended.")]),
        (
            "b:live a:draining",
            "b:live a:starting",
            [("drained", 9, "Release a no longer drains, but still runs.")],
        ),
        ("a:live", "", []),
    ],
)
def test_changes(before: str | None, after: str, happened: list[tuple[str, float, str]]) -> None:
    was = None if before is None else state(before, 1)
    marks = [Mark("chat", at, kind, text) for kind, at, text in happened]
    assert changes(was, state(after, 9, deployed_at=7)) == marks


def test_a_deploy_at_an_unknown_time() -> None:
    assert [mark.at for mark in changes(state("", 1), state("a:live", 9))] == [9]
