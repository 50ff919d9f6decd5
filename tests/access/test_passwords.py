"""The cost of verifying a password is bounded, and does not tell which logins exist."""

from collections.abc import AsyncIterator

import argon2
import pytest
from tests.support.console_house import SetClock
from tests.support.databases import Place

from palomar.access.hashing_queue import CallerRank
from palomar.access.password_rule import GoodPassword
from palomar.access.passwords import Passwords, hash_of, is_hash_of
from palomar.accounts.directory import Directory

MEBIBYTE_IN_KIB = 1024
PASSWORD = GoodPassword("a password of ours")
EARLIER = argon2.PasswordHasher(time_cost=3, memory_cost=64, parallelism=4)
"""Of the shape that earlier versions made, but quick."""


@pytest.fixture
async def passwords(sqlite_place: Place) -> AsyncIterator[Passwords]:
    database = await sqlite_place.open()
    made = Passwords(Directory(database), SetClock())
    yield made
    made.close()
    await database.close()


def test_a_hash_takes_a_small_part_of_the_memory_that_the_process_may_have() -> None:
    made = argon2.extract_parameters(hash_of(PASSWORD))
    assert made.type is argon2.Type.ID
    assert 19 * MEBIBYTE_IN_KIB <= made.memory_cost <= 20 * MEBIBYTE_IN_KIB
    assert (made.time_cost, made.parallelism) == (2, 1)
    assert is_hash_of(hash_of(PASSWORD), PASSWORD)
    assert not is_hash_of(hash_of(PASSWORD), "another one")


@pytest.mark.parametrize("stored", ["", "no hash"])
async def test_no_password_of_an_unknown_login_is_right(passwords: Passwords, stored: str) -> None:
    assert not await _verify(passwords, stored, "nobody", PASSWORD)


async def test_a_hash_that_an_earlier_version_made_is_still_good(passwords: Passwords) -> None:
    stored = EARLIER.hash(PASSWORD)
    assert await _verify(passwords, stored, "ana", PASSWORD)
    assert not await _verify(passwords, stored, "ana", "another one")


async def test_the_time_of_a_verification_does_not_tell_which_logins_exist(passwords: Passwords) -> None:
    ours, earlier = (passwords.cost_like(stored, "ana") for stored in (hash_of(PASSWORD), EARLIER.hash(PASSWORD)))
    unknown = {login: passwords.cost_like("", login) for login in map(str, range(60))}
    assert set(unknown.values()) == {ours, earlier}
    assert {login: passwords.cost_like("", login) for login in unknown} == unknown
    assert not await _verify(passwords, "", next(iter(unknown)), PASSWORD)


async def _verify(passwords: Passwords, stored: str, login: str, password: str) -> bool:
    return await passwords.verify(
        stored, login, password, queue=passwords.program_queue, caller=login, rank=CallerRank.STRANGER
    )
