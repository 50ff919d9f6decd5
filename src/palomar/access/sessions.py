"""Store sessions of people who are signed in, and failures to sign in, which make the next attempt wait.

A session is a random token in a browser and its hash in a row: revoking it deletes the row, for every node at once. A
stamp of the password hash binds it to the password that opened it. Not here: verifying the password
(``access.sign_in``).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from palomar.access import user_rows as rows
from palomar.access.lockout import LONGEST_MS as LONGEST_WAIT_MS
from palomar.access.lockout import are_forgotten, wait_ms
from palomar.storage.database import Transaction
from palomar.storage.statements import ResultRow
from palomar.transaction.work import Work
from palomar.vocabulary.account import AccountId

IDLE_MS = 7 * 86_400_000
"""A session that is not used for so long ends."""
LONGEST_MS = 30 * 86_400_000
CODE_MS = 300_000
"""How long a session waits for its code."""
SEEN_EVERY_MS = 300_000
"""The last use of a session is written at most once in so long."""
AGENT_LONGEST = 300
LISTED_AT_MOST, OWN_AT_MOST = 500, 100


@dataclass(frozen=True, slots=True, kw_only=True)
class UserSession:
    """A session of a user, or of an account that signed in with its own password. Times in milliseconds since 1970."""

    id: int
    user_id: int | None
    account_id: AccountId | None
    stamp: bytes
    awaits_code: bool
    address: str
    agent: str
    created_ms: int
    seen_ms: int
    expires_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSession:
    """A session to be opened, with its token."""

    id: int
    token: str
    user_id: int | None
    account_id: AccountId | None
    stamp: bytes
    address: str
    agent: str
    awaits_code: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureLimit:
    """The subject for which failures are counted, how many cost no wait, and the longest wait."""

    subject: str
    free: int
    longest_ms: int = LONGEST_WAIT_MS


def token_digest(token: str) -> bytes:
    """Hash a token to be stored; it is random, so one SHA-256 is enough."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def stamp_of(password_hash: str) -> bytes:
    """Make the stamp that binds a session to the password hash with which it was opened."""
    return hashlib.sha256(b"stamp\0" + password_hash.encode()).digest()[:16]


async def open_session(tx: Transaction, opening: NewSession, *, now_ms: int) -> None:
    """Write a new session."""
    lifetime_ms = CODE_MS if opening.awaits_code else IDLE_MS
    row = (
        token_digest(opening.token),
        opening.id,
        opening.user_id,
        opening.account_id,
        opening.stamp,
        int(opening.awaits_code),
        opening.address,
        opening.agent[:AGENT_LONGEST],
        now_ms,
        now_ms,
        now_ms + lifetime_ms,
    )
    await tx.insert(rows.INSERT_SESSIONS, [row])


async def session_of_token(tx: Transaction, token: str, *, now_ms: int) -> UserSession | None:
    """Find the session of a token; None if there is none or it has expired."""
    found = [_session(row) for row in await tx.select(rows.SELECT_SESSION, token_digest(token))]
    return found[0] if found and found[0].expires_ms > now_ms else None


async def session_of_id(tx: Transaction, session_id: int) -> UserSession | None:
    """Find a session by its id; None if there is none."""
    return next((_session(row) for row in await tx.select(rows.SELECT_SESSION_BY_ID, session_id)), None)


async def list_sessions(tx: Transaction, *, now_ms: int) -> list[UserSession]:
    """List sessions that have not ended, youngest first, at most ``LISTED_AT_MOST``."""
    return [_session(row) for row in await tx.select(rows.SELECT_SESSIONS, now_ms, LISTED_AT_MOST)]


async def sessions_of(
    tx: Transaction, *, user_id: int | None, account_id: AccountId | None, now_ms: int
) -> list[UserSession]:
    """List the sessions of a user, or of an account itself, that have not ended, youngest first, at most
    ``OWN_AT_MOST``."""
    if user_id is not None:
        found = await tx.select(rows.SELECT_SESSIONS_OF_USER, user_id, now_ms, OWN_AT_MOST)
    else:
        found = await tx.select(rows.SELECT_SESSIONS_OF_ACCOUNT, account_id, now_ms, OWN_AT_MOST)
    return [_session(row) for row in found]


async def mark_used(work: Work, sessions: Sequence[UserSession]) -> list[None]:
    """Mark sessions as used now, and prolong them, up to a month from their beginning."""
    for session in sessions:
        expires_ms = min(work.now_ms + IDLE_MS, session.created_ms + LONGEST_MS)
        await work.tx.execute(rows.SEE_SESSION, work.now_ms, expires_ms, session.id, work.now_ms)
    return [None] * len(sessions)


async def restamp(tx: Transaction, session_id: int, stamp: bytes) -> None:
    """Write another stamp, so that a session outlives the change of the password that was made in it."""
    await tx.execute(rows.STAMP_SESSION, stamp, session_id)


async def revoke(tx: Transaction, session_id: int) -> bool:
    """End a session at once; False if there is no such one."""
    return await tx.execute(rows.DELETE_SESSION, session_id) == 1


async def revoke_all(
    tx: Transaction, *, user_id: int | None = None, account_id: AccountId | None = None, but: int = 0
) -> int:
    """End all sessions of a user, or of an account itself, except ``but``. Returns how many ended."""
    if user_id is not None:
        return await tx.execute(rows.DELETE_SESSIONS_OF_USER, user_id, but)
    return await tx.execute(rows.DELETE_SESSIONS_OF_ACCOUNT, account_id, but)


async def wait_before_attempt(tx: Transaction, counted: Sequence[FailureLimit], *, now_ms: int) -> int:
    """Compute how many milliseconds the next attempt must wait; 0: none."""
    waits = [0]
    for one in counted:
        for failures, last_ms in await tx.select(rows.SELECT_FAILURES, one.subject):
            waits.append(_wait_of(one, failures, last_ms=last_ms, now_ms=now_ms))
    return max(waits)


async def count_attempt(tx: Transaction, counted: Sequence[FailureLimit], *, now_ms: int) -> int:
    """Count an attempt as failed before its password is verified, so that many at once gain nothing.

    Returns the milliseconds to wait, as :func:`wait_before_attempt`; if there is a wait, nothing is counted and the
    attempt must not be made.
    """
    before: list[tuple[str, int]] = []
    for one in sorted(counted, key=lambda one: one.subject):
        row = next(iter(await tx.select_locked(rows.SELECT_FAILURES, one.subject)), (0, now_ms))
        wait = _wait_of(one, row[0], last_ms=row[1], now_ms=now_ms)
        if wait:
            return wait
        before.append((one.subject, 0 if are_forgotten(row[1], now_ms=now_ms) else row[0]))
    for subject, failures in before:
        await tx.execute(rows.UPSERT_FAILURES, subject, failures + 1, now_ms)
    return 0


async def forget_failures(tx: Transaction, subjects: Sequence[str]) -> None:
    """Forget the failures of these subjects, after a success."""
    for subject in sorted(subjects):
        await tx.execute(rows.DELETE_FAILURES, subject)


def _wait_of(one: FailureLimit, failures: int, *, last_ms: int, now_ms: int) -> int:
    return wait_ms(failures, free=one.free, last_ms=last_ms, now_ms=now_ms, longest_ms=one.longest_ms)


def _session(row: ResultRow) -> UserSession:
    identity, user_id, account_id, stamp, awaits_code, address, agent, created_ms, seen_ms, expires_ms = row
    return UserSession(
        id=identity,
        user_id=user_id,
        account_id=None if account_id is None else AccountId(account_id),
        stamp=stamp,
        awaits_code=bool(awaits_code),
        address=address,
        agent=agent,
        created_ms=created_ms,
        seen_ms=seen_ms,
        expires_ms=expires_ms,
    )
