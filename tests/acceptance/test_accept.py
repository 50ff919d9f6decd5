"""Accept: credit to the microcredit, refusals that spoil nobody's request, claims that need a lease."""

import pytest
from msgspec import Struct, structs
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
    compose,
)
from palomar.acceptance.scheduled import ScheduledChange, cancel, send_now
from palomar.accounts.terms import Terms
from palomar.billing.ledger import Ledger
from palomar.billing.prices import PriceList
from palomar.storage.database import Conflict, Transaction
from palomar.text.alphabets import Alphabet, payloads
from palomar.text.languages import Language
from palomar.transaction.message_rows import MessageRow
from palomar.transaction.work import Work
from palomar.vocabulary.account import Account
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
async def test_the_customer_is_told_of_what_cannot_leave_but_not_of_duplicates_and_tests(
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
def test_what_a_message_is_at_each_stage_is_never_changed(stage: type[Struct]) -> None:
    assert stage.__struct_config__.frozen


async def test_what_was_claimed_as_submitting_needs_no_second_mark(world: World) -> None:
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


async def test_the_duplicates_filter_knows_only_what_was_accepted(world: World) -> None:
    account = await world.account(credit=0, duplicates_filter=True)
    assert await world.accept(account) is Refusal.NO_CREDIT
    await credit(world, account.id, 5 * CREDIT)
    first = await world.accepted(account)
    again = await world.accepted(account)
    world.now_ms += 3_600_001
    later = await world.accepted(account)
    assert [message.state for message in (first, again, later)] == [State.QUEUED, State.DUPLICATED, State.QUEUED]
    assert await world.balance(account) == (3 * CREDIT, 2 * CREDIT)


HOUR_MS = 3_600_000


async def states_when_due(world: World, account: Account, *due_ms: int | None, request_ref: str = "sub") -> list[State]:
    """The same text to the same number, accepted for each of these times in turn."""
    return [(await world.accepted(account, due_ms=each, request_ref=request_ref)).state for each in due_ms]


async def test_the_same_text_on_three_days_is_no_duplicate(world: World) -> None:
    account = await world.account(duplicates_filter=True)
    days = [world.now_ms + day * 24 * HOUR_MS for day in (1, 2, 3)]
    assert await states_when_due(world, account, *days) == [State.SCHEDULED] * 3
    assert await states_when_due(world, account, None, *days) == [State.QUEUED, *[State.DUPLICATED] * 3]


@pytest.mark.parametrize("start_minutes", [0, 1, 29, 30, 59])
async def test_duplicates_are_due_within_the_hour_of_each_other(world: World, start_minutes: int) -> None:
    account = await world.account(duplicates_filter=True)
    due_ms = (world.now_ms // HOUR_MS + 10) * HOUR_MS + start_minutes * 60_000
    around = [due_ms - HOUR_MS + 1, due_ms - 1, due_ms, due_ms + 1, due_ms + HOUR_MS - 1]
    assert await states_when_due(world, account, due_ms, *around) == [State.SCHEDULED, *[State.DUPLICATED] * 5]
    assert await states_when_due(world, account, due_ms - HOUR_MS, due_ms + HOUR_MS) == [State.SCHEDULED] * 2


async def test_equals_of_one_batch_that_are_due_hours_apart_are_no_duplicates(world: World) -> None:
    account = await world.account(duplicates_filter=True)
    due_ms = world.now_ms + 5 * HOUR_MS
    commands = [world.compose(account, due_ms=each) for each in (due_ms, due_ms + HOUR_MS, due_ms + 1, None)]
    results = await world.do(accept, *commands)
    states = [result.messages[0].state for result in results]
    assert states == [State.SCHEDULED, State.SCHEDULED, State.DUPLICATED, State.QUEUED]


async def test_what_is_due_soon_is_a_duplicate_of_what_leaves_now_and_the_other_way_round(world: World) -> None:
    account = await world.account(duplicates_filter=True)
    soon_ms = world.now_ms + HOUR_MS // 2
    assert await states_when_due(world, account, None, soon_ms) == [State.QUEUED, State.DUPLICATED]
    other = await world.account(duplicates_filter=True)
    assert await states_when_due(world, other, soon_ms, None) == [State.SCHEDULED, State.DUPLICATED]


async def test_what_was_cancelled_can_be_scheduled_again(world: World) -> None:
    account = await world.account(duplicates_filter=True)
    due_ms = world.now_ms + 5 * HOUR_MS
    assert await states_when_due(world, account, due_ms, due_ms) == [State.SCHEDULED, State.DUPLICATED]
    assert await world.do(cancel, ScheduledChange(account_id=account.id)) == [1]
    assert await states_when_due(world, account, due_ms) == [State.SCHEDULED]


async def test_what_is_sent_ahead_of_its_time_is_remembered_where_it_leaves(world: World) -> None:
    account = await world.account(duplicates_filter=True)
    due_ms = world.now_ms + 5 * HOUR_MS
    assert await states_when_due(world, account, due_ms) == [State.SCHEDULED]
    assert await world.do(send_now, ScheduledChange(account_id=account.id)) == [1]
    assert await states_when_due(world, account, None, due_ms) == [State.DUPLICATED, State.SCHEDULED]


async def test_equal_messages_of_one_batch_are_duplicates_only_if_the_first_was_accepted(world: World) -> None:
    account = await world.account(credit=1 * CREDIT, duplicates_filter=True)
    too_much = world.compose(account, count=2)
    commands = [too_much, world.compose(account), world.compose(account)]
    results = await world.do(accept, *commands)
    assert results[0] is Refusal.NO_CREDIT
    assert [result.messages[0].state for result in results[1:]] == [State.QUEUED, State.DUPLICATED]


async def test_the_daily_limit_counts_only_what_was_accepted(world: World) -> None:
    account = await world.account(credit=3 * CREDIT, daily_limit=4)
    assert await world.accept(account, count=5) is Refusal.DAILY_LIMIT
    assert await world.accept(account, count=4) is Refusal.NO_CREDIT
    assert isinstance(await world.accept(account, count=3), Accepted)
    await credit(world, account.id, 9 * CREDIT)
    assert await world.accept(account, count=2) is Refusal.DAILY_LIMIT
    assert isinstance(await world.accept(account, count=1), Accepted)
    world.now_ms += 86_400_000
    assert isinstance(await world.accept(account, count=4), Accepted)


async def test_two_requests_of_one_batch_share_the_day(world: World) -> None:
    account = await world.account(daily_limit=3)
    results = await world.do(accept, *(world.compose(account, count=2) for _ in range(2)))
    assert [type(result).__name__ for result in results] == ["Accepted", "Refusal"]


async def credit(world: World, account_id: int, microcredits: int) -> None:
    async def give(work: Work, commands: object) -> list[None]:
        Ledger.of(work).credit(account_id, microcredits)
        return []

    await world.do(give)


PORTUGUESE = "não há mais ação " * 8
"""136 characters: three parts in UCS-2, one in Portuguese."""


def composed(world: World, account: Account, asked: Recipient, languages: tuple[Language, ...]) -> Acceptance:
    request = world.compose(account, recipients=[asked]).request
    return compose(request, [asked], terms=Terms(), ids=world.ids, now_ms=world.now_ms, languages=languages)


@pytest.mark.parametrize(
    ("languages", "alphabet", "parts"),
    [
        ((Language.PORTUGUESE,), Alphabet.PORTUGUESE_LOCKING, 1),
        ((Language.TURKISH,), Alphabet.UCS2, 3),
        ((), Alphabet.UCS2, 3),
    ],
)
async def test_a_text_beyond_gsm_goes_in_a_language_that_every_carrier_takes_and_costs_its_parts(
    world: World, languages: tuple[Language, ...], alphabet: Alphabet, parts: int
) -> None:
    account = await world.account(credit=10 * CREDIT)
    asked = structs.replace(recipient(1, parts=3), text=PORTUGUESE, alphabet=Alphabet.UCS2)
    (result,) = await world.do(accept, composed(world, account, asked, languages))
    assert isinstance(result, Accepted)
    row = result.messages[0].row
    assert (row.alphabet, row.parts, row.parts_left) == (alphabet, parts, parts)
    assert await world.balance(account) == ((10 - parts) * CREDIT, parts * CREDIT)
    assert [part.number for part in (await world.show(row.id)).parts] == list(range(1, parts + 1))
    assert len(payloads(row.text, row.alphabet)) == parts


async def test_a_text_of_the_default_alphabet_stays_in_it(world: World) -> None:
    command = composed(world, await world.account(), recipient(1), tuple(Language))
    assert command.messages[0].row.alphabet is Alphabet.GSM


TEST = State.TEST


def discarded(count: int, state: State = TEST) -> list[Recipient]:
    return [recipient(number, state=state, why="because") for number in range(count)]


async def test_what_costs_nothing_has_a_limit_a_day_of_its_own(world: World) -> None:
    account = await world.account(credit=0, unpaid_limit=5)
    assert isinstance(await world.accept(account, recipients=discarded(3)), Accepted)
    assert await world.accept(account, recipients=discarded(3)) is Refusal.DAILY_LIMIT
    assert isinstance(await world.accept(account, recipients=discarded(2)), Accepted)
    assert await world.accept(account, recipients=discarded(1)) is Refusal.DAILY_LIMIT
    world.now_ms += 86_400_000
    assert isinstance(await world.accept(account, recipients=discarded(5)), Accepted)


async def test_two_requests_of_one_batch_share_the_day_of_what_costs_nothing(world: World) -> None:
    account = await world.account(unpaid_limit=3)
    results = await world.do(accept, *(world.compose(account, recipients=discarded(2)) for _ in range(2)))
    assert [type(result).__name__ for result in results] == ["Accepted", "Refusal"]


async def test_bad_numbers_beside_as_many_good_ones_count_for_nothing(world: World) -> None:
    account = await world.account(credit=100 * CREDIT, unpaid_limit=2)
    good = [recipient(number) for number in range(100, 104)]
    for _ in range(3):
        assert isinstance(await world.accept(account, recipients=[*good, *discarded(4, State.NOFORMAT)]), Accepted)
    more = [*good, *discarded(6, State.NOFORMAT)]
    assert isinstance(await world.accept(account, recipients=more), Accepted)
    assert await world.accept(account, recipients=more[:-1]) is Refusal.DAILY_LIMIT


async def test_duplicates_and_the_black_lists_numbers_count_too(world: World) -> None:
    account = await world.account(credit=100 * CREDIT, duplicates_filter=True, unpaid_limit=2)
    assert isinstance(await world.accept(account, recipients=[recipient(1)]), Accepted)
    assert isinstance(await world.accept(account, recipients=[recipient(1)] * 2), Accepted)
    assert await world.accept(account, recipients=[recipient(1)]) is Refusal.DAILY_LIMIT
    assert isinstance(await world.accept(account, recipients=[recipient(2)]), Accepted)


async def test_zero_is_no_limit_of_what_costs_nothing(world: World) -> None:
    account = await world.account(credit=0, unpaid_limit=0)
    for _ in range(3):
        assert isinstance(await world.accept(account, recipients=discarded(50)), Accepted)
