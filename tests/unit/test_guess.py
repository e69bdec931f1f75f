"""./dev try: what is guessed from the source of an app."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from guess import inventory, source, variables
from plugins.action import stream_settings
from tests.unit.action_plugin import run_action
from tests.unit.settings.values import ROLE

ROOT = Path(__file__).parents[2]
FASTAPI = "from fastapi import FastAPI\nfrom fastapi.responses import StreamingResponse\napp = FastAPI()\n"
STREAM = "async def stream(): return StreamingResponse(iter(()))\n"


def guessed(files: dict[str, str], directory: str = "/src/chat") -> dict[str, Any]:
    """The variables, by their names without the prefix."""
    found: dict[str, Any] = {}
    for one in variables.guess(files, directory).guesses:
        name = one.name.removeprefix("streaming_api_")
        if one.key:
            found.setdefault(name, {})[one.key] = one.value
        else:
            found[name] = one.value
    return found


@pytest.mark.parametrize(
    ("files", "app"),
    [
        ({"main.py": FASTAPI}, "main:app"),
        ({"src/chat/web.py": FASTAPI, "src/chat/__init__.py": ""}, "chat.web:app"),
        ({"chat/__init__.py": FASTAPI}, "chat:app"),
        ({"other.py": FASTAPI, "main.py": "from other import app\n"}, "other:app"),
        ({"tests/test_main.py": FASTAPI, "web.py": FASTAPI}, "web:app"),
        ({"a.py": FASTAPI, "main.py": FASTAPI}, "main:app"),
        ({"main.py": "app: Any = fastapi.FastAPI()\n"}, "main:app"),
        ({"main.py": "from x import M, FastAPI\nservice = M(FastAPI())\n"}, "main:service"),
        ({"main.py": "def create_app():\n    app = FastAPI()\n    return app\n"}, "main:create_app"),
        ({"main.py": "def create_app(config):\n    return FastAPI()\n", "b.py": FASTAPI}, "b:app"),
        ({"m/asgi.py": "application = get_asgi_application()\n", "m/wsgi.py": "application = get_wsgi_application()\n"}, "m.asgi:application"),
        ({"main.py": "app = marimo.create_asgi_app().with_app(path='', root='n.py').build()\n"}, "main:app"),
        ({"server.py": "app = server.http_app(path='/mcp')\n"}, "server:app"),
        ({"main.py": FASTAPI, "broken.py": "def ("}, "main:app"),
    ],
)  # fmt: skip
def test_the_app(files: dict[str, str], app: str) -> None:
    assert guessed(files)["app"] == app


def test_a_factory() -> None:
    found = guessed({"main.py": "def create_app(debug=False):\n    return FastAPI()\n"})
    assert (found["app"], found["app_factory"]) == ("main:create_app", True)


def test_no_app() -> None:
    with pytest.raises(ValueError, match="/src/chat has no ASGI app that its files show"):
        variables.guess({"main.py": "app = Flask(__name__)\n"}, "/src/chat")


ROUTER = "from fastapi import APIRouter\nfrom fastapi.responses import StreamingResponse\n"


@pytest.mark.parametrize(
    ("files", "paths", "note"),
    [
        ({"main.py": f"{FASTAPI}@app.get('/a')\n{STREAM}"}, ["/a"], ""),
        ({"main.py": f"{FASTAPI}@app.get('/a')\nasync def a(n: int = 1): return go()\ndef go(): return StreamingResponse()\n"}, ["/a"], ""),
        ({"main.py": f"{FASTAPI}from s import go\n@app.get('/a')\nasync def a(r: Request): return go()\n", "s.py": "def go(): return EventSourceResponse()\n"}, ["/a"], ""),
        ({"main.py": f"{FASTAPI}@app.get('/a', response_class=Mine)\nasync def a(): ...\nclass Mine(StreamingResponse): ...\n"}, ["/a"], ""),
        ({"main.py": f"{FASTAPI}@app.get('/a')\nasync def a(): return cache.stream()\n@app.get('/b')\n{STREAM}"}, ["/b"], ""),
        ({"main.py": f"{FASTAPI}@app.post('/a')\n{STREAM}"}, None, "main.py:5 streams at POST /a, and is not measured: it takes POST"),
        ({"main.py": f"{FASTAPI}@app.get('/a/{{b}}')\nasync def a(b): return StreamingResponse()\n"}, None, "its path has a parameter"),
        ({"main.py": f"{FASTAPI}@app.get('/a')\nasync def a(b: str): return StreamingResponse()\n"}, None, "it needs b"),
        ({"main.py": f"{FASTAPI}@app.get('/a')\nasync def a(user=Depends(login)): return StreamingResponse()\n"}, None, "a login perhaps"),
        ({"main.py": f"{FASTAPI}from api import r\napp.include_router(r.router, prefix='/v1')\n", "api/r.py": f"{ROUTER}router = APIRouter(prefix='/x')\n@router.get('/a')\n{STREAM}"}, ["/v1/x/a"], ""),
        ({"main.py": f"{FASTAPI}from api.r import router as r\napp.include_router(r)\n", "api/r.py": f"{ROUTER}router = APIRouter()\n@router.get('/a')\n{STREAM}"}, ["/a"], ""),
        ({"main.py": FASTAPI, "api/r.py": f"{ROUTER}router = APIRouter()\n@router.get('/a')\n{STREAM}"}, None, "the router's prefix is not known"),
        ({"main.py": f"app = Starlette(routes=[Route('/a', stream)])\n{STREAM}"}, ["/a"], ""),
        ({"m/asgi.py": "application = get_asgi_application()\n", "m/urls.py": "from m import v\nurlpatterns = [path('a/', v.stream)]\n", "m/v.py": "def stream(r): return StreamingHttpResponse()\n"}, ["/a/"], ""),
    ],
)  # fmt: skip
def test_the_streams(files: dict[str, str], paths: list[str] | None, note: str) -> None:
    assert guessed(files).get("proof_paths") == paths
    assert note in "\n".join(variables.guess(files, "/src/chat").notes)


def test_the_environment() -> None:
    text = (
        f"{FASTAPI}A = os.environ['MODEL']\nB = os.environ['API_KEY']\nC = os.getenv('LEVEL', 1)\n"
        "os.environ['SET_BY_US'] = '1'\nD = os.environ.get('MODEL')\n"
        "class S(BaseSettings):\n    port: int\n    db_password: str\n    size: int = 3\n"
    )
    found = guessed({"main.py": text})
    assert found["environment"] == {"MODEL": "set it", "PORT": "set it"}
    assert found["secrets"] == {
        name: f"{{{{ lookup('env', '{name}') }}}}" for name in ("API_KEY", "DB_PASSWORD")
    }
    notes = variables.guess({"main.py": text}, "/src/chat").notes
    assert "Environment variables with a default: LEVEL, SIZE" in notes


@pytest.mark.parametrize(
    ("files", "name", "value"),
    [
        ({"alembic.ini": ""}, "before_start", ["alembic upgrade head"]),
        ({"pyproject.toml": '[project]\nrequires-python = ">=3.12"\n'}, "python", "3.12"),
        ({"pyproject.toml": '[project]\nrequires-python = ">=3.9"\n'}, "python", None),
        ({"h.py": "@app.get('/health')\ndef a(): ...\n@app.get('/readyz')\ndef b(): ...\n"}, "health_path", "/readyz"),
        ({"h.py": "@app.get('/healthz')\ndef a(): ...\n"}, "health_path", "/healthz"),
        ({"h.py": "@app.get('/health/{x}')\ndef a(x): ...\n"}, "health_path", None),
    ],
)  # fmt: skip
def test_the_rest(files: dict[str, str], name: str, value: Any) -> None:
    assert guessed({"main.py": FASTAPI, **files}).get(name) == value


@pytest.mark.parametrize(
    ("files", "note"),
    [
        ({"requirements.txt": ""}, "requirements.txt lists what is installed"),
        ({}, "No file lists what is to be installed: write a requirements.txt"),
        ({"Pipfile": ""}, "The dependencies cannot be installed: the source has a Pipfile"),
        ({"b.py": FASTAPI}, "b.py:3 has another app: b:app"),
        ({"b.py": "app.add_middleware(GZipMiddleware)\n"}, "b.py:1 compresses"),
    ],
)
def test_remarks(files: dict[str, str], note: str) -> None:
    notes = variables.guess({"main.py": FASTAPI, **files}, "/src/chat").notes
    assert [one for one in notes if one.startswith(note)], notes


def test_where_it_comes_from() -> None:
    [app] = source.apps(source.modules({"main.py": FASTAPI}))
    assert str(app.at) == "main.py:3"


def test_the_role_accepts_what_is_written(tmp_path: Path) -> None:
    """Of our own reference app, with a variable that has quotes."""
    files = inventory.read(ROOT / "files/app")
    files["keys.py"] = "import os\nKEY = os.environ['API_KEY']\nMODEL = os.environ['MODEL']\n"
    found = variables.guess(files, str(ROOT / "files/app"))
    text = inventory.text(found, "chat.example.org", "./dev try")
    group = yaml.safe_load(text)["streaming_api"]
    assert list(group["hosts"]) == ["chat.example.org"]
    arguments = {"spec": str(ROLE / "meta/argument_specs.yml"), "entry": "deploy"}
    settled = run_action(
        stream_settings, arguments, {**group["vars"], "playbook_dir": str(tmp_path)}
    )
    assert "failed" not in settled, settled["msg"]
    assert settled["settings"]["streaming_api_app"] == "main:app"
    assert settled["settings"]["streaming_api_health_path"] == "/readyz"
    assert "streams at GET /api/stream" in text  # which needs to know what is wanted


def test_a_directory_without_an_app(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "guess.inventory", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"{tmp_path} has no ASGI app")
