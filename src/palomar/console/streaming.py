"""Sends a body of unknown length until it ends or the browser disconnects."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator

from starlette.types import Receive, Send

from palomar.net.asgi import Headers


async def send_stream(
    send: Send, receive: Receive, pieces: AsyncGenerator[bytes, None], *, status: int, headers: Headers
) -> None:
    """Send the head and every piece. When the browser disconnects, cancel the generator wherever it waits."""
    await send({"type": "http.response.start", "status": status, "headers": headers})
    gone = asyncio.ensure_future(_until_gone(receive))
    sending = asyncio.ensure_future(_send_all(send, pieces))
    try:
        await asyncio.wait({gone, sending}, return_when=asyncio.FIRST_COMPLETED)
        if sending.done():
            sending.result()
    finally:
        gone.cancel()
        sending.cancel()
        await asyncio.gather(gone, sending, return_exceptions=True)


async def _send_all(send: Send, pieces: AsyncGenerator[bytes, None]) -> None:
    async with contextlib.aclosing(pieces):
        async for piece in pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass  # what is left of the request
