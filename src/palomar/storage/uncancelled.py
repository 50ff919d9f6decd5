"""A commit under way: who waits for it may be cancelled, but does not leave before it has ended."""

import asyncio
from typing import TypeVar

T = TypeVar("T")


async def wait_uncancelled(future: "asyncio.Future[T]") -> T:
    """Wait for ``future`` however often this task is cancelled meanwhile; then the cancellation is raised."""
    cancelled: asyncio.CancelledError | None = None
    while not future.done():
        try:
            await asyncio.wait([future])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is None:
        return future.result()
    future.exception()  # seen, so that nobody reports it as forgotten
    raise cancelled
