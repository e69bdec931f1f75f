"""What the proof measures, and what of it is a fault."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.module_utils.deploy import proof
from plugins.module_utils.deploy.proof import PROBE, Choice, Measured, Stream
from tests.unit.deploy.made_app import ID, PLAN, answering, described, measured, settings

BOTH = Choice(probe=True, paths=[])


def streams(*pairs: tuple[str, str]) -> list[Stream]:
    return [Stream(*pair) for pair in pairs]


@pytest.mark.parametrize(
    ("choice", "locations", "through_nginx", "on_socket"),
    [
        (BOTH, ["/"], streams((PROBE, PROBE)), streams((PROBE, PROBE))),
        (
            BOTH,
            ["/", "/api/", "/v1", "^~ /v2/", "^~/v3"],
            streams(
                (PROBE, PROBE), (f"/api{PROBE}", PROBE), (f"/v1{PROBE}", PROBE), (f"/v2{PROBE}", PROBE), (f"/v3{PROBE}", PROBE)
            ),
            streams((PROBE, PROBE)),
        ),
        (BOTH, ["= /events", "~ ^/v1/", "~* x/"], [], streams((PROBE, PROBE))),
        (
            Choice(probe=True, paths=["/a?b=c"]),
            ["/"],
            streams((PROBE, PROBE), ("/a?b=c", "/a?b=c")),
            streams((PROBE, PROBE), ("/a?b=c", "/a?b=c")),
        ),
        (Choice(probe=False, paths=["/a"]), ["/"], streams(("/a", "/a")), streams(("/a", "/a"))),
        (Choice(probe=False, paths=[]), ["/"], [], []),
    ],
)  # fmt: skip
def test_the_streams(
    choice: Choice, locations: list[str], through_nginx: list[Stream], on_socket: list[Stream]
) -> None:
    found = proof.through_nginx(choice, [{"path": path} for path in locations])
    assert found == through_nginx
    assert proof.on_socket(choice) == on_socket


@pytest.mark.parametrize(
    ("variables", "through_nginx"),
    [
        ({}, [(f"/chat{PROBE}", PROBE), (f"/chat/api{PROBE}", PROBE), ("/chat/a?b=c", "/a?b=c")]),
        (
            {"nginx_strip_path": False, "health_path": "/chat/"},
            [(f"/chat{PROBE}", PROBE), (f"/chat/api{PROBE}", PROBE), ("/a?b=c", "/a?b=c")],
        ),
    ],
)
def test_the_streams_of_an_app_at_a_path(
    variables: dict[str, Any], through_nginx: list[tuple[str, str]]
) -> None:
    app = described(
        nginx_path="/chat/", nginx_locations=[{"path": "/"}, {"path": "/api/"}], **variables
    )
    choice = Choice(probe=True, paths=["/a?b=c"])
    found = proof.through_nginx(choice, app.locations, app.stripped)
    assert [tuple(one) for one in found] == through_nginx


@pytest.mark.parametrize(
    ("path", "is_probe", "shown"),
    [
        (PROBE, True, "/.stream-probe"),
        (f"/api{PROBE}", True, "/api/.stream-probe"),
        ("/x/.stream-probe", True, "/x/.stream-probe"),
        ("/.stream-probes?a=b", False, "/.stream-probes"),
        ("/own?a=b", False, "/own"),
    ],
)
def test_a_stream(path: str, is_probe: bool, shown: str) -> None:
    stream = Stream(path, path)
    assert (stream.is_probe, stream.shown) == (is_probe, shown)


# --- what a release can be measured by ---


@pytest.mark.parametrize(
    ("built_with", "choice"),
    [
        (None, Choice(probe=True, paths=["/a", "/b"])),
        ({}, Choice(probe=True, paths=["/a", "/b"])),  # a release of before this was noted
        ({"probe": None, "proof_paths": None}, Choice(probe=True, paths=["/a", "/b"])),
        ({"probe": True, "proof_paths": ["/a", "/gone"]}, Choice(probe=True, paths=["/a"])),
        ({"probe": False, "proof_paths": ["/b"]}, Choice(probe=False, paths=["/b"])),
        ({"probe": False, "proof_paths": []}, Choice(probe=False, paths=[])),
    ],
)
def test_a_rollback_is_measured_by_what_that_release_has(
    built_with: dict[str, Any] | None, choice: Choice
) -> None:
    given = settings(proof_paths=["/a", "/b"])
    assert proof.choice(given, PLAN, built_with, has_token=False) == choice


@pytest.mark.parametrize(
    ("is_live", "has_token", "probes"),
    [(False, True, True), (True, True, True), (False, False, True), (True, False, False)],
)
def test_one_that_runs_knows_no_token_that_is_made_later(
    is_live: bool, has_token: bool, probes: bool
) -> None:
    plan = PLAN._replace(is_live=is_live)
    assert proof.choice(settings(), plan, None, has_token=has_token).probe is probes


def test_without_the_probe() -> None:
    given = settings(probe=False, proof_paths=["/a"])
    assert proof.choice(given, PLAN, None, has_token=True) == Choice(probe=False, paths=["/a"])


# --- layers ---

TLS = {"tls": "self_signed"}


@pytest.mark.parametrize(
    ("variables", "url", "address"),
    [
        ({}, f"http://localhost:80{PROBE}", "127.0.0.1:80"),
        ({"nginx_server_names": ["*.a.org", "b.org"]}, f"http://any.a.org:80{PROBE}", "127.0.0.1:80"),
        ({"nginx_server_names": [".a.org"]}, f"http://a.org:80{PROBE}", "127.0.0.1:80"),
        ({"nginx_server_names": ["a.org"], "nginx_https_port": 8443, **TLS}, f"https://a.org:8443{PROBE}", "127.0.0.1:8443"),
    ],
)  # fmt: skip
def test_the_layer_of_nginx(variables: dict[str, Any], url: str, address: str) -> None:
    found = proof.layer_nginx(described(**variables), Stream(PROBE, PROBE))
    assert (found["url"], found["address"]) == (url, address)
    assert found["validate_certs"] is False


@pytest.mark.parametrize(("variables", "scheme"), [({}, "http"), (TLS, "https")])
def test_the_layer_of_gunicorn(variables: dict[str, Any], scheme: str) -> None:
    stream = Stream(f"/api{PROBE}", PROBE)
    found = proof.layer_gunicorn(described(**variables), PLAN.socket, stream)
    assert found == {
        "name": "gunicorn",
        "url": f"http://localhost{PROBE}",
        "unix_socket": f"/run/chat-app/{ID}.sock",
        "headers": {
            "X-Real-IP": "127.0.0.1",
            "X-Forwarded-For": "127.0.0.1",
            "X-Forwarded-Proto": scheme,
        },
    }


# --- from outside ---

PROVIDED = {"tls": "provided", "tls_certificate": "/a.pem", "tls_key": "/a.key"}
PUBLIC = {"public_url": "https://a.org"}
OWN = measured("/own?a=b", on_socket="/own?a=b")


@pytest.mark.parametrize(
    ("variables", "host", "results", "layers"),
    [
        # The probe's token goes over verified TLS only.
        (PUBLIC, "192.0.2.1", [measured(PROBE)], [f"public https://a.org{PROBE}"]),
        ({**PUBLIC, **TLS}, "192.0.2.1", [measured(PROBE)], [f"public https://a.org{PROBE}"]),
        (
            {**PUBLIC, **PROVIDED},
            "192.0.2.1",
            [measured(PROBE)],
            [f"origin https://a.org:443{PROBE} at 192.0.2.1:443", f"public https://a.org{PROBE}"],
        ),
        (
            {"public_url": "http://a.org"},
            "192.0.2.1",
            [measured(PROBE), OWN],
            ["origin http://a.org:80/own?a=b at 192.0.2.1:80", "public http://a.org/own?a=b"],
        ),
        ({**PUBLIC, **TLS}, "192.0.2.1", [OWN], ["origin https://a.org:443/own?a=b at 192.0.2.1:443", "public https://a.org/own?a=b"]),
        (PUBLIC, "192.0.2.1", [measured("/x/.stream-probe", on_socket="/x/.stream-probe")], ["public https://a.org/x/.stream-probe"]),
        # The first stream that lets everyone in.
        (PUBLIC, "192.0.2.1", [measured(f"/api{PROBE}")], [f"public https://a.org/api{PROBE}"]),
        (PUBLIC, "192.0.2.1", [measured(PROBE, "unauthorized"), measured(f"/b{PROBE}")], [f"public https://a.org/b{PROBE}"]),
        ({"public_url": "https://a.org/b/"}, "192.0.2.1", [measured(PROBE)], [f"public https://a.org/b{PROBE}"]),
        (
            {"public_url": "https://a.org:444/b", **PROVIDED},
            "192.0.2.1",
            [measured(PROBE)],
            [f"origin https://a.org:443/b{PROBE} at 192.0.2.1:443", f"public https://a.org:444/b{PROBE}"],
        ),
        (
            {**PUBLIC, **PROVIDED},
            "2001:db8::1",
            [OWN],
            ["origin https://a.org:443/own?a=b at [2001:db8::1]:443", "public https://a.org/own?a=b"],
        ),
        ({**PUBLIC, **PROVIDED}, "[::1]", [OWN], ["origin https://a.org:443/own?a=b at [::1]:443", "public https://a.org/own?a=b"]),
        # The public URL of an app at a path has that path, or another one.
        (
            {"public_url": "https://a.org/chat/", "nginx_path": "/chat/", **PROVIDED},
            "192.0.2.1",
            [measured(f"/chat{PROBE}")],
            [f"origin https://a.org:443/chat{PROBE} at 192.0.2.1:443", f"public https://a.org/chat{PROBE}"],
        ),
        ({"public_url": "https://chat.org", "nginx_path": "/chat/"}, "192.0.2.1", [measured(f"/chat/b{PROBE}")], [f"public https://chat.org/b{PROBE}"]),
        (PUBLIC, "host", [OWN], ["origin http://a.org:80/own?a=b at host:80", "public https://a.org/own?a=b"]),
        # Only the edge may ask the host.
        ({**PUBLIC, **PROVIDED, "edge": "cloudflare"}, "192.0.2.1", [OWN], ["public https://a.org/own?a=b"]),
        ({**PUBLIC, "edge": "alb", "nginx_trusted_proxies": ["10.0.0.0/16"]}, "10.0.0.9", [OWN], ["public https://a.org/own?a=b"]),
        # None that can be asked.
        (PUBLIC, "192.0.2.1", [], []),
        (PUBLIC, "192.0.2.1", [measured(PROBE, "redirect")], []),
        ({"public_url": "http://a.org"}, "192.0.2.1", [measured(PROBE)], []),
        ({}, "192.0.2.1", [measured(PROBE)], []),
    ],
)  # fmt: skip
def test_what_is_measured_from_outside(
    variables: dict[str, Any], host: str, results: list[Measured], layers: list[str]
) -> None:
    found = proof.outside(described(**variables), settings(**variables), host, results)
    shown = [
        " ".join((one["name"], one["url"], *(["at", one["address"]] if "address" in one else [])))
        for one in found.layers
    ]
    assert shown == layers
    assert all(one.get("validate_certs", True) for one in found.layers if PROBE in one["url"])
    assert bool(found.skips_origin) is (len(layers) == 1)
    assert (found.seen is None) is (layers == [])


def test_a_layer_outside_is_compared_with_the_same_stream_inside() -> None:
    results = [measured(PROBE, "unauthorized"), measured("/b", measured=["b"])]
    seen = proof.outside(described(**PUBLIC), settings(**PUBLIC), "a", results).seen
    assert seen is not None
    assert seen.result["measured"] == ["b"]


# --- results ---


@pytest.mark.parametrize(
    ("results", "faults"),
    [
        ([], []),
        ([measured("/a"), measured("/b")], []),
        ([measured("/a"), measured("/b", "nginx-gzip")], ["/b"]),
        ([measured("/a", "unauthorized"), measured("/b", "redirect")], []),
        ([measured("/a"), measured("/b", "not-found")], ["/b"]),
        ([measured("/a", "server-error")], ["/a"]),
        ([measured("/a", "unauthorized", on_socket="/a")], ["/a"]),
        ([measured("/a", "x", causes=[])], ["/a"]),
        ([Measured(Stream("/a", PROBE), {})], ["/a"]),
    ],
)
def test_what_is_a_fault(results: list[Measured], faults: list[str]) -> None:
    assert [one.stream.path for one in results if one.is_fault] == faults


def judged(*layers: dict[str, str], verdict: str = "unknown") -> dict[str, Any]:
    """A result with these layers; each pass has the problem, '' if it streams."""
    shown = [
        {
            "passes": {
                name: {"verdict": "unknown" if problem else "streaming", "problem": problem}
                for name, problem in layer.items()
            }
        }
        for layer in layers
    ]
    return {"streams": False, "verdict": verdict, "layers": shown}


FINE = {"identity": "", "browser": ""}


@pytest.mark.parametrize(
    ("result", "is_fault"),
    [
        (judged(FINE, {"identity": "machine", "browser": ""}), False),
        (judged({"identity": "bunched", "browser": "machine"}), False),
        (judged(FINE, {"identity": "machine", "browser": "held"}), True),
        (judged(FINE, {"identity": "unsteady"}), True),
        (judged(FINE, {"identity": "machine"}, verdict="lumped"), True),
        (judged({"identity": "machine"}, {}), True),  # a layer that could not be tried
        (judged(), True),
    ],
)
def test_what_leaves_a_verdict_open_is_no_fault(result: dict[str, Any], is_fault: bool) -> None:
    assert Measured(Stream("/a", PROBE), result).is_fault is is_fault


def test_what_was_measured_survives_json() -> None:
    assert Measured.of(OWN.pair()) == OWN


OTHERS = "another site"


@pytest.mark.parametrize(
    ("results", "words"),
    [
        ([answering(status=200, server={"release": ID})], []),
        ([answering(status=200, server={"release": "abcdef"})], ["release abcdef answers", OTHERS]),
        ([answering(status=200)], ["something else answers", OTHERS]),
        ([answering(status=200, server=None)], ["something else answers", OTHERS]),
        ([answering(status=404)], ["/api/.stream-probe is not found there (404)", OTHERS, "`extra`"]),
        ([answering(status=401)], []),
        ([answering(status=301)], []),
        ([answering()], []),
        ([], []),
        ([measured(PROBE)], []),
        ([measured(PROBE, measured=[{"passes": {"identity": None}}])], []),
        ([measured(PROBE, measured=[{"passes": {"identity": {"timelines": []}}}])], []),
        ([OWN], []),
        ([OWN, answering(status=404)], ["(404)"]),
    ],
)  # fmt: skip
def test_who_answers_in_its_place(results: list[Measured], words: list[str]) -> None:
    said = proof.answers_instead(results, ID)
    assert [word for word in words if word not in said] == []
    assert bool(said) == bool(words)


def test_where_in_the_app_the_probe_answered() -> None:
    front = answering(status=200, server={"at": "front"})
    closed = measured(PROBE, "unauthorized", measured=front.result["measured"])
    inner = answering(status=200, server={"at": "inner"})
    found = [proof.only_from_front(some) for some in ([front], [closed], [inner], [])]
    assert found == [True, False, False, False]
    # a stream of the app itself says what its middleware does
    assert not proof.only_from_front([front, OWN])
    assert proof.only_from_front([front, measured("/own", "unauthorized", on_socket="/own")])
