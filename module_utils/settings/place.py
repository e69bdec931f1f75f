# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The place of a value, and a complaint about the value; secrets are never quoted."""

from __future__ import annotations

from typing import NamedTuple

from .words import LONGEST, sentence

REDACTED = "***"
HIDDEN = ("streaming_api_secrets", "streaming_api_build_environment", "streaming_api_tls_key")


class Place(NamedTuple):
    """The place of a value: a label for people, and a path for RULES."""

    label: str
    path: str

    def item(self, index: int) -> Place:
        return Place(f"{self.label}[{index}]", f"{self.path}[]")

    def option(self, name: str) -> Place:
        return Place(f"{self.label}.{name}", f"{self.path}.{name}")

    def name(self) -> Place:
        return Place(f"A name in {self.label}", f"{self.path}{{}}")

    def value(self, name: object) -> Place:
        return Place(f"{self.label}.{name_shown(self, name)}", f"{self.path}.*")

    @property
    def hidden(self) -> bool:
        return self.path.startswith(HIDDEN) and not self.path.endswith("{}")


def name_shown(place: Place, name: object) -> str:
    """The name of a mapping's entry; of a secret only the text before an equals sign."""
    text = str(name)
    if place.path.startswith(HIDDEN):
        text = text.partition("=")[0]
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def complaint(place: Place, value: object, allowed: str) -> str:
    if place.hidden:
        return f"{place.label} is {REDACTED}; allowed is {allowed}."
    return sentence(place.label, value, allowed)
