"""402T Labs' answers: always ``{"status", "message", "data"}``, in this order, of any HTTP status.

The Structs are the wire: ``openapi`` describes them, so the page of the API cannot differ from what is sent.
"""

from typing import Annotated, Any, Final, NamedTuple

import msgspec
from msgspec import Meta, Struct

from palomar.dialects.labs402t.errors import HTTP_STATUSES, MESSAGES, TOO_MANY_REQUESTS, Code, Problem
from palomar.dialects.labs402t.states import Word
from palomar.net.asgi import Headers
from palomar.vocabulary.refusals import RETRY_AFTER_SECONDS

Guid = Annotated[str, Meta(description="El identificador único del mensaje.")]
LocalTime = Annotated[str, Meta(description="AAAA-MM-DDTHH:MM:SS en la zona horaria de la plataforma.")]
OkStatus = Annotated[int, Meta(ge=0, le=0)]


class Sent(Struct):
    """A message that was accepted, which is not delivered."""

    guid: Guid
    to: str
    state: Word


class Scheduled(Struct):
    """A message that waits for its time."""

    guid: Guid
    to: str
    state: Word
    send_at: LocalTime


class BatchItem(Struct, omit_defaults=True):
    """One message of a batch; ``guid`` is null, and there is no ``state``, where it was refused."""

    index: int
    to: str | None
    status: int
    message: str
    guid: str | None
    state: Word | msgspec.UnsetType = msgspec.UNSET


class Batch(Struct):
    """All messages of a batch, in order."""

    total: int
    accepted: int
    rejected: int
    messages: list[BatchItem]


class Balance(Struct):
    login: str
    balance: float


class MessageState(Struct):
    """Where a message stands."""

    guid: Guid
    state: Word
    updated_at: LocalTime


class User(Struct):
    """A new sub-account; its key is shown this once."""

    login: str
    name: str
    surname: str
    contact_email: str
    balance: float
    api_key: str


class Cost(Struct):
    """What a part to a country costs; ``prefix`` is its calling code, ``country`` its ISO 3166 code."""

    prefix: str
    country: str
    cost: float


class Costs(Struct):
    login: str
    currency: str
    costs: list[Cost]


class Nothing(Struct):
    """An empty object."""


class SentAnswer(Struct):
    status: OkStatus
    message: str
    data: Sent


class ScheduledAnswer(Struct):
    status: OkStatus
    message: str
    data: Scheduled


class BatchAnswer(Struct):
    """``status`` is 0 where at least one message was accepted, else the first one's error."""

    status: int
    message: str
    data: Batch


class BalanceAnswer(Struct):
    status: OkStatus
    message: str
    data: Balance


class StateAnswer(Struct):
    """The page shows the three fields without the envelope, against its own rule: both are answered."""

    status: OkStatus
    message: str
    data: MessageState
    guid: Guid
    state: Word
    updated_at: LocalTime


class UserAnswer(Struct):
    status: OkStatus
    message: str
    data: User


class CostsAnswer(Struct):
    status: OkStatus
    message: str
    data: Costs


class EmptyAnswer(Struct):
    status: OkStatus
    message: str
    data: Nothing


class ErrorAnswer(Struct):
    """Any refusal; ``data`` is an empty object, has a ``reason``, or says what became of a batch of which nothing was
    accepted."""

    status: Annotated[int, Meta(lt=0)]
    message: str
    data: dict[str, Any]


OkAnswer = (
    SentAnswer | ScheduledAnswer | BalanceAnswer | StateAnswer | UserAnswer | CostsAnswer | EmptyAnswer | BatchAnswer
)


class Answer(NamedTuple):
    """A whole HTTP answer."""

    status: int
    body: bytes
    headers: Headers


def encode(answer: OkAnswer) -> bytes:
    """Return the octets of an answer."""
    return _encode(answer)


def ok(answer: OkAnswer) -> Answer:
    """Answer a success."""
    return Answer(200, _encode(answer), HEADERS)


def batch(data: Batch) -> tuple[int, bytes]:
    """Return HTTP status and octets of a batch; the first message's error is its status if none was accepted."""
    code = Code.OK if data.accepted else Code(data.messages[0].status)
    return HTTP_STATUSES[code], _encode(BatchAnswer(code, MESSAGES[code], data))


def replayed(status: int, body: bytes) -> Answer:
    """Repeat the answer that was given to the same request before."""
    return Answer(status, body, [*HEADERS, (b"idempotent-replayed", b"true")])


def declined(problem: Problem, *more: tuple[bytes, bytes]) -> Answer:
    """Answer an error. Its data is an empty object, or has the problem's reason."""
    if problem.reason:
        answer = {"status": problem.code.value, "message": problem.message, "data": {"reason": problem.reason}}
        return Answer(problem.http_status, _encode(answer), [*HEADERS, *more])
    return Answer(problem.http_status, _ERRORS[problem.code], [*HEADERS, *more])


def too_many_requests(wait_seconds: float) -> Answer:
    """Answer 429, with the whole seconds to wait, at least one (RFC 9110 section 10.2.3)."""
    seconds = max(1, -int(-wait_seconds // 1))
    return declined(TOO_MANY_REQUESTS, (b"retry-after", b"%d" % seconds))


HEADERS: Final = [(b"content-type", b"application/json; charset=utf-8")]
UNAUTHORIZED: Final = (b"www-authenticate", b'Bearer realm="402T Labs"')
RETRY_SOON: Final = (b"retry-after", b"1")
RETRY_LATER: Final = (b"retry-after", b"%d" % RETRY_AFTER_SECONDS)

_encode: Final = msgspec.json.Encoder().encode
_ERRORS: Final = {code: _encode({"status": code.value, "message": MESSAGES[code], "data": {}}) for code in Code}
