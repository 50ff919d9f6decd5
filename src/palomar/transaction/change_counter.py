"""Count the changes that people make to accounts, rates, routes and their kin: each node then reads them again."""

SELECT_VERSION = "SELECT version FROM changes WHERE id = 1"
BUMP_VERSION = "UPDATE changes SET version = version + 1 WHERE id = 1"
