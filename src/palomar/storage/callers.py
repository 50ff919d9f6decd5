"""Known callers: a row a login and an address from which it has been let in; and proxies that nobody trusts."""

UPSERT_CALLER = (
    "INSERT INTO known_callers (address, login_key, last_ms) VALUES (?, ?, ?)"
    " ON CONFLICT (address, login_key) DO UPDATE SET last_ms = excluded.last_ms"
)
SELECT_CALLER = "SELECT last_ms FROM known_callers WHERE address = ? AND login_key = ?"
SELECT_YOUNGEST_CALLERS = (
    "SELECT address, login_key, last_ms FROM known_callers WHERE last_ms > ? ORDER BY last_ms DESC LIMIT ?"
)
SELECT_BLOCKED_CALLERS = (
    "SELECT c.address, c.login_key, c.last_ms FROM blocks b JOIN known_callers c ON c.address = substr(b.subject, 9)"
    " ORDER BY c.last_ms DESC LIMIT ?"
)
FORGET_CALLERS = (
    "DELETE FROM known_callers WHERE (address, login_key) IN"
    " (SELECT address, login_key FROM known_callers WHERE last_ms < ? LIMIT ?)"
)
FORGET_SURPLUS_CALLERS = (
    "DELETE FROM known_callers"
    " WHERE last_ms < (SELECT last_ms FROM known_callers ORDER BY last_ms DESC LIMIT 1 OFFSET ?)"
)

UPSERT_PROXY = (
    "INSERT INTO unknown_proxies (address, last_ms) VALUES (?, ?)"
    " ON CONFLICT (address) DO UPDATE SET last_ms = excluded.last_ms"
)
SELECT_PROXIES = "SELECT address, last_ms FROM unknown_proxies ORDER BY last_ms DESC LIMIT ?"
FORGET_PROXIES = (
    "DELETE FROM unknown_proxies WHERE address IN (SELECT address FROM unknown_proxies WHERE last_ms < ? LIMIT ?)"
)
FORGET_SURPLUS_PROXIES = (
    "DELETE FROM unknown_proxies"
    " WHERE address NOT IN (SELECT address FROM unknown_proxies ORDER BY last_ms DESC LIMIT ?)"
)
