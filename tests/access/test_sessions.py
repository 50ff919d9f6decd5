"""Sessions and failures to log in, as rows, on both databases."""

from dataclasses import replace

from tests.support.world import World

from palomar.access import sessions
from palomar.access.lockout import FORGOTTEN_MS
from palomar.access.sessions import CODE_MS, IDLE_MS, LONGEST_MS, FailureLimit, NewSession, UserSession
from palomar.storage.database import Transaction
from palomar.vocabulary.account import AccountId

OPENING = NewSession(id=1, token="t1", user_id=7, account_id=None, stamp=b"s", address="192.0.2.1", agent="A" * 400)
LOGIN, ADDRESS = FailureLimit(subject="login:a", free=2), FailureLimit(subject="address:b", free=4)


async def opened(world: World, opening: NewSession = OPENING) -> None:
    async def script(tx: Transaction) -> None:
        await sessions.open_session(tx, opening, now_ms=world.now_ms)

    await world.database.write(script)


async def found(world: World, token: str = OPENING.token) -> UserSession | None:
    async def script(tx: Transaction) -> UserSession | None:
        return await sessions.session_of_token(tx, token, now_ms=world.now_ms)

    return await world.database.read(script)


async def attempt(world: World, *counted: FailureLimit) -> int:
    async def script(tx: Transaction) -> int:
        return await sessions.count_attempt(tx, counted, now_ms=world.now_ms)

    return await world.database.write(script)


async def test_a_session_is_found_by_its_token_until_it_expires(world: World) -> None:
    await opened(world)
    session = await found(world)
    assert session is not None
    assert (session.user_id, session.awaits_code, session.stamp, len(session.agent)) == (7, False, b"s", 300)
    assert await found(world, "t2") is None
    world.now_ms += IDLE_MS
    assert await found(world) is None


async def test_the_token_itself_is_not_stored(world: World) -> None:
    await opened(world)
    ((digest,),) = await world.ask("SELECT digest FROM sessions")
    assert b"t1" not in bytes(digest)
    assert len(digest) == 32


async def test_a_session_that_waits_for_a_code_expires_soon(world: World) -> None:
    await opened(world, replace(OPENING, awaits_code=True))
    world.now_ms += CODE_MS - 1
    assert await found(world) is not None
    world.now_ms += 1
    assert await found(world) is None


async def test_use_makes_a_session_last_longer_but_not_for_ever(world: World) -> None:
    await opened(world)
    began = world.now_ms
    for _ in range(10):
        session = await found(world)
        assert session is not None
        world.now_ms += IDLE_MS - 1
        if world.now_ms < began + LONGEST_MS:
            await world.do(sessions.mark_used, session)
            assert (await world.ask("SELECT seen_ms FROM sessions"))[0][0] == world.now_ms
        else:
            break
    assert (await world.ask("SELECT expires_ms FROM sessions"))[0][0] == began + LONGEST_MS
    assert await found(world) is None


async def test_sessions_are_listed_by_their_owner_and_revoked(world: World) -> None:
    await opened(world)
    await opened(world, replace(OPENING, id=2, token="t2", user_id=None, account_id=AccountId(3)))
    await opened(world, replace(OPENING, id=3, token="t3", awaits_code=True))

    async def script(tx: Transaction) -> list[list[int]]:
        now_ms = world.now_ms
        lists = [
            await sessions.sessions_of(tx, user_id=7, account_id=None, now_ms=now_ms),
            await sessions.sessions_of(tx, user_id=None, account_id=AccountId(3), now_ms=now_ms),
            await sessions.list_sessions(tx, now_ms=now_ms),
        ]
        return [[session.id for session in listed] for listed in lists]

    assert await world.database.read(script) == [[1], [2], [2, 1]]

    async def revoke(tx: Transaction) -> tuple[bool, bool, int]:
        again = await sessions.revoke(tx, 2), await sessions.revoke(tx, 2)
        return (*again, await sessions.revoke_all(tx, user_id=7))

    assert await world.database.write(revoke) == (True, False, 2)
    assert await world.ask("SELECT count(*) FROM sessions") == [(0,)]


async def test_an_attempt_is_counted_for_all_its_subjects_until_one_must_wait(world: World) -> None:
    assert [await attempt(world, LOGIN, ADDRESS) for _ in range(3)] == [0, 0, 5_000]
    assert await world.ask("SELECT failures FROM login_failures ORDER BY subject") == [(2,), (2,)]
    other = FailureLimit(subject="login:c", free=2)
    assert [await attempt(world, other, ADDRESS) for _ in range(3)] == [0, 0, 5_000]
    world.now_ms += 5_000
    assert await attempt(world, LOGIN) == 0
    assert await attempt(world, LOGIN) == 10_000


async def test_a_success_and_a_day_forget_failures(world: World) -> None:
    async def forget(tx: Transaction) -> None:
        await sessions.forget_failures(tx, [LOGIN.subject])

    async def wait(tx: Transaction) -> int:
        return await sessions.wait_before_attempt(tx, [LOGIN], now_ms=world.now_ms)

    for _ in range(2):
        await attempt(world, LOGIN)
    assert await world.database.read(wait) == 5_000
    await world.database.write(forget)
    assert await world.database.read(wait) == 0
    for _ in range(2):
        await attempt(world, LOGIN)
    world.now_ms += FORGOTTEN_MS
    assert await attempt(world, LOGIN) == 0
    assert await world.ask("SELECT failures FROM login_failures") == [(1,)]
