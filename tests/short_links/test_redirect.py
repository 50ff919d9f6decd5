"""The redirect: its answers, what is recorded, and that it waits for no write."""

import asyncio
import base64
import hashlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.support.databases import Place
from tests.support.world import CountingIds

from palomar.app.front import Front, Readiness
from palomar.app.transaction_order import STEPS, make_context
from palomar.net.networks import TrustedProxies
from palomar.short_links.click_recorder import A_LINK_A_MINUTE, ClickRecorder
from palomar.short_links.dead_ends import LANGUAGES, TEXTS, DeadEnd
from palomar.short_links.redirect import AGENT_LONGEST, Redirect, location_of
from palomar.storage.database import Database, Transaction, Unavailable
from palomar.transaction.batcher import Batcher

NOW_MS = 1_760_000_000_000
URL = "https://shop.es/offer?a=b#c"
CODE = "aB3xY9z"


class StillClock:
    def wall_ms(self) -> int:
        return NOW_MS

    def monotonic(self) -> float:
        return 1.0


class BrokenDatabase:
    """A database that cannot be reached."""

    lanes = 1

    async def read(self, script: object, *args: object) -> object:
        raise Unavailable("gone")


@dataclass
class Answer:
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass
class Face:
    """The redirect behind the front, over a database with one link."""

    front: Front
    batcher: Batcher
    database: Database

    async def ask(
        self, path: str = f"/{CODE}", *, method: str = "GET", agent: str = "Mozilla/5.0", **headers: str
    ) -> Answer:
        answer = Answer()

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                answer.status = message["status"]
                answer.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            else:
                answer.body += message.get("body", b"")

        async def receive() -> Any:
            return {"type": "http.request", "body": b""}

        sent = {"user-agent": agent} | {name.replace("_", "-"): value for name, value in headers.items()}
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": b"",
            "client": ("192.0.2.7", 1234),
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in sent.items()],
        }
        await self.front(scope, receive, send)
        return answer

    async def clicks(self) -> list[tuple[Any, ...]]:
        """Return all recorded clicks, after what waits was written."""
        serving = asyncio.create_task(self.batcher.serve())
        assert await self.batcher.drain(5.0)
        serving.cancel()

        async def script(tx: Transaction) -> list[tuple[Any, ...]]:
            return await tx.select("SELECT code, at_ms, address, agent, robot FROM clicks ORDER BY id")

        return await self.database.read(script)


async def fixed(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 299, "headers": []})
    await send({"type": "http.response.body", "body": b"fixed"})


def face_over(database: Any) -> Face:
    context = make_context(accounts={}, renderers={}, ids=CountingIds(), node_id=None)
    batcher = Batcher(database, StillClock(), steps=STEPS, context=lambda: context, after_commit=lambda work: None)
    redirect = Redirect(ClickRecorder(database, batcher), clock=StillClock(), proxies=TrustedProxies(["192.0.2.0/24"]))
    front = Front(
        dialects={"sandbox": fixed, "json": fixed},
        links=redirect,
        health=lambda: Readiness(faults=[], carriers={}),
    )
    return Face(front, batcher, database)


@pytest.fixture
async def face(sqlite_place: Place) -> AsyncIterator[Face]:
    database = await sqlite_place.open()

    async def script(tx: Transaction) -> None:
        await tx.execute(
            "INSERT INTO links (code, message_id, account_id, url, created_ms) VALUES (?, 256, 1, ?, 0)", CODE, URL
        )

    await database.write(script)
    yield face_over(database)
    await database.close()


async def test_a_link_is_answered_by_a_302_that_nobody_may_keep_before_anything_is_written(face: Face) -> None:
    answer = await face.ask()  # nobody serves the batcher yet: a write that was waited for would never end
    assert (answer.status, answer.headers["location"], answer.body) == (302, URL, b"")
    assert "no-store" in answer.headers["cache-control"]
    assert await face.clicks() == [(CODE, NOW_MS, "192.0.2.7", "Mozilla/5.0", 0)]


async def test_links_are_case_sensitive_and_an_unknown_one_is_a_plain_404(face: Face) -> None:
    for path in (f"/{CODE.lower()}", "/zzzzzz1"):
        answer = await face.ask(path)
        assert (answer.status, answer.headers["content-type"]) == (404, "text/plain; charset=utf-8")
        assert "no-store" in answer.headers["cache-control"]
    assert await face.clicks() == []


@pytest.mark.parametrize("path", [f"/{CODE}/", f"/x/{CODE}", f"/{CODE}x", "/aB3xY9", "/aB3xY9%7A", "/"])
async def test_only_one_segment_of_seven_letters_and_digits_is_a_link(face: Face, path: str) -> None:
    assert (await face.ask(path)).status == 404
    assert await face.clicks() == []


async def test_a_fixed_route_of_seven_letters_is_no_link(face: Face) -> None:
    assert (await face.ask("/sandbox")).status == 299


async def test_head_is_redirected_and_counted_apart(face: Face) -> None:
    answer = await face.ask(method="HEAD")
    assert (answer.status, answer.headers["location"]) == (302, URL)
    assert [row[4] for row in await face.clicks()] == [1]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
async def test_other_methods_are_refused(face: Face, method: str) -> None:
    answer = await face.ask(method=method)
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")
    assert await face.clicks() == []


@pytest.mark.parametrize("sign", [".", ")", ").", ",", "…", "”", "!"])
async def test_a_sign_behind_a_link_is_ignored(face: Face, sign: str) -> None:
    answer = await face.ask(f"/{CODE}{sign}")
    assert (answer.status, answer.headers["location"]) == (302, URL)
    assert [row[0] for row in await face.clicks()] == [CODE]


@pytest.mark.parametrize(
    ("name", "value", "robot"),
    [
        ("sec_purpose", "prefetch;prerender", 1),
        ("purpose", "prefetch", 1),
        ("x_purpose", "preview", 1),
        ("x_moz", "Prefetch", 1),
        ("sec_fetch_mode", "no-cors", 1),
        ("sec_fetch_mode", "navigate", 0),
        ("purpose", "", 0),
    ],
)
async def test_a_prefetch_of_a_browser_is_counted_apart(face: Face, name: str, value: str, robot: int) -> None:
    assert (await face.ask(**{name: value})).status == 302
    assert [row[4] for row in await face.clicks()] == [robot]


@pytest.mark.parametrize("agent", ["", "curl/8.5.0", "Mozilla/5.0 (X11) HeadlessChrome/120.0"])
async def test_agents_that_are_no_browsers_are_counted_apart(face: Face, agent: str) -> None:
    assert (await face.ask(agent=agent)).status == 302
    assert [row[4] for row in await face.clicks()] == [1]


async def test_a_robot_that_previews_is_redirected_and_counted_apart(face: Face) -> None:
    assert (await face.ask(agent="WhatsApp/2.23.20.0 A")).status == 302
    assert [row[3:] for row in await face.clicks()] == [("WhatsApp/2.23.20.0 A", 1)]


async def test_the_address_is_the_one_before_our_own_proxies(face: Face) -> None:
    await face.ask(x_forwarded_for="203.0.113.9, 192.0.2.1")
    assert [row[2] for row in await face.clicks()] == ["203.0.113.9"]


async def test_an_endless_or_odd_user_agent_does_no_harm(face: Face) -> None:
    await face.ask(agent="ñ" * 10_000)
    await face.ask(agent="")
    assert [row[3] for row in await face.clicks()] == ["ñ" * AGENT_LONGEST, ""]


async def test_a_link_followed_too_often_is_redirected_and_recorded_up_to_a_limit_a_minute(face: Face) -> None:
    for _ in range(A_LINK_A_MINUTE + 5):
        assert (await face.ask()).status == 302
    assert len(await face.clicks()) == A_LINK_A_MINUTE


async def test_while_the_database_cannot_be_read_the_answer_is_503() -> None:
    answer = await face_over(BrokenDatabase()).ask()
    assert (answer.status, answer.headers["retry-after"]) == (503, "2")


@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("http://x.es/a?b=c#d", b"http://x.es/a?b=c#d"),
        ("http://x.es/%20%C3%B1", b"http://x.es/%20%C3%B1"),
        ("HTTP://x.es", b"HTTP://x.es"),
        ("http://x.es/mañana?q=ñ#ñ", b"http://x.es/ma%C3%B1ana?q=%C3%B1#%C3%B1"),
        ("https://España.es/ñ", b"https://xn--espaa-rta.es/%C3%B1"),
        ("https://españa.es:8443?x", b"https://xn--espaa-rta.es:8443?x"),
        ("http://ñ_-.es/a", None),
        ("http://x.es/\r\nSet-Cookie: a", b"http://x.es/%0D%0ASet-Cookie:%20a"),
    ],
)
def test_a_url_becomes_a_header_that_no_browser_misreads(url: str, location: bytes | None) -> None:
    made = location_of(url)
    assert made == location or location is None
    assert made.isascii()
    assert not set(made) & set(b"\r\n ")


PEOPLE = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("spoken", "language", "title"),
    [
        ("es-ES,es;q=0.9,en;q=0.8", "es", "Este enlace no lleva a ninguna parte"),
        ("es-MX", "es", "Este enlace no lleva a ninguna parte"),
        ("en-GB,en", "en", "This link leads nowhere"),
        ("pt-BR,pt;q=0.9", "pt", "Este link não leva a lugar nenhum"),
        ("de-DE,de;q=0.9,es;q=0.5", "es", "Este enlace no lleva a ninguna parte"),
        ("de", "en", "This link leads nowhere"),
        ("es;q=0, en;q=nonsense, *", "en", "This link leads nowhere"),
        ("", "en", "This link leads nowhere"),
    ],
)
async def test_a_dead_link_shows_people_a_page_in_their_language(
    face: Face, spoken: str, language: str, title: str
) -> None:
    answer = await face.ask("/zzzzzz1", accept=PEOPLE, accept_language=spoken)
    assert (answer.status, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert (answer.headers["content-language"], answer.headers["cache-control"]) == (language, "no-store")
    page = answer.body.decode()
    assert f'<html lang="{language}">' in page
    assert f"<h1>{title}</h1>" in page
    assert 'name="viewport"' in page
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "<script" not in page


@pytest.mark.parametrize("accept", ["*/*", "", "application/json", "text/html;q=0", "text/plain, */*"])
async def test_programs_get_a_line(face: Face, accept: str) -> None:
    answer = await face.ask("/zzzzzz1", accept=accept, accept_language="es")
    assert (answer.status, answer.headers["content-type"]) == (404, "text/plain; charset=utf-8")
    assert answer.body == b"This link leads nowhere\n"


async def test_the_policy_allows_the_page_s_own_style_and_no_other(face: Face) -> None:
    answer = await face.ask("/zzzzzz1", accept=PEOPLE)
    (style,) = re.findall(rb"<style>(.*?)</style>", answer.body)
    digest = base64.b64encode(hashlib.sha256(style).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in answer.headers["content-security-policy"]


async def test_any_other_address_that_leads_nowhere_has_a_page_too(face: Face) -> None:
    answer = await face.ask("/nowhere/at/all", accept=PEOPLE, accept_language="es")
    assert (answer.status, "Aquí no hay nada" in answer.body.decode()) == (404, True)
    assert (await face.ask("/nowhere/at/all")).body == b"Not found\n"


async def test_while_the_database_is_away_people_are_asked_to_try_again() -> None:
    answer = await face_over(BrokenDatabase()).ask(accept=PEOPLE, accept_language="es")
    assert (answer.status, answer.headers["retry-after"]) == (503, "2")
    assert "Pruebe dentro de unos segundos" in answer.body.decode()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_all_words(language: str) -> None:
    assert set(TEXTS[language]) == set(DeadEnd)


@pytest.mark.parametrize(
    ("path", "kind", "beginning"),
    [
        ("/favicon.ico", "image/x-icon", b"\0\0\1\0"),
        ("/apple-touch-icon.png", "image/png", b"\x89PNG"),
        ("/apple-touch-icon-precomposed.png", "image/png", b"\x89PNG"),
    ],
)
async def test_browsers_and_phones_find_our_icon_and_it_is_no_link(
    face: Face, path: str, kind: str, beginning: bytes
) -> None:
    answer = await face.ask(path)
    assert (answer.status, answer.headers["content-type"]) == (200, kind)
    assert answer.body.startswith(beginning)
    assert (await face.ask(path, method="HEAD")).status == 200
    assert (await face.ask(path, method="POST")).status == 405
    assert await face.clicks() == []
