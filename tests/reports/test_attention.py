"""What needs a person: the worst first, and nothing of accounts that the person does not see."""

import pytest
from tests.support.counted import count_changed
from tests.support.world import CREDIT, START_MS, TimedIds, World

from palomar.callbacks.callback_rows import INSERT_CALLBACKS, CallbackRow
from palomar.ports import OFF_ON_PURPOSE, LinkStatus
from palomar.reports.attention import (
    LOW_DAYS,
    TOLD_DAYS,
    WORDS_FOR_MS,
    Attention,
    FailingHost,
    Orphans,
    UnknownWord,
    find_attention,
)
from palomar.reports.buckets import Bucket
from palomar.reports.statistics import AccountIds
from palomar.routing.carrier_status import CarrierStatus, record_carrier_status
from palomar.storage.database import Transaction
from palomar.vocabulary.account import Account, AccountId
from palomar.vocabulary.message import State
from palomar.vocabulary.oddity import Oddity, OddityKind


@pytest.fixture
async def timed(world: World) -> World:
    world.ids = TimedIds(lambda: world.now_ms, made=world.ids.serial())
    return world


async def look(world: World, account_ids: AccountIds = None) -> Attention:
    return await world.database.read_long(lambda tx: find_attention(tx, account_ids, now_ms=world.now_ms))


async def store_callbacks(world: World, account: Account, *callbacks: tuple[str, int, int]) -> None:
    """Store callbacks: URL, attempts so far, whether it was given up."""
    rows = [
        CallbackRow(
            id=world.ids.serial(), message_id=world.ids.message_id(), account_id=account.id, dialect="foxsys",
            method="POST", url=url, body=b"\x00", due_ms=0, attempts=attempts, failed=failed,
        ).row()
        for url, attempts, failed in callbacks
    ]  # fmt: skip

    async def script(tx: Transaction) -> None:
        await tx.insert(INSERT_CALLBACKS, rows)

    await world.database.write(script)


async def test_nothing_needs_attention_if_nothing_happened(timed: World) -> None:
    await timed.account()
    assert await look(timed) == Attention(
        carriers=[], orphans=[], unknown_words=[], failing_hosts=[], off_targets=[], low_accounts=[], held=[]
    )
    assert await look(timed, set()) == Attention(
        carriers=[], orphans=[], unknown_words=[], failing_hosts=[], off_targets=[], low_accounts=[], held=[]
    )


async def test_orphans_are_listed_by_carrier_the_most_first_only_for_those_who_see_all_accounts(timed: World) -> None:
    account = await timed.account()
    await timed.receipt("x", State.DELIVERED, carrier="a")
    timed.now_ms += 1
    for reference in ("y", "z"):
        await timed.receipt(reference, State.DELIVERED, carrier="b")
    assert (await look(timed)).orphans == [
        Orphans(carrier="b", receipts=2, youngest_ms=START_MS + 1),
        Orphans(carrier="a", receipts=1, youngest_ms=START_MS),
    ]
    assert (await look(timed, {account.id})).orphans == []


async def test_unknown_words_of_receipts_are_listed_until_two_days_after_they_came_last(timed: World) -> None:
    account = await timed.account()
    for carrier, word, times in (("a", "MISLUKT", 1), ("b", "12", 3)):
        for _ in range(times):
            odd = (Oddity(OddityKind.WORD, word), Oddity(OddityKind.PDU, "octets behind the end"))
            await timed.receipt("x", None, carrier=carrier, oddities=odd)
    assert (await look(timed)).unknown_words == [
        UnknownWord(carrier="b", word="12", receipts=3, last_ms=START_MS),
        UnknownWord(carrier="a", word="MISLUKT", receipts=1, last_ms=START_MS),
    ]
    assert (await look(timed, {account.id})).unknown_words == []
    timed.now_ms += WORDS_FOR_MS + 1
    assert (await look(timed)).unknown_words == []


async def test_failing_callbacks_are_listed_by_host(timed: World) -> None:
    first, second = await timed.account(), await timed.account()
    await store_callbacks(
        timed,
        first,
        ("https://one.example/ack?id=1", 6, 1),
        ("https://one.example/other", 6, 1),
        ("https://ONE.example?x=/y", 2, 0),
        ("http://two.example:8080#z", 1, 0),
        ("https://new.example/", 0, 0),
    )
    await store_callbacks(timed, second, ("https://user:secret@three.example/", 6, 1), ("no url", 6, 1))
    of_first = [
        FailingHost(host="one.example", failed=2, waiting=1),
        FailingHost(host="two.example:8080", failed=0, waiting=1),
    ]
    of_second = [FailingHost(host=host, failed=1, waiting=0) for host in ("no url", "three.example")]
    assert (await look(timed, {first.id})).failing_hosts == of_first
    assert (await look(timed, {second.id})).failing_hosts == of_second
    assert (await look(timed)).failing_hosts == [of_first[0], *of_second, of_first[1]]


async def test_accounts_are_listed_whose_credit_ends_soon_or_whose_owner_was_told_that_it_is_low(timed: World) -> None:
    rich = await timed.account(credit=1_000 * CREDIT)
    poor = await timed.account(credit=24 * CREDIT)
    told = await timed.account(credit=10 * CREDIT, low_balance=10)
    for account in (rich, poor):
        await timed.accept(account, count=12)
    await timed.accept(told)
    await count_changed(timed)
    timed.now_ms += Bucket.DAY
    low = (await look(timed)).low_accounts
    assert [(one.forecast.account_id, one.told) for one in low] == [(told.id, True), (poor.id, False)]
    assert 6 * CREDIT <= low[1].forecast.microcredits_a_day <= 12 * CREDIT, "of one day, or the two that it touched"
    assert [one.forecast.account_id for one in (await look(timed, {rich.id, poor.id})).low_accounts] == [poor.id]
    assert (await look(timed, {rich.id})).low_accounts == []


async def test_a_balance_that_lasts_long_is_not_listed_even_if_its_owner_was_told(timed: World) -> None:
    told = await timed.account(credit=1_000 * CREDIT, low_balance=1_000)
    used_up = await timed.account(credit=2 * CREDIT, low_balance=10)
    await timed.accept(told, count=3)
    await timed.accept(used_up, count=2)
    await count_changed(timed)
    timed.now_ms += Bucket.DAY
    assert [row[0] for row in await timed.ask("SELECT account_id FROM notices ORDER BY account_id")] == [
        told.id,
        used_up.id,
    ]
    low = (await look(timed)).low_accounts
    assert [(one.forecast.account_id, one.told) for one in low] == [(used_up.id, True)]
    assert low[0].forecast.available_microcredits == 0


async def test_spending_of_some_minutes_is_not_extrapolated_to_a_day(timed: World) -> None:
    timed.now_ms = Bucket.DAY.start_of(timed.now_ms) + 5 * Bucket.MINUTE
    account = await timed.account(credit=1_000 * CREDIT)
    await timed.accept(account, count=50)
    await count_changed(timed)
    assert (await look(timed)).low_accounts == []


async def test_every_account_that_is_shown_as_low_lasts_less_than_a_month(timed: World) -> None:
    timed.now_ms = Bucket.DAY.start_of(timed.now_ms) + 3 * Bucket.HOUR
    for credit, count, mark in (
        (40, 10, 0),
        (40, 10, 50),
        (40, 39, 0),
        (340, 10, 1_000),
        (33, 1, 50),
        (2_000, 6, 3_000),
    ):
        account = await timed.account(credit=credit * CREDIT, low_balance=mark)
        await timed.accept(account, count=count)
    await count_changed(timed)
    low = (await look(timed)).low_accounts
    assert len(low) == 2
    for one in low:
        assert one.forecast.days_left is not None
        assert one.forecast.days_left < (TOLD_DAYS if one.told else LOW_DAYS)


async def test_an_account_that_sends_nothing_is_not_low_however_little_it_has(timed: World) -> None:
    await timed.account(credit=0)
    assert (await look(timed)).low_accounts == []


async def store_statuses(world: World, *statuses: CarrierStatus) -> None:
    assert world.node_id is not None
    node_id = world.node_id
    await world.database.write(lambda tx: record_carrier_status(tx, node_id, list(statuses), now_ms=1))


def link(*, bound: bool = True, parts_per_second: float = 0.0) -> LinkStatus:
    return LinkStatus(name="l", bound=bound, outstanding=0, window=10, parts_per_second=parts_per_second)


async def test_carriers_are_listed_that_cannot_be_used_lack_a_link_or_are_throttled(timed: World) -> None:
    await store_statuses(
        timed,
        CarrierStatus(carrier="a-throttled", links=(link(), link(parts_per_second=5.0))),
        CarrierStatus(carrier="b-one-link-down", links=(link(), link(bound=False))),
        CarrierStatus(carrier="c-well", links=(link(),)),
        CarrierStatus(carrier="d-down", links=(link(bound=False),), trouble="no link is bound"),
    )
    found = await look(timed)
    assert [one.carrier for one in found.carriers] == ["d-down", "b-one-link-down", "a-throttled"]
    assert (await look(timed, {AccountId(1)})).carriers == []


@pytest.mark.parametrize("off", sorted(OFF_ON_PURPOSE))
async def test_a_carrier_that_is_off_on_purpose_is_listed_only_if_something_waits_for_it(
    timed: World, off: str
) -> None:
    await store_statuses(timed, CarrierStatus(carrier="old", links=(link(bound=False),), trouble=off))
    assert (await look(timed)).carriers == []
    await timed.accept(await timed.account(credit=10 * CREDIT), carrier="old")
    assert [one.carrier for one in (await look(timed)).carriers] == ["old"]
