"""The module: options to requests, rounds to a verdict, and what it returns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

from plugins.module_utils.latency import curl, ladder, passes, reader
from plugins.module_utils.latency.ladder import Ladder, LadderError
from plugins.module_utils.latency.passes import Layer, Plan
from plugins.module_utils.latency.reader import Disturbance, Request
from plugins.module_utils.latency.timeline import Measurement, Timeline
from plugins.modules import stream_latency
from tests.unit.ansible_module import run_module
from tests.unit.made_streams import in_the_end, stream

URL = "http://127.0.0.1:1/api/stream"
PROBE = "https://127.0.0.1:1/api/.stream-probe?count=9"


class Rounds(list[Timeline]):
    """What each round sees at all layers, the last one again and again; and what was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[tuple[Layer, ...], Plan, Disturbance | None]] = []

    def measure(
        self, layers: tuple[Layer, ...], plan: Plan, disturbance: Disturbance | None
    ) -> tuple[Measurement, ...]:
        one = self[min(len(self.asked), len(self) - 1)]
        self.asked.append((layers, plan, disturbance))
        return tuple(Measurement(layer.name, {"identity": (one,)}) for layer in layers)


@pytest.fixture
def rounds(monkeypatch: pytest.MonkeyPatch) -> Rounds:
    made = Rounds()
    monkeypatch.setattr(ladder, "measure", made.measure)
    return made


def test_a_stream_that_streams(rounds: Rounds, capsys: pytest.CaptureFixture[str]) -> None:
    rounds.append(stream())
    result = run_module(stream_latency, {"url": URL}, capsys)
    assert (result["verdict"], result["streams"], result["changed"]) == ("streaming", True, False)
    assert [layer["layer"] for layer in result["layers"]] == ["public"]
    assert "public" in result["text"] and result["msg"] == result["message"]
    assert [Measurement.of(one).layer for one in result["measured"]] == ["public"]
    assert len(rounds.asked) == 1


@pytest.mark.parametrize("fail", [True, False])
def test_the_evidence_is_the_same_on_pass_and_fail(
    rounds: Rounds, fail: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    rounds.append(in_the_end())
    result = run_module(stream_latency, {"url": URL, "fail": fail}, capsys)
    assert bool(result.get("failed")) == fail
    assert (result["verdict"], result["culprit"]) == ("buffered", "public")
    assert "allowed 0.015 s" in result["msg"]
    assert set(result) >= {*yaml.safe_load(stream_latency.RETURN)}
    assert len(rounds.asked) == 2


def test_what_a_second_round_does_not_see_is_noise(
    rounds: Rounds, capsys: pytest.CaptureFixture[str]
) -> None:
    rounds += [in_the_end(), stream()]
    result = run_module(stream_latency, {"url": URL}, capsys)
    assert result["verdict"] == "streaming" and "Noise" in result["notes"][0]


def test_one_round_when_one_is_asked_for(
    rounds: Rounds, capsys: pytest.CaptureFixture[str]
) -> None:
    rounds += [in_the_end(), stream()]
    result = run_module(stream_latency, {"url": URL, "rounds": 1}, capsys)
    assert result["verdict"] == "buffered" and len(rounds.asked) == 1


def test_layers_that_were_measured_elsewhere_come_first(
    rounds: Rounds, capsys: pytest.CaptureFixture[str]
) -> None:
    rounds.append(in_the_end())
    host = json.loads(json.dumps(Measurement("gunicorn", {"identity": (stream(),)}).as_json()))
    result = run_module(stream_latency, {"url": URL, "measured": [host], "fail": False}, capsys)
    assert [layer["layer"] for layer in result["layers"]] == ["gunicorn", "public"]
    assert result["culprit"] == "public"
    assert [one["layer"] for one in result["measured"]] == ["gunicorn", "public"]
    again = run_module(stream_latency, {"measured": result["measured"], "fail": False}, capsys)
    assert again["culprit"] == "public"


@pytest.mark.parametrize("check", [True, False])
def test_check_mode_measures_and_disturbs_nothing(
    rounds: Rounds, check: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    rounds.append(stream())
    options = {"url": URL, "disturbance": {"command": ["nginx", "-s", "reload"], "name": "reload"}}
    result = run_module(stream_latency, options, capsys, check=check)
    assert result["changed"] is not check
    wanted = None if check else Disturbance(("nginx", "-s", "reload"), 0.5, "reload")
    assert [one[2] for one in rounds.asked] == [wanted]


def test_a_disturbance_is_not_done_twice(
    rounds: Rounds, capsys: pytest.CaptureFixture[str]
) -> None:
    rounds.append(in_the_end())
    options = {"url": URL, "fail": False, "disturbance": {"command": ["true"]}}
    run_module(stream_latency, options, capsys)
    assert len(rounds.asked) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "There is nothing to measure: give url, layers or measured."),
        ({"layers": []}, "There is nothing to measure"),
        ({"url": URL, "layers": []}, "There is nothing to measure"),
        ({"layers": [{"name": "nginx"}]}, "Layer nginx: there is neither url nor command."),
        ({"layers": [{"name": "", "url": URL}]}, "A layer has no name."),
        ({"url": "api.example.org/x"}, "'api.example.org/x' is no URL"),
        ({"url": "ftp://example.org/"}, "is no URL that begins with http:// or https://"),
        ({"url": "http://"}, "is no URL"),
        ({"url": "http://a:99999/"}, "is no URL"),
        ({"url": "http://a/ b"}, "is no URL"),
        ({"url": "http://a/\r\nHost: b"}, "is no URL"),
        ({"url": URL, "passes": ["identical"]}, "identical"),
        ({"layers": [{"name": "x", "url": URL, "passes": ["identical"]}]}, "no pass 'identical'"),
        ({"url": URL, "http": "4"}, "4"),
        ({"url": URL, "parallel": 0}, "parallel is 0; allowed are 1 to 5000."),
        ({"url": URL, "burst": 100_000}, "burst is 100000; allowed are 1 to 5000."),
        ({"url": URL, "multiplex": -1}, "multiplex is -1"),
        ({"url": URL, "idle": 0}, "idle is 0.0; it has to be above 0 seconds."),
        ({"url": URL, "pause": -1}, "pause is -1.0"),
        ({"url": URL, "patience": 0}, "patience is 0.0"),
        ({"url": URL, "seconds": -1}, "seconds is -1.0"),
        ({"url": URL, "events": -1}, "events is -1"),
        ({"url": URL, "size_limit": -1}, "size_limit is -1"),
        ({"url": URL, "stream": {"count": -1}}, "stream.count is -1; it has to be 0 or more."),
        ({"url": URL, "stream": {"counts": 1}}, "counts"),
        ({"url": URL, "thresholds": {"delay_p50": -1}}, "thresholds.delay_p50 is -1"),
        ({"url": URL, "thresholds": {"delay": 1}}, "delay"),
        ({"url": URL, "rounds": 3}, "3"),
        ({"url": URL, "headers": {"A b": "c"}}, "'A b' is no header"),
        ({"url": URL, "headers": {"A": "b\r\nC: d"}}, "or its value has a line break"),
        ({"url": URL, "authorization": "Bearer a\nb"}, "'Authorization' is no header, or its"),
        ({"url": URL, "measured": [{"no": 1}]}, "measured is not what an earlier task"),
        ({"url": URL, "measured": [{"layer": "x", "passes": {"a": 1}}]}, "measured is not what"),
        ({"url": URL, "disturbance": {"command": []}}, "disturbance.command is empty."),
        (
            {"url": URL, "layers": [{"name": "x"}, {"name": "x"}]},
            "Two layers are called 'x'; each needs a name of its own.",
        ),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(
    options: dict[str, Any], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    result = run_module(stream_latency, options, capsys)
    assert result["failed"] and message in result["msg"]
    assert "\n" not in result["msg"] and "exception" not in result


def test_without_pycurl(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(curl, "pycurl", None)
    with pytest.raises(LadderError, match=r"install python3-pycurl\.$"):
        Ladder.of({"url": URL}).climb()


def request(**options: Any) -> Request:
    return Ladder.of(options).layers[0].request


def test_a_layer_has_the_common_options_unless_it_has_its_own() -> None:
    found = Ladder.of(
        {
            "url": URL,
            "headers": {"A": 1, "B": "common", "accept-encoding": "br"},
            "seconds": 3,
            "layers": [
                {"name": "gunicorn", "unix_socket": "/run/x.sock", "passes": ["identity"]},
                {"name": "public", "url": PROBE, "headers": {"B": "own"}, "address": "10.0.0.1"},
            ],
        }
    ).layers
    assert [layer.request.url for layer in found] == [URL, PROBE]
    assert [layer.request.unix_socket for layer in found] == ["/run/x.sock", ""]
    assert [layer.request.address for layer in found] == ["", "10.0.0.1"]
    assert [layer.passes for layer in found] == [("identity",), ("identity", "gzip")]
    assert found[0].request.headers == (("A", "1"), ("B", "common"))
    assert found[1].request.headers == (("A", "1"), ("B", "own"))
    assert found[0].request.seconds == 3


def test_the_token_goes_to_the_probe_only() -> None:
    options = {"probe_token": "sesame", "authorization": "Bearer abc"}
    assert request(url=URL, **options).headers == (("Authorization", "Bearer abc"),)
    assert ("X-Stream-Probe-Token", "sesame") in request(url=PROBE, **options).headers


def asks(name: str, url: str, plan: Plan | None = None, **base: Any) -> list[Request]:
    return passes.REQUESTS[name](passes._Ask(Request(url, **base), plan or Plan()))


@pytest.mark.parametrize(
    ("name", "streams", "changed"),
    [
        ("identity", 1, {}),
        ("again", 1, {}),
        ("gzip", 1, {"accept_encoding": "gzip"}),
        ("post", 1, {"method": "POST", "body": b""}),
        ("parallel", 50, {}),
        ("burst", 100, {"events": 1}),
        ("slow", 1, {"pause": (0.5, 3.0), "seconds": 63.0}),
        ("upload", 1, {"method": "POST", "pieces": passes.PIECES}),
        ("leave", 20, {"events": 2}),
    ],
)
def test_what_a_pass_asks_for(name: str, streams: int, changed: dict[str, Any]) -> None:
    found = asks(name, PROBE)
    assert len(found) == streams
    assert found[0]._replace(url="") == Request()._replace(**changed)


def test_a_reader_that_pauses_is_patient() -> None:
    (one,) = asks("slow", PROBE, Plan(pause=30.0))
    assert (one.pause, one.patience, one.seconds) == ((0.5, 30.0), 35.0, 90.0)


@pytest.mark.parametrize(
    ("url", "stream", "query"),
    [
        (URL, {}, ""),
        (URL, {"count": 5, "interval": 0.5}, "count=5&interval=0.5"),
        (URL + "?count=1&a=b%20c&d=", {"count": 5}, "a=b+c&d=&count=5"),
        (PROBE, {}, "count=9"),
        (PROBE, {"format": "text"}, "count=9&format=text"),
    ],
)
def test_the_query_says_what_stream_is_wanted(url: str, stream: dict[str, Any], query: str) -> None:
    found = asks("identity", url, Plan(stream))[0].url
    assert found.partition("?")[2] == query


@pytest.mark.parametrize(
    ("name", "base", "why"),
    [
        ("idle", {"url": URL}, "cannot be told to be silent"),
        ("multiplex", {"url": URL}, "HTTP/2 needs TLS"),
        ("multiplex", {"url": PROBE, "http": "1.1"}, "http is 1.1"),
        ("gzip", {"url": "", "command": ("curl",)}, "a command asks as it likes"),
    ],
)
def test_a_pass_that_makes_no_sense_is_left_out(name: str, base: dict[str, Any], why: str) -> None:
    layer = passes._Layer(Layer("x", Request(**base), (name,)), Plan())
    assert layer.together() == {}
    assert why in layer.facts["skipped"][name]


@pytest.mark.parametrize(
    ("most", "kernels", "name", "skipped"),
    [
        (150, 150, "burst", "this machine may open only 150 files"),
        (4096, 4096, "burst", ""),
        (1 << 40, 1 << 20, "burst", ""),
        (150, 150, "parallel", ""),
    ],
)
def test_what_this_machine_cannot_open_is_not_asked_for(
    monkeypatch: pytest.MonkeyPatch, most: int, kernels: int, name: str, skipped: str
) -> None:
    limits = [(100, most)]

    def change(_: int, wanted: tuple[int, int]) -> None:
        if wanted[0] > wanted[1] or wanted[1] > kernels:
            raise ValueError
        limits.append(wanted)

    monkeypatch.setattr(reader.resource, "getrlimit", lambda _: limits[-1])
    monkeypatch.setattr(reader.resource, "setrlimit", change)
    monkeypatch.setattr(passes, "read_all", lambda asked, **_: (stream(),) * len(asked))
    layer = passes._Layer(Layer("x", Request(URL), (name,)), Plan(burst=300))
    layer.read_others()
    assert layer.facts.get("skipped", {}).get(name, "") == skipped
    assert bool(layer.passes) != bool(skipped)


def test_what_was_skipped_is_a_note(capsys: pytest.CaptureFixture[str]) -> None:
    options = {"command": ["printf", "data: 1\\n\\n"], "name": "client"}
    layers = {"layers": [{**options, "passes": ["identity", "gzip"]}], "fail": False}
    result = run_module(stream_latency, layers, capsys)
    note = "client was not read by the gzip pass: a command asks as it likes."
    assert result["notes"].count(note) == 1
    assert note in " ".join(result["text"].split())
    again = run_module(stream_latency, {"measured": result["measured"], "fail": False}, capsys)
    assert again["notes"].count(note) == 1


SECRET = "s3cr3t-V4lue"
AWAY = f"https://me:{SECRET}@sso.example.org/?token={SECRET}&n=1"


def test_secrets_stay_out_of_what_is_returned(
    rounds: Rounds, capsys: pytest.CaptureFixture[str]
) -> None:
    headers = (("location", AWAY), ("set-cookie", f"sid={SECRET}"), ("x-from", "here"))
    rounds.append(stream()._replace(status=302, headers=headers, events=(), error=f"to {AWAY}"))
    result = run_module(stream_latency, {"url": f"{URL}?token={SECRET}", "fail": False}, capsys)
    assert result["verdict"] == "refused"
    assert SECRET not in json.dumps({**result, "invocation": None})
    (seen,) = Measurement.of(result["measured"][0]).passes["identity"]
    assert ("x-from", "here") in seen.headers and "token=***&n=1" in seen.header("location")


def test_what_was_seen_is_carried_whole(rounds: Rounds, capsys: pytest.CaptureFixture[str]) -> None:
    rounds.append(stream(count=300))
    result = run_module(stream_latency, {"url": URL}, capsys)
    assert Measurement.of(result["measured"][0]).passes["identity"] == (
        Timeline.of(json.loads(json.dumps(rounds[0].as_json()))),
    )


def test_a_sentence_has_no_password_of_a_url(capsys: pytest.CaptureFixture[str]) -> None:
    result = run_module(stream_latency, {"url": f"http://me:{SECRET}@a:99999/"}, capsys)
    assert SECRET not in result["msg"] and "is no URL" in result["msg"]


@pytest.mark.parametrize(
    ("asked_for", "shown"),
    [
        (Request("https://me:secret@a.example/x"), "https://a.example/x"),
        (Request(URL, unix_socket="/run/x"), f"{URL} at unix:/run/x"),
        (Request(URL, address="10.0.0.1:8"), f"{URL} at 10.0.0.1:8"),
        (Request(command=("/usr/bin/curl", "-H", "X-Api-Key: secret")), "/usr/bin/curl ..."),
        (Request(command=("client",)), "client"),
    ],
)
def test_where_a_layer_is_read_is_shown_without_a_password(asked_for: Request, shown: str) -> None:
    assert passes.show(asked_for) == shown


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("10.0.0.1", "::10.0.0.1:"),
        ("10.0.0.1:8443", "::10.0.0.1:8443"),
        ("2001:db8::1", "::[2001:db8::1]:"),
        ("[2001:db8::1]:8443", "::[2001:db8::1]:8443"),
    ],
)
def test_another_address(address: str, expected: str) -> None:
    assert curl.connect_to(address) == expected


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("http://bücher.example/", "http://xn--bcher-kva.example/"),
        ("http://bücher.example:80/a", "http://xn--bcher-kva.example:80/a"),
        ("http://jörg:é@h/", "http://j%C3%B6rg:%C3%A9@h/"),
        ("http://h/straße/%20?q=é&r=%C3", "http://h/stra%C3%9Fe/%20?q=%C3%A9&r=%C3"),
        (PROBE, PROBE),
    ],
)
def test_a_url_is_asked_for_in_ascii(url: str, asked: str) -> None:
    assert curl.in_ascii(url) == asked


def test_what_libcurl_cannot_take_is_said_in_a_sentence(
    capsys: pytest.CaptureFixture[str],
) -> None:
    result = run_module(stream_latency, {"url": f"http://{'ü' * 90}.example/"}, capsys)
    assert result["failed"] and result["msg"].startswith("libcurl refuses a setting: ")


def test_a_socket_whose_path_is_too_long() -> None:
    assert passes._problem(Request(URL, unix_socket="/run/" + "ü" * 51)) == ""
    problem = passes._problem(Request(URL, unix_socket="/run/" + "ü" * 52))
    assert problem.startswith("the path of the socket is longer than 107 bytes: /run/")


def test_certificates_matter_for_tls_only() -> None:
    assert passes._problem(Request(URL, ca_path="/no/such")) == ""
    assert "/no/such cannot be read" in passes._problem(Request(PROBE, ca_path="/no/such"))


PLAYBOOK = Path(__file__).parents[2] / "playbooks" / "diagnose.yml"


@pytest.mark.parametrize(
    ("given", "name", "found"),
    [
        ({"report": "/x.txt"}, "report_files", ["/x.txt"]),
        ({"report": "/x.json"}, "report_files", ["/x.json"]),
        ({"report": "/x.html"}, "report_files", ["/x.html", "/x.json"]),
        ({"report": "/x.htm"}, "report_files", ["/x.htm", "/x.json"]),
        ({"origin": "203.0.113.10:80"}, "origin_url", "http://a.example/x"),
        ({"origin": "[2001:db8::1]:80"}, "origin_url", "http://a.example/x"),
        ({"origin": "2001:db8::80"}, "origin_url", "https://a.example/x"),
        ({"origin": "203.0.113.10:8080"}, "origin_url", "https://a.example/x"),
        ({"origin": "203.0.113.10"}, "origin_url", "https://a.example/x"),
        ({}, "origin_url", "https://a.example/x"),
    ],
)
def test_the_variables_of_the_playbook(given: dict[str, str], name: str, found: Any) -> None:
    (play,) = yaml.safe_load(PLAYBOOK.read_text(encoding="utf-8"))
    variables = {key: _trusted(value) for key, value in play["vars"].items()}
    given = {"url": "https://a.example/x", **given}
    templar = Templar(loader=DataLoader(), variables={**variables, **given})
    assert templar.template(trust_as_template(f"{{{{ {name} }}}}")) == found


def _trusted(value: Any) -> Any:
    return trust_as_template(value) if isinstance(value, str) else value


def test_the_documentation_has_the_options() -> None:
    documented = yaml.safe_load(stream_latency.DOCUMENTATION)["options"]

    def compare(options: dict[str, Any], docs: dict[str, Any], where: str) -> None:
        assert options.keys() == docs.keys(), where
        for name, option in options.items():
            for key in ("type", "default", "choices", "required", "elements"):
                assert option.get(key) == docs[name].get(key), f"{where}{name}.{key}"
            if "options" in option:
                compare(option["options"], docs[name]["suboptions"], f"{name}.")

    compare(stream_latency.OPTIONS, documented, "")
    assert documented["passes"]["choices"] == list(passes.REQUESTS)
    assert set(documented["thresholds"]["suboptions"]) == set(ladder.Thresholds._fields)
