"""What the proof measures, and what of it is a fault."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.templates.conftest import HOST, ID, ROLE

PROBE = "/.stream-probe?count=30"


def streams(*pairs: tuple[str, str]) -> list[list[str]]:
    return [list(pair) for pair in pairs]


@pytest.mark.parametrize(
    ("variables", "through_nginx", "on_socket"),
    [
        ({}, streams((PROBE, PROBE)), streams((PROBE, PROBE))),
        (
            {"streaming_api_nginx_locations": [{"path": "/"}, {"path": "/api/"}, {"path": "/v1"}, {"path": "^~ /v2/"}, {"path": "^~/v3"}]},
            streams(
                (PROBE, PROBE), (f"/api{PROBE}", PROBE), (f"/v1{PROBE}", PROBE), (f"/v2{PROBE}", PROBE), (f"/v3{PROBE}", PROBE)
            ),
            streams((PROBE, PROBE)),
        ),
        (
            {"streaming_api_nginx_locations": [{"path": "= /events"}, {"path": "~ ^/v1/"}, {"path": "~* x/"}]},
            [],
            streams((PROBE, PROBE)),
        ),
        (
            {"streaming_api_proof_paths": ["/a?b=c"]},
            streams((PROBE, PROBE), ("/a?b=c", "/a?b=c")),
            streams((PROBE, PROBE), ("/a?b=c", "/a?b=c")),
        ),
        (
            {"streaming_api_proof_paths": ["/a"], "streaming_api_probe": False},
            streams(("/a", "/a")),
            streams(("/a", "/a")),
        ),
    ],
)  # fmt: skip
def test_the_streams(evaluate, variables, through_nginx, on_socket):
    found = evaluate("__streaming_api_streams_through_nginx", **variables)
    assert [list(pair) for pair in found] == through_nginx
    found = evaluate("__streaming_api_streams_on_socket", **variables)
    assert [list(pair) for pair in found] == on_socket


@pytest.mark.parametrize(
    ("dependencies", "project"),
    [
        ("auto", ""),
        ("requirements/prod.txt", ""),
        ("pyproject.toml", ""),
        ("backend/pyproject.toml", "backend"),
        ("backend/setup.py", "backend"),
    ],
)
def test_the_project_that_may_be_installed(evaluate, dependencies, project):
    found = evaluate("__streaming_api_project", streaming_api_dependencies=dependencies)
    assert found == project


@pytest.mark.parametrize(
    ("built_with", "paths"),
    [
        ({}, [PROBE, "/a", "/b"]),  # a release of before this was noted
        ({"probe": True, "proof_paths": ["/a", "/gone"]}, [PROBE, "/a"]),
        ({"probe": False, "proof_paths": ["/b"]}, ["/b"]),
        ({"probe": False, "proof_paths": []}, []),
    ],
)
def test_a_rollback_is_measured_by_what_that_release_has(evaluate, built_with, paths):
    host = {**HOST, "releases": [{"id": ID, "state": "kept", "built": True, **built_with}]}
    variables = {
        "__streaming_api_host": host,
        "__streaming_api_chosen": ID,
        "streaming_api_release": "previous",
        "streaming_api_proof_paths": ["/a", "/b"],
        "ansible_check_mode": False,
    }
    found = evaluate("__streaming_api_streams_on_socket", **variables)
    assert [pair[1] for pair in found] == paths
    assert evaluate("__streaming_api_proves", **variables) is bool(paths)
    told = "was not measured: it has neither the probe nor one of streaming_api_proof_paths."
    assert (told in evaluate("__streaming_api_shown", **variables)) is not bool(paths)


TLS = {"streaming_api_tls": "self_signed"}


@pytest.mark.parametrize(
    ("variables", "layer", "url", "address"),
    [
        ({}, "nginx", f"http://localhost:80{PROBE}", "127.0.0.1:80"),
        ({"streaming_api_nginx_server_names": ["*.a.org", "b.org"]}, "nginx", f"http://any.a.org:80{PROBE}", "127.0.0.1:80"),
        ({"streaming_api_nginx_server_names": [".a.org"]}, "nginx", f"http://a.org:80{PROBE}", "127.0.0.1:80"),
        ({"streaming_api_nginx_server_names": ["a.org"], "streaming_api_nginx_https_port": 8443, **TLS}, "nginx", f"https://a.org:8443{PROBE}", "127.0.0.1:8443"),
    ],
)  # fmt: skip
def test_a_layer(evaluate, variables, layer, url, address):
    found = evaluate(f"__streaming_api_layer_{layer}", item=[PROBE, PROBE], **variables)
    assert (found["url"], found["address"]) == (url, address)


def result(path: str, cause: str = "", socket: str = PROBE) -> dict[str, Any]:
    causes = [{"cause": cause}] if cause else []
    text = f"table of {path}"
    return {"item": [path, socket], "streams": not cause, "causes": causes, "text": text, "message": cause, "measured": []}  # fmt: skip


@pytest.mark.parametrize(
    ("results", "faults"),
    [
        ([], []),
        ([result("/a"), result("/b")], []),
        ([result("/a"), result("/b", "nginx-gzip")], ["/b"]),
        ([result("/a", "unauthorized"), result("/b", "redirect")], []),
        ([result("/a"), result("/b", "not-found")], ["/b"]),
        ([result("/a", "server-error")], ["/a"]),
        ([result("/a", "unauthorized", socket="/a")], ["/a"]),
        ([{**result("/a", "x"), "causes": []}], ["/a"]),
    ],
)
def test_what_is_a_fault(evaluate, results, faults):
    found = evaluate("__streaming_api_faults", __streaming_api_through_nginx={"results": results})
    assert [one["item"][0] for one in found] == faults


def answering(**timeline: Any) -> dict[str, Any]:
    measured = [{"passes": {"identity": [timeline]}}]
    return {"results": [{"item": [f"/api{PROBE}", PROBE], "measured": measured}]}


OTHERS = "another site"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (answering(status=200, server={"release": ID}), []),
        (answering(status=200, server={"release": "abcdef"}), ["release abcdef", OTHERS]),
        (answering(status=200), ["something else", OTHERS]),
        (answering(status=404), ["/.stream-probe is not found there (404)", OTHERS, "`extra`"]),
        (answering(status=401), []),
        (answering(status=301), []),
        (answering(), []),
        ({"results": []}, []),
        ({"results": [{"skipped": True}]}, []),
        ({"results": [{"failed": True, "msg": "no pycurl"}]}, []),
        (answering(status=404)["results"][0], ["(404)"]),  # while the task is retried
    ],
)
def test_who_answers_in_its_place(evaluate, answer, words):
    said = evaluate("__streaming_api_misdirected", __streaming_api_answering=answer)
    assert [word for word in words if word not in said] == []
    assert bool(said) == bool(words)


STALE = answering(status=200, server={"release": "of another app in this play"})
AGAIN = "Nginx has its site of before again"


@pytest.mark.parametrize(
    ("live", "written", "words"),
    [
        ("abcdef", {"changed": True}, AGAIN),
        (ID, {"changed": True}, AGAIN),
        (None, {"changed": True}, "its site is removed"),
        (ID, {"changed": False}, "its site, which has not changed, stays"),
    ],
)
@pytest.mark.parametrize(
    ("task", "answer", "what", "why"),
    [
        ("Ask it through Nginx", STALE, "answers on its socket, but not through Nginx", "failed"),
        ("See that it streams", STALE, "does not stream through Nginx", "failed"),
        ("See that it is the one that answers", answering(status=404), "is not what answers through Nginx", "(404)"),
        ("See that Nginx has taken it over", STALE, "is not known to Nginx, which could not reload", "error.log"),
    ],
)  # fmt: skip
def test_why_it_gets_no_traffic(evaluate, live, written, words, task, answer, what, why):
    said = evaluate(
        "__streaming_api_no_traffic",
        ansible_failed_task={"name": task},
        ansible_failed_result={"failed": True, "msg": "It has failed."},
        __streaming_api_written=written,
        __streaming_api_host={"live": live, "missing_files": []},
        __streaming_api_answering=answer,
    )
    assert said.startswith(f"chat-app@{ID} {what}; {words}: ")
    assert why in said
    assert ("It has failed." in said) == (why == "failed")


def outside(evaluate: Any, expression: str, *results: dict[str, Any], **variables: Any) -> Any:
    return evaluate(
        expression,
        inventory_hostname="192.0.2.1",
        ansible_check_mode=False,
        __streaming_api_through_nginx={"results": list(results)},
        **variables,
    )


PROVIDED = {"streaming_api_tls": "provided"}
PUBLIC = {"streaming_api_public_url": "https://a.org"}
OWN = result("/own?a=b", socket="/own?a=b")


@pytest.mark.parametrize(
    ("variables", "results", "layers"),
    [
        # The probe's token goes over verified TLS only.
        (PUBLIC, [result(PROBE)], [f"public https://a.org{PROBE}"]),
        ({**PUBLIC, **TLS}, [result(PROBE)], [f"public https://a.org{PROBE}"]),
        (
            {**PUBLIC, **PROVIDED},
            [result(PROBE)],
            [f"origin https://a.org:443{PROBE} at 192.0.2.1:443", f"public https://a.org{PROBE}"],
        ),
        (
            {"streaming_api_public_url": "http://a.org"},
            [result(PROBE), OWN],
            ["origin http://a.org:80/own?a=b at 192.0.2.1:80", "public http://a.org/own?a=b"],
        ),
        ({**PUBLIC, **TLS}, [OWN], ["origin https://a.org:443/own?a=b at 192.0.2.1:443", "public https://a.org/own?a=b"]),
        (PUBLIC, [result("/x/.stream-probe", socket="/x/.stream-probe")], ["public https://a.org/x/.stream-probe"]),
        # The first stream that lets everyone in.
        (PUBLIC, [result(f"/api{PROBE}")], [f"public https://a.org/api{PROBE}"]),
        (PUBLIC, [result(PROBE, "unauthorized"), result(f"/b{PROBE}")], [f"public https://a.org/b{PROBE}"]),
        ({"streaming_api_public_url": "https://a.org/b/"}, [result(PROBE)], [f"public https://a.org/b{PROBE}"]),
        (
            {"streaming_api_public_url": "https://a.org:444/b", **PROVIDED},
            [result(PROBE)],
            [f"origin https://a.org:443/b{PROBE} at 192.0.2.1:443", f"public https://a.org:444/b{PROBE}"],
        ),
        (
            {**PUBLIC, **PROVIDED, "ansible_host": "2001:db8::1"},
            [OWN],
            ["origin https://a.org:443/own?a=b at [2001:db8::1]:443", "public https://a.org/own?a=b"],
        ),
        (
            {**PUBLIC, "ansible_host": "host"},
            [OWN],
            ["origin http://a.org:80/own?a=b at host:80", "public https://a.org/own?a=b"],
        ),
        # None that can be asked.
        (PUBLIC, [], []),
        (PUBLIC, [result(PROBE, "redirect")], []),
        ({"streaming_api_public_url": "http://a.org"}, [result(PROBE)], []),
        ({}, [result(PROBE)], []),
    ],
)  # fmt: skip
def test_what_is_measured_from_outside(evaluate, variables, results, layers):
    found = outside(evaluate, "__streaming_api_layers_outside", *results, **variables)
    shown = [" ".join((one["name"], one["url"], *(["at", one["address"]] if "address" in one else []))) for one in found]  # fmt: skip
    assert shown == layers
    assert all(one.get("validate_certs", True) for one in found if "stream-probe" in one["url"])


def test_a_layer_outside_is_compared_with_the_same_stream_inside(evaluate):
    results = [result(PROBE, "unauthorized"), {**result("/b"), "measured": ["b"]}]
    found = outside(evaluate, "__streaming_api_from_outside.measured", *results, **PUBLIC)
    assert found == ["b"]


def shown(evaluate: Any, *results: dict[str, Any], **variables: Any) -> list[str]:
    given = {"__streaming_api_outside": {"skipped": True}, **variables}
    found = outside(evaluate, "__streaming_api_shown", *results, **given)
    return [line for line in found.splitlines() if line]


def test_what_is_shown(evaluate):
    results = [result("/a?x=1"), result("/b?x=1"), result("/c?x=1", "unauthorized")]
    server = {"at": "front"}
    results[0]["measured"] = [{"passes": {"identity": [{"server": server}]}}]
    lines = shown(evaluate, *results)
    assert lines[:3] == [
        "table of /a?x=1",
        "It streams at /b too.",
        "/c lets nobody measure: unauthorized",
    ]
    assert "in front of the app" in lines[3]


def test_the_table_is_that_of_a_stream_that_could_be_measured(evaluate):
    lines = shown(evaluate, result("/a", "unauthorized"), result("/b"), result("/c"))
    assert lines == ["table of /b", "/a lets nobody measure: unauthorized", "It streams at /c too."]


def test_the_table_has_what_was_seen_from_outside(evaluate):
    seen = {"text": "table of the world"}
    results = [result(PROBE), result("/b"), OWN]
    variables = {"streaming_api_public_url": "http://a.org", "__streaming_api_outside": seen}
    assert shown(evaluate, *results, **variables) == [
        "table of the world",
        "It streams at /.stream-probe too.",
        "It streams at /own too.",
    ]


@pytest.mark.parametrize(
    ("variables", "results", "words"),
    [
        ({**PUBLIC, **PROVIDED}, [result(PROBE)], []),
        (PUBLIC, [OWN], []),
        (PUBLIC, [result(PROBE)], ["not asked from here (origin)", "verified TLS", "token"]),
        (PUBLIC, [], ["https://a.org was not measured", "lets everyone in", "streaming_api_proof_paths"]),
        (PUBLIC, [result(PROBE, "redirect")], ["https://a.org was not measured", "lets everyone in"]),
        (
            {"streaming_api_public_url": "http://a.org"},
            [result(PROBE)],
            ["http://a.org was not measured", "verified TLS", "streaming_api_proof_paths"],
        ),
        ({}, [result(PROBE)], []),
    ],
)  # fmt: skip
def test_what_was_not_measured_from_outside_is_said(evaluate, variables, results, words):
    said = " ".join(shown(evaluate, *results, **variables))
    assert [word for word in words if word not in said] == []
    assert words or not {"token", "not measured", "not asked"} & set(said.split())
    assert bool(words) == ("not measured" in said or "not asked" in said)


def test_nothing_to_show(evaluate):
    assert shown(evaluate) == []


def test_no_task_registers_what_is_an_internal_of_the_role(role_variables):
    """What is registered hides a variable of the same name, for the whole play."""
    tasks = "".join(path.read_text() for path in (ROLE / "tasks").glob("*.yml"))
    registered = set(re.findall(r"register: (\w+)", tasks))
    assert len(registered) > 5
    assert registered & set(role_variables) == set()


TOKEN = "/etc/streaming_api/chat-app.probe-token"


@pytest.mark.parametrize(
    ("live", "missing", "probes"),
    [("a", [], True), (ID, [], True), ("a", [TOKEN], True), (ID, [TOKEN], False)],
)
def test_one_that_runs_knows_no_token_that_is_made_later(evaluate, live, missing, probes):
    there = {"live": live, "missing_files": missing}
    assert evaluate("__streaming_api_probes", __streaming_api_host=there) is probes
