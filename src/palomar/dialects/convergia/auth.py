"""Who calls: a login and its password, in every request, from an address that the account allows.

Not here: whether the account may do what it asks (``calls``).
"""

from starlette.types import Scope

from palomar.dialects.convergia import NAME
from palomar.domain.account import Account
from palomar.domain.refusals import Refusal
from palomar.engine.gateway import Gateway
from palomar.net.asgi import client_address
from palomar.net.networks import TrustedProxies, is_listed


class Callers:
    """Finds the account behind a request."""

    def __init__(self, gateway: Gateway, trusted_proxies: TrustedProxies) -> None:
        self._gateway = gateway
        self._trusted_proxies = trusted_proxies

    async def caller(self, scope: Scope, *, username: str, password: str) -> Account | Refusal:
        """The account that calls, or why it is nobody: bad credentials, or an address that is not on its list."""
        scope["password"] = password  # in SOAP it may stand in a field of any name
        account = await self._gateway.account_by_password(username, password)
        if account is None or not account.settings.speaks(NAME):
            return Refusal.BAD_CREDENTIALS
        scope["user"] = account
        allowed = account.settings.allowed_addresses
        if allowed and not is_listed(client_address(scope, self._trusted_proxies), allowed):
            return Refusal.ADDRESS_NOT_ALLOWED
        return account
