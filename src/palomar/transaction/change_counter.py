"""A counter of the changes that people make to accounts, prices, routes and so on: each node then reads them again."""

SELECT_VERSION = "SELECT version FROM changes WHERE id = 1"
BUMP_VERSION = "UPDATE changes SET version = version + 1 WHERE id = 1"
