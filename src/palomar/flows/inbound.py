"""Inbound messages as far as they have come: joining the parts of a long one, and knowing what came before.

A carrier repeats what was not acknowledged, so the same content within ten minutes is the same message. Nodes meet at
the row of the waiting message: its word ``same`` is unique, and it is locked before parts are put to it. Not here:
whose message it is and what follows (``receive``).
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from palomar.flows.work import Work
from palomar.ports import CarrierInbound
from palomar.storage import inbound as rows
from palomar.storage.database import Transaction
from palomar.storage.statements import Found, Row

SAME_WITHIN_MS = 600_000


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
    is_stored: bool = False
    texts: dict[int, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return "".join(self.texts[number] for number in sorted(self.texts))

    @property
    def is_whole(self) -> bool:
        return len(self.texts) == self.parts

    def row(self, *, account_id: int | None, whole: bool) -> Row:
        """In the order of INSERT_INBOUND."""
        return (
            self.id,
            self.carrier,
            self.source,
            self.destination,
            self.text if whole else "",
            self.reference,
            len(self.texts),
            self.parts,
            self.same,
            self.received_ms,
            account_id,
            int(whole),
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

    def add(self, part: CarrierInbound, digest: str) -> None:
        """A part that has not come before. If its number has, the phone uses the reference again: what came until then
        is all that will come."""
        same = together(part)
        message = self._open.get(same)
        if message is not None and part.number in message.texts:
            self._close(message)
            message = None
        if message is None:
            message = self._open[same] = opened(self._work, part)
            self.opened.append(message)
        message.texts[part.number] = part.text
        self._touched.add(message.id)
        self._parts.append((key_now(self._work, digest), message.id, part.number, part.text, self._work.now_ms))
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


def opened(work: Work, part: CarrierInbound) -> InboundMessage:
    """A message of which this part is the first to come; without it yet."""
    return InboundMessage(
        id=work.house.ids.serial(),
        carrier=part.carrier,
        source=part.source,
        destination=part.destination,
        reference=part.reference,
        parts=part.parts,
        same=together(part),
        received_ms=work.now_ms,
    )


async def with_parts(work: Work, found: Sequence[Found]) -> list[InboundMessage]:
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
        for identity, number, text in await work.tx.lookup(rows.LOOKUP_PARTS, sorted(messages)):
            messages[identity].texts[number] = text
    return list(messages.values())


def is_part(inbound: CarrierInbound) -> bool:
    """Whether it is a part of a longer message that can be joined."""
    return inbound.reference is not None and 1 <= inbound.number <= inbound.parts and inbound.parts > 1


def digest_of(inbound: CarrierInbound) -> str:
    """What a repeat shares with what it repeats."""
    return _hash(
        inbound.carrier,
        inbound.source,
        inbound.destination,
        str(inbound.reference),
        f"{inbound.number}/{inbound.parts}",
        inbound.text,
    )


def together(part: CarrierInbound) -> str:
    """What the parts of one message share, and no two waiting messages."""
    return "waiting:" + _hash(part.carrier, part.source, part.destination, str(part.reference), str(part.parts))


def _hash(*words: str) -> str:
    return hashlib.sha256("\0".join(words).encode("utf-8", "surrogatepass")).hexdigest()


def key_now(work: Work, digest: str) -> str:
    """The digest and the ten minutes that this is."""
    return _key(work.now_ms, digest)


def keys_before(work: Work, digests: Iterable[str]) -> list[str]:
    """The keys of the ten minutes before these: some of them are less than ten minutes old."""
    return sorted({_key(work.now_ms - SAME_WITHIN_MS, digest) for digest in digests})


async def is_repeat(tx: Transaction, inbound: CarrierInbound, *, now_ms: int) -> bool:
    """Whether a message of one part would be taken for a repeat, came it now."""
    digest = digest_of(inbound)
    keys = [_key(now_ms - SAME_WITHIN_MS, digest), _key(now_ms, digest)]
    found = await tx.lookup(rows.LOOKUP_INBOUND, keys)
    return any(received_ms > now_ms - SAME_WITHIN_MS for _, received_ms in found)


def _key(at_ms: int, digest: str) -> str:
    return f"{at_ms // SAME_WITHIN_MS}:{digest}"


def recent(work: Work, found: Iterable[Found]) -> set[str]:
    """The digests of rows (key, received_ms) that are less than ten minutes old."""
    oldest_ms = work.now_ms - SAME_WITHIN_MS
    return {str(key).partition(":")[2] for key, received_ms in found if received_ms > oldest_ms}
