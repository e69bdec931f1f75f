"""Causes that are told apart by two streams, by what came before a silence, and by a refusal."""

from __future__ import annotations

import pytest

from plugins.module_utils.latency.judge.diagnosis import Diagnosis, diagnose
from plugins.module_utils.latency.judge.rounds import confirm
from plugins.module_utils.latency.measurement import Measurement
from plugins.module_utils.latency.thresholds import Thresholds
from plugins.module_utils.latency.timeline import GARBLED, Event, Timeline
from tests.unit.latency.made_streams import (
    CHUNKED,
    GZIPPED,
    SOCKET,
    cut,
    in_lumps,
    in_the_end,
    layer,
    refused,
    stream,
    with_pass,
)

NGINX = (*CHUNKED, ("server", "nginx/1.26.3"))
BEFORE = [layer(name, identity=stream(), browser=stream()) for name in ("gunicorn", "nginx")]


def test_heartbeats_that_are_held() -> None:
    beats = stream(stamped=False, finished=False)
    passed = beats._replace(format="chunks")
    held = beats._replace(events=(), reads=((1.0, 3000),), headers_at=1.0, last_at=1.0)
    found = diagnose([layer("gunicorn", identity=passed), layer("nginx", identity=held)])
    assert (found.culprit, found.verdict) == ("nginx", "buffered"), found.message


@pytest.mark.parametrize("outside", [False, True])
def test_an_encoding_that_is_not_true(outside: bool) -> None:
    untrue = stream(headers=GZIPPED)._replace(format="chunks", error=f"{GARBLED}: a header")
    public = layer("public", identity=untrue, browser=untrue)
    found = diagnose([public] if outside else [*BEFORE, public])
    assert (found.culprit, found.verdict) == ("public", "truncated")
    assert (found.causes[0].cause.id, found.causes[0].confidence) == ("encoding-untrue", "plain")


def starved(shift: float = 0.0) -> Timeline:
    """A stream whose server runs for 25 ms in 100; ``shift`` is where in these 100 ms it begins."""
    late = [max(0.0, 0.075 - (shift + 0.02 * n) % 0.1) for n in range(50)]
    return stream(late)


def paused(at: int = 3, pause: float = 2.0) -> Timeline:
    """A stream that pauses after so many events."""
    whole = stream(count=10)
    events = tuple(
        one._replace(arrived=one.arrived + by, sent=(one.sent or 0.0) + by)
        for by, one in zip([0.0] * at + [pause] * (10 - at), whole.events, strict=True)
    )
    return whole._replace(events=events, ended_at=events[-1].arrived)


def silent(after: int = 3) -> Timeline:
    """The beginning of that stream, and then nothing on an open connection."""
    whole = paused()
    events = whole.events[:after]
    return whole._replace(
        events=events, last_at=events[-1].arrived, ended="timeout", ended_at=8.0, finished=False
    )


def copied(of: Timeline, at: float) -> Timeline:
    """The same events for another reader, all at once."""
    events = tuple(Event(at, one.size, one.sent, one.key) for one in of.events)
    return of._replace(
        events=events, reads=((at, 3000),), headers_at=at, last_at=at, ended_at=at + 0.001
    )


def first(found: Diagnosis) -> tuple[str, str]:
    """The culprit, and the cause that is named first."""
    return found.culprit, found.causes[0].cause.id if found.causes else ""


def public(**passes: Timeline) -> Measurement:
    """The outermost layer."""
    return layer("public", **passes)


def test_a_server_without_a_cpu_pauses_all_its_streams() -> None:
    now, same, others = starved(), starved(), starved(0.05)
    assert first(diagnose([*BEFORE, public(identity=now, browser=same)])) == (
        "public",
        "edge-starved",
    )
    # At other moments, it is something of each stream's own.
    found = diagnose([*BEFORE, public(identity=now, browser=others)])
    assert first(found) == ("public", "edge-buffering")
    # A buffer sends nothing between its lumps.
    found = diagnose([*BEFORE, public(identity=in_lumps(5), browser=in_lumps(5))])
    assert first(found) == ("public", "edge-buffering")


def test_a_cache_that_locks_is_no_noise_when_it_is_warm() -> None:
    one = stream()
    cold = public(identity=one, browser=copied(one, one.ended_at + 0.3))
    warm = public(identity=copied(one, 0.002), browser=copied(one, 0.002))
    found = diagnose([*BEFORE, cold])
    assert first(found) == ("public", "edge-cache-lock")
    assert first(confirm(found, [*BEFORE, warm])) == ("public", "edge-cache-lock")


def test_what_is_compressed_is_no_copy() -> None:
    alone = stream(stamped=False)
    held = in_the_end(stamped=False, headers=GZIPPED)
    found = diagnose([layer("gunicorn", identity=alone), layer("nginx", identity=alone, gzip=held)])
    assert first(found) == ("nginx", "nginx-gzip")


def test_nothing_after_a_pause_is_forgotten_and_other_silence_is_not() -> None:
    before = layer("gunicorn", identity=paused())
    assert first(diagnose([before, public(identity=silent())])) == ("public", "edge-forgets-idle")
    assert first(diagnose([before, public(identity=silent(5))])) == ("public", "silence")


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        ("curl ended with exit status 28", "client-deadline"),
        ("python3 ended with exit status 1: TimeoutError: over", "client-deadline"),
        ("python3 ended with exit status 1: KeyError: 'choices'", ""),
    ],
)
def test_a_client_that_gives_up(error: str, cause: str) -> None:
    ended = cut(http="", headers=(), error=error)
    assert first(diagnose([SOCKET, layer("client", identity=ended)])) == ("client", cause)


@pytest.mark.parametrize(
    ("status", "said", "cause"),
    [
        (413, "413 Request Entity Too Large", "request-too-large"),
        (400, "400 Request Header Or Cookie Too Large", "request-too-large"),
        (400, "Size of a request header field exceeds server limit.", "request-too-large"),
        (400, "the upload is too large for me", "bad-request"),
        (400, "You're speaking plain HTTP to an SSL-enabled server port", "tls-needed"),
    ],
)
def test_refusals(status: int, said: str, cause: str) -> None:
    found = diagnose([SOCKET, layer("nginx", identity=refused(status, said=said))])
    assert first(found) == ("nginx", cause)


def test_records_are_filled_by_nginx_over_tls_only() -> None:
    held = in_the_end(headers=NGINX, tls="TLSv1.3", headers_at=0.9)
    assert first(diagnose([SOCKET, layer("nginx", identity=held)])) == ("nginx", "nginx-tls-buffer")
    plain = held._replace(tls="")
    found = diagnose([SOCKET, layer("nginx", identity=plain)])
    assert first(found) == ("nginx", "nginx-buffering-http10")


@pytest.mark.parametrize(
    ("before", "after", "risk"),
    [(0, 20, "edge-ignores-departure"), (20, 20, "app-ignores-departure"), (0, 0, "")],
)
def test_who_reads_on(before: int, after: int, risk: str) -> None:
    app, nginx = (
        with_pass(layer(name, leave=stream()), "leave", open_before=0, open_after=count)
        for name, count in (("gunicorn", before), ("nginx", after))
    )
    risks = [one.cause.id for one in diagnose([app, nginx]).risks]
    assert [one for one in risks if "departure" in one] == ([risk] if risk else [])


@pytest.mark.parametrize(
    ("status", "error", "cause"),
    [
        (403, "", "forbidden"),
        (418, "", "other-status"),
        (522, "", "origin-unreachable"),
        (529, "", "origin-unreachable"),
        (0, "cannot resolve the name example.invalid", "unknown-name"),
        (0, "the answer is not HTTP: Received HTTP/0.9 when not allowed", "not-http"),
        (0, "TLS failed: error:0A00010B:SSL routines::wrong version number", "tls-not-spoken"),
        (0, "the connection was closed without an answer", "closed-unanswered"),
        (0, "no connection to 192.0.2.1: connection refused", "unreachable"),
    ],
)
def test_refusals_from_outside(status: int, error: str, cause: str) -> None:
    found = diagnose([layer("public", identity=refused(status, error))])
    assert first(found) == ("public", cause)


def test_what_only_a_full_machine_forgives_is_not_known() -> None:
    full = with_pass(layer("public", identity=in_lumps(10)), "identity", waited=0.7)
    found = diagnose([SOCKET, full])
    assert (found.culprit, found.verdict) == ("", "unknown"), found.message
    assert "less to do" in found.next


def test_a_page_in_place_of_a_stream() -> None:
    page = stream(count=1, stamped=False, headers=(("content-type", "text/html"),), format="lines")
    found = diagnose([SOCKET, layer("public", identity=page)])
    assert first(found) == ("public", "another-answer")
    assert found.verdict == "refused"


def test_a_client_that_prints_no_last_event_cuts_nothing() -> None:
    """A chat ends with `data: [DONE]`, which is a line like others to who reads lines."""
    printed = stream(count=42, stamped=False, http="", headers=(), format="lines", finished=False)
    chat = layer("gunicorn", identity=stream(count=42, stamped=False))
    found = diagnose([chat, layer("client", identity=printed)])
    assert (found.culprit, found.verdict) == ("", "streaming"), found.message


def test_a_client_that_collects_is_named_before_proxies_that_nobody_saw() -> None:
    printed = in_the_end(stamped=False, http="", headers=(), format="lines", headers_at=None)
    found = diagnose([SOCKET, layer("nginx", identity=stream()), layer("client", identity=printed)])
    assert first(found) == ("client", "client-reads-in-blocks")


def test_a_command_that_cannot_run() -> None:
    nothing = refused(0, "cannot run nosuchcommand: No such file or directory")
    assert first(diagnose([SOCKET, layer("client", identity=nothing)])) == (
        "client",
        "client-fails",
    )


def test_the_first_chunk_is_late_although_the_headers_are_not() -> None:
    soon, late = (stream(stamped=False, hold=hold) for hold in (0.0, 1.0))
    app = layer("gunicorn", identity=soon, browser=soon)
    found = diagnose([app, layer("nginx", identity=late, browser=late)])
    assert first(found) == ("nginx", "edge-chunks-late")
    thinks = layer("gunicorn", identity=soon, browser=late)
    assert diagnose([thinks, layer("nginx", identity=late, browser=late)]).verdict == "streaming"


def test_late_headers_on_a_full_machine_accuse_nobody() -> None:
    late = with_pass(layer("nginx", identity=stream(headers_at=0.9)), "identity", waited=0.95)
    found = diagnose([SOCKET, late])
    assert (found.culprit, found.verdict) == ("", "unknown"), found.message


STANDING = Thresholds(largest_gap=0.5)


def standing(**others: object) -> Timeline:
    """A stream of the probe whose app sends nothing for a second in its midst."""
    one = stream(server={"at": "inside"}, **others)  # type: ignore[arg-type]
    late = [
        event._replace(arrived=event.arrived + 1.0, sent=(event.sent or 0.0) + 1.0) if n > 20 else event
        for n, event in enumerate(one.events)
    ]  # fmt: skip
    last = late[-1].arrived
    return one._replace(events=tuple(late), reads=tuple((e.arrived, 60) for e in late), last_at=last, ended_at=last)  # fmt: skip


@pytest.mark.parametrize("outside", [False, True])
def test_an_app_that_stands_still(outside: bool) -> None:
    layers = [layer("public" if outside else "gunicorn", identity=standing())]
    if not outside:
        layers.append(layer("nginx", identity=standing()))
    found = diagnose(layers, STANDING)
    assert (found.culprit, found.verdict) == (layers[0].layer, "stalled"), found.message
    assert found.causes[0].cause.id == "app-stands-still"
    assert diagnose(layers).verdict == "streaming"  # without a limit, that is the app's affair


def test_a_proxy_that_pauses_is_no_app_that_stands_still() -> None:
    pausing = stream([0.0002] * 21 + [1.0] * 29, server={"at": "inside"})
    found = diagnose([layer("gunicorn", identity=stream()), layer("nginx", identity=pausing)], STANDING)  # fmt: skip
    assert found.culprit == "nginx"
    assert "app-stands-still" not in [one.cause.id for one in found.causes]


def test_on_a_busy_machine_nobody_is_accused_of_standing_still() -> None:
    busy = with_pass(layer("gunicorn", identity=standing()), "identity", pressed=0.9)
    assert diagnose([busy], STANDING).verdict == "unknown"


def test_an_app_that_hardly_moves() -> None:
    """It sent two events, and then nothing until the reader left."""
    one = stream(count=2, server={"at": "inside"}, finished=False, ended="limit", ended_at=3.0)
    found = diagnose([layer("gunicorn", identity=one), layer("nginx", identity=one)], STANDING)
    assert (found.culprit, found.verdict) == ("gunicorn", "stalled"), found.message
    assert found.causes[0].cause.id == "app-stands-still"
    assert diagnose([layer("gunicorn", identity=one)]).verdict == "unknown"


def test_on_a_busy_machine_a_limit_of_the_user_counts() -> None:
    busy = with_pass(layer("gunicorn", identity=stream()), "identity", pressed=0.9)
    assert diagnose([busy], Thresholds(time_to_first_chunk=1e-6)).verdict == "delayed"
