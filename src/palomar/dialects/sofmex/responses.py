"""Write SOFMEX's answers, in its order and spelling, and Spring's error objects. Their codes are decided in
``errors``."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Final, NamedTuple

import msgspec

from palomar.dialects.sofmex.errors import BAD_HEAD, BAD_LOGIN, BATCH_MESSAGES, HTTP_MESSAGES, BatchCode
from palomar.dialects.sofmex.wire import BatchAnswer, ErrorAnswer, LoginAnswer, MessageStatus, QueryAnswer, RecordAnswer
from palomar.net.asgi import Headers
from palomar.vocabulary.refusals import RETRY_AFTER_SECONDS


class Answer(NamedTuple):
    """A whole HTTP answer."""

    status: int
    body: bytes
    headers: Headers


def logged_in(token: str) -> Answer:
    """Answer with the token, in the body as the page has it and in a header as Spring's filters do."""
    headers = [*_HEADERS, (b"authorization", b"Bearer " + token.encode("ascii")), (b"cache-control", b"no-store")]
    return Answer(200, _json(LoginAnswer(status=0, message=token)), headers)


def bad_login() -> Answer:
    """Answer 401, the same for every reason."""
    return Answer(401, _json(LoginAnswer(status=1, message=BAD_LOGIN)), [*_HEADERS, _CHALLENGE])


def batch(code: BatchCode, *, id_batch: str, records: list[RecordAnswer]) -> Answer:
    """Answer with the code of every record."""
    answer = BatchAnswer(status_batch=code, message=BATCH_MESSAGES[code], id_batch=id_batch, registros=records)
    return Answer(200, _json(answer), _HEADERS)


def no_batch(code: BatchCode, *, strict: bool) -> Answer:
    """Answer code 2 or 3, without looking at the records."""
    answer = BatchAnswer(status_batch=code, message=BATCH_MESSAGES[code], id_batch="", registros=[])
    return Answer(400 if strict else 200, _json(answer), _HEADERS)


def statuses(records: list[MessageStatus]) -> Answer:
    """Answer with the states of messages; none is "No encontrado"."""
    code, message = (0, "OK") if records else (1, "No encontrado")
    return Answer(200, _json(QueryAnswer(status=code, message=message, registros=records)), _HEADERS)


def error(
    status: HTTPStatus, *, path: str, timestamp: str, allowed: Sequence[str] = (), is_bad_head: bool = False
) -> Answer:
    """Answer with Spring's error object; ``is_bad_head`` if the head is at fault, not the body.

    A 401 says what is required (RFC 6750 section 3), a 405 what would be ``allowed``, a 503 when to try again.
    """
    headers = list(_HEADERS)
    if status is HTTPStatus.UNAUTHORIZED:
        headers.append(_CHALLENGE)
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        headers.append((b"retry-after", b"%d" % RETRY_AFTER_SECONDS))
    if allowed:
        headers.append((b"allow", ", ".join(allowed).encode("ascii")))
    message = BAD_HEAD if is_bad_head else HTTP_MESSAGES[status]
    answer = ErrorAnswer(timestamp=timestamp, status=status, error=status.phrase, message=message, path=path)
    return Answer(status, _json(answer), headers)


def with_retry_after(answer: Answer, wait_seconds: float) -> Answer:
    """Add the whole seconds to wait, at least one (RFC 9110 section 10.2.3)."""
    seconds = max(1, -int(-wait_seconds // 1))
    return answer._replace(headers=[*answer.headers, (b"retry-after", b"%d" % seconds)])


def redirect(location: str) -> Answer:
    """Redirect a browser to the page, with a link in the body too."""
    body = f'<!DOCTYPE html>\n<html lang="es"><title>SOFMEX</title><a href="{location}">Documentación</a></html>\n'
    headers = [(b"content-type", b"text/html; charset=utf-8"), (b"location", location.encode("ascii"))]
    return Answer(302, body.encode("utf-8"), headers)


_json: Final = msgspec.json.Encoder().encode
_HEADERS: Final = [(b"content-type", b"application/json")]
_CHALLENGE: Final = (b"www-authenticate", b"Bearer")
