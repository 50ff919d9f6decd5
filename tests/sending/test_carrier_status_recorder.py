"""The status of carriers is stored when it changes, for commands beside the server."""

from tests.sending.test_lease import SetClock
from tests.support.carriers import CountingCarrier
from tests.support.world import World, new_node

from palomar.routing.carrier_status import CarrierStatus, list_carrier_status
from palomar.routing.router import Router
from palomar.sending.carrier_status_recorder import CarrierStatusRecorder
from palomar.sending.nodes import take_over
from palomar.sending.stalled import StalledQueue, StallReason
from palomar.storage.database import Database


async def kept(world: World) -> list[CarrierStatus]:
    return await world.database.read(list_carrier_status)


async def test_the_status_of_carriers_is_stored_when_it_changes_and_removed_with_its_node(database: Database) -> None:
    world, clock, carrier = World(database=database), SetClock(), CountingCarrier(live=False)
    world.node_id = await new_node(world, "one")
    carriers = {"c": carrier}
    idle: dict[str, StalledQueue] = {}
    standings = CarrierStatusRecorder(
        database, clock, Router(carriers, clock), carriers, node_id=lambda: world.node_id, idle=lambda: idle
    )
    await standings.write()
    (standing,) = await kept(world)
    assert (standing.carrier, standing.trouble, standing.node) == ("c", "no link is bound", "one")
    assert (standing.waiting_parts, standing.waiting_since_ms, standing.idle_since_ms) == (0, 0, 0)
    assert [link.bound for link in standing.links] == [False]

    clock.now += 60
    await standings.write()
    assert (await kept(world))[0].at_ms == standing.at_ms, "nothing has changed"
    carrier.live = True
    await standings.write()
    (standing,) = await kept(world)
    assert (standing.trouble, [link.bound for link in standing.links]) == ("", [True])

    idle["c"] = StalledQueue(since_ms=clock.wall_ms(), hindrance=StallReason.WINDOW, parts=3, stalled=False)
    await standings.write()
    (standing,) = await kept(world)
    assert (standing.idle_since_ms, standing.hindrance, standing.stalled) == (clock.wall_ms(), "window", False)

    await world.do(take_over, world.node_id)
    assert await kept(world) == []


async def test_a_node_without_a_lease_stores_no_status(database: Database) -> None:
    world, clock, carriers = World(database=database), SetClock(), {"c": CountingCarrier()}
    standings = CarrierStatusRecorder(
        database, clock, Router(carriers, clock), carriers, node_id=lambda: None, idle=dict
    )
    await standings.write()
    assert await kept(world) == []
