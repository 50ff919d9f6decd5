"""What a message waits for: each thing it can be, with since when, and the sentence that says so in every language."""

import pytest
from tests.support.world import FixedRouter, World, new_node, outgoing, recipient

from palomar.console.i18n import LANGUAGES
from palomar.console.wait_texts import SENTENCES, wait_text
from palomar.ports import Deferred, InDoubt, LinkStatus
from palomar.reports.messages import show_message
from palomar.reports.waits import Wait, WaitFor, find_wait
from palomar.routing.carrier_status import CarrierStatus, record_carrier_status
from palomar.routing.hours import parse_hours
from palomar.routing.rules import Route, RoutingPlan
from palomar.sending.claimer import MessageClaimOrder, claim
from palomar.storage.database import Transaction
from palomar.vocabulary.account import UnknownOutcome
from palomar.vocabulary.message import MessageId, State

BOUND = LinkStatus(name="c/1", bound=True, outstanding=0, window=10)
DOWN = LinkStatus(name="c/1", bound=False, outstanding=0, window=10, last_error="connection refused")


async def wait_of(world: World, message_id: MessageId) -> Wait | None:
    async def script(tx: Transaction) -> Wait | None:
        view = await show_message(tx, message_id)
        assert view is not None
        return await find_wait(tx, view)

    return await world.database.read(script)


async def store_statuses(world: World, *statuses: CarrierStatus) -> None:
    """Store the status of the carriers of a living node."""
    node_id = await new_node(world, "one")
    await world.database.write(lambda tx: record_carrier_status(tx, node_id, list(statuses), now_ms=world.now_ms))


async def test_a_scheduled_message_waits_for_its_time(world: World) -> None:
    due_ms = world.now_ms + 3_600_000
    scheduled = recipient(1)
    message = await world.accepted(await world.account(), due_ms=due_ms, recipients=[scheduled])
    wait = await wait_of(world, message.row.id)
    assert wait is not None
    assert (wait.what, wait.until_ms) == (WaitFor.TIME, due_ms)


async def test_a_queued_message_waits_for_its_turn_behind_what_came_before(world: World) -> None:
    await store_statuses(world, CarrierStatus(carrier="c", links=(BOUND,)))
    account = await world.account()
    await world.accepted(account, claim=State.QUEUED, parts=3)
    world.now_ms += 1_000
    message = await world.accepted(account)
    wait = await wait_of(world, message.row.id)
    assert wait is not None
    assert (wait.what, wait.carrier, wait.count) == (WaitFor.TURN, "c", 3)


async def test_a_queued_message_of_a_dead_carrier_waits_for_it_and_says_why(world: World) -> None:
    await store_statuses(world, CarrierStatus(carrier="c", links=(DOWN,), trouble="no link is bound"))
    message = await world.accepted(await world.account())
    wait = await wait_of(world, message.row.id)
    assert wait is not None
    assert (wait.what, wait.detail) == (WaitFor.CARRIER, "no link is bound; connection refused")


async def test_a_queued_message_of_a_slow_carrier_waits_for_it(world: World) -> None:
    idle = CarrierStatus(carrier="c", links=(BOUND,), idle_since_ms=world.now_ms, hindrance="window")
    await store_statuses(world, idle)
    message = await world.accepted(await world.account())
    wait = await wait_of(world, message.row.id)
    assert wait is not None
    assert (wait.what, wait.carrier_status and wait.carrier_status.hindrance) == (WaitFor.CARRIER, "window")


async def test_without_a_server_or_a_route_a_message_waits_for_it(world: World) -> None:
    account = await world.account()
    for carrier, what in (("c", WaitFor.SERVER), ("", WaitFor.ROUTE)):
        wait = await wait_of(world, (await world.accepted(account, carrier=carrier)).row.id)
        assert wait is not None
        assert (wait.what, wait.carrier) == (what, carrier)


async def test_a_message_that_a_node_has_routed_and_holds_waits_for_that_carrier(world: World) -> None:
    await store_statuses(world, CarrierStatus(carrier="c", links=(BOUND,), trouble="drained"))
    world.router = FixedRouter("c", plan=RoutingPlan(routes=(Route(id=1, carrier="c"),)))
    message = await world.accepted(await world.account(), carrier="")
    await world.do(claim, MessageClaimOrder(carrier="", limit=10))
    wait = await wait_of(world, message.row.id)
    assert wait is not None
    assert (wait.what, wait.carrier, wait.detail) == (WaitFor.CARRIER, "c", "drained")


async def test_a_message_that_was_put_off_says_how_often_and_when_last(world: World) -> None:
    await store_statuses(world, CarrierStatus(carrier="c", links=(BOUND,)))
    message = await world.accepted(await world.account(), claim=State.SUBMITTING)
    world.now_ms += 5_000
    deferred = Deferred(status=88, reason="ESME_RTHROTTLED", retry_after_seconds=1.0)
    await world.answer(outgoing(message)[0], deferred)
    wait = await wait_of(world, message.row.id)
    assert wait is not None
    assert (wait.what, wait.count, wait.detail) == (WaitFor.PUT_OFF, 1, "ESME_RTHROTTLED")
    assert wait.since_ms == world.now_ms


@pytest.mark.parametrize(
    ("policy", "what"), [(UnknownOutcome.RESEND, WaitFor.SENDING_AGAIN), (UnknownOutcome.HOLD, WaitFor.DOUBT)]
)
async def test_a_message_in_doubt_is_sent_again_or_held(world: World, policy: UnknownOutcome, what: WaitFor) -> None:
    await store_statuses(world, CarrierStatus(carrier="c", links=(BOUND,)))
    message = await world.accepted(await world.account(unknown_outcome=policy), claim=State.SUBMITTING)
    await world.answer(outgoing(message)[0], InDoubt(reason="no answer in time"))
    wait = await wait_of(world, message.row.id)
    assert wait is not None
    assert (wait.what, wait.since_ms) == (what, world.now_ms)


async def test_a_message_that_was_given_to_its_carrier_waits_for_an_answer_then_for_a_receipt(world: World) -> None:
    account = await world.account()
    message = await world.accepted(account, claim=State.SUBMITTING)
    wait = await wait_of(world, message.row.id)
    assert wait is not None
    assert wait.what is WaitFor.ANSWER
    world.now_ms += 5_000
    wait = await wait_of(world, await world.sent(account))
    assert wait is not None
    assert (wait.what, wait.since_ms) == (WaitFor.RECEIPT, world.now_ms)


async def test_a_message_that_has_ended_waits_for_nothing(world: World) -> None:
    sent = await world.sent(await world.account())
    await world.receipt("r1", State.DELIVERED)
    assert await wait_of(world, sent) is None


@pytest.mark.parametrize(
    ("route", "what"),
    [
        (Route(id=1, carrier="c", prefix="999"), WaitFor.NO_ROUTE),
        (Route(id=1, carrier="c", hours=parse_hours("08:00-09:00")), WaitFor.CLOSED),
    ],
)
async def test_a_message_that_no_route_took_when_it_was_due_says_whether_it_was_the_hour(
    world: World, route: Route, what: WaitFor
) -> None:
    world.router = FixedRouter("c", plan=RoutingPlan(routes=(route,)))
    world.now_ms -= world.now_ms % (24 * 3_600_000)  # midnight
    message = await world.accepted(await world.account(), due_ms=world.now_ms + 12 * 3_600_000, carrier="")
    world.now_ms += 12 * 3_600_000
    await world.do(claim, MessageClaimOrder(carrier="", limit=10))
    wait = await wait_of(world, message.row.id)
    assert wait is not None
    assert (wait.what, wait.since_ms) == (what, world.now_ms)


def test_each_wait_has_a_sentence_in_every_language() -> None:
    status = CarrierStatus(carrier="main", hindrance="pace")
    said = set()
    for what in WaitFor:
        wait = Wait(what=what, since_ms=1_000, until_ms=200_000, carrier="main", count=2_913, carrier_status=status)
        for language in LANGUAGES:
            said.add(wait_text(wait, now_ms=9_000, language=language))
    assert len(said) == len(WaitFor) * len(LANGUAGES)
    assert SENTENCES.keys() == set(WaitFor)
    assert any("2,913 parts before it" in one for one in said)
    assert any("el ritmo fijado no deja salir ninguna" in one for one in said)
