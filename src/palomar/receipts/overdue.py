"""Ask carriers for the state of parts whose receipts are overdue; an answer counts as a receipt.

A part is asked for when it has been without a receipt for the carrier's time, then after twice that, four times and so
on, until it ends. Not here: what is sent (the carrier's ``query``), and what an answer changes (``record``).
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
    """A part with the carrier's id for it, and what else a carrier wants to know of it."""

    part_id: PartId
    reference: str
    sender: str
    country: str


async def overdue_parts(
    tx: Transaction, carrier: str, *, sent_before_ms: int, after: int, limit: int
) -> list[OverduePart]:
    """Parts that this carrier took before a time, by id; the next page is behind the last of this one."""
    found = await tx.select(rows.SELECT_WITHOUT_RECEIPT, carrier, sent_before_ms, after, limit)
    return [OverduePart(part_id=PartId(row[0]), reference=row[1], sender=row[2], country=row[3]) for row in found]


LOOK_EVERY_SECONDS = 5.0
PAGE = 200
REMEMBERED = 50_000


@dataclass(slots=True)
class _Asked:
    at_ms: int
    wait_ms: int


class OverdueReceipts:
    """``after_seconds`` by carrier; carriers that are not named are never asked. ``plan`` gives the rules in force."""

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
        self._asked: dict[PartId, _Asked] = {}

    async def query_overdue(self) -> None:
        """Ask for a page of what is overdue with each carrier, and go on behind it the next time."""
        for name, carrier in self._carriers.items():
            if carrier.live:
                await self._query_carrier(name, carrier)

    async def _query_carrier(self, name: str, carrier: Carrier) -> None:
        now_ms = self._clock.wall_ms()
        before_ms, behind = now_ms - self._after_ms[name], self._behind.get(name, 0)
        found = await self._database.read(overdue_parts, name, sent_before_ms=before_ms, after=behind, limit=PAGE)
        self._behind[name] = found[-1].part_id if len(found) == PAGE else 0
        for part in found:
            if self._is_due(part, now_ms) and carrier.query(part.reference, sender=self._sent_as(part, name)):
                self._remember(part, now_ms, self._after_ms[name])

    def _sent_as(self, part: OverduePart, carrier: str) -> str:
        """The sender that the carrier was told."""
        rules = self._plan().sender_rules
        return sender_for(rules, carrier=carrier, country=part.country, sender=part.sender) or part.sender

    def _is_due(self, part: OverduePart, now_ms: int) -> bool:
        asked = self._asked.get(part.part_id)
        return asked is None or now_ms >= asked.at_ms + asked.wait_ms

    def _remember(self, part: OverduePart, now_ms: int, first_wait_ms: int) -> None:
        asked = self._asked.pop(part.part_id, None)
        if len(self._asked) >= REMEMBERED:
            del self._asked[next(iter(self._asked))]
        self._asked[part.part_id] = _Asked(now_ms, 2 * asked.wait_ms if asked else first_wait_ms)
