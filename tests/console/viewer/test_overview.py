"""An overview has every hour of its period, the largest shares first, and only accounts in scope."""

from collections.abc import AsyncIterator

import pytest
from tests.support.console_house import CREDIT, House, house_in
from tests.support.counted import count_changed
from tests.support.databases import Place
from tests.support.world import recipient

from palomar.console.viewer.masking import HIDDEN
from palomar.console.viewer.overview import SHARES_MOST, Period, largest
from palomar.reports.buckets import Bucket, Dimension, Totals
from palomar.vocabulary.access import Role
from palomar.vocabulary.account import Account
from palomar.vocabulary.message import State


@pytest.fixture
async def house(place: Place) -> AsyncIterator[House]:
    async with house_in(place) as built:
        yield built


async def send(house: House, account: Account, messages: int = 1) -> None:
    await house.world.accept(account, recipients=[recipient(number) for number in range(messages)])


@pytest.mark.parametrize("period", list(Period))
def test_a_period_is_whole_minutes_hours_or_days_with_the_present_one_last(period: Period) -> None:
    now_ms = 1_790_000_123_456
    starts = period.starts(now_ms)
    assert (len(starts), starts[-1]) == (period.count, period.bucket.start_of(now_ms))
    assert all(start % period.bucket == 0 for start in starts)


async def test_every_hour_of_a_period_has_its_counts(house: House) -> None:
    account = await house.account("acme")
    await send(house, account, 2)
    house.wait(3 * Bucket.HOUR)
    await send(house, account)
    await count_changed(house.world)
    await house.user("admin")
    found = await (await house.viewer("admin")).overview(Period.DAY, accounts=[account])
    assert [point.totals.messages for point in found.points] == [0] * 20 + [2, 0, 0, 1]
    assert [b.start_ms - a.start_ms for a, b in zip(found.points, found.points[1:], strict=False)] == [Bucket.HOUR] * 23
    assert (found.totals.messages, found.totals.by_state) == (3, {State.QUEUED: 3})
    assert [(share.key, share.totals.messages) for share in found.shares[Dimension.COUNTRY]] == [("MX", 3)]
    assert Dimension.ACCOUNT not in found.shares
    (credit,) = found.credit
    assert (credit.account.id, credit.balance.available, credit.balance.reserved) == (
        account.id,
        97 * CREDIT,
        3 * CREDIT,
    )
    assert credit.forecast.microcredits_a_day == 3 * CREDIT
    assert found.carrier_statuses == []


async def test_an_overview_counts_only_accounts_in_scope(house: House) -> None:
    parent = await house.account("parent", credit=200 * CREDIT)
    child, stranger = await house.account("child", parent=parent), await house.account("stranger")
    for account, messages in ((parent, 1), (child, 2), (stranger, 4)):
        await send(house, account, messages)
    await count_changed(house.world)
    everybody = [parent, child, stranger]
    seen = await (await house.viewer("parent")).overview(Period.HOUR, accounts=everybody)
    assert seen.totals.messages == 3
    assert {share.key for share in seen.shares[Dimension.ACCOUNT]} == {str(parent.id), str(child.id)}
    assert [credit.account.login for credit in seen.credit] == ["parent", "child"]
    assert seen.carrier_statuses is None
    assert (seen.attention.carriers, seen.attention.orphans) == ([], [])


async def test_the_hosts_of_callbacks_are_hidden_from_support(house: House) -> None:
    account = await house.account("acme")
    for number, host in enumerate(("one.example", "two.example"), 1):
        await house.world.tell(
            "INSERT INTO callbacks (id, message_id, account_id, dialect, method, url, due_ms, attempts, failed)"
            " VALUES (?, 256, ?, 'foxsys', 'GET', ?, 0, 6, 1)",
            number,
            account.id,
            f"http://{host}/x",
        )
    await house.user("sara", role=Role.SUPPORT)
    await house.user("admin")
    (hidden,) = (await (await house.viewer("sara")).overview(Period.DAY, accounts=[])).attention.failing_hosts
    assert (hidden.host, hidden.failed) == (HIDDEN, 2)
    shown = (await (await house.viewer("admin")).overview(Period.DAY, accounts=[])).attention.failing_hosts
    assert {host.host for host in shown} == {"one.example", "two.example"}


def test_the_largest_come_first_and_the_rest_together_last() -> None:
    many = {f"k{n}": Totals(messages=n, parts=2 * n, by_state={State.SENT: n}) for n in range(1, SHARES_MOST + 3)}
    shares = largest(many)
    assert [share.key for share in shares] == [f"k{n}" for n in range(SHARES_MOST + 2, 2, -1)] + [None]
    assert (shares[-1].totals.messages, shares[-1].totals.parts) == (3, 6)
    assert shares[-1].totals.by_state == {State.SENT: 3}
    assert [share.key for share in largest({"a": Totals()})] == ["a"]
