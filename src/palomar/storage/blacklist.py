"""Black lists: numbers that get nothing from one account, or from anybody (account 0)."""

from palomar.storage.statements import Insert, Lookup, columns_of

LOOKUP_BLOCKED = Lookup("SELECT account_id, msisdn, word FROM blocked_numbers WHERE msisdn IN {keys}", "text")
INSERT_BLOCKED = Insert(
    "blocked_numbers",
    (("account_id", "bigint"), *columns_of("text", "msisdn word"), ("since_ms", "bigint")),
    ignore_conflicts=True,
)
DELETE_BLOCKED = "DELETE FROM blocked_numbers WHERE account_id = ? AND msisdn = ?"
DELETE_OPTED_OUT = "DELETE FROM blocked_numbers WHERE account_id = ? AND msisdn = ? AND word <> ''"
SELECT_ANY_BLOCKED = "SELECT 1 FROM blocked_numbers LIMIT 1"
SELECT_BLOCKED_OF = (
    "SELECT msisdn, word, since_ms FROM blocked_numbers WHERE account_id = ? AND msisdn > ? ORDER BY msisdn LIMIT ?"
)
