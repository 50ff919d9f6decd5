"""What every transaction may look at, as it stands when the transaction begins."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from palomar.domain.account import Account, AccountId
from palomar.domain.receipt_ids import Spelling
from palomar.flows.routing import Router
from palomar.ports import Ids, WebhookRenderer


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What every transaction may look at: who the accounts are, how dialects call back, and which node this is."""

    accounts: Mapping[AccountId, Account]
    renderers: Mapping[str, WebhookRenderer]
    ids: Ids
    node_id: int | None
    has_blocked_numbers: bool = True
    """Whether any black list holds anything: if not, nobody looks."""
    webhook_room: int = 0
    """How many callbacks this node would take at once, straight after the commit."""
    router: Router | None = None
    """Who routes; None where no carrier is at hand (a command beside the servers)."""
    spellings: Mapping[str, Spelling] = field(default_factory=dict)
    """How each carrier's receipts spell ids, as far as it has been learned."""
