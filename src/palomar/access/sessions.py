"""Sessions: who is logged in, until when; and failures to log in, which make the next attempt wait.

A session is a random token in a browser and its hash in a row: revoking it is deleting the row, on every node at once.
A stamp of the password binds it to the password that opened it. Not here: whose password it was (``access.sign_in``).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from palomar.access import user_rows as rows
from palomar.access.lockout import LONGEST_MS as LONGEST_WAIT_MS
from palomar.access.lockout import forgotten, wait_ms
from palomar.storage.database import Transaction
from palomar.storage.statements import ResultRow
from palomar.transaction.work import Work
from palomar.vocabulary.account import AccountId

IDLE_MS = 7 * 86_400_000
"""A session that is not used so long ends."""
LONGEST_MS = 30 * 86_400_000
CODE_MS = 300_000
"""How long a session that still wants a code waits for it."""
SEEN_EVERY_MS = 300_000
"""When somebody was last seen is written in such steps."""
AGENT_LONGEST = 300
LISTED_AT_MOST, OWN_AT_MOST = 500, 100


@dataclass(frozen=True, slots=True, kw_only=True)
class UserSession:
    """Somebody's log-in: a user's, or that of an account with its own password. Times in milliseconds since 1970."""

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
    """A session to be opened with this token."""

    id: int
    token: str
    user_id: int | None
    account_id: AccountId | None
    stamp: bytes
    address: str
    agent: str
    awaits_code: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Whose failures are counted, how many cost no wait, and how long a wait is at most."""

    subject: str
    free: int
    longest_ms: int = LONGEST_WAIT_MS


def token_digest(token: str) -> bytes:
    """What is kept of a token: it is random, so one SHA-256 is enough."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def stamp_of(password_hash: str) -> bytes:
    """What a session remembers of the password that opened it."""
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
    """The session of that token; None if there is none, or its time is over."""
    found = [_session(row) for row in await tx.select(rows.SELECT_SESSION, token_digest(token))]
    return found[0] if found and found[0].expires_ms > now_ms else None


async def session_of_id(tx: Transaction, session_id: int) -> UserSession | None:
    """The session of that id; None if there is none."""
    return next((_session(row) for row in await tx.select(rows.SELECT_SESSION_BY_ID, session_id)), None)


async def list_sessions(tx: Transaction, *, now_ms: int) -> list[UserSession]:
    """The youngest sessions that have not ended, youngest first."""
    return [_session(row) for row in await tx.select(rows.SELECT_SESSIONS, now_ms, LISTED_AT_MOST)]


async def sessions_of(
    tx: Transaction, *, user_id: int | None, account_id: AccountId | None, now_ms: int
) -> list[UserSession]:
    """The youngest sessions of a user, or of an account itself, that have not ended, youngest first."""
    if user_id is not None:
        found = await tx.select(rows.SELECT_SESSIONS_OF_USER, user_id, now_ms, OWN_AT_MOST)
    else:
        found = await tx.select(rows.SELECT_SESSIONS_OF_ACCOUNT, account_id, now_ms, OWN_AT_MOST)
    return [_session(row) for row in found]


async def see(work: Work, sessions: Sequence[UserSession]) -> list[None]:
    """These were used just now: they last longer, up to a month from their beginning."""
    for session in sessions:
        expires_ms = min(work.now_ms + IDLE_MS, session.created_ms + LONGEST_MS)
        await work.tx.execute(rows.SEE_SESSION, work.now_ms, expires_ms, session.id, work.now_ms)
    return [None] * len(sessions)


async def stamp_anew(tx: Transaction, session_id: int, stamp: bytes) -> None:
    """The session outlives a change of the password that was made in it."""
    await tx.execute(rows.STAMP_SESSION, stamp, session_id)


async def revoke(tx: Transaction, session_id: int) -> bool:
    """End a session at once; False if there is no such one."""
    return await tx.execute(rows.DELETE_SESSION, session_id) == 1


async def revoke_all(
    tx: Transaction, *, user_id: int | None = None, account_id: AccountId | None = None, but: int = 0
) -> int:
    """End all sessions of a user, or of an account itself, but this one; how many there were."""
    if user_id is not None:
        return await tx.execute(rows.DELETE_SESSIONS_OF_USER, user_id, but)
    return await tx.execute(rows.DELETE_SESSIONS_OF_ACCOUNT, account_id, but)


async def wait_before(tx: Transaction, counted: Sequence[Counted], *, now_ms: int) -> int:
    """How many milliseconds these must wait before the next attempt to log in; 0: none."""
    waits = [0]
    for one in counted:
        for failures, last_ms in await tx.select(rows.SELECT_FAILURES, one.subject):
            waits.append(_wait_of(one, failures, last_ms=last_ms, now_ms=now_ms))
    return max(waits)


async def attempt(tx: Transaction, counted: Sequence[Counted], *, now_ms: int) -> int:
    """Count an attempt as failed before its password is looked at, so that many at once gain nothing.

    Returns as :func:`wait_before`; where there is a wait nothing is counted, and the attempt must not be made.
    """
    before: list[tuple[str, int]] = []
    for one in sorted(counted, key=lambda one: one.subject):
        row = next(iter(await tx.select_locked(rows.SELECT_FAILURES, one.subject)), (0, now_ms))
        wait = _wait_of(one, row[0], last_ms=row[1], now_ms=now_ms)
        if wait:
            return wait
        before.append((one.subject, 0 if forgotten(row[1], now_ms=now_ms) else row[0]))
    for subject, failures in before:
        await tx.execute(rows.UPSERT_FAILURES, subject, failures + 1, now_ms)
    return 0


async def forget_failures(tx: Transaction, subjects: Sequence[str]) -> None:
    """Forget the failures before a log-in that succeeded."""
    for subject in sorted(subjects):
        await tx.execute(rows.DELETE_FAILURES, subject)


def _wait_of(one: Counted, failures: int, *, last_ms: int, now_ms: int) -> int:
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
