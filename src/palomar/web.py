"""The front: which face answers a path. Fixed routes first, then a dialect by its prefix.

Bare ASGI, one dictionary look-up a request: the hot routes must not pay for a router.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec
from starlette.types import ASGIApp, Receive, Scope, Send

from palomar.net.asgi import respond

SANDBOX_CALLBACK = "/sandbox/callback"
"""Answers 200 to any callback while no real carrier is configured, so that a first message shows its whole life."""

_JSON = [(b"content-type", b"application/json; charset=utf-8")]
_TEXT = [(b"content-type", b"text/plain; charset=utf-8")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What ``/health/ready`` says; ``faults`` is empty when messages can be taken."""

    faults: list[str]
    carriers: dict[str, bool]


class Front:
    """The root application. ``dialects`` by the first segment of their paths."""

    def __init__(self, *, dialects: Mapping[str, ASGIApp], health: Callable[[], Health], sandbox: bool) -> None:
        self._dialects = dict(dialects)
        self._health = health
        self._sandbox = sandbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        end = path.find("/", 1)
        dialect = self._dialects.get(path[1:] if end < 0 else path[1:end])
        if dialect is not None:
            await dialect(scope, receive, send)
        elif path == "/health/live":
            await respond(send, 200, b'{"live":true}', _JSON)
        elif path == "/health/ready":
            await self._ready(send)
        elif path == SANDBOX_CALLBACK and self._sandbox:
            await respond(send, 200, b"OK\n", _TEXT)
        else:
            await respond(send, 404, b"Not found\n", _TEXT)

    async def _ready(self, send: Send) -> None:
        health = self._health()
        body = {"ready": not health.faults, "faults": health.faults, "carriers": health.carriers}
        await respond(send, 503 if health.faults else 200, msgspec.json.encode(body), _JSON)
