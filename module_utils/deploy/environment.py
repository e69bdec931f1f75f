# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The environment files of the app and of its build, for systemd."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Mapping

if TYPE_CHECKING:
    from .app import App

MARK = "# secret: "  # begins the line that names the secrets


def of_the_app(
    app: App, directory: str, environment: Mapping[str, Any], secrets: Mapping[str, Any]
) -> str:
    """The app's environment file. ``directory`` is the release's directory."""
    own = {
        "PATH": f"{directory}/venv/bin:/usr/local/bin:/usr/bin:/bin",
        "HOME": app.places.state,
        "PYTHONUNBUFFERED": 1,
    }
    return f"{MARK}{' '.join(sorted(secrets))}\n" + text({**own, **environment, **secrets})


def of_the_build(app: App, directory: str, environment: Mapping[str, Any]) -> str:
    """The build's environment file. ``directory`` is the release's directory."""
    own = {
        "HOME": app.places.build_cache,
        "UV_CACHE_DIR": f"{app.places.build_cache}/uv",
        "UV_PYTHON": f"{directory}/venv/bin/python",
        "UV_PYTHON_INSTALL_DIR": f"{directory}/python",
        "UV_PYTHON_CACHE_DIR": f"{app.places.build_cache}/python",
        # A file of the cache that is also a file of a release would belong to both.
        "UV_LINK_MODE": "copy",
        "UV_PROJECT_ENVIRONMENT": f"{directory}/venv",
        "VIRTUAL_ENV": f"{directory}/venv",
        "UV_COMPILE_BYTECODE": 1,
        "UV_SYSTEM_CERTS": 1,
        "UV_NO_PROGRESS": 1,
    }
    return text({**own, **environment})


def text(variables: Mapping[str, Any]) -> str:
    """A file for EnvironmentFile= of systemd. A command line would show the values to everybody."""
    return "".join(f'{name}="{_quoted(value)}"\n' for name, value in sorted(variables.items()))


def _quoted(value: object) -> str:
    return str(value).replace("\\", "\\\\").replace('"', '\\"')


def secrets_in(text: str) -> list[str]:
    """The values of the secrets in an app's environment file."""
    found = re.search(rf"^{MARK}(.*)$", text, re.MULTILINE)
    names = found[1].split() if found else []
    rows = re.findall(r'^(\w+)="((?:[^"\\]|\\.)*)"$', text, re.MULTILINE | re.DOTALL)
    return [
        re.sub(r"\\(.)", r"\1", value, flags=re.DOTALL) for name, value in rows if name in names
    ]
