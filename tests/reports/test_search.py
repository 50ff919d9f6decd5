"""Search: exactly what looking at every message would find, newest first, page by page, however far the index is."""

import random
from typing import Any

import pytest
from msgspec import structs
from tests.support.counted import age_counts, count_changed
from tests.support.indexed import find, find_all, index, naively
from tests.support.world import CREDIT, START_MS, TimedIds, World, outgoing, recipient

from palomar.acceptance.accept import Accepted
from palomar.ports import OutgoingPart, Refused
from palomar.reports.buckets import Bucket
from palomar.reports.search_request import SearchBounds
from palomar.reports.search_terms import SearchFilter
from palomar.vocabulary.account import Account, AccountId
from palomar.vocabulary.message import State

WORDS = ["código", "codigo", "Mañana", "cod", "oferta", "4821", "no", "ñandú"]
NUMBERS = ["5215512340001", "5215512340002", "34600000001", "521551234"]


SMALL = SearchBounds(
    few_accounts=2,
    scanned=10,
    scanned_of_accounts=12,
    scanned_at_first=3,
    spans_at_once=5,
    read=20,
    read_at_once=5,
    candidates=20,
    candidates_at_first=4,
    candidates_at_most=8,
    still_open=15,
)
"""As if there were thousands of times as many messages."""


@pytest.fixture
async def timed(world: World) -> World:
    """Make a world whose messages are accepted at its own time."""
    world.ids = TimedIds(lambda: world.now_ms, made=world.ids.serial())
    return world


async def send(world: World, account: Account, *said: str, **asked: Any) -> None:
    for text in said:
        await world.accept(account, recipients=[recipient(world.ids.serial(), text=text)], **asked)


async def texts(world: World, *, visible: Any = None, **wanted: Any) -> list[str]:
    return [row.text for row in await find_all(world, SearchFilter(**wanted), visible=visible)]


@pytest.fixture(params=["indexed", "not yet indexed", "half"])
async def messages(timed: World, request: pytest.FixtureRequest) -> World:
    """Store two messages of one account, with none, one or both of them indexed."""
    account = await timed.account()
    await send(timed, account, "Hasta mañana a todos", "hoy no", label="l1", request_ref="s1", carrier="c1")
    if request.param == "half":
        await index(timed)
    await send(timed, account, "mañanero", label="l2", request_ref="s2", carrier="c2")
    if request.param == "indexed":
        await index(timed)
    return timed


async def test_words_are_found_newest_first(messages: World) -> None:
    assert await texts(messages, text="MANANA") == ["Hasta mañana a todos"]
    assert await texts(messages, text="a mañan") == ["Hasta mañana a todos"]
    assert await texts(messages, text="mañan") == ["mañanero", "Hasta mañana a todos"]
    assert await texts(messages, text="ananero") == []


async def test_each_field_of_a_search_narrows_the_results(messages: World) -> None:
    assert await texts(messages, label="l2") == await texts(messages, carrier="c2") == ["mañanero"]
    assert await texts(messages, request_ref="s1") == ["hoy no", "Hasta mañana a todos"]
    assert await texts(messages, text="man", carrier="c1", state=State.QUEUED) == ["Hasta mañana a todos"]
    assert await texts(messages, text="man", state=State.SENT) == []
    assert await texts(messages, request_ref="S1") == []
    assert await texts(messages, sender="foxsys", request_ref="s2") == ["mañanero"]


async def test_a_message_is_found_by_its_id(messages: World) -> None:
    rows = await naively(messages, SearchFilter())
    assert await texts(messages, message_id=rows[1].id) == ["hoy no"]
    assert await texts(messages, message_id=rows[1].id, text="nada") == []
    assert await texts(messages, message_id=rows[1].id, visible={AccountId(99)}) == []


async def test_each_page_tells_where_the_next_begins_and_the_last_that_there_is_none(messages: World) -> None:
    first = await find(messages, SearchFilter(anywhere="s1"), limit=1)
    assert [row.text for row in first.messages] == ["hoy no"]
    assert first.older is not None
    second = await find(messages, SearchFilter(anywhere="s1"), before=first.older, limit=1)
    assert [row.text for row in second.messages] == ["Hasta mañana a todos"]
    third = await find(messages, SearchFilter(anywhere="s1"), before=second.older or first.older, limit=1)
    assert (third.messages, third.older) == ([], None)


async def test_a_period_is_when_messages_were_accepted(timed: World) -> None:
    account = await timed.account()
    for text in ("one x", "two x", "three x"):
        await send(timed, account, text)
        timed.now_ms += 60_000
    for wanted in ({}, {"text": "x"}):
        assert await texts(timed, since_ms=START_MS + 60_000, **wanted) == ["three x", "two x"]
        assert await texts(timed, until_ms=START_MS + 60_000, **wanted) == ["one x"]
        assert await texts(timed, since_ms=START_MS + 1, until_ms=START_MS + 60_001, **wanted) == ["two x"]
        assert await texts(timed, since_ms=START_MS + 60_000, until_ms=START_MS, **wanted) == []
        await index(timed)


async def test_a_message_whose_state_changed_is_found_by_its_new_state(timed: World) -> None:
    account = await timed.account()
    for reference in ("a", "b"):
        await timed.sent(account, reference=reference)
    await index(timed)
    await timed.receipt("a1", State.REJECTED)
    for wanted in ({}, {"text": "hello"}):
        assert len(await texts(timed, state=State.REJECTED, **wanted)) == 1
        assert len(await texts(timed, state=State.SENT, **wanted)) == 1
        assert await texts(timed, state=State.QUEUED, **wanted) == []


@pytest.mark.parametrize("few", [1, 0], ids=["few accounts", "many accounts"])
async def test_only_messages_of_the_visible_accounts_are_found(timed: World, few: int) -> None:
    accounts = [await timed.account() for _ in range(3)]
    for number, account in enumerate(accounts):
        await send(timed, account, f"first{number} x", f"second{number} x", label="l", request_ref="s")
    visible = {
        accounts[0].id,
        accounts[2].id,
        *(AccountId(1_000 + n) for n in range(0 if few else SearchBounds().few_accounts)),
    }
    some = {"text": "x", "label": "l", "carrier": "c", "state": State.QUEUED, "request_ref": "s", "anywhere": "s"}
    wanted: list[dict[str, Any]] = [{}, *({name: value} for name, value in some.items())]
    for _ in range(2):
        for one in wanted:
            assert await texts(timed, visible=visible, **one) == ["second2 x", "first2 x", "second0 x", "first0 x"]
            mine = frozenset({accounts[1].id, accounts[2].id})
            assert await texts(timed, visible=visible, account_ids=mine, **one) == ["second2 x", "first2 x"]
            assert await texts(timed, visible=set(), **one) == []
        await index(timed)


async def test_a_search_that_finds_little_stops_and_goes_on(timed: World) -> None:
    account, other = await timed.account(credit=10_000 * CREDIT), await timed.account()
    await send(timed, other, "needle", carrier="rare")
    await timed.accept(account, count=70)
    looks: list[dict[str, Any]] = [{"carrier": "rare"}, {"text": "needle"}, {"text": "hello", "carrier": "rare"}]
    for is_indexed in (False, True):
        for wanted in looks:
            first = await find(timed, SearchFilter(**wanted), bounds=SMALL)
            few = is_indexed and wanted == {"text": "needle"}
            assert (first.messages == [], first.older is None) == (not few, few), wanted
            assert len(await find_all(timed, SearchFilter(**wanted), bounds=SMALL)) == (
                1 if "hello" not in wanted.values() else 0
            )
        await index(timed)


@pytest.mark.parametrize("seed", range(6))
async def test_a_search_finds_exactly_what_looking_at_every_message_finds(timed: World, seed: int) -> None:
    chance = random.Random(seed)
    accounts = [await timed.account(credit=10_000 * CREDIT) for _ in range(4)]
    under_way: list[OutgoingPart] = []
    for _ in range(40):
        under_way += await _accept_some(timed, accounts, chance)
        if chance.random() < 0.1:
            await index(timed, limit=chance.randint(1, 40))
        if chance.random() < 0.1:
            await count_changed(timed)
        if chance.random() < 0.3:
            timed.now_ms += chance.choice([1, 60_000, 3_600_000, 86_400_000])
    if chance.random() < 0.5:
        await age_counts(timed)
    for part in chance.sample(under_way, len(under_way) // 4):
        await timed.answer(part, Refused(status=11, reason="no"), carrier=chance.choice(["c1", "c2"]))
    await timed.tell("UPDATE messages SET carrier = 'rare' WHERE id = (SELECT min(id) FROM messages)")
    for _ in range(60):
        wanted, visible = _some_filter(chance, accounts), _some_accounts(chance, accounts)
        found = await find_all(timed, wanted, visible=visible, limit=chance.choice([1, 3, 7, 50]), bounds=SMALL)
        assert found == await naively(timed, wanted, visible=visible), (wanted, visible)
        if chance.random() < 0.1:
            await index(timed, limit=chance.randint(1, 40))


async def _accept_some(world: World, accounts: list[Account], chance: random.Random) -> list[OutgoingPart]:
    """Accept some messages and return the parts that are under way."""
    recipients = [
        structs.replace(
            recipient(text=" ".join(chance.choices(WORDS, k=chance.randint(1, 4)))),
            state=chance.choice([State.QUEUED, State.QUEUED, State.NOFORMAT, State.BLOCKED]),
            msisdn=chance.choice(NUMBERS),
        )
        for _ in range(chance.randint(1, 3))
    ]
    result = await world.accept(
        chance.choice(accounts),
        claim=State.SUBMITTING,
        recipients=recipients,
        label=chance.choice(["", "Promo", "promo 2"]),
        request_ref=chance.choice(["s1", "S1", "s2"]),
        carrier=chance.choice(["c1", "c2"]),
    )
    assert isinstance(result, Accepted)
    return [part for message in result.messages if message.row.state is State.QUEUED for part in outgoing(message)]


def _some_filter(chance: random.Random, accounts: list[Account]) -> SearchFilter:
    def now_and_then(*values: Any, otherwise: Any = "") -> Any:
        return chance.choice(values) if chance.random() < 0.3 else otherwise

    has_words = chance.random() < 0.6
    return SearchFilter(
        account_ids=now_and_then(frozenset({accounts[0].id}), frozenset(), otherwise=None),
        state=now_and_then(State.QUEUED, State.BLOCKED, State.NOFORMAT, State.REJECTED, otherwise=None),
        carrier=now_and_then("c1", "rare", "none"),
        number=now_and_then("1", "0001", "234", *NUMBERS) if has_words else "",
        label=now_and_then("promo", "Promo 2", "none") if has_words else "",
        sender=now_and_then("FOXSYS", "other") if has_words else "",
        request_ref=now_and_then("s1", "S1") if has_words else "",
        text=now_and_then(*WORDS, "co", "oferta manana", "no of", "4") if has_words else "",
        anywhere=now_and_then("codigo", "0001", "s1", "promo") if has_words else "",
        hides_content=chance.random() < 0.1,
        since_ms=now_and_then(START_MS, START_MS + 3_661_000, START_MS + 2 * Bucket.DAY, otherwise=None),
        until_ms=now_and_then(START_MS + 1, START_MS + 7_200_000, START_MS + 3 * Bucket.DAY, otherwise=None),
    )


def _some_accounts(chance: random.Random, accounts: list[Account]) -> frozenset[AccountId] | None:
    if chance.random() < 0.4:
        return None
    return frozenset(account.id for account in chance.sample(accounts, chance.randint(0, 4)))
