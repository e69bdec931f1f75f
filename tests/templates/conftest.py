"""Render the role's templates with Ansible's own templar, and have nginx and systemd read them."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader
from ansible.template import Templar, trust_as_template

from plugins.module_utils.deploy import full
from plugins.module_utils.deploy.app import app
from plugins.module_utils.settings.check import check
from tests.templates.serving import temporary

ROLE = Path(__file__).parents[2] / "roles" / "streaming_api"
SPEC = yaml.safe_load((ROLE / "meta/argument_specs.yml").read_text())["argument_specs"]["deploy"][
    "options"
]
ID = "0123456789ab"
STREAMS = 65_535  # no limit for who measures with it

APP = {
    "streaming_api_name": "chat-app",
    "streaming_api_app": "main:app",
    "streaming_api_source": "/src",
}
PLAN = {
    "id": ID,
    "traffic": "/var/lib/streaming_api/traffic/chat-app.sock",
    "keepalive_lines": ["keepalive_time 500ms;"],
    "ipv6": True,
    "nginx_http2_directive": False,
}

Render = Callable[..., str]


@pytest.fixture(scope="session")
def role_variables() -> dict[str, Any]:
    return variables_of_role()


def variables_of_role() -> dict[str, Any]:
    """The role's defaults and internals, as trusted as a play would have them."""
    init_plugin_loader()  # for the lookups in vars/main.yml
    loader = DataLoader()
    variables: dict[str, Any] = {}
    for part in ("defaults", "vars"):
        path = str(ROLE / part / "main.yml")
        variables |= loader.load_from_file(path, trusted_as_template=True)
    return variables


def checked(variables: dict[str, Any]) -> dict[str, Any]:
    """What stream_settings returns, without the settings: the templates see the variables."""
    own = {
        name: value
        for name, value in variables.items()
        if name.startswith("streaming_api_") and "{{" not in str(value)
    }
    settings, problems = check(own, SPEC)
    assert problems == []
    return {"app": app(settings, "/playbooks", "/cache").fields()}


def rendered(
    role: dict[str, Any], template: str | Path, plan: dict[str, Any], given: dict[str, Any]
) -> str:
    """A template of the role, as a play with these variables would write it."""
    variables = {**role, **APP, **given}
    found = checked(variables)
    extra = variables["streaming_api_nginx_server_extra"]
    lines = full.server_lines(extra, found["app"]["identifier"], STREAMS)
    internals = {
        "ansible_managed": "Ansible managed",
        "__streaming_api_checked": found,
        "__streaming_api_plan": {**PLAN, "full_lines": lines, **plan},
        "ansible_search_path": [str(ROLE)],
    }
    templar = Templar(loader=DataLoader(), variables={**variables, **internals}).copy_with_new_env(
        searchpath=[str(ROLE / "templates")]
    )
    text = (ROLE / "templates" / template).read_text()
    return str(templar.template(trust_as_template(text), escape_backslashes=False))


@pytest.fixture
def render(role_variables: dict[str, Any]) -> Render:
    def render(template: str | Path, plan: dict[str, Any] | None = None, **given: Any) -> str:
        return rendered(role_variables, template, plan or {}, given)

    return render


@pytest.fixture
def nginx_reads(tmp_path: Path) -> Callable[..., None]:
    """Fails with what `nginx -t` says of these sites."""

    def read(*sites: str) -> None:
        for number, site in enumerate(sites):
            (tmp_path / f"{number}.site").write_text(site)
        (tmp_path / "nginx.conf").write_text(
            f"pid {tmp_path}/nginx.pid; events {{}} http {{ access_log off; {temporary(tmp_path)} include {tmp_path}/*.site; }}"
        )
        argv = ["nginx", "-t", "-q", "-e", "stderr", "-c", str(tmp_path / "nginx.conf")]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    return read


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A pair on the host, as the role's variables name it."""
    directory = tmp_path_factory.mktemp("tls")
    key, cert = directory / "key.pem", directory / "cert.pem"
    argv = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=a"
    subprocess.run([*argv.split(), "-keyout", key, "-out", cert], check=True, capture_output=True)
    return {
        "streaming_api_tls": "provided",
        "streaming_api_tls_certificate": str(cert),
        "streaming_api_tls_key": str(key),
    }
