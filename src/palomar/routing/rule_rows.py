"""SQL of routes, sender rules and lanes. They are few and written by people; all are read into memory.

Not here: the commands that change them (``rules_store``).
"""

from palomar.storage.statements import Insert, columns_of

INSERT_ROUTES = Insert(
    "routes",
    (
        *columns_of("bigint", "id"),
        *columns_of("text", "name carrier"),
        *columns_of("bigint", "priority weight cost_microcredits"),
        *columns_of("text", "prefix country sender"),
        *columns_of("bigint", "account_id"),
        *columns_of("text", "label dialect hours"),
        *columns_of("bigint", "enabled"),
    ),
)
_ROUTE = (
    "id, name, carrier, priority, weight, cost_microcredits, prefix, country, sender, account_id, label, dialect,"
    " hours, enabled"
)
SELECT_ROUTES = f"SELECT {_ROUTE} FROM routes ORDER BY priority, cost_microcredits, id"
SWITCH_ROUTE = "UPDATE routes SET enabled = ? WHERE id = ?"
DELETE_ROUTE = "DELETE FROM routes WHERE id = ?"

INSERT_SENDER_RULES = Insert(
    "sender_rules", (*columns_of("bigint", "id"), *columns_of("text", "carrier country form action replacement"))
)
SELECT_SENDER_RULES = "SELECT id, carrier, country, form, action, replacement FROM sender_rules ORDER BY id"
DELETE_SENDER_RULE = "DELETE FROM sender_rules WHERE id = ?"

INSERT_LANES = Insert(
    "lanes",
    (
        *columns_of("bigint", "id"),
        *columns_of("text", "name"),
        *columns_of("bigint", "rank account_id"),
        *columns_of("text", "label sender pattern"),
        *columns_of("bigint", "useless_after_seconds flash resend_times resend_pause resend_factor"),
    ),
)
SELECT_LANES = (
    "SELECT id, name, rank, account_id, label, sender, pattern, useless_after_seconds, flash, resend_times,"
    " resend_pause, resend_factor FROM lanes ORDER BY id"
)
DELETE_LANE = "DELETE FROM lanes WHERE name = ?"
