"""Find the account of a request: HTTP Basic (RFC 7617) with a login and one of its account's tokens.

Not here: whether they are right (``access.admission``), and whether the account may do what it asks (``api``).
"""

import base64
import binascii

from starlette.types import Scope

from palomar.access.admission import Denial, account_of
from palomar.dialects.foxsys import NAME
from palomar.gateway import Gateway
from palomar.net.asgi import caller_headers, client_of
from palomar.net.networks import TrustedProxies
from palomar.vocabulary.account import Account


class Callers:
    """The accounts behind requests."""

    def __init__(self, gateway: Gateway, trusted_proxies: TrustedProxies) -> None:
        self._admission = gateway.admission(NAME, rate=lambda settings: settings.requests_per_second)
        self._trusted_proxies = trusted_proxies

    def caller(self, scope: Scope, *, to_send: bool = False) -> Account | Denial:
        """Find the account that calls, or return why it is not let in. An account that was let in is remembered by the
        header as it came, so that its next request costs one look-up."""
        headers = caller_headers(scope)
        caller = self._admission.recall(headers, to_send=to_send)
        if caller is None:
            client = client_of(scope, self._trusted_proxies)
            login, token = credentials_of(headers[0] or b"")
            caller = self._admission.by_key(client, token, login=login, cache_key=headers, to_send=to_send)
        scope["user"] = account_of(caller)
        return caller


def credentials_of(authorization: bytes) -> tuple[str, str]:
    """Read login and token; both are empty if it is no Basic, the token if there is no colon."""
    scheme, _, encoded = authorization.strip().partition(b" ")
    if scheme.lower() != b"basic":
        return "", ""
    try:
        octets = base64.b64decode(encoded.strip(), validate=True)
    except binascii.Error:
        return "", ""
    login, _, token = _text(octets).partition(":")
    return login, token


def _text(octets: bytes) -> str:
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return octets.decode("latin-1")
