"""Doubtful: which part in doubt a receipt speaks of that names no part by its id.

A copy whose answer came late, or of which another receipt has told, is known by the carrier's id all the same. Else a
receipt fits a message by carrier, phone, sender and text (or by what the carrier echoes): if it fits exactly one, it
ends a part of it. Which of several parts does not matter, so as many receipts as parts in doubt end all of them; but
each receipt counts once, because its id stays with the copy that it was taken for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from palomar.ports import CarrierReceipt
from palomar.receipts.doubt_rows import DoubtRow
from palomar.receipts.doubts import Doubts
from palomar.text.alphabets import Alphabet, payloads, text_of_payload
from palomar.transaction import message_rows as rows
from palomar.transaction.message_rows import OpenPart
from palomar.transaction.work import Work
from palomar.vocabulary.doubt import PHONE_DIGITS, phone_tail
from palomar.vocabulary.message import FINAL, MessageId, PartId, echo_of, message_of, part_ids
from palomar.vocabulary.receipt_ids import canonical, is_id

RIVAL_MS: Final = 86_400_000
"""For so long the copies of a message that has ended still count beside those of one that waits: a receipt may be
theirs."""


@dataclass(frozen=True, slots=True)
class UnmatchedReceipt:
    """Holds a receipt, the canonical ids that it may mean, and when it came (None: now)."""

    receipt: CarrierReceipt
    readings: set[str]
    came_ms: int | None = None


async def match_in_doubt(work: Work, asked: Sequence[UnmatchedReceipt]) -> list[OpenPart | None]:
    """Find the part that each of these receipts speaks of, or None; what a receipt was taken for is kept."""
    named = await Doubts.of(work).by_reference({reading for one in asked for reading in one.readings})
    numbers = {number for one in asked for number in (one.receipt.msisdn, one.receipt.sender)}
    fitting = await Doubts.of(work).find_open_by_phone(numbers)
    if not named and not fitting:
        return [None] * len(asked)
    both = [*named, *fitting]  # what fits one receipt has its id from then on
    words = await _read(work, both)
    return [_named(one, both, words) or _fitting(work, one, fitting, words) for one in asked]


def names_phone(receipt: CarrierReceipt, msisdn: str) -> bool:
    """Say whether a receipt names that phone, however it writes its number and whichever address field it uses."""
    return any(_is_same(address, msisdn) for address in (receipt.msisdn, receipt.sender))


@dataclass(frozen=True, slots=True)
class _Words:
    """Holds a message's sender, its text, the texts of its parts, and its parts."""

    sender: str
    text: str
    texts: tuple[str, ...]
    parts: dict[PartId, OpenPart] = field(default_factory=dict)


async def _read(work: Work, doubts: Sequence[DoubtRow]) -> dict[MessageId, _Words]:
    """Read the messages of these copies, with all their parts, so that a receipt can end any of them."""
    message_ids = sorted({message_of(doubt.part_id) for doubt in doubts})
    words: dict[MessageId, _Words] = {}
    for identity, sender, text, alphabet in await work.tx.lookup(rows.LOOKUP_WORDS, message_ids):
        octets = payloads(text, Alphabet(alphabet))
        texts = tuple(text_of_payload(part, Alphabet(alphabet)) for part in octets)
        words[MessageId(identity)] = _Words(sender, text, texts)
    wanted = [part for identity, found in words.items() for part in part_ids(identity, len(found.texts))]
    known = await work.parts(wanted)
    for identity in wanted:
        if identity in known:
            words[known[identity].message.id].parts[identity] = known[identity]
    return words


def _named(asked: UnmatchedReceipt, doubts: Sequence[DoubtRow], words: Mapping[MessageId, _Words]) -> OpenPart | None:
    """Find it by the carrier's id of a copy, told by a late answer or a receipt before; the phone must fit."""
    receipt = asked.receipt
    for doubt in doubts:
        part = _part(doubt, words)
        if part is None or doubt.carrier != receipt.carrier or doubt.reference not in asked.readings:
            continue
        if not (receipt.msisdn or receipt.sender) or names_phone(receipt, part.message.msisdn):
            return part
    return None


def _fitting(
    work: Work, asked: UnmatchedReceipt, doubts: Sequence[DoubtRow], words: Mapping[MessageId, _Words]
) -> OpenPart | None:
    fits = [doubt for doubt in doubts if doubt.is_open and _fits(work, asked, doubt, words)]
    messages = {message_of(doubt.part_id) for doubt in fits}
    if len(messages) != 1:
        return None
    (message_id,) = messages
    found = words[message_id]
    chosen = min(fits, key=lambda doubt: _order(asked.receipt, doubt, found))
    reference = canonical(asked.receipt.reference) if is_id(asked.receipt.reference) else ""
    part = found.parts[chosen.part_id]
    Doubts.of(work).tell(part, chosen.attempt, reference)
    return part


def _fits(work: Work, asked: UnmatchedReceipt, doubt: DoubtRow, words: Mapping[MessageId, _Words]) -> bool:
    receipt, part = asked.receipt, _part(doubt, words)
    if part is None or doubt.carrier != receipt.carrier:
        return False
    if receipt.echo is not None and echo_of(part.id) != receipt.echo:
        return False
    message, found = part.message, words[part.message.id]
    if message.final_ms is not None and work.now_ms - message.final_ms > RIVAL_MS:
        return False
    if asked.came_ms is not None and asked.came_ms < message.due_ms:
        return False  # it came before the message could leave
    if not names_phone(receipt, message.msisdn) or not _says(receipt, found):
        return False
    return not receipt.sender or not doubt.sender or _is_from(receipt, doubt.sender) or _is_from(receipt, found.sender)


def _says(receipt: CarrierReceipt, words: _Words) -> bool:
    """Tell whether the message, or one of its parts, begins as the receipt says."""
    return any(_begins_so(receipt, text) for text in (words.text, *words.texts))


def _order(receipt: CarrierReceipt, doubt: DoubtRow, words: _Words) -> tuple[bool, bool, PartId, int]:
    """Put first a part that waits, then one whose own text begins as the receipt says, then the first copy."""
    part = words.parts[doubt.part_id]
    return part.state in FINAL, not _begins_so(receipt, words.texts[part.number - 1]), part.id, doubt.attempt


def _part(doubt: DoubtRow, words: Mapping[MessageId, _Words]) -> OpenPart | None:
    found = words.get(message_of(doubt.part_id))
    return found.parts.get(doubt.part_id) if found else None


def _begins_so(receipt: CarrierReceipt, text: str) -> bool:
    """Tell whether a text begins as the receipt says. Carriers write what they cannot spell as something else, and of
    parts they repeat the header too."""
    begins = receipt.text.strip()
    return not begins or not (begins.isascii() and begins.isprintable()) or text.strip().startswith(begins)


def _is_from(receipt: CarrierReceipt, sender: str) -> bool:
    return any(
        address.casefold() == sender.casefold() or _is_same(address, sender)
        for address in (receipt.sender, receipt.msisdn)
    )


def _is_same(one: str, other: str) -> bool:
    """Tell whether two receipt_id_formats of a number are one (with or without trunk and country codes)."""
    tail = phone_tail(one)
    return bool(one) and (
        one == other or (len(tail) == len(phone_tail(other)) == PHONE_DIGITS and tail == phone_tail(other))
    )
