"""``net/capacity.py``: who gets a place, who gives one up, and who holds too much."""

from dataclasses import dataclass, field

import pytest
from structlog.testing import capture_logs

from palomar.net.capacity import REFUSING_AT_MOST, Capacity
from palomar.net.networks import TrustedProxies

STRANGER, OTHER, PROXY = "192.0.2.1", "192.0.2.2", "198.51.100.7"


@dataclass(eq=False)
class Guest:
    """A connection that does what it is told."""

    house: Capacity
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
        self.house.hold(-octets)


class Watch:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def capacity(connections: int = 8, unfinished: int = 1_000, watch: Watch | None = None) -> Capacity:
    proxies = TrustedProxies([PROXY])
    return Capacity(connections=connections, unfinished_octets=unfinished, proxies=proxies, now=watch or Watch())


@pytest.mark.parametrize(
    ("address", "places"),
    [(STRANGER, 4), ("::ffff:192.0.2.1", 4), ("2001:db8::1", 4), ("127.0.0.1", 7), ("::1", 7), (PROXY, 7), ("", 7)],
)
def test_an_address_takes_half_of_the_places_and_who_stands_for_many_seven_eighths(address: str, places: int) -> None:
    house = capacity()
    assert [house.enter(Guest(house, address)) for _ in range(8)] == [True] * places + [False] * (8 - places)
    assert house.enter(Guest(house, OTHER)), "another still gets in"


def test_a_network_of_ipv6_is_one_address_and_a_mapped_address_is_its_own() -> None:
    house = capacity()
    assert all(house.enter(Guest(house, f"2001:db8::{number}")) for number in range(4))
    assert not house.enter(Guest(house, "2001:db8::ffff"))
    assert house.enter(Guest(house, "2001:db8:0:1::1"))
    assert house.enter(Guest(house, "::ffff:192.0.2.9"))
    assert house.enter(Guest(house, "::ffff:192.0.2.10"))


def test_who_leaves_makes_room_and_may_leave_twice() -> None:
    house = capacity(connections=1)
    guest = Guest(house)
    assert house.enter(guest)
    assert not house.enter(Guest(house, OTHER))
    house.leave(guest)
    house.leave(guest)
    assert house.enter(Guest(house, OTHER))
    assert house.taken == 1


def test_of_an_address_that_has_too_many_its_own_oldest_idle_one_gives_way() -> None:
    house = capacity()
    others = [Guest(house, OTHER, idle_since=float(number)) for number in range(3)]
    own = [Guest(house, idle_since=10.0 - number) for number in range(4)]
    for guest in (*others, *own):
        house.enter(guest)
    assert house.enter(Guest(house))
    assert [guest.gone for guest in own] == [[], [], [], ["gave way"]]
    assert not any(guest.gone for guest in others)


def test_where_all_places_are_taken_the_oldest_idle_one_gives_way_and_then_nobody() -> None:
    watch = Watch()
    house = capacity(connections=4, watch=watch)
    guests = [Guest(house, f"192.0.2.{number}") for number in range(4)]
    for guest in guests:
        house.enter(guest)
    guests[2].idle_since, guests[3].idle_since = 5.0, 4.0
    assert house.enter(Guest(house, OTHER))
    assert house.enter(Guest(house, OTHER))
    assert [len(guest.gone) for guest in guests] == [0, 0, 1, 1]
    assert not house.enter(Guest(house, STRANGER))
    guests[0].idle_since = 6.0
    watch.now += 1
    assert house.enter(Guest(house, STRANGER))


def test_who_was_idle_and_is_at_work_again_keeps_his_place() -> None:
    house = capacity(connections=3)
    guests = [Guest(house, f"192.0.2.{number}", idle_since=float(number)) for number in range(3)]
    for guest in guests:
        house.enter(guest)
    house.enter(Guest(house, OTHER))
    guests[1].idle_since = None
    house.enter(Guest(house, PROXY))
    assert [len(guest.gone) for guest in guests] == [1, 0, 1]


def test_a_crowd_of_newcomers_is_not_a_search_each() -> None:
    looked = 0

    class Working(Guest):
        @property
        def idle_since(self) -> float | None:  # type: ignore[override]
            nonlocal looked
            looked += 1
            return None

        @idle_since.setter
        def idle_since(self, value: float | None) -> None:
            pass

    house = capacity(connections=100)
    for number in range(100):
        house.enter(Working(house, f"192.0.2.{number}"))
    for _ in range(1_000):
        assert not house.enter(Guest(house, PROXY))
    assert looked <= 200


def test_of_those_who_get_no_place_only_some_are_told_so_at_a_time() -> None:
    house = capacity(connections=1)
    house.enter(Guest(house))
    refused = [Guest(house, OTHER) for _ in range(REFUSING_AT_MOST + 1)]
    assert [house.tell(guest) for guest in refused] == [True] * REFUSING_AT_MOST + [False]
    house.leave(refused[0])
    assert house.tell(refused[-1])


def test_beyond_the_sum_the_largest_of_the_address_that_holds_most_is_ended() -> None:
    house = capacity()
    one = Guest(house, OTHER)
    many = [Guest(house) for _ in range(3)]
    for guest, octets in ((one, 400), (many[0], 200), (many[1], 250), (many[2], 149)):
        house.enter(guest)
        guest.unfinished_octets = octets
        house.hold(octets)
    assert [guest.gone for guest in (one, *many)] == [[]] * 4
    many[2].unfinished_octets += 2
    house.hold(2)
    assert [guest.gone for guest in (one, *many)] == [[], [], ["ended"], []]
    assert house.unfinished == 751


def test_who_is_known_is_ended_last() -> None:
    house = capacity()
    known, stranger = Guest(house, OTHER, unfinished_octets=900, is_known=True), Guest(house, unfinished_octets=200)
    house.enter(known)
    house.enter(stranger)
    house.hold(1_100)
    assert (known.gone, stranger.gone) == ([], ["ended"])
    known.unfinished_octets += 200
    house.hold(200)
    assert known.gone == ["ended"]


def test_a_flood_is_a_line_every_ten_seconds_that_counts_it() -> None:
    watch = Watch()
    house = capacity(connections=1, watch=watch)
    house.enter(Guest(house))
    with capture_logs() as logs:
        for _ in range(100):
            house.enter(Guest(house, OTHER))
        watch.now += 11
        house.enter(Guest(house, OTHER))
    assert [(log["event"], log["times"], log["address"]) for log in logs] == [
        ("connections_refused", 1, OTHER),
        ("connections_refused", 100, OTHER),
    ]
