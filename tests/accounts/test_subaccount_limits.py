"""Sub-accounts are bounded in number, in depth and in how fast programs make them."""

from collections.abc import Iterable

from palomar.accounts.snapshot import Snapshot
from palomar.accounts.subaccount_limits import A_MINUTE, DEEPEST, SUBACCOUNTS_AT_MOST, SubaccountLimits
from palomar.vocabulary.account import Account, AccountId


def account(number: int, parent: int | None = None) -> Account:
    return Account(id=AccountId(number), login=f"a{number}", parent_id=None if parent is None else AccountId(parent))


def snapshot(accounts: Iterable[Account]) -> Snapshot:
    by_id = {one.id: one for one in accounts}
    children: dict[AccountId, tuple[Account, ...]] = {}
    for one in by_id.values():
        if one.parent_id is not None:
            children[one.parent_id] = (*children.get(one.parent_id, ()), one)
    return Snapshot(by_id=by_id, children=children)


def test_each_family_may_make_so_many_sub_accounts_a_minute_at_any_level() -> None:
    known = snapshot([account(1), account(2, 1), account(3)])
    limits = SubaccountLimits()
    top, child, other = (known.by_id[AccountId(number)] for number in (1, 2, 3))
    made = [limits.count_one(known, (top, child)[number % 2], now=0.0) for number in range(A_MINUTE + 20)]
    assert [one is None for one in made] == [True] * A_MINUTE + [False] * 20
    assert made[-1] is not None
    assert made[-1].wait_seconds == 1.0
    assert limits.count_one(known, other, now=0.0) is None
    assert limits.count_one(known, top, now=1.0) is None
    assert limits.count_one(known, top, now=1.0) is not None


def test_a_family_has_a_limit_of_sub_accounts() -> None:
    full = snapshot([account(1), *(account(number, number // 2) for number in range(2, SUBACCOUNTS_AT_MOST + 2))])
    less = snapshot([account(1), *(account(number, number // 2) for number in range(2, SUBACCOUNTS_AT_MOST + 1))])
    assert SubaccountLimits().count_one(less, less.by_id[AccountId(1)], now=0.0) is None
    for parent in (1, 2, 3):
        reached = SubaccountLimits().count_one(full, full.by_id[AccountId(parent)], now=0.0)
        assert reached is not None
        assert (reached.reason, reached.wait_seconds) == ("at most 1000 sub-accounts", 0.0)


def test_a_family_has_a_limit_of_levels() -> None:
    known = snapshot([account(0), *(account(number, number - 1) for number in range(1, DEEPEST + 1))])
    assert SubaccountLimits().count_one(known, known.by_id[AccountId(DEEPEST - 1)], now=0.0) is None
    reached = SubaccountLimits().count_one(known, known.by_id[AccountId(DEEPEST)], now=0.0)
    assert reached is not None
    assert reached.reason == "sub-accounts stand at most 5 levels deep"
