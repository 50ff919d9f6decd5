"""The change feed tells each subscriber of changes in its scope; subscribers are bounded, and it can be closed."""

import asyncio

from tests.contracts.virtual_time import in_virtual_time

from palomar.sandbox.change_feed import SUBSCRIBERS_AT_MOST, SUBSCRIBERS_PER_PERSON, ChangeFeed, Subscriber
from palomar.vocabulary.access import Scope
from palomar.vocabulary.account import AccountId

MINE, OTHERS = AccountId(1), AccountId(2)
EVERYBODY = Scope(account_ids=None)


def subscribed(changes: ChangeFeed, scope: Scope | None = None, person: str = "me") -> Subscriber:
    subscriber = changes.subscribe(scope or Scope(account_ids=frozenset({MINE})), person=person)
    assert subscriber is not None
    return subscriber


@in_virtual_time
async def test_changes_in_scope_are_reported_once_and_others_never() -> None:
    changes = ChangeFeed()
    assert not changes.has_subscribers
    mine, everything = subscribed(changes), subscribed(changes, EVERYBODY)
    assert changes.has_subscribers
    changes.publish("phones", {MINE})
    changes.publish("phones", {OTHERS})
    changes.publish("calls", {OTHERS, None})
    assert await mine.next(within_seconds=10) == {"phones"}
    assert await everything.next(within_seconds=10) == {"phones", "calls"}
    began = asyncio.get_running_loop().time()
    assert await mine.next(within_seconds=10) == frozenset()
    assert asyncio.get_running_loop().time() - began >= 10


@in_virtual_time
async def test_a_waiting_subscriber_is_woken() -> None:
    changes = ChangeFeed()
    mine = subscribed(changes)
    waiting = asyncio.create_task(mine.next(within_seconds=3_600))
    await asyncio.sleep(1)
    assert not waiting.done()
    changes.publish("phones", {MINE})
    assert await waiting == {"phones"}


@in_virtual_time
async def test_an_arrived_part_wakes_the_platform_at_once_and_others_to_look_it_up() -> None:
    changes = ChangeFeed()
    mine, everything = subscribed(changes), subscribed(changes, EVERYBODY)
    changes.part_arrived("c", "A1")
    assert await everything.next(within_seconds=1) == {"phones"}
    assert everything.arrivals == set()
    assert await mine.next(within_seconds=1) == frozenset()
    assert mine.arrivals == {("c", "A1")}


@in_virtual_time
async def test_subscribers_are_bounded_and_unsubscribing_makes_room() -> None:
    changes = ChangeFeed()
    of_me = [subscribed(changes) for _ in range(SUBSCRIBERS_PER_PERSON)]
    assert changes.subscribe(EVERYBODY, person="me") is None
    changes.unsubscribe(of_me[0])
    subscribed(changes)
    for number in range(SUBSCRIBERS_AT_MOST - SUBSCRIBERS_PER_PERSON):
        subscribed(changes, person=f"other {number}")
    assert changes.subscribe(EVERYBODY, person="one too many") is None


@in_virtual_time
async def test_closing_ends_every_subscription_and_allows_no_more() -> None:
    changes = ChangeFeed()
    mine = subscribed(changes)
    waiting = asyncio.create_task(mine.next(within_seconds=3_600))
    await asyncio.sleep(0)
    changes.close()
    assert await waiting is None
    assert await mine.next(within_seconds=1) is None
    assert changes.subscribe(EVERYBODY, person="late") is None
