"""Read which form and language of an answer a client prefers: a page or plain text, and in which language.

RFC 9110 sections 12.5.1 and 12.5.4, as far as pages in a few languages need them.
"""

from collections.abc import Sequence

from starlette.types import Scope

from palomar.net.asgi import header


def wants_page(scope: Scope) -> bool:
    """Return True if the client asks for HTML, as browsers do; ``*/*`` or no Accept, as programs send, do not ask for
    it."""
    for piece in (header(scope, b"accept") or b"").decode("latin-1").lower().split(","):
        kind, _, rest = piece.partition(";")
        if kind.strip() in ("text/html", "application/xhtml+xml") and _quality(rest) > 0:
            return True
    return False


def preferred_language(accept_language: str, languages: Sequence[str]) -> str:
    """Return the one of ``languages`` that the client prefers; the first of them if it asks for none.

    A language of another region is taken if the region asked for is missing: ``pt-BR`` for ``pt`` and ``pt-PT``.
    """
    best, liked = languages[0], 0.0
    for piece in accept_language.split(","):
        name, _, rest = piece.strip().partition(";")
        language, quality = _closest(name.strip().lower(), languages), _quality(rest)
        if language and quality > liked:
            best, liked = language, quality
    return best


def _closest(name: str, languages: Sequence[str]) -> str:
    for language in languages:
        if language.lower() == name:
            return language
    main = name.partition("-")[0]
    return next((language for language in languages if language.lower().partition("-")[0] == main), "")


def _quality(parameters: str) -> float:
    for one in parameters.split(";"):
        name, _, value = one.strip().partition("=")
        if name.strip().lower() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
