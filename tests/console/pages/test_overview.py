"""The first page: balances and the last messages, of whoever looks."""

from tests.support.console_house import CREDIT, House
from tests.support.world import recipient

from palomar.console.pages.overview import BALANCES


async def test_it_shows_what_can_be_spent_and_what_was_sent_last(house: House) -> None:
    account = await house.account("acme", credit=1_234 * CREDIT)
    await house.world.accept(account, recipients=[recipient(1, text="the latest")])
    browser = house.browser()
    await browser.log_in("acme")
    page = (await browser.get("/console/")).text
    assert "1,233" in page
    assert "1 reserved" in page
    assert "the latest" in page


async def test_of_many_accounts_it_shows_some(house: House) -> None:
    for number in range(BALANCES + 2):
        await house.account(f"account{number}")
    await house.user("admin")
    browser = house.browser()
    await browser.log_in("admin")
    page = (await browser.get("/console/")).text
    assert "and 2 more accounts" in page
    assert "account0" in page


async def test_an_empty_house_says_what_to_do(house: House) -> None:
    await house.user("admin")
    browser = house.browser()
    await browser.log_in("admin")
    page = (await browser.get("/console/")).text
    assert "./run account add" in page
    assert "No messages yet" in page
