"""The copies in doubt of one transaction: it is unknown whether their carriers have them.

They are read when a step needs them, changed in memory, and written at the end of the transaction. Nearly all parts
were never in doubt; those cost nothing here. Not here: resending or holding a part in doubt (``sending.in_doubt``), and
which copy a receipt is about (``doubt_matching``).
"""

from collections.abc import Iterable

from palomar.receipts import doubt_rows as rows
from palomar.receipts.doubt_rows import NO_REFERENCE, DoubtRow
from palomar.routing.route_chooser import RoutingContext
from palomar.routing.rules import RoutingPlan
from palomar.transaction import message_rows
from palomar.transaction.message_rows import OpenPart
from palomar.transaction.work import Participant, Work
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.doubt import DoubtCause, Resend, phone_tail
from palomar.vocabulary.message import MessageId, PartId

_Key = tuple[PartId, int]


class Doubts(Participant):
    """The copies that are or were in doubt, of the parts of one transaction."""

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self._by_part: dict[PartId, dict[int, DoubtRow]] = {}
        self.has_any = False
        """True if any loaded part has a copy that is or was in doubt."""
        self._added: dict[_Key, DoubtRow] = {}
        self._changed: dict[_Key, DoubtRow] = {}
        self._lanes: dict[MessageId, int] = {}

    # --- reading

    async def load(self, ids: Iterable[PartId]) -> None:
        """Read the copies of these parts that are or were in doubt; parts that were loaded before are not read
        again."""
        missing = sorted({identity for identity in ids if identity not in self._by_part})
        if missing:
            self._by_part.update((identity, {}) for identity in missing)
            for row in await self._work.tx.lookup(rows.LOOKUP_DOUBTS, missing):
                self._keep(rows.doubt_row(row))

    async def load_lanes(self, message_ids: Iterable[MessageId]) -> None:
        """Read the lanes of these messages, if any lane has bounds of its own."""
        plan = self._plan
        if any(lane.has_own_resend for lane in plan.lanes):
            missing = sorted(set(message_ids) - self._lanes.keys())
            self._lanes.update(
                dict(await self._work.tx.lookup(message_rows.LOOKUP_QUEUE_LANES, missing)) if missing else {}
            )

    async def find_open_by_phone(self, numbers: Iterable[str]) -> list[DoubtRow]:
        """Find all copies for these phones that are in doubt, those of this transaction too."""
        tails = sorted({phone_tail(number) for number in numbers if number})
        if not tails:
            return []
        await self.load(PartId(row[0]) for row in await self._work.tx.lookup(rows.LOOKUP_DOUBTS_BY_PHONE, tails))
        return [
            doubt
            for copies in self._by_part.values()
            for doubt in copies.values()
            if doubt.is_open and doubt.phone in tails
        ]

    async def find_by_reference(self, references: Iterable[str]) -> list[DoubtRow]:
        """Find all copies to which a carrier gave one of these ids (in the spelling of ``canonical``)."""
        wanted = set(references) - {""}
        if not wanted:
            return []
        found = await self._work.tx.lookup(rows.LOOKUP_DOUBTS_BY_REFERENCE, sorted(wanted))
        await self.load(PartId(row[0]) for row in found)
        return [doubt for copies in self._by_part.values() for doubt in copies.values() if doubt.reference in wanted]

    def copies_of(self, part: OpenPart) -> list[DoubtRow]:
        """List the copies of a loaded part, the first attempt first."""
        return list(self._by_part.get(part.id, {}).values())

    def is_open(self, part: OpenPart) -> bool:
        """Return True if a copy of this part is in doubt: a carrier may have it."""
        return any(doubt.is_open for doubt in self._by_part.get(part.id, {}).values())

    def is_confirmed(self, part: OpenPart) -> bool:
        """Return True if a copy of this part was in doubt and its carrier turned out to have it."""
        copies = self._by_part.get(part.id, {}).values()
        return any(not doubt.is_open and doubt.cause is not DoubtCause.REFUTED for doubt in copies)

    def count_copies(self, part: OpenPart, cause: DoubtCause) -> int:
        """Count the copies of a part that are or were in doubt for that cause."""
        return sum(doubt.cause is cause for doubt in self._by_part.get(part.id, {}).values())

    def bounds(self, account_id: AccountId, message_id: MessageId) -> Resend:
        """Return how often and when the parts of a message may be resent. Its lane has been loaded."""
        account = self._work.context.accounts.get(account_id)
        own = account.settings.resend if account else Resend(times=0)
        lane = self._plan.lane(self._lanes.get(message_id, 0))
        return lane.resend(own) if lane is not None else own

    # --- changing

    def add(self, part: OpenPart, cause: DoubtCause, *, sender: str) -> None:
        """Put the newest copy of a loaded part in doubt. ``sender`` is the one that its submit named."""
        doubt = DoubtRow(
            part_id=part.id,
            attempt=part.attempt,
            carrier=part.carrier,
            phone=phone_tail(part.message.msisdn),
            sender=sender,
            cause=cause,
            at_ms=self._work.now_ms,
        )
        if part.attempt not in self._by_part.setdefault(part.id, {}):
            self._added[part.id, part.attempt] = doubt
            self._keep(doubt)

    def confirm(self, part: OpenPart, attempt: int, reference: str) -> None:
        """Record that the carrier has this copy, under that id (in its stored spelling; empty if unknown)."""
        self._settle(part.id, attempt, reference=reference or NO_REFERENCE)

    def refute(self, part: OpenPart, attempt: int) -> bool:
        """Record that the carrier has not taken this copy; return True if it was in doubt."""
        return self._settle(part.id, attempt, cause=DoubtCause.REFUTED, reference=NO_REFERENCE)

    def restart_count(self, part: OpenPart) -> None:
        """Count the copies so far no longer: a person decided to send the part once more, so its bounds begin anew."""
        for doubt in self.copies_of(part):
            if doubt.cause is not DoubtCause.REFUTED:
                doubt.cause = DoubtCause.REFUTED
                self._changed[part.id, doubt.attempt] = doubt

    async def write(self) -> None:
        """Write the copies that were added or changed."""
        if self._added:
            await self._work.tx.insert(rows.INSERT_DOUBTS, [doubt.row() for doubt in self._added.values()])
        changed = [doubt for key, doubt in self._changed.items() if key not in self._added]
        if changed:
            values = [(doubt.part_id, doubt.attempt, doubt.cause, doubt.reference) for doubt in changed]
            await self._work.tx.update(rows.UPDATE_DOUBTS, values)

    # --- private

    @property
    def _plan(self) -> RoutingPlan:
        return RoutingContext.of(self._work.context).plan

    def _keep(self, doubt: DoubtRow) -> None:
        self.has_any = True
        self._by_part.setdefault(doubt.part_id, {})[doubt.attempt] = doubt

    def _settle(self, identity: PartId, attempt: int, *, reference: str, cause: DoubtCause | None = None) -> bool:
        doubt = self._by_part.get(identity, {}).get(attempt)
        if doubt is None or not doubt.is_open:
            return False
        doubt.reference = reference
        doubt.cause = cause or doubt.cause
        self._changed[identity, attempt] = doubt
        return True
