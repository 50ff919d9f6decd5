"""The notifier: the carrier's callback before the phone's, fair turns, bounds a target, one probe where it fails."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from palomar.callbacks.attempts import Attempt
from palomar.callbacks.callback_rows import CallbackRow
from palomar.callbacks.claims import CLAIM_AT_MOST
from palomar.callbacks.sender import CallbackLimits, CallbackSender
from palomar.callbacks.targets import (
    DOUBTFUL_OF_ACCOUNT,
    FAILURES_UNTIL_POOR,
    FRESH,
    MEMORY,
    MEMORY_OF_ACCOUNT,
    MEMORY_OF_TARGET,
    POOR,
    SLOTS_OF_ACCOUNT,
    SLOTS_OF_FRESH,
    WATCH_EVERY_SECONDS,
)
from palomar.callbacks.turns import CallbackClaimOrder, ClaimedCallbacks
from palomar.ports import HttpOutcome, HttpRequest
from palomar.transaction.batcher import Step
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.message import MessageId

OK = HttpOutcome(status=200, error=None, elapsed_ms=1)
BROKEN = HttpOutcome(status=500, error=None, elapsed_ms=1)
OURS = 1


@dataclass
class FakeSender:
    """``ports.HttpSender`` whose answers come when the test says."""

    under_way: list[tuple[HttpRequest, Callable[[HttpOutcome], None]]] = field(default_factory=list)
    started: list[str] = field(default_factory=list)

    def start(self, request: HttpRequest, done: Callable[[HttpOutcome], None]) -> None:
        self.under_way.append((request, done))
        self.started.append(request.url)

    def origin_of(self, url: str) -> str:
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.netloc}"

    def load(self, url: str) -> int:
        return sum(request.url.startswith(url) for request, _ in self.under_way)

    def end(self, outcome: HttpOutcome = OK, *, url: str = "") -> None:
        """The first request under way (to this URL) ends so."""
        index = next(i for i, (request, _) in enumerate(self.under_way) if request.url.startswith(url))
        _, done = self.under_way.pop(index)
        done(outcome)

    def end_all(self, outcome: HttpOutcome = OK, *, url: str = "") -> None:
        """Whatever is or comes under way (to this URL) ends so."""
        while self.load(url):
            self.end(outcome, url=url)


@dataclass
class FakeBatcher:
    """The table and its steps, at once: what waits is in ``outbox``."""

    outbox: list[CallbackRow] = field(default_factory=list)
    recorded: list[Attempt] = field(default_factory=list)
    passed_over: list[int] = field(default_factory=list)
    claims: list[CallbackClaimOrder] = field(default_factory=list)
    fails: bool = False
    off: set[int] = field(default_factory=set)
    kept: list[CallbackRow] = field(default_factory=list)

    def post(self, step: Step[Any, Any], command: Any, done: Callable[[Any], None], failed: Any = None) -> None:
        if self.fails:
            failed(RuntimeError("a bug"))
        elif step.name == "claim_callbacks":
            self.claims.append(command)
            done(self.claim(command))
        elif step.name == "release_callbacks":
            self.outbox += command
            done(None)
        elif step.name == "pass_over":
            self.passed_over += command
            done(None)
        else:
            self.recorded.append(command)
            done(None)

    def claim(self, order: CallbackClaimOrder) -> ClaimedCallbacks:
        claimed = ClaimedCallbacks(off=set(self.off))
        waiting: dict[tuple[AccountId, int], list[CallbackRow]] = {}
        for row in self.outbox:
            waiting.setdefault((row.account_id, row.target), []).append(row)
        keys = dict.fromkeys(order.of) | (dict.fromkeys(waiting) if order.looks else {})
        left = order.limit
        for key in keys:
            rows = sorted(waiting.get(key, []), key=lambda row: row.id)
            if key[1] in self.off:
                self.kept += rows
                rows = []
            room = max(min(order.room(*key), left), 0)
            taken = rows[:room]
            left -= len(taken)
            claimed.callbacks += taken
            (claimed.left if len(rows) > len(taken) else claimed.emptied).add(key)
        latest = {row.message_id: row.id for row in claimed.callbacks if row.step > 1}
        ids = {row.id for row in claimed.callbacks}
        claimed.callbacks += [
            row for row in self.outbox if row.id not in ids and row.step and row.id < latest.get(row.message_id, 0)
        ]
        ids = {row.id for row in [*claimed.callbacks, *self.kept]}
        self.outbox = [row for row in self.outbox if row.id not in ids]
        claimed.callbacks.sort(key=lambda row: row.id)
        return claimed


class Desk:
    """A notifier among fakes, and births as ``transaction.work`` makes them."""

    def __init__(self, *, slots: int = 8, connections: int = 512, begun: bool = True) -> None:
        self.sender, self.batcher = FakeSender(), FakeBatcher()
        self.notifier = CallbackSender(self.sender, limits=CallbackLimits(slots_a_host=slots, connections=connections))
        self.notifier.attach(self.batcher)  # type: ignore[arg-type]
        self.made = 0
        if begun:
            self.notifier.look_for_work()

    def callback(
        self, *, host: str = "a", message: int | None = None, account: int = 1, step: int = 0, path: str = ""
    ) -> CallbackRow:
        self.made += 1
        number = self.made
        url = f"http://{host}/{path}{number}"
        return CallbackRow(
            id=number,
            message_id=MessageId(1_000_000 + number if message is None else message),
            account_id=AccountId(account),
            dialect="foxsys",
            method="GET",
            url=url,
            body=None,
            due_ms=0,
            target=self.notifier.target_of(AccountId(account), url),
            step=step,
        )

    def born(self, *callbacks: CallbackRow) -> None:
        """One transaction's callbacks."""
        self.commit(callbacks)

    def many(self, count: int, **more: Any) -> list[CallbackRow]:
        callbacks = [self.callback(**more) for _ in range(count)]
        self.commit(callbacks)
        return callbacks

    def commit(self, callbacks: Sequence[CallbackRow]) -> None:
        born: Counter[int] = Counter()
        for callback in callbacks:
            room = self.notifier.room(callback.account_id, callback.target)
            if born[callback.target] < room and callback.message_id not in self.notifier.behind:
                callback.node_id = OURS
                born[callback.target] += 1
            else:
                self.batcher.outbox.append(callback)
        self.notifier.born(callbacks, OURS)

    def make_good(self, host: str, account: int = 1) -> None:
        self.born(self.callback(host=host, account=account))
        self.sender.end_all(url=f"http://{host}/")

    def second(self) -> None:
        """One passes."""
        for _ in range(int(1 / WATCH_EVERY_SECONDS)):
            self.notifier.watch()
        self.notifier.look_for_work()


def test_what_was_born_here_leaves_at_once_and_its_attempt_is_recorded() -> None:
    desk = Desk()
    desk.born(desk.callback())
    assert desk.sender.started == ["http://a/1"]
    desk.sender.end()
    assert [(attempt.callback.id, attempt.outcome) for attempt in desk.batcher.recorded] == [(1, OK)]
    assert (desk.notifier.held, desk.notifier.under_way) == (0, 0)


def test_what_another_node_has_is_left_alone() -> None:
    desk = Desk()
    callback = desk.callback()
    callback.node_id = 2
    desk.notifier.born([callback], OURS)
    assert (desk.sender.started, desk.notifier.held) == ([], 0)


def test_the_carriers_callback_ends_before_the_phones_begins() -> None:
    desk = Desk(slots=5)
    desk.make_good("a")
    desk.born(*(desk.callback(message=message, step=1) for message in (7, 7, 7, 8)))
    assert desk.sender.started[1:] == ["http://a/2", "http://a/5"]
    desk.sender.end(BROKEN, url="http://a/2")
    desk.sender.end(url="http://a/3")
    assert desk.sender.started[1:] == ["http://a/2", "http://a/5", "http://a/3", "http://a/4"]


def test_the_order_holds_though_a_messages_callbacks_go_to_different_hosts() -> None:
    desk = Desk()
    desk.born(desk.callback(message=7, host="a", step=1), desk.callback(message=7, host="b", step=2))
    assert desk.sender.started == ["http://a/1"]
    desk.sender.end()
    assert desk.sender.started == ["http://a/1", "http://b/2"]


def test_each_end_lets_the_next_of_the_same_target_begin() -> None:
    desk = Desk(slots=1)
    desk.many(3)
    for _ in range(3):
        desk.sender.end()
    assert desk.sender.started == ["http://a/1", "http://a/2", "http://a/3"]
    assert desk.notifier.held == 0


def test_a_target_that_has_not_answered_yet_gets_few_slots_and_all_of_them_once_it_has() -> None:
    desk = Desk(slots=8)
    desk.many(30)
    assert len(desk.sender.under_way) == SLOTS_OF_FRESH
    desk.sender.end()
    assert len(desk.sender.under_way) == 8


def test_thousands_that_wait_for_a_host_that_hangs_leave_the_others_as_they_are() -> None:
    desk = Desk()
    desk.many(6_000, host="hangs")
    assert desk.notifier.held == MEMORY_OF_TARGET[FRESH]
    for number in range(10):
        desk.many(10, host=f"well{number}")
        desk.sender.end_all(url=f"http://well{number}/")
    assert len(desk.batcher.recorded) == 100


def test_twenty_thousand_for_targets_that_hang_do_not_keep_a_healthy_one_of_the_same_account_waiting() -> None:
    desk = Desk()
    desk.make_good("well")
    for number in range(200):
        desk.many(100, host=f"hangs{number}")
    for _ in range(3):
        desk.second()
    desk.many(50, host="well")
    desk.sender.end_all(url="http://well/")
    desk.many(10, host="new")
    desk.sender.end_all(url="http://new/")
    assert len(desk.batcher.recorded) == 61
    assert desk.notifier.held <= MEMORY_OF_ACCOUNT[FRESH] + MEMORY_OF_ACCOUNT[POOR]


def test_an_account_with_thousands_of_hosts_that_hang_takes_no_more_than_its_share_of_slots() -> None:
    desk = Desk(connections=512)
    for number in range(10_000):
        desk.born(desk.callback(host=f"h{number}.example", account=1))
    assert desk.notifier.under_way == SLOTS_OF_ACCOUNT[FRESH]
    for _ in range(5):
        desk.second()
    assert desk.notifier.under_way == DOUBTFUL_OF_ACCOUNT
    assert desk.notifier.held <= MEMORY_OF_ACCOUNT[FRESH] + MEMORY_OF_ACCOUNT[POOR]
    desk.many(10, host="theirs", account=2)
    desk.sender.end_all(url="http://theirs/")
    assert len(desk.batcher.recorded) == 10


def everything_hangs(desk: Desk) -> None:
    """Let accounts whose hosts hang take all that there is for targets that have not answered yet."""
    for account in range(1, 5):
        for number in range(300):
            desk.many(4, host=f"h{number}.{account}", account=account)
    for _ in range(20):
        desk.second()
    assert desk.notifier.under_way == 384


def test_accounts_with_hundreds_of_hosts_that_hang_leave_slots_for_the_first_callbacks_of_another() -> None:
    desk = Desk(connections=512)
    everything_hangs(desk)
    for number in range(10):
        desk.many(5, host=f"new{number}.example", account=99)
    for number in range(10):
        desk.sender.end_all(url=f"http://new{number}.example/")
    assert sum("new" in attempt.callback.url for attempt in desk.batcher.recorded) == 50


def test_an_account_of_which_all_first_callbacks_wait_is_called_when_one_of_them_ends() -> None:
    desk = Desk(connections=512)
    everything_hangs(desk)
    for number in range(50):
        desk.born(desk.callback(host=f"new{number}.example", account=99))
    while desk.sender.load("http://new"):
        desk.sender.end(url="http://new")
    assert sum("new" in attempt.callback.url for attempt in desk.batcher.recorded) == 50


def test_accounts_that_hang_in_all_standings_leave_slots_for_one_that_answers() -> None:
    desk = Desk(connections=64)
    desk.make_good("well", account=99)
    for account in range(1, 31):
        for number in range(5):
            desk.many(4, host=f"h{number}.{account}", account=account)
    for _ in range(5):
        desk.second()
    desk.many(20, host="well", account=99)
    desk.sender.end_all(url="http://well/")
    assert sum("well" in attempt.callback.url for attempt in desk.batcher.recorded) == 21


def test_one_hosts_path_that_hangs_for_one_account_keeps_no_other_account_waiting() -> None:
    desk = Desk()
    desk.many(500, host="shared", path="hangs/", account=1)
    desk.many(50, host="shared", path="well/", account=2)
    desk.sender.end_all(url="http://shared/well/")
    assert len(desk.batcher.recorded) == 50


def test_a_good_target_that_falls_silent_gives_back_to_the_table_what_it_holds() -> None:
    desk = Desk()
    desk.make_good("a")
    callbacks = desk.many(900)
    assert desk.notifier.held == 900
    desk.second()
    assert desk.notifier.held == 900
    desk.second()
    assert desk.notifier.held == MEMORY_OF_TARGET[POOR]
    oldest = [callback.id for callback in callbacks[: MEMORY_OF_TARGET[POOR]]]
    assert sorted(row.id for row in desk.batcher.outbox) == [w.id for w in callbacks if w.id not in oldest]


def test_a_target_that_answers_slowly_but_steadily_keeps_its_standing() -> None:
    desk = Desk(slots=4)
    desk.make_good("a")
    desk.many(100)
    for _ in range(10):
        desk.second()
        desk.sender.end()
    assert len(desk.sender.under_way) == 4
    assert desk.batcher.outbox == []


def test_what_waits_in_the_table_goes_before_what_is_born_later() -> None:
    desk = Desk(slots=8)
    desk.many(100)
    desk.sender.end_all()
    assert desk.sender.started == [f"http://a/{number}" for number in range(1, 101)]
    assert desk.batcher.outbox == []


def test_a_target_that_keeps_failing_gets_one_probe_at_a_time_until_one_succeeds() -> None:
    desk = Desk(slots=4)
    desk.make_good("a")
    desk.many(30)
    for _ in range(FAILURES_UNTIL_POOR):
        desk.sender.end(BROKEN)
    while len(desk.sender.under_way) > 1:
        desk.sender.end(BROKEN)
    for _ in range(3):
        assert len(desk.sender.under_way) == 1
        desk.sender.end(BROKEN)
    assert len(desk.sender.under_way) == 1
    desk.sender.end(OK)
    assert len(desk.sender.under_way) == 4


def test_what_a_failing_target_gave_back_is_fetched_as_its_probes_end() -> None:
    desk = Desk(slots=4)
    desk.make_good("a")
    desk.many(300)
    desk.sender.end_all(BROKEN)
    assert len(desk.batcher.recorded) == 301
    assert (desk.batcher.outbox, desk.notifier.held) == ([], 0)


def test_targets_that_wait_for_a_slot_of_their_account_get_it_when_one_is_free() -> None:
    desk = Desk(slots=2)
    for number in range(200):
        desk.born(desk.callback(host=f"h{number}"))
    assert desk.notifier.under_way == SLOTS_OF_ACCOUNT[FRESH]
    desk.sender.end_all()
    assert len(desk.batcher.recorded) == 200


def test_accounts_that_wait_for_everybodys_slots_take_turns() -> None:
    desk = Desk(slots=1, connections=8)  # four of them for those that are fresh
    for number in range(20):
        desk.born(desk.callback(host=f"many{number}", account=1))
    desk.born(desk.callback(host="few", account=2))
    desk.sender.end()
    desk.sender.end()
    assert "http://few/21" in desk.sender.started
    desk.sender.end_all()
    assert len(desk.batcher.recorded) == 21


def test_a_restart_with_twenty_thousand_due_for_targets_that_hang_finds_the_healthy_ones() -> None:
    desk = Desk(begun=False)
    for number in range(20):
        desk.batcher.outbox += [desk.callback(host=f"hangs{number}") for _ in range(1_000)]
    desk.batcher.outbox += [desk.callback(host="well", account=2) for _ in range(30)]
    desk.notifier.look_for_work()
    desk.sender.end_all(url="http://well/")
    assert len(desk.batcher.recorded) == 30
    assert desk.notifier.held <= 20 * MEMORY_OF_TARGET[FRESH]


def test_a_claim_is_not_asked_for_again_as_long_as_there_is_no_room() -> None:
    desk = Desk()
    desk.many(500, host="hangs")
    before = len(desk.batcher.claims)
    desk.second()
    assert len(desk.batcher.claims) == before + 1


def test_before_the_first_look_nothing_is_claimed_at_birth() -> None:
    desk = Desk(begun=False)
    callback = desk.callback()
    assert desk.notifier.room(callback.account_id, callback.target) == 0
    desk.notifier.look_for_work()
    assert desk.notifier.room(callback.account_id, callback.target) == MEMORY_OF_TARGET[FRESH]


def test_no_more_is_claimed_than_memory_holds() -> None:
    desk = Desk()
    for number in range(1_000):
        desk.batcher.outbox += [desk.callback(host=f"h{number}", account=number % 40) for _ in range(40)]
    for _ in range(30):
        desk.notifier.look_for_work()
    assert MEMORY[FRESH] <= desk.notifier.held <= MEMORY[FRESH] + CLAIM_AT_MOST


def test_a_claim_that_failed_is_tried_again_at_the_next_look() -> None:
    desk = Desk(begun=False)
    desk.batcher.outbox.append(desk.callback())
    desk.batcher.fails = True
    desk.notifier.look_for_work()
    desk.batcher.fails = False
    desk.notifier.look_for_work()
    assert desk.sender.started == ["http://a/1"]


def test_a_success_after_failures_says_that_the_target_recovers() -> None:
    desk = Desk()
    desk.born(desk.callback())
    desk.sender.end(BROKEN)
    desk.many(2)
    desk.sender.end_all()
    assert [attempt.recovers for attempt in desk.batcher.recorded] == [False, True, False]


def test_what_has_failed_is_not_tried_again_once_a_later_state_was_told() -> None:
    desk = Desk()
    desk.born(desk.callback(message=7, step=1))
    desk.sender.end(BROKEN)
    desk.born(desk.callback(message=7, step=2))
    desk.sender.end()
    assert desk.batcher.passed_over == [1]


def test_a_click_neither_overtakes_nor_is_overtaken() -> None:
    desk = Desk()
    desk.born(desk.callback(message=7, step=0))
    desk.sender.end(BROKEN)
    desk.born(desk.callback(message=7, step=2), desk.callback(message=7, step=0))
    desk.sender.end_all()
    assert desk.batcher.passed_over == []
    assert len(desk.batcher.recorded) == 3


def test_an_earlier_state_that_waits_behind_the_later_one_is_left_out_when_that_is_told() -> None:
    desk = Desk()
    early, late = desk.callback(message=7, step=1), desk.callback(message=7, step=2)
    desk.born(late)
    desk.batcher.outbox.append(early)
    desk.notifier.look_for_work()
    desk.sender.end_all()
    assert desk.sender.started == [late.url]
    assert (desk.batcher.passed_over, desk.notifier.held) == ([early.id], 0)


def test_a_later_state_does_not_overtake_an_earlier_one_that_waits_in_the_table() -> None:
    desk = Desk(slots=1)
    desk.many(100)
    early = desk.callback(message=7, step=1)
    desk.born(early)
    desk.born(desk.callback(message=7, step=2, host="elsewhere"))
    desk.sender.end_all()
    told = [attempt.callback.id for attempt in desk.batcher.recorded]
    assert told.index(early.id) < told.index(early.id + 1)


def test_after_a_lost_lease_only_what_is_under_way_goes_on() -> None:
    desk = Desk(slots=1)
    desk.born(desk.callback(message=7, step=1), desk.callback(message=7, step=2), desk.callback())
    desk.notifier.forget()
    assert desk.notifier.held == 1
    desk.sender.end()
    assert desk.sender.started == ["http://a/1"]
    assert len(desk.batcher.recorded) == 1
    desk.born(desk.callback(message=7, step=2), desk.callback())
    assert desk.sender.started == ["http://a/1", "http://a/4"]


def test_when_it_stops_nothing_new_begins_and_what_is_under_way_is_recorded() -> None:
    desk = Desk(slots=1)
    desk.many(2)
    desk.notifier.stop_taking()
    desk.many(1)
    desk.notifier.look_for_work()
    desk.sender.end()
    assert desk.sender.started == ["http://a/1"]
    assert [attempt.callback.id for attempt in desk.batcher.recorded] == [1]
    assert (desk.notifier.room(AccountId(1), desk.callback().target), desk.notifier.under_way) == (0, 0)


def test_targets_are_remembered_up_to_a_number() -> None:
    desk = Desk()
    for number in range(20_300):
        desk.born(desk.callback(host=f"h{number}"))
        desk.sender.end()
    assert len(desk.notifier._targets.every()) <= 20_000
    assert desk.notifier._busy == {}


def test_a_target_that_is_off_is_tried_no_more_and_again_once_it_is_on() -> None:
    desk = Desk(slots=1)
    desk.many(5)
    desk.sender.end(BROKEN)
    (target,) = {callback.target for callback in desk.many(1)}
    desk.batcher.off = {target}
    desk.notifier.put_off([target])
    assert (desk.notifier.held, desk.notifier.room(AccountId(1), target)) == (1, 0)  # what is under way
    desk.sender.end(BROKEN)
    desk.many(3)
    desk.second()
    assert (desk.notifier.held, len(desk.batcher.kept)) == (0, 7)
    desk.batcher.off.clear()
    desk.batcher.outbox, desk.batcher.kept = desk.batcher.kept, []
    desk.second()
    desk.second()
    assert desk.notifier.under_way == 1


def test_where_there_are_few_connections_an_account_has_as_many_fewer() -> None:
    desk = Desk(connections=32)
    for number in range(100):
        desk.born(desk.callback(host=f"h{number}"))
    assert desk.notifier.under_way == SLOTS_OF_ACCOUNT[FRESH] * 32 // 512
    desk.many(5, host="theirs", account=2)
    desk.sender.end_all(url="http://theirs/")
    assert len(desk.batcher.recorded) == 5


def test_a_click_that_hangs_keeps_no_state_of_its_message_waiting() -> None:
    desk = Desk()
    desk.born(desk.callback(message=7, host="hangs"), desk.callback(message=7, host="well", step=2))
    assert desk.sender.started == ["http://hangs/1", "http://well/2"]
    desk.sender.end_all()
    assert (desk.notifier.held, desk.notifier._busy) == (0, {})
