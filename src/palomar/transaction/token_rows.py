"""The platform's small tables: secrets, tokens, short ids, idempotency."""

from palomar.storage.statements import Delete, Insert, Lookup, Update, columns_of

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

LOOKUP_COUNTERS = Lookup(
    "SELECT account_id, last_short_id FROM counters WHERE account_id IN {keys} ORDER BY account_id",
    "bigint",
    lock="counters",
)
INSERT_COUNTERS = Insert("counters", columns_of("bigint", "account_id last_short_id"), ignore_conflicts=True)
UPDATE_COUNTERS = Update("counters", columns_of("bigint", "account_id"), columns_of("bigint", "last_short_id"))
INSERT_SHORT_IDS = Insert("short_ids", columns_of("bigint", "account_id id message_id"))
SELECT_SHORT_ID = "SELECT message_id FROM short_ids WHERE account_id = ? AND id = ?"

INSERT_IDEMPOTENCY = Insert(
    "idempotency",
    (*columns_of("bytea", "scope request"), ("status", "bigint"), ("answer", "bytea"), ("created_ms", "bigint")),
    ignore_conflicts=True,
)
LOOKUP_IDEMPOTENCY = Lookup(
    "SELECT scope, request, status, answer, created_ms FROM idempotency WHERE scope IN {keys}", "bytea"
)
DELETE_IDEMPOTENCY = Delete("idempotency", ("scope", "bytea"))
FORGET_ANSWERS = "DELETE FROM idempotency WHERE scope IN (SELECT scope FROM idempotency WHERE created_ms < ? LIMIT ?)"
