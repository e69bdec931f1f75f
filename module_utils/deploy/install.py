# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The commands of uv that fill a release's virtual environment."""

from __future__ import annotations

import posixpath
import re
from typing import Any, Mapping, NamedTuple, Sequence

# The first one that exists wins.
DEPENDENCY_FILES = ("uv.lock", "requirements.txt", "pyproject.toml", "setup.py")


class Step(NamedTuple):
    """A command of uv. ``what`` describes the command in the message of a failure."""

    what: str
    command: list[str]


def project(dependencies: str) -> str:
    """The directory of the source that may be an installable project; '' is the top.

    A list of requirements can be anywhere, so its directory means nothing.
    """
    if dependencies == "auto" or dependencies.endswith(".txt"):
        return ""
    return posixpath.dirname(dependencies)


def steps(
    given: Mapping[str, Any], release: Mapping[str, Any], directory: str, wheel: str
) -> list[Step]:
    """The commands that create the virtual environment and install the app's packages.

    The server's packages follow later. ``given`` are the role's variables. ``release`` describes
    the source (``dependency_files``, ``installable``). ``wheel`` is the name of the wheel in the
    source, '' without one.
    """
    named = given["streaming_api_dependencies"]
    found = release["dependency_files"]
    file = (found[0] if found else "") if named == "auto" else named
    python = given["streaming_api_python"]
    venv = ["venv", "--quiet", "--allow-existing", "--python", python, f"{directory}/venv"]
    return [
        Step("create the virtual environment", venv),
        *(
            Step("install the app's dependencies", command)
            for command in _installs(given, file, installable=release["installable"], wheel=wheel)
        ),
    ]


def _installs(
    given: Mapping[str, Any], file: str, *, installable: bool, wheel: str
) -> Sequence[list[str]]:
    name = posixpath.basename(file)
    commands: list[list[str]] = []
    if name == "uv.lock":
        top = posixpath.dirname(file) or "."
        commands.append(["sync", "--project", top, "--frozen", "--no-dev", "--no-editable"])
    elif file and name != "setup.py":
        commands.append(["pip", "install", "--requirements", file])
    if installable and name != "uv.lock":
        # A list of requirements contains the dependencies of the project already.
        no_more = ["--no-deps"] if name.endswith(".txt") else []
        top = project(given["streaming_api_dependencies"])
        commands.append(["pip", "install", f"./{top}", *no_more])
    package = wheel or given["streaming_api_package"] or ""
    if package:
        commands.append(["pip", "install", package])
    if given["streaming_api_extra_packages"]:
        commands.append(["pip", "install", *given["streaming_api_extra_packages"]])
    return commands


def locked(lock: str, wanted: Sequence[str]) -> str:
    """The lock of the server's packages; '' if the packages are not those of the lock.

    The lock begins with a comment that lists them.
    """
    first = lock.partition("\n")[0]
    return lock if sorted(first.lstrip("# ").split()) == sorted(" ".join(wanted).split()) else ""


def missing(lock: str, brought: str) -> str:
    """The requirements of a lock, with hashes, for packages that the app has not brought.

    ``brought`` is what ``pip freeze`` says.
    """
    there = {_name(line) for line in brought.splitlines()}
    entries = re.findall(r"^[\w.-]+==.*(?:\n\s+--hash=.*)*", lock, re.MULTILINE)
    return "".join(f"{entry}\n" for entry in entries if _name(entry) not in there)


def _name(requirement: str) -> str:
    """The name of a requirement as indexes compare it."""
    found = re.match(r"[\w.-]+", requirement)
    return re.sub(r"[-_.]+", "-", found[0]).lower() if found else ""
