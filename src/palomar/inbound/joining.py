"""Inbound messages as far as they have come: joining the parts of a long one.

Nodes meet at the row of the waiting message: its word ``same`` is unique, and it is locked before parts are put to it.
Not here: what is a repeat (``repeats``), whose message it is and what follows (``receive``).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from palomar.inbound import inbound_rows as rows
from palomar.inbound.repeats import hashed, link_of, word_of
from palomar.ports import CarrierInbound
from palomar.storage.statements import ResultRow, Row
from palomar.text.phone_text import TextPart, join_text
from palomar.transaction.work import Work


@dataclass(slots=True, kw_only=True)
class InboundMessage:
    """A message as far as it has come; ``same`` is its unique word in the table."""

    id: int
    carrier: str
    source: str
    destination: str
    reference: int | None
    parts: int
    same: str
    received_ms: int
    came_ms: int = 0
    link: str = ""
    is_stored: bool = False
    pieces: dict[int, TextPart] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return join_text(self.pieces)

    @property
    def is_whole(self) -> bool:
        return len(self.pieces) == self.parts

    def row(self, *, account_id: int | None, whole: bool) -> Row:
        """In the order of INSERT_INBOUND."""
        return (
            self.id,
            self.carrier,
            self.source,
            self.destination,
            self.text if whole else "",
            self.reference,
            len(self.pieces),
            self.parts,
            self.same,
            self.received_ms,
            account_id,
            int(whole),
            self.came_ms,
            self.link,
        )


class Join:
    """Puts parts to their messages. ``open_now`` are the waiting ones by their unique word, locked."""

    def __init__(self, work: Work, open_now: dict[str, InboundMessage | None]) -> None:
        self._work = work
        self._open = open_now
        self._touched: set[int] = set()
        self._parts: list[Row] = []
        self.closed: list[InboundMessage] = []
        self.opened: list[InboundMessage] = []
        """Not in the table yet, and waiting."""

    def add(self, part: CarrierInbound) -> None:
        """A part that has not come before. If its number has, the phone uses the reference again: what came until then
        is all that will come."""
        same = together(part)
        message = self._open.get(same)
        if message is not None and part.number in message.pieces:
            self._close(message)
            message = None
        if message is None:
            message = self._open[same] = opened(self._work, part)
            self.opened.append(message)
        message.pieces[part.number] = TextPart(part.text, part.octets, part.coding)
        self._touched.add(message.id)
        self._parts.append(_part_row(self._work, message, part))
        if message.is_whole:
            self._close(message)

    async def write(self, created: set[int]) -> None:
        """Store the parts; a message that was begun for a repeat alone goes again."""
        tx = self._work.tx
        if self._parts:
            await tx.insert(rows.INSERT_PARTS, self._parts)
        unused = created - self._touched
        if unused:
            await tx.delete(rows.DELETE_INBOUND, sorted(unused))

    def _close(self, message: InboundMessage) -> None:
        self._open[message.same] = None
        if message in self.opened:
            self.opened.remove(message)
        self.closed.append(message)


def _part_row(work: Work, message: InboundMessage, part: CarrierInbound) -> Row:
    """In the order of INSERT_PARTS."""
    came_ms, link = part.came_ms or work.now_ms, link_of(work, part)
    kept = (part.number, part.text, work.now_ms, came_ms, part.octets or None, part.coding, link)
    return (word_of(part), message.id, *kept)


def opened(work: Work, part: CarrierInbound) -> InboundMessage:
    """A message of which this part is the first to come; without it yet."""
    return InboundMessage(
        id=work.context.ids.serial(),
        carrier=part.carrier,
        source=part.source,
        destination=part.destination,
        reference=part.reference,
        parts=part.parts,
        same=together(part),
        received_ms=work.now_ms,
    )


async def with_parts(work: Work, found: Sequence[ResultRow]) -> list[InboundMessage]:
    """Waiting messages from rows of LOOKUP_WAITING, with what has come of them."""
    messages = {
        row[0]: InboundMessage(
            id=row[0],
            carrier=row[1],
            source=row[2],
            destination=row[3],
            reference=row[4],
            parts=row[5],
            same=row[6],
            received_ms=row[7],
            is_stored=True,
        )
        for row in found
    }
    if messages:
        for identity, number, text, octets, coding in await work.tx.lookup(rows.LOOKUP_PARTS, sorted(messages)):
            messages[identity].pieces[number] = TextPart(text, octets or b"", coding)
    return list(messages.values())


def together(part: CarrierInbound) -> str:
    """What the parts of one message share, and no two waiting messages."""
    return "waiting:" + hashed(part.carrier, part.source, part.destination, str(part.reference), str(part.parts))
