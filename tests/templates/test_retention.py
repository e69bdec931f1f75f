"""Which releases are to finish, which are too many of these, which are removed, which stay."""

from __future__ import annotations

from typing import Any

import pytest

ID = "0123456789ab"  # the one that is deployed


def host(*releases: str) -> dict[str, Any]:
    """A host with these releases, newest first, each as `id state`."""
    pairs = [release.split() for release in releases]
    found = [
        {"id": id_, "state": state, "built": state != "partial", "seconds_left": None}
        for id_, state in pairs
    ]
    live = next((id_ for id_, state in pairs if state == "live"), None)
    return {"releases": found, "live": live}


TABLE = [
    # what is there, keep, replaced, outdated
    ([], 3, [], []),
    (["a live"], 3, ["a"], []),
    ([f"{ID} live", "b kept"], 3, [], []),
    (["a live", "b kept", "c kept"], 3, ["a"], ["c"]),
    (["a live", "b kept", "c kept"], "3", ["a"], ["c"]),
    (["a live", "b kept", "c kept", "d kept", "e kept"], 2, ["a"], ["b", "c", "d", "e"]),
    (["a live", "b draining", "c kept"], 1, ["a"], ["c"]),
    (["a live", "b running", "c partial"], 3, ["a", "b"], ["c"]),
    (["a live", "b ending", "c kept"], 2, ["a"], ["c"]),
    ([f"{ID} kept", "a live", "b kept"], 2, ["a"], ["b"]),
    (["b kept", "a live", "c kept"], 2, ["a"], ["c"]),
]


@pytest.mark.parametrize(("there", "keep", "replaced", "outdated"), TABLE)
def test_releases(evaluate, there, keep, replaced, outdated):
    variables = {"__streaming_api_host": host(*there), "streaming_api_keep_releases": keep}
    assert evaluate("__streaming_api_replaced", **variables) == replaced
    assert evaluate("__streaming_api_outdated", **variables) == outdated


def test_the_newest_stay_however_many_there_are(evaluate):
    names = [f"{number:012x}" for number in range(40)]
    there = host("aaaaaaaaaaaa live", *(f"{name} kept" for name in names))
    outdated = evaluate(
        "__streaming_api_outdated", __streaming_api_host=there, streaming_api_keep_releases=10
    )
    assert outdated == names[8:]


def draining(*seconds_left: int | None) -> list[dict[str, Any]]:
    """Release a, which is live, and b, c, ... with these times left."""
    found: list[dict[str, Any]] = [{"id": "a", "state": "live", "built": True}]
    for number, seconds in enumerate(seconds_left):
        one = {"id": chr(ord("b") + number), "state": "draining", "built": True}
        found.append({**one, "connections": 3, "memory_bytes": 2**20, "seconds_left": seconds})
    return found


WANTED = {"id": ID, "state": "draining", "built": True, "seconds_left": 1}


@pytest.mark.parametrize(
    ("there", "live", "most", "too_many"),
    [
        (draining(), "a", 1, []),
        (draining(9), "a", 1, ["b"]),
        (draining(9), "a", "2", []),
        (draining(9, 5, 7), "a", 3, ["c"]),
        (draining(9, 5, 7), "a", 2, ["c", "d"]),
        (draining(9, None), "a", 1, ["b"]),
        (draining(9, 5)[1:], None, 1, []),
        ([WANTED, *draining(9)], "a", 1, ["b"]),
        ([WANTED, *draining()], "a", 1, []),
        ([{"id": ID, "state": "live", "built": True}, *draining(9)[1:]], ID, 1, []),
        ([{"id": "z", "state": "running", "built": True}, *draining(9)], "a", 2, ["b"]),
    ],
)
def test_how_many_may_finish_at_once(evaluate, there, live, most, too_many):
    variables = {
        "__streaming_api_host": {"releases": there, "live": live},
        "streaming_api_max_draining": most,
    }
    assert evaluate("__streaming_api_too_many", **variables) == too_many


@pytest.mark.parametrize(("keep", "outdated"), [(1, ["c", "d"]), (4, ["d"])])
def test_those_that_are_ended_for_others_may_be_outdated(evaluate, keep, outdated):
    variables = {
        "__streaming_api_host": {"releases": draining(9, 5, 7), "live": "a"},
        "streaming_api_max_draining": 2,
        "streaming_api_keep_releases": keep,
    }
    assert evaluate("__streaming_api_outdated | sort", **variables) == outdated


def test_how_those_are_shown(evaluate):
    there = {"releases": draining(9, 5), "live": "a"}
    shown = evaluate("__streaming_api_draining_shown | join('; ')", __streaming_api_host=there)
    assert shown == "c (3 connections, 1.00 MB, 5 s left); b (3 connections, 1.00 MB, 9 s left)"


@pytest.mark.parametrize(
    ("history", "there", "previous"),
    [
        ([], ["a live", "b kept"], ""),
        (["a"], ["a live", "b kept"], ""),
        (["a", "b", "c"], ["a live", "b kept", "c kept"], "b"),
        (["a", "b", "c"], ["a live", "b partial", "c draining"], "c"),
        (["b", "a"], ["a live", "b running"], "b"),
    ],
)
def test_the_release_before(evaluate, history, there, previous):
    there = {**host(*there), "history": history}
    assert evaluate("__streaming_api_previous", __streaming_api_host=there) == previous


@pytest.mark.parametrize(
    ("was", "had_traffic", "may"),
    [
        ("kept", False, False),
        ("", True, True),
        ("draining", False, True),
        ("running", False, True),
    ],
)
def test_which_one_may_have_streams(evaluate, was, had_traffic, may):
    there = host(*([f"{ID} {was}"] if was else []))
    variables = {"__streaming_api_host": there, "__streaming_api_had_traffic": had_traffic}
    assert evaluate("__streaming_api_may_have_streams", **variables) is may
