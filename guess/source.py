"""What the Python files of an app say, from their syntax alone. Pure: texts in, findings out."""

from __future__ import annotations

import ast
import posixpath
import re
import warnings
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# What makes an ASGI app: the last part of the name that is called.
MAKERS = {
    "FastAPI": "FastAPI",
    "Starlette": "Starlette",
    "Litestar": "Litestar",
    "Quart": "Quart",
    "ASGIApp": "socketio",
    "get_asgi_application": "Django",
    "get_wsgi_application": "",  # no ASGI: never an app of ours
    "http_app": "FastMCP",
    "streamable_http_app": "MCP",
    "create_asgi_app": "marimo",
}
FACTORIES = ("create_app", "make_app", "get_app", "build_app", "app_factory")
STREAMING = {"StreamingResponse", "EventSourceResponse", "StreamingHttpResponse"}
METHODS = ("get", "post", "put", "patch", "delete", "websocket")
# Annotations of arguments that FastAPI fills in by itself.
FILLED = {"Request", "Response", "WebSocket", "BackgroundTasks", "Context"}
LIKELY = ("asgi", "main", "app", "server", "api")  # names of modules, the likeliest first
TESTS = re.compile(r"(^|/)(tests?|examples?|docs)/|(^|/)(test_[^/]*|conftest)\.py$")


class Line(NamedTuple):
    """A line of the source, as `path:line`."""

    path: str
    number: int

    def __str__(self) -> str:
        return f"{self.path}:{self.number}"


class App(NamedTuple):
    """A name at the top of a module that holds an ASGI app, or a function that returns one."""

    module: str
    attribute: str
    framework: str
    at: Line
    is_factory: bool = False

    @property
    def reference(self) -> str:
        return f"{self.module}:{self.attribute}"


class Route(NamedTuple):
    """A path that the app serves. ``why_not`` says why a request needs to know more, or is ''."""

    path: str
    method: str
    at: Line
    streams: bool
    why_not: str = ""


class Setting(NamedTuple):
    """An environment variable that the app reads."""

    name: str
    is_required: bool
    at: Line


class Module(NamedTuple):
    path: str
    tree: ast.Module

    def at(self, node: ast.AST) -> Line:
        return Line(self.path, getattr(node, "lineno", 1))

    @property
    def name(self) -> str:
        """As it is imported from the top of the source, or from src/."""
        stem = re.sub(r"^src/", "", self.path)[: -len(".py")]
        return re.sub(r"/__init__$", "", stem).replace("/", ".")


def modules(files: Mapping[str, str]) -> list[Module]:
    """The modules of the app among these files, without its tests and what cannot be read."""
    found = []
    for path, text in sorted(files.items()):
        if not path.endswith(".py") or TESTS.search(path):
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                found.append(Module(path, ast.parse(text)))
            except (SyntaxError, ValueError):
                continue
    return found


def apps(known: list[Module]) -> list[App]:
    """The ASGI apps, the likeliest first."""
    found = [app for module in known for app in _apps_of(module)]
    return sorted(found, key=_unlikelihood)


def _apps_of(module: Module) -> Iterator[App]:
    for node in module.tree.body:
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value:
            framework = _maker(node.value)
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if framework and isinstance(target, ast.Name):
                    yield App(module.name, target.id, framework, module.at(node))
        elif isinstance(node, ast.FunctionDef) and node.name in FACTORIES:
            needs = len(node.args.args) - len(node.args.defaults)
            framework = next(filter(None, (_maker(each) for each in ast.walk(node))), "")
            if framework and not needs:
                yield App(module.name, node.name, framework, module.at(node), is_factory=True)


def _maker(node: ast.AST) -> str:
    """The framework of an expression that makes an app, '' for another expression."""
    if not isinstance(node, ast.Call):
        return ""
    return next((MAKERS[name] for name in _called(node) if MAKERS.get(name)), "")


def _called(node: ast.AST) -> Iterator[str]:
    """The names of what an expression calls, from the outermost on."""
    for each in ast.walk(node):
        if isinstance(each, ast.Call):
            yield _last(each.func)


def _last(node: ast.AST) -> str:
    """`c` of `a.b.c`."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _unlikelihood(app: App) -> tuple[object, ...]:
    stem = app.module.rpartition(".")[2]
    rank = LIKELY.index(stem) if stem in LIKELY else len(LIKELY)
    return app.is_factory, app.attribute not in ("app", "application"), rank, app.at


def routes(known: list[Module]) -> list[Route]:
    """The routes that decorators and tables of routes name, in the order of the files."""
    streaming = _streaming(known)
    prefixes = _prefixes(known)
    return [
        route
        for module in known
        for node in ast.walk(module.tree)
        for route in (
            _decorated(module, node, streaming, prefixes)
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
            else _listed(module, node, streaming)
        )
    ]


def _streaming(known: list[Module]) -> set[str]:
    """The functions and classes that make a streaming response, by themselves or by others."""
    mentioned = [
        (node.name, names)
        for module in known
        for imported in [_imported(module)]
        for node in ast.walk(module.tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
        for names in [{name for each in ast.walk(node) for name in _used(each, imported)}]
    ]
    found = set(STREAMING)
    while True:
        more = {name for name, names in mentioned if names & found} - found
        if not more:
            return found
        found |= more


def _used(node: ast.AST, imported: set[str]) -> Iterator[str]:
    """A name, or what is taken from something imported; `get` of any other object is not ours."""
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Attribute) and _last(node.value) in imported:
        yield node.attr


def _imported(module: Module) -> set[str]:
    return {
        (each.asname or each.name).partition(".")[0]
        for node in ast.walk(module.tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for each in node.names
    }


def _decorated(
    module: Module,
    node: ast.FunctionDef | ast.AsyncFunctionDef,
    streaming: set[str],
    prefixes: Mapping[tuple[str, str], str | None],
) -> Iterator[Route]:
    for call in node.decorator_list:
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
            continue
        path = _text(call.args[0]) if call.args else None
        method = call.func.attr
        if path is None or not path.startswith("/") or method not in METHODS:
            continue
        router = _last(call.func.value)
        prefix = prefixes.get((module.name, router), "")
        classes = {_last(word.value) for word in call.keywords if word.arg == "response_class"}
        why = "the router's prefix is not known" if prefix is None else _why_not(node, path, method)
        streams = node.name in streaming or bool(classes & streaming)
        yield Route(f"{prefix or ''}{path}", method.upper(), module.at(node), streams, why)


def _why_not(node: ast.FunctionDef | ast.AsyncFunctionDef, path: str, method: str) -> str:
    if method != "get":
        return "it is a WebSocket" if method == "websocket" else f"it takes {method.upper()}"
    if "{" in path:
        return "its path has a parameter"
    arguments = [*node.args.posonlyargs, *node.args.args]
    optional = len(node.args.defaults)
    for argument in arguments[: len(arguments) - optional]:
        kind = argument.annotation
        if kind is None or not {_last(each) for each in ast.walk(kind)} & FILLED:
            return f"it needs {argument.arg}"
    hints = [*node.args.defaults, *filter(None, (each.annotation for each in arguments))]
    if any({"Depends", "Security"} & {_last(each) for each in ast.walk(hint)} for hint in hints):
        return "it depends on something, a login perhaps"
    return ""


def _listed(module: Module, node: ast.AST, streaming: set[str]) -> Iterator[Route]:
    """Starlette's Route(path, function), and Django's path(path, function)."""
    if not isinstance(node, ast.Call) or len(node.args) < 2:
        return
    kind, path, function = _last(node.func), _text(node.args[0]), _last(node.args[1])
    if path is None or kind not in ("Route", "path") or not function:
        return
    why = "its path has a parameter" if re.search(r"[{<]", path) else ""
    yield Route("/" + path.lstrip("/"), "GET", module.at(node), function in streaming, why)


def _prefixes(known: list[Module]) -> dict[tuple[str, str], str | None]:
    """The prefix of each APIRouter, by module and name; None if nobody includes it."""
    own: dict[tuple[str, str], str] = {}
    included: dict[tuple[str, str], str] = {}
    for module in known:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Assign) and "APIRouter" in _called(node.value):
                for target in node.targets:
                    own[module.name, _last(target)] = _keyword(node.value, "prefix")
            elif isinstance(node, ast.Call) and _last(node.func) == "include_router" and node.args:
                for key in _meant(node.args[0], module):
                    included[key] = _keyword(node, "prefix")
    return {key: included[key] + prefix if key in included else None for key, prefix in own.items()}


def _meant(node: ast.AST, module: Module) -> Iterator[tuple[str, str]]:
    """The module and the name that a word of this module may mean."""
    imported = {
        each.asname or each.name: (item.module or "", each.name)
        for item in ast.walk(module.tree)
        if isinstance(item, ast.ImportFrom)
        for each in item.names
    }
    package = module.name.rpartition(".")[0]
    if isinstance(node, ast.Name):
        where, name = imported.get(node.id, (module.name, node.id))
        yield from ((where, name), (f"{package}.{where}".strip("."), name))
    elif isinstance(node, ast.Attribute):
        holder = _last(node.value)
        where, name = imported.get(holder, ("", holder))
        full = f"{where}.{name}".strip(".")
        yield from ((full, node.attr), (f"{package}.{full}".strip("."), node.attr))


def _keyword(node: ast.AST, name: str) -> str:
    words = node.keywords if isinstance(node, ast.Call) else []
    return next((_text(word.value) or "" for word in words if word.arg == name), "")


def _text(node: ast.AST) -> str | None:
    is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return str(node.value) if is_text and isinstance(node, ast.Constant) else None


def settings(known: list[Module]) -> list[Setting]:
    """The environment variables, each once: os.environ, os.getenv, and fields of BaseSettings."""
    found: dict[str, Setting] = {}
    for module in known:
        for node in ast.walk(module.tree):
            for one in _settings_of(module, node):
                known_before = found.get(one.name)
                if not known_before or (one.is_required and not known_before.is_required):
                    found[one.name] = one
    return [found[name] for name in sorted(found)]


def _settings_of(module: Module, node: ast.AST) -> Iterator[Setting]:
    if isinstance(node, ast.Subscript) and _last(node.value) == "environ":
        name = _text(node.slice)
        if name and isinstance(node.ctx, ast.Load):
            yield Setting(name, is_required=True, at=module.at(node))
    elif isinstance(node, ast.Call) and node.args:
        owner = _last(node.func.value) if isinstance(node.func, ast.Attribute) else ""
        reads = _last(node.func) == "getenv" or (owner, _last(node.func)) == ("environ", "get")
        name = _text(node.args[0])
        if reads and name:
            yield Setting(name, is_required=False, at=module.at(node))
    elif isinstance(node, ast.ClassDef) and "BaseSettings" in {_last(one) for one in node.bases}:
        for field in node.body:
            name = _last(field.target).upper() if isinstance(field, ast.AnnAssign) else ""
            if isinstance(field, ast.AnnAssign) and name not in ("", "MODEL_CONFIG"):
                yield Setting(name, is_required=field.value is None, at=module.at(field))


def mentions(known: list[Module], *names: str) -> Line | None:
    """The first line that uses one of these names."""
    for module in known:
        for node in ast.walk(module.tree):
            if _last(node) in names:
                return module.at(node)
    return None


def top(files: Mapping[str, str], *names: str) -> str:
    """The first of these files that the source has at its top, '' for none."""
    return next((name for name in names if name in files and not posixpath.dirname(name)), "")
