"""The notifier: the carrier's callback before the handset's, fair turns, one probe where a host keeps failing."""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from palomar.domain.account import AccountId
from palomar.domain.message import MessageId
from palomar.engine.batcher import Step
from palomar.engine.notifier import MEMORY_WEBHOOKS, Notifier
from palomar.flows.notify import Attempt
from palomar.ports import HttpOutcome, HttpRequest
from palomar.storage.webhooks import WebhookRow

OK = HttpOutcome(status=200, error=None, elapsed_ms=1)
BROKEN = HttpOutcome(status=500, error=None, elapsed_ms=1)
OURS = 1


@dataclass
class FakeSender:
    """``ports.HttpSender`` whose answers come when the test says."""

    slots: int = 2
    under_way: list[tuple[HttpRequest, Callable[[HttpOutcome], None]]] = field(default_factory=list)
    started: list[str] = field(default_factory=list)
    load: Counter[str] = field(default_factory=Counter)

    def start(self, request: HttpRequest, done: Callable[[HttpOutcome], None]) -> None:
        assert self.free_slots(self.origin_of(request.url)) > 0, "more requests than the host has slots"
        self.under_way.append((request, done))
        self.load[self.origin_of(request.url)] += 1
        self.started.append(request.url)

    def free_slots(self, origin: str) -> int:
        return self.slots - self.load[origin]

    def origin_of(self, url: str) -> str:
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.netloc}"

    def end(self, outcome: HttpOutcome = OK, *, url: str = "") -> None:
        """The first request under way (to this URL) ends so."""
        index = next(i for i, (request, _) in enumerate(self.under_way) if request.url.startswith(url))
        request, done = self.under_way.pop(index)
        self.load[self.origin_of(request.url)] -= 1
        done(outcome)


@dataclass
class FakeBatcher:
    """Answers each step at once: claims with what ``outbox`` has, everything else with None."""

    outbox: deque[WebhookRow] = field(default_factory=deque)
    recorded: list[Attempt] = field(default_factory=list)
    claims: list[int] = field(default_factory=list)
    fails: bool = False

    def post(self, step: Step[Any, Any], command: Any, done: Callable[[Any], None], failed: Any = None) -> None:
        if self.fails:
            failed(RuntimeError("a bug"))
        elif step.name == "claim_webhooks":
            self.claims.append(command)
            done([self.outbox.popleft() for _ in range(min(command, len(self.outbox)))])
        else:
            self.recorded.append(command)
            done(None)


def make(**sender: Any) -> tuple[Notifier, FakeSender, FakeBatcher]:
    fake, batcher = FakeSender(**sender), FakeBatcher()
    notifier = Notifier(fake)
    notifier.attach(batcher)  # type: ignore[arg-type]
    return notifier, fake, batcher


def webhook(number: int, *, host: str = "a", message: int | None = None, node: int | None = OURS) -> WebhookRow:
    return WebhookRow(
        id=number,
        message_id=MessageId(number if message is None else message),
        account_id=AccountId(1),
        dialect="foxsys",
        method="GET",
        url=f"http://{host}/{number}",
        body=None,
        due_ms=0,
        node_id=node,
    )


def test_what_was_born_here_leaves_at_once_and_its_attempt_is_recorded() -> None:
    notifier, sender, batcher = make()
    notifier.born([webhook(1)], OURS)
    assert sender.started == ["http://a/1"]
    sender.end()
    assert [(attempt.webhook.id, attempt.outcome) for attempt in batcher.recorded] == [(1, OK)]
    assert (notifier.held, notifier.under_way) == (0, 0)


def test_what_another_node_has_or_nobody_is_left_alone() -> None:
    notifier, sender, _ = make()
    notifier.born([webhook(1, node=2), webhook(2, node=None)], OURS)
    assert (sender.started, notifier.held) == ([], 0)


def test_the_carriers_callback_ends_before_the_handsets_begins() -> None:
    notifier, sender, _ = make(slots=5)
    notifier.born([webhook(1, message=7), webhook(2, message=7), webhook(3, message=7), webhook(4, message=8)], OURS)
    assert sender.started == ["http://a/1", "http://a/4"]
    sender.end(BROKEN, url="http://a/1")
    sender.end(url="http://a/2")
    assert sender.started == ["http://a/1", "http://a/4", "http://a/2", "http://a/3"]


def test_the_order_holds_though_a_messages_callbacks_go_to_different_hosts() -> None:
    notifier, sender, _ = make()
    notifier.born([webhook(1, message=7, host="a"), webhook(2, message=7, host="b")], OURS)
    assert sender.started == ["http://a/1"]
    sender.end()
    assert sender.started == ["http://a/1", "http://b/2"]


def test_a_slow_host_does_not_keep_others_waiting() -> None:
    notifier, sender, _ = make(slots=2)
    notifier.born([webhook(number, host="slow") for number in range(1, 100)], OURS)
    notifier.born([webhook(200, host="quick")], OURS)
    assert sender.started == ["http://slow/1", "http://slow/2", "http://quick/200"]


def test_each_end_lets_the_next_of_the_same_host_begin() -> None:
    notifier, sender, _ = make(slots=1)
    notifier.born([webhook(number) for number in range(1, 4)], OURS)
    for _ in range(3):
        sender.end()
    assert sender.started == ["http://a/1", "http://a/2", "http://a/3"]
    assert notifier.held == 0


def test_a_host_that_keeps_failing_gets_one_probe_at_a_time_until_one_succeeds() -> None:
    notifier, sender, _ = make(slots=4)
    notifier.born([webhook(number) for number in range(1, 30)], OURS)
    while len(sender.under_way) > 1:
        sender.end(BROKEN)
    for _ in range(3):
        assert len(sender.under_way) == 1
        sender.end(BROKEN)
    assert len(sender.under_way) == 1
    sender.end(OK)
    assert len(sender.under_way) == 4


def test_a_probed_host_does_not_slow_the_others() -> None:
    notifier, sender, _ = make(slots=3)
    notifier.born([webhook(number, host="bad") for number in range(1, 20)], OURS)
    for _ in range(8):
        sender.end(BROKEN)
    notifier.born([webhook(number, host="good") for number in range(100, 103)], OURS)
    assert [url for url in sender.started if "good" in url] == [f"http://good/{n}" for n in (100, 101, 102)]


def test_what_nobody_has_is_claimed_and_a_full_claim_is_followed_by_another() -> None:
    notifier, sender, batcher = make(slots=10_000)
    batcher.outbox.extend(webhook(number) for number in range(1, 701))
    notifier.look_for_work()
    assert len(sender.started) == 500
    assert notifier.room == 0
    sender.end()
    assert len(sender.started) == 700
    assert len(batcher.claims) == 2
    assert notifier.room == MEMORY_WEBHOOKS - notifier.held


def test_before_the_first_look_nothing_is_claimed_at_birth() -> None:
    notifier, _, _ = make()
    assert notifier.room == 0
    notifier.look_for_work()
    assert notifier.room == MEMORY_WEBHOOKS


def test_no_more_is_claimed_than_memory_holds() -> None:
    notifier, _, batcher = make(slots=0)
    batcher.outbox.extend(webhook(number) for number in range(1, 12_000))
    for _ in range(30):
        notifier.look_for_work()
    assert notifier.held == MEMORY_WEBHOOKS
    assert len(batcher.outbox) == 11_999 - MEMORY_WEBHOOKS


def test_a_claim_that_failed_is_tried_again_at_the_next_look() -> None:
    notifier, sender, batcher = make()
    batcher.outbox.append(webhook(1))
    batcher.fails = True
    notifier.look_for_work()
    batcher.fails = False
    notifier.look_for_work()
    assert sender.started == ["http://a/1"]


def test_after_a_lost_lease_only_what_is_under_way_goes_on() -> None:
    notifier, sender, batcher = make(slots=1)
    notifier.born([webhook(1, message=7), webhook(2, message=7), webhook(3)], OURS)
    notifier.forget()
    assert notifier.held == 1
    sender.end()
    assert sender.started == ["http://a/1"]
    assert len(batcher.recorded) == 1
    notifier.born([webhook(4, message=7), webhook(5)], OURS)
    assert sender.started == ["http://a/1", "http://a/4"]


def test_when_it_stops_nothing_new_begins_and_what_is_under_way_is_recorded() -> None:
    notifier, sender, batcher = make(slots=1)
    notifier.born([webhook(1), webhook(2)], OURS)
    notifier.stop_taking()
    notifier.born([webhook(3)], OURS)
    notifier.look_for_work()
    sender.end()
    assert sender.started == ["http://a/1"]
    assert [attempt.webhook.id for attempt in batcher.recorded] == [1]
    assert (notifier.room, notifier.under_way) == (0, 0)


def test_hosts_that_are_done_are_forgotten() -> None:
    notifier, sender, _ = make()
    for number in range(1, 200):
        notifier.born([webhook(number, host=f"h{number}")], OURS)
        sender.end()
    assert notifier._hosts == {}
    assert notifier._busy == {}
