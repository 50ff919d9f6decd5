"""The page of messages: choices in the address, pages by key, the part that htmx requests, hostile texts."""

import re

import pytest
from tests.support.console_house import CREDIT, Browser, House
from tests.support.world import recipient

from palomar.console.pages.messages import CHOICES_AT_MOST, PAGE_MESSAGES
from palomar.reports.search_request import SearchBounds
from palomar.vocabulary.access import Role
from palomar.vocabulary.message import State, public_id


@pytest.fixture
async def browser(house: House) -> Browser:
    await house.user("admin")
    inside = house.browser()
    await inside.log_in("admin")
    return inside


async def send(house: House, login: str, *said: str, **asked: object) -> list[str]:
    account = house.directory.by_login(login) or await house.account(login, credit=10_000 * CREDIT)
    ids = []
    for text in said:
        house.wait(1_000)
        result = await house.world.accept(
            account,
            recipients=[recipient(house.world.ids.serial() % 10_000, text=text)],
            **asked,  # type: ignore[arg-type]
        )
        ids.append(public_id(result.messages[0].row.id))  # type: ignore[union-attr]  # it is accepted
    return ids


def texts(page: str) -> list[str]:
    return re.findall(r'<span class="line"><bdi>(.*?)</bdi>', page)


async def test_without_messages_the_page_says_how_to_send_one(browser: Browser) -> None:
    page = (await browser.get("/console/messages")).text
    assert "No messages yet" in page
    assert "./run message send" in page


async def test_every_choice_is_in_the_address_and_shown_as_chosen(house: House, browser: Browser) -> None:
    await send(house, "acme", "one", label="l1")
    await send(house, "other", "two", request_ref="s2")
    page = (await browser.get("/console/messages?q=l1&in=label&state=queued&period=day&account=acme&carrier=c")).text
    assert texts(page) == ["one"]
    for chosen in ('value="label" selected', 'value="queued" selected', 'value="day" selected'):
        assert chosen in page
    assert 'value="acme" selected' in page
    assert 'value="c" selected' in page
    assert texts((await browser.get("/console/messages?account=nobody")).text) == []
    assert texts((await browser.get("/console/messages?q=s2")).text) == ["two"]
    assert texts((await browser.get(f"/console/messages?state={State.SENT}")).text) == []
    nothing = (await browser.get("/console/messages?q=zzz")).text
    assert "Nothing fits" in nothing
    assert "Clear the filters" in nothing


async def test_a_period_between_two_times_is_in_the_viewers_zone(house: House, browser: Browser) -> None:
    await send(house, "acme", "then")  # at 2025-10-09 08:53:21 UTC
    browser.cookies["palomar-zone"] = "America/Mexico_City"
    within = "/console/messages?period=between&since=2025-10-09T02:53&until=2025-10-09T02:54"
    assert texts((await browser.get(within)).text) == ["then"]
    before = "/console/messages?period=between&since=2025-10-09T08:53&until=2025-10-09T08:54"
    assert texts((await browser.get(before)).text) == []
    browser.cookies["palomar-zone"] = "UTC"
    assert texts((await browser.get(before)).text) == ["then"]


async def test_a_search_for_an_id_redirects_to_its_message(house: House, browser: Browser) -> None:
    (identity,) = await send(house, "acme", "one")
    answer = await browser.get(f"/console/messages?q={identity.upper()}")
    assert (answer.status, answer.location) == (303, f"/console/messages/{identity}")


async def test_pages_follow_each_other_by_key(house: House, browser: Browser) -> None:
    count = PAGE_MESSAGES + 10
    await send(house, "acme", *(f"text {number}" for number in range(count)))
    first = (await browser.get("/console/messages?account=acme")).text
    assert texts(first) == [f"text {number}" for number in range(count - 1, 9, -1)]
    (older,) = re.findall(r'href="(/console/messages\?before=[^"]+)"', first)
    second = (await browser.get(older.replace("&amp;", "&"))).text
    assert texts(second) == [f"text {number}" for number in range(9, -1, -1)]
    assert "hx-get" not in second
    assert 'href="/console/messages?account=acme"' in second


async def test_the_first_page_refreshes_the_list_alone(house: House, browser: Browser) -> None:
    await send(house, "acme", "one")
    page = (await browser.get("/console/messages?state=queued")).text
    assert 'hx-get="/console/messages?state=queued" hx-trigger="every 5s"' in page
    piece = (await browser.get("/console/messages?state=queued", hx_request="true")).text
    assert texts(piece) == ["one"]
    assert "<html" not in piece
    assert "<form" not in piece


async def test_hostile_texts_and_labels_are_escaped(house: House, browser: Browser) -> None:
    await send(house, "acme", "<script>alert(1)</script>", label='"><img src=x onerror=alert(1)>')
    await send(house, "acme", "a\u202eb")
    page = (await browser.get("/console/messages")).text
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "\u202e" not in page
    hostile = (await browser.get("/console/messages?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E&in=label")).text
    assert "<script>alert" not in hostile


async def test_support_is_shown_a_hint_about_hidden_texts(house: House) -> None:
    await send(house, "acme", "the code is 4711")
    await house.user("sara", role=Role.SUPPORT)
    browser = house.browser()
    await browser.log_in("sara")
    page = (await browser.get("/console/messages")).text
    assert texts(page) == ["•••••"]
    assert "hidden from support" in page
    assert '<option value="text"' not in page
    assert "4711" not in page


async def test_with_many_accounts_the_login_is_typed(house: House, browser: Browser) -> None:
    for number in range(CHOICES_AT_MOST + 1):
        await house.account(f"account{number}")
    await send(house, "account7", "of seven")
    page = (await browser.get("/console/messages?account=account7")).text
    assert '<input name="account" value="account7"' in page
    assert "account200" not in page
    assert texts(page) == ["of seven"]
    assert '<input name="account"' in (await browser.get("/console/users")).text


FEW = SearchBounds(scanned=10, scanned_of_accounts=10, scanned_at_first=3, read=10, read_at_once=5, candidates=10)
"""A search gives up early: nothing has been indexed, so it reads along."""


def linked(page: str, pattern: str) -> str:
    (found,) = re.findall(pattern, page)
    return str(found).replace("&amp;", "&")


@pytest.mark.parametrize("wanted", ["q=needle", "q=needle&in=text", "q={number}&in=number"])
async def test_a_search_says_nothing_found_only_when_everything_was_read(
    house: House, browser: Browser, wanted: str
) -> None:
    (identity,) = await send(house, "acme", "needle")
    await send(house, "acme", *(f"hay {number}" for number in range(40)))
    row = (await browser.get(f"/console/messages/{identity}")).text
    wanted = wanted.format(number=linked(row, r"<h1><bdi>[+]([0-9]+)</bdi>"))
    house.viewers.bounds, house.viewers.search_seconds = FEW, 0.0
    page = (await browser.get(f"/console/messages?{wanted}")).text
    steps = 0
    while "Nothing found so far" in page:
        assert "Nothing fits" not in page
        assert "Searched back to" in page
        assert 'hx-trigger="every' not in page, "a list that looks again would begin the search anew"
        assert linked(page, r'hx-get="([^"]+)" hx-trigger="load') in page.replace("&amp;", "&")
        page = (await browser.get(linked(page, r'hx-get="([^"]+)" hx-trigger="load'), hx_request="true")).text
        steps += 1
    assert steps >= 2
    assert texts(page) == ["needle"]


async def test_a_search_continues_within_its_time(house: House, browser: Browser) -> None:
    await send(house, "acme", "needle", *(f"hay {number}" for number in range(40)))
    house.viewers.bounds = FEW
    page = (await browser.get("/console/messages?q=needle")).text
    assert texts(page) == ["needle"]
    assert "Searched back" not in page


async def test_the_last_page_does_not_deny_earlier_results(house: House, browser: Browser) -> None:
    first, *_ = await send(house, "acme", "hay", "needle", "hay")
    page = (await browser.get(f"/console/messages?q=needle&before={first}")).text
    assert "Nothing older fits" in page
    assert "Nothing fits" not in page


async def test_an_unfinished_search_says_how_far_back_it_has_searched(house: House, browser: Browser) -> None:
    await send(house, "acme", *(f"hay {number}" for number in range(40)))
    house.viewers.bounds, house.viewers.search_seconds = FEW, 0.0
    page = (await browser.get("/console/messages?q=zzz&state=queued")).text
    assert "No messages yet" not in page
    assert "Nothing fits" not in page
    assert "Nothing found so far" in page
