"""Search: what fits, newest first, by the slice, on both databases; and how few rows a slice looks at."""

import pytest
from tests.support.world import CREDIT, World, recipient

from palomar.domain.account import Account, AccountId
from palomar.domain.message import EPOCH_MS, MessageId, State, born_ms
from palomar.flows import search as flow
from palomar.flows.search import FAMILY_BY_INDEX, LATEST, SLICE, Search, Slice
from palomar.storage.database import Transaction


async def find(world: World, wanted: Search, *, before: MessageId = LATEST, limit: int = 50) -> Slice:
    async def script(tx: Transaction) -> Slice:
        return await flow.search(tx, wanted, before=before, limit=limit)

    return await world.database.read(script)


async def texts(world: World, **wanted: object) -> list[str]:
    found = await find(world, Search(**wanted))  # type: ignore[arg-type]  # fields of Search
    return [message.text for message in found.messages]


async def send(world: World, account: Account, *said: str, **asked: object) -> None:
    for text in said:
        await world.accept(account, recipients=[recipient(world.ids.serial(), text=text)], **asked)  # type: ignore[arg-type]


async def test_messages_come_newest_first_and_a_page_says_where_the_next_begins(world: World) -> None:
    await send(world, await world.account(), *"abcde")
    first = await find(world, Search(), limit=2)
    assert [message.text for message in first.messages] == ["e", "d"]
    assert first.older is not None
    second = await find(world, Search(), before=first.older, limit=2)
    assert [message.text for message in second.messages] == ["c", "b"]
    assert second.older is not None
    last = await find(world, Search(), before=second.older, limit=2)
    assert ([message.text for message in last.messages], last.older) == (["a"], None)


async def test_each_choice_narrows_and_all_together(world: World) -> None:
    account = await world.account()
    await send(world, account, "one", label="l1", subid="s1", carrier="c1")
    await send(world, account, "two", label="l2", subid="s1", carrier="c2")
    await world.accept(account, recipients=[recipient(9, text="bad", state=State.NOFORMAT)], label="l2", subid="s2")
    assert await texts(world, label="l2") == ["bad", "two"]
    assert await texts(world, subid="s1") == ["two", "one"]
    assert await texts(world, carrier="c2") == ["two"]
    assert await texts(world, state=State.NOFORMAT) == ["bad"]
    assert await texts(world, label="l2", subid="s1", carrier="c2", state=State.QUEUED, text="w") == ["two"]
    assert await texts(world, label="l1", subid="s2") == []


@pytest.mark.parametrize("words", ["MAÑANA", "manana", "a mañana a", "mÁñana"])
async def test_texts_are_compared_without_case_and_accents(world: World, words: str) -> None:
    await send(world, await world.account(), "Hasta mañana a todos", "hoy", "100 % _ seguro")
    assert await texts(world, text=words) == ["Hasta mañana a todos"]


async def test_signs_of_patterns_are_signs(world: World) -> None:
    await send(world, await world.account(), "abc", "100 % _ seguro")
    assert await texts(world, text="%") == ["100 % _ seguro"]
    assert await texts(world, anywhere="_") == ["100 % _ seguro"]


async def test_a_number_is_found_by_its_end(world: World) -> None:
    account = await world.account()
    await world.accept(account, recipients=[recipient(1234, text="a"), recipient(2234, text="b")])
    assert await texts(world, number="1234") == ["a"]
    assert await texts(world, number="234") == ["b", "a"]
    assert await texts(world, number="525512341234") == ["a"]


async def test_everywhere_is_text_number_label_and_subid(world: World) -> None:
    account = await world.account()
    await send(world, account, "the code is 7788", label="promo", subid="batch-1")
    await world.accept(account, recipients=[recipient(7788, text="other")], label="7788x")
    assert await texts(world, anywhere="7788") == ["other", "the code is 7788"]
    assert await texts(world, anywhere="+52 55 1234 7788") == ["other"]
    assert await texts(world, anywhere="promo") == await texts(world, anywhere="batch-1") == ["the code is 7788"]
    assert await texts(world, anywhere="pro") == []


async def test_who_may_not_see_texts_does_not_find_by_them_nor_by_pieces_of_numbers(world: World) -> None:
    account = await world.account()
    await world.accept(account, recipients=[recipient(1234, text="secret")], label="promo")
    for blind in ({"text": "secret"}, {"anywhere": "secret"}, {"anywhere": "1234"}, {"number": "1234"}):
        assert await texts(world, is_blind=True, **blind) == []
    for seen in ({"anywhere": "525512341234"}, {"number": "525512341234"}, {"anywhere": "promo"}):
        assert await texts(world, is_blind=True, **seen) == ["secret"]


async def test_a_period_is_when_messages_were_accepted(world: World) -> None:
    await send(world, await world.account(), *"abc")
    rows = await world.ask("SELECT id FROM messages ORDER BY id")
    middle = born_ms(MessageId(rows[1][0]))
    assert middle >= EPOCH_MS
    assert await texts(world, since_ms=EPOCH_MS + 10_000_000) == []
    assert await texts(world, until_ms=EPOCH_MS) == []
    assert await texts(world, since_ms=EPOCH_MS, until_ms=EPOCH_MS + 10_000_000) == ["c", "b", "a"]


@pytest.mark.parametrize("others", [0, FAMILY_BY_INDEX], ids=["account by account", "among all messages"])
async def test_only_those_accounts_are_looked_at(world: World, others: int) -> None:
    accounts = [await world.account() for _ in range(3)]
    for number, account in enumerate(accounts):
        await send(world, account, f"a{number}", f"b{number}", subid="s")
    without_messages = (AccountId(10_000 + number) for number in range(others))
    family = (accounts[0].id, accounts[2].id, *without_messages)
    assert await texts(world, account_ids=family) == ["b2", "a2", "b0", "a0"]
    assert await texts(world, account_ids=family, subid="s") == ["b2", "a2", "b0", "a0"]
    assert await texts(world, account_ids=family, text="a") == ["a2", "a0"]
    assert await texts(world, account_ids=(), text="a") == []
    assert await texts(world, account_ids=(AccountId(99),)) == []


@pytest.mark.parametrize("owners", ["everybody", "two accounts"])
async def test_a_search_that_finds_little_stops_after_a_slice_and_says_where(world: World, owners: str) -> None:
    account, other = await world.account(credit=10_000 * CREDIT), await world.account()
    await world.accept(account, count=SLICE + 10)
    await send(world, other, "needle")
    await world.accept(account, count=SLICE + 10)
    wanted = Search(account_ids=None if owners == "everybody" else (account.id, other.id), text="needle")
    before: MessageId | None = LATEST
    pieces = []
    while before is not None:
        piece = await find(world, wanted, before=before)
        assert piece.older is None or piece.older < before
        pieces.append([message.text for message in piece.messages])
        before = piece.older
    assert [text for piece in pieces for text in piece] == ["needle"]
    assert pieces[0] == []
    assert len(pieces) >= 3


async def test_the_oldest_message_of_some_accounts(world: World) -> None:
    accounts = [await world.account() for _ in range(2)]
    for account in accounts:
        await send(world, account, "x")
    ids = [row[0] for row in await world.ask("SELECT id FROM messages ORDER BY id")]

    async def oldest(*owners: AccountId) -> MessageId | None:
        async def script(tx: Transaction) -> MessageId | None:
            return await flow.oldest(tx, Search(account_ids=owners or None))

        return await world.database.read(script)

    assert await oldest() == ids[0]
    assert await oldest(accounts[1].id) == ids[1]
    assert await oldest(AccountId(99)) is None
