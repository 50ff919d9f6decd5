"""Helpers of bare ASGI functions: send an answer in one call, read a header or a limited body, find the client's
address.

This is no framework: the hot routes are plain functions behind a dict, Starlette serves the rest.
"""

import asyncio
from collections.abc import Awaitable, Callable
from enum import Enum
from http import HTTPStatus
from typing import Final

from starlette.types import Receive, Scope, Send

from palomar.net.networks import TrustedProxies
from palomar.vocabulary.access import ClientAddress

Headers = list[tuple[bytes, bytes]]


FAULT: Final = "palomar.fault"
"""The key in a scope of the status that :func:`fault_of` returns."""
DOCUMENTATION: Final = "palomar.documentation"
"""The key in a scope that is true if a page about the API is asked for: the record of calls leaves it out."""
BODY_FOLLOWS: Final = "palomar.body_follows"
"""The key in ``http.response.start`` that is true if the body follows at once, so that both are written together."""


class BodyRefusal(Enum):
    """The reason why there is no body."""

    TOO_LARGE = "too large"
    DISCONNECTED = "disconnected"


async def respond(send: Send, status: int, body: bytes, headers: Headers) -> None:
    """Send a whole answer; Content-Length is added."""
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [*headers, (b"content-length", b"%d" % len(body))],
            BODY_FOLLOWS: True,
        }
    )
    await send({"type": "http.response.body", "body": body})


def header(scope: Scope, name: bytes) -> bytes | None:
    """Return the first value of a header, or None; ``name`` is in lower case."""
    for key, value in scope["headers"]:
        if key == name:
            found: bytes = value
            return found
    return None


def fault_of(scope: Scope) -> HTTPStatus | None:
    """Return the status with which a request must be refused for its head, or None: 400 for no Host or two (RFC 9112
    section 3.2), 501 for an unknown coding of the body.

    The face that answers the path refuses it, in its own form.
    """
    fault: HTTPStatus | None = scope.get(FAULT)
    return fault


async def read_body(scope: Scope, receive: Receive, *, limit: int) -> bytes | BodyRefusal:
    """Read the request's body of at most ``limit`` octets. A larger one is refused by its Content-Length before it is
    received, or as soon as it has grown too large. The caller answers a refusal (413); the listener drains the rest."""
    declared = header(scope, b"content-length")
    if declared is not None and int(declared) > limit:  # digits only: the parser has checked
        return BodyRefusal.TOO_LARGE
    message = await receive()
    if message["type"] == "http.disconnect":
        return BodyRefusal.DISCONNECTED
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False):  # nearly always: one piece
        return body if len(body) <= limit else BodyRefusal.TOO_LARGE
    pieces, length = [body], len(body)
    while length <= limit:
        message = await receive()
        if message["type"] == "http.disconnect":
            return BodyRefusal.DISCONNECTED
        pieces.append(message.get("body", b""))
        length += len(pieces[-1])
        if not message.get("more_body", False) and length <= limit:
            return b"".join(pieces)
    return BodyRefusal.TOO_LARGE


def client_address(scope: Scope, proxies: TrustedProxies) -> str:
    """Return the client's address, seen through the operator's proxies; empty where the connection has none."""
    return client_of(scope, proxies).address


def client_of(scope: Scope, proxies: TrustedProxies) -> ClientAddress:
    """Return the client of a request and whether it is a proxy that is not trusted, for admission."""
    peer, forwarded = peer_of(scope)
    return proxies.client_address(peer, None if forwarded is None else forwarded.decode("latin-1"))


def peer_of(scope: Scope) -> tuple[str, bytes | None]:
    """Return the connection's own address (empty where it has none), and X-Forwarded-For, several joined by commas."""
    _, peer, forwarded = caller_headers(scope)
    return peer, forwarded


def caller_headers(scope: Scope) -> tuple[bytes | None, str, bytes | None]:
    """Read in one pass all that tells two callers apart: the first Authorization, and what :func:`peer_of` returns."""
    authorization = forwarded = None
    for key, value in scope["headers"]:
        if key == b"authorization":
            if authorization is None:
                authorization = value
        elif key == b"x-forwarded-for":
            forwarded = value if forwarded is None else forwarded + b"," + value
    client = scope.get("client")
    return authorization, client[0] if client else "", forwarded


def disconnect_waiter(receive: Receive) -> Callable[[], Awaitable[None]]:
    """Return a function that waits until the client has left (ASGI's ``http.disconnect``). Nobody else may receive
    then."""

    async def left() -> None:
        is_whole = False
        while (message := await receive())["type"] != "http.disconnect":
            if is_whole:  # nothing follows the end of a body but the end of the connection
                await asyncio.Event().wait()
            is_whole = not message.get("more_body", False)

    return left
