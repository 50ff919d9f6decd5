"""Notices balances that have fallen low, in the transaction that took them: told once, and told again after credit.

A row remembers that an account was told. Not here: automatic credit (``topups``).
"""

from collections.abc import Mapping

from palomar.billing import topup_rows as rows
from palomar.billing.topup_rule import is_low, wants_topup
from palomar.callbacks.outbox import Outbox
from palomar.transaction.work import Participant, Work
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.credit import MICROCREDITS_A_CREDIT
from palomar.vocabulary.events import BalanceFellLow
from palomar.vocabulary.message import MessageId


class LowBalances(Participant):
    """The accounts of one transaction whose balances have fallen low."""

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self.want_topup: set[AccountId] = set()
        """Accounts that want a top-up after this transaction."""
        self.told: list[AccountId] = []
        """Accounts whose low balance this transaction tells of."""
        self.topped_up: set[AccountId] = set()
        """Accounts that this transaction tops up."""
        self._balances: Mapping[AccountId, int] = {}

    def watch(self, balances: Mapping[AccountId, int]) -> None:
        """Look at these balances at the end of the transaction, as they stand then."""
        self._balances = balances

    async def write(self) -> None:
        """Do what the balances that the transaction leaves ask for: it is written before callbacks and balances."""
        low = []
        for account_id, available in self._balances.items():
            account = self._work.context.accounts.get(account_id)
            if account is None:
                continue
            if wants_topup(account.settings, available) and account_id not in self.topped_up:
                self.want_topup.add(account_id)
            if is_low(account.settings, available):
                low.append(account)
        if not low:
            return
        work = self._work
        first = await work.tx.insert_new(rows.INSERT_NOTICES, [(account.id, work.now_ms) for account in low])
        for account in low:
            if account.id in first:
                self.told.append(account.id)
                Outbox.of(work).call_back(
                    BalanceFellLow(
                        login=account.login, available_microcredits=self._balances[account.id], at_ms=work.now_ms
                    ),
                    account_id=account.id,
                    dialect=account.settings.inbound_dialect,
                    target=account.settings.notice_url,
                    about=MessageId(work.context.ids.serial()),  # of no message: it waits for no other callback
                )

    async def lifted(self, account_id: AccountId) -> None:
        """Note that the account has more than before: if it is enough again, its next fall is told again."""
        account = self._work.context.accounts.get(account_id)
        if account is not None and account.settings.low_balance:
            enough = account.settings.low_balance * MICROCREDITS_A_CREDIT
            await self._work.tx.execute(rows.DELETE_NOTICE, account_id, account_id, enough)
