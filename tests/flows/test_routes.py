"""Routes, sender rules and lanes: what is stored is what was meant, and every node hears of a change."""

import re

from tests.support.world import World

from palomar.domain.account import AccountId
from palomar.domain.hours import parse_hours
from palomar.domain.lane import Lane, Rank
from palomar.domain.routing import Plan, Route
from palomar.domain.sender_rules import SenderAction, SenderForm, SenderRule
from palomar.flows import routes
from palomar.storage.database import Transaction

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


async def plan(world: World) -> Plan:
    return await world.database.read(routes.load_plan)


async def version(world: World) -> int:
    return int((await world.ask("SELECT version FROM changes"))[0][0])


async def test_rules_come_back_as_they_were_added_with_ids_of_their_own(world: World) -> None:
    async def script(tx: Transaction) -> Plan:
        added = [await routes.add_route(tx, ROUTE), await routes.add_route(tx, Route(id=0, carrier="b"))]
        rule = await routes.add_sender_rule(tx, RULE)
        lane = await routes.add_lane(tx, LANE)
        assert lane is not None
        assert await routes.add_lane(tx, LANE) is None
        return Plan(routes=tuple(added), sender_rules=(rule,), lanes=(lane,))

    before = await version(world)
    added = await world.database.write(script)
    assert await plan(world) == added
    assert [route.id for route in added.routes] == [1, 2]
    assert await version(world) == before + 4


async def test_a_route_is_switched_off_and_on_and_removed(world: World) -> None:
    async def script(tx: Transaction) -> list[bool]:
        await routes.add_route(tx, ROUTE)
        off = await routes.switch_route(tx, 1, enabled=False)
        enabled = (await routes.load_plan(tx)).routes[0].enabled
        return [off, enabled, await routes.remove_route(tx, 1), await routes.remove_route(tx, 1)]

    assert await world.database.write(script) == [True, False, True, False]
    assert await plan(world) == Plan()


async def test_what_is_not_there_cannot_be_removed(world: World) -> None:
    async def script(tx: Transaction) -> list[bool]:
        await routes.add_sender_rule(tx, RULE)
        await routes.add_lane(tx, LANE)
        return [
            await routes.switch_route(tx, 9, enabled=True),
            await routes.remove_sender_rule(tx, 9),
            await routes.remove_sender_rule(tx, 1),
            await routes.remove_lane(tx, "nothing"),
            await routes.remove_lane(tx, "codes"),
        ]

    assert await world.database.write(script) == [False, False, True, False, True]
    assert await plan(world) == Plan()
