"""Render the role's templates with Ansible's own templar, and have nginx and systemd read them."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

ROLE = Path(__file__).parents[2] / "roles" / "streaming_api"
ID = "0123456789ab"

# What validate.yml would have registered, and what every app must say.
HOST = {
    "missing_files": [],
    "outdated_files": [],
    "missing_nginx_lines": [],
    "ipv6": True,
    "nginx": {"installed": True, "version": "1.22.1"},
    "distribution": {"id": "debian", "version": "12"},
    "live": None,
    "releases": [],
}
APP = {
    "streaming_api_name": "chat-app",
    "streaming_api_app": "main:app",
    "streaming_api_source": "/src",
    "playbook_dir": "/playbooks",
    "ansible_managed": "Ansible managed",
    "__streaming_api_host": HOST,
    "__streaming_api_release": {"id": ID, "source_digest": "0" * 64},
}

Render = Callable[..., str]


@pytest.fixture(scope="session")
def role_variables() -> dict[str, Any]:
    """The role's defaults and internals, as trusted as a play would have them."""
    loader = DataLoader()
    variables: dict[str, Any] = {}
    for part in ("defaults", "vars"):
        path = str(ROLE / part / "main.yml")
        variables |= loader.load_from_file(path, trusted_as_template=True)
    return variables


@pytest.fixture
def evaluate(role_variables: dict[str, Any]) -> Callable[..., Any]:
    """The value of an expression, with these variables beside the role's."""

    def evaluate(expression: str, **variables: Any) -> Any:
        templar = Templar(loader=DataLoader(), variables={**role_variables, **APP, **variables})
        return templar.template(trust_as_template("{{ " + expression + " }}"))

    return evaluate


@pytest.fixture
def render(role_variables: dict[str, Any]) -> Render:
    def render(template: str | Path, nginx: str = "1.22.1", **variables: Any) -> str:
        host = {**HOST, "nginx": {"installed": True, "version": nginx}}
        templar = Templar(
            loader=DataLoader(),
            variables={**role_variables, **APP, "__streaming_api_host": host, **variables},
        ).copy_with_new_env(searchpath=[str(ROLE / "templates")])
        text = (ROLE / "templates" / template).read_text()
        return str(templar.template(trust_as_template(text), escape_backslashes=False))

    return render


@pytest.fixture
def nginx_reads(tmp_path: Path) -> Callable[..., None]:
    """Fails with what `nginx -t` says of these sites."""

    def read(*sites: str) -> None:
        for number, site in enumerate(sites):
            (tmp_path / f"{number}.site").write_text(site)
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        temporary = " ".join(f"{kind}_temp_path {tmp_path}/{kind};" for kind in kinds)
        (tmp_path / "nginx.conf").write_text(
            f"pid {tmp_path}/nginx.pid; events {{}} http {{ access_log off; {temporary} include {tmp_path}/*.site; }}"
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
