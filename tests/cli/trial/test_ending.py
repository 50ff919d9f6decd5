"""The end of a trial: what its account has waiting ends, whatever became of it so far."""

from tests.support.doubts import doubted
from tests.support.world import CREDIT, World, outgoing

from palomar.cli.trial.ending import end_some
from palomar.ports import Deferred, InDoubt
from palomar.vocabulary.account import Account, UnknownOutcome
from palomar.vocabulary.message import State


async def end_trial(world: World, account: Account) -> None:
    async def step(work: object, accounts: object) -> list[int]:
        return [await end_some(work, account, after=0)]  # type: ignore[arg-type]

    await world.batch((step, [account]))


async def test_a_part_that_waits_for_its_next_copy_is_unknown_since_a_carrier_may_have_the_first(world: World) -> None:
    account = await world.account(credit=10 * CREDIT)
    message = await doubted(world, account=account)
    assert await world.part_states(message.row.id) == [State.QUEUED]
    await end_trial(world, account)
    assert await world.state(message.row.id) is State.UNKNOWN
    assert await world.balance(account) == (10 * CREDIT, 0)


async def test_unsent_parts_are_cancelled_and_parts_a_carrier_may_have_are_unknown(world: World) -> None:
    account = await world.account(credit=10 * CREDIT, unknown_outcome=UnknownOutcome.HOLD)
    waits = await world.accepted(account)
    later = await world.accepted(account, due_ms=world.now_ms + 60_000)
    away = await world.accepted(account, claim=State.SUBMITTING)
    partly = await world.accepted(account, claim=State.SUBMITTING, parts=2)
    held, queued = outgoing(partly)
    await world.answer(held, InDoubt(reason="no answer"))
    await world.answer(queued, Deferred(status=88, reason="later", retry_after_seconds=1.0))
    assert await world.part_states(partly.row.id) == [State.HELD, State.QUEUED]

    await end_trial(world, account)
    assert [await world.state(message.row.id) for message in (waits, later, away)] == [
        State.CANCELLED,
        State.CANCELLED,
        State.UNKNOWN,
    ]
    assert await world.part_states(partly.row.id) == [State.UNKNOWN, State.CANCELLED]
    assert await world.queue() == {}
    assert await world.balance(account) == (10 * CREDIT, 0)
    assert await world.faults() == []
