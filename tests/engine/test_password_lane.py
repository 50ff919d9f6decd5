"""Hashes are done in fair turns, no more wait than there is room for, and none is done for who has left."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable

import pytest

from palomar.engine.password_lane import EACH_AT_MOST, KNOWN_AT_MOST, STRANGERS_AT_MOST, Busy, PasswordLane


@pytest.fixture
async def lane() -> AsyncIterator[PasswordLane]:
    made = PasswordLane("test")
    yield made
    made.close()


class Slow:
    """Work that lasts until it is told to end; ``order`` has what was done."""

    def __init__(self) -> None:
        self.order: list[str] = []
        self.end = threading.Event()

    def named(self, name: str) -> Callable[[], str]:
        def work() -> str:
            assert self.end.wait(10)
            self.order.append(name)
            return name

        return work


async def _posted(lane: PasswordLane, slow: Slow, *names: str, is_known: bool = False) -> list[asyncio.Task[str]]:
    """Work whose name begins with the letter of its address."""
    tasks = [asyncio.create_task(lane.run(slow.named(name), whose=name[0], is_known=is_known)) for name in names]
    await asyncio.sleep(0)
    return tasks


async def test_whoever_sends_most_delays_others_by_one_turn(lane: PasswordLane) -> None:
    slow = Slow()
    tasks = await _posted(lane, slow, "a1", "a2", "a3", "a4", "b1", "c1", "b2")
    slow.end.set()
    await asyncio.gather(*tasks)
    assert slow.order == ["a1", "a2", "b1", "c1", "a3", "b2", "a4"]


async def test_known_logins_have_every_second_turn(lane: PasswordLane) -> None:
    slow = Slow()
    tasks = await _posted(lane, slow, "a1", "b1", "c1") + await _posted(lane, slow, "k1", "l1", is_known=True)
    slow.end.set()
    await asyncio.gather(*tasks)
    assert slow.order == ["a1", "b1", "k1", "c1", "l1"]


async def test_an_address_has_room_for_few_and_then_it_is_busy(lane: PasswordLane) -> None:
    slow = Slow()
    tasks = await _posted(lane, slow, *(f"a{number}" for number in range(1 + EACH_AT_MOST)))
    with pytest.raises(Busy):
        lane.check_room("a", is_known=False)
    with pytest.raises(Busy):
        await lane.run(slow.named("a9"), whose="a", is_known=False)
    lane.check_room("b", is_known=False)
    slow.end.set()
    await asyncio.gather(*tasks)
    lane.check_room("a", is_known=False)


@pytest.mark.parametrize(("is_known", "at_most"), [(False, STRANGERS_AT_MOST), (True, KNOWN_AT_MOST)])
async def test_all_together_have_room_for_so_many(lane: PasswordLane, is_known: bool, at_most: int) -> None:
    slow = Slow()
    names = [chr(ord("A") + number) for number in range(at_most + 1)]
    tasks = await _posted(lane, slow, *names, is_known=is_known)
    with pytest.raises(Busy):
        lane.check_room("?", is_known=is_known)
    lane.check_room("?", is_known=not is_known)
    slow.end.set()
    await asyncio.gather(*tasks)


async def test_what_nobody_waits_for_any_more_is_not_done(lane: PasswordLane) -> None:
    slow, gone = Slow(), asyncio.Event()
    tasks = await _posted(lane, slow, "a1")
    leaving = asyncio.create_task(lane.run(slow.named("b1"), whose="b", is_known=False, left=lambda: _until(gone)))
    cancelled, *more = await _posted(lane, slow, "c1", "d1")
    await asyncio.sleep(0)
    gone.set()
    cancelled.cancel()
    with pytest.raises(Busy):
        await leaving
    slow.end.set()
    await asyncio.gather(*tasks, *more)
    assert slow.order == ["a1", "d1"]


async def test_the_same_is_done_once_for_all_who_ask_while_one_still_waits(lane: PasswordLane) -> None:
    slow = Slow()
    tasks = await _posted(lane, slow, "a1")
    both = [asyncio.create_task(lane.run(slow.named("b1"), whose="b", is_known=False, same=b"same")) for _ in range(2)]
    await asyncio.sleep(0)
    both[0].cancel()
    slow.end.set()
    await asyncio.gather(*tasks)
    assert await both[1] == "b1"
    assert slow.order == ["a1", "b1"]
    assert await lane.run(slow.named("b2"), whose="b", is_known=False, same=b"same") == "b2"


async def test_what_fails_is_told_and_the_next_is_done(lane: PasswordLane) -> None:
    def broken() -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        await lane.run(broken, whose="a", is_known=False)
    assert await lane.run(lambda: 1, whose="a", is_known=False) == 1


async def _until(event: asyncio.Event) -> None:
    await event.wait()
