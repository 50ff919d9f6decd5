"""One request of a known account, as an endpoint gets it."""

from dataclasses import dataclass

from starlette.types import Scope

from palomar.dialects.labs402t.errors import KEY_REUSED, Problem
from palomar.dialects.labs402t.responses import Answer, replayed
from palomar.transaction.idempotency import Key, KeyReused, Replay
from palomar.vocabulary.account import Account


@dataclass(slots=True, kw_only=True)
class Call:
    """A request. ``name`` is the login or the GUID in the path; ``key`` is the ``Idempotency-Key``, in its scope."""

    account: Account
    scope: Scope
    name: str = ""
    body: bytes = b""
    key: Key | None = None


def answered_before(found: Replay | KeyReused) -> Answer | Problem:
    """Return the kept answer, the same bytes, or the problem that the key belongs to another request."""
    return KEY_REUSED if isinstance(found, KeyReused) else replayed(found.status, found.body)
