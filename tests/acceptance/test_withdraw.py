"""A request that was refused while its COMMIT was not answered, and had been stored, is withdrawn."""

from tests.support.world import CREDIT, World, outgoing, recipient

from palomar.acceptance.accept import Accepted, Result, accept
from palomar.acceptance.compose import Acceptance, Claim
from palomar.acceptance.withdraw import WHY, can_withdraw, withdraw
from palomar.ports import Submitted
from palomar.transaction.idempotency import Key
from palomar.vocabulary.message import State

KEY = Key.of(["account", "key"], b"body")


async def stored(world: World, command: Acceptance, *, claim: State | None = None) -> Result:
    command.claims.extend(Claim("c", claim) for _ in command.messages)
    result: Result = (await world.do(accept, command))[0]
    return result


async def taken_back(world: World, command: Acceptance, result: Result) -> int:
    missed: list[int] = []

    async def step(work: object, pairs: object) -> list[None]:
        missed.append(await withdraw(work, pairs))  # type: ignore[arg-type]
        return []

    await world.batch((step, [(command, result)]))
    return missed[0]


async def test_messages_are_cancelled_and_the_credit_comes_back(world: World) -> None:
    account = await world.account(credit=10 * CREDIT)
    for claim in (None, State.QUEUED, State.SUBMITTING):
        command = world.compose(account, recipients=[recipient(0), recipient(1, parts=2)])
        result = await stored(world, command, claim=claim)
        assert isinstance(result, Accepted)
        assert await taken_back(world, command, result) == 0
        for message in result.messages:
            view = await world.show(message.row.id)
            assert view.message.state is State.CANCELLED
            assert WHY in str([moment.detail for moment in view.timeline])
            assert await world.told(message.row.id) == []
    assert await world.queue() == {}
    assert await world.balance(account) == (10 * CREDIT, 0)
    assert await world.faults() == []


async def test_a_request_that_may_have_answered_a_repeat_is_never_withdrawn(world: World) -> None:
    plain, filtering = await world.account(), await world.account(duplicates_filter=True)
    assert can_withdraw(world.compose(plain))
    assert not can_withdraw(world.compose(plain, idempotency=KEY))
    assert not can_withdraw(world.compose(filtering))


async def test_a_request_that_was_answered_before_keeps_its_messages_and_its_key(world: World) -> None:
    account = await world.account()
    asked = {"idempotency": KEY, "answer": lambda new: (200, b"sent")}
    first = await stored(world, world.compose(account, **asked))
    assert isinstance(first, Accepted)
    command = world.compose(account, **asked)
    replay = await stored(world, command)
    assert not isinstance(replay, Accepted)
    assert await taken_back(world, command, replay) == 0
    assert await world.state(first.messages[0].row.id) is State.QUEUED
    assert not isinstance(await stored(world, world.compose(account, **asked)), Accepted)


async def test_parts_that_another_node_has_taken_meanwhile_are_left_and_counted(world: World) -> None:
    account = await world.account()
    command = world.compose(account)
    result = await stored(world, command, claim=State.SUBMITTING)
    assert isinstance(result, Accepted)
    message = result.messages[0]
    for part in outgoing(message):
        await world.answer(part, Submitted(reference="r"))
    assert await taken_back(world, command, result) == 1
    assert await world.state(message.row.id) is State.SENT
    assert await world.faults() == []
