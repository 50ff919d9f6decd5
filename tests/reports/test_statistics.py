"""Questions about counted messages: traffic over time, totals of a period, how long a balance lasts."""

import pytest
from tests.reports.test_counting import forget_old
from tests.support.counted import age_counts, count_changed
from tests.support.world import CREDIT, START_MS, TimedIds, World, recipient

from palomar.acceptance.compose import Recipient
from palomar.reports import statistics
from palomar.reports.buckets import Bucket, Dimension, Totals
from palomar.reports.statistics import AccountIds, Forecast, TrafficPoint
from palomar.text.alphabets import Alphabet
from palomar.vocabulary.account import Account, AccountId
from palomar.vocabulary.message import State

HOUR_MS = Bucket.HOUR.start_of(START_MS)


@pytest.fixture
async def timed(world: World) -> World:
    """Make a world at the beginning of an hour whose messages are accepted at its own time."""
    world.now_ms = HOUR_MS
    world.ids = TimedIds(lambda: world.now_ms, made=world.ids.serial())
    return world


def spaniard() -> Recipient:
    return Recipient(msisdn="34600000001", text="hola", alphabet=Alphabet.GSM, parts=1)


async def traffic(
    world: World, bucket: Bucket, *, account_ids: AccountIds = None, hours: float = 3
) -> list[TrafficPoint]:
    until_ms = HOUR_MS + int(hours * Bucket.HOUR)
    return await world.database.read_long(statistics.traffic, account_ids, bucket, since_ms=HOUR_MS, until_ms=until_ms)


async def totals(
    world: World, *, account_ids: AccountIds = None, by: Dimension | None = None, days: int = 1
) -> dict[str, Totals]:
    since_ms, until_ms = HOUR_MS - days * Bucket.DAY, HOUR_MS + Bucket.DAY
    found = await world.database.read_long(
        lambda tx: statistics.totals(tx, account_ids, since_ms=since_ms, until_ms=until_ms, by=by)
    )
    return dict(found)


async def two_accounts(world: World) -> tuple[Account, Account]:
    """Let one account send three to Mexico, one of them an hour later, and another one to Spain."""
    first, second = await world.account(), await world.account()
    await world.accept(first, count=2, carrier="c1")
    await world.accept(second, recipients=[spaniard()], carrier="c2", dialect="sofmex")
    world.now_ms += Bucket.HOUR
    await world.accept(first, parts=2, carrier="c2")
    await count_changed(world)
    return first, second


async def test_traffic_is_by_minute_hour_or_day_and_times_without_any_are_left_out(timed: World) -> None:
    await two_accounts(timed)
    for bucket in (Bucket.MINUTE, Bucket.HOUR):
        found = await traffic(timed, bucket)
        assert [(point.start_ms, point.totals.messages) for point in found] == [
            (HOUR_MS, 3),
            (HOUR_MS + Bucket.HOUR, 1),
        ]
    (day,) = await traffic(timed, Bucket.DAY)
    assert (day.start_ms, day.totals.messages, day.totals.parts) == (Bucket.DAY.start_of(HOUR_MS), 4, 5)
    assert day.totals.by_state == {State.QUEUED: 4}
    assert [point.start_ms for point in await traffic(timed, Bucket.HOUR, hours=1)] == [HOUR_MS]


async def test_totals_by_several_dimensions_equal_those_by_each(timed: World) -> None:
    await two_accounts(timed)
    ways = (Dimension.DIALECT, Dimension.COUNTRY, Dimension.CARRIER)
    since_ms, until_ms = HOUR_MS - Bucket.DAY, HOUR_MS + Bucket.DAY
    found = await timed.database.read_long(
        lambda tx: statistics.totals_by(tx, None, since_ms=since_ms, until_ms=until_ms, by=ways)
    )
    assert found == {one: await totals(timed, by=one) for one in ways}
    assert found[Dimension.COUNTRY].keys() == {"ES", "MX"}


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        (Dimension.COUNTRY, {"ES": 1, "MX": 3}),
        (Dimension.CARRIER, {"c1": 2, "c2": 2}),
        (Dimension.DIALECT, {"foxsys": 3, "sofmex": 1}),
        (Dimension.ACCOUNT, {"1": 3, "2": 1}),
        (None, {"": 4}),
    ],
)
async def test_totals_are_grouped_by_the_dimension(
    timed: World, by: Dimension | None, expected: dict[str, int]
) -> None:
    await two_accounts(timed)
    assert {key: one.messages for key, one in (await totals(timed, by=by)).items()} == expected


async def test_only_messages_of_the_given_accounts_are_counted(timed: World) -> None:
    first, second = await two_accounts(timed)
    many = {second.id, *(AccountId(1_000 + number) for number in range(30_000))}
    for account_ids in ({second.id}, many):
        for by in (None, *Dimension):
            found = await totals(timed, account_ids=account_ids, by=by)
            assert sum(one.messages for one in found.values()) == 1
        points = await traffic(timed, Bucket.HOUR, account_ids=account_ids)
        assert sum(point.totals.messages for point in points) == 1
    assert (await totals(timed, account_ids={first.id, second.id}))[""].messages == 4
    assert (await totals(timed, account_ids=set()))[""].messages == 0
    assert await traffic(timed, Bucket.HOUR, account_ids=set()) == []


async def test_totals_of_what_is_kept_by_the_hour_and_the_day_only_are_whole(timed: World) -> None:
    account = await timed.account()
    for age_ms in (101 * Bucket.DAY, 6 * Bucket.DAY, 0):
        timed.now_ms = HOUR_MS - age_ms
        await timed.accept(account)
    await count_changed(timed)
    await age_counts(timed)
    await forget_old(timed)
    for days, messages in ((1, 1), (7, 2), (102, 3)):
        for account_ids in (None, {account.id}):
            assert (await totals(timed, account_ids=account_ids, days=days))[""].messages == messages


async def test_delays_of_delivered_messages(timed: World) -> None:
    account = await timed.account()
    await timed.sent(account)
    timed.now_ms += 1_500
    await timed.receipt("r1", State.DELIVERED)
    await count_changed(timed)
    one = (await totals(timed))[""]
    assert (one.delivered, one.delivery_rate, one.delay_percentile_ms(50)) == (1, 1.0, 2_000)


async def forecast(world: World, account: Account) -> Forecast:
    return await world.database.read_long(lambda tx: statistics.forecast(tx, account.id, now_ms=world.now_ms))


async def test_the_forecast_of_a_balance_is_by_the_last_seven_days(timed: World) -> None:
    account = await timed.account(credit=100 * CREDIT)
    for _ in range(8):
        await timed.accept(account, count=2)
        timed.now_ms += Bucket.DAY
    await count_changed(timed)
    assert await forecast(timed, account) == Forecast(
        account_id=account.id,
        available_microcredits=84 * CREDIT,
        microcredits_a_day=2 * CREDIT,
        days_left=42.0,
    )


async def test_the_forecast_of_a_young_account_is_by_its_days_of_sending_but_one_at_least(
    timed: World,
) -> None:
    account = await timed.account(credit=100 * CREDIT)
    assert (await forecast(timed, account)).days_left is None
    await timed.accept(account, count=10)
    await count_changed(timed)
    timed.now_ms += Bucket.HOUR
    assert (await forecast(timed, account)).microcredits_a_day == 10 * CREDIT
    timed.now_ms += 2 * Bucket.DAY - Bucket.HOUR
    one = await forecast(timed, account)
    assert (one.microcredits_a_day, one.days_left) == (5 * CREDIT, 18.0)


async def test_credit_that_was_given_back_was_not_spent(timed: World) -> None:
    account = await timed.account(credit=100 * CREDIT)
    await timed.accept(account, recipients=[recipient(state=State.NOFORMAT)])
    await count_changed(timed)
    assert (await forecast(timed, account)).days_left is None
