"""``/sms/send``, ``/sms/schedule``, ``/sms/batch``: read bodies as requests for the gateway, in the sheet's order of
checks.

The order: -30, -9, -2, -7, -13, -21, -19, -11 here and in ``message``; -12 is the gateway's.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from palomar.acceptance.compose import AcceptedMessage, Request
from palomar.dialects.labs402t import NAME, responses
from palomar.dialects.labs402t.documents import BatchBody, MessageBody, ScheduleBody, convert, read
from palomar.dialects.labs402t.errors import (
    BAD_REQUEST,
    HTTP_STATUSES,
    MISSING,
    Code,
    Problem,
    problem_of,
    problem_of_discarded,
)
from palomar.dialects.labs402t.message import Message, judge, written_number
from palomar.dialects.labs402t.responses import Batch, BatchItem, Scheduled, ScheduledAnswer, Sent, SentAnswer
from palomar.dialects.labs402t.settings import Labs402tSettings
from palomar.dialects.labs402t.states import word_of
from palomar.text.times import format_in_zone, parse_in_zone
from palomar.transaction.idempotency import Key
from palomar.vocabulary.account import Account
from palomar.vocabulary.message import public_id

MOST_MESSAGES: Final = 100
Answering = Callable[[list[AcceptedMessage]], tuple[int, bytes] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class SendContext:
    """The account, and what all messages of its request share. ``request_ref`` is new for each request."""

    account: Account
    settings: Labs402tSettings
    default_sender: str | None
    """The sender of messages that name none; if None, those are refused."""
    request_ref: str
    now_ms: int
    key: Key | None

    def request(
        self, messages: list[Message], answer: Answering, *, due_ms: int | None = None, partial: bool = False
    ) -> Request:
        """Build the request for the gateway; ``answer`` writes what is kept under the key."""
        return Request(
            account=self.account,
            dialect=NAME,
            request_ref=self.request_ref,
            sender=self.default_sender or "",
            recipients=[message.recipient() for message in messages],
            due_ms=due_ms,
            partial=partial,
            idempotency=self.key,
            answer=answer,
        )


def read_send(body: bytes, context: SendContext) -> Request | Problem:
    """Read the body of ``POST /sms/send``."""
    posted = read(body, MessageBody)
    if isinstance(posted, Problem):
        return posted
    message = judge(posted, account=context.account, settings=context.settings, default_sender=context.default_sender)
    if isinstance(message, Problem):
        return message
    return context.request([message], _answer_sent)


def read_schedule(body: bytes, context: SendContext) -> Request | Problem:
    """Read the body of ``POST /sms/schedule``."""
    posted = read(body, ScheduleBody)
    if isinstance(posted, Problem):
        return posted
    written = (posted.send_at or "").strip()
    zone = context.settings.zone
    due_ms = parse_in_zone(written, zone)
    if written and due_ms is None:
        return BAD_REQUEST
    message = (
        judge(posted, account=context.account, settings=context.settings, default_sender=context.default_sender)
        if written
        else MISSING
    )
    if isinstance(message, Problem):
        return message
    assert due_ms is not None
    if due_ms <= context.now_ms:
        return Problem(Code.PAST)

    def answer(new: list[AcceptedMessage]) -> tuple[int, bytes] | None:
        if problem_with(new[0]) is not None:
            return None
        row = new[0].row
        send_at = format_in_zone(row.due_ms, zone, separator="T")
        data = Scheduled(public_id(row.id), row.msisdn, word_of(new[0].state), send_at)
        return 200, responses.encode(ScheduledAnswer(0, "OK", data))

    return context.request([message], answer, due_ms=due_ms)


@dataclass(frozen=True, slots=True)
class JudgedBatch:
    """The messages of a batch, each as it would be sent or with its problem, and their numbers as posted."""

    judged: list[Message | Problem]
    written: list[str | None]

    def add(self, message: Message | Problem, *, written: str | None) -> None:
        """Add the next message in order."""
        self.judged.append(message)
        self.written.append(written)

    @property
    def good(self) -> list[Message]:
        """Return the messages without a problem, for the gateway."""
        return [message for message in self.judged if isinstance(message, Message)]

    def answer(self, outcomes: Iterable[AcceptedMessage | Problem]) -> tuple[int, bytes]:
        """Return HTTP status and octets of the answer, given the outcomes of the good messages."""
        became = iter(outcomes)
        items = []
        for index, (message, written) in enumerate(zip(self.judged, self.written, strict=True)):
            outcome = next(became) if isinstance(message, Message) else message
            items.append(_item(index, written, outcome))
        accepted = sum(1 for item in items if item.status == Code.OK)
        data = Batch(total=len(items), accepted=accepted, rejected=len(items) - accepted, messages=items)
        return responses.batch(data)

    def kept(self, new: list[AcceptedMessage]) -> tuple[int, bytes] | None:
        """Return the answer to keep under the request's key; None if nothing was accepted."""
        status, body = self.answer(new)
        return (status, body) if status == HTTP_STATUSES[Code.OK] else None


def read_batch(body: bytes, context: SendContext) -> JudgedBatch | Problem:
    """Read the body of ``POST /sms/batch``."""
    posted = read(body, BatchBody)
    if isinstance(posted, Problem):
        return posted
    messages = posted.messages or []
    if len(messages) > MOST_MESSAGES:
        return BAD_REQUEST
    if not messages:
        return MISSING
    if not context.account.may_send:
        return Problem(Code.MAY_NOT_SEND)
    batch = JudgedBatch([], [])
    for parsed in messages:
        one = convert(parsed, MessageBody)
        if isinstance(one, Problem):
            batch.add(one, written=None)
        else:
            judged = judge(
                one, account=context.account, settings=context.settings, default_sender=context.default_sender
            )
            batch.add(judged, written=written_number(one))
    return batch


def problem_with(message: AcceptedMessage) -> Problem | None:
    """Return why the gateway has refused a message; None if it is accepted."""
    return problem_of(message.refused) if message.refused else problem_of_discarded(message.state)


def _answer_sent(new: list[AcceptedMessage]) -> tuple[int, bytes] | None:
    if problem_with(new[0]) is not None:
        return None
    row = new[0].row
    return 200, responses.encode(SentAnswer(0, "OK", Sent(public_id(row.id), row.msisdn, word_of(new[0].state))))


def _item(index: int, written: str | None, outcome: AcceptedMessage | Problem) -> BatchItem:
    problem = outcome if isinstance(outcome, Problem) else problem_with(outcome)
    if problem is not None:
        return BatchItem(index, written, problem.code, problem.message, None)
    assert isinstance(outcome, AcceptedMessage)
    row = outcome.row
    return BatchItem(index, row.msisdn, Code.OK, "OK", public_id(row.id), word_of(outcome.state))
