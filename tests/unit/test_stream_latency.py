"""The module: options to requests, rounds to a verdict, and what it returns."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, cast

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

from plugins.module_utils.latency import ladder
from plugins.module_utils.latency.errors import ReaderError
from plugins.module_utils.latency.ladder import Ladder
from plugins.module_utils.latency.measurement import Measurement, Pass
from plugins.module_utils.latency.read import curl, passes
from plugins.module_utils.latency.read.passes import Plan
from plugins.module_utils.latency.read.request import Disturbance, Target
from plugins.module_utils.latency.thresholds import Thresholds
from plugins.module_utils.latency.timeline import Timeline
from plugins.modules import stream_latency
from tests.unit.ansible_module import run_module
from tests.unit.latency.made_streams import TO_THE_END, in_the_end, stream

URL = "http://127.0.0.1:1/api/stream"


class Rounds(list[Timeline]):
    """What each round sees at all layers, the last one again and again; and what was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[tuple[Target, ...], Plan, Disturbance | None]] = []

    def measure(
        self, targets: tuple[Target, ...], plan: Plan, disturbance: Disturbance | None
    ) -> tuple[Measurement, ...]:
        one = self[min(len(self.asked), len(self) - 1)]
        self.asked.append((targets, plan, disturbance))
        return tuple(Measurement(target.name, {"identity": Pass((one,))}) for target in targets)


@pytest.fixture
def rounds(monkeypatch: pytest.MonkeyPatch) -> Rounds:
    made = Rounds()
    monkeypatch.setattr(ladder, "measure", made.measure)
    return made


def test_a_risk_that_the_caller_knows_is_not_told(
    rounds: Rounds, capsys: pytest.CaptureFixture[str]
) -> None:
    rounds.append(stream(headers=TO_THE_END))
    layers = [{"name": "nginx", "url": URL}]
    told = run_module(stream_latency, {"layers": layers}, capsys)
    known = [risk["cause"] for risk in told["risks"]]
    assert "nginx-chunked-off" in known
    silent = run_module(stream_latency, {"layers": layers, "accepted_risks": known}, capsys)
    assert silent["risks"] == [] and "chunked_transfer_encoding" not in silent["text"]


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
    assert len(rounds.asked) == 2


def test_all_that_it_returns_is_documented_and_no_more(
    rounds: Rounds, capsys: pytest.CaptureFixture[str]
) -> None:
    rounds.append(in_the_end())
    result = run_module(stream_latency, {"url": URL, "fail": False}, capsys)
    documented = yaml.safe_load(stream_latency.RETURN)
    assert {*result} - {"msg", "changed", "invocation"} == {*documented}
    for name in ("layers", "causes"):
        assert {*result[name][0]} == {*documented[name]["contains"]}
    said = " ".join(documented["layers"]["contains"]["passes"]["description"])
    one = result["layers"][0]["passes"]["identity"]
    assert {*re.findall(r"C\((\w+)\)", said)} == {*one, *one["metrics"]}


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
    host = json.loads(
        json.dumps(Measurement("gunicorn", {"identity": Pass((stream(),))}).as_json())
    )
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
        ({"url": "api.example.org/x"}, "'api.example.org/x' is not a URL"),
        ({"url": "ftp://example.org/"}, "is not a URL; it must begin with http(s)://."),
        ({"url": "http://"}, "is not a URL"),
        ({"url": "http://a:99999/"}, "is not a URL"),
        ({"url": "http://a/ b"}, "is not a URL"),
        ({"url": "http://a/\r\nHost: b"}, "is not a URL"),
        ({"url": URL, "passes": ["identical"]}, "identical"),
        ({"layers": [{"name": "x", "url": URL, "passes": ["identical"]}]}, "no pass 'identical'"),
        ({"url": URL, "http": "4"}, "4"),
        ({"url": URL, "parallel": 0}, "parallel is 0; allowed are 1 to 5000."),
        ({"url": URL, "burst": 100_000}, "burst is 100000; allowed are 1 to 5000."),
        ({"url": URL, "multiplex": -1}, "multiplex is -1"),
        ({"url": URL, "idle": 0}, "idle is 0.0; it must be above 0 seconds."),
        ({"url": URL, "pause": -1}, "pause is -1.0"),
        ({"url": URL, "patience": 0}, "patience is 0.0"),
        ({"url": URL, "seconds": -1}, "seconds is -1.0"),
        ({"url": URL, "events": -1}, "events is -1"),
        ({"url": URL, "size_limit": -1}, "size_limit is -1"),
        ({"url": URL, "stream": {"count": -1}}, "stream.count is -1; it must be 0 or more."),
        ({"url": URL, "stream": {"counts": 1}}, "counts"),
        ({"url": URL, "thresholds": {"delay_p50": -1}}, "thresholds.delay_p50 is -1"),
        ({"url": URL, "thresholds": {"delay": 1}}, "delay"),
        ({"url": URL, "rounds": 3}, "3"),
        ({"url": URL, "headers": {"A b": "c"}}, "'A b' is not the name of a header"),
        ({"url": URL, "headers": {"A": "b\r\nC: d"}}, "the value of the header A has a line break"),
        ({"url": URL, "authorization": "Bearer a\nb"}, "the value of the header Authorization has"),
        ({"url": URL, "measured": [{"no": 1}]}, "measured is not the measured of an earlier task"),
        ({"url": URL, "measured": [{"layer": "x", "passes": {"a": 1}}]}, "measured is not the"),
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
    with pytest.raises(ReaderError, match=r"install python3-pycurl\.$"):
        Ladder.of({"url": URL}).climb()


def test_what_was_skipped_is_a_note(capsys: pytest.CaptureFixture[str]) -> None:
    options = {"command": ["printf", "data: 1\\n\\n"], "name": "client"}
    layers = {"layers": [{**options, "passes": ["identity", "gzip"]}], "fail": False}
    result = run_module(stream_latency, layers, capsys)
    note = "client was not read by the gzip pass: a command makes its own requests."
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
    (seen,) = Measurement.of(result["measured"][0]).passes["identity"].timelines
    assert ("x-from", "here") in seen.headers and "token=***&n=1" in seen.header("location")


def test_what_was_seen_is_carried_whole(rounds: Rounds, capsys: pytest.CaptureFixture[str]) -> None:
    rounds.append(stream(count=300))
    result = run_module(stream_latency, {"url": URL}, capsys)
    assert Measurement.of(result["measured"][0]).passes["identity"].timelines == (
        Timeline.of(json.loads(json.dumps(rounds[0].as_json()))),
    )


def test_a_sentence_has_no_password_of_a_url(capsys: pytest.CaptureFixture[str]) -> None:
    result = run_module(stream_latency, {"url": f"http://me:{SECRET}@a:99999/"}, capsys)
    assert SECRET not in result["msg"] and "is not a URL" in result["msg"]


def test_what_libcurl_cannot_take_is_said_in_a_sentence(
    capsys: pytest.CaptureFixture[str],
) -> None:
    result = run_module(stream_latency, {"url": f"http://{'ü' * 90}.example/"}, capsys)
    assert result["failed"] and result["msg"].startswith("libcurl refuses a setting: ")


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
    assert set(documented["thresholds"]["suboptions"]) == set(Thresholds._fields)


def test_the_module_and_the_reader_have_the_same_defaults() -> None:
    options = cast("dict[str, dict[str, Any]]", stream_latency.OPTIONS)
    defaults = {name: option["default"] for name, option in options.items() if "default" in option}
    assert defaults["seconds"] == 30
    assert Ladder.of({**defaults, "url": URL}) == Ladder.of({"url": URL})
