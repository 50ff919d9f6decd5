"""Make, check, list and revoke tokens: named, signed passes (JWT) that live long.

The signing secret is the installation's and is in the database. A token is good only while its row is not revoked, so
revoking one works on every node within a second. A token that a log-in made also ends with the password. One that was
made by name is good until it expires or is revoked, because programs have it written down.
"""

from dataclasses import dataclass

from palomar.accounts import account_rows, token_rows
from palomar.ports import Ids
from palomar.storage.database import Transaction
from palomar.storage.statements import ResultRow
from palomar.transaction.change_counter import BUMP_VERSION
from palomar.vocabulary.account import AccountId

SIGNING = "token-signing"
_ALGORITHM = "HS256"
_AUTHORITIES = ["ROLE_USER"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token as it is stored; times in milliseconds since 1970."""

    id: int
    account_id: AccountId
    name: str
    created_ms: int
    expires_ms: int
    revoked_ms: int | None = None
    by_login: bool = False
    """A log-in made it: it ends with the password."""

    def is_live(self, *, now_ms: int) -> bool:
        """Return True if it is neither revoked nor expired."""
        return self.revoked_ms is None and self.expires_ms > now_ms


async def signing_secret(tx: Transaction, *, fresh: bytes) -> bytes:
    """Read the secret that signs tokens; ``fresh`` is stored as the secret if there is none yet."""
    await tx.insert_new(token_rows.INSERT_SECRETS, [(SIGNING, fresh)])
    secret = (await tx.select(token_rows.SELECT_SECRET, SIGNING))[0][0]
    assert isinstance(secret, bytes)
    return secret


async def add_token(
    tx: Transaction,
    ids: Ids,
    account_id: AccountId,
    *,
    name: str,
    lifetime_ms: int,
    now_ms: int,
    by_login: bool = False,
) -> Token:
    """Write a new token."""
    token = Token(
        id=ids.serial(),
        account_id=account_id,
        name=name,
        created_ms=now_ms,
        expires_ms=now_ms + lifetime_ms,
        by_login=by_login,
    )
    row = (token.id, token.account_id, token.name, token.created_ms, token.expires_ms, int(token.by_login))
    await tx.insert(token_rows.INSERT_TOKENS, [row])
    await tx.execute(BUMP_VERSION)
    return token


async def add_token_of_login(
    tx: Transaction,
    ids: Ids,
    account_id: AccountId,
    *,
    name: str,
    lifetime_ms: int,
    now_ms: int,
    password_hash: str,
) -> Token | None:
    """Write a new token for a log-in with the password of this hash; None if the password has been changed
    meanwhile."""
    stored = await tx.select_locked(account_rows.SELECT_PASSWORD, account_id)
    if not stored or stored[0][0] != password_hash:
        return None
    return await add_token(tx, ids, account_id, name=name, lifetime_ms=lifetime_ms, now_ms=now_ms, by_login=True)


async def list_tokens(tx: Transaction, account_id: AccountId) -> list[Token]:
    """List an account's tokens, revoked ones too, oldest first."""
    found = await tx.select(token_rows.SELECT_TOKENS_OF, account_id)
    return [
        Token(
            id=row[0],
            account_id=account_id,
            name=row[1],
            created_ms=row[2],
            expires_ms=row[3],
            revoked_ms=row[4],
            by_login=bool(row[5]),
        )
        for row in found
    ]


async def named_tokens(tx: Transaction, account_id: AccountId, *, now_ms: int) -> list[Token]:
    """List an account's live tokens that a change of the password does not end, oldest first."""
    found = await list_tokens(tx, account_id)
    return [token for token in found if token.is_live(now_ms=now_ms) and not token.by_login]


async def revoke_token(tx: Transaction, account_id: AccountId, token_id: int, *, now_ms: int) -> bool:
    """Revoke a token, on every node within a second; False if there is no such live token."""
    changed = await tx.execute(token_rows.REVOKE_TOKEN, now_ms, account_id, token_id)
    await tx.execute(BUMP_VERSION)
    return changed == 1


def read_live_token(row: ResultRow) -> Token:
    """Read a token from a row of SELECT_LIVE_TOKENS."""
    identity, account_id, name, created_ms, expires_ms, by_login = row
    return Token(
        id=identity,
        account_id=AccountId(account_id),
        name=name,
        created_ms=created_ms,
        expires_ms=expires_ms,
        by_login=bool(by_login),
    )


def write_jwt(token: Token, *, login: str, secret: bytes) -> str:
    """Write the JWT of a token: the same text each time."""
    import jwt  # slow to import, for cryptography: only commands that show a token need it

    claims = {
        "sub": login,
        "jti": str(token.id),
        "iat": token.created_ms // 1_000,
        "exp": token.expires_ms // 1_000,
        "authorities": _AUTHORITIES,
    }
    return jwt.encode(claims, secret, algorithm=_ALGORITHM)


def token_id_of(text: str, *, secret: bytes) -> int | None:
    """Read the id in a JWT that this installation signed; None for any other text. Its row says whether it is expired
    or revoked."""
    import jwt

    options = {"verify_exp": False, "verify_iat": False, "require": ["jti"]}
    try:
        claims = jwt.decode(text, secret, algorithms=[_ALGORITHM], options=options)  # type: ignore[arg-type]
    except jwt.InvalidTokenError:
        return None
    identity = claims.get("jti")
    return int(identity) if isinstance(identity, str) and identity.isascii() and identity.isdigit() else None
