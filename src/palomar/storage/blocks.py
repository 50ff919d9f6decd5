"""Blocks for abuse: a row an account or address that was blocked lately, whether it still is or not."""

UPSERT_BLOCK = (
    "INSERT INTO blocks (subject, level, reason, since_ms, until_ms) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (subject) DO UPDATE SET level = excluded.level, reason = excluded.reason,"
    " since_ms = excluded.since_ms, until_ms = excluded.until_ms"
)
SELECT_BLOCKS = "SELECT subject, level, reason, since_ms, until_ms FROM blocks ORDER BY subject"
SELECT_BLOCK = "SELECT subject, level, reason, since_ms, until_ms FROM blocks WHERE subject = ?"
DELETE_BLOCK = "DELETE FROM blocks WHERE subject = ?"
DELETE_FORGIVEN = "DELETE FROM blocks WHERE until_ms + level * ? < ?"
