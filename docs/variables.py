#!/usr/bin/env python3
"""Render the role's variables from its argument_specs.

Writes docs/variables.md, and the table between the markers in README.md when there is one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
SPECS = ROOT / "roles/streaming_api/meta/argument_specs.yml"
PAGE = ROOT / "docs/variables.md"
README = ROOT / "README.md"
# What a first inventory has; the rest is on the page.
FIRST = [
    "name",
    "app",
    "source",
    "git_url",
    "package",
    "environment",
    "secrets",
    "gunicorn_workers",
    "nginx_server_names",
    "tls",
    "nginx_trusted_proxies",
    "nginx_locations",
]
MARKERS = re.compile(r"(<!-- variables -->\n).*?(<!-- /variables -->)", re.DOTALL)

Options = Mapping[str, Mapping[str, Any]]


def main() -> None:
    text = SPECS.read_text()
    PAGE.write_text(page(text))
    if README.exists():
        README.write_text(with_short_table(README.read_text(), text))


def page(text: str) -> str:
    """The whole of docs/variables.md."""
    spec = load(text)
    lines = [
        "# Variables of the role streaming_api",
        "",
        "<!-- Made by docs/variables.py from the role's meta/argument_specs.yml: edit that. -->",
    ]
    for paragraph in spec["description"]:
        lines += ["", markdown(paragraph)]
    for title, names in sections(text):
        options = {name: spec["options"][name] for name in names}
        lines += ["", f"## {title[0].upper()}{title[1:]}", "", *table(options)]
        for name, option in options.items():
            if "options" in option:
                lines += ["", f"### Each of `{name}`", "", *table(option["options"])]
    return "\n".join(lines) + "\n"


def with_short_table(readme: str, text: str) -> str:
    """The README with the table of the first variables between its markers."""
    options = load(text)["options"]
    first = {f"streaming_api_{name}": options[f"streaming_api_{name}"] for name in FIRST}
    rows = [
        f"| `{name}` | {default(option)} | {first_sentence(option['description'])} |"
        for name, option in first.items()
    ]
    lines = ["| Variable | Default | |", "|---|---|---|", *rows]
    return MARKERS.sub(lambda found: found[1] + "\n".join(lines) + "\n" + found[2], readme)


def load(text: str) -> dict[str, Any]:
    spec: dict[str, Any] = yaml.safe_load(text)["argument_specs"]["main"]
    return spec


def sections(text: str) -> Iterator[tuple[str, list[str]]]:
    """The comments that part the variables, and the names below each."""
    parts = re.split(r"^ +# --- (.+) ---$", text, flags=re.MULTILINE)
    for title, part in zip(parts[1::2], parts[2::2], strict=True):
        yield title, re.findall(r"^ {6}(\w+):$", part, flags=re.MULTILINE)


def table(options: Options) -> Iterator[str]:
    yield "| Name | Type | Default | Meaning |"
    yield "|---|---|---|---|"
    for name, option in options.items():
        cells = (code(name), kind(option), default(option), markdown(option["description"]))
        yield f"| {' | '.join(cells)} |"


def kind(option: Mapping[str, Any]) -> str:
    if "choices" in option:
        return " or ".join(code(choice) for choice in option["choices"])
    elements = f" of {option['elements']}" if "elements" in option else ""
    return f"{option['type']}{elements}"


def default(option: Mapping[str, Any]) -> str:
    if "default" not in option:
        return "required" if option.get("required") else ""
    value = option["default"]
    return code(value if isinstance(value, str) and value else json.dumps(value))


def first_sentence(description: str) -> str:
    return re.split(r"(?<=\.)\s+(?=[A-Z`])", markdown(description))[0]


def markdown(text: str) -> str:
    """Ansible's markup in Markdown, fit for a cell of a table."""
    text = re.sub(r"\b[OVCE]\(((?:[^()\\]|\\.)*)\)", lambda found: code(found[1]), text)
    text = re.sub(r"\bB\(([^)]*)\)", r"**\1**", text)
    return re.sub(r"\bI\(([^)]*)\)", r"*\1*", text).replace("|", r"\|")


def code(text: object) -> str:
    return f"`{text}`"


if __name__ == "__main__":
    main()
