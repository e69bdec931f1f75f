"""The apps' own pages and clients work through Nginx, and their streams arrive step by step.

The clients come with the apps and run on the host, in the app's own environment.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from testinfra.host import Host

MCP = """
import anyio, json, time
from mcp import Client

async def main():
    times = []
    async def progress(number, total, message):
        times.append(time.monotonic())
    async with Client("http://mcp.example/mcp") as client:
        answer = await client.call_tool("count", {"to": 10}, progress_callback=progress)
    print(json.dumps({"said": answer.content[0].text, "times": times}))

anyio.run(main)
"""

GRADIO = """
import json, time
from gradio_client import Client

job = Client("http://127.0.0.1/", verbose=False).submit(10, api_name="/count")
said = [(output, time.monotonic()) for output in job]
print(json.dumps({"said": said[-1][0], "times": [at for _, at in said]}))
"""


def run(host: Host, app: str, code: str) -> Any:
    """Run a client in the app's environment; returns the JSON that it prints."""
    python = f"/srv/{app}/current/venv/bin/python"
    return json.loads(host.check_output("%s -c %s", python, code).splitlines()[-1])


@pytest.fixture(scope="module", autouse=True)
def names(host: Host) -> None:
    """The clients find the apps under their names."""
    line = "127.0.0.1 mcp.example datasette.example"
    host.check_output(f"grep -qx '{line}' /etc/hosts || echo '{line}' >>/etc/hosts")


@pytest.mark.parametrize(("app", "code", "said"), [
    ("mcp", MCP, "counted to 10"),
    ("gradio", GRADIO, "10"),
])  # fmt: skip
def test_a_client_sees_each_step_as_it_happens(host: Host, app: str, code: str, said: str) -> None:
    seen = run(host, app, code)
    assert seen["said"] == said
    times = seen["times"]
    assert len(times) == 10
    # Ten steps 0.1 s apart: what a proxy holds back comes at once. A busy client begins late.
    assert times[-1] - times[0] > 0.3


@pytest.mark.parametrize(("url", "expected"), [
    ("https://datasette.example/", "<title>Datasette: "),
    ("https://datasette.example/_memory.json?sql=select+6*7+as+answer&_shape=array", '[{"answer": 42}]'),
    ("https://datasette.example/_memory.csv?sql=select+6*7+as+answer&_stream=on", "answer\r\n42"),
    ("http://127.0.0.1/", "window.gradio_config"),
    ("http://127.0.0.1/gradio_api/info", '"/count"'),
])  # fmt: skip
def test_its_pages(host: Host, url: str, expected: str) -> None:
    assert expected in host.check_output("curl -ksS --fail %s", url)


def test_plain_http_leads_to_https(host: Host) -> None:
    headers = host.check_output("curl -sI http://datasette.example/a?b=c")
    assert "301" in headers.splitlines()[0]
    assert "Location: https://datasette.example/a?b=c" in headers
