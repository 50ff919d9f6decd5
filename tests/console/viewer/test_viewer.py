"""A viewer sees messages, accounts and callbacks in scope only, and support no texts or numbers."""

from collections.abc import AsyncIterator

import pytest
from tests.support.console_house import CREDIT, House, house_in
from tests.support.databases import Place
from tests.support.world import recipient

from palomar.console.viewer.masking import HIDDEN
from palomar.console.viewer.viewer import MessagePage, Viewer
from palomar.reports.search_request import BOUNDS
from palomar.reports.search_terms import SearchFilter
from palomar.vocabulary.access import Role
from palomar.vocabulary.account import Account, AccountId
from palomar.vocabulary.message import MessageId


@pytest.fixture
async def house(place: Place) -> AsyncIterator[House]:
    async with house_in(place) as built:
        yield built


async def send(house: House, account: Account, text: str = "hello", number: int = 1) -> MessageId:
    house.wait(1_000)
    result = await house.world.accept(account, recipients=[recipient(number, text=text)])
    return result.messages[0].row.id  # type: ignore[union-attr]  # it is accepted


async def texts(viewer: Viewer, **wanted: object) -> list[str]:
    page = await viewer.search(SearchFilter(**wanted), limit=50)  # type: ignore[arg-type]  # fields of SearchFilter
    return [message.text for message in page.messages]


async def family(house: House) -> tuple[Account, Account, Account]:
    """A parent, its child, and a stranger; each with one message that says whose it is."""
    parent = await house.account("parent")
    child = await house.account("child", parent=parent, credit=10 * CREDIT)
    stranger = await house.account("stranger")
    for account in (parent, child, stranger):
        await send(house, account, f"of {account.login}")
    return parent, child, stranger


async def test_the_platform_sees_all_accounts(house: House) -> None:
    await family(house)
    await house.user("admin")
    viewer = await house.viewer("admin")
    assert await texts(viewer) == ["of stranger", "of child", "of parent"]
    assert [account.login for account in viewer.first_accounts(2)] == ["child", "parent"]
    assert viewer.account_count == 3


async def test_an_account_sees_itself_and_what_is_below_it(house: House) -> None:
    _, child, stranger = await family(house)
    parent = await house.viewer("parent")
    assert await texts(parent) == ["of child", "of parent"]
    assert [account.login for account in parent.first_accounts(9)] == ["child", "parent"]
    assert parent.account_count == 2
    assert await texts(await house.viewer("child")) == ["of child"]
    assert await texts(parent, account_ids=(child.id,)) == ["of child"]
    assert await texts(parent, account_ids=(stranger.id, child.id)) == ["of child"]
    assert await texts(parent, account_ids=(stranger.id,)) == []


async def test_a_user_bound_to_an_account_sees_what_the_account_sees(house: House) -> None:
    _, child, _ = await family(house)
    await house.user("juan", role=Role.READ_ONLY, account=child)
    assert await texts(await house.viewer("juan")) == ["of child"]


async def test_what_is_out_of_scope_is_not_found(house: House) -> None:
    _, child, stranger = await family(house)
    viewer = await house.viewer("parent")
    foreign = (await (await house.viewer("stranger")).search(SearchFilter(), limit=1)).messages[0].id
    assert await viewer.story(foreign) is None
    assert await viewer.story(MessageId(1 << 8)) is None
    assert viewer.account(stranger.id) is None
    assert viewer.login_of(stranger.id) == ""
    assert viewer.login_of(child.id) == "child"
    assert viewer.account_of_login("stranger") is None
    assert viewer.account_of_login("nobody") is None


async def test_only_failed_callbacks_in_scope_are_sent_again(house: House) -> None:
    parent, _, stranger = await family(house)
    rows = await house.world.ask("SELECT id, account_id FROM callbacks")
    assert rows == []
    for number, account in enumerate((parent, parent, stranger), 1):
        await house.world.tell(
            "INSERT INTO callbacks (id, message_id, account_id, dialect, method, url, due_ms, attempts, failed)"
            " VALUES (?, 256, ?, 'foxsys', 'GET', 'u', 0, 6, ?)",
            number,
            account.id,
            int(number != 2),
        )
    viewer = await house.viewer("parent")
    assert [await viewer.callbacks.replay(number) for number in (1, 1, 2, 3, 99, 0)] == [
        True,
        False,
        False,
        False,
        False,
        False,
    ]
    assert await house.world.ask("SELECT id FROM callbacks WHERE failed = 1") == [(3,)]


async def test_a_read_only_user_replays_no_callback(house: House) -> None:
    parent, _, _ = await family(house)
    await house.user("juan", role=Role.READ_ONLY, account=parent)
    await house.world.tell(
        "INSERT INTO callbacks (id, message_id, account_id, dialect, method, url, due_ms, attempts, failed)"
        " VALUES (1, 256, ?, 'foxsys', 'GET', 'u', 0, 6, 1)",
        parent.id,
    )
    assert not await (await house.viewer("juan")).callbacks.replay(1)


async def test_support_sees_states_but_no_texts_or_numbers(house: House) -> None:
    account = await house.account("acme")
    message_id = await send(house, account, "the code is 4711", number=1234)
    await house.user("sara", role=Role.SUPPORT)
    viewer = await house.viewer("sara")
    (row,) = (await viewer.search(SearchFilter(), limit=5)).messages
    assert (row.text, row.msisdn) == (HIDDEN, "52•••••34")
    story = await viewer.story(message_id)
    assert story is not None
    assert "4711" not in repr(story)
    assert "525512341234" not in repr(story)
    for guess in ({"text": "4711"}, {"anywhere": "4711"}, {"number": "1234"}):
        assert await texts(viewer, **guess) == []
    assert await texts(viewer, number="525512341234") == [HIDDEN]


async def test_support_sees_everything_where_nothing_is_hidden(sqlite_place: Place) -> None:
    async with house_in(sqlite_place, mask_for_support=False) as house:
        await send(house, await house.account("acme"), "the code is 4711")
        await house.user("sara", role=Role.SUPPORT)
        assert await texts(await house.viewer("sara"), text="4711") == ["the code is 4711"]


async def test_a_slow_search_stops_and_returns_how_far_back_it_searched(sqlite_place: Place) -> None:
    async with house_in(sqlite_place) as house:
        account = await house.account("acme", credit=100_000 * CREDIT)
        await send(house, account, "needle")
        for _ in range(11):
            house.wait(1_000)
            await house.world.accept(account, count=BOUNDS.read // 10)
        await house.user("admin")
        viewer, house.viewers.search_seconds = await house.viewer("admin"), 0.0
        first = await viewer.search(SearchFilter(text="needle"), limit=5)
        assert first.messages == []
        assert first.older is not None
        assert first.searched_ms is not None
        assert first.searched_ms < house.clock.now_ms
        second = await viewer.search(SearchFilter(text="needle"), before=first.older, limit=5)
        assert [row.text for row in second.messages] == ["needle"]
        assert second == MessagePage(messages=second.messages, older=None)


async def test_the_period_of_a_search_begins_with_the_oldest_message_in_scope(house: House) -> None:
    await family(house)
    await house.user("admin")
    oldest = await (await house.viewer("admin")).oldest_ms(SearchFilter())
    stranger = await (await house.viewer("stranger")).oldest_ms(SearchFilter())
    assert oldest is not None
    assert stranger is not None
    assert oldest < stranger <= house.clock.now_ms
    viewer = await house.viewer("stranger")
    assert await viewer.oldest_ms(SearchFilter(since_ms=5)) == 5
    assert await viewer.oldest_ms(SearchFilter(account_ids=frozenset({AccountId(1)}))) is None
