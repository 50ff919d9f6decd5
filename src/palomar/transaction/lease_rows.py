"""Rows of nodes: one row for each start of a server, with a lease by the database's clock.

A transaction that claims work checks the row of its node first.
"""

from palomar.storage.statements import Insert, columns_of

INSERT_NODES = Insert(
    "nodes",
    (
        *columns_of("bigint", "id number"),
        ("name", "text"),
        *columns_of("bigint", "started_ms lease_until_ms"),
    ),
)
SELECT_NODES = "SELECT id, number, name, started_ms, lease_until_ms FROM nodes ORDER BY id"
RENEW_LEASE = "UPDATE nodes SET lease_until_ms = ?, counted_ms = ? WHERE id = ? AND lease_until_ms > ?"
SELECT_LEASE = "SELECT lease_until_ms FROM nodes WHERE id = ?"
DELETE_NODE = "DELETE FROM nodes WHERE id = ?"
SELECT_COUNTED = "SELECT min(counted_ms) FROM nodes WHERE counted_ms > 0 AND lease_until_ms > ?"
SELECT_LIVE = "SELECT id FROM nodes WHERE id = ? AND lease_until_ms > ?"
SELECT_DEAD = "SELECT id FROM nodes WHERE id <> ? AND (lease_until_ms <= ? OR name = ?) ORDER BY id"
SELECT_CARRIERS_OF_QUEUE = "SELECT DISTINCT carrier FROM queue WHERE node_id IS NULL"
ROUTE_AGAIN = "UPDATE queue SET carrier = '' WHERE carrier = ? AND node_id IS NULL"
