"""Joins the parts of long inbound messages.

Nodes meet at the row of the waiting message: its key ``same`` is unique, and the row is locked before parts are added.
Not here: what is a repeat (``repeats``), and the account of a message and what follows (``receive``).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from palomar.inbound import inbound_rows as rows
from palomar.inbound.repeats import hash_words, link_key, repeat_key
from palomar.ports import CarrierInbound
from palomar.storage.statements import ResultRow, Row
from palomar.text.phone_text import TextPart, join_text
from palomar.transaction.work import Work


@dataclass(slots=True, kw_only=True)
class InboundMessage:
    """An inbound message, as far as its parts have come; ``same`` is its unique key in the table."""

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
    parts_by_number: dict[int, TextPart] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return join_text(self.parts_by_number)

    @property
    def is_whole(self) -> bool:
        return len(self.parts_by_number) == self.parts

    def row(self, *, account_id: int | None, whole: bool) -> Row:
        """Return the values in the order of INSERT_INBOUND."""
        return (
            self.id,
            self.carrier,
            self.source,
            self.destination,
            self.text if whole else "",
            self.reference,
            len(self.parts_by_number),
            self.parts,
            self.same,
            self.received_ms,
            account_id,
            int(whole),
            self.came_ms,
            self.link,
        )


class PartJoiner:
    """Adds parts to their messages. ``waiting`` are the waiting messages by their keys, locked."""

    def __init__(self, work: Work, waiting: dict[str, InboundMessage | None]) -> None:
        self._work = work
        self._waiting = waiting
        self._touched: set[int] = set()
        self._parts: list[Row] = []
        self.closed: list[InboundMessage] = []
        self.begun: list[InboundMessage] = []
        """New messages that wait for more parts and are not in the table yet."""

    def add(self, part: CarrierInbound) -> None:
        """Add a part that is no repeat. If its number has come before, the phone uses the reference again: the message
        that waited is closed with what has come."""
        same = joining_key(part)
        message = self._waiting.get(same)
        if message is not None and part.number in message.parts_by_number:
            self._close(message)
            message = None
        if message is None:
            message = self._waiting[same] = begin_message(self._work, part)
            self.begun.append(message)
        message.parts_by_number[part.number] = TextPart(part.text, part.octets, part.coding)
        self._touched.add(message.id)
        self._parts.append(_part_row(self._work, message, part))
        if message.is_whole:
            self._close(message)

    async def write(self, created: set[int]) -> None:
        """Store the parts, and delete messages that were created for a repeat alone."""
        tx = self._work.tx
        if self._parts:
            await tx.insert(rows.INSERT_PARTS, self._parts)
        unused = created - self._touched
        if unused:
            await tx.delete(rows.DELETE_INBOUND, sorted(unused))

    def _close(self, message: InboundMessage) -> None:
        self._waiting[message.same] = None
        if message in self.begun:
            self.begun.remove(message)
        self.closed.append(message)


def _part_row(work: Work, message: InboundMessage, part: CarrierInbound) -> Row:
    """Return the values in the order of INSERT_PARTS."""
    came_ms, link = part.came_ms or work.now_ms, link_key(work, part)
    kept = (part.number, part.text, work.now_ms, came_ms, part.octets or None, part.coding, link)
    return (repeat_key(part), message.id, *kept)


def begin_message(work: Work, part: CarrierInbound) -> InboundMessage:
    """Make the message of which this part is the first to come, without the part."""
    return InboundMessage(
        id=work.context.ids.serial(),
        carrier=part.carrier,
        source=part.source,
        destination=part.destination,
        reference=part.reference,
        parts=part.parts,
        same=joining_key(part),
        received_ms=work.now_ms,
    )


async def load_parts(work: Work, found: Sequence[ResultRow]) -> list[InboundMessage]:
    """Make waiting messages from rows of LOOKUP_WAITING, with the parts that have come."""
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
            messages[identity].parts_by_number[number] = TextPart(text, octets or b"", coding)
    return list(messages.values())


def joining_key(part: CarrierInbound) -> str:
    """Return the key that the parts of one message share, and no other waiting message has."""
    return "waiting:" + hash_words(part.carrier, part.source, part.destination, str(part.reference), str(part.parts))
