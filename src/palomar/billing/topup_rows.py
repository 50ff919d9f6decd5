"""Rows of automatic top-ups by account and GMT month, and of the accounts that were told of a low balance."""

from palomar.storage.statements import Insert, columns_of

INSERT_TOPUPS = Insert("topups", columns_of("bigint", "id account_id month microcredits at_ms"))
SELECT_TOPPED_UP = (
    "SELECT CAST(coalesce(sum(microcredits), 0) AS BIGINT) FROM topups WHERE account_id = ? AND month = ?"
)
SELECT_AVAILABLE = "SELECT available_microcredits FROM balances WHERE account_id = ?"
INSERT_NOTICES = Insert("notices", columns_of("bigint", "account_id told_ms"), ignore_conflicts=True)
DELETE_NOTICE = (
    "DELETE FROM notices WHERE account_id = ?"
    " AND (SELECT available_microcredits FROM balances WHERE account_id = ?) >= ?"
)
