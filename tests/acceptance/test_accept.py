"""Accepted requests: credit to the microcredit, refusals that affect no other request, claims that need a lease."""

import pytest
from msgspec import Struct
from tests.support.world import CREDIT, World, outgoing, recipient

from palomar.acceptance.accept import Accepted, accept
from palomar.acceptance.compose import (
    UNCLAIMED,
    Acceptance,
    AcceptedMessage,
    Claim,
    NewMessage,
    Recipient,
    Request,
)
from palomar.billing.prices import PriceList
from palomar.storage.database import Conflict, Transaction
from palomar.transaction.message_rows import MessageRow
from palomar.vocabulary.message import State
from palomar.vocabulary.refusals import Refusal


async def test_a_message_reserves_its_price_and_waits_in_the_queue(world: World) -> None:
    account = await world.account(credit=10 * CREDIT)
    message = await world.accepted(account, parts=3)
    view = await world.show(message.row.id)
    assert await world.balance(account) == (7 * CREDIT, 3 * CREDIT)
    assert view.message.state is State.QUEUED
    assert [part.state for part in view.parts] == [State.QUEUED] * 3
    assert await world.queue() == {message.row.id: None}
    assert [moment.kind for moment in view.timeline] == ["accepted"]


async def test_the_price_is_that_of_the_country_and_of_every_part(world: World) -> None:
    world.prices = PriceList(general={"MX": 12_345})
    account = await world.account(credit=10 * 12_345)
    await world.accept(account, parts=2, count=4)
    assert await world.balance(account) == (2 * 12_345, 8 * 12_345)


async def test_the_last_credit_can_be_spent_and_not_one_more(world: World) -> None:
    account = await world.account(credit=3 * CREDIT)
    assert isinstance(await world.accept(account, count=3), Accepted)
    assert await world.accept(account, count=1) is Refusal.NO_CREDIT
    assert await world.balance(account) == (0, 3 * CREDIT)


async def test_a_request_that_costs_too_much_is_refused_whole_and_its_neighbours_are_not(world: World) -> None:
    poor, rich = await world.account(credit=2 * CREDIT), await world.account(credit=9 * CREDIT)
    commands = [
        world.compose(rich, count=2),
        world.compose(poor, count=3),
        world.compose(poor, count=2),
        world.compose(rich, count=1),
        world.compose(poor, count=1),
    ]
    results = await world.do(accept, *commands)
    assert [type(result).__name__ for result in results] == ["Accepted", "Refusal", "Accepted", "Accepted", "Refusal"]
    assert await world.balance(poor) == (0, 2 * CREDIT)
    assert await world.balance(rich) == (6 * CREDIT, 3 * CREDIT)
    assert len(await world.queue()) == 5


async def test_several_requests_of_one_account_in_a_batch_are_one_entry_of_the_ledger(world: World) -> None:
    account = await world.account()
    await world.do(accept, *(world.compose(account, count=2) for _ in range(5)))
    rows = await world.ask("SELECT microcredits, items FROM ledger WHERE reason = 'reserve' ORDER BY leg")
    assert rows == [(-10 * CREDIT, 5), (10 * CREDIT, 5)]


async def test_an_account_without_credit_may_have_its_discarded_recipients_stored(world: World) -> None:
    account = await world.account(credit=0)
    bad = recipient(state=State.NOFORMAT, why="too short")
    result = await world.accept(account, recipients=[bad])
    assert isinstance(result, Accepted)
    view = await world.show(result.messages[0].row.id)
    assert (view.message.state, view.message.price_microcredits, view.parts) == (State.NOFORMAT, 0, [])
    assert view.timeline[0].detail["why"] == "too short"
    assert await world.queue() == {}


@pytest.mark.parametrize("state", [State.NOFORMAT, State.BLOCKED, State.DUPLICATED, State.TEST])
async def test_discarded_recipients_beside_good_ones_cost_nothing(world: World, state: State) -> None:
    account = await world.account(credit=2 * CREDIT)
    result = await world.accept(account, recipients=[recipient(1), recipient(2, state=state, why="x"), recipient(3)])
    assert isinstance(result, Accepted)
    assert [message.row.state for message in result.messages] == [State.QUEUED, state, State.QUEUED]
    assert await world.balance(account) == (0, 2 * CREDIT)
    assert len(await world.queue()) == 2


@pytest.mark.parametrize(
    ("state", "told"),
    [(State.NOFORMAT, ["noformat"]), (State.BLOCKED, ["blocked"]), (State.DUPLICATED, []), (State.TEST, [])],
)
@pytest.mark.parametrize("test", [False, True])
async def test_there_are_callbacks_for_messages_that_cannot_leave_but_not_for_duplicates_and_tests(
    world: World, state: State, told: list[str], test: bool
) -> None:
    account = await world.account()
    result = await world.accept(account, recipients=[recipient(1), recipient(2, state=state, why="x")], test=test)
    assert isinstance(result, Accepted)
    assert await world.told(result.messages[1].row.id) == ([] if test else told)
    assert await world.told(result.messages[0].row.id) == []


async def test_a_request_of_a_thousand_recipients_is_stored_whole(world: World) -> None:
    account = await world.account(credit=1_200 * CREDIT)
    await world.accept(account, recipients=[recipient(number) for number in range(1_200)])
    assert len(await world.queue()) == 1_200
    assert await world.balance(account) == (0, 1_200 * CREDIT)


@pytest.mark.parametrize("claim", [State.SUBMITTING, State.QUEUED])
async def test_a_node_with_a_lease_claims_what_it_accepts(world: World, claim: State) -> None:
    message = await world.accepted(await world.account(), claim=claim, parts=2)
    assert message.claim is claim
    assert await world.part_states(message.row.id) == [claim] * 2
    assert await world.queue() == {message.row.id: world.node_id}


@pytest.mark.parametrize("claim", [State.SUBMITTING, State.QUEUED])
async def test_a_node_whose_lease_ran_out_accepts_and_claims_nothing(world: World, claim: State) -> None:
    account = await world.account()

    async def end_lease(tx: Transaction) -> None:
        await tx.execute("UPDATE nodes SET lease_until_ms = 0 WHERE id = ?", world.node_id)

    await world.database.write(end_lease)
    message = await world.accepted(account, claim=claim)
    assert message.claim is None
    assert await world.part_states(message.row.id) == [State.QUEUED]
    assert await world.queue() == {message.row.id: None}


async def test_a_process_without_a_node_accepts_and_claims_nothing(world: World) -> None:
    world.node_id = None
    message = await world.accepted(await world.account(), claim=State.SUBMITTING)
    assert await world.part_states(message.row.id) == [State.QUEUED]
    assert await world.queue() == {message.row.id: None}


@pytest.mark.parametrize("stage", [Recipient, Request, NewMessage, Claim, Acceptance, AcceptedMessage, MessageRow])
def test_the_values_of_each_stage_of_a_message_are_frozen(stage: type[Struct]) -> None:
    assert stage.__struct_config__.frozen


async def test_a_part_claimed_as_submitting_is_not_marked_again(world: World) -> None:
    message = await world.accepted(await world.account(), claim=State.SUBMITTING)
    assert await world.mark(*outgoing(message)) == [False]


async def test_the_same_transaction_run_twice_after_a_conflict_accepts_once(world: World) -> None:
    account = await world.account(credit=2 * CREDIT)
    command = world.compose(account, count=2)
    command.claims.extend([Claim("c", State.QUEUED), UNCLAIMED])

    async def lost(tx: Transaction) -> None:
        raise Conflict

    with pytest.raises(Conflict):
        await world.batch((accept, [command]), (lambda work, _: lost(work.tx), []))
    assert isinstance((await world.do(accept, command))[0], Accepted)
    assert await world.balance(account) == (0, 2 * CREDIT)
    assert len(await world.queue()) == 2


async def test_text_of_any_script_is_stored_as_it_came(world: World) -> None:
    text = "¡Ñandú! \U0001f9a4 漢字 \\ ' \" {} ?"
    message = await world.accepted(await world.account(), recipients=[recipient(text=text)], label="Ω label")
    stored = (await world.show(message.row.id)).message
    assert (stored.text, stored.label) == (text, "Ω label")
