"""The watchdog: what waits while nothing leaves is told, and what could leave is sent off."""

from structlog.testing import capture_logs
from tests.contracts.carrier import outgoing
from tests.sending.test_lease import SetClock
from tests.support.carriers import CountingCarrier

from palomar.sending.send_queue import UNRECORDED_MAX, SendQueue
from palomar.sending.stalled import StallReason, Watchdog, find_hindrance


class House:
    """One line and its watchdog, and how often it was pumped and claimed for."""

    def __init__(self) -> None:
        self.clock = SetClock()
        self.carrier = CountingCarrier()
        self.queue = SendQueue("c", self.carrier)
        self.pumped: list[str] = []
        self.claimed: list[str] = []
        self.dog = Watchdog(
            {"c": self.queue, "": SendQueue("", None)},
            send=lambda queue: self.pumped.append(queue.name),
            claim=lambda queue: self.claimed.append(queue.name),
        )

    def look(self, seconds: int, **unclaimed: int) -> None:
        """So many seconds pass, a look each."""
        for _ in range(seconds):
            self.dog.check(unclaimed, self.clock)
            self.clock.now += 1


def test_parts_that_could_leave_and_do_not_are_logged_counted_and_sent_off() -> None:
    house = House()
    house.queue.push(outgoing("34600000001"))
    with capture_logs() as logs:
        house.look(4)
        assert (house.pumped, dict(house.dog.idle), house.dog.stalls) == ([], {}, 0)
        house.look(6)
    assert set(house.pumped) == set(house.claimed) == {"c"}
    (idle,) = house.dog.idle.values()
    assert (idle.stalled, idle.parts, idle.hindrance) == (True, 1, StallReason.NONE)
    assert house.clock.wall_ms() - idle.since_ms >= 8_000
    assert house.dog.stalls == 1
    assert [(entry["event"], entry["parts"]) for entry in logs] == [("sending_stalled", 1)]

    house.queue.pop()
    house.queue.submitted += 1
    house.look(1)
    assert dict(house.dog.idle) == {}


def test_parts_that_leave_are_no_stall_however_many_wait() -> None:
    house = House()
    for serial in range(100):
        house.queue.push(outgoing("34600000001", serial=serial))
        house.queue.submitted += 1
        house.look(1)
    assert (house.pumped, dict(house.dog.idle)) == ([], {})


def test_what_only_the_database_has_is_claimed() -> None:
    house = House()
    house.look(10, c=1)
    assert "c" in house.claimed
    assert house.dog.idle["c"].stalled


def test_what_waits_with_a_reason_is_told_with_it_and_never_pumped() -> None:
    house = House()
    house.queue.push(outgoing("34600000001"))
    house.carrier.live = False
    with capture_logs() as logs:
        house.look(40)
    idle = house.dog.idle["c"]
    assert (idle.stalled, idle.hindrance, house.pumped, house.dog.stalls) == (False, StallReason.NO_LINK, [], 0)
    assert [(entry["event"], entry["why"]) for entry in logs] == [("sending_waits", "no_link")]


def test_a_moment_without_hindrance_is_no_stall() -> None:
    """A pace of one part in many seconds: when its token comes, its timer rings too."""
    house = House()
    house.queue.push(outgoing("34600000001"))
    for _ in range(10):
        house.carrier.live = False
        house.look(8)
        house.carrier.live = True
        house.look(2)
    assert house.pumped == []


def test_where_nothing_waits_nothing_is_told() -> None:
    house = House()
    house.look(60)
    assert (house.pumped, house.claimed, dict(house.dog.idle)) == ([], [], {})
    house.queue.push(outgoing("34600000001"))
    house.look(3)
    assert dict(house.dog.idle) == {}, "it has waited for two seconds, not for a minute"


def test_each_hindrance_is_known() -> None:
    house = House()
    assert find_hindrance(house.queue) is StallReason.NONE
    house.queue.unrecorded = UNRECORDED_MAX
    assert find_hindrance(house.queue) is StallReason.DATABASE
    house.queue.unrecorded = 0
    assert house.carrier.reserve(house.carrier.window)
    assert find_hindrance(house.queue) is StallReason.PACE, "slots are reserved and nothing is under way"
    for serial in range(house.carrier.window):
        house.carrier.submit(outgoing("34600000001", serial=serial))
    assert find_hindrance(house.queue) is StallReason.WINDOW
    house.carrier.on_trial = True
    assert find_hindrance(house.queue) is StallReason.NO_ANSWERS
    house.carrier.outstanding.clear()
    assert find_hindrance(house.queue) is StallReason.NONE, "the next part's time has come"
    house.carrier.live = False
    assert find_hindrance(house.queue) is StallReason.NO_LINK
