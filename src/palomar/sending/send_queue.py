"""The line of one carrier: claimed parts in memory that wait for a slot, in the order in which they shall leave.

One queue a rank: urgent parts go before all others, and while normal ones wait, bulk has every fourth turn, so that a
campaign crawls but never stands. Not here: slots (the carrier's), transactions (the dispatcher's).
"""

from collections import deque
from collections.abc import Container
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from palomar.ports import Carrier, OutgoingPart
from palomar.vocabulary.lane import Rank
from palomar.vocabulary.message import MessageId, PartId

QUEUE_PARTS = 4_000
"""Parts a queue keeps in memory; the rest waits in the database."""
BULK_EVERY = 4
UNSAVED_MOST = 200
"""Answers of the carrier that no transaction holds yet; with more, nothing leaves. A crash sends again what was in the
window and these, so a slow disk must not let them grow."""


class Wake(Protocol):
    """What ends a rest; asyncio's timers are such."""

    def cancel(self) -> None: ...


class Resting(NamedTuple):
    """A part that waits for its time, and what brings it back."""

    part: OutgoingPart
    wake: Wake


@dataclass(slots=True)
class RankQueue:
    """The parts of one rank."""

    ready: deque[OutgoingPart] = field(default_factory=deque)
    resting: dict[PartId, Resting] = field(default_factory=dict)
    """Parts that come back into the queue after a pause."""
    pledged: int = 0
    """Parts claimed at birth whose transaction has not ended, or marked and about to leave."""
    backlog: bool = True
    """Whether the database may hold due messages that nobody has; true until a query found none."""
    claiming: bool = False

    @property
    def room(self) -> int:
        return QUEUE_PARTS - len(self.ready) - len(self.resting) - self.pledged

    @property
    def here(self) -> list[OutgoingPart]:
        """List the parts that could move to another carrier: those that are ready, and those that rest."""
        return [*self.ready, *(resting.part for resting in self.resting.values())]


class SendQueue:
    """See the module. ``carrier`` is None for what nobody has routed yet."""

    def __init__(self, name: str, carrier: Carrier | None) -> None:
        self.name = name
        self.carrier = carrier
        self.queues = {rank: RankQueue() for rank in Rank}
        self.unsaved = 0
        """Parts that were answered, and whose answer is in no transaction yet."""
        self.left = 0
        """Parts that were given to the carrier since the start."""
        self._in_order = tuple(self.queues.values())
        self._turn = 0

    def of(self, rank: Rank) -> RankQueue:
        return self._in_order[rank]

    def is_first(self, rank: Rank) -> bool:
        """Whether a new message of that rank would stand behind nobody: neither here nor in the database."""
        for queue in self._in_order[: rank + 1]:  # noqa: SIM110  # twice as quick as a generator
            if queue.ready or queue.backlog:
                return False
        return True

    @property
    def can_leave(self) -> bool:
        """Whether the answers before have been saved well enough for another part to leave."""
        return self.unsaved < UNSAVED_MOST

    @property
    def waiting(self) -> int:
        """Count the parts in memory that could leave at once."""
        urgent, normal, bulk = self._in_order
        return len(urgent.ready) + len(normal.ready) + len(bulk.ready)

    def push(self, part: OutgoingPart) -> None:
        """Behind the others of its rank."""
        self._in_order[part.rank].ready.append(part)

    def push_front(self, part: OutgoingPart) -> None:
        """Before the others of its rank."""
        self._in_order[part.rank].ready.appendleft(part)

    def rest(self, part: OutgoingPart, wake: Wake) -> None:
        """Let the part rest; ``wake`` can be cancelled, and takes it out again with :meth:`woken`."""
        self._in_order[part.rank].resting[part.part_id] = Resting(part, wake)

    def woken(self, part: OutgoingPart) -> bool:
        """End a part's rest; False if it does not rest here any more."""
        resting = self._in_order[part.rank].resting
        found = resting.get(part.part_id)
        if found is None or found.part is not part:
            return False
        del resting[part.part_id]
        return True

    def pop(self) -> OutgoingPart:
        """The part whose turn it is; there is one."""
        urgent, normal, bulk = self._in_order
        if urgent.ready:
            return urgent.ready.popleft()
        if bulk.ready:
            self._turn += 1
            if not normal.ready or self._turn % BULK_EVERY == 0:
                return bulk.ready.popleft()
        return normal.ready.popleft()

    def take_out(self, messages: Container[MessageId]) -> int:
        """Drop the parts of these messages; how many there were."""
        dropped = 0
        for queue in self.queues.values():
            kept = [part for part in queue.ready if part.message_id not in messages]
            dropped += len(queue.ready) - len(kept)
            queue.ready = deque(kept)
            for identity in [one for one, rests in queue.resting.items() if rests.part.message_id in messages]:
                queue.resting.pop(identity).wake.cancel()
                dropped += 1
        return dropped

    def clear(self) -> None:
        """Drop everything."""
        for queue in self.queues.values():
            queue.ready.clear()
            for rests in queue.resting.values():
                rests.wake.cancel()
            queue.resting.clear()
