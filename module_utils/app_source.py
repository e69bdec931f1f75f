# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Check an app on the controller without running it.

Check whether the source, its dependency file or the wheel exists, and whether the app's module
exists and defines the attribute. Report nothing that only an import on the host can decide.
"""

from __future__ import annotations

import ast
import fnmatch
import posixpath
import re
import warnings
import zipfile
from pathlib import Path
from typing import Any, Iterable, Iterator, Mapping, NamedTuple

from .settings.forms import is_wheel_path
from .settings.words import nearest, sentence

DEPENDENCY_FILES = ("uv.lock", "requirements.txt", "pyproject.toml")
IMPORT_ROOTS = ("", "src")
ANY = "*"  # as in "from x import *"
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_BINDERS = ("globals", "vars", "locals", "exec", "setattr")


class Seen(NamedTuple):
    """The facts found, and the problems."""

    facts: dict[str, Any]
    problems: list[str]


# --- Pure: the text of a module ---

# Syntax that the controller's Python may refuse and a newer Python on the host may accept.
_NEWER_SYNTAX = re.compile(
    r"^\s*(type|match|case)\s|\b(def|class)\s+\w+\s*\[|\b[fFtTrR]{1,2}[\"']|\bexcept\b|\bwith\s*\(|\[\s*\*"
)


def _imported(module: ast.Module) -> Iterator[ast.AST]:
    """The nodes that an import of the module runs: all nodes outside functions and classes."""
    waiting: list[ast.AST] = [module]
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, _DEFINITIONS):
            waiting.extend(ast.iter_child_nodes(node))


def _bound(module: ast.Module) -> set[str]:
    """The names that a module binds, also in if, try, with and for; ANY if it may bind any name."""
    names: set[str] = set()
    for node in _imported(module):
        if isinstance(node, _DEFINITIONS):
            names.add(ANY if node.name == "__getattr__" else node.name)
            names.update(*(each.names for each in ast.walk(node) if isinstance(each, ast.Global)))
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names.update(each.asname or each.name.partition(".")[0] for each in node.names)
        elif isinstance(node, ast.Name) and node.id in _BINDERS:
            names.add(ANY)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return names


def text_problem(app: str, factory: bool, path: str, text: str | bytes) -> str | None:
    """Why a module with this text cannot provide the app, as far as the text shows."""
    attribute = app.partition(":")[2]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module = ast.parse(text, path)
    except (SyntaxError, ValueError) as error:
        return _syntax_problem(app, path, error)
    names = _bound(module)
    if not {attribute, ANY} & names:
        public = [name for name in names if not name.startswith("_")]
        near = (
            f", the nearest is {nearest(attribute, public)}" if public else ", and it defines none"
        )
        return sentence("streaming_api_app", app, f"an attribute that {path} defines{near}")
    if not factory and _takes_nothing(module, attribute):
        allowed = f"true, since {attribute} in {path} takes no arguments and so is not an ASGI app"
        return sentence("streaming_api_app_factory", factory, allowed)
    return None


def _syntax_problem(app: str, path: str, error: SyntaxError | ValueError) -> str | None:
    """Describe a syntax error in one sentence, unless a newer Python may accept the line."""
    if not isinstance(error, SyntaxError):
        return sentence(
            "streaming_api_app", app, f"a module that Python can read, {path} has a null byte"
        )
    if _NEWER_SYNTAX.search(error.text or ""):
        return None
    where = f"{path} has a syntax error in line {error.lineno}, {error.msg}"
    return sentence("streaming_api_app", app, f"a module that Python can read, {where}")


def _takes_nothing(module: ast.Module, attribute: str) -> bool:
    """Whether the module defines the attribute as a plain function without arguments."""
    for node in module.body:
        if isinstance(node, ast.FunctionDef) and node.name == attribute:
            return not node.decorator_list and not any(
                isinstance(each, ast.arg) for each in ast.walk(node.args)
            )
    return False


# --- The files ---


class Tree:
    """The source as in a release: without excluded files, and with streaming_api_files."""

    def __init__(
        self, directory: Path | None, exclude: Iterable[str], files: Mapping[str, str]
    ) -> None:
        self.directory = directory
        self.exclude = tuple(exclude)
        self.files = {posixpath.normpath(path): text for path, text in files.items()}

    def read(self, path: str) -> bytes | None:
        """The content of a file; None if the file does not exist."""
        if path in self.files:
            return self.files[path].encode()
        if self.directory is None or self._excluded(path):
            return None
        try:
            return (self.directory / path).read_bytes()
        except OSError:
            return None

    def entries(self, folder: str) -> list[str]:
        """The names in a folder of the tree."""
        prefix = f"{folder}/" if folder else ""
        names = {
            path[len(prefix) :].partition("/")[0] for path in self.files if path.startswith(prefix)
        }
        try:
            if self.directory is not None:
                names.update(each.name for each in (self.directory / folder).iterdir())
        except OSError:
            pass
        return sorted(
            name
            for name in names
            if prefix + name in self.files or not self._excluded(prefix + name)
        )

    def module(self, name: str) -> str | None:
        """The path of a module's file, at the top or below src/."""
        stem = name.replace(".", "/")
        candidates = [
            posixpath.join(root, end)
            for root in IMPORT_ROOTS
            for end in (f"{stem}/__init__.py", f"{stem}.py")
        ]
        return next((path for path in candidates if self.read(path) is not None), None)

    def modules(self, package: str = "") -> list[str]:
        """The modules and packages directly below a package, or at the top."""
        folder = package.replace(".", "/")
        entries = [
            entry
            for root in IMPORT_ROOTS
            for entry in self.entries(posixpath.join(root, folder).rstrip("/"))
        ]
        stems = {
            entry.partition(".")[0]
            for entry in entries
            if entry.endswith((".py", ".so")) or "." not in entry
        }
        return sorted(
            f"{package}.{stem}".lstrip(".")
            for stem in stems
            if stem.isidentifier() and stem[:2] != "__"
        )

    def _excluded(self, path: str) -> bool:
        return any(
            fnmatch.fnmatchcase(part, pattern)
            for part in path.split("/")
            for pattern in self.exclude
        )


def look(settings: Mapping[str, Any], base: str) -> Seen:
    """Check the source, package or files that valid settings name; paths are relative to base."""
    if settings.get("streaming_api_package"):
        return _look_at_package(settings, base)
    if settings.get("streaming_api_git_url"):
        return _look_at_files(settings, "git_url")
    if settings.get("streaming_api_source"):
        return _look_at_source(settings, base)
    return Seen({}, [])


def _path(base: str, path: str) -> Path:
    try:
        return Path(base) / Path(path).expanduser()
    except RuntimeError:  # ~ of a user that does not exist
        return Path(base) / path


def _look_at_package(settings: Mapping[str, Any], base: str) -> Seen:
    facts, problems = _look_at_files(settings, "package")
    package = settings["streaming_api_package"]
    if is_wheel_path(package):
        wheel = _path(base, package)
        facts["wheel"] = str(wheel)
        problems = [*_wheel_problems(package, wheel), *problems]
    return Seen(facts, problems)


def _wheel_problems(package: str, path: Path) -> Iterator[str]:
    if not path.is_file():
        yield sentence(
            "streaming_api_package",
            package,
            f"the path of a wheel that exists, and there is no {path}",
        )
    elif len(path.name.split("-")) not in (5, 6) or not _has_wheel_metadata(path):
        yield sentence(
            "streaming_api_package",
            package,
            "a wheel, <name>-<version>-<tags>.whl with its metadata",
        )


def _has_wheel_metadata(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as wheel:
            return any(re.fullmatch(r"[^/]+\.dist-info/WHEEL", name) for name in wheel.namelist())
    except (OSError, zipfile.BadZipFile):
        return False


def _look_at_files(settings: Mapping[str, Any], origin: str) -> Seen:
    """Check streaming_api_files only; the other files exist only on the host."""
    tree = Tree(None, (), settings.get("streaming_api_files") or {})
    path = tree.module(_module(settings)) if settings.get("streaming_api_app") else None
    problems = _app_problems(settings, tree, path) if path else ()
    return Seen({"origin": origin, "module_file": path}, list(problems))


def _look_at_source(settings: Mapping[str, Any], base: str) -> Seen:
    source = settings["streaming_api_source"]
    directory = _path(base, source)
    facts: dict[str, Any] = {"origin": "source", "source": str(directory)}
    if not directory.is_dir():
        what = "is not a directory" if directory.exists() else "does not exist"
        allowed = f"a directory of the controller, and {facts['source']} {what}"
        return Seen(facts, [sentence("streaming_api_source", source, allowed)])
    files = settings.get("streaming_api_files") or {}
    tree = Tree(directory, settings.get("streaming_api_source_exclude") or (), files)
    present = [name for name in DEPENDENCY_FILES if tree.read(name) is not None]
    chosen = settings.get("streaming_api_dependencies", "auto")
    facts["dependencies"] = present
    facts["dependency_file"] = (present[0] if present else None) if chosen == "auto" else chosen
    problems = list(_dependency_problems(tree, chosen, facts["dependency_file"]))
    if settings.get("streaming_api_app"):
        facts["module_file"] = tree.module(_module(settings))
        problems.extend(_app_problems(settings, tree, facts["module_file"]))
    return Seen(facts, problems)


def _dependency_problems(tree: Tree, chosen: str, path: str | None) -> Iterator[str]:
    if path is None:
        return
    if tree.read(path) is None:
        yield sentence(
            "streaming_api_dependencies",
            chosen,
            f"auto or a file of the source, and it has no {path}",
        )
    elif (
        posixpath.basename(path) == "uv.lock"
        and tree.read(posixpath.join(posixpath.dirname(path), "pyproject.toml")) is None
    ):
        yield sentence(
            "streaming_api_dependencies", chosen, "a uv.lock only with its pyproject.toml beside it"
        )


def _module(settings: Mapping[str, Any]) -> str:
    return str(settings["streaming_api_app"]).partition(":")[0]


def _app_problems(settings: Mapping[str, Any], tree: Tree, path: str | None) -> Iterator[str]:
    app = settings["streaming_api_app"]
    if path:
        problem = text_problem(
            app, bool(settings.get("streaming_api_app_factory")), path, tree.read(path) or b""
        )
        if problem:
            yield problem
    elif _is_absent(tree, _module(settings), settings):
        parent = _module(settings).rpartition(".")[0]
        known = tree.modules(parent) or tree.modules()
        near = (
            f", the nearest is {nearest(_module(settings), known)}"
            if known
            else ", and it has none"
        )
        yield sentence("streaming_api_app", app, f"a module of the source{near}")


def _is_absent(tree: Tree, module: str, settings: Mapping[str, Any]) -> bool:
    """Whether neither the source nor a dependency can contain the module."""
    parent = module.rpartition(".")[0]
    if module in tree.modules(parent):  # compiled, or a namespace
        return False
    own_package = bool(parent) and (tree.module(parent) or "").endswith("/__init__.py")
    return own_package or not _depends(tree, settings)


def _depends(tree: Tree, settings: Mapping[str, Any]) -> bool:
    """Whether the release installs any dependency that could contain the app."""
    named = settings.get("streaming_api_dependencies") or "auto"
    texts = (tree.read(path) for path in (*DEPENDENCY_FILES, "setup.py", "setup.cfg", named))
    lines = (line.strip() for text in texts if text for line in text.splitlines())
    return bool(settings.get("streaming_api_extra_packages")) or any(
        line and not line.startswith(b"#") for line in lines
    )
