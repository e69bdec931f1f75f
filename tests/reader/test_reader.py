"""What the reader says of real connections, good ones and such as no good server makes."""

from __future__ import annotations

import itertools
import math
import os
import resource
import socket
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from plugins.module_utils.latency.errors import ReaderError
from plugins.module_utils.latency.read.decode import Decoder
from plugins.module_utils.latency.read.reader import read, read_all
from plugins.module_utils.latency.read.request import Disturbance, Request
from plugins.module_utils.latency.timeline import Timeline
from tests.reader.faulty_server import EVENTS, Server

# way, how it ended, status, events, what is said
ENDS = [
    ("chunked", "complete", 200, 3, ""),
    ("trailers", "complete", 200, 3, ""),
    ("early_hints", "complete", 200, 3, ""),
    ("length", "complete", 200, 3, ""),
    ("no_content", "complete", 204, 0, ""),
    ("close_delimited", "close", 200, 3, ""),
    ("close_1_1", "close", 200, 3, ""),
    ("short_length", "reset", 200, 3, "the connection was closed in the middle of the body"),
    ("cut_in_a_chunk", "reset", 200, 3, "the connection was closed in the middle of the body"),
    ("no_last_chunk", "reset", 200, 3, "the connection was closed in the middle of the body"),
    ("bad_chunk", "reset", 200, 3, "the connection failed"),
    ("reset_in_the_middle", "reset", 200, 3, "the connection was reset"),
    ("reset_at_once", "refused", 0, 0, "the connection was reset"),
    ("no_answer", "refused", 0, 0, "the connection was closed without an answer"),
    ("half_an_answer", "refused", 0, 0, "the connection was closed in the middle of the headers"),
    ("not_http", "refused", 0, 0, "not HTTP"),
    ("mute", "timeout", 0, 0, "no answer within "),
    ("silent", "timeout", 200, 3, "silent for "),
    ("endless", "limit", 200, 7, ""),
    ("redirect", "complete", 302, 0, ""),
    ("status_401", "complete", 401, 0, ""),
    ("status_404", "complete", 404, 0, ""),
    ("status_500", "complete", 500, 0, ""),
    ("refuses_in_json", "complete", 422, 0, ""),
    ("refuses_without_end", "limit", 503, 0, ""),
    ("page", "complete", 200, 1, ""),
    ("malformed", "close", 200, 3, "not server-sent events: the line '{"),
    ("binary", "close", 200, 1, "the body is binary, not sse"),
    ("not_gzip", "close", 200, 3, "not compressed as Content-Encoding says"),
    ("half_gzip", "close", 200, 2, "the compressed body ends in the middle"),
]


def test_a_mistake_of_the_reader_is_not_the_servers(
    faulty: Server, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Decoder, "feed", lambda *_: {}["a mistake"])
    with pytest.raises(ReaderError, match="The reader failed"):
        read(Request(f"{faulty.url}/chunked"))
    assert "a mistake" in capfd.readouterr().err


@pytest.mark.parametrize("unix", [False, True], ids=["tcp", "unix"])
@pytest.mark.parametrize(("way", "ended", "status", "events", "error"), ENDS)
def test_how_a_stream_ends(
    faulty: Server, way: str, ended: str, status: int, events: int, error: str, unix: bool
) -> None:
    begun = time.monotonic()
    patience = 1.0 if ended == "timeout" else 60.0
    path = faulty.path if unix else ""
    one = read(Request(f"{faulty.url}/{way}", path, patience=patience, events=7, seconds=60))
    if way == "reset_in_the_middle" and unix:
        error = ""  # a Unix socket has no resets
    if way == "reset_at_once" and unix:
        error = "the connection"
    assert (one.ended, len(one.events)) == (ended, events), one
    assert one.status == status
    assert (error in one.error) if error else (one.error == "" or unix), one.error
    assert "\n" not in one.error and len(one.error) < 200
    assert (one.headers_at is None) == (ended == "refused" or way == "mute")
    assert time.monotonic() - begun < 30


def test_what_is_read_of_a_stream(faulty: Server) -> None:
    one = read(Request(f"{faulty.url}/trailers"))
    assert one.headers == (("content-type", "text/event-stream"), ("transfer-encoding", "chunked"))
    assert (one.http, one.tls, one.format, one.size) == ("1.1", "", "sse", len(b"".join(EVENTS)))
    assert [event.key for event in one.events] == ["0", "1", "2"]
    assert len(one.reads) == 3
    times = [one.connected, one.headers_at, *(event.arrived for event in one.events), one.ended_at]
    assert times == sorted(times) and times[0] > 0  # type: ignore[type-var,operator]
    assert one.round_trip and one.round_trip < 0.005 and not one.lost
    assert one.reader_clock and not one.same_clock
    assert Timeline.of(one.as_json()).events[-1].key == "2"
    assert read(Request(f"{faulty.url}/close_delimited")).http == "1.0"


@pytest.mark.parametrize(
    ("way", "said"),
    [
        ("status_500", "no"),
        ("refuses_in_json", '{"detail":[{"msg":"Field required"}],"api_key":"***"}'),
        ("refuses_without_end", 'id: 0 data: {"n": 0} id: 1 data: {"n": 1} id: 2'),
        ("page", ""),
    ],
)
def test_what_a_refusal_says(faulty: Server, way: str, said: str) -> None:
    one = read(Request(f"{faulty.url}/{way}", events=1, patience=30, seconds=30))
    assert one.said.startswith(said) and bool(one.said) == bool(said)
    assert len(one.said) <= 200 and len(one.reads) >= 1 and one.ended_at < 10
    assert Timeline.of(one.as_json()).said == one.said


def test_headers_count_from_the_final_ones(faulty: Server) -> None:
    one = read(Request(f"{faulty.url}/early_hints"))
    assert (one.headers_at or 0) > 0.15 and not one.header("link")


def test_a_redirect_is_not_followed_and_cookies_are_not_shown(faulty: Server) -> None:
    one = read(Request(f"{faulty.url}/redirect"))
    assert (one.status, one.header("location")) == (302, "/chunked")
    assert read(Request(f"{faulty.url}/page")).header("set-cookie").startswith("(a secret of ")


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (Request("http://127.0.0.1:1/"), "no connection to 127.0.0.1:1: connection refused"),
        (Request("http://a:b@127.0.0.1:1/"), "no connection to 127.0.0.1:1: connection refused"),
        (Request("http://x/", address="127.0.0.1:1"), "no connection to 127.0.0.1:1: "),
        (Request("http://no.invalid/"), "cannot resolve the name no.invalid"),
        (Request("http://x/", unix_socket="/no/such"), "no such socket /no/such"),
        (Request("http://x/", unix_socket="/etc/passwd"), "nobody listens on the socket /etc/pas"),
        (Request("http://192.0.2.1/", connect=0.3), "no connection to 192.0.2.1"),
        (Request("ftp://127.0.0.1/"), "Protocol"),
        (Request(command=("/no/such",)), "cannot run /no/such: No such file or directory"),
        (Request(command=("false",)), "false ended with exit status 1"),
    ],
)
def test_nobody_there(request_: Request, error: str) -> None:
    begun = time.monotonic()
    one = read(request_)
    assert (one.ended, one.status) == ("refused", 0)
    assert error in one.error
    assert time.monotonic() - begun < 20


def test_names_that_are_not_ascii(faulty: Server, tmp_path: Path) -> None:
    there = tmp_path / "bücher"
    there.symlink_to(faulty.path)
    one = read(Request("http://bücher.example/chunked", str(there)))
    assert (one.ended, len(one.events)) == ("complete", 3)
    no = read(Request("http://x/chunked", address="bücher.invalid"))
    assert "cannot resolve the name" in no.error
    at = faulty.url.rpartition("/")[2]
    one = read(Request("http://bücher.example/echo?q=é", address=at))
    assert "/echo?q=%C3%A9 " in faulty.notes["head"] and one.ended == "complete"


def test_a_socket_that_is_not_for_us(faulty: Server) -> None:
    mode = Path(faulty.path).stat().st_mode
    Path(faulty.path).chmod(0)
    root = os.geteuid() == 0
    try:
        if root:
            Path(faulty.path).parents[1].chmod(0o755)
            Path(faulty.path).parent.chmod(0o755)
            os.seteuid(65534)
        one = read(Request(f"{faulty.url}/chunked", faulty.path))
    finally:
        if root:
            os.seteuid(0)
        Path(faulty.path).chmod(mode)
    assert one.ended == "refused" and "no permission on the socket" in one.error


def test_a_huge_answer_takes_little_time_and_memory(faulty: Server) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.monotonic()
    one = read(Request(f"{faulty.url}/huge"))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert one.ended == "limit" and 64 << 20 <= one.size < 65 << 20
    assert one.error == "stopped at the limit of 67108864 bytes"
    assert len(one.events) <= 5000 and len(one.reads) <= 5000
    assert grown < 40 << 10  # KiB
    assert time.monotonic() - begun < 10


def test_a_reader_without_time_is_not_one_without_patience(faulty: Server) -> None:
    one = read(Request(f"{faulty.url}/mute", seconds=0.3))
    assert (one.ended, one.headers_at) == ("limit", None)
    assert one.error.startswith("no answer yet after ")


def test_an_endless_stream_is_left(faulty: Server) -> None:
    one = read(Request(f"{faulty.url}/endless", seconds=1))
    assert one.ended == "limit" and not one.error and len(one.events) > 7
    until = time.monotonic() + 30
    while not faulty.notes["endless left"]:  # the server has noticed
        assert time.monotonic() < until
        time.sleep(0.01)


def test_an_endless_stream_is_left_some_time_after_its_first_event(faulty: Server) -> None:
    one = read(Request(f"{faulty.url}/endless", seconds=60, seconds_of_events=1))
    assert one.ended == "limit" and not one.error and len(one.events) > 7
    assert one.ended_at < 20
    silent = read(Request(f"{faulty.url}/mute", seconds=0.3, seconds_of_events=0.1))
    assert silent.error.startswith("no answer yet after ")


def test_a_reader_that_pauses_does_not_read(faulty: Server) -> None:
    one = read(Request(f"{faulty.url}/large_events", pause=(0.1, 1.0)))
    assert one.ended == "close" and len(one.events) == 400
    assert [what for _, what in one.marks] == ["paused", "resumed"]
    paused, resumed = (at for at, _ in one.marks)
    assert not [at for at, _ in one.reads if paused + 0.01 < at < resumed]
    sent = faulty.notes["sent"]
    longest = max(b - a for a, b in itertools.pairwise(sent))
    assert longest > 0.5  # the server could not send


def test_a_request_is_sent_in_pieces(faulty: Server) -> None:
    pieces = tuple((n / 2, b"x" * (n + 1)) for n in range(4))
    one = read(Request(f"{faulty.url}/echo", method="POST", pieces=pieces))
    sent = [at for at, what in one.marks if what == "sent"]
    assert [event.key for event in one.events[1:]] == [f"received {n}" for n in (1, 2, 3, 4)]
    for at, event, next_one in zip(sent, one.events[1:], [*sent[1:], math.inf], strict=True):
        assert at < event.arrived < next_one
    assert (one.headers_at or 9) < sent[1]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ["GET /echo", "Accept-Encoding: identity", "User-Agent: stream_latency"]),
        ({"accept_encoding": "gzip"}, ["Accept-Encoding: gzip"]),
        ({"method": "POST"}, ["POST /echo", "Content-Length: 0"]),
        ({"body": b'{"a": 1}'}, ["POST /echo", "Content-Length: 8", "Type: application/json"]),
        ({"method": "PUT", "body": b"x"}, ["PUT /echo", "Content-Length: 1"]),
        ({"headers": (("X", "y"), ("Z", ""))}, ["\r\nX: y\r\n", "\r\nZ:"]),
        ({"headers": (("accept-encoding", "br"),)}, ["\r\naccept-encoding: br\r\n"]),
        ({"headers": (("Host", "a.example"),)}, ["\r\nHost: a.example\r\n"]),
        ({"http": "1.0"}, [" HTTP/1.0\r\n"]),
        ({"headers": (("X", "Jörg"),)}, ["\r\nX: J\xc3\xb6rg\r\n"]),
        ({"method": "größe"}, ["GR\xc3\x96SSE /echo"]),
    ],
)
def test_what_the_server_is_asked(
    faulty: Server, options: dict[str, Any], expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    one = read(Request(f"{faulty.url}/echo", **options))
    assert one.ended == "complete"
    for part in expected:
        assert part in faulty.notes["head"]
    assert "\r\nExpect:" not in faulty.notes["head"]


def test_the_password_file_is_not_read(
    faulty: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password secret\n", "utf-8")
    monkeypatch.setenv("HOME", str(tmp_path))
    read(Request(f"{faulty.url}/echo"))
    assert "authorization" not in faulty.notes["head"].lower()


PRINT = "import time\nfor n in range(3):\n print('{\"n\": %d}' % n, flush=True)\n time.sleep(0.5)\n"


def test_a_command_is_read_as_it_prints() -> None:
    one = read(Request(command=(sys.executable, "-c", PRINT)))
    assert (one.ended, one.status, one.http, one.format) == ("complete", 200, "", "lines")
    assert [event.key for event in one.events] == ["0", "1", "2"]
    assert one.events[2].arrived - one.events[0].arrived > 0.3


@pytest.mark.parametrize(
    ("script", "limits", "ended", "error"),
    [
        ("echo 1; echo no >&2; exit 3", {}, "reset", "sh ended with exit status 3: no"),
        ("echo 1; kill -9 $$", {}, "reset", "sh ended with signal 9"),
        ("while echo 1; do sleep 0.01; done", {"events": 3}, "limit", ""),
        ("while echo 1; do sleep 0.01; done", {"seconds": 1}, "limit", ""),
        ("trap '' TERM; echo 1; sleep 60", {"patience": 1}, "timeout", "silent for"),
        ("sleep 60", {"patience": 0.2}, "timeout", "no answer within"),
    ],
)
def test_how_a_command_ends(script: str, limits: dict[str, Any], ended: str, error: str) -> None:
    begun = time.monotonic()
    one = read(Request(command=("sh", "-c", script), **limits))
    assert (one.ended, error in one.error) == (ended, True), one
    assert time.monotonic() - begun < 30


def test_a_disturbance_is_run_and_noted(faulty: Server, tmp_path: Path) -> None:
    requests = [Request(f"{faulty.url}/{way}", patience=1.5) for way in ("silent", "chunked")]
    disturbance = Disturbance(("touch", str(tmp_path / "here")), 0.5, "reload")
    long, short = read_all(requests, disturbance=disturbance)
    assert (tmp_path / "here").exists()
    [(at, what)] = long.marks
    assert 0.4 < at < long.ended_at and what == "reload"
    assert short.marks == ()
    [one] = read_all(requests[:1], disturbance=Disturbance(("/no/such", "a b"), 0.1))
    assert [what for _, what in one.marks] == ["/no/such 'a b' (failed: No such file or directory)"]


def test_nothing_is_asked_for() -> None:
    assert read_all([]) == ()


def test_many_streams_are_read_at_once(faulty: Server) -> None:
    begun = time.monotonic()
    many = read_all([Request(f"{faulty.url}/early_hints")] * 40)
    assert {one.ended for one in many} == {"complete"}
    assert time.monotonic() - begun < 40 * 0.2 / 2


def test_a_queue_that_is_full_is_told_from_one_that_is_slow(tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(2)  # and nobody accepts
        many = read_all([Request("http://x/", path, patience=0.3)] * 8)
    ends = [(one.ended, one.error.partition(" within")[0]) for one in many]
    assert ends.count(("timeout", "no answer")) == 3
    assert ends.count(("refused", f"the queue of the socket {path} is full")) == 5
