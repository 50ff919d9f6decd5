"""Roles, rights and scopes, and what can be a login."""

import pytest

from palomar.vocabulary.access import LOGIN_LONGEST, RIGHTS, Principal, Right, Role, Scope, is_login
from palomar.vocabulary.account import AccountId


def test_every_role_has_its_rights_and_only_owners_manage_people() -> None:
    assert set(RIGHTS) == set(Role)
    assert {role for role, rights in RIGHTS.items() if Right.MANAGE_USERS in rights} == {Role.OWNER}
    assert {role for role, rights in RIGHTS.items() if Right.REPLAY not in rights} == {Role.READ_ONLY}
    assert {role for role, rights in RIGHTS.items() if Right.MAKE_KEYS in rights} == {Role.OWNER}
    assert {role for role, rights in RIGHTS.items() if Right.RESEND in rights} == {Role.OWNER, Role.OPERATOR}
    assert {role for role, rights in RIGHTS.items() if Right.USE_SANDBOX in rights} == {Role.OWNER, Role.OPERATOR}
    assert all(Right.VIEW in rights for rights in RIGHTS.values())


def test_a_principal_has_the_rights_of_its_role() -> None:
    support = Principal(login="s", name="", role=Role.SUPPORT, user_id=1, account_id=AccountId(2))
    assert support.may(Right.REPLAY)
    assert not support.may(Right.MANAGE_USERS)
    assert not support.sees_all_accounts


def test_a_scope_includes_its_accounts_and_the_platform_s_rows_only_if_it_is_unlimited() -> None:
    family = Scope(account_ids=frozenset({AccountId(1), AccountId(2)}))
    assert family.includes(AccountId(1))
    assert not family.includes(AccountId(3))
    assert not family.includes(None)
    assert Scope(account_ids=None).includes(AccountId(3))
    assert Scope(account_ids=None).includes(None)


@pytest.mark.parametrize("login", ["marta", "marta@example.com", "ñandú", "a" * LOGIN_LONGEST])
def test_valid_logins(login: str) -> None:
    assert is_login(login)


@pytest.mark.parametrize("login", ["", "a b", "a:b", "a\n", "a\u202eb", "a\0", "a" * (LOGIN_LONGEST + 1)])
def test_invalid_logins(login: str) -> None:
    assert not is_login(login)
