"""Known callers and untrusted proxies: written, read again, and bounded in number."""

from tests.support.world import World

from palomar.accounts import known_callers
from palomar.accounts.known_callers import KNOWN_MS, PROXIES_AT_MOST, SeenCaller, remember
from palomar.app.housekeeping import delete_surplus_callers


async def _let_in(world: World, address: str, login_key: str = "acme") -> None:
    await world.do(remember, SeenCaller(address=address, login_key=login_key))


async def test_a_login_is_known_for_a_month_at_the_address_where_it_was_let_in_alone(world: World) -> None:
    await _let_in(world, "192.0.2.1")
    await _let_in(world, "192.0.2.1")
    now_ms = world.now_ms

    async def known(address: str, login: str, at_ms: int) -> bool:
        return await world.database.read(lambda tx: known_callers.is_known(tx, address, login, now_ms=at_ms))

    assert await known("192.0.2.1", "acme", now_ms)
    assert await known("::ffff:192.0.2.1", "acme", now_ms)
    assert not await known("192.0.2.2", "acme", now_ms)
    assert not await known("192.0.2.1", "other", now_ms)
    assert not await known("192.0.2.1", "acme", now_ms + KNOWN_MS)
    assert await world.database.read(lambda tx: known_callers.read_youngest(tx, now_ms=now_ms)) == {
        ("192.0.2.1", "acme"): now_ms
    }


async def test_the_directory_reads_the_known_callers_of_blocked_addresses_alone(world: World) -> None:
    await _let_in(world, "192.0.2.1")
    await _let_in(world, "2001:db8:1:2::/64")
    await _let_in(world, "192.0.2.3")
    for subject in ("address:192.0.2.1", "address:2001:db8:1:2::/64", "account:1"):
        await world.tell(
            "INSERT INTO blocks (subject, level, reason, since_ms, until_ms) VALUES (?, 1, 'x', 0, 1)", subject
        )
    assert set(await world.database.read(known_callers.read_of_blocked_addresses)) == {
        ("192.0.2.1", "acme"),
        ("2001:db8:1:2::/64", "acme"),
    }


async def test_no_more_known_callers_are_kept_than_there_is_room_for(world: World) -> None:
    for number in range(1, 6):
        world.now_ms += 1
        await _let_in(world, f"192.0.2.{number}")
    assert await world.database.write(lambda tx: delete_surplus_callers(tx, 3)) == 2
    assert await world.database.write(lambda tx: delete_surplus_callers(tx, 3)) == 0
    kept = await world.database.read(lambda tx: known_callers.read_youngest(tx, now_ms=world.now_ms))
    assert [address for address, _ in kept] == ["192.0.2.3", "192.0.2.4", "192.0.2.5"]


async def test_the_youngest_proxies_that_nobody_trusts_are_kept(world: World) -> None:
    for number in range(PROXIES_AT_MOST + 3):
        world.now_ms += 1
        await _let_in(world, f"192.0.2.{number}", "")
    found = await world.database.read(lambda tx: known_callers.unknown_proxies(tx, now_ms=world.now_ms))
    assert found == [f"192.0.2.{number}" for number in range(PROXIES_AT_MOST + 2, 2, -1)]
    assert await world.database.read(lambda tx: known_callers.read_youngest(tx, now_ms=world.now_ms)) == {}
