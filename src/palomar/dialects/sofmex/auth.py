"""Find the account of a request: the Bearer token that ``/login`` gave, or a longer-lived one; or login and password.

Some clients leave the scheme out, others write it in capitals. Not here: whether they are right (``access.admission``),
and whether the account may do what it asks.
"""

from starlette.types import Receive, Scope

from palomar.access.admission import Denial, account_of
from palomar.accounts.settings import read_dialect_settings
from palomar.dialects.sofmex import NAME
from palomar.dialects.sofmex.account_settings import SofmexAccount
from palomar.gateway import Gateway
from palomar.net.asgi import client_of, disconnect_waiter, header
from palomar.net.networks import TrustedProxies
from palomar.vocabulary.account import Account
from palomar.vocabulary.refusals import Refusal


class Callers:
    """The accounts behind requests."""

    def __init__(self, gateway: Gateway, trusted_proxies: TrustedProxies) -> None:
        self._admission = gateway.admission(
            NAME, rate=lambda settings: read_dialect_settings(settings, SofmexAccount).sofmex_requests_per_second
        )
        self._trusted_proxies = trusted_proxies

    def caller(self, scope: Scope) -> Account | Denial:
        """Find the account that calls, or return why it is not let in. A disabled one is let in: the vendor's code for
        it (5) belongs to the records that it sends, and every record is refused."""
        authorization = header(scope, b"authorization")
        text = None if authorization is None else _token(authorization)
        caller = self._admission.by_token(client_of(scope, self._trusted_proxies), text)
        return _remember_caller(scope, caller)

    async def log_in(self, scope: Scope, receive: Receive, username: str, password: str) -> Account | Denial:
        """Find the account that logs in, or return why not. Raises ``Busy``."""
        client = client_of(scope, self._trusted_proxies)
        caller = await self._admission.by_password(client, username, password, client_left=disconnect_waiter(receive))
        return _remember_caller(scope, caller)


def _remember_caller(scope: Scope, caller: Account | Denial) -> Account | Denial:
    account = scope["user"] = account_of(caller)
    is_disabled = isinstance(caller, Denial) and caller.refusal is Refusal.ACCOUNT_DISABLED
    return account if is_disabled and account is not None else caller


def _token(authorization: bytes) -> str:
    text = authorization.decode("latin-1").strip()
    return text[7:].lstrip() if text[:7].lower() == "bearer " else text
