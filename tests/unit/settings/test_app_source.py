"""What the controller sees of an app: its module, its dependencies, a wheel."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest

from plugins.module_utils import app_source
from plugins.module_utils.settings.check import check
from tests.unit.settings.values import LEAVE_OUT, SPEC, variables

DEFINES_APP = [
    "app = FastAPI()",
    "app: FastAPI = FastAPI()",
    "a, (app, *b) = x",
    "async def app(scope, receive, send): ...",
    "class app: ...",
    "from .web import create as app",
    "import app.web",
    "from web import *",
    "if x:\n    pass\nelse:\n    app = 1",
    "try:\n    import app\nexcept ImportError:\n    app = None",
    "with x as app: ...",
    "for app in apps: ...",
    "while (app := make()): ...",
    "def __getattr__(name): ...",
    "def make():\n    global app\n    app = 1",
    "globals()['ap' 'p'] = 1",
    "# coding: latin-1\napp = '\xe9'",
]


@pytest.mark.parametrize("text", DEFINES_APP)
def test_a_module_that_defines_the_attribute(text: str) -> None:
    assert app_source.text_problem("main:app", False, "main.py", text.encode("latin-1")) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("api = FastAPI()", "an attribute that main.py defines, the nearest is api."),
        ("", "main.py defines, and it defines none."),
        ("def make():\n    app = 1", "the nearest is make."),
        ("class A:\n    app = 1", "the nearest is A."),
        ("x.app = 1\nxapp = 2", "the nearest is xapp."),
        ("ok = 1\napp = = 2", "main.py has a syntax error in line 2"),
        ("a\0", "that Python can read"),
        ("def app(): ...", "_app_factory is false; allowed is true, since app in main.py takes no"),
    ],
)
def test_a_module_that_does_not(text: str, words: str) -> None:
    problem = app_source.text_problem("main:app", False, "main.py", text)
    assert problem is not None
    assert words in problem


@pytest.mark.parametrize("line", ["type A[T] = T !", "def f[T](): !", 'f"{a["b"]!!}"', "t'{' !"])
def test_a_line_that_a_newer_python_may_read_is_left_to_the_host(line: str) -> None:
    assert app_source.text_problem("main:app", False, "main.py", line) is None


def problems(source: Path, /, **changes: Any) -> list[str]:
    settled, wrong = check(variables(changes), SPEC)
    assert wrong == []
    return app_source.problems(settled, str(source.parent))


def test_a_good_source(source: Path) -> None:
    (source / "pyproject.toml").write_text("[project]\n")
    (source / "requirements.txt").write_text("fastapi\n")
    assert problems(source) == []
    assert problems(source, dependencies="requirements.txt") == []


def test_a_repository_is_read_on_the_controller_later(source: Path) -> None:
    repository = {"source": LEAVE_OUT, "git_url": "https://a.org/a.git"}
    assert problems(source, **repository) == []
    found = problems(source, **repository, files={"main.py": "ap = 1"})
    assert ["the nearest is ap." in problem for problem in found] == [True]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"source": "nowhere"}, ("_source is 'nowhere'", "a directory", "does not exist")),
        ({"source": "app/main.py"}, ("_source is 'app/main.py'", "is not a directory")),
        ({"dependencies": "uv.lock"}, ("_dependencies is 'uv.lock'", "it has no uv.lock")),
        ({"app": "mian:app"}, ("_app is 'mian:app'", "a module of the source", "is main.")),
        ({"app": "api.wbe:app"}, ("_app is 'api.wbe:app'", "the nearest is api.web.")),
        ({"app": "main:api"}, ("_app is 'main:api'", "the nearest is app.")),
        ({"source_exclude": ["main.*"]}, ("_app is 'main:app'", "a module of the source")),
        ({"files": {"main.py": "api = 1"}}, ("_app is 'main:app'", "the nearest is api.")),
        ({"files": {"uv.lock": ""}}, ("_dependencies is 'auto'", "its pyproject.toml")),
    ],
)
def test_a_source_that_has_not_what_is_named(
    source: Path, changes: dict[str, Any], words: tuple[str, ...]
) -> None:
    found = problems(source, **changes)
    assert len(found) == 1
    assert [word for word in words if word not in found[0]] == []


def test_where_the_module_may_be(source: Path) -> None:
    (source / "src/deep").mkdir(parents=True)
    (source / "src/deep/asgi.py").write_text("app = 1\n")
    (source / "fast.cpython-313-x86_64-linux-gnu.so").write_bytes(b"")
    assert problems(source, app="deep.asgi:app") == []
    assert "src/deep/asgi.py defines" in problems(source, app="deep.asgi:ap")[0]
    assert problems(source, app="fast:app") == []
    assert problems(source, app="api:app", files={"api/__init__.py": "app = 1"}) == []


def test_a_module_may_come_from_a_dependency(source: Path) -> None:
    (source / "requirements.txt").write_text("# none\n")
    assert problems(source, app="datasette:app")
    assert problems(source, app="datasette:app", extra_packages=["datasette"]) == []
    (source / "requirements.txt").write_text("datasette\n")
    assert problems(source, app="datasette:app") == []


def test_a_package_is_wired_up_by_files(source: Path) -> None:
    package = {"source": LEAVE_OUT, "package": "datasette"}
    assert problems(source, **package) == []
    assert problems(source, **package, files={"main.py": "ap = 1"})


def test_a_wheel_must_be_one(source: Path) -> None:
    def wrong(package: str) -> list[str]:
        return problems(source, source=LEAVE_OUT, package=package)

    name = "chat-1.0-py3-none-any.whl"
    assert "there is no" in wrong(name)[0]
    (source.parent / name).write_text("no archive")
    assert "a wheel, <name>" in wrong(name)[0]
    with zipfile.ZipFile(source.parent / name, "w") as wheel:
        wheel.writestr("chat-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\n")
    assert wrong(name) == []
