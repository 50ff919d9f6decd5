"""Record the requests to an application and its answers as they came, the bodies cut.

An ASGI wrapper for one face, used only if somebody will look at the records: without it recording costs nothing. A face
writes the account into ``scope["user"]``, and into ``scope["password"]`` a secret that is in a query or a body. Not
here: who may see a record, and what of it is secret.
"""

import time
from collections.abc import Callable
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from palomar.net.asgi import DOCUMENTATION
from palomar.vocabulary.http_record import HeaderLines, HttpRecord

KEPT_OCTETS: Final = 8 * 1024
"""Octets of each body that are recorded."""

_NONE: Final[HeaderLines] = ()


class Recorder:
    """A wrapper of ``app``; it calls ``ended`` with each record when the answer is complete, or the client has left."""

    def __init__(self, app: ASGIApp, *, ended: Callable[[HttpRecord], None]) -> None:
        self._app = app
        self._ended = ended

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request, answer = _Body(), _Body()
        status, headers = 0, _NONE
        began = time.perf_counter()

        async def received() -> Message:
            message = await receive()
            if message["type"] == "http.request":
                request.add(message.get("body", b""))
            return message

        async def sent(message: Message) -> None:
            nonlocal status, headers
            if message["type"] == "http.response.start":
                status, headers = message["status"], tuple(message.get("headers", ()))
            else:
                answer.add(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, received, sent)
        finally:
            query = scope["query_string"]
            self._ended(
                HttpRecord(
                    method=scope["method"],
                    target=scope["raw_path"] + (b"?" + query if query else b""),
                    version=scope["http_version"],
                    headers=tuple(scope["headers"]),
                    body=request.kept,
                    body_octets=request.octets,
                    status=status,
                    answer_headers=headers,
                    answer=answer.kept,
                    answer_octets=answer.octets,
                    elapsed_ms=round((time.perf_counter() - began) * 1_000),
                    account=scope.get("user"),
                    password=scope.get("password", ""),
                    is_documentation=scope.get(DOCUMENTATION, False),
                )
            )


class _Body:
    """The beginning of a body, and its length."""

    def __init__(self) -> None:
        self.kept = b""
        self.octets = 0

    def add(self, piece: bytes) -> None:
        self.octets += len(piece)
        if len(self.kept) < KEPT_OCTETS:
            self.kept += piece[: KEPT_OCTETS - len(self.kept)]
