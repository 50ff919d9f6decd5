"""Actions that are due later, and the one timer that runs them.

A scheduler has a time of its own: :meth:`Scheduler.skip` moves it ahead of the clock.
"""

import asyncio
from collections.abc import Callable

import structlog

from palomar.carriers.simulator.timer_wheel import TimerWheel

Action = Callable[[], None]


log = structlog.get_logger(__name__)


class Scheduler:
    """Actions by their due time. ``after`` is called once for all that were due together."""

    def __init__(self, monotonic: Callable[[], float], *, after: Action) -> None:
        self._monotonic = monotonic
        self._after = after
        self._skipped_seconds = 0.0
        self._wheel: TimerWheel[Action] = TimerWheel()
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    def now(self) -> float:
        """Return its time, in seconds that never go back."""
        return self._monotonic() + self._skipped_seconds

    def call_later(self, seconds: float, action: Action) -> None:
        """Run an action after so many seconds; never within this call."""
        if not self._closed and self._wheel.add(action, self._monotonic() + self._skipped_seconds + seconds):
            self._set_timer()

    def skip(self, seconds: float) -> None:
        """Move its time ahead: what was due in the meantime runs now, in order."""
        self._skipped_seconds += seconds
        self._set_timer()

    def close(self) -> None:
        """Forget every action, and ignore what is added from now on."""
        self._closed = True
        self._wheel.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = self._wheel.next_due()
        if due is not None:
            self._timer = asyncio.get_running_loop().call_later(max(due - self.now(), 0.0), self._on_time)

    def _on_time(self) -> None:
        self._timer = None
        try:
            for action in self._wheel.take_due(self.now()):
                _run(action)
            _run(self._after)
        finally:
            if not self._closed:
                self._set_timer()


def _run(action: Action) -> None:
    """Run an action; a failure is logged and stops no other action."""
    try:
        action()
    except Exception:
        log.exception("simulator_act_failed")
