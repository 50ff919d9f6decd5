"""The sandbox's event stream: server-sent events that name which part of the page to load again.

An event has no content: the page requests the part as any page. A stream ends with its session, with the server, and
when the browser disconnects; a browser that reconnects begins a new one.
"""

import asyncio
from collections.abc import AsyncGenerator
from typing import Final

from palomar.console.request import PageReply, SignedInContext
from palomar.sandbox.sandbox import PersonalSandbox

HEARTBEAT_SECONDS: Final = 15.0
"""After so long without a change a comment is sent, which notices that the browser or the session is gone."""
PAUSE_SECONDS: Final = 0.25
"""The pause after an event; all changes in it become one event."""
_HEADERS: Final = [(b"content-type", b"text/event-stream"), (b"x-accel-buffering", b"no")]
_FULL: Final = b"event: full\ndata:\n\n"
_BEGIN: Final = b"retry: 2000\n\n"
_ALIVE: Final = b":\n\n"


async def stream(context: SignedInContext) -> PageReply:
    """Open a stream for this visitor."""
    sandbox = context.viewer.sandbox
    return context.not_found() if sandbox is None else PageReply(headers=_HEADERS, body=events(context, sandbox))


async def events(
    context: SignedInContext,
    sandbox: PersonalSandbox,
    *,
    heartbeat_seconds: float = HEARTBEAT_SECONDS,
    pause_seconds: float = PAUSE_SECONDS,
) -> AsyncGenerator[bytes, None]:
    """Yield the stream's octets until the session, the server or the connection ends."""
    subscriber = sandbox.subscribe()
    if subscriber is None:
        yield _FULL
        return
    try:
        yield _BEGIN
        while True:
            topics = await sandbox.next_changes(subscriber, within_seconds=heartbeat_seconds)
            if topics is None or not await _still_signed_in(context):
                return
            yield b"".join(b"event: %s\ndata:\n\n" % topic.encode("ascii") for topic in sorted(topics)) or _ALIVE
            await asyncio.sleep(pause_seconds)
    finally:
        sandbox.unsubscribe(subscriber)


async def _still_signed_in(context: SignedInContext) -> bool:
    """Return True if the session lives and its person still has the same rights."""
    signed_in = await context.sign_in.signed_in(context.request.token)
    return signed_in is not None and signed_in.who == context.viewer.who
