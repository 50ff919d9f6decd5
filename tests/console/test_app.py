"""The console's application: security headers, the way to the log-in, refused forms, errors."""

import asyncio
from typing import Any

import pytest
from tests.support.console_house import PASSWORD, Answer, Browser, House

from palomar.console.app import CONTENT_SECURITY_POLICY, FORM_LIMIT, Console
from palomar.console.routes import ROUTES
from palomar.net.networks import TrustedProxies
from palomar.vocabulary.access import RIGHTS, Role
from palomar.vocabulary.refusals import TemporarilyUnavailable

PATHS = ["/console/login", "/console/", "/console/messages", "/console/nothing", "/console/users"]


def guarded(answer: Answer) -> bool:
    return (
        answer.header("content-security-policy") == CONTENT_SECURITY_POLICY
        and answer.header("x-content-type-options") == "nosniff"
        and answer.header("referrer-policy") == "same-origin"
    )


def test_the_policy_allows_no_exception() -> None:
    assert CONTENT_SECURITY_POLICY.startswith(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
    )
    for word in ("unsafe", "data:", "*", "http", "blob:"):
        assert word not in CONTENT_SECURITY_POLICY
    for word in ("frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"):
        assert word in CONTENT_SECURITY_POLICY


@pytest.mark.parametrize("path", PATHS)
async def test_every_page_has_the_security_headers_and_is_not_cached(house: House, path: str) -> None:
    await house.user("admin")
    browser = house.browser()
    for _ in range(2):
        answer = await browser.get(path)
        assert guarded(answer)
        assert answer.header("cache-control") == "no-store"
        await browser.log_in("admin")


async def test_pages_load_own_files_only_and_have_no_inline_script_or_style(house: House) -> None:
    await house.user("admin")
    browser = house.browser()
    await browser.log_in("admin")
    for path in ("/console/login", "/console/", "/console/messages", "/console/profile", "/console/users"):
        page = (await browser.get(path)).text
        assert "http://" not in page.replace("http://www.w3.org/2000/svg", "")
        assert "https://" not in page
        for inline in ("<style", " style=", "<script>", " onclick=", " onload=", "javascript:"):
            assert inline not in page, f"{path}: {inline}"


async def test_files_may_be_cached_forever_and_are_compressed_where_that_helps(house: House) -> None:
    browser = house.browser()
    page = (await browser.get("/console/login")).text
    start = page.index('href="/console/static/') + 6
    prefix = page[start : page.index("/", start + 20)]
    sheet = await browser.get(f"{prefix}/base.css", accept_encoding="gzip, br")
    assert (sheet.status, sheet.header("content-type")) == (200, "text/css; charset=utf-8")
    assert (sheet.header("content-encoding"), sheet.header("vary")) == ("gzip", "accept-encoding")
    assert sheet.header("cache-control") == "public, max-age=31536000, immutable"
    assert guarded(sheet)
    plain = await browser.get(f"{prefix}/base.css")
    assert plain.header("content-encoding") == ""
    assert len(plain.body) > len(sheet.body)
    for path in (f"{prefix}/nothing.css", f"{prefix}/../rendering.py", "/console/static/0/console.css"):
        assert (await browser.get(path)).status == 303


async def test_without_a_session_a_page_leads_to_the_log_in_and_then_back(house: House) -> None:
    await house.user("admin")
    browser = house.browser()
    for path in ("/console/messages?q=a+b&state=sent", "/console/messages/x", "/console/nothing"):
        answer = await browser.get(path)
        assert answer.status == 303
        assert answer.location.startswith("/console/login?next=%2Fconsole%2F")
    wanted = await browser.get("/console/messages?q=a+b")
    form = await browser.get(wanted.location)
    assert 'name="next" value="/console/messages?q=a+b"' in form.text
    inside = await browser.post("/console/login", login="admin", password=PASSWORD, next="/console/messages?q=a+b")
    assert (inside.status, inside.location) == (303, "/console/messages?q=a+b")
    assert (await browser.get("/console/login")).location == "/console/"


async def test_every_page_needs_a_session_and_its_right(house: House) -> None:
    await house.user("reader", role=Role.READ_ONLY)
    stranger, reader = house.browser(), house.browser()
    await reader.log_in("reader")
    for route in ROUTES:
        path = "/console" + route.path.replace("{id}", "1")
        ask = stranger.get if route.method == "GET" else stranger.post
        answer = await ask(path)
        assert (answer.status, answer.location[:14]) == (303, "/console/login"), path
        if route.right not in RIGHTS[Role.READ_ONLY]:
            ask = reader.get if route.method == "GET" else reader.post
            assert (await ask(path)).status == 404, path


async def test_without_a_session_a_part_of_a_page_leads_the_whole_page_to_the_log_in(house: House) -> None:
    answer = await house.browser().get("/console/messages", hx_request="true")
    assert (answer.status, answer.header("hx-redirect")) == (401, "/console/login")


@pytest.mark.parametrize(
    "headers",
    [{}, {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"origin": "http://evil.example"}],
)
async def test_a_form_of_another_origin_changes_nothing(house: House, headers: dict[str, str]) -> None:
    await house.user("admin")
    browser = house.browser()
    await browser.log_in("admin")
    for path in ("/console/logout", "/console/login", "/console/users"):
        answer = await browser.ask("POST", path, headers=headers, form={"login": "x"})
        assert answer.status == 403
        assert guarded(answer)
    assert (await browser.get("/console/")).status == 200


async def test_on_plain_http_the_origin_header_of_a_form_counts(house: House) -> None:
    await house.user("admin")
    browser = house.browser()
    form = {"login": "admin", "password": PASSWORD}
    answer = await browser.ask("POST", "/console/login", headers={"origin": "http://palomar.test"}, form=form)
    assert answer.status == 303


async def test_other_methods_large_bodies_and_invalid_forms_are_refused(house: House) -> None:
    await house.user("admin")
    browser = house.browser()
    await browser.log_in("admin")
    assert (await browser.ask("DELETE", "/console/messages")).status == 405
    assert (await browser.post("/console/messages")).status == 405
    assert (await browser.get("/console/logout")).status == 405
    assert (await browser.post("/console/users", login="x" * FORM_LIMIT)).status == 413
    assert (await browser.get("/console/nothing")).status == 404
    assert (await browser.ask("HEAD", "/console/messages")).status == 200
    head = await browser.ask("HEAD", "/console/messages.csv")
    assert (head.status, head.body) == (200, b"")
    odd = "/console/messages?q=%00%ff%ed%a0%80&before=x&state=none&period=between&since=9&in=zzz&account=%00"
    assert (await browser.get(odd)).status == 200
    assert (await browser.get("/console/messages?" + "&".join(f"a{n}=1" for n in range(500)))).status == 200


async def test_the_bare_path_leads_to_the_console(house: House) -> None:
    answer = await house.browser().get("/console")
    assert (answer.status, answer.location) == (308, "/console/")


async def test_a_failed_page_shows_a_fault_id_and_nothing_more(house: House) -> None:
    await house.user("admin")
    browser = house.browser()
    await browser.log_in("admin")
    await house.world.tell("DROP TABLE messages")
    answer = await browser.get("/console/messages")
    assert answer.status == 500
    assert "It is in the log under the number" in answer.text
    assert "DROP" not in answer.text
    assert "no such table" not in answer.text


class Away:
    """Sessions in a database that is away."""

    async def signed_in(self, token: str) -> None:
        raise TemporarilyUnavailable("no disk")


async def test_an_unavailable_database_is_answered_with_a_page_and_retry_after(house: House) -> None:
    away: Any = Away()
    console = Console(house.viewers, away, proxies=TrustedProxies(), clock=house.clock, ids=house.world.ids)
    answer = await Browser(console, {"accept-language": "es"}).get("/console/")
    assert answer.status == 503
    assert answer.header("retry-after") == "2"
    assert "No disponible por el momento" in answer.text
    assert guarded(answer)


async def test_language_theme_and_zone_come_from_the_browser(house: House) -> None:
    browser = house.browser(accept_language="es-ES")
    page = (await browser.get("/console/login")).text
    assert '<html lang="es" data-look="auto">' in page
    assert "Contraseña" in page
    chosen = await browser.post("/console/preferences", language="en", theme="dark", back="/console/login?next=%2Fx")
    assert (chosen.status, chosen.location) == (303, "/console/login?next=%2Fx")
    page = (await browser.get("/console/login")).text
    assert '<html lang="en" data-look="dark">' in page
    await browser.post("/console/preferences", language="pt-BR", back="/console/login")
    page = (await browser.get("/console/login")).text
    assert '<html lang="pt-BR"' in page
    assert "Senha" in page
    browser.cookies |= {"palomar-zone": "../../etc/passwd", "palomar-theme": "<b>"}
    page = (await browser.get("/console/login")).text
    assert 'data-look="auto"' in page


@pytest.mark.parametrize(
    "back", ["https://evil.example/", "//evil.example", "/console/\\evil", "/json/send", "", "javascript:alert(1)"]
)
async def test_no_redirect_leads_to_another_site(house: House, back: str) -> None:
    await house.user("admin")
    browser = house.browser()
    assert (await browser.post("/console/preferences", language="es", back=back)).location == "/console/"
    inside = await browser.post("/console/login", login="admin", password=PASSWORD, next=back)
    assert inside.location == "/console/"


async def test_many_first_requests_at_the_same_time_are_all_served(house: House) -> None:
    answers = await asyncio.gather(*(house.browser().get("/console/login") for _ in range(5)))
    assert [answer.status for answer in answers] == [200] * 5


async def test_over_https_the_session_is_in_a_cookie_of_this_host_alone(house: House) -> None:
    await house.user("admin")
    browser = house.browser(x_forwarded_proto="https")
    await browser.log_in("admin")
    (line,) = browser.set_cookies
    assert line.startswith("__Host-palomar-session=")
    assert (await browser.get("/console/")).status == 200
