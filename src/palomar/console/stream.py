"""Sending a body whose length nobody knows yet, until its end or until the browser has gone."""

import asyncio
from collections.abc import AsyncIterator

from starlette.types import Receive, Send

from palomar.net.asgi import Headers


async def send_stream(
    send: Send, receive: Receive, pieces: AsyncIterator[bytes], *, status: int, headers: Headers
) -> None:
    """Send the head and every piece; once the browser has gone no further piece is asked for."""
    await send({"type": "http.response.start", "status": status, "headers": headers})
    gone = asyncio.ensure_future(_until_gone(receive))
    try:
        async for piece in pieces:
            if gone.done():
                return
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    finally:
        gone.cancel()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass  # what is left of the request
