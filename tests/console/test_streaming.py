"""A stream is sent piece by piece, and none is made after the browser has disconnected."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from palomar.console.streaming import send_stream


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

    async def pieces() -> AsyncGenerator[bytes, None]:
        yield b"a"
        yield b"b"

    await send_stream(peer.send, peer.receive, pieces(), status=200, headers=[(b"x", b"y")])
    assert peer.sent == [
        {"type": "http.response.start", "status": 200, "headers": [(b"x", b"y")]},
        {"type": "http.response.body", "body": b"a", "more_body": True},
        {"type": "http.response.body", "body": b"b", "more_body": True},
        {"type": "http.response.body", "body": b""},
    ]


async def test_no_piece_is_made_after_the_browser_has_disconnected() -> None:
    peer = Peer()
    made: list[int] = []

    async def pieces() -> AsyncGenerator[bytes, None]:
        for number in range(1_000):
            made.append(number)
            yield b"x"
            if number == 2:
                peer.gone.set()
            await asyncio.sleep(0)

    await send_stream(peer.send, peer.receive, pieces(), status=200, headers=[])
    assert len(made) < 10
    assert peer.sent[-1]["more_body"] is True


async def test_a_waiting_generator_is_closed_when_the_browser_disconnects() -> None:
    peer = Peer()
    ended = asyncio.Event()

    async def pieces() -> AsyncGenerator[bytes, None]:
        try:
            yield b"a"
            await asyncio.Event().wait()
        finally:
            ended.set()

    sending = asyncio.create_task(send_stream(peer.send, peer.receive, pieces(), status=200, headers=[]))
    async with asyncio.timeout(5):
        while len(peer.sent) < 2:
            await asyncio.sleep(0)
        peer.gone.set()
        await sending
    assert ended.is_set()
    assert peer.sent[-1]["more_body"] is True


async def test_a_failing_generator_fails_the_answer() -> None:
    async def pieces() -> AsyncGenerator[bytes, None]:
        yield b"a"
        raise ValueError("a bug")

    peer = Peer()
    with pytest.raises(ValueError, match="a bug"):
        await send_stream(peer.send, peer.receive, pieces(), status=200, headers=[])
