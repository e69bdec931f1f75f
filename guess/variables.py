"""From what a source says to variables of the role. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from plugins.module_utils.deploy.install import DEPENDENCY_FILES
from plugins.module_utils.release import layout

from . import source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# The likeliest first: whether it is ready says more than whether it is alive.
HEALTH = (r"/(health/)?ready(z|iness)?/?", r"/_?health(z|-?check)?/?", r"/(livez?|ping)/?")
SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL|DSN|DATABASE_URL|AUTH")
LATER = "set it"


class Guess(NamedTuple):
    """A variable, or with ``key`` one entry of a mapping, and what it was guessed from."""

    name: str
    value: Any
    why: str
    key: str = ""


class Guessed(NamedTuple):
    """The variables in their order, and remarks for the person who checks them."""

    guesses: list[Guess]
    notes: list[str]


def guess(files: Mapping[str, str], directory: str) -> Guessed:
    """Guess from the texts of a source's files.

    ``directory`` is the path of the source. Raises ValueError, with a sentence, if it has no app.
    """
    known = source.modules(files)
    found = source.apps(known)
    if not found:
        raise ValueError(
            f"{directory} has no ASGI app that its files show: no name at the top of a module that "
            "is FastAPI(), Starlette(), Django's get_asgi_application() or the like."
        )
    all_routes = source.routes(known)
    guesses = [
        *_base(files, directory, found),
        *_health(all_routes),
        *_environment(source.settings(known)),
        *_before_start(files, found[0]),
        *_proof(all_routes),
    ]
    return Guessed(guesses, [*_notes(files, known, found, all_routes)])


def app_name(directory: str) -> str:
    """A name of the app from the name of its directory.

    >>> app_name("/home/me/My_Chat.App"), app_name("/srv/9lives")
    ('my-chat-app', 'app-9lives')
    """
    last = directory.rstrip("/").rpartition("/")[2].lower()
    words = re.sub(r"[^a-z0-9]+", "-", last).strip("-") or "app"
    return (words if words[0].isalpha() else f"app-{words}")[:24].rstrip("-")


def _base(files: Mapping[str, str], directory: str, found: list[source.App]) -> Iterator[Guess]:
    app = found[0]
    yield Guess("streaming_api_name", app_name(directory), "the directory's name")
    yield Guess("streaming_api_source", directory, "")
    yield Guess("streaming_api_app", app.reference, f"{app.at}, {app.framework}")
    if app.is_factory:
        yield Guess("streaming_api_app_factory", True, f"{app.at} is a function")
    if app.framework in ("marimo", "FastMCP", "MCP", "socketio"):
        why = f"{app.framework} keeps sessions in the memory of a process"
        yield Guess("streaming_api_gunicorn_workers", 1, why)
    pyproject = files.get("pyproject.toml", "")
    requires = layout.requires_python(pyproject)
    version = re.search(r"3\.(\d+)", requires)
    if version and requires.startswith((">=", "~=", "==")) and int(version[1]) > 10:
        why = f"pyproject.toml requires {requires}; without this line, the host's own Python"
        yield Guess("streaming_api_python", version[0], why)


def _health(routes: list[source.Route]) -> Iterator[Guess]:
    for pattern in HEALTH:
        for route in routes:
            if re.fullmatch(pattern, route.path) and not route.why_not:
                yield Guess("streaming_api_health_path", route.path, str(route.at))
                return


def _environment(settings: list[source.Setting]) -> Iterator[Guess]:
    required = [one for one in settings if one.is_required]
    for one in required:
        if not SECRET.search(one.name):
            yield Guess("streaming_api_environment", LATER, f"{one.at} reads it", one.name)
    for one in required:
        if SECRET.search(one.name):
            value = f"{{{{ lookup('env', '{one.name}') }}}}"
            yield Guess("streaming_api_secrets", value, f"{one.at} reads it", one.name)


def _before_start(files: Mapping[str, str], app: source.App) -> Iterator[Guess]:
    if app.framework == "Django" and "manage.py" in files:
        yield Guess(
            "streaming_api_before_start", ["python manage.py migrate --noinput"], "manage.py"
        )
    elif "alembic.ini" in files:
        yield Guess("streaming_api_before_start", ["alembic upgrade head"], "alembic.ini")


def _proof(routes: list[source.Route]) -> Iterator[Guess]:
    found = [route for route in routes if route.streams and not route.why_not]
    if found:
        why = ", ".join(str(route.at) for route in found)
        yield Guess("streaming_api_proof_paths", [route.path for route in found], why)


def _notes(
    files: Mapping[str, str],
    known: list[source.Module],
    found: list[source.App],
    routes: list[source.Route],
) -> Iterator[str]:
    for other in found[1:4]:
        yield f"{other.at} has another app: {other.reference}"
    listed = source.top(files, *DEPENDENCY_FILES)
    lists = [name for name in files if "/" not in name]
    objection = layout.unreadable(files.get("pyproject.toml"), lists)
    if objection and listed in ("", "pyproject.toml"):
        yield f"The dependencies cannot be installed: the source has {objection}"
    elif listed:
        yield f"{listed} lists what is installed"
    else:
        yield "No file lists what is to be installed: write a requirements.txt"
    for route in routes:
        if route.streams and route.why_not:
            what = f"{route.at} streams at {route.method} {route.path}"
            yield f"{what}, and is not measured: {route.why_not}"
    collects = source.mentions(known, "GZipMiddleware", "BrotliMiddleware")
    if collects:
        yield f"{collects} compresses; the proof shows whether streams wait for it"
    optional = [one.name for one in source.settings(known) if not one.is_required]
    if optional:
        yield f"Environment variables with a default: {', '.join(optional)}"
    if found[0].framework == "Django":
        yield "Django answers 400 if ALLOWED_HOSTS lacks the server's name"
