"""Who calls: the Bearer token that ``/login`` gave, or a longer-lived one, from an address that its account allows.

Some clients leave the scheme out, others write it in capitals. Not here: whether the account may do what it asks.
"""

from starlette.types import Scope

from palomar.dialects.sofmex import NAME
from palomar.domain.account import Account
from palomar.domain.refusals import Refusal
from palomar.engine.gateway import Gateway
from palomar.net.asgi import client_address, header
from palomar.net.networks import TrustedProxies, is_listed


class Callers:
    """Finds the account behind a request."""

    def __init__(self, gateway: Gateway, trusted_proxies: TrustedProxies) -> None:
        self._gateway = gateway
        self._trusted_proxies = trusted_proxies

    def caller(self, scope: Scope) -> Account | Refusal:
        """The account that calls, or why it is nobody: a bad token, or an address that is not on its list."""
        authorization = header(scope, b"authorization")
        account = None if authorization is None else self._gateway.account_by_token(_token(authorization))
        if account is None or not account.settings.speaks(NAME):
            return Refusal.BAD_CREDENTIALS
        scope["user"] = account
        return account if self.may_call(account, scope) else Refusal.ADDRESS_NOT_ALLOWED

    def may_call(self, account: Account, scope: Scope) -> bool:
        """Whether the request comes from an address that the account allows."""
        allowed = account.settings.allowed_addresses
        return not allowed or is_listed(client_address(scope, self._trusted_proxies), allowed)


def _token(authorization: bytes) -> str:
    text = authorization.decode("latin-1").strip()
    return text[7:].lstrip() if text[:7].lower() == "bearer " else text
