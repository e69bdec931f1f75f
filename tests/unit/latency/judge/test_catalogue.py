"""The catalogue of causes, and the signs that it needs."""

from __future__ import annotations

from plugins.module_utils.latency.judge import causes, signs


def test_the_catalogue_fits_the_signs() -> None:
    ids = [cause.id for cause in causes.CAUSES]
    assert len(set(ids)) == len(ids)
    for cause in causes.CAUSES:
        assert cause.needs
        assert set(cause.needs + cause.excludes + cause.supports) <= signs.SIGNS.keys(), cause.id
        assert cause.link.startswith("https://")
        assert cause.remedy.endswith(".")
