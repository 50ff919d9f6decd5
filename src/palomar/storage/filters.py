"""Count what accounts sent lately and how much today: rows and their SQL, for the filters."""

from typing import NamedTuple

from palomar.storage.statements import Delete, Insert, Lookup, columns_of

LOOKUP_RECENT = Lookup("SELECT digest, sent_ms FROM recent WHERE digest IN {keys}", "bytea")
DELETE_RECENT = Delete("recent", ("digest", "bytea"))
INSERT_RECENT = Insert("recent", (("digest", "bytea"), ("sent_ms", "bigint")), ignore_conflicts=True)
FORGET_OLD_RECENT = "DELETE FROM recent WHERE digest IN (SELECT digest FROM recent WHERE sent_ms < ? LIMIT ?)"


class Days(NamedTuple):
    """A table of messages by account and day."""

    lookup: Lookup
    insert: Insert
    add: str


def _days(table: str) -> Days:
    return Days(
        Lookup(
            f"SELECT account_id, day, messages FROM {table} WHERE account_id IN {{keys}} ORDER BY account_id",
            "bigint",
            lock=table,
        ),
        Insert(table, columns_of("bigint", "account_id day messages"), ignore_conflicts=True),
        f"UPDATE {table} SET messages = messages + ? WHERE account_id = ? AND day = ? AND messages + ? <= ?",
    )


SENT_DAYS = _days("daily")
UNPAID_DAYS = _days("daily_unpaid")
