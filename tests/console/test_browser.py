"""The console in a real browser: each page in both widths, languages and themes; its main action; axe; hostile texts.

One server and one browser for all; a context of its own, with cookies of its own, for each test.
"""

import base64
import re
import time
import urllib.parse
from typing import Literal

import pytest
from playwright.async_api import Browser, Page, ViewportSize, expect
from tests.support.console_place import DESK, HOSTILE, PASSWORD, PHONE, Place, log_in, opened, send, unfold
from tests.support.waiting import eventually

from palomar.access.totp import STEP_MS, code_at
from palomar.console.timeline_folding import STEPS_A_PAGE
from palomar.reports.buckets import Bucket
from palomar.storage.database import Transaction
from palomar.storage.sqlite import open_sqlite
from palomar.transaction.timeline_rows import INSERT_MOMENTS
from palomar.vocabulary.message import message_id_of

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.journey]

HEADINGS: dict[str, tuple[str | re.Pattern[str], ...]] = {
    "/console/login": ("Log in", "Entrar", "Entrar"),
    "/console/overview": ("Overview", "Resumen", "Resumo"),
    "/console/sandbox": ("Sandbox", "Pruebas", "Sandbox"),
    "/console/sandbox?number=34600000003": ("Sandbox", "Pruebas", "Sandbox"),
    "/console/sandbox/calls/{call}": ("POST /json/send",) * 3,
    "/console/callbacks": ("Callbacks", "Notificaciones", "Callbacks"),
    "/console/callbacks/{open}": ("127.0.0.1:9",) * 3,
    "/console/callbacks/tried/{tried}": (re.compile(r"127\.0\.0\.1:\d+"),) * 3,
    "/console/callbacks/got/{got}": ("GET /sandbox/callback",) * 3,
    "/console/messages": ("Messages", "Mensajes", "Mensagens"),
    "/console/messages/{delivered}": ("+34600000001",) * 3,
    "/console/messages/{failed}": ("+34600000002",) * 3,
    "/console/profile": ("Profile", "Perfil", "Perfil"),
    "/console/users": ("Users", "Personas", "Usuários"),
}
PAGES = list(HEADINGS)
FOCUSABLE_AT_MOST = 40
"""Before the last messages on the overview."""
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


@pytest.fixture(scope="session")
def place(console_place: Place) -> Place:
    return console_place


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_fits_every_width_language_and_theme(browser: Browser, place: Place, path: str) -> None:
    session = "" if path == "/console/login" else None
    async with opened(browser, place, session=session) as watched:
        page = watched.page
        for heading, language in enumerate(("en", "es", "pt-BR")):
            first, second = (DESK, PHONE) if language == "en" else (PHONE, DESK)
            await page.context.add_cookies([{"name": "palomar-language", "value": language, "url": place.url}])
            await page.set_viewport_size(first)
            await watched.open(place.path(path))
            await unfold(page)
            await expect(page.locator("h1").first).to_have_text(HEADINGS[path][heading])
            assert await page.locator("html").get_attribute("lang") == language
            for viewport in (first, second):
                await page.set_viewport_size(viewport)
                for theme in THEMES:
                    await page.emulate_media(color_scheme=theme)
                    assert await lightness(page) == theme
                    assert await watched.faults(axe=language == "en") == [], f"{viewport}, {theme}"
        assert await page.evaluate("document.fonts.ready.then(() => document.fonts.check('14px Inter'))")


async def lightness(page: Page) -> str:
    """How the page looks, by its background."""
    channels = await page.evaluate(
        "() => { const c = document.createElement('canvas').getContext('2d');"
        " c.fillStyle = getComputedStyle(document.body).backgroundColor; c.fillRect(0, 0, 1, 1);"
        " return [...c.getImageData(0, 0, 1, 1).data].slice(0, 3) }"
    )
    return "light" if sum(channels) > 600 else "dark" if sum(channels) < 200 else f"neither: {channels}"


# --- each page's main action


async def test_logging_in_and_out(browser: Browser, place: Place) -> None:
    async with opened(browser, place, viewport=PHONE, session="") as watched:
        page = watched.page
        await watched.open("/console/messages?state=delivered")
        await page.get_by_label("Login").fill("marta")
        await page.get_by_label("Password").fill("not this one")
        await page.get_by_role("button", name="Log in").click()
        await expect(page.get_by_role("alert")).to_have_text("That login and password do not match.")
        await expect(page.get_by_label("Login")).to_have_value("marta")
        watched.complaints.clear()  # Chromium complains of the 422
        await page.get_by_label("Password").fill(PASSWORD)
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(f"{place.url}/console/messages?state=delivered")
        await page.get_by_role("button", name="Log out").click()
        await expect(page).to_have_url(f"{place.url}/console/login")
        await page.go_back()
        await watched.open("/console/")
        await expect(page).to_have_url(re.compile("/console/login"))
        assert await watched.faults(axe=False) == []


async def test_from_the_overview_to_a_message_by_keyboard(browser: Browser, place: Place) -> None:
    async with opened(browser, place) as watched:
        page = watched.page
        await watched.open("/console/overview")
        await page.keyboard.press("Tab")
        await expect(page.get_by_text("Skip to the content")).to_be_focused()
        await page.keyboard.press("Enter")
        await page.keyboard.press("Tab")
        await expect(page.locator("main .switch a").first).to_be_focused()
        for _ in range(FOCUSABLE_AT_MOST):
            if await page.evaluate("document.activeElement.textContent") == "All messages":
                break
            await page.keyboard.press("Tab")
        await expect(page.get_by_role("link", name="All messages")).to_be_focused()
        assert await page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(re.compile("/console/messages/"))
        assert await watched.faults(axe=False) == []


async def test_searching_and_choosing(browser: Browser, place: Place) -> None:
    async with opened(browser, place) as watched:
        page = watched.page
        await watched.open("/console/messages")
        await page.get_by_label("Search for").fill("482913")
        await page.keyboard.press("Enter")
        await expect(page.locator("tbody tr")).to_have_count(1)
        await expect(page).to_have_url(re.compile("q=482913"))
        await watched.open("/console/messages")
        await page.get_by_label("State").select_option("undelivered")
        await expect(page).to_have_url(re.compile("state=undelivered"))
        await expect(page.locator("tbody tr")).to_have_count(1)
        await page.get_by_label("Time").select_option("between")
        await expect(page.get_by_label("From")).to_be_visible()
        assert await watched.faults(axe=True) == []
        await page.get_by_role("link", name="+34600099901").click()
        await expect(page.locator("h1")).to_have_text("+34600099901")


async def test_a_new_message_appears_by_itself_while_somebody_looks(browser: Browser, place: Place) -> None:
    async with opened(browser, place, viewport=PHONE) as watched:
        page = watched.page
        await page.clock.install()
        await watched.open("/console/messages?q=arrives&in=text")
        await expect(page.get_by_role("heading", name="Nothing fits")).to_be_visible()
        send(place.palomar, "demo", "34600000009", "It arrives while we look")
        await page.clock.run_for(5_000)
        await expect(page.get_by_text("It arrives while we look")).to_be_visible()
        await expect(page.locator("[data-live-mark]")).to_have_attribute("data-live-mark", "on")
        assert await watched.faults(axe=False) == []


async def test_an_export_shows_its_progress_and_ends_in_a_file(browser: Browser, place: Place) -> None:
    async with opened(browser, place) as watched:
        page = watched.page
        await watched.open("/console/messages?account=acme")
        async with page.expect_download() as download:
            await page.get_by_role("link", name="Export").click()
        file = await (await download.value).path()
        assert re.fullmatch(r"messages-\d{8}-\d{6}\.csv", (await download.value).suggested_filename)
        text = file.read_text(encoding="utf-8-sig")
        assert "This one is not delivered" in text
        assert "482913" not in text
        await expect(page.locator("[data-export-panel]")).to_be_hidden()
        assert await watched.faults(axe=False) == []


async def test_an_interrupted_export_says_so(browser: Browser, place: Place) -> None:
    async with opened(browser, place) as watched:
        page = watched.page
        await watched.open("/console/messages")
        await page.route("**/messages.csv*", lambda route: route.fulfill(status=503))
        await page.get_by_role("link", name="Export").click()
        await expect(page.get_by_text("The export broke off.")).to_be_visible()
        await page.get_by_role("button", name="Stop").click()
        await expect(page.locator("[data-export-panel]")).to_be_hidden()


async def test_without_scripts_the_pages_work_too(browser: Browser, place: Place) -> None:
    async with opened(browser, place, scripts=False) as watched:
        page = watched.page
        await watched.open("/console/messages")
        await page.get_by_label("Search for").fill("482913")
        await page.get_by_role("button", name="Search").click()
        await expect(page.locator("tbody tr")).to_have_count(1)
        async with page.expect_download() as download:
            await page.get_by_role("link", name="Export").click()
        assert "482913" in (await (await download.value).path()).read_text(encoding="utf-8-sig")


async def test_a_failed_callback_is_sent_again(browser: Browser, place: Place) -> None:
    async with opened(browser, place, viewport=PHONE) as watched:
        page = watched.page
        await watched.open(place.path("/console/messages/{failed}"))
        await page.get_by_role("link", name="See it and try again").click()
        await page.get_by_role("button", name="Try again").first.click()
        await expect(page.get_by_role("status")).to_have_text("The callback will be tried again within a second.")
        assert await watched.faults(axe=True) == []
    shown = eventually(
        lambda: [
            c
            for c in place.palomar.json("message", "show", place.ids["failed"])["callbacks_open"]
            if c["attempts"] == 1
        ],
        within_seconds=10,
        what="the callback was tried again",
    )
    assert not shown[0]["failed"]


async def test_a_moment_of_the_timeline_unfolds(browser: Browser, place: Place) -> None:
    async with opened(browser, place) as watched:
        page = watched.page
        await watched.open(place.path("/console/messages/{delivered}"))
        await page.get_by_text("What we sent").click()
        await expect(page.get_by_role("cell", name="34600000001")).to_be_visible()
        await page.get_by_text("Filters").click()
        await expect(page.get_by_text("let it pass").first).to_be_visible()
        await page.get_by_text("Route candidates").click()
        await expect(page.get_by_text("backup: no link since 14:02")).to_be_visible()
        hint = await page.locator("time").first.get_attribute("title")
        assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} UTC", hint or "")


async def test_language_and_theme_are_chosen_and_stay(browser: Browser, place: Place) -> None:
    async with opened(browser, place, viewport=PHONE) as watched:
        page = watched.page
        await watched.open("/console/profile")
        await page.get_by_role("button", name="Español").click()
        await expect(page.locator("h1")).to_have_text("Perfil")
        await page.get_by_role("button", name="Oscuro").click()
        await expect(page.get_by_role("button", name="Oscuro")).to_have_attribute("aria-pressed", "true")
        assert await lightness(page) == "dark"
        await watched.open("/console/messages")
        await expect(page.locator("h1")).to_have_text("Mensajes")
        assert await lightness(page) == "dark"
        assert await watched.faults(axe=True) == []


async def test_codes_are_set_up_and_asked_for(browser: Browser, place: Place) -> None:
    place.palomar.command("user", "add", "coded", "--role", "operator", "--password", PASSWORD)
    async with opened(browser, place, session=log_in(place.url, "coded")) as watched:
        page = watched.page
        await watched.open("/console/profile")
        totp = base64.b32decode(await page.locator(".secret code").inner_text())
        await page.get_by_label("Six digits").fill(code_now(totp))
        await page.get_by_role("button", name="Switch it on").click()
        await expect(page.get_by_role("status")).to_have_text("From now on the log-in asks for a code.")
        assert await watched.faults(axe=True) == []
    async with opened(browser, place, viewport=PHONE, session="") as watched:
        page = watched.page
        await watched.open("/console/login")
        await page.get_by_label("Login").fill("coded")
        await page.get_by_label("Password").fill(PASSWORD)
        await page.keyboard.press("Enter")
        field = page.get_by_label("The six digits that your app shows now")
        await expect(field).to_be_focused()
        assert await watched.faults(axe=True) == []
        await field.fill(code_now(totp, steps_ahead=1))  # the one before was used to switch it on
        await page.keyboard.press("Enter")
        await expect(page.locator("h1")).to_have_text("Sandbox")


def code_now(totp: bytes, *, steps_ahead: int = 0) -> str:
    return code_at(totp, time.time_ns() // 1_000_000 // STEP_MS + steps_ahead)


async def test_a_user_is_made_and_logs_in(browser: Browser, place: Place) -> None:
    async with opened(browser, place, viewport=PHONE) as watched:
        page = watched.page
        await watched.open("/console/users")
        await page.get_by_label("Login or e-mail").fill("pepe@example.com")
        await page.get_by_label("Name", exact=True).fill("<i>Pepe</i>")
        await page.locator(".fields-in-line [name=role]").select_option("read-only")
        await page.get_by_role("button", name="Add the user").click()
        password = await page.locator(".made code").inner_text()
        assert await watched.faults(axe=True) == []
        await page.get_by_role("button", name="Log out").click()
        await page.get_by_label("Login").fill("pepe@example.com")
        await page.get_by_label("Password").fill(password)
        await page.keyboard.press("Enter")
        await expect(page.locator(".me-role")).to_have_text("read-only")
        await expect(page.get_by_role("link", name="Users")).to_have_count(0)
    place.session = log_in(place.url, "marta")


async def test_support_sees_no_text_and_no_number(browser: Browser, place: Place) -> None:
    async with opened(browser, place, session=log_in(place.url, "sara")) as watched:
        pages = (
            "/messages",
            "/messages/{delivered}",
            "/",
            "/callbacks",
            "/callbacks/{open}",
            "/callbacks/tried/{tried}",
        )
        for path in (place.path(f"/console{page}") for page in pages):
            await watched.open(path)
            await unfold(watched.page)
            seen = await watched.page.content()
            for secret in ("482913", "34600000001", "33 34 36"):
                assert secret not in seen, path
            assert await watched.faults(axe=True) == []


async def test_an_account_has_a_console_of_its_own(browser: Browser, place: Place) -> None:
    async with opened(browser, place, session=log_in(place.url, "acme")) as watched:
        await watched.open("/console/messages")
        await expect(watched.page.locator("tbody tr")).to_have_count(1)
        await expect(watched.page.get_by_text("This one is not delivered")).to_be_visible()
        for path in ("/console/", "/console/overview", "/console/callbacks", "/console/users", "/console/profile"):
            await watched.open(path)
            assert await watched.faults(axe=False) == []
        response = await watched.page.goto(place.url + place.path("/console/messages/{delivered}"))
        assert response is not None
        assert response.status == 404


async def test_hostile_texts_do_nothing_on_any_page(browser: Browser, place: Place) -> None:
    listed = place.palomar.json("message", "list", "--msisdn", "34600000003")
    assert len(listed) == len(HOSTILE)
    query = urllib.parse.quote('"><script>alert(1)</script>')
    async with opened(browser, place) as watched:
        for path in (
            "/console/messages?q=34600000003",
            f"/console/messages?q={query}&state={query}&since={query}",
            "/console/sandbox?number=34600000003",
            f"/console/sandbox?number={query}&account={query}",
            place.path("/console/sandbox/calls/{call}"),
            place.path("/console/callbacks/{open}"),
            f"/console/callbacks?host={query}&account={query}&state={query}",
            *(f"/console/messages/{row['id']}" for row in listed),
        ):
            await watched.open(path)
            assert "pwned" not in await watched.page.title()
            assert await watched.page.locator("main script, main img, main iframe").count() == 0
            for viewport in (DESK, PHONE):
                await watched.page.set_viewport_size(viewport)
                assert await watched.faults(axe=False) == [], path


async def test_a_missing_page_is_shown_without_errors(browser: Browser, place: Place) -> None:
    async with opened(browser, place) as watched:
        await watched.open("/console/nothing")
        await expect(watched.page.locator("h1")).to_have_text("There is nothing here")
        assert [fault for fault in await watched.faults(axe=True) if "404" not in fault] == []


SMALL_PHONE: ViewportSize = {"width": 360, "height": 740}
LONG_NAME = "un-operador-de-nombre-larguisimo-barcelona-norte-2"


async def counted_largely(place: Place) -> None:
    """Figures of ten digits, a fortnight ago: of whole days, which nobody counts again."""
    key = "span_ms, start_ms, account_id, country, carrier, dialect, state, delay, messages, parts, microcredits"
    day = Bucket.DAY.start_of(time.time_ns() // 1_000_000) - 14 * Bucket.DAY

    async def script(tx: Transaction) -> None:
        await tx.execute("DELETE FROM counts WHERE carrier = ?", LONG_NAME)
        for state, delay, many in (
            ("delivered", 3, 1_987_654_321),
            ("undelivered", 0, 12_345_678),
            ("sent", 0, 1_234_567),
        ):
            await tx.execute(
                f"INSERT INTO counts ({key}) VALUES ({int(Bucket.DAY)}, ?, 0, 'ES', ?, 'foxsys', ?, ?, ?, ?, ?)",
                *(day, LONG_NAME, state, delay, many, 2 * many, 1_234_567 * many),
            )

    database = open_sqlite(place.palomar.data_dir / "palomar.db")
    await database.write(script)
    await database.close()


@pytest.mark.parametrize("language", ["en", "es", "pt-BR"])
async def test_large_figures_and_long_names_fit_on_a_small_phone(
    browser: Browser, place: Place, language: Literal["en", "es", "pt-BR"]
) -> None:
    await counted_largely(place)
    async with opened(browser, place, viewport=SMALL_PHONE, locale=language) as watched:
        page = watched.page
        await watched.open("/console/overview?period=month")
        await page.locator("details.more summary").first.click()
        await expect(page.locator(".share-name", has_text=LONG_NAME)).to_be_visible()
        lines = (
            "all => all.map(one => one.getBoundingClientRect().height / parseFloat(getComputedStyle(one).lineHeight))"
        )
        heights = await page.locator(".sum").evaluate_all(lines)
        assert len(heights) == 4
        assert max(heights) < 1.5, "no figure breaks"
        beyond = "all => all.filter(one => one.scrollWidth > one.clientWidth + 1).map(one => one.className)"
        assert await page.locator("#now .scrolls, #now .card, #now .tile").evaluate_all(beyond) == []
        assert await watched.faults(axe=language == "en") == []


@pytest.mark.parametrize(
    ("language", "heading"),
    [
        ("en", "This link leads nowhere"),
        ("es", "Este enlace no lleva a ninguna parte"),
        ("pt-BR", "Este link não leva a lugar nenhum"),
    ],
)
async def test_a_dead_link_is_a_page_in_the_visitors_language(
    browser: Browser, place: Place, language: Literal["en", "es", "pt-BR"], heading: str
) -> None:
    async with opened(browser, place, viewport=SMALL_PHONE, session="", locale=language) as watched:
        await watched.page.goto(f"{place.url}/zzzzzz9")
        await expect(watched.page.locator("h1")).to_have_text(heading)
        await expect(watched.page.locator("body")).to_have_css("display", "grid")
        assert [fault for fault in await watched.faults(axe=True) if "404" not in fault] == []


async def test_folded_steps_are_opened_page_by_page(browser: Browser, place: Place) -> None:
    send(place.palomar, "demo", "34600000021", "It was tried very often")
    listed = eventually(
        lambda: place.palomar.json("message", "list", "--msisdn", "34600000021", "--state", "delivered"),
        within_seconds=20,
        what="the message has ended",
    )
    message_id = message_id_of(listed[0]["id"])
    assert message_id is not None
    at_ms = time.time_ns() // 1_000_000

    async def script(tx: Transaction) -> None:
        for number in range(124):
            detail = f'{{"part":1,"attempt":{number},"reason":"no link is bound","carrier":"{LONG_NAME}"}}'
            row = (message_id, (1 << 62) + number, at_ms + number, "deferred", detail)
            await tx.insert(INSERT_MOMENTS, [row])

    database = open_sqlite(place.palomar.data_dir / "palomar.db")
    await database.write(script)
    await database.close()
    async with opened(browser, place, viewport=SMALL_PHONE, locale="es") as watched:
        page = watched.page
        await watched.open(f"/console/messages/{listed[0]['id']}")
        await expect(page.get_by_text("ningún enlace está conectado")).to_have_count(2)
        assert await watched.faults(axe=True) == []
        await page.get_by_role("link", name="122 pasos más como estos").click()
        await expect(page.get_by_text("ningún enlace está conectado")).to_have_count(STEPS_A_PAGE)
        await page.get_by_role("link", name="Siguientes").first.click()
        await expect(page.get_by_text("ningún enlace está conectado")).to_have_count(STEPS_A_PAGE)
        await expect(page.get_by_role("link", name="Anteriores").first).to_be_visible()
        assert await watched.faults(axe=True) == []
