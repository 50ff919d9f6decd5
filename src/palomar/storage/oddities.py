"""What carriers send that is odd, counted: rows of ``oddities``, one a carrier and oddity."""

KINDS_OF_CARRIER = "SELECT what FROM oddities WHERE carrier = ? AND kind = ?"
COUNT_ODDITY = (
    "INSERT INTO oddities (carrier, kind, what, times, first_ms, last_ms) VALUES (?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (carrier, kind, what) DO UPDATE SET times = oddities.times + excluded.times,"
    " last_ms = excluded.last_ms"
)
SELECT_ODDITIES = (
    "SELECT carrier, kind, what, times, last_ms FROM oddities WHERE last_ms >= ?"
    " ORDER BY carrier, kind, times DESC, what"
)
FORGET_ODDITIES = (
    "DELETE FROM oddities WHERE (carrier, kind, what) IN"
    " (SELECT carrier, kind, what FROM oddities WHERE last_ms < ? LIMIT ?)"
)
