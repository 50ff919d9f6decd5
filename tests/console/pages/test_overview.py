"""The overview page: counts of a period, what needs attention, links, credit and the latest messages."""

import re

import pytest
from tests.support.console_house import CREDIT, House
from tests.support.counted import count_changed
from tests.support.world import new_node, recipient

from palomar.console.formats import iso_text
from palomar.console.pages.overview import BALANCES, PERIODS
from palomar.ports import LinkStatus
from palomar.routing.carrier_status import CarrierStatus, record_carrier_status
from palomar.sending.nodes import register, renew
from palomar.storage.database import Transaction
from palomar.vocabulary.message import State
from palomar.vocabulary.oddity import Oddity, OddityKind

OVERVIEW = "/console/overview"


async def test_the_overview_shows_counts_credit_and_the_latest_messages(house: House) -> None:
    account = await house.account("acme", credit=1_234 * CREDIT)
    await house.world.accept(account, recipients=[recipient(1, text="the latest"), recipient(2)])
    await house.world.tell(
        "UPDATE messages SET state = ?, final_ms = due_ms + 500 WHERE id = (SELECT min(id) FROM messages)",
        State.DELIVERED,
    )
    await count_changed(house.world)
    browser = house.browser()
    await browser.log_in("acme")
    page = (await browser.get(OVERVIEW)).text
    assert "1,232" in page
    assert "the latest" in page
    assert "1 of 1 that left and ended · 1 under way" in page
    assert "nine in ten within 1 s" in page
    assert 'data-country="MX"' in page
    assert page.count("data-at=") == 24
    assert [int(value) for value in re.findall(r'<td data-value="(\d+)"', page)][-4:] == [2, 1, 1, 0]
    assert "Nothing needs attention." in page
    assert "Links to carriers" not in page


@pytest.mark.parametrize(("period", "rows"), [("hour", 60), ("day", 24), ("month", 30), ("nonsense", 24)])
async def test_a_period_is_chosen_in_the_address(house: House, period: str, rows: int) -> None:
    await house.user("admin")
    browser = house.browser()
    await browser.log_in("admin")
    page = (await browser.get(f"{OVERVIEW}?period={period}")).text
    assert page.count("data-at=") == rows
    chosen = period if period in PERIODS else "day"
    assert re.search(rf'period={chosen}" aria-current="true"', page)


async def test_a_refresh_gets_only_what_changes(house: House) -> None:
    await house.user("admin")
    browser = house.browser()
    await browser.log_in("admin")
    piece = (await browser.get(OVERVIEW, hx_request="true")).text
    assert "<html" not in piece
    assert "data-figures" in piece


async def test_the_platform_sees_troubles_of_carriers_and_links(house: House) -> None:
    account = await house.account("acme", credit=2 * CREDIT)
    await house.world.accept(account, recipients=[recipient(1), recipient(2)], carrier="west")
    await count_changed(house.world)
    links = (
        LinkStatus(name="north/1", bound=True, outstanding=7, window=50, parts_per_second=12.0),
        LinkStatus(name="north/2", bound=False, outstanding=0, window=50, last_error="<b>refused</b>"),
    )
    statuses = [
        CarrierStatus(carrier="north", links=links),
        CarrierStatus(carrier="south", links=links[:1]),
        CarrierStatus(carrier="east", trouble="its password is wrong"),
        CarrierStatus(
            carrier="west", links=links[:1], idle_since_ms=house.clock.now_ms - 8_000, hindrance="window", stalled=False
        ),
    ]
    node_id = await new_node(house.world, "one")
    await house.world.database.write(lambda tx: record_carrier_status(tx, node_id, statuses, now_ms=house.clock.now_ms))
    await house.world.receipt("nobody's", State.DELIVERED, carrier="north")
    odd = (Oddity(OddityKind.WORD, "MIS<b>LUKT"),)
    await house.world.receipt("nobody's", None, carrier="north", oddities=odd)
    await house.world.tell(
        "INSERT INTO callbacks (id, message_id, account_id, dialect, method, url, due_ms, attempts, failed)"
        " VALUES (1, 256, ?, 'foxsys', 'GET', 'http://gone.example/x', 0, 6, 1)",
        account.id,
    )
    await house.user("admin")
    browser = house.browser()
    await browser.log_in("admin")
    page = (await browser.get(OVERVIEW)).text
    for words in (
        "1 of 2 links is down",
        "is slowed down by the carrier to 12 parts a second",
        "its password is wrong",
        "7 of 50 in flight",
        "&lt;b&gt;refused&lt;/b&gt;",
        "waiting parts: 2",
        "the oldest for",
        "2 parts wait, none has left for 8 s",
        "every slot waits for an answer of the carrier",
        "receipts that fit no message: 2, the last at",
        "says “MIS&lt;b&gt;LUKT” in its receipts, which nobody knows: 1, the last at",
        "gone.example",
        "1 given up, 0 tried again",
        "enough for 0.0 days",
    ):
        assert words in page, words
    assert "Nothing needs attention." not in page


async def test_of_many_accounts_only_some_are_shown(house: House) -> None:
    for number in range(BALANCES + 2):
        await house.account(f"account{number}")
    await house.user("admin")
    browser = house.browser()
    await browser.log_in("admin")
    page = (await browser.get(OVERVIEW)).text
    assert "and 2 more accounts" in page
    assert "account0" in page


async def test_an_empty_overview_explains_the_first_step(house: House) -> None:
    await house.user("admin")
    browser = house.browser()
    await browser.log_in("admin")
    page = (await browser.get(OVERVIEW)).text
    assert "./run account add" in page
    assert "No messages yet" in page
    assert "No messages in this time." in page


async def counted(house: House, name: str, *, uncounted_ms: int) -> None:
    """A living node that says for how long something has waited to be counted."""

    async def script(tx: Transaction) -> None:
        node = await register(tx, name=name)
        assert await renew(tx, node, uncounted_ms=uncounted_ms)
        house.clock.now_ms = await tx.now_ms()

    await house.world.database.write(script)


async def test_the_time_of_the_figures_is_that_of_the_slowest_node(house: House) -> None:
    await house.user("admin")
    browser = house.browser()
    await browser.log_in("admin")
    assert "Counted as of" not in (await browser.get(OVERVIEW)).text, "no server has said so"
    await counted(house, "one", uncounted_ms=500)
    browser = house.browser()
    await browser.log_in("admin")
    page = (await browser.get(OVERVIEW)).text
    assert "Counted as of" in page
    assert "behind" not in page
    await counted(house, "two", uncounted_ms=245_000)
    page = (await browser.get(OVERVIEW)).text
    as_of = iso_text(house.clock.now_ms - 245_000)[:18]
    assert re.search(rf'Counted as of <time datetime="{as_of}', page)
    assert "the count is 4 min 5 s behind" in page


async def test_a_clock_that_was_moved_ahead_makes_no_count_late(house: House) -> None:
    await house.user("admin")
    await counted(house, "one", uncounted_ms=500)
    house.clock.now_ms += 24 * 3_600_000
    browser = house.browser()
    await browser.log_in("admin")
    page = (await browser.get(OVERVIEW)).text
    assert "Counted as of" in page
    assert "behind" not in page


async def test_each_rate_is_shown_with_its_base(house: House) -> None:
    account = await house.account("acme", credit=100 * CREDIT)
    await house.world.accept(account, count=24)
    await house.world.tell(
        "UPDATE messages SET final_ms = due_ms, state = CASE WHEN id <= ? THEN 'delivered' ELSE 'undelivered' END",
        await third(house),
    )
    await count_changed(house.world)
    browser = house.browser()
    await browser.log_in("acme")
    page = (await browser.get(OVERVIEW)).text
    assert "3 of 24 that left and ended" in page
    rates = re.findall(r">([0-9.]+%)(.{0,80})", page.replace("\n", " "))
    assert len(rates) > 4
    for rate, behind in rates:
        assert re.match(r"(<[^>]*>| )*([0-9]+ )?of [0-9]", behind) or "that left and ended" in behind, (rate, behind)


async def third(house: House) -> int:
    """The id of the third message."""
    (row,) = await house.world.ask("SELECT id FROM messages ORDER BY id LIMIT 1 OFFSET 2")
    return int(row[0])
