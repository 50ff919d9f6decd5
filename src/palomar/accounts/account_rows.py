"""Statements for accounts, keys and rates: few rows, written by people, read whole into memory."""

from dataclasses import dataclass

from palomar.storage.statements import Insert, columns_of

INSERT_ACCOUNTS = Insert(
    "accounts",
    (
        *columns_of("bigint", "id"),
        *columns_of("text", "login login_key"),
        *columns_of("bigint", "parent_id"),
        *columns_of("text", "name"),
        *columns_of("bigint", "enabled may_send"),
        *columns_of("text", "password_hash settings"),
        *columns_of("bigint", "created_ms"),
    ),
    ignore_conflicts=True,
)
SELECT_ACCOUNTS = (
    "SELECT id, login, parent_id, name, enabled, may_send, settings, password_hash FROM accounts ORDER BY id"
)
SELECT_USER_WITH_LOGIN = "SELECT id FROM users WHERE login_key = ?"
"""A login is one account's or one user's, never both."""
SELECT_ACCOUNT_BY_LOGIN = "SELECT id FROM accounts WHERE login_key = ?"
UPDATE_ACCOUNT = "UPDATE accounts SET name = ?, enabled = ?, may_send = ?, settings = ? WHERE id = ?"
SELECT_PASSWORD = "SELECT password_hash FROM accounts WHERE id = ?"  # noqa: S105
CHANGE_PASSWORD = "UPDATE accounts SET password_hash = ? WHERE id = ?"  # noqa: S105
INSERT_KEYS = Insert(
    "keys",
    (
        *columns_of("bytea", "hash"),
        *columns_of("bigint", "id account_id"),
        *columns_of("text", "name start"),
        *columns_of("bigint", "created_ms"),
    ),
)
SELECT_LIVE_KEYS = "SELECT hash, account_id FROM keys WHERE revoked_ms IS NULL"
SELECT_KEYS_OF = "SELECT id, name, start, created_ms, revoked_ms FROM keys WHERE account_id = ? ORDER BY id"
REVOKE_KEY = "UPDATE keys SET revoked_ms = ? WHERE account_id = ? AND id = ? AND revoked_ms IS NULL"
SELECT_RATES = "SELECT account_id, country, microcredits FROM rates"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRow:
    """A key as it may be shown: its secret is not kept, only a hash and its first characters."""

    id: int
    name: str
    start: str
    created_ms: int
    revoked_ms: int | None
