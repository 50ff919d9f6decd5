"""The log of callbacks: open ones and attempts, newest first, a bounded number of rows a transaction."""

from typing import Any

import pytest
from tests.support.world import RETRIES, World

from palomar.callbacks import history
from palomar.callbacks.attempts import Attempt, record_attempts
from palomar.callbacks.callback_rows import CallbackRow
from palomar.callbacks.history import LATEST, LOOKED_AT, HistoryFilter, HistoryPage, host_of
from palomar.inbound.numbers import VirtualNumber, add_number
from palomar.inbound.receive import receive
from palomar.ports import CarrierInbound, HttpOutcome
from palomar.storage.database import Transaction
from palomar.vocabulary.account import Account

GOOD = HttpOutcome(status=200, error=None, elapsed_ms=7, body_start=b"thanks")
BROKEN = HttpOutcome(status=500, error=None, elapsed_ms=5)
AWAY = HttpOutcome(status=None, error="connect", elapsed_ms=3)


async def ask(world: World, flow: Any, *arguments: Any, **named: Any) -> Any:
    async def script(tx: Transaction) -> Any:
        return await flow(tx, *arguments, **named)

    return await world.database.write(script)


async def opened(world: World, *, before: int = LATEST, limit: int = 50, **wanted: Any) -> HistoryPage[Any]:
    found: HistoryPage[Any] = await ask(world, history.list_open, HistoryFilter(**wanted), before=before, limit=limit)
    return found


async def tried(world: World, *, before: int = LATEST, limit: int = 50, **wanted: Any) -> HistoryPage[Any]:
    found: HistoryPage[Any] = await ask(
        world, history.list_attempts, HistoryFilter(**wanted), before=before, limit=limit
    )
    return found


async def called_back(world: World, account: Account, outcome: HttpOutcome, **sent: Any) -> CallbackRow:
    """Store a message of this account and let its first callback be tried once."""
    await world.sent(account, **sent)
    callback: CallbackRow = (await world.claim()).callbacks[0]
    await world.do(record_attempts, Attempt(callback, outcome))
    return callback


async def test_attempts_are_listed_with_all_their_details(world: World) -> None:
    account = await world.account()
    good = await called_back(world, account, GOOD, status_url="http://shop.example:8080/x?")
    (found,) = (await tried(world)).found
    assert (found.about, found.account_id, found.is_of_message, found.number) == (
        good.message_id,
        account.id,
        True,
        "525512340000",
    )
    assert (found.succeeded, found.status, found.elapsed_ms, found.answer, found.attempt) == (True, 200, 7, "thanks", 1)
    assert (found.url, found.body, found.error, found.next_ms) == (good.url, "", "", None)
    assert await ask(world, history.find_attempt, found.id) == found
    assert await ask(world, history.find_attempt, found.id + 1) is None


async def test_attempts_are_narrowed_by_account_outcome_and_host(world: World) -> None:
    one, other = await world.account(), await world.account()
    await called_back(world, one, GOOD, status_url="http://one.example/")
    await called_back(world, other, BROKEN, reference="o", status_url="https://other.example/")
    await called_back(world, one, AWAY, reference="p", status_url="http://one.example/")

    async def statuses(**wanted: Any) -> list[Any]:
        return [(found.status, found.error) for found in (await tried(world, **wanted)).found]

    assert await statuses() == [(None, "connect"), (500, ""), (200, "")]
    assert await statuses(account_ids=(one.id,)) == [(None, "connect"), (200, "")]
    assert await statuses(succeeded=False) == [(None, "connect"), (500, "")]
    assert await statuses(succeeded=True, account_ids=(other.id,)) == []
    assert await statuses(host="other.example") == [(500, "")]


async def test_open_ones_are_narrowed_by_account_end_and_host(world: World) -> None:
    one, other = await world.account(), await world.account()
    waiting = await called_back(world, one, BROKEN, status_url="http://one.example/")
    given_up = await called_back(world, other, BROKEN, reference="o", status_url="http://other.example/")
    given_up.attempts = len(RETRIES)
    await world.do(record_attempts, Attempt(given_up, BROKEN))

    async def ids(**wanted: Any) -> list[int]:
        return [found.row.id for found in (await opened(world, **wanted)).found]

    assert await ids() == [given_up.id, waiting.id]
    assert await ids(has_failed=True) == [given_up.id]
    assert await ids(has_failed=False) == [waiting.id]
    assert await ids(account_ids=(one.id,)) == [waiting.id]
    assert await ids(host="other.example") == [given_up.id]
    found = await ask(world, history.find_open, given_up.id)
    assert (found.row.id, found.about_inbound) == (given_up.id, False)
    attempts = await ask(world, history.attempts_of, [found.row])
    assert [attempt.attempt for attempt in attempts[given_up.id]] == [1, len(RETRIES) + 1]
    assert await ask(world, history.find_open, 1) is None


async def test_a_callback_about_what_a_phone_wrote_has_its_owner_and_its_body(world: World) -> None:
    account = await world.account()
    await ask(world, add_number, VirtualNumber(number="34900100200", account_id=account.id, url="http://in.example/"))
    await world.do(receive, CarrierInbound(carrier="c", source="525512340001", destination="34900100200", text="hola"))
    (callback,) = (await world.claim()).callbacks
    callback.body = b'{"message": "hola"}'
    await world.do(record_attempts, Attempt(callback, BROKEN))
    (found,) = (await tried(world)).found
    assert (found.account_id, found.is_of_message, found.number) == (account.id, False, "525512340001")
    assert (found.body, found.next_ms) == ('{"message": "hola"}', world.now_ms + RETRIES[0] * 1_000)
    page = await opened(world)
    assert ([one.about_inbound for one in page.found], page.older) == ([True], -LATEST)


async def test_pages_go_on_where_the_last_one_ended(world: World) -> None:
    account = await world.account()
    for number in range(5):
        await called_back(world, account, BROKEN, reference=f"r{number}-")
    everything = [found.id for found in (await tried(world)).found]
    first = await tried(world, limit=2)
    assert first.older is not None
    second = await tried(world, before=first.older, limit=2)
    assert [found.id for found in (*first.found, *second.found)] == everything[:4]
    assert second.older is not None
    last = await tried(world, before=second.older, limit=2)
    assert ([found.id for found in last.found], last.older) == (everything[4:], None)
    page = await opened(world, limit=4)
    assert (len(page.found), page.older) == (4, page.found[-1].row.id)


async def test_a_transaction_reads_a_bounded_number_of_rows_however_few_fit(world: World) -> None:
    account = await world.account()
    await called_back(world, account, BROKEN)
    ((event,),) = await world.ask("SELECT id FROM events WHERE kind = 'callback_failed'")
    for number in range(1, LOOKED_AT + 1):
        await world.tell(
            "INSERT INTO events (message_id, id, at_ms, kind, detail) VALUES (?, ?, 1, 'callback', '{\"url\": \"\"}')",
            number,
            event + number,
        )
    nothing = await tried(world, succeeded=False)
    assert (nothing.found, nothing.older) == ([], event + 1)
    assert [found.id for found in (await tried(world, succeeded=False, before=nothing.older)).found] == [event]


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://Shop.example:8443/x?y", "shop.example:8443"),
        ("http://user:secret@shop.example/", "shop.example"),
        ("http://[::1]:80/", "[::1]:80"),
        ("nothing", ""),
        ("http://[", ""),
    ],
)
def test_the_host_of_a_url(url: str, host: str) -> None:
    assert host_of(url) == host


async def test_callbacks_that_failed_come_before_any_number_of_new_ones(world: World) -> None:
    account = await world.account()
    failing = await called_back(world, account, BROKEN)
    given_up = await called_back(world, account, BROKEN, reference="g")
    given_up.attempts = len(RETRIES)
    await world.do(record_attempts, Attempt(given_up, BROKEN))
    await world.accept(account, count=1)
    for number in range(30):
        await world.sent(account, reference=f"n{number}-")
    first = await opened(world, limit=50)
    assert [found.row.id for found in first.found] == [given_up.id, failing.id]
    assert first.older == -LATEST
    second = await opened(world, before=first.older, limit=20)
    assert len(second.found) == 20
    assert all(found.row.attempts == 0 and not found.row.failed for found in second.found)
    assert second.older is not None
    third = await opened(world, before=second.older)
    assert (len(third.found), third.older) == (10, None)
    ids = [found.row.id for found in second.found + third.found]
    assert ids == sorted(ids, reverse=True)
