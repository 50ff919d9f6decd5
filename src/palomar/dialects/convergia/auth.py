"""Find the account of a request by the login and the password that every request has.

Not here: whether they are right (``access.admission``), and whether the account may do what it asks (``calls``).
"""

from starlette.types import Receive, Scope

from palomar.access.admission import Denial, account_of
from palomar.accounts.settings import read_dialect_settings
from palomar.dialects.convergia import NAME
from palomar.dialects.convergia.account_settings import ConvergiaAccount
from palomar.gateway import Gateway
from palomar.net.asgi import client_of, disconnect_waiter
from palomar.net.networks import TrustedProxies
from palomar.vocabulary.account import Account


class Callers:
    """The accounts behind requests."""

    def __init__(self, gateway: Gateway, trusted_proxies: TrustedProxies) -> None:
        self._admission = gateway.admission(
            NAME, rate=lambda settings: read_dialect_settings(settings, ConvergiaAccount).convergia_requests_per_second
        )
        self._trusted_proxies = trusted_proxies

    async def caller(self, scope: Scope, receive: Receive, *, username: str, password: str) -> Account | Denial:
        """Find the account that calls, or return why it is not let in. Raises ``Busy``."""
        client = client_of(scope, self._trusted_proxies)
        caller = await self._admission.by_password(client, username, password, client_left=disconnect_waiter(receive))
        scope["user"] = account_of(caller)
        return caller
