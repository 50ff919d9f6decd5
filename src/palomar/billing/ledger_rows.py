"""Statements and books of the double-entry ledger, and of the balances, which are its sums.

An entry is what one transaction moved for one account and one reason. Its two legs sum to zero and stand in two of
these books: the account's ``available`` and ``reserved``, the installation's ``revenue`` and ``funding`` (account 0).
Which message took which share of an entry is in that message's timeline.
"""

from enum import StrEnum

from palomar.storage.statements import Insert, Lookup, columns_of

HOUSE = 0
"""The account id of the installation's own books."""


class Book(StrEnum):
    """A book of the ledger: the place from which and to which money moves."""

    AVAILABLE = "available"
    RESERVED = "reserved"
    REVENUE = "revenue"
    FUNDING = "funding"


class Reason(StrEnum):
    """The reason for which money moves."""

    CREDIT = "credit"
    RESERVE = "reserve"
    SETTLE = "settle"
    GIVE_BACK = "give_back"
    UNKNOWN = "unknown"
    """Paid for: the part was handed to a carrier, and its outcome was never learned."""
    UNKNOWN_BACK = "unknown_back"
    """Given back, with an outcome that was never learned, as the account's settings say."""
    UNSENT = "unsent"
    """Given back: the part was never handed to a carrier."""
    TRANSFER = "transfer"
    TOPUP = "topup"


LEGS: dict[Reason, tuple[Book, Book]] = {
    Reason.CREDIT: (Book.FUNDING, Book.AVAILABLE),
    Reason.TOPUP: (Book.FUNDING, Book.AVAILABLE),
    Reason.RESERVE: (Book.AVAILABLE, Book.RESERVED),
    Reason.SETTLE: (Book.RESERVED, Book.REVENUE),
    Reason.GIVE_BACK: (Book.RESERVED, Book.AVAILABLE),
    Reason.UNKNOWN: (Book.RESERVED, Book.REVENUE),
    Reason.UNKNOWN_BACK: (Book.RESERVED, Book.AVAILABLE),
    Reason.UNSENT: (Book.RESERVED, Book.AVAILABLE),
}
"""The book that money leaves and the one that it enters, by reason."""

INSERT_LEDGER = Insert(
    "ledger",
    (
        *columns_of("bigint", "entry_id leg account_id"),
        *columns_of("text", "book"),
        *columns_of("bigint", "microcredits"),
        *columns_of("text", "reason"),
        *columns_of("bigint", "items at_ms"),
    ),
)
LOOKUP_ENTRIES = Lookup(
    "SELECT entry_id, book, microcredits, reason, items, at_ms FROM ledger WHERE entry_id IN {keys}"
    " ORDER BY entry_id, leg",
    "bigint",
)
INSERT_BALANCES = Insert("balances", columns_of("bigint", "account_id available_microcredits reserved_microcredits"))
LOOKUP_BALANCES = Lookup(
    "SELECT account_id, available_microcredits, reserved_microcredits FROM balances WHERE account_id IN {keys}",
    "bigint",
)
SELECT_AVAILABLE = "SELECT available_microcredits FROM balances WHERE account_id = ?"
MOVE_BALANCE = (
    "UPDATE balances SET available_microcredits = available_microcredits + ?,"
    " reserved_microcredits = reserved_microcredits + ?"
    " WHERE account_id = ? AND available_microcredits + ? >= 0"
)
SELECT_BOOKS = (
    "SELECT account_id, book, CAST(sum(microcredits) AS BIGINT) FROM ledger GROUP BY account_id, book"
    " ORDER BY account_id, book"
)
SELECT_UNDER_WAY = (
    "SELECT m.account_id, CAST(sum(m.rate_microcredits) AS BIGINT) FROM messages m"
    " JOIN parts p ON p.id > m.id AND p.id <= m.id + m.parts"
    " WHERE m.final_ms IS NULL AND p.sent_ms IS NULL AND p.state IN ('queued', 'submitting', 'held')"
    " GROUP BY m.account_id"
)
SELECT_UNBALANCED = "SELECT entry_id FROM ledger GROUP BY entry_id HAVING sum(microcredits) <> 0 LIMIT 20"
