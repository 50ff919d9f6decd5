"""The stored clock only goes ahead, scripts are set and cleared, and each change raises the version."""

import pytest
from tests.support.world import World

from palomar.sandbox import clock_and_chaos
from palomar.sandbox.clock_and_chaos import MOST_AHEAD_MS, SandboxSettings
from palomar.storage.database import Transaction


async def now(world: World) -> SandboxSettings:
    return await world.database.read(clock_and_chaos.read_settings)


async def jump(world: World, milliseconds: int) -> int | None:
    async def script(tx: Transaction) -> int | None:
        return await clock_and_chaos.jump(tx, milliseconds)

    return await world.database.write(script)


async def set_script(world: World, carrier: str, text: str) -> None:
    async def script(tx: Transaction) -> None:
        await clock_and_chaos.set_script(tx, carrier, text, now_ms=1)

    await world.database.write(script)


async def clear(world: World, carrier: str) -> bool:
    async def script(tx: Transaction) -> bool:
        return await clock_and_chaos.clear_script(tx, carrier)

    return await world.database.write(script)


async def test_a_new_installation_has_the_real_time_and_no_scripts(world: World) -> None:
    found = await now(world)
    assert (found.ahead_ms, found.scripts) == (0, {})


async def test_jumps_add_up(world: World) -> None:
    before = await now(world)
    assert await jump(world, 1_000) == 1_000
    assert await jump(world, 500) == 1_500
    after = await now(world)
    assert after.ahead_ms == 1_500
    assert after.version == before.version + 2


async def test_a_clock_jumps_no_further_than_ten_years(world: World) -> None:
    assert await jump(world, MOST_AHEAD_MS) == MOST_AHEAD_MS
    before = await now(world)
    assert await jump(world, 1) is None
    assert await now(world) == before


@pytest.mark.parametrize("milliseconds", [0, -1])
async def test_the_clock_never_goes_back(world: World, milliseconds: int) -> None:
    with pytest.raises(ValueError, match="ahead"):
        await jump(world, milliseconds)
    assert (await now(world)).ahead_ms == 0


async def test_a_carrier_has_its_last_script_until_it_is_cleared(world: World) -> None:
    await set_script(world, "one", "hex-ids")
    await set_script(world, "two", "everything")
    await set_script(world, "one", "calm")
    assert (await now(world)).scripts == {"one": "calm", "two": "everything"}
    before = (await now(world)).version
    assert await clear(world, "two") is True
    assert await clear(world, "two") is False
    found = await now(world)
    assert found.scripts == {"one": "calm"}
    assert found.version > before
