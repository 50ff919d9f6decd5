"""The log of callbacks: attempts among the moments of messages, by when they were made (an index has only those)."""

from typing import Final

from palomar.storage.statements import Lookup

_KINDS: Final = "e.kind IN ('callback', 'callback_failed')"
_TRIED: Final = (
    "SELECT e.id, e.message_id, e.at_ms, e.kind, e.detail, m.account_id, m.msisdn, i.account_id, i.source FROM events e"
    " LEFT JOIN messages m ON m.id = e.message_id LEFT JOIN inbound i ON i.id = e.message_id"
)
SELECT_TRIED: Final = f"{_TRIED} WHERE {_KINDS} AND e.id < ? ORDER BY e.id DESC LIMIT ?"
SELECT_ONE_TRIED: Final = f"{_TRIED} WHERE {_KINDS} AND e.id = ?"
# Not by the same condition: a message has few moments, and the index of all attempts is the long way to them.
LOOKUP_TRIED_OF: Final = Lookup(
    f"{_TRIED} WHERE e.kind LIKE 'callback%' AND e.message_id IN {{keys}} ORDER BY e.message_id, e.id", "bigint"
)
LOOKUP_TOLD: Final = Lookup(
    "SELECT message_id, detail FROM events WHERE message_id IN {keys} AND kind LIKE 'callback%'", "bigint"
)
"""The attempts of these messages' callbacks; by the same way."""
