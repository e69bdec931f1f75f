"""The recipes of docs/recipes: what their pages print, as the tests deploy it."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import yaml

PAGES = Path(__file__).parents[2] / "docs/recipes"

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"\A\W*FILE: (\S+)")
_SECRET = re.compile(r"lookup\('env', '(\w+)'\)")


@dataclasses.dataclass(frozen=True)
class Recipe:
    """A page.

    `variables` is the text of its YAML. `before` are the variables of other apps, which are deployed
    first. `files` maps paths to texts. `commands` is a script for the host, which must print each
    text of `prints`. `secrets` are the environment variables of the controller that the variables
    read.
    """

    name: str
    variables: str
    files: dict[str, str]
    commands: str
    prints: list[str]
    secrets: list[str]
    before: list[str]


class PageError(Exception):
    """A page is no recipe; the message says why."""


def recipe(page: Path) -> Recipe:
    """Read a page. Raises PageError."""
    blocks = _BLOCK.findall(page.read_text())
    named = {found[1]: text for _, text in blocks if (found := _FILE.search(text))}
    before = {name: text for name, text in named.items() if _is_app(name, text)}
    files = {name: text for name, text in named.items() if name not in before}
    rest = [(kind, text) for kind, text in blocks if not _FILE.search(text)]
    variables = [text for kind, text in rest if kind == "yaml"]
    if len(variables) != 1:
        raise PageError(f"{page.name} has {len(variables)} blocks of yaml; allowed is one.")
    commands = "".join(text for kind, text in rest if kind == "sh")
    return Recipe(
        page.stem,
        variables[0],
        files,
        commands,
        re.findall(r"^# (.+)$", commands, re.MULTILINE),
        sorted(set(_SECRET.findall("".join([*before.values(), *variables])))),
        list(before.values()),
    )


def _is_app(name: str, text: str) -> bool:
    """Whether a file has the variables of an app."""
    given = yaml.safe_load(text) if name.endswith(".yml") else None
    return isinstance(given, dict) and "streaming_api_name" in given


def recipes() -> list[Recipe]:
    """All of them."""
    return [recipe(page) for page in sorted(PAGES.glob("*.md")) if page.stem != "README"]
