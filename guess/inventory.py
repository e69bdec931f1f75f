"""Write the inventory: each line with what it was guessed from."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from plugins.module_utils.release import errors, scan

from . import variables

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[1]
DEFAULTS = ROOT / "roles/streaming_api/defaults/main.yml"
HOST = "api.example.com"
LARGEST = 1_000_000  # bytes of a file that is read
WIDTH = 44
NAMES = (
    "pyproject.toml",
    "uv.lock",
    "setup.cfg",
    "Pipfile",
    "environment.yml",
    "conda.yml",
    "alembic.ini",
)


def text(found: variables.Guessed, host: str, command: str) -> str:
    """The inventory as YAML."""
    lines = [
        "---",
        f"# Written by {command}, from what the source shows. Check each line.",
        "streaming_api:",
        "  hosts:",
        f"    {host}:",
        "      ansible_user: ubuntu # who may use sudo there",
        "  vars:",
        *_lines(found.guesses),
        _line(4, f"streaming_api_nginx_server_names: [{host}]", ""),
        *(f"    # {note}" for note in found.notes),
    ]
    return "\n".join(lines) + "\n"


def _lines(guesses: Sequence[variables.Guess]) -> list[str]:
    lines = []
    mapping = ""
    for one in guesses:
        if not one.key:
            lines.append(_line(4, f"{one.name}: {_value(one.value)}", one.why))
            continue
        if one.name != mapping:
            lines.append(f"    {one.name}:")
            mapping = one.name
        lines.append(_line(6, f"{one.key}: {_value(one.value)}", one.why))
    return lines


def _line(indent: int, content: str, why: str) -> str:
    start = " " * indent + content
    return f"{start:<{WIDTH}} # {why}" if why else start


def _value(value: Any) -> str:
    if isinstance(value, str) and "'" in value:
        return json.dumps(value)
    dumped = yaml.safe_dump(value, default_flow_style=True, width=10_000)
    return dumped.partition("\n...")[0].strip()


def read(directory: Path) -> dict[str, str]:
    """The texts of the files that a guess reads, by their paths in the source."""
    exclude = yaml.safe_load(DEFAULTS.read_text())["streaming_api_source_exclude"]
    found = {}
    for entry in scan.scan(str(directory), exclude):
        path, file = entry.name.decode(errors="replace"), Path(entry.path)
        wanted = path.endswith((".py", ".txt")) or path in NAMES
        if wanted and file.is_file() and file.stat().st_size <= LARGEST:
            found[path] = file.read_text(errors="replace")
    return found


def main(arguments: Sequence[str]) -> int:
    """Write inventory/NAME.yml of a directory, and show it."""
    if len(arguments) not in (1, 2):
        print("./dev try DIRECTORY [HOST]", file=sys.stderr)
        return 2
    directory, host = Path(arguments[0]).expanduser().resolve(), (*arguments, HOST)[1]
    try:
        found = variables.guess(read(directory), str(directory))
    except (ValueError, errors.ReleaseError) as error:
        print(error, file=sys.stderr)
        return 1
    file = ROOT / f"inventory/{variables.app_name(str(directory))}.yml"
    shown = file.relative_to(ROOT)
    if file.exists():
        print(f"{shown} exists already: remove it, or edit it.", file=sys.stderr)
        return 1
    file.write_text(text(found, host, f"./dev try {arguments[0]}"))
    print(file.read_text())
    print(f"ansible-playbook -i {shown} playbooks/site.yml --check --diff")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
