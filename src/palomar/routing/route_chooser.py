"""What flows ask the router: a message in the router's words, and the door to whoever routes.

Not here: the rules (``routing.rules``), and how the carriers stand now (``routing.router``).
"""

from collections.abc import Mapping
from typing import Protocol

from palomar.routing.rules import Choice, RoutingPlan, RoutingQuestion
from palomar.transaction.context import ContextExtension
from palomar.vocabulary.account import Account, AccountId

UNROUTED = ""
"""The carrier of a message that nobody has routed yet: it is routed by whoever claims it when it is due."""

Accounts = Mapping[AccountId, Account]


class RouteChooser(Protocol):
    """Chooses a carrier for a message as things stand at this moment."""

    @property
    def plan(self) -> RoutingPlan:
        """The rules in force."""
        ...

    def choose(self, asked: RoutingQuestion, *, exclude: frozenset[str] = frozenset()) -> Choice:
        """Carriers in ``exclude`` have just failed the message."""
        ...


class RoutingContext(ContextExtension, frozen=True, kw_only=True):
    """Who routes in a transaction; None where no carrier is at hand (a command beside the servers)."""

    router: RouteChooser | None

    @property
    def plan(self) -> RoutingPlan:
        """Return the rules in force; none where nobody routes."""
        return self.router.plan if self.router else RoutingPlan()


def lineage(accounts: Accounts, account_id: AccountId) -> tuple[AccountId, ...]:
    """An account and those above it."""
    found = [account_id]
    account = accounts.get(account_id)
    while account is not None and account.parent_id is not None and account.parent_id not in found:
        found.append(account.parent_id)
        account = accounts.get(account.parent_id)
    return tuple(found)
