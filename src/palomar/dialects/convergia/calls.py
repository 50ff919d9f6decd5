"""The two operations of CONVERGIA, by URL or by SOAP: send a message, and query the status of one.

Both take parameters by name and return the text of the answer; ``api`` and ``soap`` put it on the wire.
"""

from typing import Final, NamedTuple

import structlog
from starlette.types import Receive, Scope

from palomar.acceptance.accept import Accepted
from palomar.access.admission import Denial
from palomar.dialects.convergia.auth import Callers
from palomar.dialects.convergia.errors import Code, StatusCode, code_of, code_of_discarded, status_of
from palomar.dialects.convergia.parameters import Parameters
from palomar.dialects.convergia.requests import missing_parameter, read_id, read_send
from palomar.dialects.convergia.settings import ConvergiaSettings
from palomar.gateway import Gateway
from palomar.net.networks import TrustedProxies
from palomar.vocabulary.refusals import Refusal, TemporarilyUnavailable

VENDOR_SENDER: Final = "CONVERGIA"
"""The sender of messages in the sandbox, if none is set."""

_log = structlog.get_logger(__name__)


class AnswerText(NamedTuple):
    """The text of an answer; ``later`` is set if nothing was done and a later attempt may succeed."""

    text: str
    later: bool = False


class Calls:
    """The operations. A failure of ours is logged and answered with a code of the page: no method raises."""

    def __init__(self, gateway: Gateway, trusted_proxies: TrustedProxies, settings: ConvergiaSettings) -> None:
        self._gateway = gateway
        self._callers = Callers(gateway, trusted_proxies)
        self._settings = settings

    async def send(self, scope: Scope, receive: Receive, parameters: Parameters) -> AnswerText:
        """Accept a message; answer ``100|id``, or a code."""
        try:
            result = await self._send(scope, receive, parameters)
        except TemporarilyUnavailable as error:
            self._log_unavailable("send", error)
            return AnswerText(self.refusal_text(code_of(Refusal.UNAVAILABLE)), later=True)
        except Exception:
            self._log_failure("send")
            result = Code.SYSTEM
        if isinstance(result, Code):
            return AnswerText(self.refusal_text(result))
        return AnswerText(self._settings.sent_template.replace("{id}", str(result)))

    async def status(self, scope: Scope, receive: Receive, parameters: Parameters) -> AnswerText:
        """Answer the digit of a status; on a failure of ours it is pending, because the page has no code for that."""
        try:
            return AnswerText(self.status_text(await self._status(scope, receive, parameters)))
        except TemporarilyUnavailable as error:
            self._log_unavailable("status", error)
            return AnswerText(self.status_text(StatusCode.PENDING), later=True)
        except Exception:
            self._log_failure("status")
            return AnswerText(self.status_text(StatusCode.PENDING))

    def refusal_text(self, code: Code) -> str:
        """Return the answer to a send that is refused."""
        return self._settings.refused_template.replace("{code}", code.value)

    def status_text(self, code: StatusCode) -> str:
        """Return the answer to a status query."""
        return self._settings.status_template.replace("{code}", code.value)

    async def _send(self, scope: Scope, receive: Receive, parameters: Parameters) -> int | Code:
        scope["password"] = parameters.get("password", "")  # in SOAP it may be in a field of any name
        missing = missing_parameter(parameters)
        if missing is not None:
            return missing
        username, password = parameters["username"], parameters["password"]
        account = await self._callers.caller(scope, receive, username=username, password=password)
        if isinstance(account, Denial):
            return code_of(account.refusal)
        if not account.may_send:
            return code_of(Refusal.MAY_NOT_SEND)
        request_ref = f"{self._gateway.ids.serial():x}"
        sender = self._gateway.default_sender(account, dialect=self._settings.sender, vendor=VENDOR_SENDER)
        request = read_send(
            parameters, account=account, request_ref=request_ref, sender=sender, settings=self._settings
        )
        if isinstance(request, Code):
            return request
        result = await self._gateway.accept(request)
        if result is Refusal.UNAVAILABLE:
            raise TemporarilyUnavailable("not stored")
        if isinstance(result, Refusal):
            return code_of(result)
        assert isinstance(result, Accepted)  # without an idempotency key nothing is replayed
        return _outcome(result)

    async def _status(self, scope: Scope, receive: Receive, parameters: Parameters) -> StatusCode:
        username, password = parameters.get("username"), parameters.get("password")
        scope["password"] = password or ""
        if not username or not password:
            return StatusCode.BAD_CREDENTIALS
        account = await self._callers.caller(scope, receive, username=username, password=password)
        if isinstance(account, Denial):
            too_many = account.refusal is Refusal.TOO_MANY_REQUESTS  # the page has no code for that either
            return StatusCode.PENDING if too_many else StatusCode.BAD_CREDENTIALS
        short_id = read_id(parameters.get("messageid", "").strip())
        if short_id is None:
            return StatusCode.NOT_FOUND
        message = await self._gateway.message_by_short_id(account.id, short_id)
        return StatusCode.NOT_FOUND if message is None else status_of(message.state)

    def _log_unavailable(self, call: str, error: TemporarilyUnavailable) -> None:
        _log.warning("temporarily unavailable", call=call, reason=str(error))

    def _log_failure(self, call: str) -> None:
        _log.exception("call failed", request_id=self._gateway.ids.serial(), call=call)


def _outcome(accepted: Accepted) -> int | Code:
    """Return the short id of the one message, or the code of why it does not leave."""
    (message,) = accepted.messages
    if message.refused is not None:
        return code_of(message.refused)
    discarded = code_of_discarded(message.state)
    if discarded is not None:
        return discarded
    assert message.short_id is not None
    return message.short_id
