"""One request of an account that we know: what an endpoint is given."""

from dataclasses import dataclass

from starlette.types import Scope

from palomar.dialects.labs402t.errors import KEY_REUSED, Problem
from palomar.dialects.labs402t.responses import Answer, replayed
from palomar.transaction.idempotency import Key, KeyReused, Replay
from palomar.vocabulary.account import Account


@dataclass(slots=True, kw_only=True)
class Call:
    """``name`` is the login or the GUID in the path; ``key`` is the ``Idempotency-Key``, in its scope."""

    account: Account
    scope: Scope
    name: str = ""
    body: bytes = b""
    key: Key | None = None


def answered_before(found: Replay | KeyReused) -> Answer | Problem:
    """The kept answer, the same bytes; or that the key belongs to another request."""
    return KEY_REUSED if isinstance(found, KeyReused) else replayed(found.status, found.body)
