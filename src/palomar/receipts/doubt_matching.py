"""Finds the part in doubt that a receipt is about when its id names no part.

A late answer or an earlier receipt may have told the carrier's id of a copy: then the id decides. Otherwise a receipt
fits a message by carrier, phone, sender and text (or by the id of ours that the carrier echoes). If it fits exactly one
message, it ends one of its parts in doubt. Which of several does not matter, because as many receipts as parts end all
of them. Each receipt counts once: its id is stored with the copy that it was matched with.

Not here: receipts whose id names a part (``matching``).
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
"""For so long after a message has ended, its copies still compete with those of waiting messages: the receipt may be of
one of them."""


@dataclass(frozen=True, slots=True)
class UnmatchedReceipt:
    """A receipt whose id names no part, the canonical ids that it may mean, and when it came (None: now)."""

    receipt: CarrierReceipt
    readings: set[str]
    received_ms: int | None = None


async def match_in_doubt(work: Work, unmatched: Sequence[UnmatchedReceipt]) -> list[OpenPart | None]:
    """Find the part in doubt of each receipt, or None; the receipt's id is kept with the copy that it was matched
    with."""
    by_id = await Doubts.of(work).find_by_reference({reading for one in unmatched for reading in one.readings})
    numbers = {number for one in unmatched for number in (one.receipt.msisdn, one.receipt.sender)}
    by_phone = await Doubts.of(work).find_open_by_phone(numbers)
    if not by_id and not by_phone:
        return [None] * len(unmatched)
    both = [*by_id, *by_phone]  # a copy that is matched here has an id for the receipts behind
    messages = await _read_messages(work, both)
    return [_match_id(one, both, messages) or _match_content(work, one, by_phone, messages) for one in unmatched]


def names_phone(receipt: CarrierReceipt, msisdn: str) -> bool:
    """Return True if a receipt names that phone, in either address field and in any spelling of its number."""
    return any(_is_same_number(address, msisdn) for address in (receipt.msisdn, receipt.sender))


@dataclass(frozen=True, slots=True)
class _DoubtedMessage:
    """A message with a copy in doubt: its sender, its text, the texts of its parts, and all its parts by id."""

    sender: str
    text: str
    texts: tuple[str, ...]
    parts: dict[PartId, OpenPart] = field(default_factory=dict)


async def _read_messages(work: Work, doubts: Sequence[DoubtRow]) -> dict[MessageId, _DoubtedMessage]:
    """Read the messages of these copies, with all their parts: a receipt may end any of them."""
    message_ids = sorted({message_of(doubt.part_id) for doubt in doubts})
    messages: dict[MessageId, _DoubtedMessage] = {}
    for identity, sender, text, alphabet in await work.tx.lookup(rows.LOOKUP_WORDS, message_ids):
        octets = payloads(text, Alphabet(alphabet))
        texts = tuple(text_of_payload(part, Alphabet(alphabet)) for part in octets)
        messages[MessageId(identity)] = _DoubtedMessage(sender, text, texts)
    wanted = [part for identity, found in messages.items() for part in part_ids(identity, len(found.texts))]
    known = await work.read_parts(wanted)
    for identity in wanted:
        if identity in known:
            messages[known[identity].message.id].parts[identity] = known[identity]
    return messages


def _match_id(
    unmatched: UnmatchedReceipt, doubts: Sequence[DoubtRow], messages: Mapping[MessageId, _DoubtedMessage]
) -> OpenPart | None:
    """Match a receipt by the carrier's id of a copy; a phone that the receipt names must be the message's."""
    receipt = unmatched.receipt
    for doubt in doubts:
        part = _part_of(doubt, messages)
        if part is None or doubt.carrier != receipt.carrier or doubt.reference not in unmatched.readings:
            continue
        if not (receipt.msisdn or receipt.sender) or names_phone(receipt, part.message.msisdn):
            return part
    return None


def _match_content(
    work: Work, unmatched: UnmatchedReceipt, doubts: Sequence[DoubtRow], messages: Mapping[MessageId, _DoubtedMessage]
) -> OpenPart | None:
    """Match a receipt by phone, sender, text and echo, if it fits copies of exactly one message."""
    receipt = unmatched.receipt
    fits = [doubt for doubt in doubts if doubt.is_open and _fits(work, unmatched, doubt, messages)]
    message_ids = {message_of(doubt.part_id) for doubt in fits}
    if len(message_ids) != 1:
        return None
    (message_id,) = message_ids
    found = messages[message_id]
    chosen = min(fits, key=lambda doubt: _preference(receipt, doubt, found))
    reference = canonical(receipt.reference) if is_id(receipt.reference) else ""
    part = found.parts[chosen.part_id]
    Doubts.of(work).confirm(part, chosen.attempt, reference)
    return part


def _fits(
    work: Work, unmatched: UnmatchedReceipt, doubt: DoubtRow, messages: Mapping[MessageId, _DoubtedMessage]
) -> bool:
    """Return True if the receipt may be about this copy, by all that both say."""
    receipt, part = unmatched.receipt, _part_of(doubt, messages)
    if part is None or doubt.carrier != receipt.carrier:
        return False
    if receipt.echo is not None and echo_of(part.id) != receipt.echo:
        return False
    message, found = part.message, messages[part.message.id]
    if message.final_ms is not None and work.now_ms - message.final_ms > RIVAL_MS:
        return False
    if unmatched.received_ms is not None and unmatched.received_ms < message.due_ms:
        return False  # it came before the message could leave
    if not names_phone(receipt, message.msisdn) or not _text_fits(receipt, found):
        return False
    return (
        not receipt.sender
        or not doubt.sender
        or _names_sender(receipt, doubt.sender)
        or _names_sender(receipt, found.sender)
    )


def _text_fits(receipt: CarrierReceipt, message: _DoubtedMessage) -> bool:
    """Return True if the message, or one of its parts, begins with the text of the receipt."""
    return any(_begins_with_text(receipt, text) for text in (message.text, *message.texts))


def _preference(receipt: CarrierReceipt, doubt: DoubtRow, message: _DoubtedMessage) -> tuple[bool, bool, PartId, int]:
    """Make a sort key: first a part that waits, then one that begins with the receipt's text, then the first copy."""
    part = message.parts[doubt.part_id]
    return part.state in FINAL, not _begins_with_text(receipt, message.texts[part.number - 1]), part.id, doubt.attempt


def _part_of(doubt: DoubtRow, messages: Mapping[MessageId, _DoubtedMessage]) -> OpenPart | None:
    found = messages.get(message_of(doubt.part_id))
    return found.parts.get(doubt.part_id) if found else None


def _begins_with_text(receipt: CarrierReceipt, text: str) -> bool:
    """Return True if a text begins with the text of the receipt, or if that tells nothing: carriers replace characters
    that they cannot encode, and of a part of a long message they repeat the header too."""
    begins = receipt.text.strip()
    return not begins or not (begins.isascii() and begins.isprintable()) or text.strip().startswith(begins)


def _names_sender(receipt: CarrierReceipt, sender: str) -> bool:
    return any(
        address.casefold() == sender.casefold() or _is_same_number(address, sender)
        for address in (receipt.sender, receipt.msisdn)
    )


def _is_same_number(one: str, other: str) -> bool:
    """Return True if two spellings are of one number (with or without trunk and country codes)."""
    tail = phone_tail(one)
    return bool(one) and (
        one == other or (len(tail) == len(phone_tail(other)) == PHONE_DIGITS and tail == phone_tail(other))
    )
