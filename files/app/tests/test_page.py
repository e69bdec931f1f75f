"""The page."""

import re

from rig import Server


def test_the_page_needs_nothing_else(server: Server) -> None:
    response = server.get("/")
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert not re.findall(r"""(?:src|href)=["'](?!data:)|https?://|@import|url\(""", response.text)


def test_the_documentation_describes_each_stream(server: Server) -> None:
    paths = server.get("/openapi.json").json()["paths"]
    for path, media_type in {
        "/api/stream": "text/event-stream",
        "/api/ndjson": "application/x-ndjson",
        "/api/text": "text/plain",
    }.items():
        assert media_type in paths[path]["get"]["responses"]["200"]["content"]
