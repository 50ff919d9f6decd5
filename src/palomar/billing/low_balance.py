"""Make the callback for a balance that has fallen low, in the transaction that took the money, and find who needs a
top-up.

A row remembers the callback, so that there is one for each fall: enough credit deletes it. Not here: giving the
automatic credit (``topups``).
"""

from collections.abc import Mapping

from palomar.callbacks.outbox import Outbox
from palomar.storage.statements import Insert, columns_of
from palomar.transaction.work import Participant, Work
from palomar.vocabulary.account import AccountId, AccountSettings
from palomar.vocabulary.credit import MICROCREDITS_A_CREDIT
from palomar.vocabulary.events import BalanceFellLow
from palomar.vocabulary.message import MessageId

INSERT_NOTICES = Insert("notices", columns_of("bigint", "account_id told_ms"), ignore_conflicts=True)
DELETE_NOTICE = (
    "DELETE FROM notices WHERE account_id = ?"
    " AND (SELECT available_microcredits FROM balances WHERE account_id = ?) >= ?"
)


def needs_topup(settings: AccountSettings, available: int) -> bool:
    """Return True if the balance (microcredits) is below the amount from which the account is topped up."""
    return settings.topup_amount > 0 and available < settings.topup_below * MICROCREDITS_A_CREDIT


def is_low(settings: AccountSettings, available: int) -> bool:
    """Return True if the balance (microcredits) is below the amount for which the account wants a callback."""
    return settings.low_balance > 0 and available < settings.low_balance * MICROCREDITS_A_CREDIT


class LowBalances(Participant):
    """The accounts of one transaction whose balances have fallen low."""

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self.need_topup: set[AccountId] = set()
        """Accounts that need a top-up after this transaction."""
        self.called_back: list[AccountId] = []
        """Accounts for whose low balance this transaction makes a callback."""
        self.topped_up: set[AccountId] = set()
        """Accounts that this transaction tops up."""
        self._balances: Mapping[AccountId, int] = {}

    def watch(self, balances: Mapping[AccountId, int]) -> None:
        """Take the mapping of balances that :meth:`write` looks at when the transaction ends."""
        self._balances = balances

    async def write(self) -> None:
        """Make callbacks for the balances that are low now, and collect those that need a top-up. Runs before callbacks
        and balances are written."""
        low = []
        for account_id, available in self._balances.items():
            account = self._work.context.accounts.get(account_id)
            if account is None:
                continue
            if needs_topup(account.settings, available) and account_id not in self.topped_up:
                self.need_topup.add(account_id)
            if is_low(account.settings, available):
                low.append(account)
        if not low:
            return
        work = self._work
        first = await work.tx.insert_new(INSERT_NOTICES, [(account.id, work.now_ms) for account in low])
        for account in low:
            if account.id in first:
                self.called_back.append(account.id)
                Outbox.of(work).add(
                    BalanceFellLow(
                        login=account.login, available_microcredits=self._balances[account.id], at_ms=work.now_ms
                    ),
                    account_id=account.id,
                    dialect=account.settings.inbound_dialect,
                    target=account.settings.notice_url,
                    # an id of its own, so that it waits for no callback of a message
                    about=MessageId(work.context.ids.serial()),
                )

    async def credited(self, account_id: AccountId) -> None:
        """Forget the callback of an account that has got credit, if its balance is enough again."""
        account = self._work.context.accounts.get(account_id)
        if account is not None and account.settings.low_balance:
            enough = account.settings.low_balance * MICROCREDITS_A_CREDIT
            await self._work.tx.execute(DELETE_NOTICE, account_id, account_id, enough)
