"""Asks carriers for the state of parts whose receipts are overdue; an answer counts as a receipt.

A part is queried when it has been without a receipt for the time that is configured for its carrier, then after twice
that, four times and so on, until it ends. Not here: the PDU (``carriers.smpp``), and what an answer changes
(``record``).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from palomar.ports import Carrier, Clock
from palomar.routing.rules import RoutingPlan
from palomar.routing.sender_rules import sender_for
from palomar.storage.database import Database, Transaction
from palomar.transaction import message_rows as rows
from palomar.vocabulary.message import PartId


@dataclass(frozen=True, slots=True, kw_only=True)
class OverduePart:
    """A part without a receipt: the carrier's id for it, and what its sender is computed from."""

    part_id: PartId
    reference: str
    sender: str
    country: str


async def list_overdue_parts(
    tx: Transaction, carrier: str, *, sent_before_ms: int, after: int, limit: int
) -> list[OverduePart]:
    """List parts that this carrier took before a time and that have not ended, by id, from behind ``after``, at most
    ``limit``."""
    found = await tx.select(rows.SELECT_WITHOUT_RECEIPT, carrier, sent_before_ms, after, limit)
    return [OverduePart(part_id=PartId(row[0]), reference=row[1], sender=row[2], country=row[3]) for row in found]


CHECK_EVERY_SECONDS = 5.0
PAGE = 200
"""Parts that are read at a time for a carrier."""
QUERIES_REMEMBERED = 50_000
"""Beyond so many, the oldest query is forgotten: its part may be queried again too soon."""


@dataclass(slots=True)
class _Query:
    """The last query for a part: when it was sent (wall milliseconds), and how long to wait before the next."""

    at_ms: int
    wait_ms: int


class OverdueReceipts:
    """Queries carriers for overdue receipts. ``after_seconds`` is by carrier; a carrier without it is never queried.
    ``plan`` returns the rules in force."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        carriers: Mapping[str, Carrier],
        after_seconds: Mapping[str, float],
        *,
        plan: Callable[[], RoutingPlan] = RoutingPlan,
    ) -> None:
        self._database = database
        self._clock = clock
        self._plan = plan
        self._carriers = {name: carriers[name] for name, seconds in after_seconds.items() if seconds > 0}
        self._after_ms = {name: round(seconds * 1_000) for name, seconds in after_seconds.items()}
        self._behind: dict[str, int] = {}
        self._queried: dict[PartId, _Query] = {}

    async def query_overdue(self) -> None:
        """Query a page of overdue parts at each carrier that has a link; the next call goes on behind it."""
        for name, carrier in self._carriers.items():
            if carrier.live:
                await self._query_carrier(name, carrier)

    async def _query_carrier(self, name: str, carrier: Carrier) -> None:
        now_ms = self._clock.wall_ms()
        before_ms, behind = now_ms - self._after_ms[name], self._behind.get(name, 0)
        found = await self._database.read(list_overdue_parts, name, sent_before_ms=before_ms, after=behind, limit=PAGE)
        self._behind[name] = found[-1].part_id if len(found) == PAGE else 0
        for part in found:
            if self._is_due(part, now_ms) and carrier.query(part.reference, sender=self._given_sender(part, name)):
                self._remember(part, now_ms, self._after_ms[name])

    def _given_sender(self, part: OverduePart, carrier: str) -> str:
        """Return the sender that the carrier was given."""
        rules = self._plan().sender_rules
        return sender_for(rules, carrier=carrier, country=part.country, sender=part.sender) or part.sender

    def _is_due(self, part: OverduePart, now_ms: int) -> bool:
        query = self._queried.get(part.part_id)
        return query is None or now_ms >= query.at_ms + query.wait_ms

    def _remember(self, part: OverduePart, now_ms: int, first_wait_ms: int) -> None:
        query = self._queried.pop(part.part_id, None)
        if len(self._queried) >= QUERIES_REMEMBERED:
            del self._queried[next(iter(self._queried))]
        self._queried[part.part_id] = _Query(now_ms, 2 * query.wait_ms if query else first_wait_ms)
