# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the modules of all acts share."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Iterator

from ..deploy.blot import Blot
from ..deploy.places import Places
from . import claim
from .editor import ActError

# The options of all acts.
COMMON: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "required": True},
    "root": {"type": "path", "default": "/srv"},
    "holder": {"type": "str", "default": ""},
}


@contextmanager
def acting(module: Any, *, retakes: bool = False) -> Iterator[Places]:
    """Do an act as the AnsibleModule ``module`` wants it; gives the app's places.

    The act has the host to itself, and only while its deploy has the lock. Its error becomes the
    module's failure, without the secrets in the option ``hidden``. Its options include
    ``COMMON``.
    ``retakes``: take a lock again that has only expired.
    """
    given = module.params
    places = Places(given["name"], given["root"])
    try:
        with claim.acting(places, given["holder"], check=module.check_mode, retakes=retakes):
            yield places
    except ActError as error:
        blot = Blot.of(given.get("hidden", ""))
        module.fail_json(msg=blot(str(error)), failure=blot.deep(error.failure))
    except OSError as error:
        module.fail_json(msg=str(error))
