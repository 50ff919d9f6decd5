"""The sandbox's stream: server-sent events that say what has changed, and never what: the page then asks for a piece of
itself as for any page.

A stream ends with its session, with the server, and when the browser goes; a browser that reconnects begins a new one.
"""

import asyncio
from collections.abc import AsyncGenerator
from typing import Final

from palomar.console.request import PageReply, SignedVisit
from palomar.sandbox.sandbox import PersonalSandbox

HEARTBEAT_SECONDS: Final = 15.0
"""After so long without news a comment is sent: who has gone is noticed, and so is a session that has ended."""
PAUSE_SECONDS: Final = 0.25
"""Between two events: what happens meanwhile is one event."""
_HEADERS: Final = [(b"content-type", b"text/event-stream"), (b"x-accel-buffering", b"no")]
_FULL: Final = b"event: full\ndata:\n\n"
_BEGIN: Final = b"retry: 2000\n\n"
_ALIVE: Final = b":\n\n"


async def listen(visit: SignedVisit) -> PageReply:
    """The stream of this visitor."""
    sandbox = visit.viewer.sandbox
    return visit.missing() if sandbox is None else PageReply(headers=_HEADERS, body=events(visit, sandbox))


async def events(
    visit: SignedVisit,
    sandbox: PersonalSandbox,
    *,
    heartbeat_seconds: float = HEARTBEAT_SECONDS,
    pause_seconds: float = PAUSE_SECONDS,
) -> AsyncGenerator[bytes, None]:
    """What the stream says, until there is nobody to say it to."""
    listener = sandbox.subscribe()
    if listener is None:
        yield _FULL
        return
    try:
        yield _BEGIN
        while True:
            topics = await sandbox.next_changes(listener, within_seconds=heartbeat_seconds)
            if topics is None or not await _still_signed_in(visit):
                return
            yield b"".join(b"event: %s\ndata:\n\n" % topic.encode("ascii") for topic in sorted(topics)) or _ALIVE
            await asyncio.sleep(pause_seconds)
    finally:
        sandbox.unsubscribe(listener)


async def _still_signed_in(visit: SignedVisit) -> bool:
    """Whether the session lives, and is still that of somebody with the same rights."""
    signed_in = await visit.logins.signed_in(visit.request.token)
    return signed_in is not None and signed_in.who == visit.viewer.who
