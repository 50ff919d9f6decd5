"""Overdue receipts are asked for: after the carrier's time, then ever more seldom, page by page, until they come."""

from collections.abc import Awaitable, Callable

from tests.sending.test_lease import SetClock
from tests.support.carriers import CountingCarrier
from tests.support.world import World

from palomar.receipts import overdue
from palomar.receipts.overdue import OverdueReceipts
from palomar.routing.rules import RoutingPlan
from palomar.routing.sender_rules import SenderAction, SenderRule
from palomar.storage.database import Database
from palomar.vocabulary.message import State

AFTER = 60.0


class AskedCarrier(CountingCarrier):
    """One that notes what it is asked."""

    def __init__(self, name: str = "c") -> None:
        super().__init__(name=name)
        self.asked: list[tuple[str, str]] = []

    def query(self, reference: str, *, sender: str) -> bool:
        self.asked.append((reference, sender))
        return True


def watched(database: Database) -> tuple[World, AskedCarrier, Callable[[float], Awaitable[int]]]:
    """A world, its carrier, and a look after so many seconds: how many questions it made."""
    world, clock, carrier = World(database=database), SetClock(), AskedCarrier()
    world.now_ms = clock.wall_ms()
    looks = OverdueReceipts(database, clock, {"c": carrier}, {"c": AFTER})

    async def look(seconds: float) -> int:
        clock.now += seconds
        before = len(carrier.asked)
        await looks.query_overdue()
        return len(carrier.asked) - before

    return world, carrier, look


async def test_a_part_without_a_receipt_is_asked_for_after_its_time_and_then_ever_more_seldom(
    database: Database,
) -> None:
    world, carrier, look = watched(database)
    await world.sent(await world.account(), parts=2)
    assert [await look(seconds) for seconds in (59, 1, 59, 1, 119, 1, 239, 1)] == [0, 2, 0, 2, 0, 2, 0, 2]
    assert carrier.asked[:2] == [("r1", "FOXSYS"), ("r2", "FOXSYS")]


async def test_the_carrier_is_asked_with_the_sender_that_it_was_told(database: Database) -> None:
    world, clock, carrier = World(database=database), SetClock(), AskedCarrier()
    world.now_ms = clock.wall_ms()
    await world.sent(await world.account())
    plan = RoutingPlan(sender_rules=(SenderRule(id=1, country="MX", action=SenderAction.REPLACE, replacement="5255"),))
    clock.now += AFTER
    await OverdueReceipts(database, clock, {"c": carrier}, {"c": AFTER}, plan=lambda: plan).query_overdue()
    assert carrier.asked == [("r1", "5255")]


async def test_what_has_its_receipt_or_is_another_carrier_s_is_not_asked_for(database: Database) -> None:
    world, _, look = watched(database)
    account = await world.account()
    await world.sent(account)
    await world.receipt("r1", State.DELIVERED)
    await world.sent(account, carrier="elsewhere")
    assert await look(AFTER) == 0


async def test_a_carrier_without_a_link_is_not_asked_and_asked_when_it_is_back(database: Database) -> None:
    world, carrier, look = watched(database)
    await world.sent(await world.account())
    carrier.live = False
    assert await look(AFTER) == 0
    carrier.live = True
    assert await look(1) == 1


async def test_many_are_asked_for_page_by_page(database: Database) -> None:
    world, carrier, look = watched(database)
    account = await world.account(credit=10**9)
    for number in range(overdue.PAGE + 3):
        await world.sent(account, reference=f"m{number}-")
    assert [await look(seconds) for seconds in (AFTER, 1, 1)] == [overdue.PAGE, 3, 0]
    assert len(set(carrier.asked)) == overdue.PAGE + 3


async def test_a_carrier_with_no_time_set_is_never_asked(database: Database) -> None:
    world, clock, carrier = World(database=database), SetClock(), AskedCarrier()
    await world.sent(await world.account())
    clock.now += 10**6
    await OverdueReceipts(database, clock, {"c": carrier}, {"c": 0}).query_overdue()
    assert carrier.asked == []
