"""What playbooks/diagnose.yml says of a host that is not ours."""

import json
import subprocess
from pathlib import Path

import pytest

PLAYBOOK = Path(__file__).parents[3] / "playbooks/diagnose.yml"


@pytest.fixture
def diagnose(machine, tmp_path):
    """Run it from the controller; returns the result and the JSON report, if there is one."""

    def run(path, *more):
        report = tmp_path / "report.html"
        options = {"url": machine.url + path, "report": str(report)}
        extra = [f"--extra-vars={json.dumps(options)}", *(f"-e{one}" for one in more)]
        argv = ["ansible-playbook", f"--inventory={machine.inventory}", *extra, str(PLAYBOOK)]
        done = subprocess.run(argv, check=False, capture_output=True, text=True)
        found = report.with_suffix(".json")
        assert found.exists() == report.exists()
        return done, json.loads(found.read_text())["diagnosis"] if found.exists() else None

    return run


@pytest.fixture
def from_the_host(machine):
    return [f"host={machine.name}", "app=127.0.0.1:8000", "nginx_port=80"]


def test_without_pycurl_there_it_says_so_and_installs_nothing(host, diagnose, from_the_host):
    host.run("apt-get purge -y python3-pycurl")
    done, found = diagnose("/usual/", *from_the_host)
    assert done.returncode == 2 and found is None
    assert "stranger could not measure." in done.stdout
    assert "-e install=true" in done.stdout
    assert not host.package("python3-pycurl").is_installed


def test_the_culprit_is_nginx_and_the_report_says_so(diagnose, from_the_host):
    done, found = diagnose("/usual/", *from_the_host, "install=true", "origin=127.0.0.1")
    assert done.returncode == 2, done.stdout
    assert found and found["culprit"] == "nginx"
    assert [one["layer"] for one in found["layers"]] == ["gunicorn", "nginx", "origin", "public"]
    assert found["layers"][0]["verdict"] == "streaming"
    assert found["causes"][0]["layer"] == "nginx"
    assert found["causes"][0]["remedy"] in " ".join(done.stdout.split())


def test_what_streams_is_not_accused(diagnose, from_the_host):
    done, found = diagnose("/right/", *from_the_host, "install=true")
    assert done.returncode == 0, done.stdout
    assert found and found["verdict"] == "streaming"


def test_from_outside_alone_it_is_seen_too(diagnose):
    done, found = diagnose("/usual/")
    assert done.returncode == 2, done.stdout
    assert found and found["culprit"] == "public"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["url=ftp://x/"], "say which stream: -e url=https://"),
        (["unix_socket=/run/a.sock"], "say which host"),
        (["report=/nowhere/a.html"], "there is no directory /nowhere"),
    ],
)
def test_bad_input_is_a_sentence_and_no_report(diagnose, more, said):
    done, found = diagnose("/right/", *more)
    assert done.returncode == 2 and found is None
    assert said in " ".join(done.stdout.split())
    assert "Measure from the controller" not in done.stdout
