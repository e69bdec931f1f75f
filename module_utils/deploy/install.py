# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The commands of uv that fill a release's virtual environment."""

from __future__ import annotations

import posixpath
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
