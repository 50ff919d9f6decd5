"""Who may do what in the console: the roles, the rights of each, and somebody who has logged in.

Not here: whose messages somebody sees (``console.viewer.viewer``), and how they log in (``access.sign_in``).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from palomar.vocabulary.account import AccountId

LOGIN_LONGEST: Final = 100


class ClientAddress(NamedTuple):
    """Where a request comes from."""

    address: str
    """The client, seen through trusted proxies; empty where the connection has no address."""
    is_proxy: bool = False
    """Set where it sends X-Forwarded-For and nobody trusts it: others' requests may come from this address."""


class Role(StrEnum):
    """What somebody is in the console. The words stand in SQL and on the command line too."""

    OWNER = "owner"
    OPERATOR = "operator"
    SUPPORT = "support"
    READ_ONLY = "read-only"


class Right(StrEnum):
    """What a role may have leave to do; whose messages it concerns is another question."""

    LOOK = "look"
    EXPORT = "export"
    REPLAY = "replay"
    RESEND = "resend"
    PEOPLE = "people"
    PLAY = "play"
    KEYS = "keys"


RIGHTS: Final[Mapping[Role, frozenset[Right]]] = {
    Role.OWNER: frozenset(Right),
    Role.OPERATOR: frozenset({Right.LOOK, Right.EXPORT, Right.REPLAY, Right.RESEND, Right.PLAY}),
    Role.SUPPORT: frozenset({Right.LOOK, Right.EXPORT, Right.REPLAY}),
    Role.READ_ONLY: frozenset({Right.LOOK, Right.EXPORT}),
}
"""Texts and numbers are hidden from support where the installation says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Somebody who has logged in: a person, or an account with its own password (then ``user_id`` is None)."""

    login: str
    name: str
    role: Role
    user_id: int | None
    account_id: AccountId | None
    """Whose messages: this account's and its sub-accounts'. None: everybody's."""

    def may(self, right: Right) -> bool:
        """Whether the role has that right."""
        return right in RIGHTS[self.role]

    @property
    def sees_all_accounts(self) -> bool:
        """Whether it is the whole installation that is seen."""
        return self.account_id is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Whose rows may be seen and touched; None is everybody's."""

    account_ids: frozenset[AccountId] | None

    def includes(self, account_id: AccountId | None) -> bool:
        """Whether this account's rows (None: the platform's own) are within it."""
        return self.account_ids is None or account_id in self.account_ids


def is_login(text: str) -> bool:
    """Whether this can be a login: not empty, no spaces or controls, no colon (RFC 7617 section 2)."""
    return 0 < len(text) <= LOGIN_LONGEST and ":" not in text and all(c.isprintable() and c != " " for c in text)
