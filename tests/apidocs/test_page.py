"""The documentation page is complete, loads nothing from other hosts, and is translated. A journey opens it in a
browser."""

import re
from html.parser import HTMLParser
from importlib import resources
from urllib.parse import urljoin

import pytest
from starlette.types import Message, Scope

from palomar.apidocs import ApiPage

PAGE = ApiPage(b'{"openapi":"3.1.0"}', title="A <b>title</b>", language="es", at=("/v3", "/api/v3"))
STATIC = resources.files("palomar.apidocs") / "static"


async def get(
    path: str, *, method: str = "GET", page: ApiPage = PAGE, etag: str = ""
) -> tuple[int, dict[str, str], bytes]:
    headers = [(b"if-none-match", etag.encode())] if etag else []
    scope: Scope = {"type": "http", "method": method, "path": path, "headers": headers}
    sent: list[Message] = []

    async def receive() -> Message:
        raise AssertionError("nothing is read")

    async def send(message: Message) -> None:
        sent.append(message)

    await page(scope, receive, send)
    return (
        sent[0]["status"],
        {name.decode(): value.decode() for name, value in sent[0]["headers"]},
        b"".join(message.get("body", b"") for message in sent[1:]),
    )


class References(HTMLParser):
    """What a page loads, and what is inline in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.urls: list[str] = []
        self.inline: list[str] = []
        self._in_script = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self._in_script = tag in ("script", "style")
        self.urls += [value for name in ("src", "href", "data-document") if (value := values.get(name))]
        self.inline += [name for name, _ in attrs if name.startswith("on") or name == "style"]

    def handle_endtag(self, tag: str) -> None:
        self._in_script = False

    def handle_data(self, data: str) -> None:
        if self._in_script and data.strip():
            self.inline.append(data)


@pytest.mark.parametrize("path", ["/v3/docs", "/v3/docs/", "/api/v3/docs", "/api/v3/docs/"])
async def test_every_file_that_the_page_names_is_served_and_nothing_is_inline(path: str) -> None:
    status, headers, body = await get(path)
    found = References(body.decode())
    assert status == 200
    assert headers["content-type"] == "text/html; charset=utf-8"
    assert found.inline == []
    assert len(found.urls) >= 7
    for url in found.urls:
        assert PAGE.serves(urljoin(path, url)), url
        assert (await get(urljoin(path, url)))[0] == 200
    assert "A &lt;b&gt;title&lt;/b&gt;" in body.decode()


@pytest.mark.parametrize("path", ["/v3/docs", "/v3/openapi.json", "/v3/docs/start.js", "/v3/docs/favicon-32x32.png"])
async def test_every_answer_has_the_security_headers(path: str) -> None:
    _, headers, _ = await get(path)
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"


async def test_an_unchanged_file_is_answered_with_304() -> None:
    _, headers, body = await get("/v3/docs/swagger-ui-bundle.js")
    status, again, nothing = await get("/v3/docs/swagger-ui-bundle.js", etag=headers["etag"])
    assert len(body) > 1_000_000
    assert (status, nothing, again["etag"]) == (304, b"", headers["etag"])
    assert (await get("/v3/docs/swagger-ui-bundle.js", etag='"other"'))[0] == 200


async def test_other_methods_and_paths_are_refused() -> None:
    status, headers, _ = await get("/v3/docs", method="POST")
    assert (status, headers["allow"]) == (405, "GET, HEAD")
    assert (await get("/v3/docs", method="HEAD"))[0] == 200
    for path in ("/v3/docs/nothing.js", "/v3/docs/../__init__.py", "/v3", "/v4/docs"):
        assert not PAGE.serves(path)
        assert (await get(path))[0] == 404


async def test_only_the_spanish_page_has_the_translation() -> None:
    english = ApiPage(b"{}", title="x", language="en", at=("/v3",))
    _, _, page = await get("/v3/docs", page=english)
    assert b"spanish.js" not in page
    assert b'<html lang="en">' in page
    _, _, page = await get("/v3/docs")
    assert b"spanish.js" in page
    assert b'<html lang="es">' in page


def test_every_translated_word_is_one_that_swagger_ui_writes() -> None:
    """A new Swagger UI that writes other words fails here, not in front of a customer."""
    script = (STATIC / "spanish.js").read_text(encoding="utf-8")
    bundle = (STATIC / "swagger-ui" / "swagger-ui-bundle.js").read_text(encoding="utf-8")
    words = re.findall(r'^  "([^"]+)": "[^"]+",$', script, flags=re.MULTILINE)
    assert len(words) > 40
    missing = [word for word in words if word not in bundle]
    assert missing == []


def test_files_of_other_projects_have_their_version_and_license() -> None:
    folder = STATIC / "swagger-ui"
    version = (folder / "VERSION").read_text().strip()
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    assert version in (folder / "swagger-ui-bundle.js").read_text(encoding="utf-8")
    assert "Apache License" in (folder / "LICENSE").read_text()
    assert (folder / "NOTICE").read_text().startswith("swagger-ui")
