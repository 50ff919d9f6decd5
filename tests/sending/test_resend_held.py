"""A person sends held parts once more: with new bounds, and by another carrier if the whole message is held."""

from tests.support.doubts import NO_ANSWER, PHONE, doubted, submitted_again
from tests.support.world import CREDIT, FixedRouter, World, outgoing

from palomar.ports import Submitted
from palomar.reports.held_count import HeldMessages, count_held
from palomar.sending.claimer import MessageClaimOrder, claim
from palomar.sending.in_doubt import Retry
from palomar.sending.resend_held import list_held_messages, resend_held_parts
from palomar.storage.database import Transaction
from palomar.vocabulary.account import UnknownOutcome
from palomar.vocabulary.message import MessageId, State


async def test_a_held_message_is_resent_by_hand_with_new_bounds_and_by_any_carrier(world: World) -> None:
    account = await world.account(credit=10 * CREDIT)
    message = await doubted(world, account=account, parts=2)
    for part in outgoing(message):
        await submitted_again(world, part, 2)
    assert await world.state(message.row.id) is State.HELD

    async def counted(tx: Transaction) -> tuple[list[HeldMessages], list[MessageId]]:
        return await count_held(tx, None), await list_held_messages(tx, account.id)

    assert await world.database.read(counted) == (
        [HeldMessages(account_id=account.id, messages=1, oldest_ms=world.now_ms)],
        [message.row.id],
    )
    assert await world.do(resend_held_parts, [message.row.id], [message.row.id]) == [1, 0]
    assert await world.database.read(counted) == ([], [])
    world.router = FixedRouter("c", "b", c="it answers nothing")
    claimed = (await world.do(claim, MessageClaimOrder(carrier="", limit=9)))[0].parts
    assert [(part.attempt, part.carrier) for part in claimed] == [(3, "b"), (3, "b")]
    for part in outgoing(message, attempt=3):
        assert await world.mark(part, carrier="b") == [True]
    third, other = outgoing(message, attempt=3)
    assert await world.answer(third, NO_ANSWER, carrier="b") == Retry(4, 5.0)
    await world.answer(other, Submitted(reference="b2"), carrier="b")
    assert await world.receipt("b2", State.DELIVERED, carrier="b")
    assert await world.receipt("c1", State.DELIVERED, msisdn=PHONE)
    assert await world.state(message.row.id) is State.DELIVERED
    assert await world.balance(account) == (8 * CREDIT, 0)


async def test_only_the_held_part_of_a_message_is_resent_by_hand_and_by_its_carrier(world: World) -> None:
    account = await world.account(unknown_outcome=UnknownOutcome.HOLD)
    message = await world.accepted(account, claim=State.SUBMITTING, parts=2)
    first, second = outgoing(message)
    await world.answer(first, Submitted(reference="r1"))
    await world.answer(second, NO_ANSWER)
    assert await world.do(resend_held_parts, [message.row.id]) == [1]
    assert await world.part_states(message.row.id) == [State.SENT, State.QUEUED]
    assert await world.ask("SELECT carrier FROM queue") == [("c",)]


async def test_only_held_parts_are_resent_by_hand(world: World) -> None:
    account = await world.account()
    await world.sent(account)
    queued = await world.accepted(account)
    ids = [MessageId(row[0]) for row in await world.ask("SELECT id FROM messages")]
    assert await world.do(resend_held_parts, ids) == [0]
    assert await world.queue() == {queued.row.id: None}
