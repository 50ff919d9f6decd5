"""Rows and statements of messages from phones, of parts that wait for others, and of virtual numbers and their
keywords."""

from palomar.storage.statements import Columns, Delete, Insert, Lookup, Update, columns_of

INSERT_INBOUND = Insert(
    "inbound",
    (
        *columns_of("bigint", "id"),
        *columns_of("text", "carrier source destination text"),
        *columns_of("bigint", "reference parts_came parts"),
        *columns_of("text", "same"),
        *columns_of("bigint", "received_ms account_id whole came_ms"),
        ("link", "text"),
    ),
    ignore_conflicts=True,
)
"""``same`` is unique: the key of the message for its repeats, or the key of a waiting message for its parts."""
_BEFORE = "SELECT same, received_ms, came_ms, link, acknowledged_ms"
LOOKUP_BEFORE = Lookup(f"{_BEFORE} FROM inbound WHERE same IN {{keys}}", "text")
SUPERSEDE = "UPDATE inbound SET same = ? WHERE same = ?"
_ACKNOWLEDGED: Columns = (("came_ms", "bigint"), ("link", "text"), ("acknowledged_ms", "bigint"))
UPDATE_ACKNOWLEDGED = Update("inbound", (("same", "text"),), _ACKNOWLEDGED)
UPDATE_PARTS_ACKNOWLEDGED = Update("inbound_parts", (("same", "text"),), _ACKNOWLEDGED)
LOOKUP_WAITING = Lookup(
    "SELECT id, carrier, source, destination, reference, parts, same, received_ms FROM inbound"
    " WHERE same IN {keys} ORDER BY same",
    "text",
    lock="inbound",
)
SELECT_WAITED_LONG = (
    "SELECT id, carrier, source, destination, reference, parts, same, received_ms FROM inbound"
    " WHERE whole = 0 AND received_ms <= ? ORDER BY received_ms, id LIMIT ?"
)
UPDATE_INBOUND = Update(
    "inbound",
    columns_of("bigint", "id"),
    (*columns_of("text", "text same"), *columns_of("bigint", "parts_came account_id whole")),
)
DELETE_INBOUND = Delete("inbound", ("id", "bigint"))
SELECT_INBOUND_OF_NOBODY = (
    "SELECT destination, count(*), max(received_ms) FROM inbound WHERE account_id IS NULL AND whole = 1"
    " GROUP BY destination ORDER BY destination"
)

INSERT_PARTS = Insert(
    "inbound_parts",
    (
        ("same", "text"),
        *columns_of("bigint", "inbound_id number"),
        ("text", "text"),
        *columns_of("bigint", "received_ms came_ms"),
        ("octets", "bytea"),
        *columns_of("text", "coding link"),
    ),
)
LOOKUP_PARTS_BEFORE = Lookup(f"{_BEFORE} FROM inbound_parts WHERE same IN {{keys}}", "text")
SUPERSEDE_PART = "UPDATE inbound_parts SET same = ? WHERE same = ?"
LOOKUP_PARTS = Lookup(
    "SELECT inbound_id, number, text, octets, coding FROM inbound_parts WHERE inbound_id IN {keys}"
    " ORDER BY inbound_id, number",
    "bigint",
)
SELECT_OLD_PARTS = "SELECT same FROM inbound_parts WHERE received_ms < ? ORDER BY received_ms LIMIT ?"
DELETE_PARTS = Delete("inbound_parts", ("same", "text"))

NOTE_BROKEN_LINK = (
    "INSERT INTO broken_links (link, broke_ms) VALUES (?, ?)"
    " ON CONFLICT (link) DO UPDATE SET broke_ms = excluded.broke_ms"
)
LOOKUP_BROKEN_LINKS = Lookup("SELECT link, broke_ms FROM broken_links WHERE link IN {keys}", "text")
FORGET_BROKEN_LINKS = (
    "DELETE FROM broken_links WHERE link IN (SELECT link FROM broken_links WHERE broke_ms < ? LIMIT ?)"
)

INSERT_NUMBERS = Insert(
    "virtual_numbers",
    (
        ("number", "text"),
        ("account_id", "bigint"),
        ("url", "text"),
        ("created_ms", "bigint"),
        *columns_of("text", "stop_words start_words"),
    ),
    ignore_conflicts=True,
)
_NUMBER = "SELECT number, account_id, url, stop_words, start_words, created_ms FROM virtual_numbers"
LOOKUP_NUMBERS = Lookup(f"{_NUMBER} WHERE number IN {{keys}}", "text")
SELECT_NUMBERS = f"{_NUMBER} ORDER BY number"
LOOKUP_KEYWORDS = Lookup(
    "SELECT number, word, account_id, url, created_ms FROM keywords WHERE number IN {keys}", "text"
)
SELECT_KEYWORDS = "SELECT number, word, account_id, url, created_ms FROM keywords ORDER BY number, word"
INSERT_KEYWORDS = Insert(
    "keywords",
    (*columns_of("text", "number word"), ("account_id", "bigint"), ("url", "text"), ("created_ms", "bigint")),
    ignore_conflicts=True,
)
DELETE_KEYWORD = "DELETE FROM keywords WHERE number = ? AND word = ?"
DELETE_NUMBER = "DELETE FROM virtual_numbers WHERE number = ?"
