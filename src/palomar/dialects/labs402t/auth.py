"""Who calls: a key of the account as a Bearer token (RFC 6750 section 2.1), from an address that the account allows.

Not here: whether the account may do what it asks (``api``, ``users``).
"""

from starlette.types import Scope

from palomar.dialects.labs402t import NAME
from palomar.domain.account import Account
from palomar.domain.refusals import Refusal
from palomar.engine.gateway import Gateway
from palomar.net.asgi import client_address, header
from palomar.net.networks import TrustedProxies, is_listed


def caller(scope: Scope, gateway: Gateway, proxies: TrustedProxies) -> Account | Refusal:
    """The account that calls, or why it may not: no live key, an address that is not on its list, disabled."""
    account = gateway.account_by_key(_bearer(header(scope, b"authorization")))
    if account is None or not account.settings.speaks(NAME):
        return Refusal.BAD_CREDENTIALS
    scope["user"] = account
    allowed = account.settings.allowed_addresses
    if allowed and not is_listed(client_address(scope, proxies), allowed):
        return Refusal.ADDRESS_NOT_ALLOWED
    return account if account.enabled else Refusal.ACCOUNT_DISABLED


def _bearer(authorization: bytes | None) -> str:
    """The token as text; empty where there is none."""
    scheme, _, token = (authorization or b"").strip().partition(b" ")
    return token.strip().decode("latin-1") if scheme.lower() == b"bearer" else ""
