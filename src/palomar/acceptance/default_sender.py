"""Choose the sender of a message whose request names none.

In this order: the account's own sender, its dialect's setting, the carrier's, the installation's. The name of the
dialect's vendor, or :data:`FALLBACK_SENDER` where it has none, is used only where nothing can leave for a real network,
because there that name is somebody else's.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog
from msgspec import structs

from palomar.acceptance.compose import NewMessage
from palomar.routing.router import Router
from palomar.routing.rules import RoutingRequest
from palomar.vocabulary.account import Account, AccountId

CARRIER_SENDER = ""
"""The sender of a message until its carrier, and so the carrier's sender, is known."""

FALLBACK_SENDER = "Palomar"
"""The sender where nothing is configured and the dialect has no vendor's name."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultSenders:
    """The configured default senders. ``of_carriers`` has those of the carriers that have one."""

    of_carriers: Mapping[str, str] = field(default_factory=dict)
    installation: str = ""
    is_real: bool = False
    """At least one carrier leads to a real network."""
    uses_vendor_names: bool = True
    """A vendor's name is used where nothing is configured: in the sandbox, and where an old installation relies on
    it."""
    _warned: set[AccountId] = field(default_factory=set)

    def of(self, account: Account, *, dialect: str = "", vendor: str = FALLBACK_SENDER) -> str | None:
        """Return the sender of a request that names none; ``CARRIER_SENDER`` if it is the carrier's.

        ``dialect`` is what the operator set for the dialect, ``vendor`` the vendor's own name. None: the request must
        be refused (``Refusal.SENDER``); the first time for each account is logged.
        """
        settings = account.settings
        own = settings.default_sender or next(iter(settings.senders), "") or dialect
        if own:
            return own
        if self.of_carriers:
            return CARRIER_SENDER
        if self.installation:
            return self.installation
        if self.uses_vendor_names:
            return vendor
        if account.id not in self._warned:
            self._warned.add(account.id)
            _log.warning("no_sender", account=account.login, hint="set default_sender of the account or [sending]")
        return None

    def of_carrier(self, carrier: str) -> str:
        """Return the sender of a message that leaves by this carrier: the carrier's own, else the installation's, else
        that of another carrier. Only for messages from ``CARRIER_SENDER``."""
        return self.of_carriers.get(carrier) or self.installation or next(iter(self.of_carriers.values()))

    def with_carrier_senders(
        self, messages: Iterable[NewMessage], *, lineage: Sequence[AccountId], router: Router
    ) -> list[NewMessage]:
        """Replace ``CARRIER_SENDER`` in each message by the sender of the carrier that it would take now."""
        snapshot = router.snapshot()
        filled = []
        for message in messages:
            row = message.row
            if row.sender == CARRIER_SENDER:
                request = RoutingRequest(
                    msisdn=row.msisdn,
                    country=row.country,
                    sender="",
                    lineage=tuple(lineage),
                    label=row.label,
                    dialect=row.dialect,
                    at_ms=row.due_ms,
                )
                sender = self.of_carrier(snapshot.choose(request).carrier)
                message = structs.replace(message, row=structs.replace(row, sender=sender))
            filled.append(message)
        return filled

    def accounts_without_sender(self, accounts: Iterable[Account]) -> list[str]:
        """List the logins of the accounts whose messages would be refused for want of a sender."""
        if not self.is_real or self.of_carriers or self.installation:
            return []
        return sorted(
            account.login
            for account in accounts
            if account.enabled and account.may_send
            if not account.settings.default_sender and not account.settings.senders
        )


SANDBOX_SENDERS: Final = DefaultSenders()
"""The default senders of an installation that cannot reach a real network and has configured none."""
