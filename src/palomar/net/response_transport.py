"""What uvicorn sees of a connection's transport: head and body, which it writes apart, leave in one system
call, and closing waits for the body that the client is still sending.

Not a transport of its own: it has what uvicorn's protocol calls, and no more.
"""

import asyncio
from collections.abc import Callable


class ResponseTransport:
    """``linger`` is asked once, at closing: whether its owner will close the real transport later."""

    __slots__ = (
        "_call_soon",
        "_closing",
        "_held",
        "_linger",
        "_transport",
        "get_extra_info",
        "pause_reading",
        "resume_reading",
    )

    def __init__(self, transport: asyncio.Transport, *, linger: Callable[[], bool]) -> None:
        self._transport = transport
        self._linger = linger
        self._call_soon = asyncio.get_running_loop().call_soon
        self._closing = False
        self._held = b""
        self.pause_reading = transport.pause_reading
        self.resume_reading = transport.resume_reading
        self.get_extra_info = transport.get_extra_info

    def write(self, data: bytes) -> None:
        """Hold the first piece until the second, or until the loop's next turn."""
        if self._held:
            held, self._held = self._held, b""
            self._transport.write(held + data)
        else:
            self._held = data
            self._call_soon(self.flush)  # for a head whose body takes its time

    def flush(self) -> None:
        """Write what is held."""
        if self._held:
            held, self._held = self._held, b""
            self._transport.write(held)

    def is_closing(self) -> bool:
        return self._closing or self._transport.is_closing()

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            self.flush()
            if not self._linger():
                self._transport.close()
