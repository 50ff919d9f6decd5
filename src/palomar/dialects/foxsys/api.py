"""FOXSYS's endpoints as one bare ASGI function. Order: path, method, 401, 403, 429, then the body.

Every answer is JSON with a ``code``, also 404, 405, 413 and 500, because some clients take an answer without one for a
success; nothing is ever redirected. An endpoint is a line in ``_routes`` and its method.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

import structlog
from msgspec import structs
from starlette.types import Receive, Scope, Send

from palomar.access.admission import Denial
from palomar.accounts.settings import read_dialect_settings
from palomar.apidocs import ApiPage
from palomar.dialects.foxsys import openapi, prices, responses
from palomar.dialects.foxsys.account_settings import FoxsysAccount
from palomar.dialects.foxsys.ack import read_ack, status_of
from palomar.dialects.foxsys.auth import Callers
from palomar.dialects.foxsys.documents import (
    AckDocument,
    D,
    PricesDocument,
    ScheduledDocument,
    SendDocument,
    is_given,
    read_document,
)
from palomar.dialects.foxsys.errors import Code, Problem, blocked, problem_of
from palomar.dialects.foxsys.requests import read_send
from palomar.dialects.foxsys.responses import Answer
from palomar.dialects.foxsys.subids import LONGEST, Subids, key_of, read_subid
from palomar.gateway import Gateway
from palomar.net.asgi import BodyRefusal, fault_of, read_body, respond
from palomar.net.json_size import has_more_values
from palomar.net.networks import TrustedProxies
from palomar.vocabulary.account import Account
from palomar.vocabulary.refusals import Refusal, TemporarilyUnavailable

BODY_LIMIT: Final = 8 * 1024 * 1024
"""Octets. A batch of 10,000 with five parameters each is three million."""
VALUES_AT_MOST: Final = 500_000
"""JSON values of a body. That batch has some 220,000."""

VENDOR_SENDER: Final = "FOXSYS"
"""The sender of messages in the sandbox, if neither request nor account names one: the page's default."""

_ALL: Final = "*"
_DONE: Final = {"cancel": "cancelled", "send": "sent"}
"""Commands of ``/json/scheduled``, and their words in the answer."""

_log = structlog.get_logger(__name__)

_Endpoint = Callable[[Account, Scope, Receive], Awaitable[Answer | None]]


@dataclass(frozen=True, slots=True)
class _Route:
    methods: tuple[str, ...]
    endpoint: _Endpoint
    sends: bool = False
    """True if an account that may not send is refused before the body is read, with a subid."""
    numbers: bool = False
    """True if every ``code`` of its answers is a number."""


class FoxsysApi:
    """An ASGI application for the paths below ``/json``."""

    def __init__(self, gateway: Gateway, trusted_proxies: TrustedProxies, body_limit: int = BODY_LIMIT) -> None:
        self._gateway = gateway
        self._body_limit = body_limit
        self._callers = Callers(gateway, trusted_proxies)
        self._subids = Subids(gateway.clock, gateway.ids)
        self._sender = partial(gateway.default_sender, vendor=VENDOR_SENDER)
        self._page = ApiPage(openapi.DOCUMENT, title=openapi.TITLE, language="es", at=(openapi.PREFIX,))
        routes = {
            "/json/send": _Route(("POST",), self._send, sends=True),
            "/json/balance": _Route(("GET", "HEAD", "POST"), self._balance),
            "/json/prices": _Route(("GET", "HEAD", "POST"), self._prices),
            "/json/scheduled": _Route(("POST",), self._scheduled, numbers=True),
            "/json/ack": _Route(("POST",), self._ack),
        }
        self._routes = routes | {path + "/": route for path, route in routes.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (fault := fault_of(scope)) is not None:
            bad = responses.bad_head(fault)
            await respond(send, bad.status, bad.body, bad.headers)
            return
        route = self._routes.get(scope["path"])
        if route is None and self._page.serves(scope["path"]):
            await self._page(scope, receive, send)
            return
        try:
            answer = responses.not_found() if route is None else await self._answer(route, scope, receive)
        except TemporarilyUnavailable as error:
            _log.warning("temporarily unavailable", path=scope["path"], reason=str(error))
            answer = responses.unavailable()
        except Exception:
            _log.exception("request failed", request_id=self._gateway.ids.serial(), path=scope["path"])
            answer = responses.internal_error()
        if answer is not None:
            if route is not None and route.numbers:
                answer = responses.with_number(answer)
            await respond(send, answer.status, answer.body, answer.headers)

    async def _answer(self, route: _Route, scope: Scope, receive: Receive) -> Answer | None:
        """Return the answer, or None if the client has left."""
        if scope["method"] not in route.methods:
            return responses.wrong_method(route.methods)
        caller = self._callers.caller(scope, to_send=route.sends)
        if isinstance(caller, Denial):
            return self._denied(caller, sending=route.sends)
        return await route.endpoint(caller, scope, receive)

    async def _send(self, account: Account, scope: Scope, receive: Receive) -> Answer | None:
        settings = account.settings
        document = await self._document(scope, receive, SendDocument)
        if document is None:
            return None
        if isinstance(document, Problem):
            return responses.declined(document, settings, subid=self._subids.make())
        subid = read_subid(document.subid) or self._subids.make()
        request = await read_send(
            document,
            account=account,
            subid=subid,
            now_ms=self._gateway.clock.wall_ms(),
            shortener=self._gateway.shortener,
            sender=self._sender,
        )
        if isinstance(request, Problem):
            return responses.declined(request, settings, subid=subid[:LONGEST])
        answer = responses.sent(subid)
        if is_given(document.subid) and read_dialect_settings(settings, FoxsysAccount).subid_idempotent:
            key = key_of(account, subid, document)
            request = structs.replace(request, idempotency=key, answer=lambda messages: (answer.status, answer.body))
        result = await self._gateway.accept(request)
        if result is Refusal.UNAVAILABLE:
            return responses.unavailable(subid=subid)
        if isinstance(result, Refusal):
            return responses.declined(problem_of(result), settings, subid=subid)
        return answer

    async def _balance(self, account: Account, scope: Scope, receive: Receive) -> Answer | None:
        """Answer the balance. A body, such as the ``[]`` of some clients, is not read."""
        balance = await self._gateway.balance(account.id)
        return responses.balance(balance.available)

    async def _prices(self, account: Account, scope: Scope, receive: Receive) -> Answer | None:
        """Answer the prices that the body asks for; without a body, of every country and as JSON."""
        document = await self._document(scope, receive, PricesDocument)
        if document is None:
            return None
        if isinstance(document, Problem):
            if document.code is not Code.NO_JSON:
                return responses.declined(document, account.settings)
            document = PricesDocument()
        form = prices.format_of(document)
        listed = prices.prices_of(document, self._gateway.prices(account))
        return responses.prices(prices.encode(listed, form), prices.CONTENT_TYPES[form])

    async def _scheduled(self, account: Account, scope: Scope, receive: Receive) -> Answer | None:
        document = await self._document(scope, receive, ScheduledDocument)
        if document is None:
            return None
        if isinstance(document, Problem):
            return responses.declined(document, account.settings)
        subid = read_subid(document.subid)
        command = document.cmd.strip().lower() if isinstance(document.cmd, str) else ""
        if subid is None or command not in _DONE:
            return responses.declined(Problem(Code.MISSING_DATA), account.settings)
        which = "" if subid == _ALL else subid
        if command == "cancel":
            count = await self._gateway.cancel_scheduled(account.id, which)
        else:
            count = await self._gateway.send_scheduled(account.id, which)
        if not count:
            return responses.declined(Problem(Code.NOT_SCHEDULED), account.settings)
        return responses.scheduled(_DONE[command])

    async def _ack(self, account: Account, scope: Scope, receive: Receive) -> Answer | None:
        document = await self._document(scope, receive, AckDocument)
        if document is None:
            return None
        query = document if isinstance(document, Problem) else read_ack(document)
        if isinstance(query, Problem):
            return responses.declined(query, account.settings)
        found = await self._gateway.message_status(account.id, request_ref=query.subid, msisdn=query.msisdn)
        if found is None:
            return responses.declined(Problem(Code.NOT_SCHEDULED, instead="Message not found."), account.settings)
        status, desc = status_of(found.state)
        return responses.ack(status=status, desc=desc, microcredits=found.price_microcredits, at_ms=found.since_ms)

    async def _document(self, scope: Scope, receive: Receive, shape: type[D]) -> D | Problem | None:
        """Read the body as a document of that shape; None if the client has left."""
        body = await read_body(scope, receive, limit=self._body_limit)
        if body is BodyRefusal.DISCONNECTED:
            return None
        if body is BodyRefusal.TOO_LARGE or has_more_values(body, VALUES_AT_MOST):
            return Problem(Code.TOO_LARGE)
        return read_document(body, shape)

    def _denied(self, denied: Denial, *, sending: bool) -> Answer:
        """Refuse a caller before the body is read (401, 403 and 429). The answer to a send has a subid if the account
        is known."""
        account, subid = denied.account, self._subids.make() if sending else None
        if account is None and denied.block is not None:
            return responses.forbidden(blocked(denied.block, "this address"))
        if account is None or denied.refusal is Refusal.ADDRESS_NOT_ALLOWED:
            return responses.unauthorized()
        if denied.block is not None:
            return responses.declined(blocked(denied.block, "the account"), account.settings, subid=subid)
        if denied.refusal is Refusal.TOO_MANY_REQUESTS:
            return responses.too_many_requests(denied.wait_seconds, subid=subid)
        return responses.declined(problem_of(denied.refusal), account.settings, subid=subid)
