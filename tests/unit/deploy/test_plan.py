"""Which releases drain, which end for these, which are removed, which stay."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.module_utils.deploy.places import Places
from plugins.module_utils.deploy.plan import Limits, Plan, PlanError, chosen, plan, size
from tests.unit.deploy.made_app import ID


def host(*releases: str, **facts: Any) -> dict[str, Any]:
    """A host with these releases, the most useful first, each as `id state`."""
    pairs = [release.split() for release in releases]
    found = [
        {"id": id_, "state": state, "built": state != "partial", "runs": False, "seconds_left": None}
        for id_, state in pairs
    ]  # fmt: skip
    live = next((id_ for id_, state in pairs if state == "live"), None)
    return {"releases": found, "live": live, "history": [], "site_is_proven": True, **facts}


def planned(facts: dict[str, Any], keep: int = 3, most: int = 5, when: str = "end_oldest") -> Plan:
    return plan(Places("chat"), ID, facts, Limits(keep, most, when))


@pytest.mark.parametrize(
    ("there", "keep", "replaced", "outdated"),
    [
        ([], 3, [], []),
        (["a live"], 3, ["a"], []),
        ([f"{ID} live", "b kept"], 3, [], []),
        (["a live", "b kept", "c kept"], 3, ["a"], ["c"]),
        (["a live", "b kept", "c kept", "d kept", "e kept"], 2, ["a"], ["b", "c", "d", "e"]),
        (["a live", "b draining", "c kept"], 1, ["a"], ["c"]),
        (["a live", "b running", "c partial"], 3, ["a", "b"], ["c"]),
        (["a live", "b ending", "c kept"], 2, ["a"], ["c"]),
        ([f"{ID} kept", "a live", "b kept"], 2, ["a"], ["b"]),
        (["b kept", "a live", "c kept"], 2, ["a"], ["c"]),
    ],
)
def test_releases(there: list[str], keep: int, replaced: list[str], outdated: list[str]) -> None:
    found = planned(host(*there), keep)
    assert (found.replaced, found.outdated) == (replaced, outdated)


def test_the_newest_stay_however_many_there_are() -> None:
    names = [f"{number:012x}" for number in range(40)]
    there = host("aaaaaaaaaaaa live", *(f"{name} kept" for name in names))
    assert planned(there, keep=10).outdated == names[8:]


# --- how many may drain ---


def draining(*seconds_left: int | None) -> list[dict[str, Any]]:
    """Release a, which is live, and b, c, ... with these times left."""
    found: list[dict[str, Any]] = [{"id": "a", "state": "live", "built": True, "runs": True}]
    for number, seconds in enumerate(seconds_left):
        one = {"id": chr(ord("b") + number), "state": "draining", "built": True, "runs": True}
        found.append({**one, "connections": 3, "memory_bytes": 2**20, "seconds_left": seconds})
    return found


WANTED = {"id": ID, "state": "draining", "built": True, "runs": True, "seconds_left": 1}
LIVE = {"id": ID, "state": "live", "built": True, "runs": True}


@pytest.mark.parametrize(
    ("there", "live", "most", "ended"),
    [
        (draining(), "a", 1, []),
        (draining(9), "a", 1, ["b"]),
        (draining(9), "a", 2, []),
        (draining(9, 5, 7), "a", 3, ["c"]),
        (draining(9, 5, 7), "a", 2, ["c", "d"]),
        (draining(9, None), "a", 1, ["b"]),
        (draining(9, 5)[1:], None, 1, []),  # nothing joins them
        ([WANTED, *draining(9)], "a", 1, ["b"]),
        ([WANTED, *draining()], "a", 1, []),
        ([LIVE, *draining(9)[1:]], ID, 1, []),
        ([{"id": "z", "state": "running", "built": True, "runs": True}, *draining(9)], "a", 2, ["b"]),
    ],
)  # fmt: skip
def test_how_many_may_drain_at_once(
    there: list[dict[str, Any]], live: str | None, most: int, ended: list[str]
) -> None:
    assert planned(host(releases=there, live=live), most=most).ended == ended


@pytest.mark.parametrize(("keep", "outdated"), [(1, ["c", "d"]), (4, ["d"])])
def test_those_that_end_for_others_may_be_outdated(keep: int, outdated: list[str]) -> None:
    facts = host(releases=draining(9, 5, 7), live="a")
    assert sorted(planned(facts, keep, most=2).outdated) == outdated


def test_a_host_without_room_refuses() -> None:
    with pytest.raises(PlanError) as refused:
        planned(host(releases=draining(9, 5), live="a"), most=2, when="refuse")
    assert str(refused.value) == (
        "2 releases of chat still finish their streams, and streaming_api_max_draining is 2: "
        "c (3 connections, 1 MiB, 5 s left), b (3 connections, 1 MiB, 9 s left). Nothing has "
        "changed; wait until one has ended, allow more, or set streaming_api_when_max_draining to "
        "end_oldest."
    )


def test_a_host_with_room_does_not_refuse() -> None:
    facts = host(releases=draining(9), live="a")
    assert planned(facts, most=2, when="refuse").ended == []


@pytest.mark.parametrize(
    ("count", "shown"),
    [(0, "0 bytes"), (1023, "1023 bytes"), (2048, "2 KiB"), (5 * 2**20, "5 MiB"), (3 * 2**29, "1.5 GiB")],
)  # fmt: skip
def test_bytes_for_people(count: int, shown: str) -> None:
    assert size(count) == shown


# --- the release that is deployed ---


@pytest.mark.parametrize(
    ("there", "state", "is_new", "is_live"),
    [
        ([], "", True, False),
        (["a live"], "", True, False),
        ([f"{ID} live"], "live", False, True),
        ([f"{ID} partial"], "partial", True, False),
        ([f"{ID} kept", "a live"], "kept", False, False),
        ([f"{ID} draining", "a live"], "draining", False, False),
    ],
)
def test_the_release(there: list[str], state: str, is_new: bool, is_live: bool) -> None:
    found = planned(host(*there))
    assert (found.state, found.is_new, found.is_live) == (state, is_new, is_live)
    assert found.unit == f"chat@{ID}"
    assert found.directory == f"/srv/chat/releases/{ID}"
    assert found.socket == f"/run/chat/{ID}.sock"


@pytest.mark.parametrize("runs", [True, False])
def test_one_that_runs(runs: bool) -> None:
    assert planned(host(releases=[{**LIVE, "runs": runs}], live=ID)).runs is runs
    assert planned(host("a live")).runs is False


@pytest.mark.parametrize("is_proven", [True, False])
def test_a_killed_deploy_left_its_site(is_proven: bool) -> None:
    assert planned(host(site_is_proven=is_proven)).restores_site is not is_proven


@pytest.mark.parametrize(
    ("live", "history", "after", "was_live"),
    [
        (None, [], [ID], False),
        ("a", [], [ID, "a"], False),
        ("a", ["a", "b"], [ID, "a", "b"], False),
        ("a", ["a", ID, "b"], [ID, "a", "b"], True),
        (ID, [ID, "a"], [ID, "a"], True),
        ("a", [f"{one:x}" for one in range(16)], [ID, "a", *"012345679"[:8]], False),
    ],
)
def test_what_has_been_live(
    live: str | None, history: list[str], after: list[str], was_live: bool
) -> None:
    there = [f"{live} live"] if live else []
    found = planned(host(*there, history=history))
    assert (found.history, found.was_live) == (after, was_live)


def test_the_history_is_as_long_as_releases_stay() -> None:
    history = [f"{number:012x}" for number in range(40)]
    assert len(planned(host(history=history), keep=20).history) == 20


# --- the release to go back to ---


@pytest.mark.parametrize(
    ("history", "there", "previous"),
    [
        (["a", "b", "c"], ["a live", "b kept", "c kept"], "b"),
        (["a", "b", "c"], ["a live", "b partial", "c draining"], "c"),
        (["b", "a"], ["a live", "b running"], "b"),
    ],
)
def test_the_previous_release(history: list[str], there: list[str], previous: str) -> None:
    assert chosen("previous", host(*there, history=history)) == previous


def test_a_release_by_its_id() -> None:
    assert chosen("b", host("a live", "b kept")) == "b"


@pytest.mark.parametrize(
    ("wanted", "history", "there", "said"),
    [
        ("previous", [], ["a live", "b kept"], "but none was live before; there are a, b, and a is live."),
        ("previous", ["a"], ["a live", "b kept"], "but none was live before; there are a, b, and a is live."),
        ("previous", ["b"], [], "but none was live before; there are no releases."),
        ("b", [], ["a live", "b partial"], "which is not on the host; there are a, and a is live."),
        ("c", [], ["b kept"], "which is not on the host; there are b."),
    ],
)  # fmt: skip
def test_a_release_that_is_not_there(
    wanted: str, history: list[str], there: list[str], said: str
) -> None:
    with pytest.raises(PlanError) as refused:
        chosen(wanted, host(*there, history=history))
    assert str(refused.value) == f"streaming_api_release is '{wanted}', {said}"
