"""Idempotency: the same key and the same request get the same answer, and happen once.

The answer is kept in the transaction of what it answers. Of the key only a hash is stored; the answer is encrypted with
a key derived from it, because it may hold a secret. Only answers that had an effect are kept, so that a retry after a
refusal may succeed. Equal keys in one batch are settled in order of arrival; between nodes the loser runs again and
finds the winner's answer.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from palomar.transaction.kept_answers import KeptAnswers
from palomar.transaction.work import Work

_NONCE = bytes(12)  # each derived key encrypts one answer only


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """An idempotency key in its scope (account, method, path, the customer's key) and what was asked with it."""

    scope: bytes
    request: bytes
    seal: bytes

    @classmethod
    def of(cls, scope: Iterable[str], request: bytes) -> "Key":
        """``scope``: account, method, path and key as words; ``request``: the canonical payload."""
        text = "\0".join(scope).encode("utf-8", "surrogatepass")
        return cls(
            scope=hashlib.sha256(b"scope\0" + text).digest(),
            request=hashlib.sha256(request).digest(),
            seal=hashlib.sha256(b"seal\0" + text).digest(),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """This was asked before: the kept answer, the same bytes."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class KeyReused:
    """The key was used for another request."""


async def seen(work: Work, keys: Iterable[Key]) -> None:
    """Read what is kept under these keys, so that :func:`recall` can tell."""
    scopes = {key.scope for key in keys} - KeptAnswers.of(work).known.keys()
    if scopes:
        await KeptAnswers.of(work).read(sorted(scopes))


async def answered(work: Work, key: Key) -> Replay | KeyReused | None:
    """What is kept for one key, for who only asks."""
    await seen(work, [key])
    return recall(work, key)


def recall(work: Work, key: Key) -> Replay | KeyReused | None:
    """What is kept for this key, in the tables or earlier in this batch; None: go on, and :func:`keep` the answer."""
    kept = KeptAnswers.of(work).known.get(key.scope)
    if kept is None:
        return None
    request, status, answer = kept
    if request != key.request:
        return KeyReused()
    return Replay(status=status, body=AESGCM(key.seal).decrypt(_NONCE, answer, None))


def keep(work: Work, key: Key, *, status: int, body: bytes) -> None:
    """Keep the answer with what it answers."""
    KeptAnswers.of(work).keep(key.scope, key.request, status, AESGCM(key.seal).encrypt(_NONCE, body, None))
