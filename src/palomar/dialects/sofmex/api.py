"""SOFMEX's endpoints as one bare ASGI function. Order: path, method, 401, then the body.

Every operation stands at the root and below ``/api``, with or without a slash behind it, because real clients call all
of these. An operation is a line in ``_routes`` and its method.
"""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final
from zoneinfo import ZoneInfo

import structlog
from starlette.types import Receive, Scope, Send

from palomar.access.admission import Denial
from palomar.apidocs import ApiPage
from palomar.dialects.sofmex import NAME, logins, responses
from palomar.dialects.sofmex.auth import Callers
from palomar.dialects.sofmex.batches import Batches
from palomar.dialects.sofmex.documents import NoJson
from palomar.dialects.sofmex.openapi import DOCUMENT, TITLE
from palomar.dialects.sofmex.queries import Queries
from palomar.dialects.sofmex.responses import Answer
from palomar.dialects.sofmex.settings import SofmexSettings
from palomar.gateway import Gateway
from palomar.net.asgi import DOCUMENTATION, BodyRefusal, fault_of, header, read_body, respond
from palomar.net.json_size import has_more_values
from palomar.net.networks import TrustedProxies
from palomar.text.times import format_with_offset
from palomar.vocabulary.account import Account
from palomar.vocabulary.refusals import Refusal, TemporarilyUnavailable

BODY_LIMIT: Final = 2 * 1024 * 1024
"""Octets. A hundred texts of 800 characters, each escaped as ``\\ud83d\\ude00``, are less than one million."""
VALUES_AT_MOST: Final = 100_000
"""JSON values of a body. A hundred records have three hundred; a question may name 10,000 ids."""

LISTED_AS: Final = "login"
"""The name under which the tokens that ``/login`` gives are listed."""

_DAY_MS: Final = 86_400_000
_log = structlog.get_logger(__name__)

_Operation = Callable[[Account, bytes], Awaitable[Answer | HTTPStatus]]


class SofmexApi:
    """An ASGI application for SOFMEX's paths."""

    def __init__(
        self,
        gateway: Gateway,
        trusted_proxies: TrustedProxies,
        body_limit: int = BODY_LIMIT,
        settings: SofmexSettings = SofmexSettings(),  # noqa: B008  # frozen
    ) -> None:
        self._gateway = gateway
        self._body_limit = min(body_limit, BODY_LIMIT)
        self._token_lifetime_ms = settings.token_days * _DAY_MS
        self._zone = ZoneInfo(settings.timezone)
        self._callers = Callers(gateway, trusted_proxies)
        self._docs = ApiPage(DOCUMENT, title=TITLE, language="es", at=("/sms/v3", "/api/sms/v3"))
        self._operations: dict[str, _Operation] = {
            "/sms/v3/asignacion": Batches(gateway, settings).send,
            "/sms/v3/status": Queries(gateway, self._zone).answer,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if fault_of(scope) is None and scope["method"] in _READS and self._docs.serves(path):
            await self._docs(scope, receive, send)
            return
        try:
            answer = await self._answer(scope, receive)
        except TemporarilyUnavailable as error:
            _log.warning("temporarily unavailable", dialect=NAME, path=path, reason=str(error))
            answer = HTTPStatus.SERVICE_UNAVAILABLE
        except Exception:
            _log.exception("request failed", request_id=self._gateway.ids.serial(), dialect=NAME, path=path)
            answer = HTTPStatus.INTERNAL_SERVER_ERROR
        if isinstance(answer, HTTPStatus):
            answer = self._error(answer, scope)
        if answer is not None:
            await respond(send, answer.status, answer.body, answer.headers)

    async def _answer(self, scope: Scope, receive: Receive) -> Answer | HTTPStatus | None:
        """Return the answer, or None if the client has left."""
        fault = fault_of(scope)
        if fault is not None:
            return fault
        path = scope["path"].removeprefix("/api")
        operation = self._operations.get(path.removesuffix("/"))
        if operation is None and path.removesuffix("/") != "/login":
            return self._other_path(path, scope)
        if scope["method"] != "POST":
            return HTTPStatus.METHOD_NOT_ALLOWED
        if operation is None:
            return await self._login(scope, receive)
        account = self._callers.caller(scope)
        if isinstance(account, Denial):
            return self._denied(account, scope)
        body = await read_body(scope, receive, limit=self._body_limit)
        if isinstance(body, BodyRefusal):
            return _refused_body(body)
        if has_more_values(body, VALUES_AT_MOST):
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        try:
            return await operation(account, body)
        except NoJson:
            return HTTPStatus.BAD_REQUEST

    def _other_path(self, path: str, scope: Scope) -> Answer | HTTPStatus:
        """Answer a path that is no operation: a person who opens ``/sms/`` is sent to the page."""
        if self._docs.serves(scope["path"]):
            return HTTPStatus.METHOD_NOT_ALLOWED
        location = _DOCS_FROM.get(path) if scope["method"] in _READS else None
        if location is None:
            return HTTPStatus.NOT_FOUND
        scope[DOCUMENTATION] = True
        return responses.redirect(location)

    async def _login(self, scope: Scope, receive: Receive) -> Answer | HTTPStatus | None:
        credentials = logins.in_query(scope["query_string"])
        if not credentials.complete:
            body = await read_body(scope, receive, limit=min(self._body_limit, logins.BODY_LIMIT))
            if isinstance(body, BodyRefusal):
                return _refused_body(body)
            credentials = credentials.or_else(logins.in_body(body, header(scope, b"content-type") or b""))
        username, password = credentials
        scope["password"] = password or ""
        if username is None or password is None:
            return responses.bad_login()
        account = await self._callers.log_in(scope, receive, username, password)
        if isinstance(account, Denial):
            if account.refusal is Refusal.TOO_MANY_REQUESTS:
                return self._too_many(account, scope)
            return responses.bad_login()  # the same answer, so that nobody learns whether the password is right
        token = await self._gateway.token(account, name=LISTED_AS, lifetime_ms=self._token_lifetime_ms)
        return responses.logged_in(token)

    def _denied(self, denied: Denial, scope: Scope) -> Answer | HTTPStatus:
        if denied.refusal is Refusal.TOO_MANY_REQUESTS:
            return self._too_many(denied, scope)
        return HTTPStatus.UNAUTHORIZED

    def _too_many(self, denied: Denial, scope: Scope) -> Answer:
        return responses.with_retry_after(self._error(HTTPStatus.TOO_MANY_REQUESTS, scope), denied.wait_seconds)

    def _error(self, status: HTTPStatus, scope: Scope) -> Answer:
        timestamp = format_with_offset(self._gateway.clock.wall_ms(), self._zone)
        allowed: tuple[str, ...] = ()
        if status is HTTPStatus.METHOD_NOT_ALLOWED:
            allowed = _READS if self._docs.serves(scope["path"]) else ("POST",)
        return responses.error(
            status, path=scope["path"], timestamp=timestamp, allowed=allowed, is_bad_head=fault_of(scope) is not None
        )


_READS: Final = ("GET", "HEAD")
_DOCS_FROM: Final = {"/sms": "sms/v3/docs", "/sms/": "v3/docs", "/sms/v3": "v3/docs", "/sms/v3/": "docs"}
"""Relative, so that they work behind a proxy and below ``/api`` too."""


def _refused_body(refusal: BodyRefusal) -> HTTPStatus | None:
    return None if refusal is BodyRefusal.DISCONNECTED else HTTPStatus.REQUEST_ENTITY_TOO_LARGE
