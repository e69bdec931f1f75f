"""The recipes of docs/recipes, before anybody deploys them: molecule/apps does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import recipes
import yaml

from plugins.action import stream_settings
from tests.unit.action_plugin import run_action
from tests.unit.settings.values import ROLE

ARGUMENTS = {"spec": str(ROLE / "meta/argument_specs.yml"), "entry": "deploy"}
FENCE = "```"


@pytest.mark.parametrize("recipe", recipes.recipes(), ids=lambda one: one.name)
def test_the_role_accepts_it(
    recipe: recipes.Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = yaml.safe_load(recipe.variables)
    assert isinstance(given, dict)
    monkeypatch.setenv("HOME", str(tmp_path))
    for secret in recipe.secrets:
        monkeypatch.setenv(secret, "sk-secret")
    source = Path(given.get("streaming_api_source", "")).expanduser()
    for name, text in recipe.files.items():
        file = tmp_path / source / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    found = run_action(stream_settings, ARGUMENTS, {**given, "playbook_dir": str(tmp_path)})
    assert "failed" not in found, found["msg"]


@pytest.mark.parametrize("recipe", recipes.recipes(), ids=lambda one: one.name)
def test_it_says_what_its_commands_print(recipe: recipes.Recipe) -> None:
    assert recipe.commands and recipe.prints
    [name] = yaml.safe_load(recipe.variables)["streaming_api_nginx_server_names"][:1]
    # So that the commands of a test ask the test's own host.
    assert set(re.findall(r"https?://([^/:\s$\"]+)", recipe.commands)) <= {name}
    assert name.endswith(".example")


def test_the_index_lists_all() -> None:
    index = (recipes.PAGES / "README.md").read_text()
    pages = {page.name for page in recipes.PAGES.glob("*.md")} - {"README.md"}
    assert set(re.findall(r"^\| \[.*?\]\((.*?)\)", index, re.MULTILINE)) == pages


def test_a_page(tmp_path: Path) -> None:
    page = tmp_path / "chat.md"
    page.write_text(
        f"# Chat\n{FENCE}yaml\na: \"{{{{ lookup('env', 'KEY') }}}}\"\n{FENCE}\n"
        f"{FENCE}python\n# FILE: main.py\napp = 1\n{FENCE}\n"
        f"{FENCE}yaml\n# FILE: config.yaml\nb: 2\n{FENCE}\n"
        f"{FENCE}css\n/* FILE: static/a.css */\n{FENCE}\n"
        f"{FENCE}sh\ncurl x\n# data: 1\n{FENCE}\n"
    )
    assert recipes.recipe(page) == recipes.Recipe(
        "chat",
        "a: \"{{ lookup('env', 'KEY') }}\"\n",
        {
            "main.py": "# FILE: main.py\napp = 1\n",
            "config.yaml": "# FILE: config.yaml\nb: 2\n",
            "static/a.css": "/* FILE: static/a.css */\n",
        },
        "curl x\n# data: 1\n",
        ["data: 1"],
        ["KEY"],
        [],
    )


def test_a_page_with_another_app(tmp_path: Path) -> None:
    other = "# FILE: web.yml\nstreaming_api_name: web\n"
    page = tmp_path / "chat.md"
    page.write_text(
        f"{FENCE}yaml\n{other}{FENCE}\n{FENCE}yaml\nstreaming_api_name: chat\n{FENCE}\n"
    )
    found = recipes.recipe(page)
    assert (found.before, found.files) == ([other], {})
    assert found.variables == "streaming_api_name: chat\n"


@pytest.mark.parametrize("text", ["# Chat\n", f"{FENCE}yaml\na: 1\n{FENCE}\n" * 2])
def test_a_page_that_is_no_recipe(tmp_path: Path, text: str) -> None:
    page = tmp_path / "chat.md"
    page.write_text(text)
    with pytest.raises(recipes.PageError, match=r"chat\.md has \d blocks of yaml; allowed is one"):
        recipes.recipe(page)
