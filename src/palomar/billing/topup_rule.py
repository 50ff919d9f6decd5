"""Judge when an account wants an automatic top-up or the notice of a low balance, and how much.

Source: the vendors' pages (automatic top-up): below X take Y from the parent or the credit line, at most Z a month. All
amounts here are microcredits; all settings are whole credits.
"""

from datetime import UTC, datetime

from palomar.vocabulary.account import AccountSettings
from palomar.vocabulary.credit import MICROCREDITS_A_CREDIT


def wants_topup(settings: AccountSettings, available: int) -> bool:
    """Whether the balance has fallen below what is topped up."""
    return settings.topup_amount > 0 and available < settings.topup_below * MICROCREDITS_A_CREDIT


def is_low(settings: AccountSettings, available: int) -> bool:
    """Whether the owner wants to be told of such a balance."""
    return settings.low_balance > 0 and available < settings.low_balance * MICROCREDITS_A_CREDIT


def topup_amount(settings: AccountSettings, *, available: int, taken: int, giver: int | None) -> int:
    """What the account gets now, 0 if nothing: at most what is left of the month (``taken`` is gone) and what its
    parent has; ``giver`` is None for a credit line, which has no end."""
    if not wants_topup(settings, available):
        return 0
    amount = settings.topup_amount * MICROCREDITS_A_CREDIT
    if settings.topup_month_max:
        amount = min(amount, settings.topup_month_max * MICROCREDITS_A_CREDIT - taken)
    if giver is not None:
        amount = min(amount, giver)
    return max(0, amount)


def month_of(epoch_ms: int) -> int:
    """The GMT month as a number such as 202602."""
    moment = datetime.fromtimestamp(epoch_ms / 1_000, UTC)
    return moment.year * 100 + moment.month
