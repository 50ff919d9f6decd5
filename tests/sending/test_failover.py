"""Messages that cannot leave by their carrier leave by another, once; urgent messages overtake a campaign."""

from pathlib import Path

import pytest
from tests.contracts.virtual_time import in_virtual_time
from tests.sending.test_dispatcher import pass_time
from tests.support.carriers import CountingCarrier
from tests.support.engine import Engine, engine
from tests.support.world import CREDIT

from palomar.app.periodic_tasks import STALE
from palomar.ports import Deferred, Exchange, InDoubt, Submitted
from palomar.routing.router import FAILOVER_SECONDS
from palomar.routing.rules import Route, RoutingPlan
from palomar.sending.deadlines import AT_ONCE
from palomar.sending.failover import DEFERRALS_MAX
from palomar.vocabulary.lane import Lane, Rank
from palomar.vocabulary.message import State
from palomar.vocabulary.timeline import MomentKind

CODES = Lane(id=1, name="codes", rank=Rank.URGENT, label="otp", useless_after_seconds=60)
FIRST_A = RoutingPlan(routes=(Route(id=1, carrier="a", priority=1), Route(id=2, carrier="b", priority=2)))
NO_ANSWER = InDoubt(reason="no answer in time")
LATER = Deferred(status=88, reason="ESME_RTHROTTLED", retry_after_seconds=1.0)


def comes_back(carrier: CountingCarrier) -> None:
    """Report free slots, as a carrier does."""
    assert carrier.sink is not None
    carrier.sink.slots_changed(carrier.name)


async def over(e: Engine, seconds: float) -> None:
    """Wait virtual seconds, in which the periodic checks run."""
    for _ in range(round(seconds * 2)):
        await pass_time(0.5)
        e.dispatcher.fail_over()
        e.dispatcher.claim_due()
        await e.batcher.run(STALE, AT_ONCE)
        await e.settle()


@in_virtual_time
async def test_all_messages_queued_for_a_carrier_that_died_leave_by_the_other(tmp_path: Path) -> None:
    a, b = CountingCarrier(name="a", window=0), CountingCarrier(name="b", window=20_000)
    async with engine(tmp_path, a, b) as e:
        e.world.plan = FIRST_A
        await e.ready()
        account = await e.world.account(credit=20_000 * CREDIT)
        for _ in range(10):
            e.post(account, count=500)
        e.post(account, parts=3)
        await e.settle()
        assert (a.submitted, b.submitted) == ([], [])
        a.live = False
        await over(e, FAILOVER_SECONDS - 1)
        assert b.submitted == []
        await over(e, 4)
        assert len(b.submitted) == len({part.part_id for part in b.submitted}) == 5_003
        assert e.dispatcher.waiting_parts == {"a": 0, "b": 0}


@in_virtual_time
async def test_new_messages_go_by_the_other_at_once(tmp_path: Path) -> None:
    a, b = CountingCarrier(name="a", live=False), CountingCarrier(name="b")
    async with engine(tmp_path, a, b) as e:
        e.world.plan = FIRST_A
        await e.ready()
        e.post(await e.world.account())
        await e.settle()
        assert len(b.submitted) == 1


@in_virtual_time
async def test_queued_messages_stay_if_there_is_no_other_carrier(tmp_path: Path) -> None:
    a, b = CountingCarrier(name="a", window=0), CountingCarrier(name="b", live=False)
    async with engine(tmp_path, a, b) as e:
        e.world.plan = FIRST_A
        await e.ready()
        command = e.post(await e.world.account(), count=3)
        await e.settle()
        a.live = False
        await over(e, FAILOVER_SECONDS + 2)
        timeline = (await e.world.show(command.messages[0].row.id)).timeline
        assert [moment.kind for moment in timeline] == [MomentKind.ACCEPTED]
        a.window, a.live = 10, True
        comes_back(a)
        await e.settle()
        assert len(a.submitted) == 3


@in_virtual_time
async def test_a_carrier_that_takes_nothing_for_some_seconds_loses_its_waiting_messages(tmp_path: Path) -> None:
    a, b = CountingCarrier(name="a", window=2), CountingCarrier(name="b", window=100)
    async with engine(tmp_path, a, b) as e:
        e.world.plan = FIRST_A
        await e.ready()
        e.post(await e.world.account(), count=20)
        await e.settle()
        for _ in range(20):
            while a.outstanding:
                a.answer(LATER)
            await over(e, 0.5)
        assert len({part.message_id for part in b.submitted}) == len(b.submitted) == 20


@in_virtual_time
async def test_a_message_that_is_deferred_several_times_tries_another_carrier_though_its_own_takes_others(
    tmp_path: Path,
) -> None:
    a, b = CountingCarrier(name="a"), CountingCarrier(name="b")
    async with engine(tmp_path, a, b) as e:
        e.world.plan = FIRST_A
        await e.ready()
        account = await e.world.account()
        e.post(account)
        await e.settle()
        for number in range(DEFERRALS_MAX):
            a.answer(LATER)
            await e.settle()
            e.post(account)
            await e.settle()
            a.answer(Submitted(reference=f"r{number}"))
            await over(e, 1.5 * 2**number)  # each pause is longer than the one before
        assert len(b.submitted) == 1
        assert b.submitted[0].attempt == DEFERRALS_MAX + 1


@in_virtual_time
async def test_a_code_leaves_in_the_next_free_slot_before_a_campaign(tmp_path: Path) -> None:
    carrier = CountingCarrier(window=5)
    async with engine(tmp_path, carrier) as e:
        e.world.plan = RoutingPlan(lanes=(CODES,))
        await e.ready()
        account = await e.world.account(credit=20_000 * CREDIT)
        for _ in range(12):
            e.post(account, count=500)
        await e.settle()
        code = e.post(account, label="otp")
        await e.settle()
        assert None in (await e.world.queue()).values()  # the campaign is more than the line holds
        assert code.messages[0].row.id not in {part.message_id for part in carrier.submitted}
        carrier.answer(Submitted(reference="r1"))
        await e.settle()
        assert carrier.submitted[-1].message_id == code.messages[0].row.id
        assert carrier.submitted[-1].urgent


@in_virtual_time
async def test_normal_messages_go_before_a_campaign_that_still_moves(tmp_path: Path) -> None:
    carrier = CountingCarrier(window=1)
    async with engine(tmp_path, carrier) as e:
        await e.ready()
        account = await e.world.account()
        e.post(account, count=200)
        await e.settle()
        single = [e.post(account).messages[0].row.id for _ in range(6)]
        await e.settle()
        for number in range(10):
            carrier.answer(Submitted(reference=f"r{number}"))
            await e.settle()
        sent = [part.message_id for part in carrier.submitted[1:]]
        assert [identity for identity in sent if identity in single] == single
        assert any(identity not in single for identity in sent[: sent.index(single[-1])])


@in_virtual_time
async def test_a_code_that_has_waited_for_half_its_time_goes_by_another(tmp_path: Path) -> None:
    a, b = CountingCarrier(name="a", window=0), CountingCarrier(name="b")
    async with engine(tmp_path, a, b) as e:
        e.world.plan = RoutingPlan(routes=FIRST_A.routes, lanes=(CODES,))
        await e.ready()
        account = await e.world.account()
        code, other = e.post(account, label="otp"), e.post(account)
        await e.settle()
        await over(e, 20)
        assert b.submitted == []
        await over(e, 15)
        assert [part.message_id for part in b.submitted] == [code.messages[0].row.id]
        assert await e.world.state(other.messages[0].row.id) is State.QUEUED


@pytest.mark.parametrize("seed", range(6))
def test_whichever_carriers_die_and_recover_every_message_leaves_once(tmp_path: Path, seed: int) -> None:
    in_virtual_time(live_through_deaths)(tmp_path, seed)


async def live_through_deaths(folder: Path, seed: int) -> None:
    carriers = [CountingCarrier(name=name, window=6) for name in ("a", "b", "c")]
    async with engine(folder, *carriers) as e:
        e.world.plan = RoutingPlan(lanes=(CODES,))
        await e.ready()
        chance = e.database.chance
        chance.seed(seed)
        account = await e.world.account(credit=5_000 * CREDIT)
        for _ in range(40):
            e.post(
                account, count=chance.choice([1, 3, 150]), label=chance.choice(["", "otp"]), parts=chance.randint(1, 2)
            )
            for carrier in carriers:
                carrier.live = chance.random() > 0.4
                while carrier.outstanding and chance.random() < 0.9:
                    carrier.answer(chance.choice([LATER, Submitted(reference=f"{carrier.name}{chance.random()}")]))
            await over(e, chance.choice([0.5, 3.0]))
        for carrier in carriers:
            carrier.live, carrier.window = True, 500
        for turn in range(200):
            for carrier in carriers:
                while carrier.outstanding:
                    carrier.answer(Submitted(reference=f"{carrier.name}-{turn}-{len(carrier.outstanding)}"))
                comes_back(carrier)
            await over(e, 1)
            if not await e.world.queue():
                break
        assert await e.world.queue() == {}
        assert {row[0] for row in await e.world.ask("SELECT DISTINCT state FROM parts")} <= {"sent", "expired"}
        assert [carrier.reserved for carrier in carriers] == [0, 0, 0]


# --- a carrier that answers nothing


@in_virtual_time
async def test_messages_of_a_carrier_that_answers_nothing_move_at_once_and_new_ones_go_elsewhere(
    tmp_path: Path,
) -> None:
    a, b = CountingCarrier(name="a", window=5), CountingCarrier(name="b", window=100)
    async with engine(tmp_path, a, b) as e:
        e.world.plan = FIRST_A
        await e.ready()
        account = await e.world.account()
        e.post(account, count=25)
        await e.settle()
        while a.outstanding:
            part = a.outstanding.pop()
            assert a.sink is not None
            a.sink.answered(part, NO_ANSWER, Exchange())
        a.window, a.on_trial = 0, True
        await over(e, 1)
        assert len(b.submitted) == 20, "what had not left"
        e.post(account, count=3)
        await e.settle()
        assert len(b.submitted) == 23
        await over(e, 7)
        assert len(b.submitted) == 28, "and the copies of what was not answered, after their pause"
        assert sorted(part.attempt for part in b.submitted) == [1] * 23 + [2] * 5
        assert len(a.submitted) == 5


@in_virtual_time
async def test_a_carrier_on_trial_gets_one_message_and_the_others_do_not_wait_for_it(tmp_path: Path) -> None:
    a, b = CountingCarrier(name="a", on_trial=True), CountingCarrier(name="b", window=100)
    async with engine(tmp_path, a, b) as e:
        e.world.plan = FIRST_A
        await e.ready()
        account = await e.world.account()
        for _ in range(3):
            e.post(account, count=4)
            await e.settle()
        await over(e, 2)
        assert (len(a.submitted), len(b.submitted)) == (1, 11)
        a.on_trial = False
        a.answer(Submitted(reference="r"))
        e.post(account, count=4)
        await e.settle()
        assert (len(a.submitted), len(b.submitted)) == (5, 11)


@in_virtual_time
async def test_a_carrier_on_trial_without_another_gets_the_waiting_messages_and_each_at_most_twice(
    tmp_path: Path,
) -> None:
    a = CountingCarrier(name="a", on_trial=True)
    async with engine(tmp_path, a) as e:
        await e.ready()
        e.post(await e.world.account(), count=10)
        await e.settle()
        for _ in range(60):
            if a.outstanding:
                a.answer(NO_ANSWER)
            await over(e, 1)
        assert len(a.submitted) == 20
        assert max(part.attempt for part in a.submitted) == 2
        assert await e.world.ask("SELECT count(*) FROM messages WHERE state = 'held'") == [(10,)]


@in_virtual_time
async def test_a_delayed_part_moves_with_the_others_and_keeps_its_pause(tmp_path: Path) -> None:
    a, b = CountingCarrier(name="a"), CountingCarrier(name="b")
    async with engine(tmp_path, a, b) as e:
        e.world.plan = FIRST_A
        await e.ready()
        e.post(await e.world.account(resend_pause=20))
        await e.settle()
        a.answer(NO_ANSWER)
        await e.settle()
        a.live = False
        await over(e, 18)
        assert b.submitted == []
        await over(e, 5)
        assert [part.attempt for part in b.submitted] == [2]
        assert len(a.submitted) == 1
