"""Housekeeping: what no receipt will end any more is presumed to have ended."""

from typing import LiteralString

import pytest
from tests.support.world import CREDIT, World, outgoing

from palomar.acceptance.compose import RECEIPT_GRACE_MS, VALIDITY_MS
from palomar.app.housekeeping import RETENTIONS, Retention, delete_old, expire
from palomar.ports import InDoubt, NotSent, Refused, Submitted
from palomar.storage.database import Transaction
from palomar.vocabulary.account import UnknownOutcome
from palomar.vocabulary.message import State

WHOLE_LIFE_MS = VALIDITY_MS + RECEIPT_GRACE_MS


async def test_a_message_without_a_receipt_expires_after_its_validity_and_grace_and_stays_paid(world: World) -> None:
    account = await world.account(credit=10 * CREDIT)
    message_id = await world.sent(account)
    world.now_ms += WHOLE_LIFE_MS - 1
    assert await world.do(expire, 100) == [0]
    world.now_ms += 1
    assert await world.do(expire, 100) == [1]
    view = await world.show(message_id)
    assert (view.message.state, view.message.presumed) == (State.EXPIRED, 1)
    assert await world.balance(account) == (9 * CREDIT, 0)
    assert await world.told(message_id) == ["took", "expired"]
    assert await world.do(expire, 100) == [0]


async def test_a_message_that_never_left_expires_and_gets_its_credit_back(world: World) -> None:
    account = await world.account(credit=10 * CREDIT)
    message = await world.accepted(account, claim=State.QUEUED, parts=2)
    world.now_ms += WHOLE_LIFE_MS
    await world.do(expire, 100)
    assert await world.state(message.row.id) is State.EXPIRED
    assert await world.balance(account) == (10 * CREDIT, 0)
    assert await world.mark(*outgoing(message)) == [False, False]


async def test_a_part_in_doubt_ends_unknown_and_is_charged(world: World) -> None:
    account = await world.account(credit=10 * CREDIT, unknown_outcome=UnknownOutcome.HOLD)
    held = await world.accepted(account, claim=State.SUBMITTING)
    await world.answer(outgoing(held)[0], InDoubt(reason="the link broke"))
    silent = await world.accepted(account, claim=State.SUBMITTING)
    world.now_ms += WHOLE_LIFE_MS
    assert await world.do(expire, 100) == [2]
    assert await world.state(held.row.id) is await world.state(silent.row.id) is State.UNKNOWN
    assert await world.balance(account) == (8 * CREDIT, 0)


async def test_a_carriers_answer_after_the_presumed_end_changes_neither_state_nor_credit(world: World) -> None:
    account = await world.account(credit=10 * CREDIT)
    never_left = await world.accepted(account, claim=State.SUBMITTING)
    (part,) = outgoing(never_left)
    await world.answer(part, NotSent(reason="no link is bound"))
    silent = await world.accepted(account, claim=State.SUBMITTING)
    world.now_ms += WHOLE_LIFE_MS
    await world.do(expire, 100)
    await world.answer(part, Submitted(reference="r1"))
    await world.answer(outgoing(silent)[0], Refused(status=8, reason="ESME_RSYSERR"))
    assert await world.state(never_left.row.id) is State.EXPIRED
    assert await world.state(silent.row.id) is State.UNKNOWN
    assert await world.balance(account) == (9 * CREDIT, 0)


async def test_the_reference_of_a_very_late_answer_lets_a_receipt_correct_the_presumed_end(world: World) -> None:
    message = await world.accepted(await world.account(), claim=State.SUBMITTING)
    world.now_ms += WHOLE_LIFE_MS
    await world.do(expire, 100)
    await world.answer(outgoing(message)[0], Submitted(reference="r1"))
    await world.receipt("r1", State.DELIVERED)
    assert await world.state(message.row.id) is State.DELIVERED
    assert await world.told(message.row.id) == ["unknown", "delivered"]


async def test_only_the_open_parts_of_a_long_message_are_presumed_to_have_ended(world: World) -> None:
    message_id = await world.sent(await world.account(), parts=2)
    await world.receipt("r1", State.DELIVERED)
    world.now_ms += WHOLE_LIFE_MS
    await world.do(expire, 100)
    assert await world.part_states(message_id) == [State.DELIVERED, State.EXPIRED]
    assert await world.state(message_id) is State.EXPIRED


async def test_a_sweep_ends_no_more_messages_than_its_limit(world: World) -> None:
    await world.accept(await world.account(), count=5)
    world.now_ms += WHOLE_LIFE_MS
    assert [await world.do(expire, 2) for _ in range(4)] == [[2], [2], [1], [0]]


@pytest.mark.parametrize("kept", RETENTIONS, ids=lambda kept: kept.what)
async def test_rows_are_deleted_after_their_retention_and_not_before(world: World, kept: Retention) -> None:
    for sql, values in _AGED[kept.what]:
        await world.tell(sql, *values)

    async def slices(now_ms: int) -> int:
        async def script(tx: Transaction) -> int:
            return await delete_old(tx, kept, now_ms=now_ms)

        return await world.database.write(script)

    assert await slices(_MADE_MS + kept.for_ms) == 0
    assert await slices(_MADE_MS + kept.for_ms + 1) == 1
    assert await slices(_MADE_MS + kept.for_ms + 1) == 0


_MADE_MS = 1_000_000
_COUNT: LiteralString = (
    "INSERT INTO counts (span_ms, start_ms, account_id, country, carrier, dialect, state, delay, messages, parts,"
    " microcredits) VALUES (?, ?, 1, 'MX', 'c', 'foxsys', 'sent', 0, 1, 1, 1)"
)
_AGED: dict[str, list[tuple[LiteralString, tuple[int | str | bytes, ...]]]] = {
    "answers under idempotency keys": [
        ("INSERT INTO idempotency (scope, request, status, answer, created_ms) VALUES (?, ?, ?, ?, ?)",
         (b"s", b"r", 200, b"a", _MADE_MS)),
    ],
    "sessions of the console after their end": [
        ("INSERT INTO sessions (digest, id, stamp, awaits_code, address, agent, created_ms, seen_ms, expires_ms)"
         " VALUES (?, 1, ?, 0, '', '', 0, 0, ?)", (b"d", b"s", _MADE_MS)),
    ],
    "targets of callbacks that failed": [
        ("INSERT INTO callback_targets (id, account_id, origin, since_ms, failures, off_ms)"
         " VALUES (?, 1, 'http://x', ?, 9, NULL)", (1, _MADE_MS)),
        ("INSERT INTO callback_targets (id, account_id, origin, since_ms, failures, off_ms)"
         " VALUES (?, 1, 'http://y', ?, 9, NULL)", (2, _MADE_MS)),
        ("INSERT INTO callbacks (id, message_id, account_id, dialect, method, url, due_ms, attempts, failed, target,"
         " step) VALUES (1, 1, 1, 'foxsys', 'GET', 'http://y/', 0, 1, ?, 2, 0)", (0,)),
        ("INSERT INTO callback_targets (id, account_id, origin, since_ms, failures, off_ms)"
         " VALUES (?, 1, 'http://z', ?, 9, NULL)", (3, _MADE_MS)),
        ("INSERT INTO callbacks (id, message_id, account_id, dialect, method, url, due_ms, attempts, failed, target,"
         " step) VALUES (2, 2, 1, 'foxsys', 'GET', 'http://z/', 0, 1, ?, 3, 0)", (1,)),
    ],
    "failures to log in": [
        ("INSERT INTO login_failures (subject, failures, last_ms) VALUES (?, ?, ?)", ("login:x", 1, _MADE_MS)),
    ],
    "tokens after their end": [
        ("INSERT INTO tokens (id, account_id, name, created_ms, expires_ms) VALUES (?, ?, ?, ?, ?)",
         (1, 1, "t", 0, _MADE_MS)),
    ],
    "oddities of carriers": [
        ("INSERT INTO oddities (carrier, kind, what, times, first_ms, last_ms) VALUES (?, ?, ?, ?, ?, ?)",
         ("c", "pdu", "w", 1, _MADE_MS, _MADE_MS)),
    ],
    "logins known from an address": [
        ("INSERT INTO known_callers (address, login_key, last_ms) VALUES (?, ?, ?)", ("192.0.2.1", "x", _MADE_MS)),
    ],
    "proxies that nobody trusts": [
        ("INSERT INTO unknown_proxies (address, last_ms) VALUES (?, ?)", ("192.0.2.1", _MADE_MS)),
    ],
    "digests of the duplicates filter": [("INSERT INTO recent (digest, sent_ms) VALUES (?, ?)", (b"d", _MADE_MS))],
    "links that broke": [("INSERT INTO broken_links (link, broke_ms) VALUES (?, ?)", ("1/acme/1@7", _MADE_MS))],
    "orphan receipts": [
        ("INSERT INTO orphans (id, carrier, carrier_reference, stat, raw, received_ms) VALUES (?, ?, ?, ?, ?, ?)",
         (1, "c", "r", "DELIVRD", "", _MADE_MS)),
    ],
    "copies in doubt": [
        ("INSERT INTO doubts (part_id, attempt, carrier, phone, sender, cause, reference, at_ms)"
         " VALUES (257, 1, 'c', '', '', 'unanswered', '', ?)", (_MADE_MS,)),
    ],
    "counts by the minute": [
        ("UPDATE tally SET minutes_ms = ?", (2**60,)),
        (_COUNT, (60_000, _MADE_MS)),
    ],
    "counts by the hour": [
        ("UPDATE tally SET hours_ms = ?", (2**60,)),
        (_COUNT, (3_600_000, _MADE_MS)),
    ],
}  # fmt: skip
