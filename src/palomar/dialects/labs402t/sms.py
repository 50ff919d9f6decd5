"""The endpoints below ``/sms``: what they ask of the gateway, and what they answer."""

from typing import Final

from palomar.acceptance.accept import Accepted
from palomar.acceptance.compose import Request
from palomar.dialects.labs402t import responses
from palomar.dialects.labs402t.call import Call, answered_before
from palomar.dialects.labs402t.errors import NOT_FOUND, OUR_FAULT, Problem, problem_of
from palomar.dialects.labs402t.responses import Answer, MessageState, StateAnswer
from palomar.dialects.labs402t.sending import SendContext, problem_with, read_batch, read_schedule, read_send
from palomar.dialects.labs402t.settings import Labs402tSettings
from palomar.dialects.labs402t.states import word_of
from palomar.gateway import Gateway
from palomar.text.times import format_in_zone
from palomar.vocabulary.message import accepted_ms, message_id_of, public_id
from palomar.vocabulary.refusals import Refusal

VENDOR_SENDER: Final = "402TLabs"
"""The sender of messages in the sandbox, if none is set."""


class SmsEndpoints:
    """``send``, ``schedule``, ``batch``, ``status``."""

    def __init__(self, gateway: Gateway, settings: Labs402tSettings) -> None:
        self._gateway = gateway
        self._settings = settings
        self._zone = settings.zone

    async def send(self, call: Call) -> Answer | Problem:
        """Answer ``POST /sms/send``."""
        return await self._accept(read_send(call.body, self._context(call)))

    async def schedule(self, call: Call) -> Answer | Problem:
        """Answer ``POST /sms/schedule``."""
        return await self._accept(read_schedule(call.body, self._context(call)))

    async def batch(self, call: Call) -> Answer | Problem:
        """Answer ``POST /sms/batch``."""
        context = self._context(call)
        batch = read_batch(call.body, context)
        if isinstance(batch, Problem):
            return batch
        if not batch.good:
            return Answer(*batch.answer([]), responses.HEADERS)
        result = await self._gateway.accept(context.request(batch.good, batch.kept, partial=True))
        if isinstance(result, Accepted):
            return Answer(*batch.answer(result.messages), responses.HEADERS)
        if result is Refusal.UNAVAILABLE:
            return problem_of(result)
        if isinstance(result, Refusal):
            return Answer(*batch.answer([problem_of(result)] * len(batch.good)), responses.HEADERS)
        return answered_before(result)

    async def status(self, call: Call) -> Answer | Problem:
        """Answer ``GET /sms/{guid}/status`` for the account's own messages, whatever dialect they came by."""
        message_id = message_id_of(call.name)
        if message_id is None:
            return NOT_FOUND
        row = (await self._gateway.messages(call.account.id, [message_id])).get(message_id)
        if row is None:
            return NOT_FOUND
        changed_ms = row.final_ms or row.sent_ms
        if changed_ms is None:
            changed_ms = max(accepted_ms(row.id), min(row.due_ms, self._gateway.clock.wall_ms()))
        updated_at = format_in_zone(changed_ms, self._zone, separator="T")
        state = MessageState(public_id(row.id), word_of(row.state), updated_at)
        return responses.ok(StateAnswer(0, "OK", state, state.guid, state.state, state.updated_at))

    async def _accept(self, request: Request | Problem) -> Answer | Problem:
        if isinstance(request, Problem):
            return request
        result = await self._gateway.accept(request)
        if isinstance(result, Refusal):
            return problem_of(result)
        if isinstance(result, Accepted):
            answer = request.answer(result.messages) if request.answer else None
            return Answer(*answer, responses.HEADERS) if answer else problem_with(result.messages[0]) or OUR_FAULT
        return answered_before(result)

    def _context(self, call: Call) -> SendContext:
        return SendContext(
            account=call.account,
            settings=self._settings,
            default_sender=self._gateway.default_sender(
                call.account, dialect=self._settings.sender, vendor=VENDOR_SENDER
            ),
            request_ref=f"{self._gateway.ids.serial():x}",
            now_ms=self._gateway.clock.wall_ms(),
            key=call.key,
        )
