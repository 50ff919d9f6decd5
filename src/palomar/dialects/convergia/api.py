"""CONVERGIA's paths as one bare ASGI function, for a port of its own and beside other faces.

A URL is answered 200 with a code whatever happens; SOAP answers a fault if the operation cannot be read. Queries hold
passwords here, so no query is ever logged.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import structlog
from starlette.types import Receive, Scope, Send

from palomar.dialects.convergia import responses, soap
from palomar.dialects.convergia.calls import AnswerText, Calls
from palomar.dialects.convergia.errors import Code, StatusCode
from palomar.dialects.convergia.operations import SEND
from palomar.dialects.convergia.parameters import Parameters, of_form, of_query
from palomar.dialects.convergia.responses import Answer
from palomar.dialects.convergia.settings import ConvergiaSettings
from palomar.gateway import Gateway
from palomar.net.asgi import DOCUMENTATION, BodyRefusal, fault_of, header, read_body, respond
from palomar.net.networks import TrustedProxies

BODY_LIMIT: Final = 256 * 1024
"""Octets: one message of 160 characters, in whatever envelope."""

_log = structlog.get_logger(__name__)

_Endpoint = Callable[[Scope, Receive], Awaitable[Answer | None]]
_Verb = Callable[[Scope, Receive, Parameters], Awaitable[AnswerText]]


@dataclass(frozen=True, slots=True)
class _Route:
    methods: tuple[str, ...]
    endpoint: _Endpoint


class ConvergiaApi:
    """An ASGI application for ``/``, ``/index.php``, ``/estatus_mensaje.php`` and ``/webservice.php``."""

    def __init__(
        self,
        gateway: Gateway,
        trusted_proxies: TrustedProxies,
        body_limit: int = BODY_LIMIT,
        settings: ConvergiaSettings | None = None,
    ) -> None:
        self._ids = gateway.ids
        self._body_limit = min(body_limit, BODY_LIMIT)
        self._calls = Calls(gateway, trusted_proxies, settings or ConvergiaSettings())
        self._routes = {
            "/": _Route(("GET", "POST"), self._send),
            "/index.php": _Route(("GET", "POST"), self._send),
            "/estatus_mensaje.php": _Route(("GET", "POST"), self._status),
            "/webservice.php": _Route(("GET", "HEAD", "POST"), self._webservice),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            answer = await self._answer(scope, receive)
        except Exception:
            _log.exception("request failed", request_id=self._ids.serial(), path=scope["path"])
            answer = self._our_fault(scope["path"])
        if answer is not None:
            await respond(send, answer.status, answer.body, answer.headers)

    async def _answer(self, scope: Scope, receive: Receive) -> Answer | None:
        """Return the answer, or None if the client has left."""
        fault = fault_of(scope)
        if fault is not None:
            return responses.bad_head(fault, is_call=scope["path"] == "/webservice.php" and scope["method"] == "POST")
        route = self._routes.get(scope["path"])
        if route is None:
            return responses.not_found()
        if scope["method"] not in route.methods:
            return responses.wrong_method(route.methods)
        return await route.endpoint(scope, receive)

    async def _send(self, scope: Scope, receive: Receive) -> Answer | None:
        return await self._by_url(scope, receive, self._calls.send, too_large=self._calls.refusal_text(Code.TOO_LONG))

    async def _status(self, scope: Scope, receive: Receive) -> Answer | None:
        return await self._by_url(
            scope, receive, self._calls.status, too_large=self._calls.status_text(StatusCode.NOT_FOUND)
        )

    async def _by_url(self, scope: Scope, receive: Receive, verb: _Verb, *, too_large: str) -> Answer | None:
        """Run a verb on the query's parameters, overridden by those of a form."""
        parameters = of_query(scope["query_string"])
        if scope["method"] == "POST":
            body = await read_body(scope, receive, limit=self._body_limit)
            if body is BodyRefusal.DISCONNECTED:
                return None
            if body is BodyRefusal.TOO_LARGE:
                return responses.text(too_large)
            parameters |= of_form(body, _content_type(scope))
        answer = await verb(scope, receive, parameters)
        return responses.text(answer.text, later=answer.later)

    async def _webservice(self, scope: Scope, receive: Receive) -> Answer | None:
        if scope["method"] != "POST":
            scope[DOCUMENTATION] = True
            names = {name.lower() for name in of_query(scope["query_string"])}
            return responses.contract(_address(scope)) if "wsdl" in names else responses.function_page()
        body = await read_body(scope, receive, limit=self._body_limit)
        if body is BodyRefusal.DISCONNECTED:
            return None
        if body is BodyRefusal.TOO_LARGE:
            return responses.client_fault("Mensaje demasiado grande")
        try:
            call = soap.read_call(body, charset=_charset(_content_type(scope)))
        except soap.SoapFault as fault:
            return responses.client_fault(str(fault))
        verb = self._calls.send if call.operation is SEND else self._calls.status
        answer = await verb(scope, receive, call.parameters)
        return responses.call_answered(call.called, answer.text, later=answer.later)

    def _our_fault(self, path: str) -> Answer:
        if path == "/webservice.php":
            return responses.server_fault()
        is_status = path == "/estatus_mensaje.php"
        return responses.text(
            self._calls.status_text(StatusCode.PENDING) if is_status else self._calls.refusal_text(Code.SYSTEM)
        )


_CHARSET: Final = re.compile(r";\s*charset\s*=\s*[\"']?([A-Za-z0-9._:-]+)", re.IGNORECASE).search
_HOST: Final = re.compile(r"[A-Za-z0-9._-]+(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?").fullmatch


def _content_type(scope: Scope) -> str:
    return (header(scope, b"content-type") or b"").decode("latin-1").strip()


def _charset(content_type: str) -> str | None:
    match = _CHARSET(content_type)
    return match[1] if match else None


def _address(scope: Scope) -> str:
    """Return the URL by which this request reached us. Its host and scheme are the sender's own words, so only the
    sender gets it."""
    host = (header(scope, b"host") or b"").decode("latin-1").strip()
    if not _HOST(host):
        name, port = scope["server"]
        host = f"[{name}]:{port}" if ":" in name else f"{name}:{port}"
    forwarded = (header(scope, b"x-forwarded-proto") or b"").decode("latin-1").strip().lower()
    scheme = forwarded if forwarded in ("http", "https") else scope["scheme"]
    return f"{scheme}://{host}/webservice.php"
