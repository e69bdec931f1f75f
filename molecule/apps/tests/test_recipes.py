"""The recipes of docs/recipes, deployed as their pages print them.

RECIPES names those to deploy, or is `all`; `./dev recipes` sets it.
"""

from __future__ import annotations

import base64
import io
import os
import shlex
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import recipes
import yaml
from plays import ROOT, Plays
from recipes import Recipe
from testinfra.host import Host

SMALL = "alembic django"  # what every run deploys
ASKED = os.environ.get("RECIPES", SMALL).split()
KNOWN = {one.name: one for one in recipes.recipes()}
CHOSEN = list(KNOWN.values()) if ASKED == ["all"] else [KNOWN[name] for name in ASKED]

# What shows that an app works and curl cannot; it runs on the host, in the app's environment.
MCP = """
import asyncio, time
from fastmcp import Client

async def main():
    times = []
    async def progress(number, total, message):
        times.append(time.monotonic())
    async with Client("http://tools.example/mcp") as client:
        answer = await client.call_tool("count", {"to": 10}, progress_handler=progress)
    assert answer.data == "counted to 10", answer
    # Ten steps 0.1 s apart: what a proxy holds back comes at once. A busy client begins late.
    assert len(times) == 10 and times[-1] - times[0] > 0.3, times

asyncio.run(main())
"""
MARIMO = """
import asyncio, json
from websockets.asyncio.client import connect

async def main():
    async with connect("ws://notebook.example/ws?session_id=s_recipe") as socket:
        first = json.loads(await asyncio.wait_for(socket.recv(), 20))
    assert first["op"] == "kernel-ready", first

asyncio.run(main())
"""
CLIENTS = {"mcp": MCP, "marimo": MARIMO}

INDEX = """
import base64, http.server, os, ssl

class Handler(http.server.SimpleHTTPRequestHandler):
    def send_head(self):
        given = self.headers.get("Authorization", "")
        if given == "Basic " + base64.b64encode(os.environ["LOGIN"].encode()).decode():
            return super().send_head()
        self.send_response(401)
        self.send_header("WWW-Authenticate", "Basic")
        self.send_header("Content-Length", "0")
        self.end_headers()

server = http.server.ThreadingHTTPServer(("127.0.0.1", 8443), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/root/index.pem", "/root/index.key")
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
"""


def secret(name: str) -> str:
    return f"sk-test-{name.lower()}"


def wheel(files: dict[str, str]) -> bytes:
    """A package `greeter` of these files."""
    info = "greeter-1.0.dist-info"
    files = {
        **files,
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: greeter\nVersion: 1.0\nRequires-Dist: fastapi\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"])
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(name, text)
    return packed.getvalue()


def private_index(host: Host, recipe: Recipe) -> dict[str, Any]:
    """Serve the package on the host itself, where the build's sandbox must let it through."""
    content = base64.b64encode(wheel(recipe.files)).decode()
    login = shlex.quote(f"LOGIN=builder:{secret('INDEX_PASSWORD')}")
    host.check_output(f"""
        set -e
        grep -q packages.example /etc/hosts || echo '127.0.0.1 packages.example' >>/etc/hosts
        mkdir -p /tmp/index/simple/greeter
        echo {content} | base64 -d >/tmp/index/simple/greeter/greeter-1.0-py3-none-any.whl
        cd /root
        openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=ours -keyout ca.key -out ca.pem 2>/dev/null
        openssl req -newkey rsa:2048 -nodes -subj /CN=packages.example -keyout index.key -out index.csr 2>/dev/null
        echo subjectAltName=DNS:packages.example >index.ext
        openssl x509 -req -in index.csr -CA ca.pem -CAkey ca.key -days 1 -extfile index.ext -out index.pem 2>/dev/null
        cp ca.pem /usr/local/share/ca-certificates/ours.crt
        update-ca-certificates >/dev/null 2>&1
        systemctl stop index 2>/dev/null || true
        systemd-run --quiet --collect --unit=index --setenv={login} \\
          --working-directory=/tmp/index python3 -c {shlex.quote(INDEX)}
    """)
    return {"streaming_api_build_settings": {"IPAddressAllow": "127.0.0.1"}}


def password_is_roots(host: Host) -> None:
    """The password of the index is in one file of the host, besides the index itself."""
    password = secret("INDEX_PASSWORD")
    host.check_output("systemctl stop index")
    places = "/etc /home /opt /root /srv /var"
    found = host.run(f"grep -rslF -D skip {password} {places}").stdout.split()
    assert found == ["/srv/greeter/build.env"]
    assert host.check_output("stat -c '%U %a' /srv/greeter/build.env") == "root 600"
    assert host.run(f"journalctl --no-pager -u 'greeter*' | grep -F {password}").rc == 1


def redis_in_a_container(host: Host, _: Recipe) -> dict[str, Any]:
    """Redis's own unit wants user namespaces, which a test host may not have."""
    drop_in = "/etc/systemd/system/redis-server.service.d"
    host.check_output(
        f"mkdir -p {drop_in} && printf '[Service]\\nPrivateUsers=no\\n' >{drop_in}/test.conf"
    )
    return {}


PREPARED: dict[str, Callable[[Host, Recipe], dict[str, Any]]] = {
    "private-index": private_index,
    "celery": redis_in_a_container,
}
CHECKED: dict[str, Callable[[Host], None]] = {"private-index": password_is_roots}


@pytest.fixture
def controller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Recipe], None]:
    """The machine of somebody who has followed the page: sources below ~, secrets in the shell."""

    def follow(recipe: Recipe) -> None:
        monkeypatch.setenv("HOME", str(tmp_path))
        for name in recipe.secrets:
            monkeypatch.setenv(name, secret(name))
        source = yaml.safe_load(recipe.variables).get("streaming_api_source")
        for name, text in recipe.files.items() if source else ():
            file = Path(source).expanduser() / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)

    return follow


def removal(name: str) -> str:
    """The commands of docs/deploy.md that remove an app, but for what all apps share."""
    page = (ROOT / "docs/deploy.md").read_text()
    block = page.split("## Remove an app", 1)[1].split("```", 2)[1]
    return block.split("# after the last app:")[0].replace("name=chat", f"name={name}")


@pytest.mark.parametrize("recipe", CHOSEN, ids=lambda one: one.name)
def test_a_recipe(
    host: Host, plays: Plays, controller: Callable[[Recipe], None], recipe: Recipe
) -> None:
    variables = yaml.safe_load(recipe.variables)
    name, [url, *_] = variables["streaming_api_name"], variables["streaming_api_nginx_server_names"]
    host.check_output(f"grep -q ' {url}$' /etc/hosts || echo '127.0.0.1 {url}' >>/etc/hosts")
    prepare = PREPARED.get(recipe.name)
    more = prepare(host, recipe) if prepare else {}
    controller(recipe)
    others = [yaml.safe_load(other) for other in recipe.before]
    for other in others:
        plays.deploy(**other)
    done = plays.prove(**variables, **more)
    assert f"{name}@" in done.output and " is live on " in done.output
    for path in variables.get("streaming_api_proof_paths", []):
        assert f"{path} streams too." in done.output
    assert [one for one in recipe.secrets if secret(one) in done.output] == []

    known = " ".join(f"{one}={secret(one)}" for one in recipe.secrets)
    said = host.run(f"env {known} sh -ec {shlex.quote(recipe.commands)}")
    assert said.rc == 0, said.stderr
    assert [text for text in recipe.prints if text not in said.stdout] == [], said.stdout
    if recipe.name in CLIENTS:
        python = f"/srv/{name}/current/venv/bin/python"
        host.check_output("%s -c %s", python, CLIENTS[recipe.name])
    if recipe.name in CHECKED:
        CHECKED[recipe.name](host)

    for one in (name, *(other["streaming_api_name"] for other in others)):
        host.run("sh -c %s", removal(one))
        left = host.check_output(f"systemctl list-units --all --no-legend --plain '{one}@*'")
        assert left == "" and not host.file(f"/srv/{one}").exists
