"""Read-only questions about messages, their parts, receipts and requests, for people, programs and the command line."""

from collections.abc import Sequence
from dataclasses import dataclass

from palomar.acceptance.short_ids import SELECT_SHORT_ID
from palomar.callbacks.callback_rows import SELECT_CALLBACKS_OF, CallbackRow, read_callbacks
from palomar.ports import OutgoingPart
from palomar.receipts.orphan_rows import COUNT_ORPHANS, SELECT_ORPHANS, OrphanRow, orphan_row
from palomar.storage.database import Transaction
from palomar.storage.statements import ResultRow
from palomar.text.alphabets import Alphabet, payloads
from palomar.transaction import message_rows as rows
from palomar.transaction.message_rows import MessageRow, message_rows
from palomar.transaction.timeline_rows import SELECT_TIMELINE, moments
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.message import PARTS_MAX, MessageId, PartId, State, accepted_ms, part_number
from palomar.vocabulary.timeline import Moment

PAGE = 500
_AWAITING = (
    "SELECT p.id, p.attempt, p.carrier_reference, m.id, m.sender, m.msisdn, m.text, m.alphabet, m.reference, m.parts"
    " FROM messages m"
    " JOIN parts p ON p.id > m.id AND p.id <= m.id + m.parts"
    " WHERE m.final_ms IS NULL AND p.state = 'sent' AND p.carrier = ? AND p.carrier_reference IS NOT NULL AND p.id > ?"
    " ORDER BY p.id LIMIT ?"
)
_STATUS = (
    "SELECT m.id, m.state, m.price_microcredits, m.final_ms,"
    " (SELECT max(p.sent_ms) FROM parts p WHERE p.id > m.id AND p.id <= m.id + m.parts)"
    " FROM messages m WHERE m.request_ref = ? AND m.account_id = ? AND m.msisdn = ?"
    " ORDER BY CASE m.state WHEN 'duplicated' THEN 1 ELSE 0 END, m.id DESC LIMIT 1"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageStatus:
    """A message's state, what it costs, and since when it has this state."""

    state: State
    price_microcredits: int
    since_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PartView:
    """One part as people see it."""

    id: PartId
    number: int
    state: State
    attempt: int
    carrier: str
    carrier_reference: str
    sent_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageView:
    """A message with everything that happened to it."""

    message: MessageRow
    parts: list[PartView]
    timeline: list[Moment]
    callbacks: list[CallbackRow]


async def show_message(tx: Transaction, message_id: MessageId) -> MessageView | None:
    """Return a message with its parts, its timeline and the callbacks still open; None if there is no such message."""
    found = message_rows(await tx.lookup(rows.LOOKUP_MESSAGES, [message_id]))
    if not found:
        return None
    message = found[0]
    parts = await tx.select(rows.SELECT_PARTS_OF, message_id, message_id + PARTS_MAX)
    return MessageView(
        message=message,
        parts=[_part(row) for row in parts],
        timeline=moments(await tx.select(SELECT_TIMELINE, message_id)),
        callbacks=read_callbacks(await tx.select(SELECT_CALLBACKS_OF, message_id)),
    )


async def awaiting_receipt(
    tx: Transaction, carrier: str, *, after: int, limit: int = PAGE
) -> list[tuple[str, OutgoingPart]]:
    """List parts that a carrier took and whose end is not known, by id, each with the carrier's reference. The next
    page is ``after`` the last id of this one."""
    found = []
    for identity, attempt, carrier_reference, *row in await tx.select(_AWAITING, carrier, after, limit):
        message_id, sender, msisdn, text, alphabet, reference, parts = row
        number = part_number(identity)
        part = OutgoingPart(
            part_id=PartId(identity),
            message_id=MessageId(message_id),
            attempt=attempt,
            number=number,
            parts=parts,
            reference=reference,
            sender=sender,
            msisdn=msisdn,
            alphabet=Alphabet(alphabet),
            payload=payloads(text, Alphabet(alphabet))[number - 1],
        )
        found.append((carrier_reference, part))
    return found


async def count_by_state(tx: Transaction) -> dict[str, int]:
    """Count the messages of each state."""
    sql = "SELECT state, count(*) FROM messages GROUP BY state"
    return {str(state): count for state, count in await tx.select(sql)}


async def count_orphans(tx: Transaction) -> dict[str, int]:
    """Count the receipts for which no message was found, by carrier."""
    return {carrier: count for carrier, count, _ in await tx.select(COUNT_ORPHANS)}


async def list_orphans(tx: Transaction, *, before: int | None, limit: int = PAGE) -> list[OrphanRow]:
    """List receipts for which no message was found, newest first; the next page is ``before`` the last id of this
    one."""
    found = await tx.select(SELECT_ORPHANS, (1 << 63) - 1 if before is None else before, limit)
    return [orphan_row(row) for row in found]


async def messages_of(tx: Transaction, account_id: AccountId, ids: Sequence[MessageId]) -> dict[MessageId, MessageRow]:
    """Return those of these messages that the account sent, by id."""
    found = message_rows(await tx.lookup(rows.LOOKUP_MESSAGES, list(ids)))
    return {row.id: row for row in found if row.account_id == account_id}


async def messages_of_request(tx: Transaction, account_id: AccountId, request_ref: str) -> list[MessageRow]:
    """List the account's messages of one request, in order."""
    return message_rows(await tx.select(rows.SELECT_REQUEST, request_ref, account_id))


async def find_status(tx: Transaction, account_id: AccountId, *, request_ref: str, msisdn: str) -> MessageStatus | None:
    """Return the status of the youngest message of an account with that request_ref and number; None if there is
    none."""
    for identity, state, price, final_ms, sent_ms in await tx.select(_STATUS, request_ref, account_id, msisdn):
        since_ms = next((at_ms for at_ms in (final_ms, sent_ms) if at_ms is not None), accepted_ms(identity))
        return MessageStatus(state=State(state), price_microcredits=price, since_ms=since_ms)
    return None


async def message_by_short_id(tx: Transaction, account_id: AccountId, short_id: int) -> MessageRow | None:
    """Return the account's message with this number of the account's own; None if there is none."""
    found = await tx.select(SELECT_SHORT_ID, account_id, short_id)
    if not found:
        return None
    return (await messages_of(tx, account_id, [found[0][0]])).get(found[0][0])


def _part(row: ResultRow) -> PartView:
    identity, state, attempt, carrier, reference, sent_ms = row
    return PartView(
        id=PartId(identity),
        number=part_number(PartId(identity)),
        state=State(str(state)),
        attempt=attempt,
        carrier=str(carrier),
        carrier_reference=str(reference or ""),
        sent_ms=None if sent_ms is None else sent_ms,
    )
