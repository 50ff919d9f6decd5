"""The callback sender: states in order, fair turns, bounds for each target, one probe at a time if it fails."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from palomar.callbacks.attempts import Attempt
from palomar.callbacks.callback_rows import CallbackRow
from palomar.callbacks.claim import CallbackClaimOrder, ClaimedCallbacks
from palomar.callbacks.claimer import CLAIM_AT_MOST
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
        """End the first request under way (to this URL) with this outcome."""
        index = next(i for i, (request, _) in enumerate(self.under_way) if request.url.startswith(url))
        _, done = self.under_way.pop(index)
        done(outcome)

    def end_all(self, outcome: HttpOutcome = OK, *, url: str = "") -> None:
        """End all requests that are or come under way (to this URL) with this outcome."""
        while self.load(url):
            self.end(outcome, url=url)


@dataclass
class FakeBatcher:
    """A batcher that runs the callbacks' steps at once; what waits in the table is in ``outbox``."""

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


class Node:
    """A callback sender among fakes, and commits of new callbacks as ``transaction.work`` makes them."""

    def __init__(self, *, slots: int = 8, connections: int = 512, begun: bool = True) -> None:
        self.sender, self.batcher = FakeSender(), FakeBatcher()
        self.callbacks = CallbackSender(self.sender, limits=CallbackLimits(slots_a_host=slots, connections=connections))
        self.callbacks.attach(self.batcher)  # type: ignore[arg-type]
        self.made = 0
        if begun:
            self.callbacks.look_for_work()

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
            target=self.callbacks.target_of(AccountId(account), url),
            step=step,
        )

    def commit_new(self, *callbacks: CallbackRow) -> None:
        """Commit callbacks of one transaction."""
        self.commit(callbacks)

    def many(self, count: int, **more: Any) -> list[CallbackRow]:
        callbacks = [self.callback(**more) for _ in range(count)]
        self.commit(callbacks)
        return callbacks

    def commit(self, callbacks: Sequence[CallbackRow]) -> None:
        claimed: Counter[int] = Counter()
        for callback in callbacks:
            room = self.callbacks.room(callback.account_id, callback.target)
            if claimed[callback.target] < room and callback.message_id not in self.callbacks.messages_in_table:
                callback.node_id = OURS
                claimed[callback.target] += 1
            else:
                self.batcher.outbox.append(callback)
        self.callbacks.committed(callbacks, OURS)

    def make_good(self, host: str, account: int = 1) -> None:
        self.commit_new(self.callback(host=host, account=account))
        self.sender.end_all(url=f"http://{host}/")

    def second(self) -> None:
        """Let a second pass."""
        for _ in range(int(1 / WATCH_EVERY_SECONDS)):
            self.callbacks.watch()
        self.callbacks.look_for_work()


def test_a_callback_of_this_node_is_sent_at_once_and_its_attempt_is_recorded() -> None:
    node = Node()
    node.commit_new(node.callback())
    assert node.sender.started == ["http://a/1"]
    node.sender.end()
    assert [(attempt.callback.id, attempt.outcome) for attempt in node.batcher.recorded] == [(1, OK)]
    assert (node.callbacks.held, node.callbacks.under_way) == (0, 0)


def test_a_callback_of_another_node_is_left_alone() -> None:
    node = Node()
    callback = node.callback()
    callback.node_id = 2
    node.callbacks.committed([callback], OURS)
    assert (node.sender.started, node.callbacks.held) == ([], 0)


def test_the_callback_of_the_acceptance_ends_before_that_of_the_delivery_begins() -> None:
    node = Node(slots=5)
    node.make_good("a")
    node.commit_new(*(node.callback(message=message, step=1) for message in (7, 7, 7, 8)))
    assert node.sender.started[1:] == ["http://a/2", "http://a/5"]
    node.sender.end(BROKEN, url="http://a/2")
    node.sender.end(url="http://a/3")
    assert node.sender.started[1:] == ["http://a/2", "http://a/5", "http://a/3", "http://a/4"]


def test_the_order_holds_though_a_messages_callbacks_go_to_different_hosts() -> None:
    node = Node()
    node.commit_new(node.callback(message=7, host="a", step=1), node.callback(message=7, host="b", step=2))
    assert node.sender.started == ["http://a/1"]
    node.sender.end()
    assert node.sender.started == ["http://a/1", "http://b/2"]


def test_each_end_lets_the_next_of_the_same_target_begin() -> None:
    node = Node(slots=1)
    node.many(3)
    for _ in range(3):
        node.sender.end()
    assert node.sender.started == ["http://a/1", "http://a/2", "http://a/3"]
    assert node.callbacks.held == 0


def test_a_target_that_has_not_answered_yet_gets_few_slots_and_all_of_them_once_it_has() -> None:
    node = Node(slots=8)
    node.many(30)
    assert len(node.sender.under_way) == SLOTS_OF_FRESH
    node.sender.end()
    assert len(node.sender.under_way) == 8


def test_thousands_that_wait_for_a_host_that_hangs_leave_the_others_as_they_are() -> None:
    node = Node()
    node.many(6_000, host="hangs")
    assert node.callbacks.held == MEMORY_OF_TARGET[FRESH]
    for number in range(10):
        node.many(10, host=f"well{number}")
        node.sender.end_all(url=f"http://well{number}/")
    assert len(node.batcher.recorded) == 100


def test_twenty_thousand_for_targets_that_hang_do_not_keep_a_healthy_one_of_the_same_account_waiting() -> None:
    node = Node()
    node.make_good("well")
    for number in range(200):
        node.many(100, host=f"hangs{number}")
    for _ in range(3):
        node.second()
    node.many(50, host="well")
    node.sender.end_all(url="http://well/")
    node.many(10, host="new")
    node.sender.end_all(url="http://new/")
    assert len(node.batcher.recorded) == 61
    assert node.callbacks.held <= MEMORY_OF_ACCOUNT[FRESH] + MEMORY_OF_ACCOUNT[POOR]


def test_an_account_with_thousands_of_hosts_that_hang_takes_no_more_than_its_share_of_slots() -> None:
    node = Node(connections=512)
    for number in range(10_000):
        node.commit_new(node.callback(host=f"h{number}.example", account=1))
    assert node.callbacks.under_way == SLOTS_OF_ACCOUNT[FRESH]
    for _ in range(5):
        node.second()
    assert node.callbacks.under_way == DOUBTFUL_OF_ACCOUNT
    assert node.callbacks.held <= MEMORY_OF_ACCOUNT[FRESH] + MEMORY_OF_ACCOUNT[POOR]
    node.many(10, host="theirs", account=2)
    node.sender.end_all(url="http://theirs/")
    assert len(node.batcher.recorded) == 10


def everything_hangs(node: Node) -> None:
    """Let accounts whose hosts hang take all that there is for targets that have not answered yet."""
    for account in range(1, 5):
        for number in range(300):
            node.many(4, host=f"h{number}.{account}", account=account)
    for _ in range(20):
        node.second()
    assert node.callbacks.under_way == 384


def test_accounts_with_hundreds_of_hosts_that_hang_leave_slots_for_the_first_callbacks_of_another() -> None:
    node = Node(connections=512)
    everything_hangs(node)
    for number in range(10):
        node.many(5, host=f"new{number}.example", account=99)
    for number in range(10):
        node.sender.end_all(url=f"http://new{number}.example/")
    assert sum("new" in attempt.callback.url for attempt in node.batcher.recorded) == 50


def test_an_account_of_which_all_first_callbacks_wait_is_called_when_one_of_them_ends() -> None:
    node = Node(connections=512)
    everything_hangs(node)
    for number in range(50):
        node.commit_new(node.callback(host=f"new{number}.example", account=99))
    while node.sender.load("http://new"):
        node.sender.end(url="http://new")
    assert sum("new" in attempt.callback.url for attempt in node.batcher.recorded) == 50


def test_accounts_that_hang_in_all_grades_leave_slots_for_one_that_answers() -> None:
    node = Node(connections=64)
    node.make_good("well", account=99)
    for account in range(1, 31):
        for number in range(5):
            node.many(4, host=f"h{number}.{account}", account=account)
    for _ in range(5):
        node.second()
    node.many(20, host="well", account=99)
    node.sender.end_all(url="http://well/")
    assert sum("well" in attempt.callback.url for attempt in node.batcher.recorded) == 21


def test_one_hosts_path_that_hangs_for_one_account_keeps_no_other_account_waiting() -> None:
    node = Node()
    node.many(500, host="shared", path="hangs/", account=1)
    node.many(50, host="shared", path="well/", account=2)
    node.sender.end_all(url="http://shared/well/")
    assert len(node.batcher.recorded) == 50


def test_a_good_target_that_falls_silent_gives_back_to_the_table_what_it_holds() -> None:
    node = Node()
    node.make_good("a")
    callbacks = node.many(900)
    assert node.callbacks.held == 900
    node.second()
    assert node.callbacks.held == 900
    node.second()
    assert node.callbacks.held == MEMORY_OF_TARGET[POOR]
    oldest = [callback.id for callback in callbacks[: MEMORY_OF_TARGET[POOR]]]
    assert sorted(row.id for row in node.batcher.outbox) == [w.id for w in callbacks if w.id not in oldest]


def test_a_target_that_answers_slowly_but_steadily_keeps_its_grade() -> None:
    node = Node(slots=4)
    node.make_good("a")
    node.many(100)
    for _ in range(10):
        node.second()
        node.sender.end()
    assert len(node.sender.under_way) == 4
    assert node.batcher.outbox == []


def test_what_waits_in_the_table_goes_before_new_callbacks() -> None:
    node = Node(slots=8)
    node.many(100)
    node.sender.end_all()
    assert node.sender.started == [f"http://a/{number}" for number in range(1, 101)]
    assert node.batcher.outbox == []


def test_a_target_that_keeps_failing_gets_one_probe_at_a_time_until_one_succeeds() -> None:
    node = Node(slots=4)
    node.make_good("a")
    node.many(30)
    for _ in range(FAILURES_UNTIL_POOR):
        node.sender.end(BROKEN)
    while len(node.sender.under_way) > 1:
        node.sender.end(BROKEN)
    for _ in range(3):
        assert len(node.sender.under_way) == 1
        node.sender.end(BROKEN)
    assert len(node.sender.under_way) == 1
    node.sender.end(OK)
    assert len(node.sender.under_way) == 4


def test_what_a_failing_target_gave_back_is_fetched_as_its_probes_end() -> None:
    node = Node(slots=4)
    node.make_good("a")
    node.many(300)
    node.sender.end_all(BROKEN)
    assert len(node.batcher.recorded) == 301
    assert (node.batcher.outbox, node.callbacks.held) == ([], 0)


def test_targets_that_wait_for_a_slot_of_their_account_get_it_when_one_is_free() -> None:
    node = Node(slots=2)
    for number in range(200):
        node.commit_new(node.callback(host=f"h{number}"))
    assert node.callbacks.under_way == SLOTS_OF_ACCOUNT[FRESH]
    node.sender.end_all()
    assert len(node.batcher.recorded) == 200


def test_accounts_that_wait_for_everybodys_slots_take_turns() -> None:
    node = Node(slots=1, connections=8)  # four of them for those that are fresh
    for number in range(20):
        node.commit_new(node.callback(host=f"many{number}", account=1))
    node.commit_new(node.callback(host="few", account=2))
    node.sender.end()
    node.sender.end()
    assert "http://few/21" in node.sender.started
    node.sender.end_all()
    assert len(node.batcher.recorded) == 21


def test_a_restart_with_twenty_thousand_due_for_targets_that_hang_finds_the_healthy_ones() -> None:
    node = Node(begun=False)
    for number in range(20):
        node.batcher.outbox += [node.callback(host=f"hangs{number}") for _ in range(1_000)]
    node.batcher.outbox += [node.callback(host="well", account=2) for _ in range(30)]
    node.callbacks.look_for_work()
    node.sender.end_all(url="http://well/")
    assert len(node.batcher.recorded) == 30
    assert node.callbacks.held <= 20 * MEMORY_OF_TARGET[FRESH]


def test_a_claim_is_not_asked_for_again_as_long_as_there_is_no_room() -> None:
    node = Node()
    node.many(500, host="hangs")
    before = len(node.batcher.claims)
    node.second()
    assert len(node.batcher.claims) == before + 1


def test_before_the_first_look_no_new_callback_is_claimed() -> None:
    node = Node(begun=False)
    callback = node.callback()
    assert node.callbacks.room(callback.account_id, callback.target) == 0
    node.callbacks.look_for_work()
    assert node.callbacks.room(callback.account_id, callback.target) == MEMORY_OF_TARGET[FRESH]


def test_no_more_is_claimed_than_memory_holds() -> None:
    node = Node()
    for number in range(1_000):
        node.batcher.outbox += [node.callback(host=f"h{number}", account=number % 40) for _ in range(40)]
    for _ in range(30):
        node.callbacks.look_for_work()
    assert MEMORY[FRESH] <= node.callbacks.held <= MEMORY[FRESH] + CLAIM_AT_MOST


def test_a_claim_that_failed_is_tried_again_at_the_next_look() -> None:
    node = Node(begun=False)
    node.batcher.outbox.append(node.callback())
    node.batcher.fails = True
    node.callbacks.look_for_work()
    node.batcher.fails = False
    node.callbacks.look_for_work()
    assert node.sender.started == ["http://a/1"]


def test_a_success_after_failures_says_that_the_target_recovers() -> None:
    node = Node()
    node.commit_new(node.callback())
    node.sender.end(BROKEN)
    node.many(2)
    node.sender.end_all()
    assert [attempt.recovers for attempt in node.batcher.recorded] == [False, True, False]


def test_what_has_failed_is_not_tried_again_once_a_later_state_was_told() -> None:
    node = Node()
    node.commit_new(node.callback(message=7, step=1))
    node.sender.end(BROKEN)
    node.commit_new(node.callback(message=7, step=2))
    node.sender.end()
    assert node.batcher.passed_over == [1]


def test_a_click_neither_overtakes_nor_is_overtaken() -> None:
    node = Node()
    node.commit_new(node.callback(message=7, step=0))
    node.sender.end(BROKEN)
    node.commit_new(node.callback(message=7, step=2), node.callback(message=7, step=0))
    node.sender.end_all()
    assert node.batcher.passed_over == []
    assert len(node.batcher.recorded) == 3


def test_an_earlier_state_that_waits_behind_the_later_one_is_left_out_when_that_is_told() -> None:
    node = Node()
    early, late = node.callback(message=7, step=1), node.callback(message=7, step=2)
    node.commit_new(late)
    node.batcher.outbox.append(early)
    node.callbacks.look_for_work()
    node.sender.end_all()
    assert node.sender.started == [late.url]
    assert (node.batcher.passed_over, node.callbacks.held) == ([early.id], 0)


def test_a_later_state_does_not_overtake_an_earlier_one_that_waits_in_the_table() -> None:
    node = Node(slots=1)
    node.many(100)
    early = node.callback(message=7, step=1)
    node.commit_new(early)
    node.commit_new(node.callback(message=7, step=2, host="elsewhere"))
    node.sender.end_all()
    told = [attempt.callback.id for attempt in node.batcher.recorded]
    assert told.index(early.id) < told.index(early.id + 1)


def test_after_a_lost_lease_only_what_is_under_way_goes_on() -> None:
    node = Node(slots=1)
    node.commit_new(node.callback(message=7, step=1), node.callback(message=7, step=2), node.callback())
    node.callbacks.forget()
    assert node.callbacks.held == 1
    node.sender.end()
    assert node.sender.started == ["http://a/1"]
    assert len(node.batcher.recorded) == 1
    node.commit_new(node.callback(message=7, step=2), node.callback())
    assert node.sender.started == ["http://a/1", "http://a/4"]


def test_when_it_stops_nothing_new_begins_and_what_is_under_way_is_recorded() -> None:
    node = Node(slots=1)
    node.many(2)
    node.callbacks.stop_taking()
    node.many(1)
    node.callbacks.look_for_work()
    node.sender.end()
    assert node.sender.started == ["http://a/1"]
    assert [attempt.callback.id for attempt in node.batcher.recorded] == [1]
    assert (node.callbacks.room(AccountId(1), node.callback().target), node.callbacks.under_way) == (0, 0)


def test_targets_are_remembered_up_to_a_number() -> None:
    node = Node()
    for number in range(20_300):
        node.commit_new(node.callback(host=f"h{number}"))
        node.sender.end()
    assert len(node.callbacks._targets.list_all()) <= 20_000
    assert node.callbacks._states_under_way == {}


def test_a_target_that_is_off_is_tried_no_more_and_again_once_it_is_on() -> None:
    node = Node(slots=1)
    node.many(5)
    node.sender.end(BROKEN)
    (target,) = {callback.target for callback in node.many(1)}
    node.batcher.off = {target}
    node.callbacks.switch_off([target])
    assert (node.callbacks.held, node.callbacks.room(AccountId(1), target)) == (1, 0)  # what is under way
    node.sender.end(BROKEN)
    node.many(3)
    node.second()
    assert (node.callbacks.held, len(node.batcher.kept)) == (0, 7)
    node.batcher.off.clear()
    node.batcher.outbox, node.batcher.kept = node.batcher.kept, []
    node.second()
    node.second()
    assert node.callbacks.under_way == 1


def test_with_few_connections_an_account_has_fewer_slots() -> None:
    node = Node(connections=32)
    for number in range(100):
        node.commit_new(node.callback(host=f"h{number}"))
    assert node.callbacks.under_way == SLOTS_OF_ACCOUNT[FRESH] * 32 // 512
    node.many(5, host="theirs", account=2)
    node.sender.end_all(url="http://theirs/")
    assert len(node.batcher.recorded) == 5


def test_a_click_that_hangs_keeps_no_state_of_its_message_waiting() -> None:
    node = Node()
    node.commit_new(node.callback(message=7, host="hangs"), node.callback(message=7, host="well", step=2))
    assert node.sender.started == ["http://hangs/1", "http://well/2"]
    node.sender.end_all()
    assert (node.callbacks.held, node.callbacks._states_under_way) == (0, {})
