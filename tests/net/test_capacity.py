"""``net/capacity.py``: which connections get a place, which are closed for others, and which hold too much."""

from dataclasses import dataclass, field

import pytest
from structlog.testing import capture_logs

from palomar.net.capacity import REFUSING_AT_MOST, Capacity
from palomar.net.networks import TrustedProxies

STRANGER, OTHER, PROXY = "192.0.2.1", "192.0.2.2", "198.51.100.7"


@dataclass(eq=False)
class FakeConnection:
    """A connection that records that it was closed, and why."""

    capacity: Capacity
    address: str = STRANGER
    idle_since: float | None = None
    unfinished_octets: int = 0
    is_known: bool = False
    gone: list[str] = field(default_factory=list)

    def give_way(self) -> None:
        self.gone.append("gave way")

    def end_unfinished(self) -> None:
        self.gone.append("ended")
        octets, self.unfinished_octets = self.unfinished_octets, 0
        self.capacity.add_unfinished(-octets)


class Watch:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def make_capacity(connections: int = 8, unfinished: int = 1_000, watch: Watch | None = None) -> Capacity:
    proxies = TrustedProxies([PROXY])
    return Capacity(connections=connections, unfinished_octets=unfinished, proxies=proxies, now=watch or Watch())


@pytest.mark.parametrize(
    ("address", "places"),
    [(STRANGER, 4), ("::ffff:192.0.2.1", 4), ("2001:db8::1", 4), ("127.0.0.1", 7), ("::1", 7), (PROXY, 7), ("", 7)],
)
def test_an_address_may_take_half_of_the_places_and_a_proxy_seven_eighths(address: str, places: int) -> None:
    capacity = make_capacity()
    assert [capacity.admit(FakeConnection(capacity, address)) for _ in range(8)] == [True] * places + [False] * (
        8 - places
    )
    assert capacity.admit(FakeConnection(capacity, OTHER)), "another still gets in"


def test_a_network_of_ipv6_is_one_address_and_a_mapped_address_is_its_own() -> None:
    capacity = make_capacity()
    assert all(capacity.admit(FakeConnection(capacity, f"2001:db8::{number}")) for number in range(4))
    assert not capacity.admit(FakeConnection(capacity, "2001:db8::ffff"))
    assert capacity.admit(FakeConnection(capacity, "2001:db8:0:1::1"))
    assert capacity.admit(FakeConnection(capacity, "::ffff:192.0.2.9"))
    assert capacity.admit(FakeConnection(capacity, "::ffff:192.0.2.10"))


def test_a_released_connection_frees_its_place_and_may_be_released_twice() -> None:
    capacity = make_capacity(connections=1)
    guest = FakeConnection(capacity)
    assert capacity.admit(guest)
    assert not capacity.admit(FakeConnection(capacity, OTHER))
    capacity.release(guest)
    capacity.release(guest)
    assert capacity.admit(FakeConnection(capacity, OTHER))
    assert capacity.taken == 1


def test_the_oldest_idle_connection_of_an_address_with_too_many_is_closed() -> None:
    capacity = make_capacity()
    others = [FakeConnection(capacity, OTHER, idle_since=float(number)) for number in range(3)]
    own = [FakeConnection(capacity, idle_since=10.0 - number) for number in range(4)]
    for guest in (*others, *own):
        capacity.admit(guest)
    assert capacity.admit(FakeConnection(capacity))
    assert [guest.gone for guest in own] == [[], [], [], ["gave way"]]
    assert not any(guest.gone for guest in others)


def test_the_oldest_idle_connection_is_closed_if_all_places_are_taken() -> None:
    watch = Watch()
    capacity = make_capacity(connections=4, watch=watch)
    guests = [FakeConnection(capacity, f"192.0.2.{number}") for number in range(4)]
    for guest in guests:
        capacity.admit(guest)
    guests[2].idle_since, guests[3].idle_since = 5.0, 4.0
    assert capacity.admit(FakeConnection(capacity, OTHER))
    assert capacity.admit(FakeConnection(capacity, OTHER))
    assert [len(guest.gone) for guest in guests] == [0, 0, 1, 1]
    assert not capacity.admit(FakeConnection(capacity, STRANGER))
    guests[0].idle_since = 6.0
    watch.now += 1
    assert capacity.admit(FakeConnection(capacity, STRANGER))


def test_a_connection_that_is_no_longer_idle_keeps_its_place() -> None:
    capacity = make_capacity(connections=3)
    guests = [FakeConnection(capacity, f"192.0.2.{number}", idle_since=float(number)) for number in range(3)]
    for guest in guests:
        capacity.admit(guest)
    capacity.admit(FakeConnection(capacity, OTHER))
    guests[1].idle_since = None
    capacity.admit(FakeConnection(capacity, PROXY))
    assert [len(guest.gone) for guest in guests] == [1, 0, 1]


def test_many_new_connections_cause_few_searches() -> None:
    looked = 0

    class Working(FakeConnection):
        @property
        def idle_since(self) -> float | None:  # type: ignore[override]
            nonlocal looked
            looked += 1
            return None

        @idle_since.setter
        def idle_since(self, value: float | None) -> None:
            pass

    capacity = make_capacity(connections=100)
    for number in range(100):
        capacity.admit(Working(capacity, f"192.0.2.{number}"))
    for _ in range(1_000):
        assert not capacity.admit(FakeConnection(capacity, PROXY))
    assert looked <= 200


def test_only_some_refused_connections_are_answered_at_a_time() -> None:
    capacity = make_capacity(connections=1)
    capacity.admit(FakeConnection(capacity))
    refused = [FakeConnection(capacity, OTHER) for _ in range(REFUSING_AT_MOST + 1)]
    assert [capacity.may_explain(guest) for guest in refused] == [True] * REFUSING_AT_MOST + [False]
    capacity.release(refused[0])
    assert capacity.may_explain(refused[-1])


def test_too_many_unfinished_octets_end_the_largest_request_of_the_largest_address() -> None:
    capacity = make_capacity()
    one = FakeConnection(capacity, OTHER)
    many = [FakeConnection(capacity) for _ in range(3)]
    for guest, octets in ((one, 400), (many[0], 200), (many[1], 250), (many[2], 149)):
        capacity.admit(guest)
        guest.unfinished_octets = octets
        capacity.add_unfinished(octets)
    assert [guest.gone for guest in (one, *many)] == [[]] * 4
    many[2].unfinished_octets += 2
    capacity.add_unfinished(2)
    assert [guest.gone for guest in (one, *many)] == [[], [], ["ended"], []]
    assert capacity.unfinished == 751


def test_unfinished_requests_of_identified_callers_are_ended_last() -> None:
    capacity = make_capacity()
    known, stranger = (
        FakeConnection(capacity, OTHER, unfinished_octets=900, is_known=True),
        FakeConnection(capacity, unfinished_octets=200),
    )
    capacity.admit(known)
    capacity.admit(stranger)
    capacity.add_unfinished(1_100)
    assert (known.gone, stranger.gone) == ([], ["ended"])
    known.unfinished_octets += 200
    capacity.add_unfinished(200)
    assert known.gone == ["ended"]


def test_a_flood_of_refusals_is_one_log_line_every_ten_seconds() -> None:
    watch = Watch()
    capacity = make_capacity(connections=1, watch=watch)
    capacity.admit(FakeConnection(capacity))
    with capture_logs() as logs:
        for _ in range(100):
            capacity.admit(FakeConnection(capacity, OTHER))
        watch.now += 11
        capacity.admit(FakeConnection(capacity, OTHER))
    assert [(log["event"], log["times"], log["address"]) for log in logs] == [
        ("connections_refused", 1, OTHER),
        ("connections_refused", 100, OTHER),
    ]
