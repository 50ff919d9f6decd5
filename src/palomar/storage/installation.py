"""The installation's own table: what is decided once for all of it."""

from palomar.storage.statements import Insert

INSERT_NOTES = Insert("installation", (("name", "text"), ("noted_ms", "bigint")), ignore_conflicts=True)
SELECT_NOTE = "SELECT noted_ms FROM installation WHERE name = ?"
