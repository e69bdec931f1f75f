"""A deploy that streams badly never takes the traffic: it stops, or goes back, and says why.

Each case is deployed on top of a healthy app. One stream stays open throughout, and new requests are
made all the time.
"""

from __future__ import annotations

import threading
import time
from typing import Any, NamedTuple, Self

import pytest
from plays import Plays
from streamclient import Reading, Stream, read
from testhost import Machine, ask, reload_nginx
from testinfra.host import Host

# The reference app behind a middleware of its own that joins the chunks of an answer.
LUMPS = """
from main import app


class Lumps:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        held = []

        async def hold(message):
            if message["type"] == "http.response.body":
                held.append(message.get("body", b""))
                if message.get("more_body") and len(held) < 10:
                    return
                message = {**message, "body": b"".join(held)}
                held.clear()
            await send(message)

        await self.app(scope, receive, hold if scope["type"] == "http" else send)


app.add_middleware(Lumps)
"""

# It imports little, so that it comes to its wait in time.
HANGS = """
import asyncio


async def app(scope, receive, send):
    print("waiting for a database that is not there", flush=True)
    await asyncio.sleep(3600)
"""

# It can be imported, and ends whenever it starts.
DIES = """
async def app(scope, receive, send):
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "DATABASE_URL is wrong"})
"""

# What it answers to its own health check is worse than what the live release answers.
WORSE = """
from main import app

app.router.routes[:] = [route for route in app.routes if getattr(route, "path", "") != "/readyz"]
"""

NGINX_LUMPS = {
    "streaming_api_nginx_gzip": True,
    "streaming_api_nginx_proxy_buffering": True,
    "streaming_api_nginx_server_extra": "gzip_types text/event-stream;",
}

# What is deployed, and words of the message.
CASES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "middleware lumps": (
        {"streaming_api_app": "lumps:app", "streaming_api_files": {"lumps.py": LUMPS}},
        ["does not stream on its own socket", "what was live is untouched", "gunicorn lumps the stream"],
    ),
    "import fails": (
        {"streaming_api_app": "broken:app", "streaming_api_files": {"broken.py": "import not_there\napp = 1\n"}},
        ["streaming_api_app is 'broken:app', which cannot be imported: ModuleNotFoundError: No module named 'not_there'"],
    ),
    "hangs at start": (
        {"streaming_api_app": "hangs:app", "streaming_api_files": {"hangs.py": HANGS}, "streaming_api_start_timeout": 5},
        ["did not answer on its socket", "timed out", "waiting for a database that is not there"],
    ),
    "ends at each start": (
        {"streaming_api_app": "dies:app", "streaming_api_files": {"dies.py": DIES}, "streaming_api_start_timeout": 300},
        ["did not answer on its socket", "it has ended ", " times since its start", "DATABASE_URL is wrong"],
    ),
    "answers worse": (
        {"streaming_api_app": "worse:app", "streaming_api_files": {"worse.py": WORSE}},
        ["did not answer well enough on its socket", "/readyz answers 404 Not Found, where the live release answers 200"],
    ),
    "a step before the start fails": (
        {
            "streaming_api_environment": {"COLOUR": "step"},
            "streaming_api_before_start": ["python -c 'import os; open(os.environ[\"HOME\"] + \"/step\", \"w\")'", "python -c 'import fastapi, not_there'"],
        },
        ["was not started, because python -c 'import fastapi, not_there' (streaming_api_before_start) failed", "ModuleNotFoundError: No module named 'not_there'"],
    ),
    "nginx lumps": (
        NGINX_LUMPS,
        ["does not stream through Nginx", "the previous Nginx site has been restored: nginx buffers the stream: gzip collects"],
    ),
    "nginx lumps a new release": (
        {**NGINX_LUMPS, "streaming_api_environment": {"COLOUR": "green"}},
        ["does not stream through Nginx", "the previous Nginx site has been restored: nginx buffers the stream: gzip collects"],
    ),
    "nginx sends it nothing": (
        {"streaming_api_nginx_server_extra": "location ~ stream-probe$ { return 404; }", "streaming_api_environment": {"COLOUR": "red"}},
        ["is not what answers through Nginx; ", "the previous Nginx site has been restored: /.stream-probe is not found there (404)"],
    ),
}  # fmt: skip


State = dict[str, str]  # files, units, the site, the live release
Found = dict[str, tuple[str, State, State]]  # for each case the message, before, after


class Asking:
    """Makes new requests beside a `with` block."""

    def __init__(self, url: str) -> None:
        self.answers: list[Stream] = []
        self._url = url
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _ask(self) -> None:
        while not self._over.wait(0.2):
            self.answers.append(read(self._url, timeout=20))


class Deploys(NamedTuple):
    """What became of the cases, and beside them of a stream and of new requests.

    ``reached``: how many events the stream had when the last case was over.
    """

    cases: Found
    stream: Stream
    reached: int
    answers: list[Stream]


def there(host: Host) -> State:
    """All that a release may leave on the host."""
    commands = {
        "files": "ls /srv/reference/releases /run/reference /etc/nginx/conf.d"
        " && ls /etc/systemd/system | grep ^reference@",
        "units": "systemctl list-units --all --plain --no-legend 'reference@*' | tr -s ' '",
        "site": "cat /etc/nginx/conf.d/reference.conf",
        "live": "readlink /srv/reference/current",
    }
    return ask(host, commands)


def settled(host: Host, before: State) -> State:
    """Wait until the host is as `before`, or for some time; return what is there."""
    for _ in range(100):
        after = there(host)
        if after == before:
            break
        time.sleep(0.2)
    return after


@pytest.fixture(scope="module")
def deploys(host: Host, machine: Machine, plays: Plays) -> Deploys:
    """For each case what the play said, what was there before, and what is there after it."""
    found = {}
    stream = Stream(f"{machine.url}/chunked/stream?count=100000&interval=0.2", timeout=0)
    with Reading(stream) as reading, Asking(f"{machine.url}/readyz") as asking:
        for case, (variables, _) in CASES.items():
            before = there(host)
            done = plays.run(**variables)
            said = " ".join(f"{done.message} {done.output}".split())
            found[case] = said, before, settled(host, before)
        reached = len(stream.ids)
        reading.goes_on()
    return Deploys(found, stream, reached, asking.answers)


@pytest.mark.parametrize("case", CASES)
def test_the_message_names_the_cause(deploys: Deploys, case: str) -> None:
    said = deploys.cases[case][0]
    assert [word for word in CASES[case][1] if word not in said] == [], said


@pytest.mark.parametrize("case", CASES)
def test_nothing_of_it_is_left(deploys: Deploys, case: str) -> None:
    _, before, after = deploys.cases[case]
    assert after == before


ZONE = "echo 'limit_req_zone $%s zone=gate:1m rate=1000r/s;' >/etc/nginx/conf.d/zone.conf"


@pytest.fixture(scope="module")
def not_reloaded(deploys: Deploys, host: Host, plays: Plays) -> tuple[str, State, State]:  # noqa: ARG001
    """A configuration that is good, but that a running Nginx cannot change to."""
    host.check_output(ZONE % "remote_addr")
    reload_nginx(host)
    host.check_output(ZONE % "server_name")
    before = there(host)
    # The site changes too: a change of the release alone needs no reload.
    changes = {"streaming_api_nginx_send_timeout": 61}
    message = plays.refusal(streaming_api_environment={"COLOUR": "blue"}, **changes)
    after = settled(host, before)
    host.check_output("rm /etc/nginx/conf.d/zone.conf")
    reload_nginx(host)
    return message, before, after


def test_an_nginx_that_cannot_reload_is_seen(not_reloaded: tuple[str, State, State]) -> None:
    message, before, after = not_reloaded
    assert "got no traffic, because Nginx could not reload; " in message
    assert "the previous Nginx site has been restored" in message
    assert after == before


def test_an_older_stream_is_whole(deploys: Deploys) -> None:
    stream = deploys.stream
    assert stream.is_whole, (stream.ended, stream.error)
    assert len(stream.ids) > deploys.reached > 50


def test_what_was_live_serves_throughout(deploys: Deploys) -> None:
    answers = deploys.answers
    assert {answer.status for answer in answers} == {200}, [a.error for a in answers if a.error]
    assert len(answers) > 100
