# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is wrong with a source, in one sentence."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import Iterator


class ReleaseError(Exception):
    """The source cannot be named or packed; the message is one sentence."""


def shown(path: str) -> str:
    return os.fsencode(path).decode(errors="replace")


@contextmanager
def reading(relative: str) -> Iterator[None]:
    """Turn an OSError inside into a ReleaseError about this part of the source."""
    try:
        yield
    except OSError as error:
        raise ReleaseError(
            f"The source's '{shown(relative)}' cannot be read ({error.strerror or error}): "
            "make it readable or exclude it."
        ) from error
