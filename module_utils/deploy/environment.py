# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The environment files of the app and of its build, for systemd."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping

if TYPE_CHECKING:
    from .app import App


def of_the_app(
    app: App, directory: str, environment: Mapping[str, Any], secrets: Mapping[str, Any]
) -> str:
    """The app's environment file. ``directory`` is the release's directory."""
    own = {
        "PATH": f"{directory}/venv/bin:/usr/local/bin:/usr/bin:/bin",
        "HOME": app.places.state,
        "PYTHONUNBUFFERED": 1,
    }
    return text({**own, **environment, **secrets})


def of_the_build(app: App, directory: str, environment: Mapping[str, Any]) -> str:
    """The build's environment file. ``directory`` is the release's directory."""
    own = {
        "HOME": app.places.build_cache,
        "UV_CACHE_DIR": f"{app.places.build_cache}/uv",
        "UV_PYTHON": f"{directory}/venv/bin/python",
        "UV_PYTHON_INSTALL_DIR": app.places.pythons,
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
