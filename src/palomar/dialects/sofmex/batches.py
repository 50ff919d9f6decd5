"""``POST /sms/v3/asignacion``: a hundred records at most, each accepted or refused by itself.

A batch is a request of ours; its ``idBatch`` is the ``request_ref`` and each ``idMessage`` a message's public id.
"""

from http import HTTPStatus
from typing import Final

from palomar.acceptance.accept import Accepted
from palomar.acceptance.compose import AcceptedMessage, Recipient, Request
from palomar.dialects.sofmex import NAME, responses
from palomar.dialects.sofmex.documents import read_batch
from palomar.dialects.sofmex.errors import BatchCode, RecordCode, batch_code, code_of_stored, verdict_of
from palomar.dialects.sofmex.records import judge
from palomar.dialects.sofmex.responses import Answer
from palomar.dialects.sofmex.settings import SofmexSettings
from palomar.dialects.sofmex.wire import RECORDS_MAX, RecordAnswer
from palomar.gateway import Gateway
from palomar.vocabulary.account import Account
from palomar.vocabulary.message import public_id
from palomar.vocabulary.refusals import Refusal

VENDOR_SENDER: Final = "SOFMEX"
"""The sender of messages in the sandbox, if none is set."""

_Outcome = tuple[RecordCode, str]
"""A record's code and its message's id, which is empty where it is refused."""


class Batches:
    """The handler of asignacion."""

    def __init__(self, gateway: Gateway, settings: SofmexSettings) -> None:
        self._gateway = gateway
        self._settings = settings

    async def send(self, account: Account, body: bytes) -> Answer | HTTPStatus:
        """Return the answer, or the HTTP error in its place. Raises NoJson."""
        records = read_batch(body)
        if not records:
            return self._declined(BatchCode.NO_RECORDS)
        if len(records) > RECORDS_MAX:
            return self._declined(BatchCode.TOO_MANY_RECORDS)
        id_batch = public_id(self._gateway.ids.message_id())
        judged = [judge(record, account) for record in records]
        wanted = [verdict for verdict in judged if isinstance(verdict, Recipient)]
        outcomes = await self._accepted(account, id_batch, wanted)
        if isinstance(outcomes, BatchCode):
            return self._declined(outcomes)
        if isinstance(outcomes, HTTPStatus):
            return outcomes
        turn = iter(outcomes)
        codes: set[RecordCode] = set()
        answers = []
        for record, verdict in zip(records, judged, strict=True):
            code, id_message = next(turn) if isinstance(verdict, Recipient) else (verdict, "")
            codes.add(code)
            answers.append(RecordAnswer(status=code, telefono=record.telefono, id_message=id_message))
        return responses.batch(batch_code(codes), id_batch=id_batch, records=answers)

    async def _accepted(
        self, account: Account, id_batch: str, recipients: list[Recipient]
    ) -> list[_Outcome] | BatchCode | HTTPStatus:
        """Return what became of every recipient, in order; a code of the batch if no record has one of its own."""
        if not recipients:
            return []
        sender = self._gateway.default_sender(account, dialect=self._settings.sender, vendor=VENDOR_SENDER)
        refusal = _refusal_of(account)
        if sender is None:
            refusal = refusal or Refusal.SENDER
        elif refusal is None:
            result = await self._gateway.accept(
                Request(
                    account=account,
                    dialect=NAME,
                    request_ref=id_batch,
                    sender=sender,
                    recipients=recipients,
                    partial=True,
                )
            )
            if isinstance(result, Accepted):
                return [_outcome(message) for message in result.messages]
            assert isinstance(result, Refusal), result  # nothing else without an idempotency key
            refusal = result
        verdict = verdict_of(refusal)
        return [(verdict, "")] * len(recipients) if isinstance(verdict, RecordCode) else verdict

    def _declined(self, code: BatchCode) -> Answer:
        return responses.no_batch(code, strict=self._settings.strict_http)


def _refusal_of(account: Account) -> Refusal | None:
    if not account.enabled:
        return Refusal.ACCOUNT_DISABLED
    return None if account.may_send else Refusal.MAY_NOT_SEND


def _outcome(message: AcceptedMessage) -> _Outcome:
    if message.refused is not None:
        verdict = verdict_of(message.refused)
        return (verdict if isinstance(verdict, RecordCode) else RecordCode.INTERNAL), ""
    code = code_of_stored(message.state)
    return code, public_id(message.row.id) if code is RecordCode.ACCEPTED else ""
