"""Who calls: a key of the account as a Bearer token (RFC 6750 section 2.1).

Whether that lets anybody in is ``engine.admission``'s. Not here: whether the account may do what it asks (``api``,
``users``).
"""

from starlette.types import Scope

from palomar.dialects.labs402t import NAME
from palomar.domain.access import Visitor
from palomar.domain.account import Account
from palomar.engine.admission import Admission, Denied, account_of
from palomar.net.asgi import header, peer_of, visitor_of
from palomar.net.networks import TrustedProxies


class Callers:
    """Finds the account behind a request."""

    def __init__(self, admission: Admission, proxies: TrustedProxies) -> None:
        self._door = admission.door(NAME, rate=lambda settings: settings.labs402t_requests_per_second)
        self._proxies = proxies

    def caller(self, scope: Scope) -> Account | Denied:
        """The account that calls, or why it is not let in. Who was let in is remembered by the header as it came."""
        authorization = header(scope, b"authorization")
        memory = (authorization, *peer_of(scope))
        caller = self._door.recall(memory)
        if caller is None:
            visitor = visitor_of(scope, self._proxies)
            caller = self._door.by_key(visitor, _bearer(authorization), login=None, memory=memory)
        scope["user"] = account_of(caller)
        return caller

    def visitor(self, scope: Scope) -> Visitor:
        """Where the request comes from."""
        return visitor_of(scope, self._proxies)

    async def knows_password(self, visitor: Visitor, account: Account, password: str) -> Denied | None:
        """Look whether who calls knows the password of this account; None if so. Raises ``Busy``."""
        return await self._door.confirm(visitor, account, password)


def _bearer(authorization: bytes | None) -> str:
    """The token as text; empty where there is none."""
    scheme, _, token = (authorization or b"").strip().partition(b" ")
    return token.strip().decode("latin-1") if scheme.lower() == b"bearer" else ""
