"""Store users: the people who sign in to the console. Owners and operators on the command line write them.

Passwords come as argon2 hashes; the secret of a second factor is encrypted with a key derived from one of the
installation. Not here: accounts, which sign in with their own password (``accounts.store``), and sessions
(``sessions``).
"""

import hashlib
import hmac
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from palomar.access import user_rows as rows
from palomar.accounts import token_rows
from palomar.accounts.account_rows import SELECT_ACCOUNT_BY_LOGIN
from palomar.accounts.store import login_key
from palomar.storage.database import Transaction
from palomar.storage.statements import ResultRow
from palomar.vocabulary.access import Role
from palomar.vocabulary.account import AccountId

CONSOLE_SECRET = "console"  # noqa: S105  # the name of its row
_NONCE_OCTETS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person who signs in. They see the messages of ``account_id`` and its sub-accounts; with None those of all
    accounts."""

    id: int
    login: str
    name: str
    role: Role
    account_id: AccountId | None
    enabled: bool
    has_totp: bool
    created_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UserCredentials:
    """A user with their argon2 hash, the encrypted secret of their authenticator app, and the step of the last code
    used."""

    user: User
    password_hash: str
    sealed_totp: bytes
    totp_step: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser:
    """A user to be made; the password is hashed already."""

    id: int
    login: str
    name: str
    password_hash: str
    role: Role
    account_id: AccountId | None = None


async def add_user(tx: Transaction, new: NewUser, *, now_ms: int) -> User | None:
    """Make a user; None if a user or an account has that login already."""
    key = login_key(new.login)
    if await tx.select(SELECT_ACCOUNT_BY_LOGIN, key):
        return None
    row = (new.id, new.login, key, new.name, new.password_hash, new.role, new.account_id, 1, 0, now_ms)
    if not await tx.insert_new(rows.INSERT_USERS, [row]):
        return None
    return User(
        id=new.id,
        login=new.login,
        name=new.name,
        role=new.role,
        account_id=new.account_id,
        enabled=True,
        has_totp=False,
        created_ms=now_ms,
    )


async def list_users(tx: Transaction) -> list[User]:
    """List all users, by login."""
    return [_credentials(row).user for row in await tx.select(rows.SELECT_USERS)]


async def user_of_id(tx: Transaction, user_id: int) -> UserCredentials | None:
    """Find a user by id; None if there is none."""
    return next((_credentials(row) for row in await tx.select(rows.SELECT_USER, user_id)), None)


async def user_of_login(tx: Transaction, login: str) -> UserCredentials | None:
    """Find a user by login, in any case; None if there is none."""
    return next((_credentials(row) for row in await tx.select(rows.SELECT_USER_BY_LOGIN, login_key(login))), None)


async def change_user(tx: Transaction, user: User) -> None:
    """Write a user's name, role, account and switch as they are in ``user``."""
    await tx.execute(rows.UPDATE_USER, user.name, user.role, user.account_id, int(user.enabled), user.id)


async def change_password(tx: Transaction, user_id: int, password_hash: str) -> None:
    """Write a new password hash. Sessions that the old password opened end, because their stamp is another."""
    await tx.execute(rows.CHANGE_PASSWORD, password_hash, user_id)


async def start_totp(tx: Transaction, user_id: int, *, sealed: bytes, step: int) -> None:
    """Require a code at sign-in from now on; ``step`` is the one whose code has just been typed."""
    await tx.execute(rows.SET_TOTP, sealed, step, user_id)


async def stop_totp(tx: Transaction, user_id: int) -> None:
    """Require no code at sign-in any more."""
    await tx.execute(rows.SET_TOTP, None, 0, user_id)


async def use_totp_step(tx: Transaction, user_id: int, step: int) -> bool:
    """Mark a code as used; False if this one or a later one was used already."""
    return await tx.execute(rows.USE_TOTP_STEP, step, user_id, step) == 1


async def console_secret(tx: Transaction, *, fresh: bytes) -> bytes:
    """Read the installation's secret for the console; ``fresh`` is stored as the secret if there is none yet."""
    await tx.insert_new(token_rows.INSERT_SECRETS, [(CONSOLE_SECRET, fresh)])
    secret = (await tx.select(token_rows.SELECT_SECRET, CONSOLE_SECRET))[0][0]
    assert isinstance(secret, bytes)
    return secret


def seal_totp(totp: bytes, *, user_id: int, secret: bytes, nonce: bytes) -> bytes:
    """Encrypt an app's secret to be stored; ``nonce`` is twelve octets that were never used before."""
    return nonce + AESGCM(_totp_key(secret)).encrypt(nonce, totp, _bound_to(user_id))


def open_totp(sealed: bytes, *, user_id: int, secret: bytes) -> bytes:
    """Decrypt an app's stored secret. Raises InvalidTag if the row is not what was written."""
    nonce, text = sealed[:_NONCE_OCTETS], sealed[_NONCE_OCTETS:]
    return AESGCM(_totp_key(secret)).decrypt(nonce, text, _bound_to(user_id))


def _totp_key(secret: bytes) -> bytes:
    return hmac.digest(secret, b"totp", hashlib.sha256)


def _bound_to(user_id: int) -> bytes:
    return b"user:%d" % user_id


def _credentials(row: ResultRow) -> UserCredentials:
    identity, login, name, role, account_id, enabled, sealed, step, password_hash, created_ms = row
    user = User(
        id=identity,
        login=login,
        name=name,
        role=Role(role),
        account_id=None if account_id is None else AccountId(account_id),
        enabled=bool(enabled),
        has_totp=sealed is not None,
        created_ms=created_ms,
    )
    return UserCredentials(user=user, password_hash=password_hash, sealed_totp=sealed or b"", totp_step=step)
