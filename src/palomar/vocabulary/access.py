"""Access to the console: the roles, the rights of each, and the principal who has signed in.

Not here: whose messages a principal sees (``console.viewer.viewer``), and how signing in works (``access.sign_in``).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from palomar.vocabulary.account import AccountId

LOGIN_LONGEST: Final = 100


class ClientAddress(NamedTuple):
    """The address that a request comes from."""

    address: str
    """The client's, as trusted proxies report it; empty if the connection has no address."""
    is_proxy: bool = False
    """True if it sends X-Forwarded-For and is not trusted: requests of many clients may come from this address."""


class Role(StrEnum):
    """A person's role in the console. The words are those of SQL and of the command line."""

    OWNER = "owner"
    OPERATOR = "operator"
    SUPPORT = "support"
    READ_ONLY = "read-only"


class Right(StrEnum):
    """Something that a role may be allowed to do; whose messages it concerns is another question."""

    VIEW = "view"
    EXPORT = "export"
    REPLAY = "replay"
    RESEND = "resend"
    MANAGE_USERS = "manage_users"
    USE_SANDBOX = "use_sandbox"
    MAKE_KEYS = "make_keys"


RIGHTS: Final[Mapping[Role, frozenset[Right]]] = {
    Role.OWNER: frozenset(Right),
    Role.OPERATOR: frozenset({Right.VIEW, Right.EXPORT, Right.REPLAY, Right.RESEND, Right.USE_SANDBOX}),
    Role.SUPPORT: frozenset({Right.VIEW, Right.EXPORT, Right.REPLAY}),
    Role.READ_ONLY: frozenset({Right.VIEW, Right.EXPORT}),
}
"""The rights of each role. Besides, the installation may hide texts and numbers from support."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Somebody who has signed in: a person, or an account with its own password (then ``user_id`` is None)."""

    login: str
    name: str
    role: Role
    user_id: int | None
    account_id: AccountId | None
    """The account whose messages, and whose sub-accounts' messages, are seen; None for all accounts."""

    def may(self, right: Right) -> bool:
        """Return True if the role has that right."""
        return right in RIGHTS[self.role]

    @property
    def sees_all_accounts(self) -> bool:
        """Return True if all accounts of the installation are seen."""
        return self.account_id is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The accounts whose rows may be seen and changed; None is all accounts."""

    account_ids: frozenset[AccountId] | None

    def includes(self, account_id: AccountId | None) -> bool:
        """Return True if this account's rows (None: those of the platform) are in the scope."""
        return self.account_ids is None or account_id in self.account_ids


def is_login(text: str) -> bool:
    """Return True if this can be a login: not empty, no spaces or controls, no colon (RFC 7617 section 2)."""
    return 0 < len(text) <= LOGIN_LONGEST and ":" not in text and all(c.isprintable() and c != " " for c in text)
