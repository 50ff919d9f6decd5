"""What carriers told us that has no message yet: orphan receipts. What phones wrote is in ``inbound``."""

from palomar.storage.statements import Delete, Insert, Lookup, columns_of

INSERT_ORPHANS = Insert(
    "orphans",
    (
        *columns_of("bigint", "id"),
        *columns_of("text", "carrier carrier_reference state stat raw"),
        *columns_of("bigint", "received_ms"),
    ),
)
LOOKUP_ORPHANS = Lookup(
    "SELECT id, carrier, carrier_reference, state, stat, raw, received_ms FROM orphans"
    " WHERE carrier_reference IN {keys} ORDER BY id",
    "text",
)
DELETE_ORPHANS = Delete("orphans", ("id", "bigint"))
SELECT_MATCHABLE_ORPHANS = (
    "SELECT id, carrier, carrier_reference, state, stat, raw FROM orphans o"
    " WHERE received_ms > ? AND EXISTS (SELECT 1 FROM parts p"
    " WHERE p.carrier_reference = o.carrier_reference AND p.carrier = o.carrier) ORDER BY received_ms, id LIMIT ?"
)
FORGET_ORPHANS = "DELETE FROM orphans WHERE id IN (SELECT id FROM orphans WHERE received_ms < ? LIMIT ?)"
COUNT_ORPHANS = "SELECT count(*) FROM orphans"
