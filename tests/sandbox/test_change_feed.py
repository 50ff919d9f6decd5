"""News: everybody hears of their own accounts only, as long as they listen; there is room for so many, and an end."""

import asyncio

from tests.contracts.virtual_time import in_virtual_time

from palomar.sandbox.change_feed import A_PERSON_AT_MOST, LISTENERS_AT_MOST, ChangeFeed, Listener
from palomar.vocabulary.access import Scope
from palomar.vocabulary.account import AccountId

MINE, OTHERS = AccountId(1), AccountId(2)
EVERYBODY = Scope(account_ids=None)


def listening(news: ChangeFeed, scope: Scope | None = None, person: str = "me") -> Listener:
    listener = news.listen(scope or Scope(account_ids=frozenset({MINE})), person=person)
    assert listener is not None
    return listener


@in_virtual_time
async def test_what_changes_meanwhile_is_told_once_and_others_changes_never() -> None:
    news = ChangeFeed()
    assert not news.has_listeners
    mine, everything = listening(news), listening(news, EVERYBODY)
    assert news.has_listeners
    news.tell("phones", {MINE})
    news.tell("phones", {OTHERS})
    news.tell("calls", {OTHERS, None})
    assert await mine.next(within_seconds=10) == {"phones"}
    assert await everything.next(within_seconds=10) == {"phones", "calls"}
    began = asyncio.get_running_loop().time()
    assert await mine.next(within_seconds=10) == frozenset()
    assert asyncio.get_running_loop().time() - began >= 10


@in_virtual_time
async def test_who_waits_is_woken() -> None:
    news = ChangeFeed()
    mine = listening(news)
    waiting = asyncio.create_task(mine.next(within_seconds=3_600))
    await asyncio.sleep(1)
    assert not waiting.done()
    news.tell("phones", {MINE})
    assert await waiting == {"phones"}


@in_virtual_time
async def test_an_arrival_is_everybodys_news_and_for_others_yet_to_be_tied() -> None:
    news = ChangeFeed()
    mine, everything = listening(news), listening(news, EVERYBODY)
    news.arrived("c", "A1")
    assert await everything.next(within_seconds=1) == {"phones"}
    assert everything.arrivals == set()
    assert await mine.next(within_seconds=1) == frozenset()
    assert mine.arrivals == {("c", "A1")}


@in_virtual_time
async def test_there_is_room_for_so_many_and_whoever_leaves_makes_some() -> None:
    news = ChangeFeed()
    of_me = [listening(news) for _ in range(A_PERSON_AT_MOST)]
    assert news.listen(EVERYBODY, person="me") is None
    news.leave(of_me[0])
    listening(news)
    for number in range(LISTENERS_AT_MOST - A_PERSON_AT_MOST):
        listening(news, person=f"other {number}")
    assert news.listen(EVERYBODY, person="one too many") is None


@in_virtual_time
async def test_at_the_end_everybody_is_told_and_nobody_is_let_in() -> None:
    news = ChangeFeed()
    mine = listening(news)
    waiting = asyncio.create_task(mine.next(within_seconds=3_600))
    await asyncio.sleep(0)
    news.end()
    assert await waiting is None
    assert await mine.next(within_seconds=1) is None
    assert news.listen(EVERYBODY, person="late") is None
