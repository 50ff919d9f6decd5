"""Blocks after abuse: each longer than the last, forgiven with time, lifted by an operator; on both databases."""

from tests.support.world import START_MS, World

from palomar.accounts.blocks import FORGIVEN_MS, Abuse, Block, block, lift, list_blocks
from palomar.storage.database import Database, Transaction

ABUSE = Abuse(subject="account:1", reason="requests over the limit")
MINUTES = (1, 5, 30, 360, 1440)


async def _block(world: World, abuse: Abuse = ABUSE) -> Block:
    found: Block = (await world.do(block, abuse))[0]
    return found


async def _all(database: Database) -> list[Block]:
    return await database.read(list_blocks)


async def test_each_block_is_longer_than_the_last_until_one_is_permanent(world: World) -> None:
    for level, minutes in enumerate(MINUTES, 1):
        blocked = await _block(world)
        assert (blocked.level, blocked.until_ms - world.now_ms) == (level, minutes * 60_000)
        world.now_ms = blocked.until_ms
    assert (await _block(world)).is_permanent
    assert [(one.subject, one.level) for one in await _all(world.database)] == [("account:1", 6)]


async def test_a_second_block_does_not_prolong_the_one_in_force(world: World) -> None:
    first = await _block(world)
    world.now_ms += 1_000
    assert await _block(world) == first
    assert await _all(world.database) == [first]


async def test_each_day_without_a_block_takes_a_level_off(world: World) -> None:
    for _ in range(3):
        world.now_ms = (await _block(world)).until_ms
    world.now_ms += 2 * FORGIVEN_MS
    assert (await _block(world)).level == 2


async def test_a_block_whose_levels_are_all_forgiven_is_deleted(world: World) -> None:
    world.now_ms = (await _block(world)).until_ms + FORGIVEN_MS + 1
    await _block(world, Abuse(subject="address:192.0.2.1", reason="bad credentials"))
    assert [one.subject for one in await _all(world.database)] == ["address:192.0.2.1"]


async def test_lifting_a_block_forgets_its_level(world: World) -> None:
    world.now_ms = (await _block(world)).until_ms
    await _block(world)

    async def script(tx: Transaction) -> bool:
        return await lift(tx, ABUSE.subject)

    assert await world.database.write(script)
    assert not await world.database.write(script)
    assert (await _block(world)).level == 1
    assert world.now_ms > START_MS
