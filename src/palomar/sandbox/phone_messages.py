"""Read what was sent to the phones of simulated carriers, and what those wrote.

Read-only, and the newest only: a screen, not an archive. Not here: what has reached a phone (``ports.SimulatedNetwork``
knows), and who may look (``phones``).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, LiteralString

from palomar.inbound import inbound_rows
from palomar.inbound.numbers import keyword, virtual_number
from palomar.storage.database import Transaction
from palomar.storage.statements import Found, Lookup
from palomar.text.alphabets import Alphabet
from palomar.transaction.message_rows import LOOKUP_PART_IDS_BY_REFERENCE
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.message import MessageId, PartId, State, message_of
from palomar.vocabulary.receipt_ids import canonical

SENT_AT_MOST: Final = 1_000
WRITTEN_AT_MOST: Final = 300
ADDRESSES_AT_MOST: Final = 50
FAMILY_BY_INDEX: Final = 100
"""With more accounts than this everybody's newest rows are read, not each account's."""
NEVER_LEAVE: Final = frozenset({State.NOFORMAT, State.TEST, State.SCHEDULED, State.CANCELLED})
"""What is not, or not yet, on its way to anybody."""

Accounts = Collection[AccountId] | None
"""Whose rows; None is everybody's."""
Reference = tuple[str, str]
"""A carrier and its name for a part, canonically spelt (``vocabulary.receipt_ids``)."""


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
    """A message from a phone, whole; ``account_id`` is None where it was nobody's."""

    id: int
    account_id: AccountId | None
    carrier: str
    number: str
    to: str
    text: str
    parts: int
    received_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where phones can write to: a virtual number of an account, or of several, each with words of its own."""

    number: str
    account_id: AccountId
    word: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ties:
    """What ties parts that have arrived to some messages."""

    named: Mapping[Reference, MessageId]
    """The messages' own parts, by the carriers' names for them."""
    doubtful: frozenset[MessageId]
    """Messages of which a part left without an answer that told its name, once at least."""
    others: frozenset[Reference]
    """Names of parts that have arrived and are other messages'."""


async def sent(tx: Transaction, accounts: Accounts) -> list[SentToPhone]:
    """The newest messages of these accounts that may reach a phone, newest first."""
    found = [_sent(row) for row in await _newest(tx, SELECT_SENT, accounts, "1 = 1", SENT_AT_MOST)]
    return [message for message in found if message.state not in NEVER_LEAVE]


async def written(tx: Transaction, accounts: Accounts) -> list[WrittenByPhone]:
    """The newest messages of phones to these accounts (to anybody and nobody, where they are everybody)."""
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


async def ties(tx: Transaction, ids: Sequence[MessageId], arrived: Iterable[Reference]) -> Ties:
    """What ties parts that have arrived to these messages, which somebody looks at."""
    named: dict[Reference, MessageId] = {}
    doubtful: set[MessageId] = set()
    for identity, carrier, reference, attempt in await tx.lookup(LOOKUP_PARTS, list(ids)):
        if reference is not None:
            named[carrier, canonical(reference)] = MessageId(identity)
        if attempt > 1 or (attempt == 1 and reference is None):
            doubtful.add(MessageId(identity))
    unknown = {reference for reference in arrived if reference not in named}
    others = {reference for reference, _ in await _parts_of(tx, unknown)}
    return Ties(named=named, doubtful=frozenset(doubtful), others=frozenset(others))


async def owners_of_parts(tx: Transaction, parts: Iterable[tuple[str, str]]) -> set[AccountId]:
    """Whose the parts are that carriers know by these references."""
    found = await _parts_of(tx, {(carrier, canonical(reference)) for carrier, reference in parts})
    ids = {message_of(PartId(part)) for _, part in found}
    return {AccountId(account_id) for _, account_id in await tx.lookup(LOOKUP_OWNERS, sorted(ids))}


async def addresses(tx: Transaction, accounts: Accounts) -> list[Address]:
    """Where phones can write to so that these accounts get it."""
    found = [
        Address(number=number.number, account_id=number.account_id)
        for number in map(virtual_number, await tx.select(inbound_rows.SELECT_NUMBERS))
    ]
    found += [
        Address(number=known.number, account_id=known.account_id, word=known.word)
        for known in map(keyword, await tx.select(inbound_rows.SELECT_KEYWORDS))
    ]
    mine = [address for address in found if accounts is None or address.account_id in accounts]
    return sorted(mine, key=lambda address: (address.number, address.word))[:ADDRESSES_AT_MOST]


async def _parts_of(tx: Transaction, wanted: Collection[Reference]) -> list[tuple[Reference, int]]:
    """The parts that carriers know by these references, canonically spelt."""
    if not wanted:
        return []
    found = await tx.lookup(LOOKUP_PART_IDS_BY_REFERENCE, sorted({reference for _, reference in wanted}))
    return [((carrier, reference), part) for part, carrier, reference in found if (carrier, reference) in wanted]


async def _newest(
    tx: Transaction, select: LiteralString, accounts: Accounts, condition: LiteralString, limit: int
) -> list[Found]:
    """Rows (id, account_id, ...) of these accounts, newest first: along each account's index, or along all rows."""
    if accounts is not None and len(accounts) <= FAMILY_BY_INDEX:
        found = []
        for account_id in accounts:
            sql = f"{select} WHERE account_id = ? AND {condition} ORDER BY id DESC LIMIT ?"
            found += await tx.select(sql, account_id, limit)
        return sorted(found, key=lambda row: row[0], reverse=True)[:limit]
    everybodys = await tx.select(f"{select} WHERE {condition} ORDER BY id DESC LIMIT ?", limit)
    return [row for row in everybodys if accounts is None or row[1] in accounts]


def _sent(row: Found) -> SentToPhone:
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
