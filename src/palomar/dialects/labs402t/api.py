"""402T Labs' paths as one bare ASGI function. Order: -1, then -30 of the route and of the body, then the endpoint.

Every answer is an envelope, also 404, 405, 413, 415, 429 and 500. Common to all endpoints are the caller, routes,
bodies and idempotency keys. An endpoint returns its answer, or a problem.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import structlog
from starlette.types import Receive, Scope, Send

from palomar.access.admission import Denial
from palomar.apidocs import ApiPage
from palomar.dialects.labs402t import PREFIX, responses
from palomar.dialects.labs402t.accounts import AccountEndpoints
from palomar.dialects.labs402t.auth import Callers
from palomar.dialects.labs402t.call import Call, answered_before
from palomar.dialects.labs402t.errors import (
    CODED_BODY,
    KEY_REUSED,
    NOT_FOUND,
    OUR_FAULT,
    STILL_RUNNING,
    TOO_LARGE,
    UNAVAILABLE,
    WRONG_METHOD,
    Code,
    Problem,
    problem_of,
)
from palomar.dialects.labs402t.idempotency import RunningKeys, key_of
from palomar.dialects.labs402t.openapi import document
from palomar.dialects.labs402t.responses import Answer
from palomar.dialects.labs402t.settings import Labs402tSettings
from palomar.dialects.labs402t.sms import SmsEndpoints
from palomar.gateway import Gateway
from palomar.net.asgi import BodyRefusal, fault_of, header, read_body, respond
from palomar.net.json_size import has_more_values
from palomar.net.networks import TrustedProxies
from palomar.vocabulary.refusals import Refusal, TemporarilyUnavailable

BODY_LIMIT: Final = 8 * 1024 * 1024
"""The largest body, in octets."""
VALUES_AT_MOST: Final = 100_000
"""JSON values of a body: a hundred messages have four hundred, and unknown names are ignored."""

_log = structlog.get_logger(__name__)

_Endpoint = Callable[[Call], Awaitable[Answer | Problem]]


@dataclass(frozen=True, slots=True)
class _Route:
    methods: tuple[str, ...]
    endpoint: _Endpoint


class Labs402tApi:
    """An ASGI application for the paths below ``/api/v1``."""

    def __init__(
        self,
        gateway: Gateway,
        trusted_proxies: TrustedProxies,
        body_limit: int = BODY_LIMIT,
        settings: Labs402tSettings | None = None,
    ) -> None:
        settings = settings or Labs402tSettings()
        self._gateway = gateway
        self._callers = Callers(gateway, trusted_proxies)
        self._body_limit = body_limit
        self._always_200 = settings.http_status == "always200"
        self._running = RunningKeys()
        self._page = ApiPage(document(settings), title="402T Labs API", language="es", at=(PREFIX,))
        sms, accounts = SmsEndpoints(gateway, settings), AccountEndpoints(gateway, self._callers, settings)
        self._fixed = {
            "/sms/send": _Route(("POST",), sms.send),
            "/sms/schedule": _Route(("POST",), sms.schedule),
            "/sms/batch": _Route(("POST",), sms.batch),
            "/users": _Route(("POST",), accounts.add_user),
        }
        self._named = (
            (re.compile("/sms/(.+)/status").fullmatch, _Route(("GET", "HEAD"), sms.status)),
            (re.compile("/accounts/(.+)/balance").fullmatch, _Route(("GET", "HEAD"), accounts.balance)),
            (re.compile("/users/(.+)/costs").fullmatch, _Route(("GET", "HEAD"), accounts.costs)),
            (re.compile("/users/(.+)/password").fullmatch, _Route(("POST",), accounts.change_password)),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if fault_of(scope) is None and self._page.serves(scope["path"]):
            await self._page(scope, receive, send)
            return
        try:
            answer = await self._answer(scope, receive)
        except TemporarilyUnavailable as error:
            _log.warning("temporarily unavailable", path=scope["path"], reason=str(error))
            answer = _written(UNAVAILABLE)
        except Exception:
            _log.exception("request failed", request_id=self._gateway.ids.serial(), path=scope["path"])
            answer = responses.declined(OUR_FAULT)
        if answer is not None:
            await respond(send, 200 if self._always_200 else answer.status, answer.body, answer.headers)

    async def _answer(self, scope: Scope, receive: Receive) -> Answer | None:
        """Return the answer, or None if the client has left."""
        fault = fault_of(scope)
        if fault is not None:
            return _written(Problem(Code.BAD_REQUEST, fault))
        account = self._callers.caller(scope)
        if isinstance(account, Denial):
            return _denied(account)
        route, name = self._route(scope["path"])
        if route is None:
            return _written(NOT_FOUND)
        if scope["method"] not in route.methods:
            return responses.declined(WRONG_METHOD, (b"allow", ", ".join(route.methods).encode("ascii")))
        call = Call(account=account, scope=scope, name=name)
        if scope["method"] != "POST":
            return _written(await route.endpoint(call))
        if (header(scope, b"content-encoding") or b"identity").lower() != b"identity":
            return _written(CODED_BODY)
        body = await read_body(scope, receive, limit=self._body_limit)
        if isinstance(body, BodyRefusal):
            return None if body is BodyRefusal.DISCONNECTED else _written(TOO_LARGE)
        if has_more_values(body, VALUES_AT_MOST):
            return _written(TOO_LARGE)
        key = key_of(scope, account, body)
        if isinstance(key, Problem):
            return _written(key)
        call.body, call.key = body, key
        return await self._once(route, call)

    def _route(self, path: str) -> tuple[_Route | None, str]:
        below = path.removeprefix(PREFIX).rstrip("/")
        route = self._fixed.get(below)
        if route is not None:
            return route, ""
        for matches, named in self._named:
            if match := matches(below):
                return named, match[1]
        return None, ""

    async def _once(self, route: _Route, call: Call) -> Answer:
        """Answer a POST; if it was answered before under its key, give the same answer.

        A request that would be refused now may have been accepted when it came first: its time has passed since, or the
        password is no longer the old one.
        """
        with self._running.hold(call.key) as is_held:
            if not is_held:
                return responses.declined(STILL_RUNNING, responses.RETRY_SOON)
            outcome = await route.endpoint(call)
            answer = _written(outcome)
            if call.key is None or answer.status == 200 or outcome in (KEY_REUSED, UNAVAILABLE):
                return answer
            before = await self._gateway.kept_answer(call.key)
            return answer if before is None else _written(answered_before(before))


def _denied(denied: Denial) -> Answer:
    if denied.refusal is Refusal.TOO_MANY_REQUESTS:
        return responses.too_many_requests(denied.wait_seconds)
    return _written(problem_of(denied.refusal))


def _written(outcome: Answer | Problem) -> Answer:
    if isinstance(outcome, Answer):
        return outcome
    if outcome.code is Code.BAD_CREDENTIALS:
        return responses.declined(outcome, responses.UNAUTHORIZED)
    if outcome is UNAVAILABLE:
        return responses.declined(outcome, responses.RETRY_LATER)
    return responses.declined(outcome)
