"""What a person reads when a deploy has ended."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.module_utils.deploy import outcome
from plugins.module_utils.deploy.outcome import Failure, Seen, Undone
from plugins.module_utils.deploy.places import Places
from plugins.module_utils.deploy.proof import PROBE, Measured, Outside
from tests.unit.deploy.made_app import ID, UNIT, described, measured, settings

# --- failures ---

BACK = Undone("restored", "removed")


def said(failed: Failure, undone: Undone = BACK) -> str:
    return outcome.sentence(UNIT, "main:app", failed, undone)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("start", "did not answer on its socket"),
        ("socket-stream", "does not stream on its own socket"),
        ("site-refused", "has a site that Nginx refuses"),
        ("reload", "got no traffic, because Nginx could not reload"),
        ("health", "answers on its socket, but not through Nginx"),
        ("misdirected", "is not what answers through Nginx"),
        ("nginx-stream", "does not stream through Nginx"),
        ("process", "does not keep its processes running"),
        ("", "could not be deployed"),
        ("a kind of a later version", "could not be deployed"),
    ],
)
def test_what_has_failed(kind: str, words: str) -> None:
    assert said(Failure(kind, "It failed.")) == (
        f"chat-app@{ID} {words}; it is stopped and removed; the previous Nginx site has been "
        "restored: It failed."
    )


@pytest.mark.parametrize(
    ("undone", "words"),
    [
        (Undone("restored", "removed"), "; it is stopped and removed; the previous Nginx site has been restored: "),
        (Undone("restored", "stopped"), "; it is stopped; the previous Nginx site has been restored: "),
        (Undone("removed", "draining"), "; it finishes the streams that it has; its Nginx site has been removed: "),
        (Undone("restored", "live"), "; it is live; the previous Nginx site has been restored: "),
        (Undone("untouched", "removed"), "; it is stopped and removed; what was live is untouched: "),
        (Undone(), "; what was live is untouched: "),
        (Undone("untouched", "live"), "; it is live: "),
        (Undone("restored", "draining", "", "restored"), "; the previous Nginx site has been restored; the previous processes run again: "),
        (Undone("untouched", "live", "why", "broken"), "; it is live; the previous processes do not run: "),
    ],
)  # fmt: skip
def test_what_became_of_it(undone: Undone, words: str) -> None:
    assert words in said(Failure("health", "why"), undone)


MAY_WRITE = "write to /var/lib/chat-app (its HOME and STATE_DIRECTORY), /var/cache/chat-app "


@pytest.mark.parametrize(
    ("words", "is_advised"),
    [
        ("OSError: [Errno 30] Read-only file system: '/srv/chat-app/releases/a/src/.files'", True),
        ("sqlite3.OperationalError: attempt to write a readonly database", True),
        ("django.db.utils.OperationalError: unable to open database file", True),
        ("PermissionError: [Errno 13] Permission denied: '/srv/chat-app/releases/a/src/x'", True),
        ("PermissionError: [Errno 13] Permission denied: '/etc/shadow'", False),
        ("KeyError: 'A'", False),
    ],
)
def test_where_the_app_may_write(words: str, is_advised: bool) -> None:
    advice = outcome.where_to_write(f"Traceback:\n{words}\n", Places("chat-app"))
    assert (MAY_WRITE in advice) == bool(advice) == is_advised
    whole = outcome.sentence(UNIT, "main:app", Failure("import", words), BACK, advice=advice)
    assert (MAY_WRITE in whole) == is_advised


@pytest.mark.parametrize("kind", ["start", "import", "build"])
def test_the_undo_has_failed_too(kind: str) -> None:
    undone = Undone(problem="Nginx could not reload.")
    found = said(Failure(kind, "why", step="x"), undone)
    assert "the previous Nginx site could not be restored" in found
    assert "untouched" not in found
    assert found.endswith(" The undo failed too: Nginx could not reload.")


@pytest.mark.parametrize(
    ("kind", "evidence", "journal", "found"),
    [
        ("nginx-stream", "table\n", "a\nb", "table"),
        ("socket-stream", "table\n", "a\nb", "table\n\nThe release has logged:\na\nb"),
        ("start", "", "a", "The release has logged:\na"),
        ("start", "", "", ""),
        ("", "", "a", "The release has logged:\na"),
        ("build", "all of uv's output", "a", ""),
        ("import", "Traceback", "a", ""),
        ("misdirected", "", "a", ""),
        ("process", "worker has logged:\nx", "a", "worker has logged:\nx"),
    ],
)
def test_the_evidence(kind: str, evidence: str, journal: str, found: str) -> None:
    assert outcome.evidence(Failure(kind, "why", evidence=evidence), journal) == found


def test_an_app_that_cannot_be_imported() -> None:
    why = "ModuleNotFoundError: No module named 'fastpi'"
    assert said(Failure("import", why), Undone(release="removed")) == (
        "streaming_api_app is 'main:app', which cannot be imported: ModuleNotFoundError: No module "
        "named 'fastpi' (it is stopped and removed; what was live is untouched)"
    )


TRACEBACK = """\
Error: cannot load
Traceback (most recent call last):
  File "main.py", line 1, in <module>
    import settings
{}"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (TRACEBACK.format("KeyError: 'URL'\n"), "KeyError: 'URL'"),
        (
            TRACEBACK.format(
                "pydantic_core._pydantic_core.ValidationError: 1 validation error for Settings\n"
                "database_url\n  Field required [type=missing]\n"
                "    For further information visit https://errors.pydantic.dev/2.14/v/missing\n"
            ),
            (
                "pydantic_core._pydantic_core.ValidationError: 1 validation error for Settings "
                "database_url Field required [type=missing]"
            ),
        ),
        (TRACEBACK.format("ValueError: a\n\nDuring it:\n\n") + TRACEBACK.format("E: b\n"), "E: b"),
        (TRACEBACK.format("SystemExit\n"), "SystemExit"),
        (
            "Failed to find attribute 'app' in 'main'.\n",
            "Failed to find attribute 'app' in 'main'.",
        ),
        ("", ""),
    ],
)
def test_the_exception_of_a_traceback(text: str, said: str) -> None:
    assert outcome.exception(text) == said


def test_an_env_file_that_was_left_out_is_named() -> None:
    failed = Failure("import", "ValidationError: url")
    found = outcome.sentence("a@1", "main:app", failed, Undone(), ".env")
    assert (
        "The source's .env stays on the controller; put its values into streaming_api_env" in found
    )


def test_an_import_that_says_nothing() -> None:
    assert said(Failure("import", "")).startswith("streaming_api_app is 'main:app', which cannot be imported: ")  # fmt: skip


def test_a_step_before_the_start_that_fails() -> None:
    failed = Failure("before-start", "it took longer than 5 s", step="alembic upgrade head")
    assert said(failed, Undone(release="removed")) == (
        "chat-app@0123456789ab was not started, because alembic upgrade head (streaming_api_before_start) failed; "
        "it is stopped and removed; what was live is untouched; what that command did elsewhere, in a "
        "database for example, stays: it took longer than 5 s"
    )


def test_a_build_that_fails() -> None:
    failed = Failure("build", "No solution found", step="install the app's dependencies")
    assert said(failed, Undone()) == (
        f"chat-app@{ID} could not be built (install the app's dependencies); what was live is "
        "untouched: No solution found"
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ""),
        ("one\n  two \n", "one two"),
        ("Using Python 3.13\nerror: No solution\n  cause: none", "error: No solution cause: none"),
        ("a" * 300 + "\n" + "b" * 200, "b" * 200),
        ("c" * 500, "c" * 400),
    ],
)
def test_the_summary_of_an_output(text: str, found: str) -> None:
    assert outcome.summary(text) == found


def test_a_proof_that_failed_says_why() -> None:
    good = {"streams": True, "message": ""}
    bad = {
        "streams": False,
        "message": "It lumps.",
        "failure": {"kind": "nginx-stream", "evidence": "table"},
    }
    found = Failure.of({"msg": "x does not stream", "failed": True}, [good, bad])
    assert found == Failure("nginx-stream", "It lumps.", evidence="table")
    assert Failure.of({"msg": "no disk", "failed": True}, [good]) == Failure("", "no disk")


@pytest.mark.parametrize(
    ("result", "failure"),
    [
        ({"msg": "no pycurl", "failed": True}, Failure("", "no pycurl")),
        ({"stderr": "E: no package\n", "msg": "non-zero return code"}, Failure("", "E: no package")),
        ({"stderr": "", "msg": "x"}, Failure("", "x")),
        (
            {"msg": "late", "failure": {"kind": "start"}},
            Failure("start", "late"),
        ),
        # What a command has said is shown once, and read for the reason.
        (
            {"msg": "This failed: x.", "failure": {"kind": "build", "step": "x", "evidence": "Using\nerror: a\n b"}},
            Failure("build", "error: a b", "x", "Using\nerror: a\n b"),
        ),
        (
            {"msg": "This failed: x.", "failure": {"kind": "import", "step": "x", "evidence": TRACEBACK.format("E: b")}},
            Failure("import", "E: b", "x", TRACEBACK.format("E: b")),
        ),
        (
            {"msg": "This failed: x.", "failure": {"kind": "build", "step": "x", "evidence": "error: a", "limit": "It took long."}},
            Failure("build", "It took long.", "x", "error: a"),
        ),
        (
            {"msg": "write: full", "failure": {"kind": "build", "step": "write"}},
            Failure("build", "write: full", "write"),
        ),
        (
            {"msg": "All items completed", "results": [{"msg": "fine"}, {"failed": True, "msg": "second"}]},
            Failure("", "second"),
        ),
        ({}, Failure("", "")),
    ],
)  # fmt: skip
def test_the_result_of_any_task(result: dict[str, Any], failure: Failure) -> None:
    assert Failure.of(result) == failure


# --- good deploys ---

LIVE = f"{UNIT} is live on a, port 80."
PUBLIC = {"public_url": "https://a.org"}
PROVIDED = {"tls": "provided", "tls_certificate": "/a.pem", "tls_key": "/a.key"}
OWN = measured("/own?a=b", on_socket="/own?a=b")


def shown(results: list[Measured], text: str = "", **variables: Any) -> list[str]:
    """The report's lines without what is said of every release."""
    from plugins.module_utils.deploy import proof  # noqa: PLC0415 - its name is a variable here

    given = settings(**variables)
    outside: Outside | None = None
    if given["streaming_api_public_url"]:
        outside = proof.outside(described(**variables), given, "192.0.2.1", results)
    front = proof.only_from_front(results)
    seen = Seen(results, outside, text, front, given["streaming_api_public_url"])
    *lines, last = [line for line in outcome.report(LIVE, seen).splitlines() if line]
    assert last == LIVE
    return lines


def test_what_is_shown() -> None:
    front = [{"passes": {"identity": {"timelines": [{"server": {"at": "front"}}]}}}]
    results = [
        measured("/a?x=1", measured=front),
        measured("/b?x=1"),
        measured("/c?x=1", "unauthorized"),
    ]
    lines = shown(results)
    assert lines[:3] == [
        "table of /a?x=1",
        "/b streams too.",
        "/c could not be measured: unauthorized",
    ]
    assert "in front of the app" in lines[3]
    assert len(lines) == 4


def test_the_table_is_that_of_a_stream_that_could_be_measured() -> None:
    lines = shown([measured("/a", "unauthorized"), measured("/b"), measured("/c")])
    assert lines == ["table of /b", "/a could not be measured: unauthorized", "/c streams too."]


def test_no_stream_could_be_measured() -> None:
    lines = shown([measured("/a", "unauthorized")])
    assert lines == ["table of /a", "/a could not be measured: unauthorized"]


def test_the_table_has_what_was_seen_from_outside() -> None:
    results = [measured(PROBE), measured("/b"), OWN]
    assert shown(results, "table of the world", public_url="http://a.org") == [
        "table of the world",
        "/.stream-probe streams too.",
        "/own streams too.",
    ]


@pytest.mark.parametrize(
    ("variables", "results", "words"),
    [
        ({**PUBLIC, **PROVIDED}, [measured(PROBE)], []),
        (PUBLIC, [OWN], []),
        (PUBLIC, [measured(PROBE)], ["was not measured from here (origin)", "verified TLS", "token"]),
        (PUBLIC, [measured(PROBE, "redirect")], ["https://a.org was not measured", "lets everybody in", "streaming_api_proof_paths"]),
        (
            {"public_url": "http://a.org"},
            [measured(PROBE)],
            ["http://a.org was not measured", "verified TLS", "streaming_api_proof_paths"],
        ),
        ({}, [measured(PROBE)], []),
    ],
)  # fmt: skip
def test_what_was_not_measured_from_outside_is_said(
    variables: dict[str, Any], results: list[Measured], words: list[str]
) -> None:
    said = " ".join(shown(results, **variables))
    assert [word for word in words if word not in said] == []
    assert bool(words) == ("not measured" in said)


def test_a_release_without_streams_to_measure() -> None:
    [line] = shown([])
    assert line.startswith("No stream was measured through Nginx: ")


def test_without_the_proof() -> None:
    assert outcome.report(LIVE, None) == LIVE
