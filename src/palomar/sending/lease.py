"""Keeps this node's lease, and takes over the work of dead nodes.

The node measures its lease from before each renewal by its monotonic clock, so it ends here before it ends in the
database. A node whose lease ran out claims nothing more and begins again with a new row. Not here: the rows
(``nodes``).
"""

from collections.abc import Callable, Coroutine
from typing import TypeVar

import structlog

from palomar.ports import Clock
from palomar.sending.nodes import LEASE_MS, Node, TakenOver, list_dead_nodes, register, renew, take_over
from palomar.storage.database import Database, DatabaseError, Unavailable
from palomar.transaction.availability import DatabaseAvailability
from palomar.transaction.batcher import Batcher, Step

T = TypeVar("T")

RENEW_EVERY_SECONDS = 2.5
_log = structlog.get_logger(__name__)

TAKE_OVER = Step(name="take_over", script=take_over)


class Lease:
    """The lease of this process. ``name`` is the same at all its starts and belongs to its data directory; ``on_freed``
    is called when work of a dead node was freed."""

    def __init__(self, database: Database, clock: Clock, *, name: str, on_freed: Callable[[], None]) -> None:
        self._database = database
        self._clock = clock
        self._name = name
        self._on_freed = on_freed
        self._ends = 0.0
        self.node: Node | None = None
        self._batcher: Batcher
        self._availability: DatabaseAvailability | None = None

    def attach(self, batcher: Batcher) -> None:
        """Connect the batcher, which itself needs the lease."""
        self._batcher = batcher
        self._availability = batcher.availability

    @property
    def node_id(self) -> int | None:
        """Return the id of our row while the lease runs, else None: then nothing may be claimed."""
        if self.node is None or self._clock.monotonic() >= self._ends:
            return None
        return self.node.id

    async def begin(self) -> Node:
        """Register this start: insert its row and begin its lease."""
        before = self._clock.monotonic()
        self.node = await self._watched(self._database.write(register, name=self._name))
        self._ends = before + LEASE_MS / 1_000
        return self.node

    async def renew(self, *, uncounted_ms: int = 0) -> bool:
        """Renew the lease, and store for how long changed messages have waited to be counted. Return False if the lease
        was lost: then call :meth:`begin` again and drop what was claimed."""
        node = self.node
        if node is None:
            return False
        before = self._clock.monotonic()
        if before >= self._ends:
            return False  # it may still run in the database, but claims were refused here meanwhile
        kept = await self._watched(self._database.write_in_lane(1, renew, node, uncounted_ms=uncounted_ms))
        if kept:
            self._ends = before + LEASE_MS / 1_000
        return kept

    async def _watched(self, writing: Coroutine[None, None, T]) -> T:
        """Await a write, and report whether the database could be reached: leases are written also while nothing is
        sent."""
        try:
            result = await writing
        except Unavailable as error:
            if self._availability is not None:
                self._availability.write_failed(str(error))
            raise
        if self._availability is not None:
            self._availability.write_succeeded()
        return result

    async def take_over_dead(self) -> None:
        """Free the work that dead nodes had claimed."""
        node = self.node
        if node is None:
            return
        await self._batcher.wait_for_undo()  # the row that has run out may be our own
        for dead in await self._database.read(list_dead_nodes, own=node, name=self._name):
            freed = in_doubt = 0
            more = True
            while more:
                taken: TakenOver = await self._batcher.run(TAKE_OVER, dead)
                freed, in_doubt, more = freed + taken.freed, in_doubt + taken.in_doubt, taken.more
            _log.info("took over a dead node's work", node=dead, messages=freed, parts_in_doubt=in_doubt)
            self._on_freed()

    async def end(self) -> None:
        """Give back the messages that were claimed and not sent, and remove our row."""
        if self.node is None:
            return
        try:
            more = True
            while more:
                more = (await self._batcher.run(TAKE_OVER, self.node.id)).more
        except DatabaseError as error:
            _log.warning("the lease could not be given back; it will run out", reason=str(error))
        self.node = None
