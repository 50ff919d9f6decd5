"""Claims of callbacks: accounts and their targets take turns, an earlier state comes along, a target may be off."""

import pytest
from tests.support.world import START_MS, World

from palomar.app.housekeeping import expire
from palomar.callbacks import claim
from palomar.callbacks.attempts import Attempt, pass_over, record_attempts, release_callbacks
from palomar.callbacks.backlog import list_off_targets, replay, replay_all, resume
from palomar.callbacks.callback_rows import INSERT_CALLBACKS, CallbackRow
from palomar.callbacks.callback_target import OffAfter
from palomar.callbacks.claim import CallbackClaimOrder, ClaimedCallbacks, claim_callbacks
from palomar.ports import HttpOutcome
from palomar.storage.database import Transaction
from palomar.vocabulary.account import Account
from palomar.vocabulary.message import MessageId, State

OK = HttpOutcome(status=200, error=None, elapsed_ms=5)
BROKEN = HttpOutcome(status=500, error=None, elapsed_ms=5)
AFTER_ALL_MS = 90 * 3_600_000


async def store(world: World, account: Account, host: str, count: int, **more: int) -> list[CallbackRow]:
    """Store callbacks to a host, due one after the other."""
    url = f"http://{host}/"
    callbacks = [
        CallbackRow(
            id=world.ids.serial(),
            message_id=MessageId(more.get("message", world.ids.serial() << 8)),
            account_id=account.id,
            dialect="foxsys",
            method="GET",
            url=url,
            body=None,
            due_ms=more.get("due_ms", world.now_ms),
            attempts=more.get("attempts", 0),
            target=more.get("target", world.target_of(account.id, url)),
            step=more.get("step", 0),
        )
        for _ in range(count)
    ]

    async def script(tx: Transaction) -> None:
        await tx.insert(INSERT_CALLBACKS, [callback.row() for callback in callbacks])

    await world.database.write(script)
    return callbacks


def hosts(claimed: ClaimedCallbacks) -> list[str]:
    return [callback.url.removeprefix("http://").rstrip("/") for callback in claimed.callbacks]


async def test_thousands_that_are_due_for_one_target_hide_nothing_of_another(world: World) -> None:
    one, other = await world.account(), await world.account()
    await store(world, one, "hangs", 3_000, due_ms=START_MS - 60_000)
    await store(world, one, "well", 3)
    await store(world, other, "theirs", 3)
    found = hosts(await world.claim(30))
    assert {host: found.count(host) for host in set(found)} == {"hangs": 20, "well": 3, "theirs": 3}


async def test_a_target_without_room_is_left_out_and_said_to_have_more(world: World) -> None:
    account = await world.account()
    full = (await store(world, account, "full", 5))[0]
    well = (await store(world, account, "well", 5))[0]
    order = CallbackClaimOrder(limit=100, room=lambda account_id, target: 0 if target == full.target else 2)
    (claimed,) = await world.do(claim_callbacks, order)
    assert hosts(claimed) == ["well"] * 2
    assert claimed.left == {(account.id, full.target), (account.id, well.target)}
    (claimed,) = await world.do(claim_callbacks, CallbackClaimOrder(limit=100, room=lambda *key: 9, of=[], looks=True))
    assert (hosts(claimed), claimed.left) == (["full"] * 5 + ["well"] * 3, set())
    assert claimed.emptied == {(account.id, full.target), (account.id, well.target)}


async def test_only_the_named_targets_are_claimed_where_no_look_is_asked_for(world: World) -> None:
    account = await world.account()
    first = (await store(world, account, "one", 2))[0]
    await store(world, account, "two", 2)
    order = CallbackClaimOrder(limit=100, room=lambda *key: 9, of=[(account.id, first.target)], looks=False)
    (claimed,) = await world.do(claim_callbacks, order)
    assert hosts(claimed) == ["one", "one"]


async def test_a_look_goes_on_where_the_last_one_ended_until_all_had_their_turn(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(claim.ACCOUNTS_A_LOOK + 3):
        await store(world, await world.account(), f"h{number}", 1)
    (first,) = await world.do(claim_callbacks, CallbackClaimOrder(limit=500, room=lambda *key: 9))
    assert len(first.callbacks) == claim.ACCOUNTS_A_LOOK
    order = CallbackClaimOrder(limit=500, room=lambda *key: 9, after_account=first.after_account)
    (second,) = await world.do(claim_callbacks, order)
    assert (len(second.callbacks), second.after_account) == (3, -1)


async def test_the_targets_of_an_account_take_turns_too(world: World) -> None:
    account = await world.account()
    for number in range(claim.TARGETS_A_LOOK + 10):
        await store(world, account, f"h{number}", 1, due_ms=START_MS + 1_000)
    well = await store(world, account, "last", 1, target=(1 << 62) + (1 << 61))
    seen: list[int] = []
    after: dict[object, int] = {}
    for _ in range(3):
        order = CallbackClaimOrder(limit=500, room=lambda *key: 9, after_target=after)  # type: ignore[arg-type]
        (claimed,) = await world.do(claim_callbacks, order)
        after = claimed.after_target
        seen += [callback.id for callback in claimed.callbacks]
    assert seen == [well[0].id]


async def test_a_callback_that_was_stored_without_a_target_gets_one_when_it_is_claimed(world: World) -> None:
    account = await world.account()
    await store(world, account, "old", 2, target=0)
    claimed = await world.claim()
    assert [callback.target for callback in claimed.callbacks] == [world.target_of(account.id, "http://old/")] * 2
    rows = await world.ask("SELECT target, node_id FROM callbacks")
    assert rows == [(world.target_of(account.id, "http://old/"), world.node_id)] * 2


async def test_callbacks_that_were_released_are_claimed_again_in_order(world: World) -> None:
    account = await world.account()
    stored = await store(world, account, "a", 5)
    claimed = await world.claim()
    await world.do(release_callbacks, claimed.callbacks[2:])
    assert [callback.id for callback in (await world.claim()).callbacks] == [row.id for row in stored[2:]]


async def test_a_claimed_end_brings_the_earlier_state_along(world: World) -> None:
    account = await world.account()
    (early,) = await store(world, account, "busy", 1, message=7 << 8, step=1)
    (late,) = await store(world, account, "well", 1, message=7 << 8, step=2)
    order = CallbackClaimOrder(limit=9, room=lambda _, target: 9 if target == late.target else 0)
    (claimed,) = await world.do(claim_callbacks, order)
    assert [callback.id for callback in claimed.callbacks] == [early.id, late.id]


async def test_an_earlier_state_that_waits_for_its_next_attempt_does_not_come_along(world: World) -> None:
    account = await world.account()
    await store(world, account, "a", 1, message=7 << 8, step=1, due_ms=START_MS + 30_000, attempts=1)
    (late,) = await store(world, account, "a", 1, message=7 << 8, step=2)
    assert [callback.id for callback in (await world.claim()).callbacks] == [late.id]


async def test_a_failed_acceptance_is_not_tried_again_once_the_delivery_was_told(world: World) -> None:
    message_id = await world.sent(await world.account())
    (took,) = (await world.claim()).callbacks
    await world.do(record_attempts, Attempt(took, BROKEN))
    await world.receipt("r1", State.DELIVERED)
    (delivered,) = (await world.claim()).callbacks
    await world.do(record_attempts, Attempt(delivered, OK))
    world.now_ms += 30_000
    assert (await world.claim()).callbacks == []
    assert await world.ask("SELECT id FROM callbacks") == []
    assert (await world.show(message_id)).timeline[-1].kind == "passed_over"


async def test_a_replay_does_not_tell_an_acceptance_once_the_delivery_was_told(world: World) -> None:
    await world.sent(await world.account())
    (took,) = (await world.claim()).callbacks
    took.attempts = 5
    await world.do(record_attempts, Attempt(took, BROKEN))
    await world.receipt("r1", State.DELIVERED)
    (delivered,) = (await world.claim()).callbacks
    await world.do(record_attempts, Attempt(delivered, OK))

    async def script(tx: Transaction) -> int:
        return await replay_all(tx, account_id=None, now_ms=world.now_ms)

    assert await world.database.write(script) == 1
    assert (await world.claim()).callbacks == []
    assert await world.ask("SELECT id FROM callbacks") == []


async def test_a_presumed_end_is_not_told_again_once_the_real_one_was(world: World) -> None:
    await world.sent(await world.account())
    await world.do(record_attempts, Attempt((await world.claim()).callbacks[0], OK))
    world.now_ms += AFTER_ALL_MS
    await world.do(expire, 100)
    (expired,) = (await world.claim()).callbacks
    await world.do(record_attempts, Attempt(expired, BROKEN))
    await world.receipt("r1", State.DELIVERED)
    (delivered,) = (await world.claim()).callbacks
    await world.do(record_attempts, Attempt(delivered, OK))
    world.now_ms += 30_000
    assert (await world.claim()).callbacks == []
    assert await world.ask("SELECT id FROM callbacks") == []


async def test_a_click_that_was_told_does_not_hide_a_state(world: World) -> None:
    account = await world.account()
    await world.sent(account)
    (took,) = (await world.claim()).callbacks
    await world.do(record_attempts, Attempt(took, BROKEN))
    await store(world, account, "clicks", 1, message=int(took.message_id))
    (click,) = (await world.claim()).callbacks
    await world.do(record_attempts, Attempt(click, OK))
    world.now_ms += 30_000
    assert [callback.id for callback in (await world.claim()).callbacks] == [took.id]


async def test_both_are_tried_in_order_while_neither_was_told(world: World) -> None:
    await world.sent(await world.account())
    await world.receipt("r1", State.UNDELIVERED)
    for callback in (await world.claim()).callbacks:
        await world.do(record_attempts, Attempt(callback, BROKEN))
    world.now_ms += 30_000
    assert [w.url.partition("#")[2] for w in (await world.claim()).callbacks] == ["took", "undelivered"]


async def test_what_is_passed_over_leaves_the_table_unless_another_node_has_it(world: World) -> None:
    account = await world.account()
    mine, theirs = await store(world, account, "a", 2)
    await world.tell("UPDATE callbacks SET node_id = 77 WHERE id = ?", theirs.id)
    await world.do(pass_over, [mine.id, theirs.id, 12_345])
    assert await world.ask("SELECT id FROM callbacks") == [(theirs.id,)]


# --- a target that fails for days


async def fail(world: World, account: Account, host: str, times: int, *, failures: HttpOutcome = BROKEN) -> None:
    """Let so many callbacks to a host fail once."""
    callbacks = await store(world, account, host, times, message=5 << 8)
    await world.do(record_attempts, *(Attempt(callback, failures) for callback in callbacks))


async def off(world: World) -> list[tuple[object, ...]]:
    return await world.ask("SELECT origin, failures, off_ms FROM callback_targets ORDER BY id")


async def test_a_target_is_off_after_three_days_without_a_success_and_a_hundred_failures(world: World) -> None:
    account = await world.account()
    await fail(world, account, "dead", 99)
    world.now_ms += 3 * 86_400_000 - 1
    await fail(world, account, "dead", 1)
    assert await off(world) == [("http://dead", 100, None)]
    world.now_ms += 1
    await fail(world, account, "dead", 1)
    assert await off(world) == [("http://dead", 101, world.now_ms)]


async def test_days_without_many_failures_are_not_enough(world: World) -> None:
    account = await world.account()
    await fail(world, account, "dead", 50)
    world.now_ms += 30 * 86_400_000
    await fail(world, account, "dead", 49)
    assert await off(world) == [("http://dead", 99, None)]


async def test_how_long_and_how_many_are_settings_and_zero_days_is_never(world: World) -> None:
    account = await world.account()
    world.off_after = OffAfter(days=0.5, failures=3)
    await fail(world, account, "dead", 3)
    world.now_ms += 43_200_000
    await fail(world, account, "dead", 1)
    assert await off(world) == [("http://dead", 4, world.now_ms)]
    world.off_after = OffAfter(days=0, failures=1)
    await fail(world, account, "other", 1)
    world.now_ms += 100 * 86_400_000
    await fail(world, account, "other", 200)
    assert ("http://other", 201, None) in await off(world)


async def test_one_success_begins_the_count_anew(world: World) -> None:
    account = await world.account()
    await fail(world, account, "ill", 99)
    (callback,) = await store(world, account, "ill", 1)
    await world.do(record_attempts, Attempt(callback, OK, recovers=True))
    world.now_ms += 3 * 86_400_000
    await fail(world, account, "ill", 2)
    assert await off(world) == [("http://ill", 2, None)]


async def test_failing_targets_are_known_to_every_node(world: World) -> None:
    account = await world.account()
    await fail(world, account, "dead", 1)
    claimed = await world.claim()
    assert claimed.failing == [world.target_of(account.id, "http://dead/")]
    assert claimed.off == set()
    assert (await switch_off(world, account, "gone")) in (await world.claim()).off


async def test_what_comes_while_a_target_is_off_is_kept_as_failed_and_not_tried(world: World) -> None:
    account = await world.account()
    world.off_after = OffAfter(days=1, failures=1)
    await fail(world, account, "dead", 1)
    world.now_ms += 86_400_000
    await fail(world, account, "dead", 1)
    await store(world, account, "dead", 700)
    await store(world, account, "well", 1)
    assert hosts(await world.claim()) == ["well"]
    while (claimed := await world.claim()).left:
        assert claimed.callbacks == []
    assert await world.ask("SELECT count(*) FROM callbacks WHERE failed = 1 AND attempts = 0") == [(700,)]


async def test_the_same_host_of_another_account_is_another_target(world: World) -> None:
    one, other = await world.account(), await world.account()
    world.off_after = OffAfter(days=1, failures=1)
    await fail(world, one, "shared", 1)
    world.now_ms += 86_400_000
    await fail(world, one, "shared", 1)
    await store(world, other, "shared", 2)
    assert hosts(await world.claim()) == ["shared"] * 2


async def switch_off(world: World, account: Account, host: str) -> int:
    """Switch a host off, with two callbacks that have failed and are planned again; return the number of its target."""
    world.off_after = OffAfter(days=1, failures=1)
    await fail(world, account, host, 1)
    world.now_ms += 86_400_000
    await fail(world, account, host, 1)
    return world.target_of(account.id, f"http://{host}/")


async def resumed(world: World, target: int) -> int:
    async def script(tx: Transaction) -> int:
        return await resume(tx, target, now_ms=world.now_ms)

    return await world.database.write(script)


async def test_a_target_that_is_resumed_is_tried_again_in_order(world: World) -> None:
    account = await world.account()
    target = await switch_off(world, account, "dead")
    stored = await store(world, account, "dead", 20)
    assert (await world.claim()).callbacks == []
    assert await resumed(world, target) == 21  # the one whose next attempt had become due was kept too
    assert await off(world) == []
    later = await store(world, account, "dead", 1)
    claimed = (await world.claim()).callbacks
    assert [callback.id for callback in claimed[1:]] == [callback.id for callback in [*stored, *later]]
    assert {callback.attempts for callback in claimed} == {0}


async def test_a_replay_of_what_is_kept_resumes_its_target(world: World) -> None:
    account = await world.account()
    await switch_off(world, account, "dead")
    stored = await store(world, account, "dead", 3)
    assert (await world.claim()).callbacks == []

    async def script(tx: Transaction) -> bool:
        return await replay(tx, stored[1].id, now_ms=world.now_ms)

    assert await world.database.write(script)
    assert [callback.id for callback in (await world.claim()).callbacks] == [stored[1].id]


async def test_targets_that_are_off_are_listed_by_account(world: World) -> None:
    one, other = await world.account(), await world.account()
    await switch_off(world, one, "dead")
    await switch_off(world, other, "gone")

    async def script(tx: Transaction) -> list[str]:
        return [row.origin for row in await list_off_targets(tx, account_id=one.id)]

    assert await world.database.read(script) == ["http://dead"]
