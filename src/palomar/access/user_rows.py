"""Statements for users of the console, their sessions, and failures to sign in."""

from palomar.storage.statements import Insert, columns_of

_USER = "id, login, name, role, account_id, enabled, totp_secret, totp_step, password_hash, created_ms"

INSERT_USERS = Insert(
    "users",
    (
        ("id", "bigint"),
        *columns_of("text", "login login_key name password_hash role"),
        *columns_of("bigint", "account_id enabled totp_step created_ms"),
    ),
    ignore_conflicts=True,
)
SELECT_USERS = f"SELECT {_USER} FROM users ORDER BY login_key"
SELECT_USER = f"SELECT {_USER} FROM users WHERE id = ?"
SELECT_USER_BY_LOGIN = f"SELECT {_USER} FROM users WHERE login_key = ?"
UPDATE_USER = "UPDATE users SET name = ?, role = ?, account_id = ?, enabled = ? WHERE id = ?"
CHANGE_PASSWORD = "UPDATE users SET password_hash = ? WHERE id = ?"  # noqa: S105
SET_TOTP = "UPDATE users SET totp_secret = ?, totp_step = ? WHERE id = ?"
USE_TOTP_STEP = "UPDATE users SET totp_step = ? WHERE id = ? AND totp_step < ?"

_SESSION = "id, user_id, account_id, stamp, awaits_code, address, agent, created_ms, seen_ms, expires_ms"

INSERT_SESSIONS = Insert(
    "sessions",
    (
        ("digest", "bytea"),
        *columns_of("bigint", "id user_id account_id"),
        ("stamp", "bytea"),
        ("awaits_code", "bigint"),
        *columns_of("text", "address agent"),
        *columns_of("bigint", "created_ms seen_ms expires_ms"),
    ),
)
SELECT_SESSION = f"SELECT {_SESSION} FROM sessions WHERE digest = ?"
SELECT_SESSION_BY_ID = f"SELECT {_SESSION} FROM sessions WHERE id = ?"
_LIVE = "awaits_code = 0 AND expires_ms > ? ORDER BY id DESC LIMIT ?"
SELECT_SESSIONS = f"SELECT {_SESSION} FROM sessions WHERE {_LIVE}"
SELECT_SESSIONS_OF_USER = f"SELECT {_SESSION} FROM sessions WHERE user_id = ? AND {_LIVE}"
SELECT_SESSIONS_OF_ACCOUNT = f"SELECT {_SESSION} FROM sessions WHERE account_id = ? AND {_LIVE}"
SEE_SESSION = "UPDATE sessions SET seen_ms = ?, expires_ms = ? WHERE id = ? AND seen_ms < ?"
STAMP_SESSION = "UPDATE sessions SET stamp = ? WHERE id = ?"
DELETE_SESSION = "DELETE FROM sessions WHERE id = ?"
DELETE_SESSIONS_OF_USER = "DELETE FROM sessions WHERE user_id = ? AND id <> ?"
DELETE_SESSIONS_OF_ACCOUNT = "DELETE FROM sessions WHERE account_id = ? AND id <> ?"
FORGET_SESSIONS = "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_ms < ? LIMIT ?)"

SELECT_FAILURES = "SELECT failures, last_ms FROM login_failures WHERE subject = ?"
UPSERT_FAILURES = (
    "INSERT INTO login_failures (subject, failures, last_ms) VALUES (?, ?, ?)"
    " ON CONFLICT (subject) DO UPDATE SET failures = excluded.failures, last_ms = excluded.last_ms"
)
DELETE_FAILURES = "DELETE FROM login_failures WHERE subject = ?"
FORGET_FAILURES = (
    "DELETE FROM login_failures WHERE subject IN (SELECT subject FROM login_failures WHERE last_ms < ? LIMIT ?)"
)
