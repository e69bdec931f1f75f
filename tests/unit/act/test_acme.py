"""A certificate of a CA: what certbot is asked, and what is made of its answers."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from plugins.module_utils.act import acme, nginx
from plugins.module_utils.act.acme import Acme, command, hook, obtain, reason
from plugins.module_utils.act.editor import Editor
from plugins.module_utils.host.access import Host, run
from tests.unit.act.conftest import Systemd

CA = "https://ca.example/dir"
WANTED = Acme(["a.example", "b.example"], "", CA, "/c/chat.pem", "/c/chat.pem.1", "/w/acme")
HOST = Host(Path("/"), run)
NOT_REACHED = """Saving debug log to /var/log/letsencrypt/letsencrypt.log
An unexpected error occurred:
requests.exceptions.ConnectionError: HTTPSConnectionPool(host='ca.example', port=443): Max retries \
exceeded with url: /dir (Caused by NewConnectionError('<urllib3.connection.HTTPSConnection object \
at 0x7f>: Failed to establish a new connection: [Errno 111] Connection refused'))
Ask for help or search for solutions at https://community.letsencrypt.org.
"""
NOT_PROVEN = """Requesting a certificate for a.example and b.example

Certbot failed to authenticate some domains (authenticator: webroot). The Certificate Authority \
reported these problems:
  Domain: b.example
  Type:   dns
  Detail: DNS problem: NXDOMAIN looking up A for b.example

Hint: The Certificate Authority failed to download the temporary challenge files.

Some challenges have failed.
Ask for help or search for solutions at https://community.letsencrypt.org. See the logfile
"""
LIMITED = """Saving debug log to /var/log/letsencrypt/letsencrypt.log
An unexpected error occurred:
Error creating new order :: too many certificates already issued for: a.example
Ask for help or search for solutions at https://community.letsencrypt.org.
"""


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (NOT_REACHED, f"{CA} cannot be reached: Connection refused"),
        (
            "ValueError: Requesting ca.example/dir: No route to host",
            f"{CA} cannot be reached: No route",
        ),
        (NOT_PROVEN, "b.example: DNS problem: NXDOMAIN looking up A for b.example"),
        (
            LIMITED,
            "An unexpected error occurred: Error creating new order :: too many certificates",
        ),
        ("Another instance of Certbot is already running.", "Another instance of Certbot"),
        ("", "certbot said nothing"),
    ],
)
def test_why_there_is_none_is_one_line(said: str, why: str) -> None:
    assert reason(said, CA).startswith(why)
    assert len(reason(said, CA).splitlines()) == 1


@pytest.mark.parametrize(
    ("wanted", "before", "there"),
    [
        (WANTED, "", ["--register-unsafely-without-email", "--keep-until-expiring"]),
        (WANTED._replace(email="a@b.c"), "", ["--email a@b.c"]),
        (WANTED, f"server = {CA}\n", ["--keep-until-expiring"]),
        (WANTED, "server = https://staging.example/dir\n", ["--force-renewal"]),
    ],
)
def test_what_certbot_is_asked(wanted: Acme, before: str, there: list[str]) -> None:
    said = " ".join(command("chat", wanted, before))
    assert [word for word in there if word not in said] == []
    assert "--cert-name streaming_api-chat" in said
    assert said.endswith("--domain a.example --domain b.example")


def test_the_hook_brings_certificate_and_key_to_nginx(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The marks of other names and of another CA go away."""
    for name in ("fullchain.pem", "privkey.pem", "systemctl", "chat.pem", "chat.pem.0"):
        (tmp_path / name).write_text(f"{name}\n")
    (tmp_path / "systemctl").write_text("#!/bin/sh\necho $* >>$RENEWED_LINEAGE/asked\n")
    (tmp_path / "systemctl").chmod(0o755)
    monkeypatch.setenv("RENEWED_LINEAGE", str(tmp_path))
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    wanted = WANTED._replace(certificate=f"{tmp_path}/chat.pem", issued=f"{tmp_path}/chat.pem.1")
    subprocess.run(["sh", "-c", hook(wanted)], check=True)
    assert (tmp_path / "chat.pem").read_text() == "fullchain.pem\nprivkey.pem\n"
    assert (tmp_path / "chat.pem").stat().st_mode & 0o777 == 0o600
    assert {one.name for one in tmp_path.glob("chat.pem*")} == {"chat.pem", "chat.pem.1"}
    assert (tmp_path / "asked").read_text() == "reload nginx.service\n"


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    found: list[bool] = []
    monkeypatch.setattr(nginx, "load", lambda *_, reload: found.append(reload))
    return found


def test_a_certificate_that_certbot_had(
    systemd: Systemd, editor: Editor, loads: list[bool]
) -> None:
    """certbot runs no hook then, so it is run for it."""
    assert obtain("chat", WANTED, HOST, editor) == ""
    assert [words.split()[0] for words in systemd.asked] == ["certbot", "env"]
    assert (editor.changed, loads) == (True, [True])


def test_a_ca_that_is_down(systemd: Systemd, editor: Editor, loads: list[bool]) -> None:
    systemd.answer("certbot", status=1, error=NOT_REACHED)
    assert "cannot be reached" in obtain("chat", WANTED, HOST, editor)
    assert loads == []


def test_what_is_there_is_not_asked_for(systemd: Systemd, editor: Editor) -> None:
    editor.path("/c").mkdir()
    editor.path(WANTED.issued).touch()
    assert obtain("chat", WANTED, HOST, editor) == ""
    assert (systemd.asked, editor.changed) == ([], False)


def test_check_mode_asks_no_ca(systemd: Systemd, tmp_path: Path) -> None:
    editor = Editor(tmp_path, check=True)
    assert obtain("chat", WANTED, HOST, editor) == ""
    assert (systemd.asked, editor.changed) == ([], True)


@pytest.mark.parametrize(
    ("has_one", "served"),
    [(False, "a self-signed certificate"), (True, "the certificate that it had")],
)
def test_the_play_says_what_is_served(has_one: bool, served: str) -> None:
    said = acme.sentence("chat", WANTED, "it is down.", has_one=has_one)
    assert said == (
        f"chat got no certificate from {CA}: it is down. a.example is served with {served};"
        " the next deploy asks again."
    )
