"""The sandbox and the callbacks in a real browser: what people do there, live, by forms, and without scripts.

How these pages look is walked with all others (``test_browser``).
"""

import re

import pytest
from playwright.async_api import Browser, Page, expect
from tests.support.console_place import DESK, PHONE, Place, log_in, opened, read, send
from tests.support.waiting import eventually

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.journey]

DEMO_NUMBER = "34900000000"
"""The first account's own."""


@pytest.fixture(scope="session")
def place(console_place: Place) -> Place:
    return console_place


def state_of(place: Place, number: str) -> str:
    return str(place.palomar.json("message", "list", "--msisdn", number)[0]["state"])


async def live(page: Page) -> None:
    """Until the page hears what happens."""
    await expect(page.locator("[data-live-mark]")).to_have_attribute("data-live-mark", "on")


async def test_messages_arrive_on_an_open_page(browser: Browser, place: Place) -> None:
    async with opened(browser, place) as watched:
        page = watched.page
        await watched.open("/console/sandbox?number=34600000011")
        await expect(page.get_by_text("Of the latest 1,000 messages none is for this phone.")).to_be_visible()
        await live(page)
        long = "It arrives live, and it is long: " + "x" * 150
        send(place.palomar, "demo", "34600000011", long)
        bubble = page.locator(".screen li", has_text="It arrives live")
        await expect(bubble.get_by_text("2 parts, GSM")).to_be_visible()
        await expect(bubble.get_by_role("link", name="delivered")).to_be_visible()
        send(place.palomar, "demo", "34600099901", "Not for this phone")
        line = page.locator(".lines li", has_text="+34600099901")
        await expect(line.locator(".unread")).to_be_visible()
        await line.get_by_role("link").click()
        await expect(
            page.locator(".screen li", has_text="Not for this phone").get_by_text("undelivered")
        ).to_be_visible()
        await expect(page.locator(".lines li", has_text="+34600099901").locator(".unread")).to_have_count(0)
        assert await watched.faults(axe=True) == []


async def test_a_phone_writes_and_a_draft_stays_while_messages_arrive(browser: Browser, place: Place) -> None:
    send(place.palomar, "demo", "34600000012", "Will you come?")
    async with opened(browser, place, viewport=PHONE) as watched:
        page = watched.page
        await watched.open("/console/sandbox?number=34600000012")
        await live(page)
        field = page.get_by_label("What the phone writes")
        await field.fill("Half of an ans")
        send(place.palomar, "demo", "34600000012", "Hello?")
        await expect(page.locator(".screen").get_by_text("Hello?")).to_be_visible()
        await expect(field).to_have_value("Half of an ans")
        await expect(field).to_be_focused()
        await field.fill("<b>Yes</b>, at nine")
        await expect(page.get_by_label("Writes to")).to_have_value(DEMO_NUMBER)
        await page.keyboard.press("Enter")
        answer = page.locator(".screen .from-phone")
        await expect(answer.locator(".talk")).to_have_text("<b>Yes</b>, at nine")
        await expect(answer.get_by_text("demo")).to_be_visible()  # whom it has reached
        await expect(field).to_have_value("")
        await expect(field).to_be_focused()
        assert await watched.faults(axe=True) == []
        await field.fill("<b>Yes</b>, at nine")
        await page.get_by_role("button", name="Write").click()
        await expect(answer).to_have_count(2)
        send(place.palomar, "demo", "34600000012", "One more")
        await expect(page.locator(".screen").get_by_text("One more")).to_be_visible()
        await field.fill("No")
        await page.keyboard.press("Enter")
        await expect(answer).to_have_count(2)
        await expect(page.get_by_role("alert")).to_have_count(0)


async def test_a_numbers_behavior_is_set_and_cleared(browser: Browser, place: Place) -> None:
    async with opened(browser, place) as watched:
        page = watched.page
        await watched.open("/console/sandbox?number=34600000013")
        for choice, state in (
            ("fails: it cannot be delivered", "undelivered"),
            ("what its last digits say", "delivered"),
        ):
            await page.get_by_label("What it does").select_option(choice)
            await page.get_by_role("button", name="Let it do so").click()
            await expect(page.get_by_role("status")).to_have_text("From now on this number does so.")
            send(place.palomar, "demo", "34600000013", f"It is to be {state}")
            eventually(lambda: state_of(place, "34600000013") == state, within_seconds=15, what=state)  # noqa: B023
        assert await watched.faults(axe=False) == []


async def test_a_carriers_chaos_is_set_and_cleared(browser: Browser, place: Place) -> None:
    async with opened(browser, place, viewport=PHONE) as watched:
        page = watched.page
        await watched.open("/console/sandbox")
        await page.get_by_label("Script for simulator").fill("delay-answers=50%")
        await page.get_by_role("button", name="Set", exact=True).click()
        await expect(page.locator(".chaos code")).to_contain_text("delay-answers=50%")
        assert await watched.faults(axe=True) == []
        await page.get_by_role("button", name="Back to normal").click()
        await expect(page.get_by_text("does nothing wrong", exact=True)).to_be_visible()
        await page.get_by_label("Script for simulator").fill("nonsense")
        await page.get_by_role("button", name="Set", exact=True).click()
        await expect(page.get_by_role("alert")).to_contain_text("This script cannot be read")


async def test_requests_are_copied_as_they_stand_and_the_dialect_is_remembered(browser: Browser, place: Place) -> None:
    async with opened(browser, place) as watched:
        page = watched.page
        await page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=place.url)
        await watched.open("/console/sandbox")
        await page.get_by_text("CONVERGIA", exact=True).click()
        await page.locator("label", has_text="Python").and_(page.locator(":visible")).click()
        await page.get_by_role("button", name="Copy").and_(page.locator(":visible")).click()
        code = await page.locator(".examples pre:visible").text_content()
        assert code
        assert "import urllib" in code
        assert await page.evaluate("navigator.clipboard.readText()") == code
        await watched.open("/console/sandbox")
        await expect(page.get_by_role("radio", name="CONVERGIA")).to_be_checked()
        assert await watched.faults(axe=True) == []


async def test_an_account_uses_its_own_sandbox_and_makes_a_key(browser: Browser, place: Place) -> None:
    send(place.palomar, "acme", "34600000014", "Of acme")
    send(place.palomar, "demo", "34600000014", "Of demo")
    eventually(lambda: state_of(place, "34600000014") == "delivered", within_seconds=15, what="delivered")
    async with opened(browser, place, viewport=PHONE, session=log_in(place.url, "acme")) as watched:
        page = watched.page
        await watched.open("/console/")
        await expect(page.locator("h1")).to_have_text("Sandbox")
        await page.get_by_role("link", name="+34600000014").click()
        await expect(page.locator(".screen .talk")).to_have_text("Of acme")
        await live(page)
        send(place.palomar, "demo", "34600000014", "Again of demo")
        send(place.palomar, "acme", "34600000014", "Again of acme")
        await expect(page.locator(".screen .talk")).to_have_text(["Of acme", "Again of acme"])
        await page.get_by_role("button", name="Make a key").click()
        await expect(page.get_by_role("status")).to_contain_text("It is shown only now")
        await expect(page.locator(".examples pre").first).not_to_contain_text("YOUR_")
        assert await watched.faults(axe=True) == []


async def test_a_call_opens_to_its_request_and_answer(browser: Browser, place: Place) -> None:
    async with opened(browser, place) as watched:
        page = watched.page
        await watched.open("/console/sandbox")
        await page.locator(".call summary").first.click()
        await expect(page.locator(".call pre").first).to_contain_text("authorization: Basic •••")
        await expect(page.locator(".call pre").last).to_contain_text('"code"')
        assert await watched.faults(axe=True) == []


async def test_without_scripts_it_works_by_reloading(browser: Browser, place: Place) -> None:
    send(place.palomar, "demo", "34600000015", "A page of paper")
    eventually(lambda: state_of(place, "34600000015") == "delivered", within_seconds=15, what="delivered")
    async with opened(browser, place, viewport=PHONE, scripts=False) as watched:
        page = watched.page
        await watched.open("/console/sandbox")
        await page.get_by_role("link", name="+34600000015").click()
        await expect(page.locator(".screen").get_by_text("A page of paper")).to_be_visible()
        await page.get_by_label("What the phone writes").fill("By a form")
        await page.get_by_role("button", name="Write").click()
        await expect(page.get_by_role("status")).to_have_text("The phone has written.")
        shown = "/console/sandbox?number=34600000015"
        eventually(lambda: "By a form" in read(place.url, place.session, shown), within_seconds=10, what="it came in")
        await page.reload()
        await expect(page.locator(".screen").get_by_text("By a form")).to_be_visible()
        await page.locator(".phone-back").click()
        await expect(page.locator(".phone")).to_be_hidden()
        await page.locator(".call summary").first.click()
        await page.get_by_role("link", name="The raw request and answer").first.click()
        await expect(page.locator("pre").first).to_contain_text("POST /json/send")


# --- callbacks


async def test_callbacks_are_filtered_opened_and_sent_again(browser: Browser, place: Place) -> None:
    async with opened(browser, place) as watched:
        page = watched.page
        await watched.open("/console/callbacks")
        await page.get_by_label("State").select_option("failed")
        await expect(page).to_have_url(re.compile("state=failed"))
        await expect(page.get_by_role("heading", name="Sent")).to_have_count(0)
        await page.locator(f"#o{place.ids['open']}").get_by_role("link").click()
        await expect(page.locator("pre").first).to_contain_text("GET http://127.0.0.1:9/<i>never</i>?")
        await page.get_by_role("button", name="Try again").click()
        await expect(page.get_by_role("status")).to_have_text("The callback will be tried again within a second.")
        assert await watched.faults(axe=True) == []
    eventually(lambda: tried_again(place), within_seconds=10, what="it was tried again")


def tried_again(place: Place) -> bool:
    (found,) = [row for row in place.palomar.json("callback", "list") if str(row["id"]) == place.ids["open"]]
    return not found["failed"] and found["attempts"] == 1


async def test_a_received_callback_appears_on_an_open_page(browser: Browser, place: Place) -> None:
    async with opened(browser, place, viewport=PHONE) as watched:
        page = watched.page
        await page.clock.install()
        await watched.open("/console/callbacks")
        send(place.palomar, "demo", "34600000016", "Told", ackurl=f"{place.url}/sandbox/callback?mine=1")
        eventually(lambda: state_of(place, "34600000016") == "delivered", within_seconds=15, what="delivered")
        await page.clock.run_for(5_000)
        got = page.locator(".call", has_text="mine=1").first
        await got.locator("summary").click()
        await expect(got.locator("pre")).to_contain_text("HTTP/1.1")
        await page.set_viewport_size(DESK)
        assert await watched.faults(axe=True) == []
