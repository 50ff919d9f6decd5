"""The port by which transactions choose carriers, and the accounts above an account, by which routes may match.

Not here: the rules (``routing.rules``), and the state of the carriers now (``routing.router``).
"""

from collections.abc import Mapping
from typing import Protocol

from palomar.routing.rules import Choice, RoutingPlan, RoutingRequest
from palomar.transaction.context import ContextExtension
from palomar.vocabulary.account import Account, AccountId

UNROUTED = ""
"""The carrier of a message that is not routed yet. It is routed when it is due and a node claims it."""

Accounts = Mapping[AccountId, Account]


class RouteChooser(Protocol):
    """A port: chooses carriers for messages, by the rules and the state of the carriers at this moment."""

    @property
    def plan(self) -> RoutingPlan:
        """Return the rules in force."""
        ...

    def choose(self, request: RoutingRequest, *, exclude: frozenset[str] = frozenset()) -> Choice:
        """Choose a carrier for a message; those in ``exclude`` have just failed it."""
        ...


class RoutingContext(ContextExtension, frozen=True, kw_only=True):
    """The router of a transaction; None in a process without carriers (a command beside the servers)."""

    router: RouteChooser | None

    @property
    def plan(self) -> RoutingPlan:
        """Return the rules in force; an empty plan where there is no router."""
        return self.router.plan if self.router else RoutingPlan()


def lineage(accounts: Accounts, account_id: AccountId) -> tuple[AccountId, ...]:
    """List an account and those above it, itself first."""
    found = [account_id]
    account = accounts.get(account_id)
    while account is not None and account.parent_id is not None and account.parent_id not in found:
        found.append(account.parent_id)
        account = accounts.get(account.parent_id)
    return tuple(found)
