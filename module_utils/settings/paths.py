# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Checks of where the app is on its server."""

from __future__ import annotations

from typing import Any, Iterator, Mapping

from ..deploy.paths import AUTO, TOP, bare, is_regular
from .words import sentence

# The worker classes that tell the app its root_path.
TELLS = ("uvicorn", "asgi")


def another_app(name: str, site_of: str) -> Iterator[str]:
    if site_of == name:
        allowed = "the name of another app; empty for a site of its own"
        yield sentence("streaming_api_nginx_site_of", site_of, allowed)


def locations(path: str, given: list[Mapping[str, Any]]) -> Iterator[str]:
    for index, location in enumerate(given):
        if path != TOP and is_regular(location["path"]):
            yield sentence(
                f"streaming_api_nginx_locations[{index}].path",
                location["path"],
                f"a path or = and a path, since streaming_api_nginx_path is '{path}'",
            )


def own_paths(path: str, strips: bool, health: str, streams: list[str]) -> Iterator[str]:
    """An app that sees its whole path can only be asked for what is below it."""
    if strips:
        return
    named = {"streaming_api_health_path": health}
    named.update((f"streaming_api_proof_paths[{at}]", one) for at, one in enumerate(streams))
    for name, value in named.items():
        asked = value.partition("?")[0]
        if not asked.startswith(path) and asked != bare(path):
            yield sentence(
                name,
                value,
                f"a path that begins with '{path}' (streaming_api_nginx_path), since "
                "streaming_api_nginx_strip_path is false",
            )


def root_path(root: str, worker: str, path: str, strips: bool) -> Iterator[str]:
    if not root or (root == AUTO and (path == TOP or not strips)):
        return
    if worker not in TELLS:
        allowed = (
            f"empty with streaming_api_gunicorn_worker_class '{worker}', since the role can tell "
            f"it to {' and '.join(TELLS)} only"
        )
        yield sentence("streaming_api_root_path", root, allowed)
    elif worker == "uvicorn" and not strips and path.startswith(f"{root}/"):
        yield sentence(
            "streaming_api_root_path",
            root,
            "empty with streaming_api_nginx_strip_path false, since Uvicorn puts it before a path "
            f"that begins with '{path}' already",
        )
