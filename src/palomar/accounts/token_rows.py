"""Rows of the tokens that programs hold, and of the installation's secrets (those that sign tokens, among others)."""

from palomar.storage.statements import Insert, columns_of

INSERT_SECRETS = Insert("secrets", (("name", "text"), ("value", "bytea")), ignore_conflicts=True)
SELECT_SECRET = "SELECT value FROM secrets WHERE name = ?"  # noqa: S105

INSERT_TOKENS = Insert(
    "tokens",
    (*columns_of("bigint", "id account_id"), ("name", "text"), *columns_of("bigint", "created_ms expires_ms by_login")),
)
SELECT_LIVE_TOKENS = (
    "SELECT id, account_id, name, created_ms, expires_ms, by_login FROM tokens WHERE revoked_ms IS NULL"
)
SELECT_TOKENS_OF = (
    "SELECT id, name, created_ms, expires_ms, revoked_ms, by_login FROM tokens WHERE account_id = ? ORDER BY id"
)
REVOKE_TOKEN = "UPDATE tokens SET revoked_ms = ? WHERE account_id = ? AND id = ? AND revoked_ms IS NULL"  # noqa: S105
REVOKE_TOKENS_OF_LOGIN = "UPDATE tokens SET revoked_ms = ? WHERE account_id = ? AND by_login = 1 AND revoked_ms IS NULL"
FORGET_TOKENS = "DELETE FROM tokens WHERE id IN (SELECT id FROM tokens WHERE expires_ms < ? LIMIT ?)"
