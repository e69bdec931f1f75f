"""The page."""

import re

from rig import Server


def test_the_page_needs_nothing_else(server: Server) -> None:
    response = server.get("/")
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert not re.findall(r"""(?:src|href)=["'](?!data:)|https?://|@import|url\(""", response.text)
