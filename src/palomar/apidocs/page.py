"""Serves Swagger UI for one OpenAPI document, from files of this package and no other host.

The content security policy allows no inline script or style: data attributes of the page say which document to show,
and ``static/start.js`` reads them. Swagger UI has no translations; ``static/spanish.js`` replaces its words.
"""

import hashlib
from collections.abc import Sequence
from functools import cache
from html import escape
from importlib import resources
from typing import Final, Literal, NamedTuple

from starlette.types import Receive, Scope, Send

from palomar.net.asgi import DOCUMENTATION, Headers, header, respond

Language = Literal["en", "es"]

CONTENT_SECURITY_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)


class ApiPage:
    """An ASGI application for the paths of :meth:`serves`: ``docs``, its files, and ``openapi.json``.

    They stand below every prefix in ``at``, for example "/sms/v3". The page refers to its files and to the document by
    relative addresses, so that it works behind a proxy that adds a prefix of its own.
    """

    def __init__(self, document: bytes, *, title: str, language: Language, at: Sequence[str]) -> None:
        self._document = document
        self._pages = {
            f"{prefix}/{path}": _page(title=title, language=language, files=files, document=where)
            for prefix in at
            for path, files, where in (("docs", "docs/", "openapi.json"), ("docs/", "", "../openapi.json"))
        }
        self._documents = {f"{prefix}/openapi.json" for prefix in at}
        self._files = {f"{prefix}/docs/{name}": name for prefix in at for name in _FILES}

    def serves(self, path: str) -> bool:
        """Return True if this application answers the path."""
        return path in self._pages or path in self._documents or path in self._files

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[DOCUMENTATION] = True
        if scope["method"] not in ("GET", "HEAD"):
            await respond(send, 405, b"Method not allowed\n", [*_TEXT, *_GUARDED, (b"allow", b"GET, HEAD")])
            return
        content = self._content(scope["path"])
        if content is None:
            await respond(send, 404, b"Not found\n", [*_TEXT, *_GUARDED])
        elif header(scope, b"if-none-match") == content.etag:
            await respond(send, 304, b"", [(b"etag", content.etag), *_GUARDED])
        else:
            await respond(send, 200, content.body, content.headers)

    def _content(self, path: str) -> "_Content | None":
        if path in self._pages:
            return _content_of(self._pages[path], b"text/html; charset=utf-8")
        if path in self._documents:
            return _content_of(self._document, b"application/json")
        name = self._files.get(path)
        return None if name is None else _file(name)


class _Content(NamedTuple):
    """A body with its headers. Browsers keep it, and ask each time if it is still the same."""

    body: bytes
    etag: bytes
    headers: Headers


_FILES: Final = {
    "start.js": ("start.js", b"text/javascript; charset=utf-8"),
    "spanish.js": ("spanish.js", b"text/javascript; charset=utf-8"),
    "page.css": ("page.css", b"text/css; charset=utf-8"),
    "swagger-ui-bundle.js": ("swagger-ui/swagger-ui-bundle.js", b"text/javascript; charset=utf-8"),
    "swagger-ui.css": ("swagger-ui/swagger-ui.css", b"text/css; charset=utf-8"),
    "favicon-32x32.png": ("swagger-ui/favicon-32x32.png", b"image/png"),
    "LICENSE.txt": ("swagger-ui/LICENSE", b"text/plain; charset=utf-8"),
    "swagger-ui-bundle.js.LICENSE.txt": (
        "swagger-ui/swagger-ui-bundle.js.LICENSE.txt",
        b"text/plain; charset=utf-8",
    ),
}
"""Path in ``static`` and content type, by the last segment of the URL's path."""

_TEXT: Final = [(b"content-type", b"text/plain; charset=utf-8")]
_GUARDED: Final = [
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode("ascii")),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-cache"),
]

_PAGE: Final = """<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" type="image/png" href="{files}favicon-32x32.png">
<link rel="stylesheet" href="{files}swagger-ui.css">
<link rel="stylesheet" href="{files}page.css">
<script src="{files}swagger-ui-bundle.js" defer></script>
{translation}<script src="{files}start.js" defer></script>
</head>
<body>
<div id="swagger-ui" data-document="{document}"></div>
<noscript>{needs_script} <a href="{document}">OpenAPI</a></noscript>
</body>
</html>
"""
_NEEDS_SCRIPT: Final = {"en": "This page needs JavaScript.", "es": "Esta página necesita JavaScript."}


def _page(*, title: str, language: Language, files: str, document: str) -> bytes:
    translation = f'<script src="{files}spanish.js" defer></script>\n' if language == "es" else ""
    page = _PAGE.format(
        language=language,
        title=escape(title),
        files=files,
        translation=translation,
        document=document,
        needs_script=_NEEDS_SCRIPT[language],
    )
    return page.encode("utf-8")


def _content_of(body: bytes, kind: bytes) -> _Content:
    etag = b'"%b"' % hashlib.sha256(body).hexdigest()[:32].encode("ascii")
    return _Content(body, etag, [(b"content-type", kind), (b"etag", etag), *_GUARDED])


@cache
def _file(name: str) -> _Content:
    """Read a file of ``static`` when it is first requested."""
    path, kind = _FILES[name]
    return _content_of((resources.files("palomar.apidocs") / "static" / path).read_bytes(), kind)
