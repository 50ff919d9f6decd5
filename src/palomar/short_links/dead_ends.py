"""The answer at an address that leads nowhere: a small page in the visitor's language for browsers, a line of text for
programs.

The page loads nothing but our icon, runs nothing, and is made for phones first. Not here: the console's own pages, and
what the dialects answer below their prefixes.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from starlette.types import Scope, Send

from palomar.net.asgi import Headers, header, respond
from palomar.net.content_negotiation import preferred_language, wants_page

LANGUAGES: Final = ("en", "es", "pt")


@dataclass(frozen=True, slots=True)
class DeadEndText:
    """A title, and a sentence that says what the visitor can do."""

    title: str
    advice: str


class DeadEnd(Enum):
    """Kinds of addresses that lead nowhere: the status, and the line for programs."""

    LINK = (404, b"This link leads nowhere\n")
    ADDRESS = (404, b"Not found\n")
    BUSY = (503, b"Please try again in a moment\n")

    def __init__(self, status: int, line: bytes) -> None:
        self.status = status
        self.line = line


TEXTS: Final[Mapping[str, Mapping[DeadEnd, DeadEndText]]] = {
    "en": {
        DeadEnd.LINK: DeadEndText(
            "This link leads nowhere",
            "It may have been cut off or miscopied, or it is not in use any more. Compare it with the message it came"
            " in.",
        ),
        DeadEnd.ADDRESS: DeadEndText("There is nothing here", "Check the address: a letter may be wrong."),
        DeadEnd.BUSY: DeadEndText("One moment", "This link cannot be looked up right now. Try again in a few seconds."),
    },
    "es": {
        DeadEnd.LINK: DeadEndText(
            "Este enlace no lleva a ninguna parte",
            "Puede que esté cortado o mal copiado, o que ya no se use. Compárelo con el mensaje en el que llegó.",
        ),
        DeadEnd.ADDRESS: DeadEndText(
            "Aquí no hay nada", "Compruebe la dirección: puede que alguna letra no sea correcta."
        ),
        DeadEnd.BUSY: DeadEndText(
            "Un momento", "Ahora mismo no se puede abrir este enlace. Pruebe dentro de unos segundos."
        ),
    },
    "pt": {
        DeadEnd.LINK: DeadEndText(
            "Este link não leva a lugar nenhum",
            "Pode estar cortado ou mal copiado, ou não ser mais usado. Compare-o com a mensagem em que chegou.",
        ),
        DeadEnd.ADDRESS: DeadEndText("Não há nada aqui", "Verifique o endereço: alguma letra pode estar errada."),
        DeadEnd.BUSY: DeadEndText(
            "Um momento", "No momento não é possível abrir este link. Tente de novo em alguns segundos."
        ),
    },
}

_STYLE: Final = (
    ":root{color-scheme:light dark}"
    "body{margin:0;min-height:100vh;min-height:100dvh;display:grid;place-items:center;"
    "font:1.0625rem/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;"
    "background:#f9f9fb;color:#2b2f3a}"
    "main{max-width:26rem;padding:1.5rem;overflow-wrap:anywhere}"
    "h1{font-size:1.375rem;line-height:1.3;margin:0 0 .5rem}"
    "p{margin:0}"
    "@media(prefers-color-scheme:dark){body{background:#14161c;color:#e2e4ea}}"
)
_POLICY: Final = (
    "default-src 'none'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; style-src"
    f" 'sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode('ascii')).digest()).decode('ascii')}'"
)
_SHARED: Final[Headers] = [
    (b"cache-control", b"no-store"),
    (b"vary", b"accept, accept-language"),
    (b"x-content-type-options", b"nosniff"),
]
_TEXT: Final[Headers] = [(b"content-type", b"text/plain; charset=utf-8"), *_SHARED]
_PAGE: Final[Headers] = [
    (b"content-type", b"text/html; charset=utf-8"),
    (b"content-security-policy", _POLICY.encode("ascii")),
    (b"referrer-policy", b"no-referrer"),
    (b"x-robots-tag", b"noindex, nofollow"),
    *_SHARED,
]


async def respond_dead_end(scope: Scope, send: Send, dead_end: DeadEnd, *more: tuple[bytes, bytes]) -> None:
    """Answer at an address that leads nowhere, with further headers: a page for a browser, a line for a program."""
    if scope["method"] not in ("GET", "HEAD") or not wants_page(scope):
        await respond(send, dead_end.status, dead_end.line, [*_TEXT, *more])
        return
    language = preferred_language((header(scope, b"accept-language") or b"").decode("latin-1"), LANGUAGES)
    headers = [*_PAGE, (b"content-language", language.encode("ascii")), *more]
    await respond(send, dead_end.status, render_page(dead_end, language).encode("utf-8"), headers)


def render_page(dead_end: DeadEnd, language: str) -> str:
    """Render the whole page."""
    words = TEXTS[language][dead_end]
    return (
        f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<title>{words.title}</title>\n<link rel="icon" href="/favicon.ico">\n<style>{_STYLE}</style>\n</head>\n'
        f"<body>\n<main>\n<h1>{words.title}</h1>\n<p>{words.advice}</p>\n</main>\n</body>\n</html>\n"
    )
