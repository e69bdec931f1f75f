"""The pages about the variables are those that docs/variables.py makes."""

from __future__ import annotations

from docs import variables

TEXT = variables.SPECS.read_text()


def test_the_page_is_up_to_date() -> None:
    assert variables.PAGE.read_text() == variables.page(TEXT), "run docs/variables.py"


def test_the_readme_is_up_to_date() -> None:
    readme = variables.README.read_text()
    assert variables.MARKERS.search(readme)
    assert readme == variables.with_short_table(readme, TEXT), "run docs/variables.py"


def test_each_variable_is_in_one_section() -> None:
    names = [name for _, names in variables.sections(TEXT) for name in names]
    assert names == list(variables.load(TEXT)["options"])


def test_the_short_table_is_between_the_markers() -> None:
    before = "# A\n<!-- variables -->\nold\n<!-- /variables -->\nend\n"
    after = variables.with_short_table(before, TEXT)
    assert after.startswith("# A\n<!-- variables -->\n| Variable |")
    assert after.endswith(" |\n<!-- /variables -->\nend\n")
    assert "old" not in after
    assert variables.with_short_table(after, TEXT) == after


def test_markup_becomes_markdown() -> None:
    text = "O(a) is V(x|y) or C(z), B(never) I(so)."
    assert variables.markdown(text) == r"`a` is `x\|y` or `z`, **never** *so*."
