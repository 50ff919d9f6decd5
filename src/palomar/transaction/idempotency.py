"""Idempotency: the same key and the same request get the same answer, and happen once.

The answer is kept in the transaction of what it answers. Only a hash of the key is stored, and the answer is encrypted
with a key derived from it, because it may hold a secret. Answers that had no effect are not kept, so a retry after a
refusal may succeed. Equal keys of one batch are decided in the order of arrival; between nodes the loser of the race
runs again and finds the winner's answer.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from palomar.storage.database import Conflict
from palomar.storage.statements import Delete, Insert, Lookup, columns_of
from palomar.transaction.work import Participant, Work

KEPT_MS = 24 * 3_600_000
"""How long an answer is kept under its idempotency key."""
_NONCE = bytes(12)  # each derived key encrypts one answer only

_INSERT_ANSWERS = Insert(
    "idempotency",
    (*columns_of("bytea", "scope request"), ("status", "bigint"), ("answer", "bytea"), ("created_ms", "bigint")),
    ignore_conflicts=True,
)
_LOOKUP_ANSWERS = Lookup(
    "SELECT scope, request, status, answer, created_ms FROM idempotency WHERE scope IN {keys}", "bytea"
)
_DELETE_ANSWERS = Delete("idempotency", ("scope", "bytea"))
FORGET_ANSWERS = "DELETE FROM idempotency WHERE scope IN (SELECT scope FROM idempotency WHERE created_ms < ? LIMIT ?)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """An idempotency key in its scope, and the request that came with it, as SHA-256 digests.

    ``seal`` encrypts the kept answer; it cannot be computed from what is stored.
    """

    scope: bytes
    request: bytes
    seal: bytes

    @classmethod
    def of(cls, scope: Iterable[str], request: bytes) -> "Key":
        """Make the key from its scope (account, method, path and the customer's key) and the canonical payload."""
        text = "\0".join(scope).encode("utf-8", "surrogatepass")
        return cls(
            scope=hashlib.sha256(b"scope\0" + text).digest(),
            request=hashlib.sha256(request).digest(),
            seal=hashlib.sha256(b"seal\0" + text).digest(),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """The kept answer to a request that came before: the same status and the same bytes."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class KeyReused:
    """The result for a key that came before with another request."""


async def read_kept(work: Work, keys: Iterable[Key]) -> None:
    """Read the answers that are kept under these keys, so that :func:`recall` finds them."""
    kept = KeptAnswers.of(work)
    scopes = {key.scope for key in keys} - kept.by_scope.keys()
    if scopes:
        await kept.read(sorted(scopes))


async def look_up(work: Work, key: Key) -> Replay | KeyReused | None:
    """Read what is kept for one key, for a caller that only asks; None if nothing is."""
    await read_kept(work, [key])
    return recall(work, key)


def recall(work: Work, key: Key) -> Replay | KeyReused | None:
    """Find the answer kept for this key, in the tables or earlier in this batch.

    None means that the request is new: the caller does it and keeps the answer with :func:`keep`.
    """
    kept = KeptAnswers.of(work).by_scope.get(key.scope)
    if kept is None:
        return None
    request, status, answer = kept
    if request != key.request:
        return KeyReused()
    return Replay(status=status, body=AESGCM(key.seal).decrypt(_NONCE, answer, None))


def keep(work: Work, key: Key, *, status: int, body: bytes) -> None:
    """Keep an answer under its key, in the transaction of what it answers."""
    KeptAnswers.of(work).keep(key.scope, key.request, status, AESGCM(key.seal).encrypt(_NONCE, body, None))


KeptAnswer = tuple[bytes, int, bytes]
"""The digest of the request, the HTTP status, the encrypted body."""


class KeptAnswers(Participant):
    """The answers that a transaction has read or keeps, by the digest of their scope."""

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self.by_scope: dict[bytes, KeptAnswer] = {}
        self._new: list[tuple[bytes, bytes, int, bytes, int]] = []
        self._expired: set[bytes] = set()

    async def read(self, scopes: Sequence[bytes]) -> None:
        """Read what was kept under these scopes within ``KEPT_MS``."""
        oldest = self._work.now_ms - KEPT_MS
        for scope, request, status, answer, created_ms in await self._work.tx.lookup(_LOOKUP_ANSWERS, scopes):
            if created_ms > oldest:
                self.by_scope[scope] = (request, status, answer)
            else:
                self._expired.add(scope)

    def keep(self, scope: bytes, request: bytes, status: int, answer: bytes) -> None:
        """Keep an answer; the same scope later in this batch finds it."""
        self.by_scope[scope] = (request, status, answer)
        self._new.append((scope, request, status, answer, self._work.now_ms))

    async def write(self) -> None:
        """Write the new answers, and replace those that have expired. Raises Conflict if another node was first."""
        expired = sorted(self._expired.intersection(row[0] for row in self._new))
        if expired:
            await self._work.tx.delete(_DELETE_ANSWERS, expired)
        if self._new and len(await self._work.tx.insert_new(_INSERT_ANSWERS, self._new)) != len(self._new):
            raise Conflict("another node answered with the same idempotency key meanwhile")
