"""The send queue of one carrier: claimed parts in memory that wait for a slot of its window.

There is a queue for each rank. Urgent parts leave before all others. While normal parts wait, every fourth part is a
bulk one, so a campaign goes on slowly. Not here: slots (``carriers``), and transactions (``dispatcher``).
"""

from collections import deque
from collections.abc import Container
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from palomar.ports import Carrier, OutgoingPart
from palomar.vocabulary.lane import Rank
from palomar.vocabulary.message import MessageId, PartId

QUEUE_PARTS = 4_000
"""Parts of a rank that are kept in memory; the rest waits in the database."""
BULK_EVERY = 4
"""While normal parts wait, one part in so many is a bulk one."""
UNRECORDED_MAX = 200
"""With so many answers that no transaction holds yet, no part leaves. After a crash the parts of the window and of
these answers are sent again, so a slow disk must not let them grow."""


class Timer(Protocol):
    """A timer that can be cancelled, such as asyncio's."""

    def cancel(self) -> None: ...


class DelayedPart(NamedTuple):
    """A part that may leave after a pause, and the timer that ends the pause."""

    part: OutgoingPart
    timer: Timer


@dataclass(slots=True)
class RankQueue:
    """The parts of one rank in the send queue of a carrier."""

    ready: deque[OutgoingPart] = field(default_factory=deque)
    delayed: dict[PartId, DelayedPart] = field(default_factory=dict)
    """Parts that come back into ``ready`` after a pause."""
    reserved: int = 0
    """Parts that have room here but are not in it: their transaction has not ended, or they are being submitted."""
    may_have_backlog: bool = True
    """True if the database may hold due messages that no node has; False once a query found no more."""
    claiming: bool = False
    """True while a claim for this rank is under way."""

    @property
    def room(self) -> int:
        """Return how many parts more may be claimed."""
        return QUEUE_PARTS - len(self.ready) - len(self.delayed) - self.reserved

    @property
    def movable(self) -> list[OutgoingPart]:
        """List the parts that could move to another carrier: the ready ones and the delayed ones."""
        return [*self.ready, *(delayed.part for delayed in self.delayed.values())]


class SendQueue:
    """The parts that wait in memory for one carrier, by rank. ``carrier`` is None in the queue of messages that are not
    routed yet."""

    def __init__(self, name: str, carrier: Carrier | None) -> None:
        self.name = name
        self.carrier = carrier
        self.ranks = {rank: RankQueue() for rank in Rank}
        self.unrecorded = 0
        """Answers of the carrier that are in no transaction yet."""
        self.submitted = 0
        """Parts that were given to the carrier since the start."""
        self._ranked = tuple(self.ranks.values())
        self._turn = 0

    def of(self, rank: Rank) -> RankQueue:
        """Return the queue of a rank."""
        return self._ranked[rank]

    def is_first(self, rank: Rank) -> bool:
        """Return True if a new message of that rank would be the first: none waits before it, here or in the
        database."""
        for ranked in self._ranked[: rank + 1]:  # noqa: SIM110  # twice as quick as a generator
            if ranked.ready or ranked.may_have_backlog:
                return False
        return True

    @property
    def can_leave(self) -> bool:
        """Return True if few enough answers are unrecorded for another part to leave."""
        return self.unrecorded < UNRECORDED_MAX

    @property
    def waiting(self) -> int:
        """Count the parts in memory that could leave at once."""
        urgent, normal, bulk = self._ranked
        return len(urgent.ready) + len(normal.ready) + len(bulk.ready)

    def push(self, part: OutgoingPart) -> None:
        """Put a part behind the others of its rank."""
        self._ranked[part.rank].ready.append(part)

    def push_front(self, part: OutgoingPart) -> None:
        """Put a part before the others of its rank."""
        self._ranked[part.rank].ready.appendleft(part)

    def delay(self, part: OutgoingPart, timer: Timer) -> None:
        """Keep a part until ``timer`` calls :meth:`end_delay` for it."""
        self._ranked[part.rank].delayed[part.part_id] = DelayedPart(part, timer)

    def end_delay(self, part: OutgoingPart) -> bool:
        """Remove a delayed part; return False if it is not here any more."""
        delayed = self._ranked[part.rank].delayed
        found = delayed.get(part.part_id)
        if found is None or found.part is not part:
            return False
        del delayed[part.part_id]
        return True

    def pop(self) -> OutgoingPart:
        """Remove and return the part whose turn it is. The queue must not be empty."""
        urgent, normal, bulk = self._ranked
        if urgent.ready:
            return urgent.ready.popleft()
        if bulk.ready:
            self._turn += 1
            if not normal.ready or self._turn % BULK_EVERY == 0:
                return bulk.ready.popleft()
        return normal.ready.popleft()

    def remove(self, messages: Container[MessageId]) -> int:
        """Drop the parts of these messages; return how many there were."""
        dropped = 0
        for ranked in self.ranks.values():
            kept = [part for part in ranked.ready if part.message_id not in messages]
            dropped += len(ranked.ready) - len(kept)
            ranked.ready = deque(kept)
            for identity in [one for one, delayed in ranked.delayed.items() if delayed.part.message_id in messages]:
                ranked.delayed.pop(identity).timer.cancel()
                dropped += 1
        return dropped

    def clear(self) -> None:
        """Drop all parts."""
        for ranked in self.ranks.values():
            ranked.ready.clear()
            for delayed in ranked.delayed.values():
                delayed.timer.cancel()
            ranked.delayed.clear()
