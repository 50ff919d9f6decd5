"""Statements for the rows of accounts: few, written by people, read whole into memory."""

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
