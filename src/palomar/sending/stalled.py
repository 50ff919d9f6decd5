"""The watchdog: says by the clock where parts wait and none leaves, and sends off those that could.

Everything here is woken by events: an answer, a link, a timer. The watchdog trusts none of them. Once a second it looks
at every line: what waits there while nothing leaves is told to people, with the reason; and where there is no reason,
because a link is bound and has a free slot and its pace would let a part go, it is an error of ours. Then it is logged,
counted, and the line is pumped.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import structlog

from palomar.ports import Clock
from palomar.sending.send_queue import SendQueue

LOOK_EVERY_SECONDS = 1.0
IDLE_SECONDS = 5.0
"""So long something must wait while nothing leaves before people are told."""
STALLED_SECONDS = 4.0
"""So long nothing must have been in the way before it is an error of ours."""
LOGGED_SECONDS = 30.0
"""A line with a good reason to wait is logged after so long, once."""

log = structlog.get_logger(__name__)


class StallReason(StrEnum):
    """Reasons for which nothing leaves."""

    NONE = ""
    """There is none: something is wrong with us."""
    NO_LINK = "no_link"
    DATABASE = "database"
    """Answers that came are not saved yet."""
    WINDOW = "window"
    """Every slot waits for an answer of the carrier."""
    PACE = "pace"
    NO_ANSWERS = "no_answers"
    """Every link is on trial: it takes one part at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StalledQueue:
    """A line where parts wait and none leaves: since when (wall milliseconds), why, and how many are in memory."""

    since_ms: int
    hindrance: StallReason
    parts: int
    stalled: bool


@dataclass(slots=True, kw_only=True)
class _Watch:
    left: int = -1
    moved_at: float = 0.0
    moved_ms: int = 0
    could_since: float | None = None
    told: bool = False


class Watchdog:
    """``pump`` lets what is in a line leave, ``claim`` fetches what waits for it in the database."""

    def __init__(
        self, lines: Mapping[str, SendQueue], *, pump: Callable[[SendQueue], None], claim: Callable[[SendQueue], None]
    ) -> None:
        self._lines = lines
        self._pump = pump
        self._claim = claim
        self._watched: dict[str, _Watch] = {}
        self.idle: Mapping[str, StalledQueue] = {}
        """Where parts wait and none leaves, as of the last look."""
        self.stalls = 0
        """How often since the start parts had to be sent off from here."""

    @property
    def carriers(self) -> list[str]:
        """Name the carriers that have a line here."""
        return [name for name, line in self._lines.items() if line.carrier is not None]

    def check(self, unclaimed: Mapping[str, int], clock: Clock) -> None:
        """Look at every line. ``unclaimed``: carriers for which the database has due messages that no node has."""
        idle = {}
        for name, line in self._lines.items():
            if line.carrier is not None:
                found = self._check_queue(line, unclaimed.get(name), clock)
                if found is not None:
                    idle[name] = found
        self.idle = idle

    def _check_queue(self, line: SendQueue, unclaimed: int | None, clock: Clock) -> StalledQueue | None:
        now, watch = clock.monotonic(), self._watched.setdefault(line.name, _Watch())
        waits = line.waiting > 0 or unclaimed is not None
        if line.left != watch.left or not waits:
            watch.left, watch.moved_at, watch.moved_ms = line.left, now, clock.wall_ms()
            watch.could_since, watch.told = None, False
            return None
        hindrance = find_hindrance(line)
        if hindrance is not StallReason.NONE:
            watch.could_since = None
        elif watch.could_since is None:
            watch.could_since = now
        stalled = watch.could_since is not None and now - watch.could_since >= STALLED_SECONDS
        seconds = now - watch.moved_at
        if stalled:
            self._send_off(line, seconds, told=watch.told)
            watch.told = True
        elif seconds >= LOGGED_SECONDS and not watch.told:
            watch.told = True
            log.warning("sending_waits", carrier=line.name, parts=line.waiting, seconds=round(seconds), why=hindrance)
        if seconds < IDLE_SECONDS and not stalled:
            return None
        return StalledQueue(since_ms=watch.moved_ms, hindrance=hindrance, parts=line.waiting, stalled=stalled)

    def _send_off(self, line: SendQueue, seconds: float, *, told: bool) -> None:
        if not told:
            self.stalls += 1
            log.error("sending_stalled", carrier=line.name, parts=line.waiting, seconds=round(seconds, 1))
        for queue in line.queues.values():
            queue.backlog = True
        self._pump(line)
        self._claim(line)


def find_hindrance(line: SendQueue) -> StallReason:
    """Say what keeps parts from leaving by a line at this moment."""
    carrier = line.carrier
    if carrier is None or not carrier.live:
        return StallReason.NO_LINK
    if not line.can_leave:
        return StallReason.DATABASE
    if carrier.room() > 0:
        return StallReason.NONE
    if carrier.on_trial:
        return StallReason.NO_ANSWERS
    links = [link for link in carrier.links() if link.bound]
    return StallReason.PACE if any(link.outstanding < link.window for link in links) else StallReason.WINDOW
