# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Walk through the spec: check the variables, convert them, set the defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Iterator, Mapping, NamedTuple

from .allowed import allowed_at
from .cross import CROSS
from .kinds import KINDS, SPELT
from .place import REDACTED, Place, complaint, name_shown
from .rules import RULES
from .words import listed, nearest

if TYPE_CHECKING:
    from .forms import Rule

Options = Mapping[str, Mapping[str, Any]]


class Checked(NamedTuple):
    """The valid variables, converted and with the spec's defaults, and the problems."""

    settings: dict[str, Any]
    problems: list[str]


def check(values: Mapping[str, Any], spec: Options) -> Checked:
    """Check the user's variables against the spec's options and the tables."""
    given = {
        name: value for name, value in values.items() if not _is_left_out(value, spec.get(name))
    }
    settings, problems = _check_options(given, spec, lambda name: Place(name, name))
    for names, crossing in CROSS:
        if all(name in settings for name in names):
            problems.extend(crossing(*(settings[name] for name in names)))
    return Checked(settings, problems)


def _is_left_out(value: Any, option: Mapping[str, Any] | None) -> bool:
    """Whether a value is empty and has no default, as templating renders an unset variable."""
    if option is None or "default" in option or option.get("required"):
        return False
    return value is None or value == ""


def _check_options(
    values: Mapping[str, Any], options: Options, at: Callable[[str], Place]
) -> Checked:
    checked = Checked({}, list(_unknown(values, options, at)))
    for name, option in options.items():
        if name in values:
            settled, problems = _check_value(at(name), values[name], option)
        else:
            settled, problems = _default(option), list(_missing(at(name), option))
        checked.problems.extend(problems)
        if not problems:
            checked.settings[name] = settled
    return checked


def _missing(place: Place, option: Mapping[str, Any]) -> Iterator[str]:
    if option.get("required"):
        allowed = allowed_at(place.path, option)
        yield f"{place.label} is missing; it is required, and allowed is {allowed}."


def _default(option: Mapping[str, Any]) -> Any:
    """The spec's default; None for a default that needs templating."""
    default = option.get("default")
    return None if isinstance(default, str) and "{{" in default else default


def _unknown(
    values: Mapping[str, Any], options: Options, at: Callable[[str], Place]
) -> Iterator[str]:
    for name in values:
        if name not in options:
            near = at(nearest(str(name), options)).label
            yield f"{at(str(name)).label} is unknown; the nearest known name is {near}."


def _check_value(place: Place, value: Any, option: Mapping[str, Any]) -> tuple[Any, list[str]]:
    """The converted value and its problems."""
    kind = option.get("type", "str")
    if isinstance(value, bool):
        value = SPELT.get(place.path, {}).get(value, value)
    try:
        settled = KINDS[kind].convert(value)
    except (TypeError, ValueError):
        quotes = (
            ", in quotes" if kind in ("str", "path") and isinstance(value, (bool, float)) else ""
        )
        return None, [complaint(place, value, allowed_at(place.path, option) + quotes)]
    choices = option.get("choices")
    if choices and settled not in choices:
        return None, [complaint(place, value, listed(choices))]
    broken = _broken_rule(place, settled)
    if broken:
        return None, [complaint(place, settled, broken.allowed)]
    return _check_inside(place, settled, option)


def _check_inside(place: Place, value: Any, option: Mapping[str, Any]) -> tuple[Any, list[str]]:
    if isinstance(value, list):
        element = {**option, "type": option.get("elements", "str")}
        pairs = [_check_value(place.item(index), each, element) for index, each in enumerate(value)]
        return [settled for settled, _ in pairs], [
            problem for _, found in pairs for problem in found
        ]
    if isinstance(value, dict) and option.get("options"):
        return _check_options(value, option["options"], place.option)
    if isinstance(value, dict):
        return value, list(_check_entries(place, value))
    return value, []


def _check_entries(place: Place, entries: Mapping[Any, Any]) -> Iterator[str]:
    for name, value in entries.items():
        broken = _broken_rule(place.name(), name)
        if broken:
            yield complaint(place.name(), name_shown(place, name), broken.allowed)
            continue
        redacted = place.hidden and value == REDACTED  # already known to be text or a number
        broken = None if redacted else _broken_rule(place.value(name), value)
        if broken:
            yield complaint(place.value(name), value, broken.allowed)


def _broken_rule(place: Place, value: Any) -> Rule | None:
    return next((rule for rule in RULES.get(place.path, ()) if not rule.holds(value)), None)
