"""What every transaction may look at, as it stands when the transaction begins."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from palomar.domain.account import Account, AccountId
from palomar.domain.message import MessageId
from palomar.domain.receipt_ids import Spelling
from palomar.domain.target import UNKNOWN_TARGET, OffAfter
from palomar.flows.routing import Router
from palomar.ports import Ids, WebhookRenderer


class CallbackDesk(Protocol):
    """Where callbacks are made: it knows their targets, and how many more of each this node takes."""

    def target_of(self, account_id: AccountId, url: str) -> int:
        """Give the number of the target of an account's URL (``domain.target``)."""
        ...

    def room(self, account_id: AccountId, target: int) -> int:
        """Count how many more callbacks to a target the node takes straight after the commit."""
        ...

    @property
    def behind(self) -> Container[MessageId]:
        """Give the messages with a callback that waits to be claimed: no later one of them may be taken before it. It
        is always the same container, as it stands when it is looked into."""
        ...


class NoDesk:
    """A :class:`CallbackDesk` beside the servers: one of them will find what is stored."""

    def target_of(self, account_id: AccountId, url: str) -> int:
        return UNKNOWN_TARGET

    def room(self, account_id: AccountId, target: int) -> int:
        return 0

    @property
    def behind(self) -> Container[MessageId]:
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What every transaction may look at: who the accounts are, how dialects call back, and which node this is."""

    accounts: Mapping[AccountId, Account]
    renderers: Mapping[str, WebhookRenderer]
    ids: Ids
    node_id: int | None
    has_blocked_numbers: bool = True
    """Whether any black list holds anything: if not, nobody looks."""
    callbacks: CallbackDesk = field(default_factory=NoDesk)
    off_after: OffAfter = field(default_factory=OffAfter)
    """When a target of callbacks is tried no more."""
    router: Router | None = None
    """Who routes; None where no carrier is at hand (a command beside the servers)."""
    spellings: Mapping[str, Spelling] = field(default_factory=dict)
    """How each carrier's receipts spell ids, as far as it has been learned."""
    one_receipt: frozenset[str] = frozenset()
    """Carriers that report one part alone of a long message."""
