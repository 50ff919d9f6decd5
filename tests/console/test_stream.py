"""Streams: head first, piece by piece, and no further piece once the browser has gone."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from palomar.console.stream import send_stream


class Peer:
    """A browser that goes when ``gone`` is set."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.gone = asyncio.Event()

    async def receive(self) -> Any:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        self.sent.append(message)


async def test_every_piece_is_sent_and_then_the_end() -> None:
    peer = Peer()

    async def pieces() -> AsyncIterator[bytes]:
        yield b"a"
        yield b"b"

    await send_stream(peer.send, peer.receive, pieces(), status=200, headers=[(b"x", b"y")])
    assert peer.sent == [
        {"type": "http.response.start", "status": 200, "headers": [(b"x", b"y")]},
        {"type": "http.response.body", "body": b"a", "more_body": True},
        {"type": "http.response.body", "body": b"b", "more_body": True},
        {"type": "http.response.body", "body": b""},
    ]


async def test_nothing_more_is_made_for_who_has_gone() -> None:
    peer = Peer()
    made: list[int] = []

    async def pieces() -> AsyncIterator[bytes]:
        for number in range(1_000):
            made.append(number)
            yield b"x"
            if number == 2:
                peer.gone.set()
            await asyncio.sleep(0)

    await send_stream(peer.send, peer.receive, pieces(), status=200, headers=[])
    assert len(made) < 10
    assert peer.sent[-1]["more_body"] is True
