"""Find the account of a request: a key of the account as a Bearer token (RFC 6750 section 2.1).

Not here: whether it is right (``access.admission``), and whether the account may do what it asks (``api``, ``users``).
"""

from starlette.types import Scope

from palomar.access.admission import Denial, account_of
from palomar.accounts.settings import read_dialect_settings
from palomar.dialects.labs402t import NAME
from palomar.dialects.labs402t.account_settings import Labs402tAccount
from palomar.gateway import Gateway
from palomar.net.asgi import caller_headers, client_of
from palomar.net.networks import TrustedProxies
from palomar.vocabulary.account import Account


class Callers:
    """The accounts behind requests."""

    def __init__(self, gateway: Gateway, proxies: TrustedProxies) -> None:
        self._admission = gateway.admission(
            NAME, rate=lambda settings: read_dialect_settings(settings, Labs402tAccount).labs402t_requests_per_second
        )
        self._proxies = proxies

    def caller(self, scope: Scope) -> Account | Denial:
        """Find the account that calls, or return why it is not let in. An account that was let in is remembered by the
        header as it came."""
        headers = caller_headers(scope)
        caller = self._admission.recall(headers)
        if caller is None:
            client = client_of(scope, self._proxies)
            caller = self._admission.by_key(client, _bearer(headers[0]), login=None, cache_key=headers)
        scope["user"] = account_of(caller)
        return caller

    async def knows_password(self, scope: Scope, account: Account, password: str) -> Denial | None:
        """Return None if the caller knows the password of this account, else why not. Raises ``Busy``."""
        scope["password"] = password
        return await self._admission.confirm_password(client_of(scope, self._proxies), account, password)


def _bearer(authorization: bytes | None) -> str:
    """Return the token as text; empty if there is none."""
    scheme, _, token = (authorization or b"").strip().partition(b" ")
    return token.strip().decode("latin-1") if scheme.lower() == b"bearer" else ""
