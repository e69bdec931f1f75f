"""The app that attacks when it is asked to."""

import json

import attack


async def app(scope, receive, send):
    """Answer /attack with what the attacks got."""
    if scope["type"] != "http":
        return
    found = attack.run(attack.APP) if scope["path"] == "/attack" else {}
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": json.dumps(found).encode()})
