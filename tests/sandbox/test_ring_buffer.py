"""The last items of each account are kept, bounded, and seen within a scope."""

from palomar.sandbox.ring_buffer import RingBuffer
from palomar.vocabulary.access import Scope
from palomar.vocabulary.account import AccountId

ONE, OTHER = AccountId(1), AccountId(2)
EVERYBODY = Scope(account_ids=None)
MINE = Scope(account_ids=frozenset({ONE}))


def test_items_come_newest_first_and_are_found_in_scope_only() -> None:
    rings: RingBuffer[str] = RingBuffer(kept=5, owners=5)
    first, second, third = rings.add(ONE, "a"), rings.add(OTHER, "b"), rings.add(None, "c")
    assert rings.recent(EVERYBODY, 9) == [(third, "c"), (second, "b"), (first, "a")]
    assert rings.recent(EVERYBODY, 2) == [(third, "c"), (second, "b")]
    assert rings.recent(MINE, 9) == [(first, "a")]
    assert [rings.find(MINE, number) for number in (first, second, third, 99)] == ["a", None, None, None]
    assert rings.find(EVERYBODY, third) == "c"


def test_an_account_drops_its_own_oldest_items_and_no_others() -> None:
    rings: RingBuffer[int] = RingBuffer(kept=3, owners=5)
    rings.add(OTHER, 0)
    for number in range(1, 11):
        rings.add(ONE, number)
    assert [thing for _, thing in rings.recent(EVERYBODY, 99)] == [10, 9, 8, 0]


def test_of_too_many_accounts_the_one_idle_for_longest_is_dropped() -> None:
    rings: RingBuffer[str] = RingBuffer(kept=3, owners=2)
    rings.add(ONE, "a")
    rings.add(OTHER, "b")
    rings.add(ONE, "c")
    rings.add(None, "d")
    assert [thing for _, thing in rings.recent(EVERYBODY, 99)] == ["d", "c", "a"]
