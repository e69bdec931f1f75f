# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a pyproject.toml and the files beside it say about how to install a source. Pure.

Read with regular expressions: the modules run with Pythons that have no ``tomllib``.
"""

from __future__ import annotations

import re
from typing import Iterable

# Files that list dependencies in a form that uv does not read, and what writes one that it does.
FOREIGN = {
    "Pipfile": "pipenv requirements > requirements.txt",
    "environment.yml": "pip list --format=freeze > requirements.txt",
    "conda.yml": "pip list --format=freeze > requirements.txt",
}
POETRY = "poetry export --output requirements.txt"
# What a project that takes its version from Git's tags has among the requirements of its build.
FROM_TAGS = r"hatch-vcs|setuptools[-_]scm"


def section(pyproject: str, name: str) -> str | None:
    """The text of a table of a TOML file; None without such a table.

    >>> section("[a]\\nx = 1\\n[b.c]\\ny = 2\\n", "b.c")
    'y = 2'
    """
    head = re.search(
        rf"^[ \t]*\[[ \t]*{re.escape(name)}[ \t]*\][ \t]*(#.*)?$", pyproject, re.MULTILINE
    )
    if not head:
        return None
    return re.split(r"^[ \t]*\[", pyproject[head.end() :], maxsplit=1, flags=re.MULTILINE)[
        0
    ].strip()


def is_package(pyproject: str) -> bool:
    """Whether the project is to be installed, rather than files to run in place."""
    if section(pyproject, "build-system") is None:
        return False
    says_no = (("tool.poetry", "package-mode"), ("tool.uv", "package"))
    return not any(
        re.search(rf"^\s*{word}\s*=\s*false\b", section(pyproject, table) or "", re.MULTILINE)
        for table, word in says_no
    )


def requires_python(pyproject: str) -> str:
    """The versions of Python that the project accepts, such as ``>=3.12``; '' if it says nothing.

    uv refuses others when it installs the project, and when it takes the packages of a uv.lock.
    """
    found = re.search(
        r"^\s*requires-python\s*=\s*([\"'])(.*?)\1",
        section(pyproject, "project") or "",
        re.MULTILINE,
    )
    return found[2] if found else ""


def unreadable(pyproject: str | None, others: Iterable[str]) -> str:
    """Why a source whose dependencies are to be found by themselves has none that uv reads.

    ``pyproject`` is None if there is none. ``others`` are the names of files at the source's top.
    The answer is '' if there is nothing to object.
    """
    if pyproject is not None:
        lists = section(pyproject, "project") is not None or is_package(pyproject)
        if lists or section(pyproject, "tool.poetry.dependencies") is None:
            return ""
        return (
            "a pyproject.toml with tool.poetry.dependencies and without a project table, which "
            f"only Poetry reads: {POETRY}"
        )
    for name in sorted(set(others) & set(FOREIGN)):
        article = "an" if name[0] in "aeiou" else "a"
        return f"{article} {name}, and none of the files that uv reads: {FOREIGN[name]}"
    return ""


def version_of(tag: str) -> str:
    """The version that a Git tag names; '' for a branch, a commit or another word.

    >>> version_of("v1.4.0"), version_of("2026.1rc1"), version_of("main"), version_of("a1b2c3d")
    ('1.4.0', '2026.1rc1', '', '')
    """
    found = re.fullmatch(r"(?:[\w.-]*[-_/])?v?(\d+(?:\.\d+)+(?:(?:a|b|rc|\.post|\.dev)\d+)?)", tag)
    return found[1] if found else ""


def version_variables(pyproject: str, tag: str) -> dict[str, str]:
    """Variables that tell a build the version of Git's tag. The packed source has no history.

    hatch-vcs reads the common variable only. It would count for dependencies that are built with
    setuptools-scm too, so setuptools-scm's own variable for one package is used where it can be.
    """
    version = version_of(tag)
    requires = section(pyproject, "build-system") or ""
    if not version or not re.search(FROM_TAGS, requires):
        return {}
    name = re.search(
        r"^\s*name\s*=\s*[\"']([\w.-]+)", section(pyproject, "project") or "", re.MULTILINE
    )
    if "hatch-vcs" in requires or not name:
        return {"SETUPTOOLS_SCM_PRETEND_VERSION": version}
    normal = re.sub(r"[-_.]+", "_", name[1]).upper()
    return {f"SETUPTOOLS_SCM_PRETEND_VERSION_FOR_{normal}": version}
