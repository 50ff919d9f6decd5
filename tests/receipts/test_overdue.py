"""Parts with overdue receipts are queried, ever more seldom, page by page, until their receipts come."""

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


class QueriedCarrier(CountingCarrier):
    """A carrier that notes the queries it gets."""

    def __init__(self, name: str = "c") -> None:
        super().__init__(name=name)
        self.queries: list[tuple[str, str]] = []

    def query(self, reference: str, *, sender: str) -> bool:
        self.queries.append((reference, sender))
        return True


def watched(database: Database) -> tuple[World, QueriedCarrier, Callable[[float], Awaitable[int]]]:
    """Make a world, its carrier, and a function that waits seconds and returns how many queries followed."""
    world, clock, carrier = World(database=database), SetClock(), QueriedCarrier()
    world.now_ms = clock.wall_ms()
    overdue = OverdueReceipts(database, clock, {"c": carrier}, {"c": AFTER})

    async def query_after(seconds: float) -> int:
        clock.now += seconds
        before = len(carrier.queries)
        await overdue.query_overdue()
        return len(carrier.queries) - before

    return world, carrier, query_after


async def test_a_part_without_a_receipt_is_queried_after_its_time_and_then_ever_more_seldom(
    database: Database,
) -> None:
    world, carrier, query_after = watched(database)
    await world.sent(await world.account(), parts=2)
    assert [await query_after(seconds) for seconds in (59, 1, 59, 1, 119, 1, 239, 1)] == [0, 2, 0, 2, 0, 2, 0, 2]
    assert carrier.queries[:2] == [("r1", "FOXSYS"), ("r2", "FOXSYS")]


async def test_a_query_names_the_sender_that_the_carrier_was_given(database: Database) -> None:
    world, clock, carrier = World(database=database), SetClock(), QueriedCarrier()
    world.now_ms = clock.wall_ms()
    await world.sent(await world.account())
    plan = RoutingPlan(sender_rules=(SenderRule(id=1, country="MX", action=SenderAction.REPLACE, replacement="5255"),))
    clock.now += AFTER
    await OverdueReceipts(database, clock, {"c": carrier}, {"c": AFTER}, plan=lambda: plan).query_overdue()
    assert carrier.queries == [("r1", "5255")]


async def test_a_part_with_its_receipt_or_of_another_carrier_is_not_queried(database: Database) -> None:
    world, _, query_after = watched(database)
    account = await world.account()
    await world.sent(account)
    await world.receipt("r1", State.DELIVERED)
    await world.sent(account, carrier="elsewhere")
    assert await query_after(AFTER) == 0


async def test_a_carrier_without_a_link_is_queried_when_it_is_back(database: Database) -> None:
    world, carrier, query_after = watched(database)
    await world.sent(await world.account())
    carrier.live = False
    assert await query_after(AFTER) == 0
    carrier.live = True
    assert await query_after(1) == 1


async def test_many_parts_are_queried_page_by_page(database: Database) -> None:
    world, carrier, query_after = watched(database)
    account = await world.account(credit=10**9)
    for number in range(overdue.PAGE + 3):
        await world.sent(account, reference=f"m{number}-")
    assert [await query_after(seconds) for seconds in (AFTER, 1, 1)] == [overdue.PAGE, 3, 0]
    assert len(set(carrier.queries)) == overdue.PAGE + 3


async def test_a_carrier_with_no_time_set_is_never_queried(database: Database) -> None:
    world, clock, carrier = World(database=database), SetClock(), QueriedCarrier()
    await world.sent(await world.account())
    clock.now += 10**6
    await OverdueReceipts(database, clock, {"c": carrier}, {"c": 0}).query_overdue()
    assert carrier.queries == []
