"""Write FOXSYS's answers, in its order and spelling. Which code an answer has is decided in ``errors``.

The type of ``code`` differs by endpoint and clients compare strictly: all strings for a send and for nearly every
error; the number 0 for a balance, whose credits are a string; numbers for all answers of ``/json/scheduled``.
"""

import re
from http import HTTPStatus
from typing import Final

import msgspec

from palomar.dialects.foxsys.errors import MESSAGES, Code, Problem, http_status, problem_of
from palomar.net.asgi import Headers
from palomar.text.times import format_gmt
from palomar.vocabulary.account import AccountSettings
from palomar.vocabulary.credit import Microcredits, as_number, format_two_decimals
from palomar.vocabulary.refusals import RETRY_AFTER_SECONDS, Refusal


class Answer(msgspec.Struct, frozen=True):
    """A whole HTTP answer."""

    status: int
    body: bytes
    headers: Headers


def sent(subid: str) -> Answer:
    """Answer code 0: accepted, which does not mean delivered."""
    return Answer(200, b'{"code":"0","message":"%b","subid":%b}' % (_SENT, _json(subid)), _HEADERS)


def balance(available_microcredits: int) -> Answer:
    """Answer the credits left: two decimals, rounded down."""
    left = format_two_decimals(Microcredits(available_microcredits))
    return Answer(200, b'{"code":0,"credits":"%b"}' % left.encode("ascii"), _HEADERS)


def scheduled(done: str) -> Answer:
    """Answer what was done with scheduled messages: ``cancelled`` or ``sent``."""
    return Answer(200, b'{"code":0,"message":"Scheduled messages successfully %b."}' % done.encode("ascii"), _HEADERS)


def prices(body: bytes, content_type: bytes) -> Answer:
    """Answer with a list of prices that is written already."""
    return Answer(200, body, [(b"content-type", content_type)])


def ack(*, status: str, desc: str, microcredits: int, at_ms: int) -> Answer:
    """Answer a message's state, what it cost, and since when it has this state."""
    answer = {
        "code": 0,
        "status": status,
        "credits": as_number(Microcredits(microcredits)),
        "desc": desc,
        "timestamp": format_gmt(at_ms),
    }
    return Answer(200, _json(answer), _HEADERS)


def with_number(answer: Answer) -> Answer:
    """Return the same answer, its ``code`` a number."""
    return msgspec.structs.replace(answer, body=_CODE_AS_TEXT.sub(rb'{"code":\1', answer.body))


def declined(problem: Problem, settings: AccountSettings, *, subid: str | None = None) -> Answer:
    """Answer an error to an account that we know; the answer to a send has its subid."""
    return Answer(http_status(problem.code, settings), _error(problem, subid), _HEADERS)


def too_many_requests(wait_seconds: float, *, subid: str | None = None) -> Answer:
    """Answer 429, with the whole seconds to wait, at least one (RFC 9110 section 10.2.3)."""
    seconds = max(1, -int(-wait_seconds // 1))
    problem = problem_of(Refusal.TOO_MANY_REQUESTS)
    return Answer(429, _error(problem, subid), [*_HEADERS, (b"retry-after", b"%d" % seconds)])


def unauthorized() -> Answer:
    """Answer 401, the same for every reason."""
    return _UNAUTHORIZED


def forbidden(problem: Problem) -> Answer:
    """Answer 403 to a caller without an account."""
    return Answer(403, _error(problem), _HEADERS)


def bad_head(status: HTTPStatus) -> Answer:
    """Refuse a request for its head, with 400 or 501."""
    return Answer(status, _error(Problem(Code(str(status.value)))), _HEADERS)


def not_found() -> Answer:
    """Answer 404 for every other path below our prefix."""
    return _NOT_FOUND


def wrong_method(allowed: tuple[str, ...]) -> Answer:
    """Answer 405; ``allowed`` are the methods that the path has."""
    headers = [*_HEADERS, (b"allow", ", ".join(allowed).encode("ascii"))]
    return Answer(405, _error(Problem(Code.WRONG_METHOD)), headers)


def internal_error() -> Answer:
    """Answer 500 for a failure of ours; the log says more."""
    return _INTERNAL_ERROR


def unavailable(*, subid: str | None = None) -> Answer:
    """Answer 500, as FOXSYS has no other code for it, with the seconds to wait; nothing was done."""
    headers = [*_HEADERS, (b"retry-after", b"%d" % RETRY_AFTER_SECONDS)]
    return Answer(500, _error(problem_of(Refusal.UNAVAILABLE), subid), headers)


_json: Final = msgspec.json.Encoder().encode
_HEADERS: Final = [(b"content-type", b"application/json")]
_CODE_AS_TEXT: Final = re.compile(rb'^\{"code":"([0-9]+)"')
_SENT: Final = MESSAGES[Code.SENT].encode("ascii")


def _error(problem: Problem, subid: str | None = None) -> bytes:
    answer = {"code": problem.code.value, "message": problem.message}
    if subid is not None:
        answer["subid"] = subid
    return _json(answer)


_UNAUTHORIZED: Final = Answer(
    401,
    _error(Problem(Code.UNAUTHORIZED)),
    [*_HEADERS, (b"www-authenticate", b'Basic realm="FOXSYS", charset="UTF-8"')],
)
_NOT_FOUND: Final = Answer(404, _error(Problem(Code.NOT_FOUND)), _HEADERS)
_INTERNAL_ERROR: Final = Answer(500, _error(Problem(Code.INTERNAL)), _HEADERS)
