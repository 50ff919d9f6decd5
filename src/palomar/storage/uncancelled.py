"""Waiting that cannot be cut short: a task that is cancelled during a commit goes on waiting until the commit has
ended."""

import asyncio
from typing import TypeVar

T = TypeVar("T")


async def wait_uncancelled(future: "asyncio.Future[T]") -> T:
    """Wait for ``future`` however often this task is cancelled meanwhile; raise the cancellation after that."""
    cancelled: asyncio.CancelledError | None = None
    while not future.done():
        try:
            await asyncio.wait([future])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is None:
        return future.result()
    future.exception()  # read it, so that asyncio does not log it as never retrieved
    raise cancelled
