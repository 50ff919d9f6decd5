"""Detects send queues in which parts wait and none leaves, and restarts those that stalled.

Sending is driven by events: an answer, a link that is bound, a timer. A lost event would stop it, so the watchdog
checks every queue once a second. If parts wait and none leaves, people are shown the reason. If there is none (a link
is bound, has a free slot, and its pace allows a part), it is an error of this program: it is logged and counted, and
the queue is sent from again.

Not here: why one message waits (``reports.waits``), and moving messages to another carrier (``failover``).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import structlog

from palomar.ports import Clock
from palomar.sending.send_queue import SendQueue

CHECK_EVERY_SECONDS = 1.0
IDLE_SECONDS = 5.0
"""People are shown a queue from which nothing has left for so long while parts wait."""
STALLED_SECONDS = 4.0
"""If nothing leaves for so long without a reason, it is an error of this program."""
LOGGED_SECONDS = 30.0
"""A queue that waits for a reason is logged once, after so long."""

log = structlog.get_logger(__name__)


class StallReason(StrEnum):
    """Reasons for which no part leaves a queue."""

    NONE = ""
    """There is none: it is an error of this program."""
    NO_LINK = "no_link"
    DATABASE = "database"
    """Too many answers are not recorded yet."""
    WINDOW = "window"
    """Every slot waits for an answer of the carrier."""
    PACE = "pace"
    NO_ANSWERS = "no_answers"
    """Every link is on trial: it takes one part at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StalledQueue:
    """A queue where parts wait and none leaves: since when (wall milliseconds), why (``hindrance``), and how many parts
    are in memory. ``stalled`` is True where there is no reason."""

    since_ms: int
    hindrance: StallReason
    parts: int
    stalled: bool


@dataclass(slots=True, kw_only=True)
class _Watch:
    """What the checks so far saw of a queue: when a part left last (``moved_at``, monotonic seconds; ``moved_ms``, wall
    milliseconds), and since when no reason holds its parts back."""

    submitted: int = -1
    moved_at: float = 0.0
    moved_ms: int = 0
    unhindered_since: float | None = None
    is_logged: bool = False


class Watchdog:
    """Checks the send queues of all carriers. ``send`` submits the parts of a queue, ``claim`` fetches more parts from
    the database."""

    def __init__(
        self, queues: Mapping[str, SendQueue], *, send: Callable[[SendQueue], None], claim: Callable[[SendQueue], None]
    ) -> None:
        self._queues = queues
        self._send = send
        self._claim = claim
        self._watched: dict[str, _Watch] = {}
        self.idle: Mapping[str, StalledQueue] = {}
        """The queues where parts wait and none leaves, by carrier, as of the last check."""
        self.stalls = 0
        """How often a queue has stalled since the start."""

    @property
    def carriers(self) -> list[str]:
        """List the carriers that have a queue."""
        return [name for name, queue in self._queues.items() if queue.carrier is not None]

    def check(self, unclaimed: Mapping[str, int], clock: Clock) -> None:
        """Check every queue. ``unclaimed`` has the carriers for which the database holds due messages that no node has
        claimed."""
        idle = {}
        for name, queue in self._queues.items():
            if queue.carrier is not None:
                found = self._check_queue(queue, unclaimed.get(name), clock)
                if found is not None:
                    idle[name] = found
        self.idle = idle

    def _check_queue(self, queue: SendQueue, unclaimed: int | None, clock: Clock) -> StalledQueue | None:
        now, watch = clock.monotonic(), self._watched.setdefault(queue.name, _Watch())
        waits = queue.waiting > 0 or unclaimed is not None
        if queue.submitted != watch.submitted or not waits:
            watch.submitted, watch.moved_at, watch.moved_ms = queue.submitted, now, clock.wall_ms()
            watch.unhindered_since, watch.is_logged = None, False
            return None
        hindrance = find_hindrance(queue)
        if hindrance is not StallReason.NONE:
            watch.unhindered_since = None
        elif watch.unhindered_since is None:
            watch.unhindered_since = now
        stalled = watch.unhindered_since is not None and now - watch.unhindered_since >= STALLED_SECONDS
        seconds = now - watch.moved_at
        if stalled:
            self._restart(queue, seconds, is_logged=watch.is_logged)
            watch.is_logged = True
        elif seconds >= LOGGED_SECONDS and not watch.is_logged:
            watch.is_logged = True
            log.warning("sending_waits", carrier=queue.name, parts=queue.waiting, seconds=round(seconds), why=hindrance)
        if seconds < IDLE_SECONDS and not stalled:
            return None
        return StalledQueue(since_ms=watch.moved_ms, hindrance=hindrance, parts=queue.waiting, stalled=stalled)

    def _restart(self, queue: SendQueue, seconds: float, *, is_logged: bool) -> None:
        if not is_logged:
            self.stalls += 1
            log.error("sending_stalled", carrier=queue.name, parts=queue.waiting, seconds=round(seconds, 1))
        for ranked in queue.ranks.values():
            ranked.may_have_backlog = True
        self._send(queue)
        self._claim(queue)


def find_hindrance(queue: SendQueue) -> StallReason:
    """Return the reason for which no part of a queue can leave at this moment."""
    carrier = queue.carrier
    if carrier is None or not carrier.live:
        return StallReason.NO_LINK
    if not queue.can_leave:
        return StallReason.DATABASE
    if carrier.free_slots() > 0:
        return StallReason.NONE
    if carrier.on_trial:
        return StallReason.NO_ANSWERS
    links = [link for link in carrier.links() if link.bound]
    return StallReason.PACE if any(link.outstanding < link.window for link in links) else StallReason.WINDOW
