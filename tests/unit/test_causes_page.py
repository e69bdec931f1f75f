"""The page about the causes is the one that docs/causes.py makes."""

from docs import causes


def test_the_page_is_up_to_date() -> None:
    assert causes.PAGE.read_text() == causes.page(), "run ./dev docs"
