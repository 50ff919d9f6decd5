"""Passwords are hashed in fair turns, from bounded queues, and not for clients that have left."""

import asyncio
import itertools
import threading
import time
from collections.abc import AsyncIterator, Callable

import pytest

from palomar.access.hashing_queue import (
    EACH_AT_MOST,
    KNOWN_AT_MOST,
    STRANGERS_AT_MOST,
    SUSPECTS_AT_MOST,
    Busy,
    CallerRank,
    HashingQueue,
)

KNOWN, STRANGER, SUSPECT = CallerRank.KNOWN, CallerRank.STRANGER, CallerRank.SUSPECT
BOUNDS = [(KNOWN, KNOWN_AT_MOST), (STRANGER, STRANGERS_AT_MOST), (SUSPECT, SUSPECTS_AT_MOST)]


@pytest.fixture
async def queue() -> AsyncIterator[HashingQueue]:
    made = HashingQueue("test")
    yield made
    made.close()


class Slow:
    """Work that lasts until ``end`` is set; ``order`` has the names of what was done."""

    def __init__(self) -> None:
        self.order: list[str] = []
        self.end = threading.Event()

    def named(self, name: str) -> Callable[[], str]:
        def work() -> str:
            assert self.end.wait(10)
            self.order.append(name)
            return name

        return work


async def _posted(queue: HashingQueue, slow: Slow, *names: str, rank: CallerRank = STRANGER) -> list[asyncio.Task[str]]:
    """Queue work; each name begins with the letter of its address."""
    tasks = [asyncio.create_task(queue.run(slow.named(name), name[0], rank)) for name in names]
    await asyncio.sleep(0)
    return tasks


async def test_an_address_that_sends_many_delays_others_by_one_turn(queue: HashingQueue) -> None:
    slow = Slow()
    tasks = await _posted(queue, slow, "a1", "a2", "a3", "a4", "b1", "c1", "b2")
    slow.end.set()
    await asyncio.gather(*tasks)
    assert slow.order == ["a1", "a2", "b1", "c1", "a3", "b2", "a4"]


async def test_known_logins_have_every_second_turn(queue: HashingQueue) -> None:
    slow = Slow()
    tasks = await _posted(queue, slow, "a1", "b1", "c1") + await _posted(queue, slow, "k1", "l1", rank=KNOWN)
    slow.end.set()
    await asyncio.gather(*tasks)
    assert slow.order == ["a1", "b1", "k1", "c1", "l1"]


async def test_an_address_that_has_just_failed_several_times_waits_for_all_others(queue: HashingQueue) -> None:
    slow = Slow()
    tasks = await _posted(queue, slow, "a1")
    tasks += await _posted(queue, slow, "s1", "t1", rank=SUSPECT) + await _posted(queue, slow, "b1", "b2")
    slow.end.set()
    await asyncio.gather(*tasks)
    assert slow.order == ["a1", "b1", "b2", "s1", "t1"]


async def test_suspects_leave_the_processor_to_others(queue: HashingQueue) -> None:
    """After a hash they wait three times as long as it took, so that they use a quarter of the time at most."""
    began = asyncio.get_running_loop().time()
    ends: list[float] = []

    def work() -> None:
        time.sleep(0.02)
        ends.append(time.monotonic())

    await asyncio.gather(*(queue.run(work, whose, SUSPECT) for whose in "abcd"))
    assert asyncio.get_running_loop().time() - began >= 4 * 0.02 + 3 * 3.0 * 0.02
    gaps = [later - earlier for earlier, later in itertools.pairwise(ends)]
    assert min(gaps) >= 3.9 * 0.02


async def test_an_address_may_have_few_jobs_that_wait_and_then_gets_busy(queue: HashingQueue) -> None:
    slow = Slow()
    tasks = await _posted(queue, slow, *(f"a{number}" for number in range(1 + EACH_AT_MOST)))
    with pytest.raises(Busy):
        queue.check_room("a", STRANGER)
    with pytest.raises(Busy):
        await queue.run(slow.named("a9"), "a", STRANGER)
    queue.check_room("b", STRANGER)
    slow.end.set()
    await asyncio.gather(*tasks)
    queue.check_room("a", STRANGER)


@pytest.mark.parametrize(("rank", "at_most"), BOUNDS)
async def test_all_callers_of_a_rank_together_may_have_a_bounded_number_of_jobs(
    queue: HashingQueue, rank: CallerRank, at_most: int
) -> None:
    slow = Slow()
    names = [chr(ord("A") + number) for number in range(at_most + 1)]
    tasks = await _posted(queue, slow, *names, rank=rank)
    with pytest.raises(Busy):
        queue.check_room("?", rank)
    for other in set(CallerRank) - {rank}:
        queue.check_room("?", other)
    slow.end.set()
    await asyncio.gather(*tasks)


async def test_a_job_that_nobody_waits_for_any_more_is_not_done(queue: HashingQueue) -> None:
    slow, gone = Slow(), asyncio.Event()
    tasks = await _posted(queue, slow, "a1")
    leaving = asyncio.create_task(queue.run(slow.named("b1"), "b", STRANGER, client_left=lambda: _until(gone)))
    cancelled, *more = await _posted(queue, slow, "c1", "d1")
    await asyncio.sleep(0)
    gone.set()
    cancelled.cancel()
    with pytest.raises(Busy):
        await leaving
    slow.end.set()
    await asyncio.gather(*tasks, *more)
    assert slow.order == ["a1", "d1"]


async def test_equal_jobs_that_wait_together_are_done_once(queue: HashingQueue) -> None:
    slow = Slow()
    tasks = await _posted(queue, slow, "a1")
    both = [asyncio.create_task(queue.run(slow.named("b1"), "b", STRANGER, job_key=b"same")) for _ in range(2)]
    await asyncio.sleep(0)
    both[0].cancel()
    slow.end.set()
    await asyncio.gather(*tasks)
    assert await both[1] == "b1"
    assert slow.order == ["a1", "b1"]
    assert await queue.run(slow.named("b2"), "b", STRANGER, job_key=b"same") == "b2"


async def test_a_job_that_fails_raises_for_its_caller_and_the_next_is_done(queue: HashingQueue) -> None:
    def broken() -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        await queue.run(broken, "a", STRANGER)
    assert await queue.run(lambda: 1, "a", STRANGER) == 1


async def _until(event: asyncio.Event) -> None:
    await event.wait()
