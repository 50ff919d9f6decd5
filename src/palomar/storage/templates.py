"""Templates: few, short texts by account and name."""

from palomar.storage.statements import Insert, columns_of

INSERT_TEMPLATES = Insert("templates", (("account_id", "bigint"), *columns_of("text", "name text")))
DELETE_TEMPLATE = "DELETE FROM templates WHERE account_id = ? AND name = ?"
SELECT_TEMPLATES = "SELECT account_id, name, text FROM templates ORDER BY account_id, name"
SELECT_TEMPLATES_OF = "SELECT name, text FROM templates WHERE account_id = ? ORDER BY name"
