"""Queues that wait are shown with the reason, and stalled ones are restarted."""

from structlog.testing import capture_logs
from tests.contracts.carrier import outgoing
from tests.sending.test_lease import SetClock
from tests.support.carriers import CountingCarrier

from palomar.sending.send_queue import UNRECORDED_MAX, SendQueue
from palomar.sending.stalled import StallReason, Watchdog, find_hindrance


class WatchedQueue:
    """A send queue and its watchdog; notes for which queues parts were sent and claimed."""

    def __init__(self) -> None:
        self.clock = SetClock()
        self.carrier = CountingCarrier()
        self.queue = SendQueue("c", self.carrier)
        self.sent: list[str] = []
        self.claimed: list[str] = []
        self.watchdog = Watchdog(
            {"c": self.queue, "": SendQueue("", None)},
            send=lambda queue: self.sent.append(queue.name),
            claim=lambda queue: self.claimed.append(queue.name),
        )

    def check(self, seconds: int, **unclaimed: int) -> None:
        """Let seconds pass, with a check each."""
        for _ in range(seconds):
            self.watchdog.check(unclaimed, self.clock)
            self.clock.now += 1


def test_a_queue_whose_parts_could_leave_and_do_not_is_logged_counted_and_restarted() -> None:
    watched = WatchedQueue()
    watched.queue.push(outgoing("34600000001"))
    with capture_logs() as logs:
        watched.check(4)
        assert (watched.sent, dict(watched.watchdog.idle), watched.watchdog.stalls) == ([], {}, 0)
        watched.check(6)
    assert set(watched.sent) == set(watched.claimed) == {"c"}
    (idle,) = watched.watchdog.idle.values()
    assert (idle.stalled, idle.parts, idle.hindrance) == (True, 1, StallReason.NONE)
    assert watched.clock.wall_ms() - idle.since_ms >= 8_000
    assert watched.watchdog.stalls == 1
    assert [(entry["event"], entry["parts"]) for entry in logs] == [("sending_stalled", 1)]

    watched.queue.pop()
    watched.queue.submitted += 1
    watched.check(1)
    assert dict(watched.watchdog.idle) == {}


def test_a_queue_from_which_parts_leave_is_not_stalled_however_many_wait() -> None:
    watched = WatchedQueue()
    for serial in range(100):
        watched.queue.push(outgoing("34600000001", serial=serial))
        watched.queue.submitted += 1
        watched.check(1)
    assert (watched.sent, dict(watched.watchdog.idle)) == ([], {})


def test_messages_that_only_the_database_has_are_claimed() -> None:
    watched = WatchedQueue()
    watched.check(10, c=1)
    assert "c" in watched.claimed
    assert watched.watchdog.idle["c"].stalled


def test_a_queue_that_waits_for_a_reason_is_shown_with_it_and_not_restarted() -> None:
    watched = WatchedQueue()
    watched.queue.push(outgoing("34600000001"))
    watched.carrier.live = False
    with capture_logs() as logs:
        watched.check(40)
    idle = watched.watchdog.idle["c"]
    assert (idle.stalled, idle.hindrance, watched.sent, watched.watchdog.stalls) == (False, StallReason.NO_LINK, [], 0)
    assert [(entry["event"], entry["why"]) for entry in logs] == [("sending_waits", "no_link")]


def test_a_moment_without_hindrance_is_not_a_stall() -> None:
    """Check a pace of one part in many seconds: between its token and its timer nothing holds the part back."""
    watched = WatchedQueue()
    watched.queue.push(outgoing("34600000001"))
    for _ in range(10):
        watched.carrier.live = False
        watched.check(8)
        watched.carrier.live = True
        watched.check(2)
    assert watched.sent == []


def test_an_empty_queue_is_not_shown() -> None:
    watched = WatchedQueue()
    watched.check(60)
    assert (watched.sent, watched.claimed, dict(watched.watchdog.idle)) == ([], [], {})
    watched.queue.push(outgoing("34600000001"))
    watched.check(3)
    assert dict(watched.watchdog.idle) == {}, "it has waited for two seconds, not for a minute"


def test_each_hindrance_is_found() -> None:
    watched = WatchedQueue()
    assert find_hindrance(watched.queue) is StallReason.NONE
    watched.queue.unrecorded = UNRECORDED_MAX
    assert find_hindrance(watched.queue) is StallReason.DATABASE
    watched.queue.unrecorded = 0
    assert watched.carrier.reserve(watched.carrier.window)
    assert find_hindrance(watched.queue) is StallReason.PACE, "slots are reserved and nothing is under way"
    for serial in range(watched.carrier.window):
        watched.carrier.submit(outgoing("34600000001", serial=serial))
    assert find_hindrance(watched.queue) is StallReason.WINDOW
    watched.carrier.on_trial = True
    assert find_hindrance(watched.queue) is StallReason.NO_ANSWERS
    watched.carrier.outstanding.clear()
    assert find_hindrance(watched.queue) is StallReason.NONE, "the next part's time has come"
    watched.carrier.live = False
    assert find_hindrance(watched.queue) is StallReason.NO_LINK
