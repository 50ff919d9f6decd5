"""Make, list and revoke the keys of accounts: secrets for programs, shown when they are made and kept as hashes."""

import hashlib
from dataclasses import dataclass

from palomar.ports import Ids
from palomar.storage.database import Transaction
from palomar.storage.statements import Insert, columns_of
from palomar.transaction.change_counter import BUMP_VERSION
from palomar.vocabulary.account import AccountId


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key as it can be shown: its secret is not stored, only a hash and its first characters (``start``)."""

    id: int
    name: str
    start: str
    created_ms: int
    revoked_ms: int | None


def key_hash(secret: str) -> bytes:
    """Hash a key to be stored; it is random, so one SHA-256 is enough."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


async def add_key(tx: Transaction, ids: Ids, account_id: AccountId, *, secret: str, name: str, now_ms: int) -> ApiKey:
    """Make another key of an account."""
    key = ApiKey(id=ids.serial(), name=name, start=secret[:6], created_ms=now_ms, revoked_ms=None)
    await tx.insert(INSERT_KEYS, [(key_hash(secret), key.id, account_id, name, key.start, now_ms)])
    await tx.execute(BUMP_VERSION)
    return key


async def revoke_key(tx: Transaction, account_id: AccountId, key_id: int, *, now_ms: int) -> bool:
    """Revoke a key, on every node within a second; False if there is no such live key."""
    changed = await tx.execute(REVOKE_KEY, now_ms, account_id, key_id)
    await tx.execute(BUMP_VERSION)
    return changed == 1


async def list_keys(tx: Transaction, account_id: AccountId) -> list[ApiKey]:
    """List an account's keys, revoked ones too, oldest first."""
    found = await tx.select(SELECT_KEYS_OF, account_id)
    return [
        ApiKey(
            id=identity,
            name=str(name),
            start=str(start),
            created_ms=created,
            revoked_ms=None if revoked is None else revoked,
        )
        for identity, name, start, created, revoked in found
    ]


INSERT_KEYS = Insert(
    "keys",
    (
        *columns_of("bytea", "hash"),
        *columns_of("bigint", "id account_id"),
        *columns_of("text", "name start"),
        *columns_of("bigint", "created_ms"),
    ),
)
SELECT_LIVE_KEYS = "SELECT hash, account_id FROM keys WHERE revoked_ms IS NULL"
SELECT_KEYS_OF = "SELECT id, name, start, created_ms, revoked_ms FROM keys WHERE account_id = ? ORDER BY id"
REVOKE_KEY = "UPDATE keys SET revoked_ms = ? WHERE account_id = ? AND id = ? AND revoked_ms IS NULL"
