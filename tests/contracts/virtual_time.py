"""An event loop whose clock jumps to the next timer instead of waiting, so that no test sleeps.

Sockets on the loopback still work: what was written is there at the next look.
"""

import asyncio
import functools
import selectors
from collections.abc import Awaitable, Callable
from typing import Any

START = 1_000.0


class _JumpingSelector(selectors.DefaultSelector):  # type: ignore[misc, valid-type]  # the class is chosen at run time
    """Never waits for time: what is not ready now moves the clock."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None or len(self.get_map()) > 1:
            # Beside the loop's own there are sockets, or a thread is at work: look for real before the clock moves.
            ready = super().select(0.0005 if timeout is not None else 5)
            if ready:
                return ready
        if timeout is None:
            raise RuntimeError("the test waits for something that will never come")
        self.now += timeout
        return []


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """A selector loop that lives in virtual time."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now


def in_virtual_time(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Run an async test to its end in virtual time, with a minute of it at most between two events."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        async def whole() -> None:
            async with asyncio.timeout(3_600):
                await test(*args, **kwargs)

        with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
            runner.run(whole())

    return run


class LoopClock:
    """``ports.Clock`` on the running loop's time; the wall starts at a fixed day."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()

    def wall_ms(self) -> int:
        return 1_760_000_000_000 + int(self._loop.time() * 1_000)

    def monotonic(self) -> float:
        return self._loop.time()
