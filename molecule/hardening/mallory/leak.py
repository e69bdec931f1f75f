"""Apps that tell their secrets when they fail."""

import base64
import os


def settings():
    """Say which value is wrong, as settings classes do."""
    from pydantic_settings import BaseSettings

    class Settings(BaseSettings):
        """Both are text."""

        database_url: int
        api_key: int

    return Settings()


def words():
    """Say it in several encodings, for several lines."""
    for name in ("DATABASE_URL", "API_KEY"):
        value = os.environ[name]
        print(
            name, value, repr(value), base64.b64encode(b"x" + value.encode()).decode(), flush=True
        )


class Starts:
    """An app that fails when it starts, with its secrets in its last words."""

    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            words()
            raise ValueError(os.environ["DATABASE_URL"])


class Answers:
    """An app whose answers name its secrets."""

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http":
            headers = [(b"content-type", b"text/plain"), (b"x-key", os.environ["API_KEY"].encode())]
            await send({"type": "http.response.start", "status": 503, "headers": headers})
            await send({"type": "http.response.body", "body": os.environ["DATABASE_URL"].encode()})


starts = Starts()
answers = Answers()
