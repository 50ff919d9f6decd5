"""Histories: whatever happens to messages in whatever order, money is conserved and what has ended stays ended.

Two nodes accept, claim, send, lose their leases and take over from each other; carriers answer early, late, twice and
falsely. After every step the books, the counters, the queue and the customers' callbacks must agree.
"""

import asyncio
import random
import shutil
import tempfile
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.support.databases import Place, migrated
from tests.support.postgres import quick_folder
from tests.support.world import CREDIT, World, from_waiting, new_node, outgoing, receipt, recipient

from palomar.acceptance.accept import Accepted
from palomar.acceptance.scheduled import ScheduledChange, cancel, send_now
from palomar.acceptance.withdraw import withdraw
from palomar.app.housekeeping import expire
from palomar.cli.trial.ending import end_some
from palomar.ports import Deferred, InDoubt, NotSent, OutgoingPart, Refused, SubmitOutcome, Submitted
from palomar.receipts.record import OrphanSweep, record_receipts, sweep_orphans
from palomar.routing.rules import RoutingPlan
from palomar.sending.claimer import MessageClaimOrder, claim
from palomar.sending.deadlines import end_stale
from palomar.sending.nodes import take_over
from palomar.sending.resend_held import list_held_messages, resend_held_parts
from palomar.sending.submit import SubmitAnswer, record_answers
from palomar.storage.sqlite import SqliteLimits, open_sqlite
from palomar.transaction.work import Work
from palomar.vocabulary.account import Account, UnknownOutcome
from palomar.vocabulary.lane import Lane, Rank
from palomar.vocabulary.message import (
    FINAL,
    MESSAGE_TRANSITIONS,
    PART_TRANSITIONS,
    MessageId,
    PartId,
    State,
    Transitions,
    echo_of,
    is_correction,
)

CREDIT_OF_EACH = 14 * CREDIT
ENDS = [State.DELIVERED, State.UNDELIVERED, State.EXPIRED, State.REJECTED, State.UNKNOWN]
LANE = Lane(id=1, name="all", rank=Rank.NORMAL, useless_after_seconds=7_200)
HOW = ["taken", "taken", "taken", "in_doubt", "in_doubt", "refused", "deferred", "not_sent"]

chances = st.integers(0, 1_000)


class Histories(RuleBasedStateMachine):
    """Rules act as nodes, carriers, phones, customers and time do; invariants look at the tables."""

    def __init__(self) -> None:
        super().__init__()
        self._runner = asyncio.Runner()
        self._folder = tempfile.mkdtemp(prefix="palomar-histories-", dir=quick_folder())
        self.lines: list[list[OutgoingPart]] = [[], []]
        self.under_way: list[OutgoingPart] = []
        self.answered: list[SubmitAnswer] = []
        self.left: set[tuple[PartId, int]] = set()
        self.references: list[tuple[str, PartId]] = []
        self.seen: dict[int, tuple[State, bool]] = {}
        self.parts_seen: dict[int, State] = {}
        self.corrections: dict[int, int] = {}
        self.now_and_then = 0

    def run_now(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return self._runner.run(coroutine)

    @initialize()
    def begin(self) -> None:
        self.run_now(self._begin())

    async def _begin(self) -> None:
        place = Place(engine="sqlite", where=str(Path(self._folder) / "palomar.db"))
        await migrated(place)
        database = open_sqlite(Path(place.where), limits=SqliteLimits(inline_commit_seconds=float("inf")))
        self.world = World(database=database, plan=RoutingPlan(lanes=(LANE,)))
        self.nodes = [await new_node(self.world, name) for name in ("one", "two")]
        self.accounts: list[Account] = [
            await self.world.account(credit=CREDIT_OF_EACH, unknown_outcome=policy) for policy in UnknownOutcome
        ]
        for which, account in enumerate(self.accounts):  # so that every history has something to happen to
            self.on_node(which)
            for parts in (1, 1, 2):
                self._leave(*outgoing(await self.world.accepted(account, parts=parts, claim=State.SUBMITTING)))
            self.lines[which] += outgoing(await self.world.accepted(account, parts=2, claim=State.QUEUED))

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.run_now(self.world.database.close())
        self._runner.close()
        shutil.rmtree(self._folder)

    def on_node(self, which: int) -> World:
        self.world.node_id = self.nodes[which]
        return self.world

    # --- customers

    @rule(
        node=st.integers(0, 1),
        account=st.integers(0, 1),
        parts=st.integers(1, 3),
        count=st.integers(1, 3),
        claimed=st.sampled_from([None, State.QUEUED, State.SUBMITTING]),
        later=st.booleans(),
        unanswered=st.sampled_from([False, False, False, True]),
    )
    def accept(
        self, node: int, account: int, parts: int, count: int, claimed: State | None, later: bool, unanswered: bool
    ) -> None:
        """Store a request; if its COMMIT is ``unanswered``, the customer is refused and the request is withdrawn."""
        world = self.on_node(node)
        asked: dict[str, Any] = {"parts": parts, "count": count, "claim": None if later else claimed}
        if later:
            asked["due_ms"] = world.now_ms + 60_000
        result = self.run_now(world.accept(self.accounts[account], **asked))
        if not isinstance(result, Accepted):
            return
        if unanswered:
            self.run_now(world.do(_withdraw, result))
            return
        for message in result.messages:
            if message.claim is State.SUBMITTING:
                self._leave(*outgoing(message))
            elif message.claim is State.QUEUED:
                self.lines[node] += outgoing(message)

    @rule(account=st.integers(0, 1), now=st.booleans())
    def change_schedule(self, account: int, now: bool) -> None:
        step = send_now if now else cancel
        self.run_now(self.world.do(step, ScheduledChange(account_id=self.accounts[account].id)))

    @rule(account=st.integers(0, 1))
    def send_what_is_held(self, account: int) -> None:
        wanted = self.accounts[account].id
        found = self.run_now(self.world.database.read(lambda tx: list_held_messages(tx, wanted)))
        self.run_now(self.world.do(resend_held_parts, found))

    @rule(account=st.integers(0, 1), ends=st.sampled_from([False, False, False, False, True]))
    def end_the_trial(self, account: int, ends: bool) -> None:
        """End everything that an account has waiting."""
        if ends:
            self.run_now(self.world.do(_end_trial, self.accounts[account]))

    # --- nodes

    @rule(node=st.integers(0, 1), limit=st.integers(1, 5))
    def claim(self, node: int, limit: int) -> None:
        (found,) = self.run_now(self.on_node(node).do(claim, MessageClaimOrder(carrier="c", limit=limit)))
        self.lines[node] += [from_waiting(part) for part in found.parts]

    @precondition(lambda self: any(self.lines))
    @rule(node=st.integers(0, 1), count=st.integers(1, 4))
    def send(self, node: int, count: int) -> None:
        parts, self.lines[node] = self.lines[node][:count], self.lines[node][count:]
        if parts:
            may_leave = self.run_now(self.on_node(node).mark(*parts))
            self._leave(*(part for part, may in zip(parts, may_leave, strict=True) if may))

    @rule(node=st.integers(0, 1), forgets=st.booleans())
    def die(self, node: int, forgets: bool) -> None:
        """Let the other node take over; the dead one begins again, with or without what it had in memory."""
        self.run_now(self.on_node(1 - node).do(take_over, self.nodes[node]))
        self.nodes[node] = self.run_now(new_node(self.world, f"again {node}"))
        if forgets:
            self.lines[node] = []

    # --- carriers

    @precondition(lambda self: self.under_way)
    @rule(which=chances, hows=st.lists(st.sampled_from(HOW), min_size=1, max_size=4), reused=chances)
    def answer(self, which: int, hows: list[str], reused: int) -> None:
        parts = [self.under_way.pop(which % len(self.under_way)) for _ in hows[: len(self.under_way)]]
        answers = [
            SubmitAnswer("c", part, self._outcome(how, part, reused)) for part, how in zip(parts, hows, strict=False)
        ]
        self._record(*answers)
        self.answered += answers

    @precondition(lambda self: self.answered)
    @rule(which=chances, how=st.sampled_from(["taken", "refused", "deferred"]))
    def answer_late(self, which: int, how: str) -> None:
        """After a time-out that left the part in doubt, the carrier answers all the same."""
        doubts = [answer for answer in self.answered if isinstance(answer.outcome, InDoubt)]
        if doubts:
            before = doubts[which % len(doubts)]
            self._record(SubmitAnswer("c", before.part, self._outcome(how, before.part, 0)))

    @precondition(lambda self: self.answered)
    @rule(which=chances)
    def answer_twice(self, which: int) -> None:
        self._record(self.answered[which % len(self.answered)])

    @precondition(lambda self: self.references)
    @rule(
        which=chances,
        states=st.lists(st.sampled_from([*ENDS, State.DELIVERED, None]), min_size=1, max_size=4),
        echo=st.booleans(),
    )
    def report(self, which: int, states: list[State | None], echo: bool) -> None:
        receipts = []
        for number, state in enumerate(states):
            reference, part = self.references[(which + number) % len(self.references)]
            receipts.append(receipt(reference, state, **(echo_from(part) if echo else {})))
        self.run_now(self.world.do(record_receipts, *receipts))

    @precondition(lambda self: self.under_way)
    @rule(which=chances, state=st.sampled_from(ENDS), echo=st.booleans())
    def report_before_the_answer(self, which: int, state: State, echo: bool) -> None:
        part = self.under_way[which % len(self.under_way)]
        said = receipt(_reference(part), state, **(echo_from(part.part_id) if echo else {}))
        self.run_now(self.world.do(record_receipts, said))

    @precondition(lambda self: self.under_way)
    @rule(which=chances, state=st.sampled_from(ENDS))
    def answer_and_report_in_one_batch(self, which: int, state: State) -> None:
        part = self.under_way.pop(which % len(self.under_way))
        answer = SubmitAnswer("c", part, self._outcome("taken", part, 0))
        both = (record_answers, [answer]), (record_receipts, [receipt(_reference(part), state)])
        self.run_now(self.world.batch(*both))
        self.answered.append(answer)

    @rule(state=st.sampled_from(ENDS))
    def report_of_another_carrier(self, state: State) -> None:
        for reference, _ in self.references[-1:]:
            self.run_now(self.world.receipt(reference, state, carrier="elsewhere"))

    # --- time

    @rule(minutes=st.sampled_from([1, 30]))
    def wait(self, minutes: int) -> None:
        self.world.now_ms += minutes * 60_000

    @rule(limit=st.integers(1, 5), days=st.sampled_from([0, 0, 0, 4]))
    def sweep(self, limit: int, days: int) -> None:
        self.world.now_ms += days * 86_400_000
        self.run_now(self.world.batch((expire, [limit]), (sweep_orphans, [OrphanSweep(limit=limit)])))

    @rule(limit=st.integers(1, 5))
    def end_what_is_useless(self, limit: int) -> None:
        self.run_now(self.world.do(end_stale, limit))

    # --- what must hold

    @invariant()
    def nothing_disagrees(self) -> None:
        if hasattr(self, "world"):
            assert self.run_now(self.world.faults()) == []

    @invariant()
    def money_is_conserved(self) -> None:
        if not hasattr(self, "world"):
            return
        kept = sum(sum(self.run_now(self.world.balance(account))) for account in self.accounts)
        earned = self.run_now(self.world.ask("SELECT sum(microcredits) FROM ledger WHERE book = 'revenue'"))[0][0] or 0
        paid = self.run_now(
            self.world.ask(
                "SELECT sum(m.rate_microcredits) FROM parts p JOIN messages m ON m.id = (p.id & ~255)"
                " WHERE p.sent_ms IS NOT NULL"
            )
        )[0][0]
        assert kept + earned == CREDIT_OF_EACH * len(self.accounts)
        assert earned == (paid or 0)

    @invariant()
    def ends_are_final_and_told_once(self) -> None:
        if hasattr(self, "world"):
            self.run_now(self._look_at_messages())

    async def _look_at_messages(self) -> None:
        told: dict[int, list[str]] = {}
        for message_id, url in await self.world.ask("SELECT message_id, url FROM callbacks ORDER BY id"):
            told.setdefault(message_id, []).append(str(url).partition("#")[2])
        for identity, word, presumed in await self.world.ask("SELECT id, state, presumed FROM messages"):
            state = State(word)
            before, was_presumed = self.seen.get(identity, (state, bool(presumed)))
            if before in FINAL and state is not before:
                assert is_correction(before, presumed=was_presumed, new=state), f"{identity}: {before} became {state}"
                self.corrections[identity] = self.corrections.get(identity, 0) + 1
            elif state is not before:
                assert state in reachable(MESSAGE_TRANSITIONS, before), f"{identity}: {before} became {state}"
            self.seen[identity] = (state, bool(presumed))
            self._look_at_callbacks(MessageId(identity), state, told.get(identity, []))
        for identity, word in await self.world.ask("SELECT id, state FROM parts"):
            now_part = State(word)
            before_part = self.parts_seen.get(identity, now_part)
            if before_part in FINAL and now_part is not before_part:
                assert self.corrections.get(identity & ~255)
            elif now_part is not before_part:
                assert now_part in reachable(PART_TRANSITIONS, before_part), f"{before_part} -> {now_part}"
            self.parts_seen[identity] = now_part

    def _look_at_callbacks(self, identity: MessageId, state: State, told: list[str]) -> None:
        corrected = self.corrections.get(identity, 0)
        assert corrected <= 1
        assert told.count("took") <= 1
        assert "took" not in told[1:], f"{identity}: {told}"
        ends = [word for word in told if word != "took"]
        if state not in FINAL or state is State.CANCELLED:
            assert ends == []
        else:
            assert len(ends) == 1 + corrected
            assert ends[-1] == state.value

    # --- how it is done

    def _leave(self, *parts: OutgoingPart) -> None:
        for part in parts:
            assert (part.part_id, part.attempt) not in self.left, "an attempt left twice"
            self.left.add((part.part_id, part.attempt))
            self.under_way.append(part)

    def _record(self, *answers: SubmitAnswer) -> None:
        for answer, again in zip(answers, self.run_now(self.world.do(record_answers, *answers)), strict=True):
            if again is not None:
                self.lines[again.attempt % 2].append(_attempt(answer.part, again.attempt))

    def _outcome(self, how: str, part: OutgoingPart, reused: int) -> SubmitOutcome:
        match how:
            case "taken":
                reference = _reference(part)
                if reused % 5 == 1 and self.references:
                    reference = self.references[reused % len(self.references)][0]
                self.references.append((reference, part.part_id))
                return Submitted(reference=reference)
            case "refused":
                return Refused(status=11, reason="no")
            case "deferred":
                return Deferred(status=88, reason="later", retry_after_seconds=1.0)
            case "not_sent":
                return NotSent(reason="no link")
            case _:
                return InDoubt(reason="no answer")


def reachable(moves: Transitions, begins: State) -> frozenset[State]:
    """List the states that one or two moves lead to: an answer and a receipt may come in one transaction."""
    return moves[begins].union(*(moves[state] for state in moves[begins]))


async def _withdraw(work: Work, results: Sequence[Accepted]) -> list[int]:
    return [await withdraw(work, [(None, result)]) for result in results]  # type: ignore[list-item]  # it is not asked


async def _end_trial(work: Work, accounts: Sequence[Account]) -> list[int]:
    return [await end_some(work, account, after=0) for account in accounts]


def _reference(part: OutgoingPart) -> str:
    return f"{part.part_id}-{part.attempt}"


def echo_from(identity: PartId) -> dict[str, Any]:
    """Make the receipt of a carrier that echoes user_message_reference."""
    return {"msisdn": recipient().msisdn, "echo": echo_of(identity)}


def _attempt(part: OutgoingPart, attempt: int) -> OutgoingPart:
    return OutgoingPart(
        part_id=part.part_id,
        message_id=part.message_id,
        attempt=attempt,
        number=part.number,
        parts=part.parts,
        reference=part.reference,
        sender=part.sender,
        msisdn=part.msisdn,
        alphabet=part.alphabet,
        payload=part.payload,
    )


TestHistories = Histories.TestCase
TestHistories.settings = settings(
    max_examples=30,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.generate,),  # shrinking takes minutes; whoever hunts a failure adds Phase.shrink
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("seed", range(12))
def test_the_tables_agree_after_a_long_random_history(seed: int) -> None:
    """Run the same rules for long: faults that need many things to happen first are found here."""
    chance = random.Random(seed)
    machine = Histories()
    machine.begin()
    try:
        for _ in range(100):
            chance.choice(LIFE)(machine, chance)
            machine.nothing_disagrees()
            machine.ends_are_final_and_told_once()
        machine.money_is_conserved()
    finally:
        machine.teardown()


def _number(chance: random.Random) -> int:
    return chance.randrange(1_000)


def _states(chance: random.Random) -> list[State | None]:
    return chance.choices([*ENDS, State.DELIVERED, None], k=chance.randint(1, 4))


def _accept_some(machine: Histories, chance: random.Random) -> None:
    claimed = chance.choice([None, State.QUEUED, State.SUBMITTING, State.SUBMITTING])
    machine.accept(
        node=chance.randrange(2),
        account=chance.randrange(2),
        parts=chance.randint(1, 3),
        count=chance.randint(1, 2),
        claimed=claimed,
        later=chance.random() < 0.1,
        unanswered=chance.random() < 0.1,
    )


def _answer_some(machine: Histories, chance: random.Random) -> None:
    if machine.under_way:
        machine.answer(which=_number(chance), hows=chance.choices(HOW, k=2), reused=_number(chance))


def _report_early(machine: Histories, chance: random.Random) -> None:
    if machine.under_way:
        echo = chance.random() < 0.5
        machine.report_before_the_answer(which=_number(chance), state=chance.choice(ENDS), echo=echo)


def _answer_and_report(machine: Histories, chance: random.Random) -> None:
    if machine.under_way:
        machine.answer_and_report_in_one_batch(which=_number(chance), state=chance.choice(ENDS))


def _answer_again(machine: Histories, chance: random.Random) -> None:
    if machine.answered:
        machine.answer_late(which=_number(chance), how=chance.choice(["taken", "taken", "refused", "deferred"]))
        machine.answer_twice(which=_number(chance))


def _report_some(machine: Histories, chance: random.Random) -> None:
    if machine.references:
        machine.report(which=_number(chance), states=_states(chance), echo=chance.random() < 0.2)
        machine.report_of_another_carrier(state=chance.choice(ENDS))


def _work_on_a_node(machine: Histories, chance: random.Random) -> None:
    machine.claim(node=chance.randrange(2), limit=chance.randint(1, 5))
    machine.send(node=chance.randrange(2), count=chance.randint(1, 4))


def _let_time_pass(machine: Histories, chance: random.Random) -> None:
    machine.wait(minutes=30)
    if chance.random() < 0.3:
        machine.end_what_is_useless(limit=chance.randint(1, 5))
    machine.sweep(limit=chance.randint(1, 5), days=4 if chance.random() < 0.1 else 0)


def _change_plans(machine: Histories, chance: random.Random) -> None:
    machine.send_what_is_held(account=chance.randrange(2))
    machine.end_the_trial(account=chance.randrange(2), ends=chance.random() < 0.05)
    if chance.random() < 0.3:
        machine.die(node=chance.randrange(2), forgets=chance.random() < 0.5)
    else:
        machine.change_schedule(account=chance.randrange(2), now=chance.random() < 0.5)


LIFE = [
    _accept_some,
    _answer_some,
    _answer_some,
    _report_early,
    _answer_and_report,
    _answer_again,
    _report_some,
    _work_on_a_node,
    _work_on_a_node,
    _let_time_pass,
    _change_plans,
]
