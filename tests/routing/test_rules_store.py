"""Routes, sender rules and lanes are stored and read back, and every node is told of a change."""

import re

from tests.support.world import World

from palomar.routing import rules_store
from palomar.routing.hours import parse_hours
from palomar.routing.rules import Route, RoutingPlan
from palomar.routing.sender_rules import SenderAction, SenderForm, SenderRule
from palomar.storage.database import Transaction
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.lane import Lane, Rank

ROUTE = Route(
    id=0,
    name="day",
    carrier="a",
    priority=3,
    weight=2,
    cost_microcredits=25_000,
    prefix="346",
    country="ES",
    sender="ACME*",
    account_id=AccountId(7),
    label="otp",
    dialect="foxsys",
    hours=parse_hours("mon-fri 08:00-20:00 Europe/Madrid"),
)
RULE = SenderRule(
    id=0, carrier="a", country="MX", form=SenderForm.NAME, action=SenderAction.REPLACE, replacement="5255"
)
LANE = Lane(
    id=0,
    name="codes",
    rank=Rank.URGENT,
    account_id=AccountId(7),
    label="otp*",
    sender="ACME",
    pattern=re.compile(r"\d{4}", re.IGNORECASE),
    useless_after_seconds=30,
    flash=True,
)


async def plan(world: World) -> RoutingPlan:
    return await world.database.read(rules_store.load_plan)


async def version(world: World) -> int:
    return int((await world.ask("SELECT version FROM changes"))[0][0])


async def test_rules_come_back_as_they_were_added_with_ids_of_their_own(world: World) -> None:
    async def script(tx: Transaction) -> RoutingPlan:
        added = [await rules_store.add_route(tx, ROUTE), await rules_store.add_route(tx, Route(id=0, carrier="b"))]
        rule = await rules_store.add_sender_rule(tx, RULE)
        lane = await rules_store.add_lane(tx, LANE)
        assert lane is not None
        assert await rules_store.add_lane(tx, LANE) is None
        return RoutingPlan(routes=tuple(added), sender_rules=(rule,), lanes=(lane,))

    before = await version(world)
    added = await world.database.write(script)
    assert await plan(world) == added
    assert [route.id for route in added.routes] == [1, 2]
    assert await version(world) == before + 4


async def test_a_route_is_switched_off_and_on_and_removed(world: World) -> None:
    async def script(tx: Transaction) -> list[bool]:
        await rules_store.add_route(tx, ROUTE)
        off = await rules_store.switch_route(tx, 1, enabled=False)
        enabled = (await rules_store.load_plan(tx)).routes[0].enabled
        return [off, enabled, await rules_store.remove_route(tx, 1), await rules_store.remove_route(tx, 1)]

    assert await world.database.write(script) == [True, False, True, False]
    assert await plan(world) == RoutingPlan()


async def test_a_rule_that_does_not_exist_cannot_be_removed(world: World) -> None:
    async def script(tx: Transaction) -> list[bool]:
        await rules_store.add_sender_rule(tx, RULE)
        await rules_store.add_lane(tx, LANE)
        return [
            await rules_store.switch_route(tx, 9, enabled=True),
            await rules_store.remove_sender_rule(tx, 9),
            await rules_store.remove_sender_rule(tx, 1),
            await rules_store.remove_lane(tx, "nothing"),
            await rules_store.remove_lane(tx, "codes"),
        ]

    assert await world.database.write(script) == [False, False, True, False, True]
    assert await plan(world) == RoutingPlan()
