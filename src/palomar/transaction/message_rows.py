"""Rows of messages, of their parts, and of the queue of messages that have not left yet, with their SQL."""

from collections.abc import Iterable

from msgspec import Struct

from palomar.storage.statements import Columns, Delete, Insert, Lookup, ResultRow, Row, Update, columns_of
from palomar.text.alphabets import Alphabet
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.lane import Rank
from palomar.vocabulary.message import MessageId, PartId, State, part_number

_MESSAGE_COLUMNS: Columns = (
    *columns_of("bigint", "id account_id"),
    *columns_of("text", "dialect request_ref label sender msisdn country text alphabet"),
    *columns_of("bigint", "reference parts parts_left parts_open"),
    *columns_of("text", "state"),
    *columns_of("bigint", "presumed rate_microcredits price_microcredits"),
    *columns_of("text", "carrier status_url click_url extra"),
    *columns_of("bigint", "due_ms expires_ms final_ms"),
)
_LAST_SENT_MS = "(SELECT max(p.sent_ms) FROM parts p WHERE p.id > messages.id AND p.id <= messages.id + messages.parts)"
_READ_COLUMNS = (*(name for name, _ in _MESSAGE_COLUMNS), "sent_ms")
MESSAGE_COLUMNS = ", ".join((*_READ_COLUMNS[:-1], f"{_LAST_SENT_MS} AS sent_ms"))

INSERT_MESSAGES = Insert("messages", _MESSAGE_COLUMNS)
_CHANGING: Columns = (
    *columns_of("bigint", "parts_left parts_open"),
    *columns_of("text", "worst state carrier"),
    *columns_of("bigint", "presumed price_microcredits"),
)
# Columns that an index covers stand in statements of their own: SQLite writes an index whose column is merely named.
UPDATE_MESSAGES = Update("messages", columns_of("bigint", "id"), _CHANGING)
UPDATE_MESSAGES_ENDED = Update("messages", columns_of("bigint", "id"), (*_CHANGING, ("final_ms", "bigint")))
INSERT_PARTS = Insert(
    "parts",
    (
        *columns_of("bigint", "id"),
        *columns_of("text", "state"),
        *columns_of("bigint", "attempt"),
        ("carrier", "text"),
    ),
)
_PART_CHANGING: Columns = (("state", "text"), ("attempt", "bigint"), ("carrier", "text"), ("sent_ms", "bigint"))
UPDATE_PARTS = Update("parts", columns_of("bigint", "id"), _PART_CHANGING)
UPDATE_PARTS_WITH_REFERENCE = Update(
    "parts", columns_of("bigint", "id"), (*_PART_CHANGING, ("carrier_reference", "text"))
)
INSERT_QUEUE = Insert(
    "queue",
    (
        *columns_of("bigint", "message_id account_id"),
        ("carrier", "text"),
        *columns_of("bigint", "due_ms node_id rank lane_id stale_ms parts"),
    ),
)
REROUTE_QUEUE = Update(
    "queue", columns_of("bigint", "message_id"), (("carrier", "text"), *columns_of("bigint", "node_id"))
)
UPDATE_QUEUE = Update("queue", columns_of("bigint", "message_id"), columns_of("bigint", "due_ms node_id"))
UPDATE_QUEUE_DUE = Update("queue", columns_of("bigint", "message_id"), columns_of("bigint", "due_ms"))
DELETE_QUEUE = Delete("queue", ("message_id", "bigint"))

_OPEN = (
    "SELECT p.id, p.state, p.attempt, p.carrier, p.carrier_reference, p.sent_ms,"
    " m.id, m.account_id, m.dialect, m.request_ref, m.msisdn, m.status_url, m.parts, m.parts_left, m.parts_open,"
    " m.worst, m.state, m.carrier, m.presumed, m.rate_microcredits, m.price_microcredits, m.due_ms, m.final_ms"
    " FROM parts p JOIN messages m ON m.id = (p.id & ~255)"
)
# All transactions lock in this order, so two of them cannot wait for each other in a circle.
LOOKUP_PARTS = Lookup(_OPEN + " WHERE p.id IN {keys} ORDER BY p.id", "bigint", lock="m, p")
# The same normal form as canonical() of vocabulary.receipt_ids makes.
_CANONICAL = "ltrim(upper(carrier_reference), '0')"
LOOKUP_PART_IDS_BY_REFERENCE = Lookup(
    f"SELECT id, carrier, {_CANONICAL} FROM parts WHERE carrier_reference IS NOT NULL AND {_CANONICAL} IN {{keys}}"
    " AND carrier_reference <> '' ORDER BY id",
    "text",
)
LOOKUP_WORDS = Lookup("SELECT id, sender, text, alphabet FROM messages WHERE id IN {keys}", "bigint")
LOOKUP_PART_IDS_BY_MESSAGE = Lookup(
    "SELECT p.id FROM messages m JOIN parts p ON p.id > m.id AND p.id <= m.id + m.parts"
    " WHERE m.id IN {keys} ORDER BY p.id",
    "bigint",
)
LOOKUP_WAITING = Lookup(
    "SELECT m.id, m.account_id, m.dialect, m.label, m.sender, m.msisdn, m.country, m.text, m.alphabet, m.reference,"
    " m.parts, m.parts_left, m.carrier, m.state, q.carrier, q.rank, q.lane_id, q.due_ms, q.stale_ms, p.id, p.state,"
    " p.attempt FROM messages m JOIN queue q ON q.message_id = m.id"
    " JOIN parts p ON p.id > m.id AND p.id <= m.id + m.parts WHERE m.id IN {keys} ORDER BY p.id",
    "bigint",
)
SELECT_STALE = "SELECT message_id FROM queue WHERE stale_ms <= ? ORDER BY stale_ms LIMIT ?"
LOOKUP_MESSAGES = Lookup(f"SELECT {MESSAGE_COLUMNS} FROM messages WHERE id IN {{keys}} ORDER BY id", "bigint")
# These are read with a lock on the queue's row: a node that claims the message meanwhile waits, and finds it changed.
SELECT_SCHEDULED = (
    "SELECT message_id FROM queue WHERE account_id = ? AND due_ms > ? AND node_id IS NULL"
    " AND message_id IN (SELECT id FROM messages WHERE account_id = queue.account_id AND id = queue.message_id"
    " AND state = 'scheduled') ORDER BY message_id LIMIT ?"
)
SELECT_SCHEDULED_BY_REF = (
    "SELECT message_id FROM queue WHERE account_id = ? AND due_ms > ? AND node_id IS NULL"
    " AND message_id IN (SELECT id FROM messages WHERE request_ref = ? AND account_id = queue.account_id"
    " AND state = 'scheduled') ORDER BY message_id LIMIT ?"
)
SELECT_ANY_BY_CARRIER = "SELECT 1 FROM messages WHERE account_id = ? AND carrier = ? LIMIT 1"
SELECT_WAITING = "SELECT message_id FROM queue WHERE account_id = ? AND message_id > ? ORDER BY message_id LIMIT ?"
SELECT_REQUEST = f"SELECT {MESSAGE_COLUMNS} FROM messages WHERE request_ref = ? AND account_id = ? ORDER BY id"
LOOKUP_QUEUE_LOCKED = Lookup(
    "SELECT message_id, node_id FROM queue WHERE message_id IN {keys} ORDER BY message_id", "bigint", lock="queue"
)
LOOKUP_QUEUE = Lookup("SELECT message_id, node_id, carrier FROM queue WHERE message_id IN {keys}", "bigint")
LOOKUP_QUEUE_LANES = Lookup("SELECT message_id, lane_id FROM queue WHERE message_id IN {keys}", "bigint")
SELECT_CLAIMABLE = (
    "SELECT message_id, due_ms FROM queue"
    " WHERE carrier = ? AND rank = ? AND due_ms <= ? AND node_id IS NULL ORDER BY due_ms LIMIT ?"
)
SELECT_QUEUE_OF_NODE = "SELECT message_id, due_ms FROM queue WHERE node_id = ? ORDER BY message_id LIMIT ?"
SELECT_OVERDUE = "SELECT id FROM messages WHERE final_ms IS NULL AND expires_ms <= ? ORDER BY expires_ms LIMIT ?"
SELECT_WITHOUT_RECEIPT = (
    "SELECT p.id, p.carrier_reference, m.sender, m.country FROM messages m"
    " JOIN parts p ON p.id > m.id AND p.id <= m.id + m.parts"
    " WHERE m.final_ms IS NULL AND p.state = 'sent' AND p.carrier = ? AND p.carrier_reference <> ''"
    " AND p.sent_ms <= ? AND p.id > ? ORDER BY p.id LIMIT ?"
)
SELECT_PARTS_OF = (
    "SELECT id, state, attempt, carrier, carrier_reference, sent_ms FROM parts WHERE id > ? AND id <= ? ORDER BY id"
)


class MessageRow(Struct, frozen=True, kw_only=True, gc=False):
    """A whole message as it is stored. Money in microcredits, times in milliseconds since 1970.

    ``sent_ms`` is when a carrier accepted the last of the parts that were accepted; it is read from the parts' rows.
    """

    id: MessageId
    account_id: AccountId
    dialect: str
    request_ref: str
    label: str
    sender: str
    msisdn: str
    country: str
    text: str
    alphabet: Alphabet
    reference: int
    parts: int
    parts_left: int
    parts_open: int
    state: State
    presumed: int = 0
    rate_microcredits: int
    price_microcredits: int
    carrier: str
    status_url: str
    click_url: str = ""
    extra: str = ""
    due_ms: int
    expires_ms: int
    final_ms: int | None
    sent_ms: int | None = None

    def row(self) -> Row:
        """Return the columns in the order of INSERT_MESSAGES."""
        return (
            self.id,
            self.account_id,
            self.dialect,
            self.request_ref,
            self.label,
            self.sender,
            self.msisdn,
            self.country,
            self.text,
            self.alphabet,
            self.reference,
            self.parts,
            self.parts_left,
            self.parts_open,
            self.state,
            self.presumed,
            self.rate_microcredits,
            self.price_microcredits,
            self.carrier,
            self.status_url,
            self.click_url,
            self.extra,
            self.due_ms,
            self.expires_ms,
            self.final_ms,
        )


def message_rows(rows: Iterable[ResultRow]) -> list[MessageRow]:
    """Make messages from rows of MESSAGE_COLUMNS."""
    found = []
    for row in rows:
        values = dict(zip(_READ_COLUMNS, row, strict=True))
        values["state"] = State(str(values["state"]))
        values["alphabet"] = Alphabet(str(values["alphabet"]))
        found.append(MessageRow(**values))
    return found


class WaitingRow(Struct):
    """A part with its message and its row of the queue, in the order of LOOKUP_WAITING."""

    message_id: MessageId
    account_id: AccountId
    dialect: str
    label: str
    sender: str
    msisdn: str
    country: str
    text: str
    alphabet: Alphabet
    reference: int
    parts: int
    parts_left: int
    carrier: str
    state: State
    queued_for: str
    rank: Rank
    lane_id: int
    due_ms: int
    stale_ms: int | None
    part_id: PartId
    part_state: State
    attempt: int

    @property
    def has_begun(self) -> bool:
        """Return True if a part of the message has left."""
        return self.parts_left < self.parts


class OpenMessage(Struct):
    """The columns of a message that are read and changed while its parts are under way."""

    id: MessageId
    account_id: AccountId
    dialect: str
    request_ref: str
    msisdn: str
    status_url: str
    parts: int
    parts_left: int
    parts_open: int
    worst: State | None
    state: State
    carrier: str
    presumed: int
    rate_microcredits: int
    price_microcredits: int
    due_ms: int
    final_ms: int | None

    def update_row(self) -> Row:
        """Return the columns in the order of UPDATE_MESSAGES; UPDATE_MESSAGES_ENDED takes ``final_ms`` after them."""
        return (
            self.id,
            self.parts_left,
            self.parts_open,
            self.worst,
            self.state,
            self.carrier,
            self.presumed,
            self.price_microcredits,
        )


class OpenPart(Struct):
    """The columns of a part that are read and changed while it is under way.

    ``sent_ms`` is when the carrier accepted it: from then on it is paid for.
    """

    id: PartId
    state: State
    attempt: int
    carrier: str
    carrier_reference: str | None
    sent_ms: int | None
    message: OpenMessage

    @property
    def number(self) -> int:
        """Return its number among its message's parts, from 1."""
        return part_number(self.id)

    def update_row(self) -> Row:
        """Return the columns in the order of UPDATE_PARTS; UPDATE_PARTS_WITH_REFERENCE takes the reference after
        them."""
        return (self.id, self.state, self.attempt, self.carrier, self.sent_ms)


_STATES = {state.value: state for state in State}


def waiting_rows(rows: Iterable[ResultRow]) -> list[WaitingRow]:
    """Make waiting parts from rows of LOOKUP_WAITING."""
    found = []
    for row in rows:
        values = dict(zip(WaitingRow.__struct_fields__, row, strict=True))
        values["alphabet"] = Alphabet(values["alphabet"])
        values["state"] = _STATES[values["state"]]
        values["part_state"] = _STATES[values["part_state"]]
        values["rank"] = Rank(values["rank"])
        found.append(WaitingRow(**values))
    return found


def open_parts(rows: Iterable[ResultRow], known: dict[MessageId, OpenMessage]) -> list[OpenPart]:
    """Make parts from rows of LOOKUP_PARTS. They share the messages in ``known``; messages not in it are added."""
    found = []
    for row in rows:
        identity = row[6]
        message = known.get(identity)
        if message is None:
            fields = (*row[6:15], _STATES.get(row[15]), _STATES[row[16]], *row[17:])
            message = known[identity] = OpenMessage(*fields)
        found.append(OpenPart(row[0], _STATES[row[1]], row[2], row[3], row[4], row[5], message))
    return found
