"""Rings: the last things of each account, seen by who may see them, and no more than there is room for."""

from palomar.sandbox.ring_buffer import RingBuffer
from palomar.vocabulary.access import Scope
from palomar.vocabulary.account import AccountId

ONE, OTHER = AccountId(1), AccountId(2)
EVERYBODY = Scope(account_ids=None)
MINE = Scope(account_ids=frozenset({ONE}))


def test_things_are_seen_newest_first_and_found_by_their_number_in_scope_only() -> None:
    rings: RingBuffer[str] = RingBuffer(kept=5, owners=5)
    first, second, third = rings.add(ONE, "a"), rings.add(OTHER, "b"), rings.add(None, "c")
    assert rings.seen_by(EVERYBODY, 9) == [(third, "c"), (second, "b"), (first, "a")]
    assert rings.seen_by(EVERYBODY, 2) == [(third, "c"), (second, "b")]
    assert rings.seen_by(MINE, 9) == [(first, "a")]
    assert [rings.find(MINE, number) for number in (first, second, third, 99)] == ["a", None, None, None]
    assert rings.find(EVERYBODY, third) == "c"


def test_the_oldest_of_an_account_go_first_and_no_account_pushes_out_anothers() -> None:
    rings: RingBuffer[int] = RingBuffer(kept=3, owners=5)
    rings.add(OTHER, 0)
    for number in range(1, 11):
        rings.add(ONE, number)
    assert [thing for _, thing in rings.seen_by(EVERYBODY, 99)] == [10, 9, 8, 0]


def test_of_too_many_accounts_the_one_that_was_quiet_longest_goes() -> None:
    rings: RingBuffer[str] = RingBuffer(kept=3, owners=2)
    rings.add(ONE, "a")
    rings.add(OTHER, "b")
    rings.add(ONE, "c")
    rings.add(None, "d")
    assert [thing for _, thing in rings.seen_by(EVERYBODY, 99)] == ["d", "c", "a"]
