"""Who may change clock and chaos, that a change counts at once, and what is refused."""

from collections.abc import AsyncIterator

import pytest
from tests.support.console_house import House, house_in
from tests.support.databases import Place

from palomar.sandbox.clock_and_chaos import MOST_AHEAD_MS
from palomar.sandbox.controls import CarrierChaos, Controls
from palomar.vocabulary.access import Role

HOUR_MS = 3_600_000


@pytest.fixture
async def house(place: Place) -> AsyncIterator[House]:
    async with house_in(place, sandbox="whole") as built:
        await built.user("admin")
        yield built


async def controls(house: House, login: str = "admin") -> Controls:
    sandbox = (await house.viewer(login)).sandbox
    assert sandbox is not None
    return sandbox.controls


async def test_a_jump_of_the_clock_counts_at_once(house: House) -> None:
    desk, before_ms = await controls(house), house.clock.now_ms
    assert (await desk.status()).ahead_ms == 0
    assert await desk.jump(HOUR_MS)
    standing = await desk.status()
    assert (standing.ahead_ms, standing.now_ms) == (HOUR_MS, before_ms + HOUR_MS)
    assert not await desk.jump(MOST_AHEAD_MS)
    assert not await desk.jump(-HOUR_MS)
    assert (await desk.status()).ahead_ms == HOUR_MS


async def test_chaos_is_set_in_its_short_form_and_cleared(house: House) -> None:
    desk = await controls(house)
    assert (await desk.status()).chaos == (CarrierChaos(carrier="c", script="calm", is_set=False),)
    assert await desk.set_chaos("c", "lose-answers=0.03, ids=hex-decimal") == ""
    assert (await desk.status()).chaos == (
        CarrierChaos(carrier="c", script="lose-answers=3%,ids=hex-decimal", is_set=True),
    )
    assert "there is no 'lose'" in await desk.set_chaos("c", "lose")
    assert await desk.set_chaos("d", "lose-answers") == "no such carrier"
    assert (await desk.status()).chaos[0].script == "lose-answers=3%,ids=hex-decimal"
    assert await desk.set_chaos("c", "") == ""
    assert not (await desk.status()).chaos[0].is_set


async def test_only_owners_and_operators_of_the_platform_change_clock_and_chaos(house: House) -> None:
    acme = await house.account("acme")
    await house.user("operator", role=Role.OPERATOR)
    await house.user("reader", role=Role.READ_ONLY)
    await house.user("owner-of-acme", account=acme)
    may = [login for login in ("acme", "owner-of-acme", "reader") if (await controls(house, login)).may_change]
    assert may == []
    for login in ("acme", "owner-of-acme", "reader"):
        desk = await controls(house, login)
        assert not await desk.jump(HOUR_MS)
        assert await desk.set_chaos("c", "lose-answers") == "no such carrier"
    assert (await controls(house, "operator")).may_jump
    standing = await (await controls(house)).status()
    assert (standing.ahead_ms, standing.chaos[0].is_set) == (0, False)


async def test_beside_real_carriers_the_clock_does_not_jump(place: Place) -> None:
    async with house_in(place, sandbox="beside") as house:
        await house.user("admin")
        desk = await controls(house)
        assert (desk.may_change, desk.may_jump) == (True, False)
        assert not await desk.jump(HOUR_MS)
        assert await desk.set_chaos("c", "lose-answers") == ""
