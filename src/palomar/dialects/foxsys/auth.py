"""Who calls: HTTP Basic (RFC 7617) with a login and one of its account's tokens, from an address it allows.

Not here: whether the account may do what it asks, and how often (``api``).
"""

import base64
import binascii
from typing import Final

from starlette.types import Scope

from palomar.dialects.foxsys import NAME
from palomar.domain.account import Account
from palomar.domain.refusals import Refusal
from palomar.engine.directory import Directory
from palomar.flows.accounts import Snapshot, login_key
from palomar.net.asgi import client_address, header
from palomar.net.networks import TrustedProxies, is_listed

_REMEMBERED: Final = 4096


class Callers:
    """Finds the account behind a request.

    An ``Authorization`` that was good is remembered as it came, so that the next one costs a look-up; all are forgotten
    as soon as the directory has read its accounts again. A bad one is never remembered: guesses take no memory.
    """

    def __init__(self, directory: Directory, trusted_proxies: TrustedProxies) -> None:
        self._directory = directory
        self._trusted_proxies = trusted_proxies
        self._snapshot = directory.snapshot
        self._known: dict[bytes, Account] = {}

    def caller(self, scope: Scope) -> Account | Refusal:
        """The account that calls, or why it is nobody: bad credentials, or an address that is not on its list."""
        authorization = header(scope, b"authorization")
        if authorization is None:
            return Refusal.BAD_CREDENTIALS
        snapshot = self._directory.snapshot
        if snapshot is not self._snapshot or len(self._known) > _REMEMBERED:
            self._known.clear()
            self._snapshot = snapshot
        account = self._known.get(authorization)
        if account is None:
            account = account_of(snapshot, authorization)
            if account is None or not account.settings.speaks(NAME):
                return Refusal.BAD_CREDENTIALS
            self._known[authorization] = account
        scope["user"] = account
        allowed = account.settings.allowed_addresses
        if allowed and not is_listed(client_address(scope, self._trusted_proxies), allowed):
            return Refusal.ADDRESS_NOT_ALLOWED
        return account


def account_of(snapshot: Snapshot, authorization: bytes) -> Account | None:
    """Whose credentials these are. The same work for an unknown login as for a wrong token: no enumeration."""
    scheme, _, encoded = authorization.strip().partition(b" ")
    if scheme.lower() != b"basic":
        return None
    try:
        octets = base64.b64decode(encoded.strip(), validate=True)
    except binascii.Error:
        return None
    username, _, token = _text(octets).partition(":")
    account = snapshot.account_of_key(token)
    login = "" if account is None else login_key(account.login)
    return account if login_key(username) == login else None


def _text(octets: bytes) -> str:
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return octets.decode("latin-1")
