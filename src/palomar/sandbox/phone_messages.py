"""Reads the newest messages to the phones of simulated carriers, and the newest that those phones wrote.

Not here: what has reached a phone (``ports.SimulatedNetwork`` knows), how both become a phone's screen
(``sandbox.phone_screen``), and who may look (``sandbox.phones``).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, LiteralString

from palomar.inbound import inbound_rows
from palomar.inbound.numbers import keyword, virtual_number
from palomar.storage.database import Transaction
from palomar.storage.statements import Lookup, ResultRow
from palomar.text.alphabets import Alphabet
from palomar.transaction.message_rows import LOOKUP_PART_IDS_BY_REFERENCE
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.message import MessageId, PartId, State, message_of
from palomar.vocabulary.receipt_ids import canonical

SENT_AT_MOST: Final = 1_000
WRITTEN_AT_MOST: Final = 300
ADDRESSES_AT_MOST: Final = 50
ACCOUNTS_BY_INDEX: Final = 100
"""The most accounts that are read one by one along the index; for more the newest rows of all accounts are read."""
NEVER_LEAVE: Final = frozenset({State.NOFORMAT, State.TEST, State.SCHEDULED, State.CANCELLED})
"""States of messages that are not on their way to a phone, or not yet."""

Accounts = Collection[AccountId] | None
"""The accounts whose rows are read; None is all of them."""
Reference = tuple[str, str]
"""A carrier and its id of a part, in the canonical form (``vocabulary.receipt_ids``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentToPhone:
    """A message to a phone."""

    id: MessageId
    account_id: AccountId
    sender: str
    msisdn: str
    text: str
    alphabet: Alphabet
    parts: int
    state: State
    carrier: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenByPhone:
    """A message from a phone, all parts joined; ``account_id`` is None where no account got it."""

    id: int
    account_id: AccountId | None
    carrier: str
    number: str
    to: str
    text: str
    parts: int
    received_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundAddress:
    """An address that phones can write to: an account's virtual number, or one that it shares and has a word of."""

    number: str
    account_id: AccountId
    word: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownParts:
    """What is known of the parts of some messages, and of other parts that reached the same phone."""

    by_reference: Mapping[Reference, MessageId]
    """The messages, by the carriers' ids of their parts."""
    unanswered: frozenset[MessageId]
    """Messages of which a part was submitted at least once without an answer, so that its id is unknown."""
    of_others: frozenset[Reference]
    """Ids of parts that arrived and belong to other messages."""


async def read_sent(tx: Transaction, accounts: Accounts) -> list[SentToPhone]:
    """Read the newest messages of these accounts that may reach a phone, newest first."""
    found = [_sent(row) for row in await _newest(tx, SELECT_SENT, accounts, "1 = 1", SENT_AT_MOST)]
    return [message for message in found if message.state not in NEVER_LEAVE]


async def read_written(tx: Transaction, accounts: Accounts) -> list[WrittenByPhone]:
    """Read the newest messages of phones to these accounts; for all accounts, also those that no account got."""
    found = await _newest(tx, SELECT_WRITTEN, accounts, "whole = 1", WRITTEN_AT_MOST)
    return [
        WrittenByPhone(
            id=row[0],
            account_id=None if row[1] is None else AccountId(row[1]),
            carrier=row[2],
            number=row[3],
            to=row[4],
            text=row[5],
            parts=row[6],
            received_ms=row[7],
        )
        for row in found
    ]


async def known_parts(tx: Transaction, ids: Sequence[MessageId], arrived: Iterable[Reference]) -> KnownParts:
    """Read what is known of the parts of these messages, and which of the arrived parts belong to others."""
    by_reference: dict[Reference, MessageId] = {}
    unanswered: set[MessageId] = set()
    for identity, carrier, reference, attempt in await tx.lookup(LOOKUP_PARTS, list(ids)):
        if reference is not None:
            by_reference[carrier, canonical(reference)] = MessageId(identity)
        if attempt > 1 or (attempt == 1 and reference is None):
            unanswered.add(MessageId(identity))
    unknown = {reference for reference in arrived if reference not in by_reference}
    of_others = {reference for reference, _ in await _parts_of(tx, unknown)}
    return KnownParts(by_reference=by_reference, unanswered=frozenset(unanswered), of_others=frozenset(of_others))


async def owners_of_parts(tx: Transaction, parts: Iterable[tuple[str, str]]) -> set[AccountId]:
    """Return the accounts whose parts these (carrier, reference) pairs name."""
    found = await _parts_of(tx, {(carrier, canonical(reference)) for carrier, reference in parts})
    ids = {message_of(PartId(part)) for _, part in found}
    return {AccountId(account_id) for _, account_id in await tx.lookup(LOOKUP_OWNERS, sorted(ids))}


async def read_addresses(tx: Transaction, accounts: Accounts) -> list[InboundAddress]:
    """Read the addresses that phones can write to so that these accounts get it."""
    found = [
        InboundAddress(number=number.number, account_id=number.account_id)
        for number in map(virtual_number, await tx.select(inbound_rows.SELECT_NUMBERS))
    ]
    found += [
        InboundAddress(number=known.number, account_id=known.account_id, word=known.word)
        for known in map(keyword, await tx.select(inbound_rows.SELECT_KEYWORDS))
    ]
    in_scope = [address for address in found if accounts is None or address.account_id in accounts]
    return sorted(in_scope, key=lambda address: (address.number, address.word))[:ADDRESSES_AT_MOST]


async def _parts_of(tx: Transaction, wanted: Collection[Reference]) -> list[tuple[Reference, int]]:
    """Return the ids of the parts that have these references, each with its reference."""
    if not wanted:
        return []
    found = await tx.lookup(LOOKUP_PART_IDS_BY_REFERENCE, sorted({reference for _, reference in wanted}))
    return [((carrier, reference), part) for part, carrier, reference in found if (carrier, reference) in wanted]


async def _newest(
    tx: Transaction, select: LiteralString, accounts: Accounts, condition: LiteralString, limit: int
) -> list[ResultRow]:
    """Select rows (id, account_id, ...) of these accounts, newest first: along each account's index, or along all
    rows."""
    if accounts is not None and len(accounts) <= ACCOUNTS_BY_INDEX:
        found = []
        for account_id in accounts:
            sql = f"{select} WHERE account_id = ? AND {condition} ORDER BY id DESC LIMIT ?"
            found += await tx.select(sql, account_id, limit)
        return sorted(found, key=lambda row: row[0], reverse=True)[:limit]
    newest = await tx.select(f"{select} WHERE {condition} ORDER BY id DESC LIMIT ?", limit)
    return [row for row in newest if accounts is None or row[1] in accounts]


def _sent(row: ResultRow) -> SentToPhone:
    identity, account_id, sender, msisdn, text, alphabet, parts, state, carrier = row
    return SentToPhone(
        id=MessageId(identity),
        account_id=AccountId(account_id),
        sender=sender,
        msisdn=msisdn,
        text=text,
        alphabet=Alphabet(alphabet),
        parts=parts,
        state=State(state),
        carrier=carrier,
    )


SELECT_SENT = "SELECT id, account_id, sender, msisdn, text, alphabet, parts, state, carrier FROM messages"
SELECT_WRITTEN = "SELECT id, account_id, carrier, source, destination, text, parts, received_ms FROM inbound"
LOOKUP_PARTS = Lookup(
    "SELECT m.id, p.carrier, p.carrier_reference, p.attempt FROM messages m"
    " JOIN parts p ON p.id > m.id AND p.id <= m.id + m.parts WHERE m.id IN {keys}",
    "bigint",
)
LOOKUP_OWNERS = Lookup("SELECT id, account_id FROM messages WHERE id IN {keys}", "bigint")
