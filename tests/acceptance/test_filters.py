"""Duplicates and daily limits, of one request and of several in a batch."""

import pytest
from tests.support.world import CREDIT, World, recipient

from palomar.acceptance.accept import Accepted, accept
from palomar.acceptance.compose import (
    Recipient,
)
from palomar.acceptance.scheduled import ScheduledChange, cancel, send_now
from palomar.billing.ledger import Ledger
from palomar.transaction.work import Work
from palomar.vocabulary.account import Account
from palomar.vocabulary.message import State
from palomar.vocabulary.refusals import Refusal


async def test_the_duplicates_filter_remembers_only_accepted_messages(world: World) -> None:
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
    """Accept the same text to the same number for each of these times in turn; return the states."""
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


async def test_a_message_that_is_due_soon_and_one_that_leaves_now_are_duplicates(world: World) -> None:
    account = await world.account(duplicates_filter=True)
    soon_ms = world.now_ms + HOUR_MS // 2
    assert await states_when_due(world, account, None, soon_ms) == [State.QUEUED, State.DUPLICATED]
    other = await world.account(duplicates_filter=True)
    assert await states_when_due(world, other, soon_ms, None) == [State.SCHEDULED, State.DUPLICATED]


async def test_a_cancelled_message_can_be_scheduled_again(world: World) -> None:
    account = await world.account(duplicates_filter=True)
    due_ms = world.now_ms + 5 * HOUR_MS
    assert await states_when_due(world, account, due_ms, due_ms) == [State.SCHEDULED, State.DUPLICATED]
    assert await world.do(cancel, ScheduledChange(account_id=account.id)) == [1]
    assert await states_when_due(world, account, due_ms) == [State.SCHEDULED]


async def test_a_scheduled_message_that_is_sent_now_is_remembered_at_its_new_time(world: World) -> None:
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


async def test_the_daily_limit_counts_only_accepted_messages(world: World) -> None:
    account = await world.account(credit=3 * CREDIT, daily_limit=4)
    assert await world.accept(account, count=5) is Refusal.DAILY_LIMIT
    assert await world.accept(account, count=4) is Refusal.NO_CREDIT
    assert isinstance(await world.accept(account, count=3), Accepted)
    await credit(world, account.id, 9 * CREDIT)
    assert await world.accept(account, count=2) is Refusal.DAILY_LIMIT
    assert isinstance(await world.accept(account, count=1), Accepted)
    world.now_ms += 86_400_000
    assert isinstance(await world.accept(account, count=4), Accepted)


async def test_two_requests_of_one_batch_share_the_daily_limit(world: World) -> None:
    account = await world.account(daily_limit=3)
    results = await world.do(accept, *(world.compose(account, count=2) for _ in range(2)))
    assert [type(result).__name__ for result in results] == ["Accepted", "Refusal"]


async def credit(world: World, account_id: int, microcredits: int) -> None:
    async def give(work: Work, commands: object) -> list[None]:
        Ledger.of(work).credit(account_id, microcredits)
        return []

    await world.do(give)


TEST = State.TEST


def discarded(count: int, state: State = TEST) -> list[Recipient]:
    return [recipient(number, state=state, why="because") for number in range(count)]


async def test_messages_that_cost_nothing_have_a_daily_limit_of_their_own(world: World) -> None:
    account = await world.account(credit=0, unpaid_limit=5)
    assert isinstance(await world.accept(account, recipients=discarded(3)), Accepted)
    assert await world.accept(account, recipients=discarded(3)) is Refusal.DAILY_LIMIT
    assert isinstance(await world.accept(account, recipients=discarded(2)), Accepted)
    assert await world.accept(account, recipients=discarded(1)) is Refusal.DAILY_LIMIT
    world.now_ms += 86_400_000
    assert isinstance(await world.accept(account, recipients=discarded(5)), Accepted)


async def test_two_requests_of_one_batch_share_the_limit_of_messages_that_cost_nothing(world: World) -> None:
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


async def test_duplicates_and_numbers_on_a_black_list_count_as_messages_that_cost_nothing(world: World) -> None:
    account = await world.account(credit=100 * CREDIT, duplicates_filter=True, unpaid_limit=2)
    assert isinstance(await world.accept(account, recipients=[recipient(1)]), Accepted)
    assert isinstance(await world.accept(account, recipients=[recipient(1)] * 2), Accepted)
    assert await world.accept(account, recipients=[recipient(1)]) is Refusal.DAILY_LIMIT
    assert isinstance(await world.accept(account, recipients=[recipient(2)]), Accepted)


async def test_zero_is_no_limit_of_messages_that_cost_nothing(world: World) -> None:
    account = await world.account(credit=0, unpaid_limit=0)
    for _ in range(3):
        assert isinstance(await world.accept(account, recipients=discarded(50)), Accepted)
