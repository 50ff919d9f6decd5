"""``Idempotency-Key``: the customer's own name for a request, so that it can be sent again if no answer came.

The page names the header; the rest follows draft-ietf-httpapi-idempotency-key-header and Stripe. Here: the header, its
scope, and requests that are under way. Not here: what is kept, in the transaction that does the work
(``transaction.idempotency``).
"""

import contextlib
import re
from collections.abc import Iterator
from typing import Final

from starlette.types import Scope

from palomar.dialects.labs402t import NAME
from palomar.dialects.labs402t.documents import canonical
from palomar.dialects.labs402t.errors import BAD_REQUEST, Problem
from palomar.net.asgi import header
from palomar.transaction.idempotency import Key
from palomar.vocabulary.account import Account


class RunningKeys:
    """The keys whose requests are under way in this process. Between processes the database decides."""

    def __init__(self) -> None:
        self._scopes: set[bytes] = set()

    @contextlib.contextmanager
    def hold(self, key: Key | None) -> Iterator[bool]:
        """Hold a key while its request is answered; yield False if another request holds it."""
        if key is None:
            yield True
        elif key.scope in self._scopes:
            yield False
        else:
            self._scopes.add(key.scope)
            try:
                yield True
            finally:
                self._scopes.discard(key.scope)


def key_of(scope: Scope, account: Account, body: bytes) -> Key | Problem | None:
    """Return the request's key in its scope (account, method, path, key); None if it has none."""
    raw = header(scope, b"idempotency-key")
    if raw is None:
        return None
    written = _unquoted(raw.strip())
    if _PRINTABLE(written) is None:
        return BAD_REQUEST
    words = (NAME, str(account.id), scope["method"], scope["path"].rstrip("/"), written.decode("ascii"))
    return Key.of(words, canonical(body))


_PRINTABLE: Final = re.compile(rb"[\x20-\x7e]{1,255}").fullmatch


def _unquoted(written: bytes) -> bytes:
    """Remove the quotes of a String of RFC 8941; most clients send the bare text."""
    if len(written) >= 2 and written.startswith(b'"') and written.endswith(b'"'):
        return written[1:-1]
    return written
