# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the modules of all acts share."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Iterable, Iterator

from ..deploy import environment
from ..deploy.blot import Blot
from ..deploy.places import Places
from . import claim
from .editor import ActError, Editor

# The options of all acts.
COMMON: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "required": True},
    "root": {"type": "path", "default": "/srv"},
    "holder": {"type": "str", "default": ""},
}


def secrets_of(places: Places, release: str, editor: Editor) -> list[str]:
    """The secrets that a release knows: its own, which may be older than ours, and the token."""
    own = environment.secrets_in(editor.text(places.environment(release)) or "")
    return [*own, (editor.text(places.probe_token) or "").strip()]


@contextmanager
def acting(module: Any, *, retakes: bool = False, secrets: Iterable[str] = ()) -> Iterator[Places]:
    """Do an act as the AnsibleModule ``module`` wants it; gives the app's places.

    The act has the host to itself, and only while its deploy has the lock. Its error becomes the
    module's failure, without the secrets in the option ``hidden`` and those in ``secrets``. Its
    options include ``COMMON``.
    ``retakes``: take a lock again that has only expired.
    """
    given = module.params
    places = Places(given["name"], given["root"])
    try:
        with claim.acting(places, given["holder"], check=module.check_mode, retakes=retakes):
            yield places
    except ActError as error:
        blot = Blot.of(given.get("hidden", ""), *secrets)
        module.fail_json(msg=blot(str(error)), failure=blot.deep(error.failure))
    except OSError as error:
        module.fail_json(msg=str(error))
