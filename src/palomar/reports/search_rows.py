"""The index of messages' words, and the statements of a search.

``message_words`` has a row a message, of FTS5 on SQLite, a tsvector with its GIN index on PostgreSQL; ``indexed`` has
one row. Both engines take the same quoted tokens. Not here: what the tokens are (``reports.search_terms``).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Literal, assert_never

from palomar.reports.search_terms import AllOf, AnyOf, Query, Term
from palomar.storage.database import Transaction
from palomar.storage.statements import Insert, Lookup, Select
from palomar.vocabulary.message import EPOCH_MS, IDS_A_MS, MessageId

INSERT_WORDS = Insert("message_words", (("rowid", "bigint"), ("body", "tsvector")))
SELECT_INDEX_PROGRESS = "SELECT to_id, checked_id FROM indexed WHERE id = 1"
UPDATE_INDEX_PROGRESS = "UPDATE indexed SET to_id = ?, checked_id = ? WHERE id = 1"
_INDEXED = "SELECT id, account_id, text, msisdn, label, sender, request_ref FROM messages"
SELECT_TO_INDEX = f"{_INDEXED} WHERE id > ? AND id < ? ORDER BY id LIMIT ?"
SELECT_TO_CHECK = (
    "SELECT id, CASE WHEN EXISTS (SELECT 1 FROM message_words w WHERE w.rowid = messages.id) THEN 1 ELSE 0 END"
    " FROM messages WHERE id > ? AND id <= ? ORDER BY id LIMIT ?"
)
LOOKUP_TO_INDEX = Lookup(f"{_INDEXED} WHERE id IN {{keys}} ORDER BY id", "bigint")
SELECT_OLDEST = "SELECT min(id) FROM messages"
SELECT_OLDEST_OF_ACCOUNT = "SELECT min(id) FROM messages WHERE account_id = ?"
FORGET_WORDS = (
    "DELETE FROM message_words WHERE rowid IN (SELECT rowid FROM message_words WHERE rowid < ? ORDER BY rowid LIMIT ?)"
)

NEAR = 30_000
"""On PostgreSQL so many of the newest messages are read before the index is asked: the index returns all matches,
unsorted, so frequent words are found sooner this way."""
_TSQUERY = (
    """replace(replace(replace(replace({1}, ' AND ', ' & '), ' OR ', ' | '), '"*', ''':*'), '"', '''')::tsquery"""
)
SELECT_CANDIDATES = Select(
    "SELECT rowid FROM message_words WHERE message_words MATCH {1} AND rowid >= {2} AND rowid < {3}"
    " ORDER BY rowid DESC LIMIT {4}",
    "WITH near AS MATERIALIZED (SELECT rowid FROM (SELECT rowid, body FROM message_words"
    f" WHERE rowid >= {{2}} AND rowid < {{3}} ORDER BY rowid DESC LIMIT {NEAR}) newest"
    f" WHERE body @@ {_TSQUERY} ORDER BY rowid DESC LIMIT {{4}}),"
    " far AS MATERIALIZED (SELECT rowid FROM message_words WHERE (SELECT count(*) FROM near) < {4}"
    f" AND body @@ {_TSQUERY} AND rowid >= {{2}} AND rowid < {{3}})"
    " SELECT rowid FROM near UNION SELECT rowid FROM far ORDER BY rowid DESC LIMIT {4}",
)
"""The newest messages whose tokens fit ({1}: a ``match_text``) between two ids ({2}, {3}); at most {4}."""
LOOKUP_FACTS = Lookup(
    "SELECT id, account_id, state, carrier, request_ref FROM messages WHERE id IN {keys} ORDER BY id DESC", "bigint"
)
SELECT_UNINDEXED = (
    "SELECT id, account_id, state, carrier, request_ref, text, msisdn, label, sender FROM messages"
    " WHERE id >= ? AND id < ? ORDER BY id DESC LIMIT ?"
)


@dataclass(frozen=True, slots=True)
class IndexProgress:
    """How far the index is: all messages up to ``to_id`` are in it, as far as they were committed in time; up to
    ``checked_id`` none is missing."""

    to_id: MessageId
    checked_id: MessageId


async def read_index_progress(tx: Transaction) -> IndexProgress:
    """Read how far the index is."""
    to_id, checked_id = (await tx.select(SELECT_INDEX_PROGRESS))[0]
    return IndexProgress(to_id, checked_id)


def body_text(tokens: Iterable[str]) -> str:
    """Format a message's tokens as a row of the index takes them."""
    return " ".join(f"'{token}'" for token in tokens)


def match_text(query: Query) -> str:
    """Format a query in FTS5's syntax, from which PostgreSQL's is made: tokens have neither quotes nor spaces."""
    match query:
        case Term(token, is_prefix):
            return f'"{token}"*' if is_prefix else f'"{token}"'
        case AllOf(parts):
            return "(" + " AND ".join(map(match_text, parts)) + ")"
        case AnyOf(parts):
            return "(" + " OR ".join(map(match_text, parts)) + ")"
        case _:
            assert_never(query)


Source = Literal["all", "account", "open"]
_SOURCES: dict[Source, str] = {
    "all": "id >= {1} AND id < {2} ORDER BY id DESC",
    "account": "account_id = {5} AND id >= {1} AND id < {2} ORDER BY id DESC",
    "open": "final_ms IS NULL ORDER BY expires_ms",
}


@cache
def select_newest(source: Source, *, among: bool, state: bool, carrier: bool) -> Select:
    """Build the select of the newest messages between two ids ({1}, {2}), at most {4}, among the first {3} of a
    source: all, an account's ({5}), or those that have not ended. Further values, in this order: accounts, a state, a
    carrier."""
    values = iter(range(6 if source == "account" else 5, 9))
    fits = ["id >= {1} AND id < {2}"]
    if among:
        fits.append(f"account_id IN {{ids {next(values)}}}")
    fits += [f"{column} = {{{next(values)}}}" for column, asked in (("state", state), ("carrier", carrier)) if asked]
    sql = (
        f"SELECT id FROM (SELECT id, account_id, state, carrier FROM messages WHERE {_SOURCES[source]} LIMIT {{3}})"
        f" newest WHERE {' AND '.join(fits)}"
    )
    # SQLite would sort what comes in order already, all of it.
    order = " ORDER BY id DESC" if source == "open" else ""
    return Select(f"{sql}{order} LIMIT {{4}}", f"{sql} ORDER BY id DESC LIMIT {{4}}")


@cache
def select_in_spans(*, among: bool, state: bool, carrier: bool) -> Select:
    """Build the select of the newest messages accepted in some hours or days ({1} when they begin, {2} how long they
    are) and between two ids ({3}, {4}), at most {5}. Further values, in this order: accounts, a state, a carrier."""
    values = iter(range(6, 9))
    fits = [f"account_id IN {{ids {next(values)}}}"] if among else []
    fits += [f"{column} = {{{next(values)}}}" for column, asked in (("state", state), ("carrier", carrier)) if asked]
    fitting = " AND ".join(
        (
            f"id >= (s.value - {EPOCH_MS}) * {IDS_A_MS}",
            f"id < (s.value + {{2}} - {EPOCH_MS}) * {IDS_A_MS}",
            "id >= {3} AND id < {4}",
            *fits,
        )
    )
    newest = " ORDER BY id DESC LIMIT {5}"
    # PostgreSQL would rather look at every message between the two ids, for each of the hours.
    return Select(
        f"SELECT id FROM {{ids 1}} s CROSS JOIN messages WHERE {fitting}{newest}",
        f"SELECT id FROM {{ids 1}} s, LATERAL (SELECT id FROM messages WHERE {fitting}{newest}) each_hour{newest}",
    )


COUNT_OPEN = Select(
    "SELECT count(*) FROM (SELECT 1 FROM messages WHERE final_ms IS NULL ORDER BY expires_ms LIMIT {1}) still_open"
)
"""Counts the messages that have not ended, up to {1}."""
SELECT_LAST_OF_ALL = Select("SELECT id FROM messages WHERE id >= {1} AND id < {2} ORDER BY id DESC LIMIT 1 OFFSET {3}")
SELECT_LAST_OF_ACCOUNT = Select(
    "SELECT id FROM messages WHERE account_id = {4} AND id >= {1} AND id < {2} ORDER BY id DESC LIMIT 1 OFFSET {3}"
)
