"""The story of a message has the ledger entries that its moments name, each with both legs."""

from tests.support.world import CREDIT, World, outgoing

from palomar.ports import Refused
from palomar.reports.story import Book, Reason, Story, load_story
from palomar.storage.database import Transaction
from palomar.vocabulary.message import MessageId, State
from palomar.vocabulary.timeline import MomentKind


async def story(world: World, message_id: MessageId) -> Story | None:
    async def script(tx: Transaction) -> Story | None:
        return await load_story(tx, message_id)

    return await world.database.read(script)


async def test_entries_say_what_their_transaction_moved_and_for_how_many(world: World) -> None:
    account = await world.account()
    result = await world.accept(account, count=3)
    first = result.messages[0].row.id  # type: ignore[union-attr]  # it is accepted
    told = await story(world, first)
    assert told is not None
    (entry,) = told.entries.values()
    assert entry.id == told.view.timeline[0].detail["entry"]
    assert (entry.reason, entry.items) == (Reason.RESERVE, 1)
    assert [(leg.book, leg.microcredits) for leg in entry.legs] == [
        (Book.AVAILABLE, -3 * CREDIT),
        (Book.RESERVED, 3 * CREDIT),
    ]


async def test_every_moment_that_moved_money_has_its_entry(world: World) -> None:
    account = await world.account()
    sent = await story(world, await world.sent(account))
    refused = await world.accepted(account, claim=State.SUBMITTING)
    await world.answer(outgoing(refused)[0], Refused(status=11, reason="no such number"))
    given_back = await story(world, refused.row.id)
    assert sent is not None
    assert given_back is not None
    assert [entry.reason for entry in sent.entries.values()] == [Reason.RESERVE, Reason.SETTLE]
    assert [leg.book for leg in list(sent.entries.values())[1].legs] == [Book.RESERVED, Book.REVENUE]
    assert [entry.reason for entry in given_back.entries.values()] == [Reason.RESERVE, Reason.GIVE_BACK]
    assert MomentKind.GIVEN_BACK in [moment.kind for moment in given_back.view.timeline]


async def test_a_message_that_does_not_exist_has_no_story(world: World) -> None:
    assert await story(world, MessageId(256)) is None
