"""Callbacks in scope are listed and sent again by those with the right; texts and numbers are hidden from support."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.support.console_house import House, house_in
from tests.support.databases import Place
from tests.support.world import RETRIES

from palomar.callbacks.attempts import Attempt, record_attempts
from palomar.callbacks.callback_rows import CallbackRow
from palomar.callbacks.history import LATEST, HistoryFilter
from palomar.console.viewer.callbacks import ViewerCallbacks
from palomar.console.viewer.masking import HIDDEN
from palomar.ports import HttpOutcome
from palomar.sending.nodes import register
from palomar.storage.database import Transaction
from palomar.vocabulary.access import Role
from palomar.vocabulary.account import Account

BROKEN = HttpOutcome(status=500, error=None, elapsed_ms=5, body_start=b"oops")
NUMBER = "525512340001"


@pytest.fixture
async def house(place: Place) -> AsyncIterator[House]:
    async with house_in(place) as built:
        await built.user("admin")
        yield built


async def callbacks(house: House, login: str) -> ViewerCallbacks:
    return (await house.viewer(login)).callbacks


async def given_up(house: House, account: Account, *, reference: str = "r") -> CallbackRow:
    """A callback of this account that was tried once and given up."""
    house.world.node_id = house.world.node_id or await new_node(house)
    await house.sent(account, "hello", reference=reference, status_url="https://shop.example/ack")
    callback: CallbackRow = (await house.world.claim()).callbacks[0]
    callback.attempts = len(RETRIES)
    callback.body = b'{"msisdn": "%b"}' % NUMBER.encode()
    await house.world.tell("UPDATE callbacks SET method = 'POST', body = ? WHERE id = ?", callback.body, callback.id)
    await house.world.do(record_attempts, Attempt(callback, BROKEN))
    return callback


async def new_node(house: House) -> int:
    async def script(tx: Transaction) -> int:
        return (await register(tx, name="first", lease_ms=3_600_000)).id

    return await house.world.database.write(script)


async def open_ids(seen: ViewerCallbacks, **wanted: Any) -> list[int]:
    page = await seen.list_open(HistoryFilter(**wanted), before=LATEST, limit=50)
    return [found.callback.row.id for found in page.found]


async def test_callbacks_are_seen_within_the_scope_only(house: House) -> None:
    one, other = await house.account("one"), await house.account("other")
    of_one = await given_up(house, one)
    of_other = await given_up(house, other, reference="o")
    assert await open_ids(await callbacks(house, "admin")) == [of_other.id, of_one.id]
    assert await open_ids(await callbacks(house, "admin"), account_ids=(one.id,)) == [of_one.id]
    mine = await callbacks(house, "one")
    assert await open_ids(mine) == [of_one.id]
    assert await open_ids(mine, account_ids=(other.id,)) == []
    assert await open_ids(mine, host="shop.example", has_failed=True) == [of_one.id]
    tried = (await mine.list_attempts(HistoryFilter(), before=LATEST, limit=50)).found
    assert [found.account_id for found in tried] == [one.id]
    assert await mine.find_attempt(tried[0].id) == tried[0]
    found = await mine.find_open(of_one.id)
    assert found is not None
    assert (found.host, [attempt.status for attempt in found.attempts]) == ("shop.example", [500])
    others = (await (await callbacks(house, "other")).list_attempts(HistoryFilter(), before=LATEST, limit=50)).found[0]
    assert await mine.find_attempt(others.id) is None
    assert await mine.find_open(of_other.id) is None


async def test_support_sees_the_host_of_a_callback_and_not_its_content(house: House) -> None:
    one = await house.account("one")
    callback = await given_up(house, one)
    await house.user("sara", role=Role.SUPPORT)
    seen = await callbacks(house, "sara")
    (tried,) = (await seen.list_attempts(HistoryFilter(), before=LATEST, limit=50)).found
    (opened,) = (await seen.list_open(HistoryFilter(), before=LATEST, limit=50)).found
    one_open, one_tried = await seen.find_open(callback.id), await seen.find_attempt(tried.id)
    for shown in (str(tried), str(opened), str(one_open), str(one_tried)):
        assert NUMBER not in shown
        assert "oops" not in shown
        assert "https://shop.example/" in shown
    assert (tried.answer, tried.body, tried.status) == (HIDDEN, HIDDEN, 500)


async def test_all_failed_callbacks_of_an_account_or_scope_are_sent_again(house: House) -> None:
    one, other = await house.account("one"), await house.account("other")
    ids = [
        (await given_up(house, account, reference=reference)).id
        for account, reference in ((one, "a"), (one, "b"), (other, "c"))
    ]

    async def failed() -> list[int]:
        return [row[0] for row in await house.world.ask("SELECT id FROM callbacks WHERE failed = 1 ORDER BY id")]

    await house.user("reader", role=Role.READ_ONLY)
    assert await (await callbacks(house, "reader")).replay_all(None) == 0
    assert await (await callbacks(house, "one")).replay_all(other) == 0
    assert await failed() == ids
    assert await (await callbacks(house, "one")).replay_all(None) == 2
    assert await failed() == ids[2:]
    assert await (await callbacks(house, "admin")).replay_all(one) == 0
    assert await (await callbacks(house, "admin")).replay_all(None) == 1
    assert await failed() == []


async def test_accounts_without_a_url_are_listed_within_the_scope(house: House) -> None:
    silent = await house.account("silent")
    told = await house.account("told", status_url="https://shop.example/")
    assert (await callbacks(house, "admin")).accounts_without_url(None) == [silent]
    assert (await callbacks(house, "told")).accounts_without_url(None) == []
    assert (await callbacks(house, "silent")).accounts_without_url(silent) == [silent]
    assert (await callbacks(house, "admin")).accounts_without_url(told) == []
