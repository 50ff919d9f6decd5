"""Rows and statements of short links and the clicks on them."""

from palomar.storage.statements import Insert, Lookup, columns_of

INSERT_LINKS = Insert(
    "links",
    (("code", "text"), *columns_of("bigint", "message_id account_id"), ("url", "text"), ("created_ms", "bigint")),
    ignore_conflicts=True,
)
LOOKUP_CODES = Lookup("SELECT code FROM links WHERE code IN {keys}", "text")
LOOKUP_LINKS_OF = Lookup("SELECT message_id, code, url FROM links WHERE message_id IN {keys}", "bigint")
SELECT_LINK = (
    "SELECT l.code, l.url, l.message_id, l.account_id, m.dialect, m.request_ref, m.msisdn, m.click_url"
    " FROM links l LEFT JOIN messages m ON m.id = l.message_id WHERE l.code = ?"
)
INSERT_CLICKS = Insert(
    "clicks",
    (
        ("id", "bigint"),
        ("code", "text"),
        *columns_of("bigint", "message_id at_ms"),
        *columns_of("text", "address agent"),
        ("robot", "bigint"),
    ),
)
