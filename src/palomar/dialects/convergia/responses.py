"""CONVERGIA's answers over HTTP: one line of text that a browser shows, SOAP messages, and two documents."""

from http import HTTPStatus
from typing import Final, NamedTuple

from palomar.dialects.convergia import soap
from palomar.dialects.convergia.description import page, wsdl
from palomar.dialects.convergia.errors import Code
from palomar.net.asgi import Headers
from palomar.vocabulary.refusals import RETRY_AFTER_SECONDS


class Answer(NamedTuple):
    """A whole HTTP answer."""

    status: int
    body: bytes
    headers: Headers


def text(words: str, *, later: bool = False) -> Answer:
    """Answer 200 with a text without a newline; ``later`` adds Retry-After."""
    return Answer(200, words.encode("utf-8"), [*_HTML, _RETRY] if later else _HTML)


def call_answered(called: str, words: str, *, later: bool = False) -> Answer:
    """Answer a SOAP call, also a refused one; ``later`` as in :func:`text`."""
    return Answer(200, soap.answer(called, words), [*_XML, _RETRY] if later else _XML)


def client_fault(why: str) -> Answer:
    """Answer a call whose operation cannot be read (SOAP 1.1 section 6.2: a fault is a 500)."""
    return Answer(500, soap.fault("Client", why), _XML)


def server_fault() -> Answer:
    """Answer a failure of ours that came before the operation was known; the log says more."""
    return _SERVER_FAULT


def function_page() -> Answer:
    """Answer with the page for people at ``/webservice.php``."""
    return _PAGE


def contract(address: str) -> Answer:
    """Answer ``?wsdl`` with the WSDL."""
    return Answer(200, wsdl(address), _XML)


def bad_head(status: HTTPStatus, *, is_call: bool) -> Answer:
    """Refuse a request for its head, with 400 or 501: as a SOAP fault if it was a call, else as a code."""
    if is_call:
        return Answer(status, soap.fault("Client", "Cabecera HTTP incorrecta"), _XML)
    return Answer(status, Code.SYSTEM.encode("ascii"), _HTML)


def not_found() -> Answer:
    """Answer 404 for other paths of CONVERGIA's port or prefixes; the body is a code, as clients expect one."""
    return Answer(404, Code.SYSTEM.encode("ascii"), _HTML)


def wrong_method(allowed: tuple[str, ...]) -> Answer:
    """Answer 405; ``allowed`` are the methods that the path has."""
    return Answer(405, Code.SYSTEM.encode("ascii"), [*_HTML, (b"allow", ", ".join(allowed).encode("ascii"))])


_HTML: Final = [(b"content-type", b"text/html; charset=UTF-8"), (b"cache-control", b"no-store")]
_XML: Final = [(b"content-type", b"text/xml; charset=UTF-8")]
_RETRY: Final = (b"retry-after", b"%d" % RETRY_AFTER_SECONDS)
_SERVER_FAULT: Final = Answer(500, soap.fault("Server", "Error de sistema"), _XML)
_PAGE: Final = Answer(200, page(), _HTML)
